"""The search in the conversation list, while the user types, with filters."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import QObject

from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.ui.window.main_window import MainWindow


class SearchController(QObject):
    """Connection of the search field with the search through the library."""

    def __init__(self, window: MainWindow, state: WindowState, presenter: ListPresenter) -> None:
        super().__init__(window)
        self._list = window.conversations
        self._tasks = state.tasks
        self._presenter = presenter
        self._library_search = state.backend.search
        self._task: asyncio.Future[Any] | None = None
        self._list.search.changed.connect(self._search)

    def _search(self, text: str) -> None:
        """Cancel the previous search, and search for this text; "" shows all conversations."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if text:
            self._task = self._tasks.start(self._find(text))
        else:
            self._list.search.show_hits(None)

    async def _find(self, text: str) -> None:
        filters = self._list.search.filters
        hits = await self._library_search.find(
            text, search_filter=filters.current, order=filters.order
        )
        self._list.search.show_hits([hit for hit in hits if self._should_show(hit.conversation_id)])

    def _should_show(self, conversation_id: str) -> bool:
        """Return False for a conversation that was just trashed, which the store may still find."""
        conversation = self._presenter.cache.get(conversation_id)
        return conversation is None or conversation.trashed_at is None
