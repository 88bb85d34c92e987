"""What is piped in: to its end where somebody asked for it, and never for ever where nobody did.

A desktop's hotkey starts a program with whatever standard input the desktop itself has: nothing, a
closed one, or a pipe or socket into which nobody ever writes.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

# Without a terminal: how long the first and every further piece may take.
FIRST_S, NEXT_S = 0.3, 2.0
_PIECE = 1 << 16


def read_all() -> str:
    """Everything up to the end; "" where standard input is a terminal or closed."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "replace")


@contextmanager
def as_file(names: Sequence[str]) -> Iterator[list[str]]:
    """The names of files, "-" among them as that of a file with what is piped in, as long as it lasts.

    Raises:
        IllegalChoiceError: nothing is piped in.
    """
    if "-" not in names:
        yield list(names)
        return
    # Imported here: the quick prompt's command, which is to be quick, reads standard input, too.
    import shutil

    from desktop_app.domain.errors import IllegalChoiceError
    from desktop_app.paths import folders
    from desktop_app.storage.database.temporary_files import TemporaryFolder

    if sys.stdin is None or sys.stdin.isatty():
        raise IllegalChoiceError("“-” stands for standard input, and nothing is piped in.")
    with TemporaryFolder(folders().temporary) as folder:
        path = folder.path / "standard input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [str(path) if name == "-" else name for name in names]


def read_what_is_piped() -> str:
    """The text that a file or a pipeline brings, "" where there is none.

    From a terminal a pipeline is waited for, as by any command. Where there is no terminal, what
    does not begin within 0.3 s is taken for a pipe that the desktop left open.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    descriptor = sys.stdin.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and _has_terminal()):
        return read_all()
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return _read_patiently(descriptor).decode("utf-8", "replace")
    return ""


def _has_terminal() -> bool:
    """Whether somebody sits at a terminal that this process belongs to, and could press Ctrl+C."""
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return False


def _read_patiently(descriptor: int) -> bytes:
    pieces: list[bytes] = []
    with suppress(OSError):  # a socket that listens or was reset brings nothing
        while select.select([descriptor], [], [], NEXT_S if pieces else FIRST_S)[0]:
            piece = os.read(descriptor, _PIECE)
            if not piece:
                break
            pieces.append(piece)
    return b"".join(pieces)
