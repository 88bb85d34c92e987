"""Reads files from open descriptors, up to the size limit."""

from __future__ import annotations

import os
from typing import Final

from desktop_app.documents.worker.protocol import Limits

_READ_BYTES: Final = 16 << 20
"""The fewest bytes to ask for. Files in /proc state the size 0; larger files are read at once."""


def read_descriptor(descriptor: int, limits: Limits) -> bytes:
    """Read an open file up to one byte more than the limit, and close it. Raises OSError."""
    max_bytes = limits.file_bytes + 1
    with os.fdopen(descriptor, "rb") as file:
        # `read` allocates as many bytes as are asked for. If that were the limit, even a small file
        # could exceed the memory limit of the process.
        size = max(os.fstat(descriptor).st_size, _READ_BYTES)
        data = file.read(min(size, max_bytes))
        while len(data) < max_bytes and (
            piece := file.read(min(_READ_BYTES, max_bytes - len(data)))
        ):
            data += piece
        return data
