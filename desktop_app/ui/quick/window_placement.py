"""Places the quick prompt where the user left it, relative to the screen with the pointer."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QCursor, QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

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

    def restore(self, shares: tuple[float, float] | None) -> None:
        """Set `shares` to the position of an earlier run."""
        self.shares = shares

    def place(self) -> None:
        """Place the window where the user has moved it, or near the top.

        The screen with the pointer is used.
        """
        screen = QGuiApplication.screenAt(QCursor.pos()) or self._window.screen()
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
            self.shares = (
                min(max(offset.x() / free_size.width(), 0.0), 1.0),
                min(max(offset.y() / free_size.height(), 0.0), 1.0),
            )

    def _free_size(self, screen: QScreen) -> QSize:
        """Return how far the window could be moved on a screen when it was opened, at least 1.

        An answer makes the window taller, but the window opens again without the answer.
        """
        return (screen.availableGeometry().size() - self._opened_size).expandedTo(QSize(1, 1))
