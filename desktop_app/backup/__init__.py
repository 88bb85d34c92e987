"""The store as a whole: backup, restore, repair, erasure."""

__all__ = ["active_settings", "backup", "erasure", "repair", "restore", "ui"]
