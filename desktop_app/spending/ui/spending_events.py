"""Signals for calls that the ledger records."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_app.spending.ledger import Ledger


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, ledger: Ledger, parent: QObject) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)
