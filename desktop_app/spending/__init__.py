"""Money: the ledger of all calls, the budget, `repartee spending`."""

__all__ = ["budget", "ledger"]
