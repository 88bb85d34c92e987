"""Signals for recorded spending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.storage.spending.ledger import Ledger


class SpendingEvents(QObject):
    """Reports calls that have a cost.

    Signals:
        spent(str): a call was recorded in the ledger, by the provider's id.
        utility_calls_paid: titles or compactions were made, which may have a cost.
    """

    spent = Signal(str)
    utility_calls_paid = Signal()

    def __init__(self, ledger: Ledger, parent: QObject | None = None) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)

    def report_utility_calls(self) -> None:
        """Report that titles or compactions were made."""
        self.utility_calls_paid.emit()
