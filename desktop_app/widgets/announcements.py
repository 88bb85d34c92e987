"""Says what happens to screen readers, which themselves say only what has the focus.

Orca knows announcements since version 45. For a reader that does not, the same words are the name
of a notification that is shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from desktop_app.widgets.text.foreign_text import spoken_text

_READ_MS: Final = 60_000
"""Time after which a reader has read the name of a notification."""
_start: Callable[[Coroutine[Any, Any, None]], object] | None = None
_lack_announcements: Callable[[], Awaitable[bool]]


class _Notification(QWidget):
    accessible_role = "Notification"


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader speak a text that concerns a widget; "" is ignored."""
    if text and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
        if _start is not None:
            _start(_show_if_needed(widget, text))


def use_notifications(
    start: Callable[[Coroutine[Any, Any, None]], object],
    lack_announcements: Callable[[], Awaitable[bool]],
) -> None:
    """Show announcements as notifications, too, while a reader knows no announcements.

    Args:
        start: starts a task.
        lack_announcements: returns whether there is such a reader.
    """
    global _start, _lack_announcements
    _start, _lack_announcements = start, lack_announcements


async def _show_if_needed(widget: QWidget, text: str) -> None:
    if await _lack_announcements() and isValid(widget):
        notification = _Notification(widget.window())
        notification.setAccessibleName(spoken_text(text))
        QAccessible.updateAccessibility(
            QAccessibleEvent(notification, QAccessible.Event.ObjectShow)
        )
        QTimer.singleShot(_READ_MS, notification, notification.deleteLater)
