"""The lexing process gives up on code that takes too long, and continues."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from desktop_app.child_processes import child_command, open_child
from tests.helpers.framed import framed, unframed

BLANK_LINES = " \n" * 4_000
"""A source on which Gherkin's lexer spends minutes."""


@pytest.mark.slow
def test_endless_lexing_is_aborted_and_the_next_request_served() -> None:
    asked = [("gherkin", BLANK_LINES), ("no-such-language", "x"), ("python", "if 12: pass")]
    requests = [{"id": n, "language": name, "code": code} for n, (name, code) in enumerate(asked)]
    assert answers(requests) == [
        {"id": 0, "error": "too slow"},
        {"id": 1, "error": "no lexer"},
        {"id": 2, "spans": [[0, 0, 2, "keyword"], [0, 3, 2, "number"], [0, 7, 4, "keyword"]]},
    ]


def answers(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pipe = subprocess.PIPE
    with open_child(child_command("lexing"), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, complaints = process.communicate(framed(requests), timeout=60)
    assert complaints == b""
    return unframed(output)
