"""Conversations as files: our own JSON, the store of imports, `repartee export`."""

__all__ = ["ui"]
