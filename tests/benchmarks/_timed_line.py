"""Reads the output of a started program, with a time limit."""

from __future__ import annotations

import select
from typing import IO, Final

LONGEST_S: Final = 120.0


def timed_line(pipe: IO[bytes] | None, seconds: float = LONGEST_S) -> bytes:
    """Return the next line from an unbuffered pipe.

    Raises:
        TimeoutError: the program printed none in so many seconds, or has ended.
    """
    if pipe is None:
        raise RuntimeError("no pipe")
    is_there, _, _ = select.select([pipe], [], [], seconds)
    line = pipe.readline() if is_there else b""
    if not line:
        raise TimeoutError("the program printed nothing")
    return line
