"""The text on the chips of collections."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from desktop_app.i18n.translation import tr


class CollectionNotes(QObject):
    """Notes on collections by id: their size, and whether they still exist.

    Signals:
        changed(): the text or state of an attached collection has changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: dict[str, tuple[str, bool]] = {}

    def note_of(self, collection_id: str) -> tuple[str, bool]:
        """Return the text of a collection's chip, and False if the collection was deleted."""
        return self._notes.get(collection_id, (tr("collection"), True))

    def set(self, notes: Mapping[str, tuple[str, bool]], *, report: bool) -> None:
        """Replace all notes; `report` emits `changed`."""
        self._notes = dict(notes)
        if report:
            self.changed.emit()
