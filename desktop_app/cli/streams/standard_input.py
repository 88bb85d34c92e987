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
from typing import BinaryIO

from desktop_app.domain.error_reasons import Reason

# The longest waits without a terminal, chosen by eye. If nothing is sent, the quick prompt opens
# after the first wait, so it must be short. A program that has sent text may need time for more.
FIRST_WAIT_S = 0.3
NEXT_WAIT_S = 2.0
_PIECE_BYTES = 1 << 16  # the capacity of a pipe on Linux

MAX_QUESTION_BYTES = 64 << 20
"""The most bytes of a question. No model reads a tenth of it."""

MAX_DOCUMENT_BYTES = 2_000 << 20
"""The most bytes of a document, as in the settings."""


def read_all() -> str:
    """Read to the end; return "" if standard input is a terminal or closed.

    Raises:
        IllegalChoiceError: the input is larger than MAX_QUESTION_BYTES, or is not text.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    # Imported late: the quick prompt's command also uses this module, and must start fast.
    from desktop_app.domain.errors import IllegalChoiceError

    data = sys.stdin.buffer.read(MAX_QUESTION_BYTES + 1)
    if len(data) > MAX_QUESTION_BYTES:
        raise IllegalChoiceError(Reason.TOO_MUCH_PIPED_IN, limit=MAX_QUESTION_BYTES >> 20)
    if b"\0" in data:
        raise IllegalChoiceError(Reason.NO_TEXT_PIPED_IN)
    return data.decode("utf-8", "replace")


@contextmanager
def replace_stdin_with_file(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names, with "-" replaced by a temporary file with the content of standard input.

    If more than MAX_DOCUMENT_BYTES is piped in, the file is one byte larger and is refused later.

    Raises:
        IllegalChoiceError: standard input is a terminal or closed.
    """
    if "-" not in names:
        yield list(names)
        return
    from desktop_app.domain.errors import IllegalChoiceError  # late, as in `read_all`
    from desktop_app.paths import folders
    from desktop_app.storage.database.temporary_files import TemporaryFolder

    if sys.stdin is None or sys.stdin.isatty():
        raise IllegalChoiceError(Reason.NOTHING_PIPED_IN)
    with TemporaryFolder(folders().temporary) as folder:
        path = folder.path / "standard input"
        with path.open("wb") as file:
            _copy_piped(file)
        yield [str(path) if name == "-" else name for name in names]


def _copy_piped(file: BinaryIO) -> None:
    bytes_left = MAX_DOCUMENT_BYTES + 1
    while bytes_left:
        piece = os.read(sys.stdin.fileno(), min(bytes_left, _PIECE_BYTES))
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
    """Return True if the process has a controlling terminal to press Ctrl+C on."""
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
