"""The quick prompt as a window: its place on the screen in use, and its frame on X11."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QCursor, QGuiApplication, QPainterPath, QRegion, QScreen
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.look.theme import RADIUS_CARD, current_theme

TOP_SHARE: Final = 0.2
"""The share of the screen's height above a window that was not moved."""


class WindowPlacement:
    """The position of a window on the screen, kept once the user has moved the window.

    Attributes:
        shares: the position to which the user moved the window, as shares of the screen's free
            space; None if it was not moved.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.shares: tuple[float, float] | None = None
        self._opened_at = window.pos()
        self._opened_size = window.size()

    def restore(self, stored: Sequence[float] | None) -> None:
        """Set `shares` to the position of an earlier run; None for none."""
        if stored is not None:
            x, y = stored
            self.shares = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)

    def place(self) -> None:
        """Place the window where the user has moved it, or near the top.

        The screen of the window with the focus is used; if that is unknown, that of the pointer.
        """
        screen = _screen_in_use() or self._window.screen()
        self._opened_size = self._window.size()
        screen_rect = screen.availableGeometry()
        if self.shares is None:
            x = screen_rect.width() // 2 - self._window.width() // 2
            y = round(screen_rect.height() * TOP_SHARE)
        else:
            free_size = self._free_size(screen)
            x = round(self.shares[0] * free_size.width())
            y = round(self.shares[1] * free_size.height())
        self._opened_at = QPoint(screen_rect.left() + x, screen_rect.top() + y)
        self._window.move(self._opened_at)

    def record(self) -> None:
        """Set `shares` if the user moved the window."""
        if self._window.pos() != self._opened_at:
            screen = self._window.screen()
            free_size = self._free_size(screen)
            offset = self._window.pos() - screen.availableGeometry().topLeft()
            self.restore([offset.x() / free_size.width(), offset.y() / free_size.height()])

    def _free_size(self, screen: QScreen) -> QSize:
        """Return how far the window could be moved on a screen when it was opened, at least 1.

        An answer makes the window taller, but the window opens again without the answer.
        """
        return (screen.availableGeometry().size() - self._opened_size).expandedTo(QSize(1, 1))


def _screen_in_use() -> QScreen | None:
    """Return the screen of the window with the focus, of any program on X11, or of the pointer."""
    if QGuiApplication.platformName() == "xcb":
        from desktop_app.desktop_session.hotkey.x11_keys import focused_center

        center = QPoint(*focused_center())
        for screen in QGuiApplication.screens():  # their sizes are scaled, their corners are not
            size = screen.size() * screen.devicePixelRatio()
            if QRect(screen.geometry().topLeft(), size).contains(center):
                return screen
    return QGuiApplication.screenAt(QCursor.pos())


class X11Frame(QObject):
    """The frame of a window. Without a compositor, X11 shows transparent corners in black."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            shape, radius = QPainterPath(), current_theme().px(RADIUS_CARD)
            shape.addRoundedRect(QRectF(self._window.rect()), radius, radius)
            self._window.setMask(QRegion(shape.toFillPolygon().toPolygon()))
        elif event.type() == QEvent.Type.Show and not event.spontaneous():
            from desktop_app.desktop_session.hotkey.x11_keys import skip_task_lists

            window_id = int(self._window.winId())
            QGuiApplication.queryKeyboardModifiers()  # a round trip: the server knows the window
            skip_task_lists(window_id)
        return False
