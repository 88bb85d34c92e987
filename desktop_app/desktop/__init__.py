"""The desktop session: later starts, bus, notifications, sleep, start at login, spelling."""

__all__ = [
    "application_object",
    "desktop_binding",
    "desktop_watch",
    "dictionaries",
    "hotkey",
    "login_start",
    "notifier",
    "portal",
    "session_bus",
    "ui",
    "updates",
    "user_timer",
    "window_request",
]
