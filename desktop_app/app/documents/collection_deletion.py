"""Deletes a collection, permanently once Undo has expired."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.tasks import Tasks

if TYPE_CHECKING:
    from desktop_app.services.collections.collection_service import Collections

_UNDO_MS: Final = 12_000


class CollectionDeletion(QObject):
    """The deletion of one collection at a time.

    Attributes:
        collection_id: the collection to delete, unless the user presses Undo; "" for none.

    Signals:
        undone(str): the collection with this id stays.
        completed(str): the collection with this id was deleted permanently.
    """

    undone = Signal(str)
    completed = Signal(str)

    def __init__(
        self, parent: QObject, *, tasks: Tasks, collections: Callable[[], Collections]
    ) -> None:
        super().__init__(parent)
        self._collections = collections
        self.collection_id = ""
        self._timer = QTimer(self, singleShot=True, interval=_UNDO_MS)
        self._timer.timeout.connect(tasks.slot(self.complete))

    def begin(self, collection_id: str) -> None:
        """Delete this collection once Undo has expired; first `complete` an earlier deletion."""
        self.collection_id = collection_id
        self._timer.start()

    def undo(self) -> None:
        """Keep the collection."""
        collection_id = self.collection_id
        self.collection_id = ""
        self._timer.stop()
        self.undone.emit(collection_id)

    async def complete(self) -> None:
        """Delete the collection now, if any. Raises StorageError."""
        self._timer.stop()
        if collection_id := self.collection_id:
            await self._collections().delete(collection_id)
            if self.collection_id == collection_id:
                self.collection_id = ""
            self.completed.emit(collection_id)

    def stop(self) -> None:
        """Stop the timer at the program's end."""
        self._timer.stop()
