"""Signals for recorded spending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.storage.spending.ledger import Ledger


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, ledger: Ledger, parent: QObject) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)
