"""`repartee ask` with abnormally long answers: the output has what arrives, up to 64 MB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_app.providers.http.reply.reply_limits import MAX_ANSWER_BYTES, MB
from tests.helpers.hostile_replies import KEPT, path_of, serving
from tests.integration.cli.command import Ended, Shell, answer_to
from tests.integration.cli.replies import COMPLETED, CREATED, delta
from tests.unit.providers.loopback import Received, streams
from tests.unit.providers.samples import sse


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
    assert MAX_ANSWER_BYTES - 100_000 < len(done.out) <= MAX_ANSWER_BYTES + 1
    assert "exceeded 64 MB and was stopped." in done.err
    if is_saved:
        question, answer = sorted(stored(shell))
        assert question < 100
        assert 8 * MB - 100_000 < answer < 8 * MB + 300
        assert kept_file(shell) == done.out.removesuffix("\n")
    else:
        assert stored(shell) == []
        assert not (shell.home / "cache/temporary").exists(), "no copy is written"


async def nine_mb(request: Received, writer: asyncio.StreamWriter) -> None:
    """A JSON text of 9 MB, of a letter that tells the models apart."""
    letter = "t" if request.json["model"] == "gpt-5.2" else "p"
    pieces = [delta('["'), *[delta(letter * MB)] * 9, delta('"]')]
    await streams(sse(CREATED), *pieces, sse(COMPLETED))(request, writer)


@pytest.mark.parametrize("is_saved", [False, True])
def test_long_answers_side_by_side_stay_apart(shell: Shell, tmp_path: Path, is_saved: bool) -> None:
    schema = tmp_path / "texts.json"
    schema.write_text('{"type": "array"}')
    compared = ("--compare", "thinking", "--compare", "pro", "--schema", str(schema))
    options = ("Why?", *compared, *(["--save"] if is_saved else []))
    done, _ = answer_to(shell, nine_mb, arguments=(*options, "--json"))
    assert done.code == 0, done.err
    for answer, letter in zip(done.json["answers"], "tp", strict=True):
        assert answer["answer"] == f'["{letter * 9 * MB}"]'
        assert answer["parsed"] == [letter * 9 * MB]
    if not is_saved:
        assert not list((shell.home / "cache/temporary").rglob("*")), "the copies are removed"
        plain, _ = answer_to(shell, nine_mb, arguments=options)
        assert (plain.code, "match" in plain.err) == (0, False)


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("is_saved", [False, True])
def test_the_json_has_64_mb(shell: Shell, address: str, is_saved: bool) -> None:
    done = asked(shell, address, "--json", *(["--save"] if is_saved else []))
    assert done.code == 1
    answer = done.json["answer"]
    assert answer.startswith(KEPT)
    assert MAX_ANSWER_BYTES - 100_000 < len(answer) <= MAX_ANSWER_BYTES
    assert "exceeded 64 MB and was stopped." in done.json["error"]["message"]
    if is_saved:
        assert kept_file(shell) == answer
    else:
        assert stored(shell) == []
        left = (shell.home / "cache/temporary").rglob("*")
        assert not list(left), "the temporary copy is removed"
