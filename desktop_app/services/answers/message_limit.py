"""Limits the text of an answer in its message."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.stream_events import (
    HostedCall,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallStep,
)
from desktop_app.domain.answering.text_size import TextSize

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""Bytes of a message, as `TextSize` counts them; far more than any model writes.

Storing a text takes at least five times its size: the text, its JSON, and the copies that SQLite
and its search index make. 64 MB would take 583 MB, but a reply may take 200. A longer answer is
kept whole in a file: see long_answer.py.
"""
MIN_SHARE_BYTES: Final = 4 * 1024 * 1024
"""Bytes that each of several answers may have at least if they share MAX_MESSAGE_BYTES."""


class MessageLimit:
    """Shortens the events of an answer to the room in its message."""

    def __init__(self) -> None:
        self._max_bytes = MAX_MESSAGE_BYTES
        self._size = TextSize()

    def set_max_bytes(self, max_bytes: int) -> None:
        """Set the maximum size of the message, in bytes as `TextSize` counts them."""
        self._max_bytes = max_bytes

    def shorten(self, event: StreamEvent) -> StreamEvent:
        """Count the text of an event, and return the event with the text that still fits."""
        match event:
            case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
                fitting_text = self._count(text)
                return (
                    event if len(fitting_text) == len(text) else replace(event, text=fitting_text)
                )
            case ToolCallDelta(_, text):
                # A provider cannot use a part of its data.
                extra = event.extra_content if self._count_whole(event.extra_content) else ""
                fitting_text = self._count(text)
                is_whole = len(fitting_text) == len(text) and len(extra) == len(event.extra_content)
                return (
                    event
                    if is_whole
                    else replace(event, arguments=fitting_text, extra_content=extra)
                )
            case HostedCall(call):
                is_whole = self._count_whole(call.arguments + call.result)
                return event if is_whole else replace(event, call=replace(call, result=""))
            case ToolCallStep(call) if call.state.has_ended:
                fitting_text = self._count(call.result)
                is_whole = len(fitting_text) == len(call.result)
                return event if is_whole else ToolCallStep(replace(call, result=fitting_text))
            case ReasoningItem(_, text):
                # A provider cannot use a part of the encrypted text.
                return event if self._count_whole(text) else replace(event, encrypted="")
        return event

    def clear(self) -> None:
        """Forget the counted text, because the answer is read again."""
        self._size = TextSize()

    def _count(self, text: str) -> str:
        """Count a text, and return the part of it that fits."""
        return self._size.add_up_to(text, self._max_bytes)

    def _count_whole(self, text: str) -> bool:
        """Count a text, and return True if all of it fits."""
        return len(self._count(text)) == len(text)
