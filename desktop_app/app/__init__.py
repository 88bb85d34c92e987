"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = ["composition", "session", "single_instance", "startup", "tasks", "window"]
