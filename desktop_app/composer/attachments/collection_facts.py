"""Facts about collections, which the chips of a prompt show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.app.session import Session


class ChipText(NamedTuple):
    """The text on the chip of a collection.

    Attributes:
        exists: False if this computer does not have the collection.
    """

    text: str
    exists: bool = True


class CollectionFacts(QObject):
    """Facts about collections by id: their size as text, and whether they still exist.

    Signals:
        changed(): the text or state of an attached collection has changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._facts: dict[str, ChipText] = {}

    def facts(self, collection_id: str) -> ChipText:
        """Return the text of a collection's chip."""
        # Before the collections are loaded, none is reported as missing.
        return self._facts.get(collection_id, ChipText(tr("collection")))

    def set(self, facts: Mapping[str, ChipText], *, report: bool) -> None:
        """Replace all facts; emit `changed` if `report` is True."""
        self._facts = dict(facts)
        if report:
            self.changed.emit()
