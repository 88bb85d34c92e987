"""Files as they are read: ordinary ones alone, and no more of them than is allowed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from desktop_app.documents import refusals
from desktop_app.documents.protocol import Limits
from desktop_app.domain.errors import DocumentTooLargeError


def read_regular_file(path: Path, limits: Limits) -> bytes:
    """All bytes of a file.

    Raises:
        DocumentTooLargeError, DocumentError: it is larger than allowed, or no file.
        OSError
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise refusals.unreadable(path.name, "it is not a file")
    if status.st_size > limits.file_bytes:
        raise too_large(path.name, limits)
    # The path may have come to mean something else since: O_NONBLOCK, because opening a named pipe
    # waits for a writer; a bound, because devices have no end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limits.file_bytes + 1)


def too_large(name: str, limits: Limits) -> DocumentTooLargeError:
    """What is said of a file beyond the limit."""
    return refusals.too_large(name, f"is larger than {limits.file_bytes >> 20} MB")
