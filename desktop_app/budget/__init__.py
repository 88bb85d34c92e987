"""Money: the ledger of all calls, and the budget that holds what they may cost."""

__all__ = ["budget", "ledger"]
