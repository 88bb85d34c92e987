"""Limits on the replies of a provider.

A faulty or hostile server can send without end. The text that arrived before a limit is kept. The
limits are far above any honest reply.
"""

from __future__ import annotations

from typing import Final

from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    HostedCall,
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

MAX_ANSWER_BYTES: Final = 64 << 20
"""Bytes of UTF-8. Callers that collect an answer in memory have limits of their own."""
MAX_EVENT_BYTES: Final = 16 << 20
MAX_JSON_BYTES: Final = 32 << 20
MAX_STREAM_BYTES: Final = 512 << 20
"""A whole stream: each token of an answer takes some 300 bytes."""
MAX_RESULT_FILE_BYTES: Final = 8192 << 20
"""A file with the results of a batch, which is read line by line."""
MAX_RESULT_LINES: Final = 200_000
"""The lines of a file of results: a batch has at most 50,000 requests."""
MAX_HEADER_BYTES: Final = 64 * 1024
"""Everything before the body, interim responses included."""
MAX_ANSWER_PARTS: Final = 2_000
"""Parts of one answer: texts, reasoning, refusals, calls."""


class EventTooLargeError(Exception):
    """A server-sent event exceeded its limit."""


class BodyTooLargeError(Exception):
    """The body of a reply exceeded the limit of `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class AnswerMeter:
    """A counter of the bytes and parts of one answer with all its candidates."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._bytes = 0
        self._parts = 0
        # By candidate, because the events of candidates are interleaved.
        self._last_kinds: dict[int, type[StreamEvent]] = {}
        self._calls: set[tuple[int, int | str]] = set()

    def add(self, event: StreamEvent) -> None:
        """Count `event`.

        Raises:
            ReplyTooLargeError: the answer with `event` would exceed a limit.
        """
        candidate = 0
        if isinstance(event, CandidateEvent):
            candidate = event.number
            event = event.event
        match event:
            case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
                self._add_text(text)
                self._parts += type(event) is not self._last_kinds.get(candidate)
                self._last_kinds[candidate] = type(event)
            case ReasoningItem(item_id, encrypted):
                self._add_text(item_id + encrypted)
                self._parts += 1
                self._last_kinds.pop(candidate, None)
            case ToolCallDelta(index, arguments):
                self._add_text(arguments + event.extra_content)
                self._parts += (candidate, index) not in self._calls
                self._calls.add((candidate, index))
                self._last_kinds.pop(candidate, None)
            case HostedCall(call):
                self._add_text(call.arguments + call.result)
                self._parts += (candidate, call.call_id) not in self._calls
                self._calls.add((candidate, call.call_id))
                self._last_kinds.pop(candidate, None)
        if self._parts > MAX_ANSWER_PARTS:
            raise ReplyTooLargeError(
                Reason.ANSWER_IN_TOO_MANY_PARTS, provider=self._provider, limit=MAX_ANSWER_PARTS
            )

    def _add_text(self, text: str) -> None:
        self._bytes += len(text if text.isascii() else text.encode("utf-8", "surrogatepass"))
        if self._bytes > MAX_ANSWER_BYTES:
            raise ReplyTooLargeError(
                Reason.ANSWER_TOO_LARGE, provider=self._provider, limit=MAX_ANSWER_BYTES // MB
            )
