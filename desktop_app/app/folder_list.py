"""The folders, as the window shows them."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.library.folder_store import FolderStore


class FolderList(QObject):
    """All folders, as the window shows them; the caller of `replace_all` writes the change.

    Attributes:
        by_id: all folders by id.

    Signals:
        changed(): folders were added, removed or renamed, or have other settings.
    """

    changed = Signal()

    def __init__(self, store: FolderStore, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self.by_id: Mapping[str, Folder] = {}

    async def load(self) -> None:
        self.by_id = {folder.id: folder for folder in await self.read()}

    async def read(self) -> list[Folder]:
        """Return the folders as they are stored now."""
        return await self._store.all()

    def folder_of(self, conversation: Conversation) -> Folder | None:
        return self.by_id.get(conversation.folder_id or "")

    def save(self, folder: Folder) -> Coroutine[Any, Any, None]:
        """Add or change a folder; return its write, which the caller runs."""
        self.replace_all(list({**self.by_id, folder.id: folder}.values()))
        return self._store.save(folder)

    def replace_all(self, folders: Sequence[Folder]) -> None:
        self.by_id = {folder.id: folder for folder in folders}
        self.changed.emit()
