"""What spending makes of the backend: the ledger and the budget, which paid calls need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.spending.budget import Budget, PaidCalls, SpendingHolds
from desktop_app.spending.ledger import Ledger

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def ledger(backend: Backend) -> Ledger:
    """Return the record of all calls."""
    return Ledger(backend.temporary)


def budget(backend: Backend) -> Budget:
    """Return the limits, and what is held against them."""
    holds = SpendingHolds(backend.database)
    return Budget(holds, backend.settings, allows_unpriced=backend.allows_unpriced)


def paid_calls(backend: Backend) -> PaidCalls:
    """Return the gateway, budget and ledger together."""
    return PaidCalls(backend.gateway, backend.budget, backend.ledger)
