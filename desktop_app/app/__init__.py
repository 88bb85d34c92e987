"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = [
    "activity",
    "closing_controller",
    "feature",
    "pasting",
    "session",
    "single_instance",
    "startup",
    "tasks",
    "transfer",
    "window",
    "window_request",
]
