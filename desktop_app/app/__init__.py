"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = [
    "activity",
    "feature",
    "portal_paste",
    "session",
    "single_instance",
    "startup",
    "tasks",
    "transfer",
    "window",
    "x11_paste",
]
