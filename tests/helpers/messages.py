"""Messages for tests, with defaults for all other fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_app.domain.conversations.conversation import (
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, TextPart
from desktop_app.domain.models.variants import Effort, Variant

if TYPE_CHECKING:
    from desktop_app.domain.conversations.message_parts import Part

CHOICE = ModelChoice("openai", "gpt-5.2", Variant.THINKING, Effort.HIGH)


def question(text: str, *parts: Part) -> Message:
    """Return a question with the given attachments."""
    return _message(Role.USER, MessageStatus.COMPLETE, (TextPart(text), *parts))


def answer(
    text: str, status: MessageStatus = MessageStatus.COMPLETE, reasoning: str = "", **more: Any
) -> Message:
    """Return an answer by GPT-5.2 Thinking at high effort."""
    parts: tuple[Part, ...] = (ReasoningPart(reasoning),) if reasoning else ()
    return _message(Role.ASSISTANT, status, (*parts, TextPart(text)), **more)


def streaming(text: str = "", **more: Any) -> Message:
    """Return an answer that is still streaming."""
    return answer(text, MessageStatus.STREAMING, **more)


def _message(role: Role, status: MessageStatus, parts: tuple[Part, ...], **more: Any) -> Message:
    return Message(
        new_id(), "c", None, role, status, parts, now(), more.pop("choice", CHOICE), **more
    )
