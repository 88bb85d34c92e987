"""What the library makes of the backend, each at its first use: no question needs any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.library.folder_store import ConversationFlagStore, FolderStore
    from desktop_app.library.search_query import Search


def folder_store(backend: Backend) -> FolderStore:
    """Return the store of projects."""
    from desktop_app.library.folder_store import FolderStore

    return FolderStore(backend.database)


def flag_store(backend: Backend) -> ConversationFlagStore:
    """Return the store of what the list shows of conversations."""
    from desktop_app.library.folder_store import ConversationFlagStore

    return ConversationFlagStore(backend.database)


def search(backend: Backend) -> Search:
    """Return the search in all conversations."""
    from desktop_app.library.search_query import Search

    return Search(backend.database)
