"""The store as a whole: backup, restore, repair, erasure."""

__all__ = ["backup", "erasure", "repair", "restore", "ui"]
