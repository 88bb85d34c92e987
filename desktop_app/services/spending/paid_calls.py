"""The objects by which a service makes paid calls."""

from __future__ import annotations

from typing import NamedTuple

from desktop_app.services.ports import Gateway, SpendingBook
from desktop_app.services.spending.budget import Budget


class PaidCalls(NamedTuple):
    """The gateway of paid calls, the budget that holds their cost, and the record of them."""

    gateway: Gateway
    budget: Budget
    spending: SpendingBook
