"""Measures of an answer while it arrives: its times, and its size."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode
from desktop_app.domain.answering.stream_events import (
    Failed,
    HostedCall,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
)
from desktop_app.domain.conversations.message_parts import Part, ReasoningPart
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.i18n.translation import N_

MAX_ANSWER_BYTES: Final = 8 << 20
"""Bytes of an answer, far more than any model writes; storing a text takes five times its size."""


class AnswerTiming:
    """The times and retries of an answer, from the request on.

    The clock stands still while the answer waits for the user's permission to run a tool.

    Attributes:
        first_token_s: seconds until the first text or reasoning; None if neither has arrived.
        retries: the number of failed attempts before the answer.

    Args:
        elapsed_s: the age of the request in seconds.
    """

    def __init__(self, elapsed_s: float = 0.0) -> None:
        self._began = time.monotonic() - elapsed_s
        self._waited_s = 0.0
        self._waiting_since: float | None = None
        self._thinking_from_s: float | None = None
        self._thinking_until_s: float | None = None
        self.first_token_s: float | None = None
        self.retries = 0

    def observe(self, event: StreamEvent) -> None:
        """Measure an event that has just arrived."""
        now = time.monotonic()
        if self._waiting_since is not None:
            self._waited_s += now - self._waiting_since
            self._waiting_since = None
        match event:
            case StatusChanged(status=AnswerStatus(code=StatusCode.WAITING_FOR_PERMISSION)):
                self._waiting_since = now
            case StatusChanged(seconds) if seconds:
                self.retries += 1
            case TextDelta() | ReasoningDelta() | RefusalDelta():
                elapsed_s = self.elapsed_s
                if self.first_token_s is None:
                    self.first_token_s = elapsed_s
                if not isinstance(event, ReasoningDelta):
                    self.end_thinking()
                elif self._thinking_from_s is None:
                    self._thinking_from_s = elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the request, without those in which the user decided."""
        now = time.monotonic() if self._waiting_since is None else self._waiting_since
        return now - self._waited_s - self._began

    def end_thinking(self) -> None:
        """Stop measuring how long the model thinks, because its answer has begun or ended."""
        if self._thinking_until_s is None:
            self._thinking_until_s = self.elapsed_s

    def with_thinking_time(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the time so far in the first reasoning part.

        It is the time from the first reasoning to the first text: no provider reports it.
        """
        result = tuple(parts)
        start_s = self._thinking_from_s
        if start_s is None:
            return result
        end_s = self.elapsed_s if self._thinking_until_s is None else self._thinking_until_s
        for index, part in enumerate(result):
            if isinstance(part, ReasoningPart):
                timed_part = replace(part, seconds=max(0.0, end_s - start_s))
                return (*result[:index], timed_part, *result[index + 1 :])
        return result


class AnswerLimit:
    """The limit on the size of an answer from a provider."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._size = 0  # in bytes

    def check(self, event: StreamEvent) -> StreamEvent:
        """Return an event of the answer, or a failure instead of the event that is too much."""
        self._size += _size_of(event)
        if self._size <= MAX_ANSWER_BYTES:
            return event
        error = ReplyTooLargeError(
            N_("The response from {provider} exceeded {limit} MB."),
            hint=N_("Ask for a shorter response, or choose another provider."),
            provider=self._provider,
            limit=MAX_ANSWER_BYTES >> 20,
        )
        return Failed(error)


def _size_of(event: StreamEvent) -> int:
    """Return the bytes that an event adds to the answer."""
    match event:
        case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text) | ReasoningItem(_, text):
            pass
        case ToolCallDelta(_, arguments):
            text = arguments + event.extra_content
        case HostedCall(call):
            text = call.arguments + call.result
        case ToolCallStep(call) if call.state.has_ended:
            text = call.result
        case _:
            return 0
    return len(text.encode("utf-8", "surrogatepass"))
