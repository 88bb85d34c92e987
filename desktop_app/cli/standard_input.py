"""Reads standard input.

Commands in a terminal read to the end, and wait for it: the user can press Ctrl+C. Without a
terminal, nobody could interrupt the wait, so `read_piped` waits only for a short time.

The input may have no end (`</dev/zero`, `yes |`), so every function stops at a limit.

A desktop hotkey starts a program with the desktop's own standard input: none, a closed one, or a
pipe or socket into which nobody ever writes.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from desktop_app.cli.console import write_diagnostic
from desktop_app.i18n.translation import N_, tr

# The longest waits without a terminal, chosen by eye. If nothing is sent, the quick prompt opens
# after the first wait, so it must be short. A program that has sent text may need time for more.
FIRST_WAIT_S = 0.3
NEXT_WAIT_S = 2.0
_PIECE_BYTES = 1 << 16  # the capacity of a pipe on Linux

MAX_QUESTION_BYTES = 64 << 20
"""The most bytes of a question. No model reads a tenth of it."""

MAX_DOCUMENT_BYTES = 2_000 << 20
"""The most bytes of a document, as in the settings."""


def read_all(*, is_asked_for: bool = False) -> str:
    """Read to the end; return "" if standard input is a terminal or closed.

    Args:
        is_asked_for: read a terminal, too, until Ctrl+D.

    Raises:
        IllegalChoiceError: the input is larger than MAX_QUESTION_BYTES, or is not text.
    """
    if sys.stdin is None or (sys.stdin.isatty() and not is_asked_for):
        return ""
    # Imported late: the quick prompt's command also uses this module, and must start fast.
    from desktop_app.domain.errors import IllegalChoiceError

    data = sys.stdin.buffer.read(MAX_QUESTION_BYTES + 1)
    if len(data) > MAX_QUESTION_BYTES:
        raise IllegalChoiceError(
            N_("The input is larger than {limit} MB."),
            hint=N_("Pipe in less, or attach a file with --file."),
            limit=MAX_QUESTION_BYTES >> 20,
        )
    if b"\0" in data:
        raise IllegalChoiceError(
            N_("The input isn’t text."), hint=N_("To attach a piped file, use --file -.")
        )
    return data.decode("utf-8", "replace")


@contextmanager
def replace_stdin_with_file(
    names: Sequence[str], *, is_beside_question: bool = False
) -> Iterator[list[str]]:
    """Yield the names, with "-" and pipes replaced by temporary files with their content.

    If more than MAX_DOCUMENT_BYTES is piped in, the file is one byte larger and is refused later.

    Args:
        is_beside_question: add what is piped in even without "-", unless it is empty or blank.

    Raises:
        IllegalChoiceError: "-" is given, but standard input is a terminal or closed.
    """
    first = b""
    if is_beside_question and "-" not in names and (first := _read_first_text()):
        names = [*names, "-"]
    if not any(map(_is_piped, names)):
        yield list(names)
        return
    from desktop_app.domain.errors import IllegalChoiceError  # late, as in `read_all`
    from desktop_app.paths import folders
    from desktop_app.storage.temporary_files import TemporaryFolder

    if "-" in names and (sys.stdin is None or sys.stdin.isatty()):
        raise IllegalChoiceError(
            N_("“-” means standard input, but nothing is piped in."),
            hint=N_("Pipe text into the command, or leave out “-”."),
        )
    with TemporaryFolder(folders().temporary) as folder:
        files: dict[str, str] = {}
        for name in dict.fromkeys(filter(_is_piped, names)):
            path = folder.path / str(len(files)) / Path(name).name
            if name == "-":
                path = folder.path / "standard input"
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                if name == "-":
                    file.write(first)
                    _copy(sys.stdin.fileno(), file)
                else:
                    with Path(name).open("rb", buffering=0) as pipe:
                        _copy(pipe.fileno(), file)
            files[name] = str(path)
        yield [files.get(name, name) for name in names]


def _is_piped(name: str) -> bool:
    """Return True for "-" and for the pipe of `<(command)`; a named one may have no writer."""
    with suppress(OSError):
        # The link in /dev/fd leads to a name such as "pipe:[4026]", which is not there.
        return name == "-" or (Path(name).is_fifo() and not Path(name).resolve().exists())
    return False


def _read_first_text() -> bytes:
    """Return what is piped in up to the first text; b"" for a terminal, a device, or only blanks.

    Nobody knows whether a pipe that stays open will ever bring anything, so the wait is announced.
    """
    if sys.stdin is None:
        return b""
    descriptor = sys.stdin.fileno()
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return b""
    data = b""
    # On Windows, `select` knows only sockets.
    if sys.platform != "win32" and not select.select([descriptor], [], [], NEXT_WAIT_S)[0]:
        write_diagnostic(tr("Waiting for standard input. If there is none, add “</dev/null”."))
    while not data.strip() and len(data) < MAX_QUESTION_BYTES:
        piece = os.read(descriptor, _PIECE_BYTES)
        if not piece:
            return b""
        data += piece
    return data


def _copy(descriptor: int, file: BinaryIO) -> None:
    bytes_left = MAX_DOCUMENT_BYTES + 1 - file.tell()
    while bytes_left > 0:
        piece = os.read(descriptor, min(bytes_left, _PIECE_BYTES))
        if not piece:
            break
        file.write(piece)
        bytes_left -= len(piece)


def read_piped() -> str:
    """Return the text from a file or pipeline; "" if there is none.

    If the program was started in a terminal, wait for the end of the text as every command does.
    Otherwise, a pipe or socket that sends nothing within FIRST_WAIT_S counts as left open by the
    desktop, and a pause of NEXT_WAIT_S ends the text.

    A text without an end is cut off, so that it does not fill the memory: soon after
    MAX_QUESTION_BYTES. No text is silently cut: the window refuses more than 4 MB
    (window_request.py).
    """
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    # From here on, standard input is not a terminal, but the process may still have one.
    descriptor = sys.stdin.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and _has_terminal()):
        return sys.stdin.buffer.read(MAX_QUESTION_BYTES).decode("utf-8", "replace")
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return _read_until_silent(descriptor).decode("utf-8", "replace")
    return ""


def _has_terminal() -> bool:
    """Return True if the process has a controlling terminal to press Ctrl+C on.

    On Windows, no desktop leaves a pipe open, and nothing else is known.
    """
    if sys.platform == "win32":
        return True
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return False


def _read_until_silent(descriptor: int) -> bytes:
    data = bytearray()
    with suppress(OSError):  # a listening or reset socket has no data
        wait_s = FIRST_WAIT_S
        while True:
            readable, _, _ = select.select([descriptor], [], [], wait_s)
            if not readable:
                break
            piece = os.read(descriptor, _PIECE_BYTES)
            if not piece or len(data) >= MAX_QUESTION_BYTES:
                break
            data += piece
            wait_s = NEXT_WAIT_S
    return bytes(data)
