"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = ["controllers", "shortcuts", "single_instance", "startup", "state", "tasks", "window"]
