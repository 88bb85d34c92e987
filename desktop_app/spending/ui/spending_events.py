"""Signals for calls that the ledger records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.app.session import Session


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        session.backend.ledger.listen(self.spent.emit)
