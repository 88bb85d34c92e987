"""Memory: the sentences that the user asked to remember, for all conversations or for a folder."""

__all__ = ["memory"]
