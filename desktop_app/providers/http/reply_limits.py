"""Limits on what a provider may send, and the errors for exceeding them.

A faulty or hostile server can send without end. What arrived before a limit is kept. The limits are
far above any honest reply.
"""

from __future__ import annotations

from typing import Final

from desktop_app.domain.answering.stream_events import (
    OfCandidate,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ReplyTooLargeError

MB: Final = 1024 * 1024

LARGEST_ANSWER: Final = 64 << 20
"""In bytes of UTF-8. Callers that hold the answer in memory have limits of their own."""
LARGEST_EVENT: Final = 16 << 20
LARGEST_JSON: Final = 32 << 20
LARGEST_STREAM: Final = 512 << 20
"""The largest stream: each token of an answer takes some 300 bytes."""
LARGEST_FILE: Final = 8192 << 20
"""The largest file of a batch's results, which are read line by line."""
MOST_LINES: Final = 200_000
"""The most lines of such a file: a batch has at most 50,000 requests."""
LARGEST_HEADERS: Final = 64 * 1024
"""Everything before the body, interim responses included."""
MOST_PARTS: Final = 2_000
"""The most parts of one answer: texts, reasoning, refusals, calls."""


class EventTooLargeError(Exception):
    """A server-sent event exceeded its limit."""


class BodyTooLargeError(Exception):
    """The body of a reply exceeded the limit of `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


def too_long_answer_error(provider: str) -> ReplyTooLargeError:
    """Return the error for an answer that exceeds LARGEST_ANSWER."""
    return ReplyTooLargeError(
        Reason.ANSWER_TOO_LARGE, provider=provider, limit=LARGEST_ANSWER // MB
    )


def too_many_parts_error(provider: str) -> ReplyTooLargeError:
    """Return the error for an answer of more than MOST_PARTS."""
    return ReplyTooLargeError(Reason.ANSWER_IN_TOO_MANY_PARTS, provider=provider, limit=MOST_PARTS)


def too_large_event_error(provider: str) -> ReplyTooLargeError:
    """Return the error for an event that exceeds LARGEST_EVENT."""
    return ReplyTooLargeError(Reason.EVENT_TOO_LARGE, provider=provider, limit=LARGEST_EVENT // MB)


def too_large_body_error(provider: str, limit: int) -> ReplyTooLargeError:
    """Return the error for a body that exceeds `limit` bytes."""
    return ReplyTooLargeError(Reason.REPLY_TOO_LARGE, provider=provider, limit=limit // MB)


def too_large_value_error(provider: str) -> ReplyTooLargeError:
    """Return the error for JSON that would fill the memory."""
    return ReplyTooLargeError(Reason.TOO_MANY_VALUES, provider=provider)


def too_many_lines_error(provider: str) -> ReplyTooLargeError:
    """Return the error for a file of results that exceeds MOST_LINES."""
    return ReplyTooLargeError(Reason.TOO_MANY_RESULTS, provider=provider)


def too_many_headers_error(provider: str) -> ReplyTooLargeError:
    """Return the error for a reply that exceeds LARGEST_HEADERS."""
    return ReplyTooLargeError(
        Reason.TOO_MANY_HEADERS, provider=provider, limit=LARGEST_HEADERS // 1024
    )


class AnswerMeter:
    """Counts the bytes and parts of one answer, including its other candidates."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._bytes = 0
        self._parts = 0
        self._last: type[StreamEvent] | None = None
        self._calls: set[int] = set()

    def add(self, event: StreamEvent) -> None:
        """Count `event`.

        Raises:
            ReplyTooLargeError: the answer with `event` would exceed a limit.
        """
        match event:
            case OfCandidate(_, event_of_candidate):
                self.add(event_of_candidate)
            case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
                self._add_text(text)
                self._parts += type(event) is not self._last
                self._last = type(event)
            case ReasoningItem(item_id, encrypted):
                self._add_text(item_id + encrypted)
                self._parts += 1
                self._last = None
            case ToolCallDelta(index, arguments):
                self._add_text(arguments)
                self._parts += index not in self._calls
                self._calls.add(index)
                self._last = None
        if self._parts > MOST_PARTS:
            raise too_many_parts_error(self._provider)

    def _add_text(self, text: str) -> None:
        self._bytes += len(text if text.isascii() else text.encode("utf-8", "surrogatepass"))
        if self._bytes > LARGEST_ANSWER:
            raise too_long_answer_error(self._provider)
