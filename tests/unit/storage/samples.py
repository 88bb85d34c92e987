"""Conversations and messages to put into a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.storage.database import Database

NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)
CHOICE = ModelChoice("openai", "gpt-5.2", Variant.THINKING, Effort.HIGH)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    """Yield a database that is open inside the block and cleanly closed after it."""
    database = Database(path)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def a_conversation(title: str = "A title", minutes: float = 0, **changes: Any) -> Conversation:
    at = NOON + timedelta(minutes=minutes)
    return replace(Conversation(new_id(), title, at, at, CHOICE), **changes)


def a_question(
    conversation: Conversation, text: str, parent: Message | None = None, minutes: float = 0
) -> Message:
    return Message(
        new_id(),
        conversation.id,
        None if parent is None else parent.id,
        Role.USER,
        MessageStatus.COMPLETE,
        (TextPart(text),),
        NOON + timedelta(minutes=minutes),
        CHOICE,
    )


def an_answer(
    question: Message,
    text: str = "",
    minutes: float = 0,
    status: MessageStatus = MessageStatus.STREAMING,
) -> Message:
    return Message(
        new_id(),
        question.conversation_id,
        question.id,
        Role.ASSISTANT,
        status,
        (TextPart(text),) if text else (),
        NOON + timedelta(minutes=minutes, seconds=1),
        CHOICE,
    )


def ended(answer: Message, text: str) -> Message:
    return replace(answer, parts=(TextPart(text),), status=MessageStatus.COMPLETE)
