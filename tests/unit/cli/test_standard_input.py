"""Standard input is read without ever blocking for long."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop_app.cli import standard_input
from desktop_app.cli.standard_input import read_all, read_piped, replace_stdin_with_file
from desktop_app.domain.errors import IllegalChoiceError
from tests.helpers.linux_only import linux_only

LIMIT = 10


class Terminal(io.TextIOWrapper):
    """A terminal's standard input."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def replace_stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Return a function that replaces standard input, whose limits are small."""
    monkeypatch.setattr(standard_input, "MAX_QUESTION_BYTES", LIMIT)
    monkeypatch.setattr(standard_input, "MAX_DOCUMENT_BYTES", LIMIT)
    monkeypatch.setattr(standard_input, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(standard_input, "NEXT_WAIT_S", 0.0)
    return lambda stream: monkeypatch.setattr(sys, "stdin", stream)


def piped(data: bytes) -> io.TextIOWrapper:
    """Return the end of a pipe that somebody has filled and closed."""
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return os.fdopen(reader, "r")


def terminal() -> Terminal:
    return Terminal(io.BytesIO(b"typed"))


def simulate_terminal(monkeypatch: pytest.MonkeyPatch, *, exists: bool) -> None:
    """Give the process a controlling terminal, or none."""
    plain_open = os.open

    def open_terminal(path: str, flags: int, *more: Any, **options: Any) -> int:
        if path != "/dev/tty":
            return plain_open(path, flags, *more, **options)
        if not exists:
            raise OSError(errno.ENXIO, "no terminal")
        return plain_open(os.devnull, flags)

    monkeypatch.setattr(os, "open", open_terminal)


def test_a_terminal_is_read_if_asked_for(replace_stdin: Callable[[Any], None]) -> None:
    replace_stdin(terminal())
    assert read_all(is_asked_for=True) == "typed"


def test_standard_input_is_read_up_to_a_limit(replace_stdin: Callable[[Any], None]) -> None:
    for stream in (None, terminal()):
        replace_stdin(stream)
        assert read_all() == ""
        with pytest.raises(IllegalChoiceError) as refused, replace_stdin_with_file(["a", "-"]):
            pass
        assert "input, but nothing is piped in" in refused.value.message
        with replace_stdin_with_file(["a"]) as names:
            assert names == ["a"]
    with piped(b"0123456\xff89") as pipe:
        replace_stdin(pipe)
        assert read_all() == "0123456\ufffd89"
    for data, reason in (
        (b"0123456789a", "The input is larger than"),
        (b"%PDF\0\xff", "The input isn’t text"),
    ):
        with piped(data) as pipe:
            replace_stdin(pipe)
            with pytest.raises(IllegalChoiceError) as refused:
                read_all()
            assert reason in refused.value.message


@pytest.mark.parametrize(
    "has_terminal", [True, pytest.param(False, marks=linux_only("desktop that leaves a pipe open"))]
)
def test_pieces_of_a_pipe_are_put_together(
    replace_stdin: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch, has_terminal: bool
) -> None:
    simulate_terminal(monkeypatch, exists=has_terminal)
    monkeypatch.setattr(standard_input, "_PIECE_BYTES", 4)
    for data, expected in ((b"", ""), (b"012345678\xff", "012345678\ufffd")):
        with piped(data) as stream:
            replace_stdin(stream)
            assert read_piped() == expected
    with piped(b"0123456789abcdef") as stream:
        replace_stdin(stream)
        # Pieces of four: the last one begins below the limit.
        assert read_piped() == ("0123456789" if has_terminal else "0123456789ab")


@linux_only("desktop that leaves a pipe open")
def test_a_silent_open_pipe_is_not_awaited(
    replace_stdin: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate_terminal(monkeypatch, exists=False)
    reader, writer = os.pipe()
    with os.fdopen(reader, "r") as stream:
        replace_stdin(stream)
        assert read_piped() == ""
        os.write(writer, b"abc")
        assert read_piped() == "abc"
    os.close(writer)


@linux_only("named pipes in folders")
def test_a_nameless_pipe_is_copied_and_a_named_one_is_left_to_be_refused(tmp_path: Path) -> None:
    named = tmp_path / "pipe"
    os.mkfifo(named)
    with piped(b"text") as pipe:
        nameless = f"/dev/fd/{pipe.fileno()}"
        with replace_stdin_with_file([nameless, str(named)]) as (copy, left):
            assert Path(copy).read_bytes() == b"text"
            assert left == str(named)
