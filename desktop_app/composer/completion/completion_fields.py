"""Adapters for `PromptCompleter`: the text of both prompts, and their popups.

The list opens above the prompt of the main window, and below the field of the quick prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.composer.text.prompt_text import PromptText
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

SLASHES: Final = ("/", "／")
"""The characters that open the list; East Asian input methods type the wide slash."""
_GAP: Final = 6
_HEADER_HEIGHT, _MIN_LIST_HEIGHT = 46, 180
"""Pixels: the height of the window's header, and the least height of the list below it."""


class CompletionField:
    """Access to a prompt's text at the cursor, for `PromptCompleter`.

    Attributes:
        text: the widget.
    """

    def __init__(self, text: PromptText) -> None:
        self.text = text

    @property
    def text_before(self) -> str:
        """Return the line's text before the cursor.

        Return "" if text is selected or the line does not begin with a slash.
        """
        cursor = self.text.textCursor()
        block = cursor.block()
        if cursor.hasSelection() or block.text()[:1] not in SLASHES:
            return ""
        return utf16_slice(block.text(), 0, cursor.positionInBlock())

    def replace(self, count: int, text: str, cursor_offset: int, template_id: str = "") -> None:
        """Replace the selection, or else the end of `text_before`; the user can undo it.

        Args:
            count: the number of characters of `text_before` to replace; 0 if text is selected.
            text: the new text.
            cursor_offset: the new position of the cursor, in characters of `text`.
            template_id: the library prompt that the text comes from; "" for none.
        """
        cursor = self.text.textCursor()
        # PreviousCharacter would move by clusters of several characters, such as emoji.
        replaced_text = self.text_before[-count:] if count else ""
        start = cursor.selectionStart() - utf16_length(replaced_text)
        if replaced_text:
            cursor.setPosition(start, cursor.MoveMode.KeepAnchor)
        self.text.wrap_for(text)
        cursor.insertText(text)
        self.text.mark_template(template_id, start, cursor.position())
        cursor.setPosition(start + utf16_length(text[:cursor_offset]))
        self.text.setTextCursor(cursor)
        self.text.ensureCursorVisible()

    def begin_line(self) -> None:
        """Move the cursor to an empty line at the end, unless it is at the beginning of a line."""
        cursor = self.text.textCursor()
        cursor.clearSelection()
        if cursor.positionInBlock():
            cursor.movePosition(cursor.MoveOperation.End)
            if cursor.positionInBlock():
                cursor.insertBlock()
        self.text.setTextCursor(cursor)


class PopupAboveEditor(QObject):
    """Placement of a popup directly above the prompt, as wide as the prompt."""

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._popup: QWidget | None = None

    def show(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        window = self._editor.window()
        if widget.parent() is not window:
            widget.setParent(window)
        if self._popup is None:
            window.installEventFilter(self)
            self._editor.installEventFilter(self)
        self._popup = widget
        self._fit(widget)
        widget.show()
        widget.raise_()

    def hide(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        widget.hide()
        if self._popup is widget:
            self._popup = None
            self._editor.window().removeEventFilter(self)
            self._editor.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size and position of the window and of the prompt."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self._popup is not None:
            self._fit(self._popup)
        return False

    def _fit(self, widget: QWidget) -> None:
        position = self._editor.mapTo(self._editor.window(), QPoint())
        available_height = position.y() - 2 * _GAP
        height_below_header = available_height - _HEADER_HEIGHT
        if height_below_header >= _MIN_LIST_HEIGHT:  # otherwise it may cover the header
            available_height = height_below_header
        height = min(widget.sizeHint().height(), available_height)
        widget.setGeometry(position.x(), position.y() - _GAP - height, self._editor.width(), height)


class PopupBelowField:
    """Placement of a popup in the column of the quick prompt, which grows for it.

    Args:
        column, index: the layout, and the index of the popup in it.
        fit: adjusts the window to its new height.
    """

    def __init__(self, column: QVBoxLayout, index: int, fit: Callable[[], None]) -> None:
        self._column = column
        self._index = index
        self._fit = fit

    def show(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        if self._column.indexOf(widget) < 0:
            self._column.insertWidget(self._index, widget)
        widget.setFixedHeight(widget.sizeHint().height())
        widget.show()
        self._fit()

    def hide(self, widget: QWidget) -> None:
        """See PopupPlacement."""
        widget.hide()
        self._fit()
