"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = [
    "activity",
    "feature",
    "pasting",
    "session",
    "single_instance",
    "startup",
    "tasks",
    "transfer",
    "window",
]
