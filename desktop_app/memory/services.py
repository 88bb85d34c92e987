"""What the notes make of the backend: their store, and the tool that adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.memory.memory import Memory

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.conversations.conversation import Conversation
    from desktop_app.tools.built_in.built_in import BuiltInTool


def notes(backend: Backend) -> Memory:
    return Memory(backend.database)


def remember(backend: Backend) -> BuiltInTool:
    from desktop_app.memory.remember_tool import remember_tool

    async def stored(conversation_id: str) -> Conversation | None:
        if backend.temporary.is_temporary(conversation_id):
            return None
        return await backend.conversations.get(conversation_id)

    return remember_tool(backend.of(notes), stored)
