"""What a service needs to make paid calls."""

from __future__ import annotations

from typing import NamedTuple

from desktop_app.services.ports import Gateway, SpendingBook
from desktop_app.services.spending.budget import Budget


class PaidCalls(NamedTuple):
    """The gateway to the providers, the budget that holds each call's cost, and its record."""

    gateway: Gateway
    budget: Budget
    spending: SpendingBook
