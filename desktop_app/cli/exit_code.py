"""The exit codes of all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Every code but 0; each command's help lists those that it can return.

    Attributes:
        FAILED: also for an answer that is incomplete.
        USAGE: a wrong command line, or an unsupported choice.
        REFUSED: the model refused to answer.
        MISMATCH: the answer does not match its schema.
        NOT_ALLOWED: the answer is complete, but a call of a tool was not allowed.
        UNREACHED: a prompt that repeats is asked again, as its provider could not be reached.
        READER_GONE: whoever reads the output has closed the pipe.
    """

    FAILED = 1
    USAGE = 2
    REFUSED = 3
    MISMATCH = 4
    NOT_ALLOWED = 5
    UNREACHED = 75  # EX_TEMPFAIL of sysexits.h
    INTERRUPTED = 130
    READER_GONE = 141
