"""Reads files from open descriptors, up to the size limit."""

from __future__ import annotations

import os

from desktop_app.documents.worker.protocol import Limits


def read_descriptor(descriptor: int, limits: Limits) -> bytes:
    """Read an open file up to one byte more than the limit, and close it.

    Raises:
        OSError
    """
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limits.file_bytes + 1)
