"""Reads the conversations of a filter from the store, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.conversations.list_filter import ListFilter, ListFilterKind

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Conversation
    from desktop_app.storage.conversations.conversation_store import ConversationStore


async def read_top(
    store: ConversationStore, list_filter: ListFilter, limit: int
) -> tuple[list[Conversation], list[Conversation]]:
    """Return the pinned conversations above a filter's pages, and its first page."""
    pinned: list[Conversation] = []
    if list_filter.has_pinned:
        all_pinned = await store.list_pinned()
        pinned = [c for c in all_pinned if list_filter.includes(c)]
    return pinned, await read_page(store, list_filter, limit, None)


async def read_page(
    store: ConversationStore, list_filter: ListFilter, limit: int, after: Conversation | None
) -> list[Conversation]:
    """Return the page after a conversation, None for the first page."""
    match list_filter.kind:
        case ListFilterKind.ARCHIVE:
            return await store.list_archived(limit, after=after)
        case ListFilterKind.TRASH:
            return await store.list_trashed(limit, after=after)
    folder_id = list_filter.folder_id or None
    return await store.list_page(limit, after=after, folder_id=folder_id)
