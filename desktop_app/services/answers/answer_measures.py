"""Measures of an answer while it arrives: its times, and its size."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.answering.stream_events import (
    Failed,
    HostedCall,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
)
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.i18n.translation import N_

MAX_ANSWER_BYTES: Final = 8 << 20
"""Bytes of an answer, far more than any model writes; storing a text takes five times its size."""


class AnswerLimit:
    """The limit on the size of an answer from a provider.

    Attributes:
        is_exceeded: True once the answer was longer than MAX_ANSWER_BYTES.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._size = 0  # in bytes
        self.is_exceeded = False

    def check(self, event: StreamEvent) -> StreamEvent:
        """Return an event of the answer, or a failure instead of the event that is too much."""
        self._size += _size_of(event)
        if self._size <= MAX_ANSWER_BYTES:
            return event
        self.is_exceeded = True
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
