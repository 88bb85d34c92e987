"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = [
    "feature",
    "portal_paste",
    "session",
    "single_instance",
    "startup",
    "tasks",
    "window",
    "x11_paste",
]
