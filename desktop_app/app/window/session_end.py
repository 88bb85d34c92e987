"""Detects the end of the desktop session."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication


def is_session_ending() -> bool:
    """Return True while the desktop session ends, when a question would block the logout."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()
