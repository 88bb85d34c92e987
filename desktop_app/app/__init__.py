"""The program's window: its start, frame, state, shortcuts, palette and end."""

__all__ = [
    "activity",
    "answer_setup",
    "closing_controller",
    "feature",
    "foreign_changes",
    "housekeeping",
    "navigator",
    "open_conversation",
    "pasting",
    "provider_list",
    "running_answers",
    "session",
    "single_instance",
    "startup",
    "tasks",
    "transfer",
    "window",
    "window_request",
]
