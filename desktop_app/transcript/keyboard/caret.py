"""Moves the text cursor of the transcript with keys, starting from the visible text.

Before the user places the cursor, inserted text pushes it to the end of the document, and the mouse
wheel may scroll it off screen. A key that moved the cursor from there would scroll to it or do
nothing. So the cursor first moves to the visible text. While a screen reader runs, only a cursor at
the end of the document moves, because the reader reads at the cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QTextCursor

from desktop_app.transcript.selection.virtual_selection import set_cursor

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QTextBrowser

_UPWARD_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_PageUp)
_DOWNWARD_KEYS: Final = (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_PageDown)
_STEP_LINES: Final = 2
"""Lines by which an arrow key scrolls."""


class Caret:
    """The caret of a view."""

    def __init__(self, view: QTextBrowser) -> None:
        self._view = view

    def place_for_reader(self, position: int) -> None:
        """Move the caret from the end of the document to `position`, for a screen reader.

        At the end, new text would push the caret along and be read out piece by piece.
        """
        cursor = self._view.textCursor()
        if QAccessible.isActive() and cursor.atEnd() and not cursor.hasSelection():
            cursor.setPosition(position)
            set_cursor(self._view, cursor)

    def handle_key(self, event: QKeyEvent) -> bool:
        """Bring the caret on screen before a key moves it; if it is hidden, Up and Down scroll.

        The caret is shown only if the view got the focus by keyboard. Return True if the key was
        handled.
        """
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if (
            event.key() not in (*_UPWARD_KEYS, *_DOWNWARD_KEYS)
            or modifiers & Qt.KeyboardModifier.ShiftModifier
        ):
            return False
        scrolls = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not modifiers
        if scrolls and not self._view.cursorWidth() and not QAccessible.isActive():
            bar = self._view.verticalScrollBar()
            step = _STEP_LINES * self._view.fontMetrics().lineSpacing()
            bar.setValue(bar.value() + (step if event.key() == Qt.Key.Key_Down else -step))
            return True
        self._bring_on_screen(upwards=event.key() in _UPWARD_KEYS)
        return False

    def _bring_on_screen(self, *, upwards: bool) -> None:
        """Move an off-screen caret to the last visible line before a move up, else to the first.

        With a screen reader, move only a caret at the end of the document.
        """
        view = self._view
        area = view.viewport().rect()
        is_read_elsewhere = QAccessible.isActive() and not view.textCursor().atEnd()
        if is_read_elsewhere or area.contains(view.cursorRect().center()):
            return
        corner = QPoint(0, area.height() - 1) if upwards else QPoint(0, 0)
        cursor = view.cursorForPosition(corner)
        rect = view.cursorRect(cursor)
        if rect.top() < 0 or rect.bottom() > area.height():  # a line that is cut by the edge
            move = QTextCursor.MoveOperation
            cursor.movePosition(move.Up if upwards else move.Down)
        set_cursor(self._view, cursor)
