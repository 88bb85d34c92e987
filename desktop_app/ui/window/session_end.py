"""Notices the end of the desktop session."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication


def is_session_ending() -> bool:
    """Return True if the user logs out: a question would stop that, and nobody could answer it."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()
