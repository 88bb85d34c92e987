"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = ["session", "shared_lists", "shortcuts", "single_instance", "startup", "tasks", "window"]
