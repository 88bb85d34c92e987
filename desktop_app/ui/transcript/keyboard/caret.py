"""The text cursor of the transcript, as a caret: keys move it from where one reads.

What is written pushes a cursor that nobody has put anywhere to the end, and the wheel leaves it behind.
A key that moved it from there would take the reader away, or do nothing at all. Whoever listens reads
where it is, on screen or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QTextCursor

from desktop_app.ui.transcript.selection.virtual_selection import set_cursor

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QTextBrowser

_UP: Final = (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_PageUp)
_DOWN: Final = (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_PageDown)
_STEP_LINES: Final = 2


class Caret:
    """The caret of one view."""

    def __init__(self, view: QTextBrowser) -> None:
        self._view = view

    def settle(self, begin: int) -> None:
        """The keyboard has come. Whoever listens finds the caret at the beginning of the newest
        message, where what arrives does not push it along and have it read out with each piece."""
        cursor = self._view.textCursor()
        if QAccessible.isActive() and cursor.atEnd() and not cursor.hasSelection():
            cursor.setPosition(begin)
            set_cursor(self._view, cursor)

    def before(self, event: QKeyEvent) -> bool:
        """A key is to move the caret. One that is not on screen is brought there; where it is not
        seen at all, as the mouse leaves it, the text moves instead: whether that was done."""
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() not in (*_UP, *_DOWN) or plain & Qt.KeyboardModifier.ShiftModifier:
            return False
        vertical = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        if vertical and not plain and not self._view.cursorWidth() and not QAccessible.isActive():
            bar = self._view.verticalScrollBar()
            step = _STEP_LINES * self._view.fontMetrics().lineSpacing()
            bar.setValue(bar.value() + (step if event.key() == Qt.Key.Key_Down else -step))
            return True
        self._bring(upwards=event.key() in _UP)
        return False

    def _bring(self, *, upwards: bool) -> None:
        """Have the caret on the last line on screen if it is to go up from there, else on the
        first."""
        view = self._view
        area = view.viewport().rect()
        is_heard = QAccessible.isActive() and not view.textCursor().atEnd()
        if is_heard or area.contains(view.cursorRect().center()):
            return
        corner = QPoint(0, area.height() - 1) if upwards else QPoint(0, 0)
        found = view.cursorForPosition(corner)
        place, move = view.cursorRect(found), QTextCursor.MoveOperation
        if place.top() < 0 or place.bottom() > area.height():
            found.movePosition(move.Up if upwards else move.Down)
        set_cursor(self._view, found)
