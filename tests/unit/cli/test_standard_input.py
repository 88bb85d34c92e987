"""Standard input is read without ever blocking for long."""

from __future__ import annotations

import errno
import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop_app.cli.streams import standard_input
from desktop_app.cli.streams.standard_input import read_all, read_piped, replace_stdin_with_file
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError

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


def test_standard_input_is_read_up_to_a_limit(replace_stdin: Callable[[Any], None]) -> None:
    for stream in (None, terminal()):
        replace_stdin(stream)
        assert read_all() == ""
        with pytest.raises(IllegalChoiceError) as refused, replace_stdin_with_file(["a", "-"]):
            pass
        assert refused.value.reason is Reason.NOTHING_PIPED_IN
        with replace_stdin_with_file(["a"]) as names:
            assert names == ["a"]
    with piped(b"0123456\xff89") as pipe:
        replace_stdin(pipe)
        assert read_all() == "0123456\ufffd89"
    for data, reason in (
        (b"0123456789a", Reason.TOO_MUCH_PIPED_IN),
        (b"%PDF\0\xff", Reason.NO_TEXT_PIPED_IN),
    ):
        with piped(data) as pipe:
            replace_stdin(pipe)
            with pytest.raises(IllegalChoiceError) as refused:
                read_all()
            assert refused.value.reason is reason


def test_the_limit_is_stated_in_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_input, "MAX_QUESTION_BYTES", 3 << 20)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes((3 << 20) + 1))))
    with pytest.raises(IllegalChoiceError) as refused:
        read_all()
    assert refused.value.params == {"limit": 3}


@pytest.mark.parametrize(
    ("data", "kept"), [(b"", b""), (b"0123456789", b"0123456789"), (b"a" * 99, b"a" * 11)]
)
def test_a_file_is_one_byte_too_large_if_more_is_piped(
    replace_stdin: Callable[[Any], None], data: bytes, kept: bytes
) -> None:
    with piped(data) as stream:
        replace_stdin(stream)
        with replace_stdin_with_file(["a", "-", "b"]) as names:
            file = Path(names[1])
            assert [names[0], names[2]] == ["a", "b"]
            assert (file.name, file.read_bytes()) == ("standard input", kept)
        assert not file.exists()


@pytest.mark.parametrize("has_terminal", [True, False])
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


def test_files_and_sockets_are_read_and_devices_are_not(
    replace_stdin: Callable[[Any], None], tmp_path: Path
) -> None:
    file = tmp_path / "text"
    file.write_text("0123456789a")
    with file.open() as stream:
        replace_stdin(stream)
        assert read_piped() == "0123456789"
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("r") as stream:
        theirs.sendall(b"abc")
        replace_stdin(stream)
        assert read_piped() == "abc"
    with socket.socket() as listening, listening.makefile("r") as stream:
        replace_stdin(stream)
        assert read_piped() == ""
    with Path(os.devnull).open() as stream:
        replace_stdin(stream)
        assert read_piped() == ""
    for nothing in (None, terminal()):
        replace_stdin(nothing)
        assert read_piped() == ""
