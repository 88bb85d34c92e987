"""Reasons for failures, in English or in the words of the server."""

from __future__ import annotations

import re
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED

MAX_REASON_CHARS: Final = 2000

# A message of the SDK's validator, perhaps within another: the first place, if it names one, the
# reason, and details that are cut off. The details quote the reply, which may contain tokens.
_VALIDATION_ERROR: Final = re.compile(
    r"\d+ validation errors? for \w+\n(?:(\S.*)\n)? +(.+?)(?: \[type=|$)", re.M
)

# A message of the validator within a message of the SDK about JSON that it cannot parse.
_INVALID_JSON_ERROR: Final = re.compile(
    r"\d+ validation errors? for \S+\s+(Invalid JSON: .+?) \[type=.*", re.S
)


class HostError(Exception):
    """A failure that this process found itself. The message says why, in English."""


def reason_of(error: BaseException) -> str:
    """Return why something failed, in English or in the words of the server."""
    error = _first_error(error)
    if isinstance(error, MCPError):
        message = str(error.error.message)[:MAX_REASON_CHARS]
        return _INVALID_JSON_ERROR.sub(r"\1", message) or "error"
    if isinstance(error, MemoryError):
        return "its reply takes too much memory"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    message = str(error)[:MAX_REASON_CHARS]
    if isinstance(error, HostError):
        return message
    if invalid := invalid_place(error):
        return f"its reply is not valid: {invalid}"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def has_closed(error: BaseException) -> bool:
    """Return True if the server ended or closed the connection without a reason."""
    error = _first_error(error)
    return isinstance(error, MCPError) and error.error.code == CONNECTION_CLOSED


def _first_error(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def invalid_place(error: BaseException) -> str:
    """Return the first place that the SDK's validator refuses, and why; "" for other errors."""
    match = _VALIDATION_ERROR.search(str(error)[:MAX_REASON_CHARS])
    return ": ".join(filter(None, match.groups())) if match else ""
