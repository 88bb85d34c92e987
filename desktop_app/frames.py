"""Messages between this program and its child processes: four bytes of length, then the bytes."""

from __future__ import annotations

import struct
from typing import IO, Final

LENGTH: Final = struct.Struct(">I")


class FrameError(Exception):
    """A message is longer than it may be, or ends within; the argument tells which."""


def write_frame(file: IO[bytes], *pieces: bytes) -> None:
    """Write a message that consists of these pieces."""
    file.write(LENGTH.pack(sum(map(len, pieces))))
    for piece in pieces:
        file.write(piece)
    file.flush()


def read_frame(file: IO[bytes], most: int = (1 << 32) - 1) -> bytes | None:
    """Return the next message of at most `most` bytes; None at the end of the file.

    Raises:
        FrameError: it is longer, or ends within.
    """
    head = file.read(LENGTH.size)
    if not head:
        return None
    length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
    if length > most:
        raise FrameError(f"it sent {length} bytes")
    data = file.read(length)
    if len(head) < LENGTH.size or len(data) < length:
        raise FrameError("it ended within a message")
    return data
