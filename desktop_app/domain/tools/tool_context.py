"""What a tool call may look at."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.conversations.conversation import Message


@dataclass(frozen=True)
class ToolContext:
    """The conversation that a call belongs to.

    Attributes:
        messages: up to the question, oldest first.
    """

    conversation_id: str
    messages: tuple[Message, ...] = ()
