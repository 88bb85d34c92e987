"""What a desktop offers its programs: the session bus, the portal, X11, sleep, timers."""

__all__ = [
    "application_object",
    "desktop_watch",
    "hotkey",
    "login_start",
    "notifier",
    "portal",
    "screen_readers",
    "session_bus",
    "user_timer",
]
