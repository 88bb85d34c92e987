"""The data that a tool call may read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from desktop_app.domain.conversations.conversation import Message

TextOf = Callable[[str], Awaitable[str]]
"""Returns the text of an attached document by its hash. Raises StorageError."""
Report = Callable[[float, float | None, str], None]
"""Reports the progress of a call: the amount done, the total (None if unknown), and a message."""
ShowImage = Callable[[str, bytes], None]
"""Shows an image of a result to the model, with its media type."""


async def _no_text(_sha256: str) -> str:
    return ""


def _no_report(_done: float, _total: float | None, _message: str) -> None:
    """Drop a report."""


def _no_image(_media_type: str, _data: bytes) -> None:
    """Drop an image."""


class ToolContext(NamedTuple):
    """The conversation that a call belongs to.

    Attributes:
        messages: up to the question, oldest first.
        report: called while the call runs.
        show_image: called with each image of the result.
    """

    conversation_id: str
    messages: tuple[Message, ...] = ()
    text_of: TextOf = _no_text
    report: Report = _no_report
    show_image: ShowImage = _no_image
