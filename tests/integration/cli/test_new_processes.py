"""Every command in a new process, as a user's shell starts it.

The other tests fork a process that has imported the command line already.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.integration.cli.command import Ended, Shell


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("ask", "Hi", "--file", "missing.md"),
        ("summarize", "missing.md"),
        ("batch", "status"),
        ("import", "missing.json"),
        ("search", "word", "--json"),
        ("export", "--all", "--format", "json", "--to", "/dev/null/all.json"),
        ("backup", "/dev/null/folder"),
        ("restore", "missing.zip"),
        ("repair",),
        ("doctor", "--bogus"),
    ],
    ids=lambda arguments: arguments[0],
)
async def test_a_new_process_answers_as_a_forked_one(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    new, forked = await shell.run_new(*arguments), await shell.run(*arguments)
    assert _undated(new) == _undated(forked)


def _undated(ended: Ended) -> Ended:
    """Return the end without the time of a backup's name, in which the two may differ."""
    return replace(ended, err=re.sub(r"backup-[\d-]+", "backup", ended.err))
