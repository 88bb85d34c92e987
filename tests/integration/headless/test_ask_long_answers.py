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


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("is_saved", [False, True])
def test_the_output_has_64_mb(shell: Shell, address: str, is_saved: bool) -> None:
    done = asked(shell, address, *(["--save"] if is_saved else []))
    assert done.code == 1
    assert done.out.startswith(KEPT)
    assert LARGEST_ANSWER - 100_000 < len(done.out) <= LARGEST_ANSWER + 1
    assert "grew beyond 64 MB; the connection was closed." in done.err
    assert ("The first 16 MB are kept; the output has all that arrived." in done.err) is is_saved
    if is_saved:
        question, answer = sorted(stored(shell))
        assert question < 100
        assert 16 * MB - 100_000 < answer < 16 * MB + 100
    else:
        assert stored(shell) == []


@pytest.mark.attack("reply-bounds")
def test_json_has_as_much_as_is_kept(shell: Shell, address: str) -> None:
    done = asked(shell, address, "--save", "--json")
    assert done.code == 1
    assert 16 * MB - 100_000 < len(done.json["answer"]) <= 16 * MB
    assert "grew beyond 16 MB; it was ended there." in done.json["error"]["message"]
