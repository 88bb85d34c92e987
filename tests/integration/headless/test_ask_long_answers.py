"""`repartee ask` with abnormally long answers: the output has what arrives, up to 64 MB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from desktop_app.providers.http.reply_limits import LARGEST_ANSWER, MB
from tests.helpers.hostile_replies import KEPT, path_of, serving
from tests.integration.headless.command import Ended, Shell


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as address:
        yield address


def asked(shell: Shell, address: str, *arguments: str) -> Ended:
    base_url = f"{address}/{path_of('answer without end')}/v1"
    return asyncio.run(shell.ask(base_url, "Why?", *arguments))


def stored(shell: Shell) -> list[int]:
    return [size for (size,) in shell.rows("SELECT length(parts) FROM messages WHERE parts > '[]'")]


def kept_file(shell: Shell) -> str:
    """Return the text of the only stored attachment."""
    (file,) = (f for f in (shell.home / "data/attachments").rglob("*") if f.is_file())
    return file.read_text()


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("is_saved", [False, True])
def test_the_output_has_64_mb(shell: Shell, address: str, is_saved: bool) -> None:
    done = asked(shell, address, *(["--save"] if is_saved else []))
    assert done.code == 1
    assert done.out.startswith(KEPT)
    assert LARGEST_ANSWER - 100_000 < len(done.out) <= LARGEST_ANSWER + 1
    assert "exceeded 64 MB and was stopped." in done.err
    if is_saved:
        question, answer = sorted(stored(shell))
        assert question < 100
        assert 8 * MB - 100_000 < answer < 8 * MB + 300
        assert kept_file(shell) == done.out.removesuffix("\n")
    else:
        assert stored(shell) == []


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("is_saved", [False, True])
def test_the_json_has_64_mb(shell: Shell, address: str, is_saved: bool) -> None:
    done = asked(shell, address, "--json", *(["--save"] if is_saved else []))
    assert done.code == 1
    answer = done.json["answer"]
    assert answer.startswith(KEPT)
    assert LARGEST_ANSWER - 100_000 < len(answer) <= LARGEST_ANSWER
    assert "exceeded 64 MB and was stopped." in done.json["error"]["message"]
    if is_saved:
        assert kept_file(shell) == answer
    else:
        assert stored(shell) == []
        left = (shell.home / "cache/temporary").rglob("*")
        assert not list(left), "the temporary copy is removed"
