"""Signals for recorded spending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.storage.spending.ledger import Ledger


class SpendingEvents(QObject):
    """Signals for calls that have a cost.

    Signals:
        spent(str): a call was recorded in the ledger, by the provider's id.
    """

    spent = Signal(str)

    def __init__(self, ledger: Ledger, parent: QObject | None = None) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)
