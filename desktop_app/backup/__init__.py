"""The store as a whole: backup, restore, repair, erasure."""

__all__ = ["erasure", "repair", "restore", "ui"]
