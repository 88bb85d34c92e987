"""What the library makes of the backend: projects, the list's marks, and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
from desktop_app.library.search_query import Search

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def folder_store(backend: Backend) -> FolderStore:
    """Return the store of projects."""
    return FolderStore(backend.database)


def flag_store(backend: Backend) -> ConversationFlagStore:
    """Return the store of what the list shows of conversations."""
    return ConversationFlagStore(backend.database)


def search(backend: Backend) -> Search:
    """Return the search in all conversations."""
    return Search(backend.database)
