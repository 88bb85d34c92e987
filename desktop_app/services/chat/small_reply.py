"""Replies that the program asks for itself: titles, summaries, notes."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.conversations.reply import Reply, accumulate
from desktop_app.domain.conversations.stream_events import (
    Failed,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.text_size import TextSize
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ReplyTooLargeError

LARGEST: Final = 16 * 1024 * 1024
"""Bytes, as `TextSize` counts them."""


class SmallReply:
    """A reply that is held in memory, and fails if it grows beyond LARGEST.

    Attributes:
        reply: what has arrived.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._size = TextSize()
        self.reply = Reply()

    def take(self, event: StreamEvent) -> None:
        """Add an event."""
        match event:
            case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
                self._size.add(text)
            case ToolCallDelta(_, arguments):
                self._size.add(arguments)
        if self._size.bytes > LARGEST:
            event = Failed(
                ReplyTooLargeError(
                    Reason.ANSWER_TOO_LONG, provider=self._provider, limit=LARGEST >> 20
                )
            )
        self.reply = accumulate(self.reply, event)
