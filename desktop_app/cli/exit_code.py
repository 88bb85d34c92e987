"""The exit codes of all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Every code but 0; each command's help lists those that it can return."""

    FAILED = 1
    USAGE = 2
    REFUSED = 3
    MISMATCH = 4
    INTERRUPTED = 130
    READER_GONE = 141
