"""A segment area whose text can be selected with the mouse and the keyboard, and read out."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QApplication

from desktop_app.i18n.translation import tr
from desktop_app.transcript.decorations import Decorations
from desktop_app.transcript.painted_area import PaintedArea
from desktop_app.transcript.segment import ArticleList, Place
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.text_selection import TextSelection
from desktop_app.widgets.key_modifiers import without_keypad
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.clipboard import PLAIN, copy_texts, copyable, mime_data

TEMPORARY_REASONS: Final = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The reasons if another window or a menu takes the focus, which comes back afterwards."""

_Move = QTextCursor.MoveOperation
_Keys = QKeySequence.StandardKey
_SCROLL_MS: Final = 30
"""Milliseconds between the steps in which a drag beyond the edge scrolls."""
_STEP_LINES: Final = 2
"""Lines by which an arrow key scrolls while there is no caret."""
_KEYBOARD_REASONS: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_START_KEYS: Final = (_Keys.MoveToStartOfDocument, _Keys.SelectStartOfDocument)
_END_KEYS: Final = (_Keys.MoveToEndOfDocument, _Keys.SelectEndOfDocument)
_CARET_KEYS: Final = (
    (_Keys.MoveToNextChar, _Move.Right, False),
    (_Keys.MoveToPreviousChar, _Move.Left, False),
    (_Keys.MoveToNextWord, _Move.WordRight, False),
    (_Keys.MoveToPreviousWord, _Move.WordLeft, False),
    (_Keys.MoveToNextLine, _Move.Down, False),
    (_Keys.MoveToPreviousLine, _Move.Up, False),
    (_Keys.SelectNextChar, _Move.Right, True),
    (_Keys.SelectPreviousChar, _Move.Left, True),
    (_Keys.SelectNextWord, _Move.WordRight, True),
    (_Keys.SelectPreviousWord, _Move.WordLeft, True),
    (_Keys.SelectNextLine, _Move.Down, True),
    (_Keys.SelectPreviousLine, _Move.Up, True),
    (_Keys.SelectStartOfLine, _Move.StartOfLine, True),
    (_Keys.SelectEndOfLine, _Move.EndOfLine, True),
    (_Keys.SelectStartOfBlock, _Move.StartOfBlock, True),
    (_Keys.SelectEndOfBlock, _Move.EndOfBlock, True),
)


class TextArea(PaintedArea):
    """A read-only text.

    Attributes:
        selection: the selection and the caret.
        has_visible_caret: whether the focus came by keyboard, so that the caret is painted.
    """

    def __init__(self, theme: Theme, articles: ArticleList) -> None:
        super().__init__(theme)
        self.articles = articles
        self.has_visible_caret = False
        self.selection = TextSelection(self)
        self._selects_by: str = ""  # what a drag of the mouse extends the selection by
        self._dragged_to = QPoint()
        self._scroll_timer = QTimer(self, interval=_SCROLL_MS)
        self._scroll_timer.timeout.connect(self._scroll_while_selecting)

    # ------------------------------------------------------------------ selection

    def on_selection_changed(self) -> None:
        """Paint the selection and the caret, and tell screen readers."""
        self.viewport().update()
        if QAccessible.isActive():
            event = QAccessibleEvent(self, QAccessible.Event.TextCaretMoved)
            QAccessible.updateAccessibility(event)

    def copy_selected(self) -> bool:
        """Copy the selection to the clipboard. Return False if nothing is selected."""
        texts = self.selection.texts()
        if texts is None:
            return False
        copy_texts(texts)
        return True

    def place_caret(self, place: Place) -> None:
        self.selection.place_caret(place)
        self.show_caret()

    def show_caret(self) -> None:
        caret = self.selection.caret
        if caret is None:
            return
        y = self.y_of(caret)
        rect = self.rect_of(caret)
        if y is not None and rect is not None:
            rect.moveTop(y - self.scroll_y)
            self.bring_on_screen(rect)

    def is_selected_at(self, point: QPoint) -> bool:
        found = self._found_at(point)
        if found is None:
            return False
        shown, position = found
        selected = self.selection.range_in(shown)
        return selected is not None and selected[0] <= position < selected[1]

    # ------------------------------------------------------------------ painting

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the selected range."""
        selected = self.selection.range_in(shown)
        if selected is None:
            return []
        char_format = QTextCharFormat()
        char_format.setBackground(self.theme.accent)
        char_format.setForeground(self.theme.on_accent)
        return [Mark(*selected, char_format)]

    def _paint_over(
        self, painter: QPainter, _shown: list[tuple[ShownSegment, Decorations]], _area: QRect
    ) -> None:
        """Paint the caret."""
        if self.hasFocus() and self.has_visible_caret and self.selection.caret is not None:
            caret = self.rect_of(self.selection.caret)
            if caret is not None:
                painter.fillRect(caret, self.theme.text)

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a selection."""
        if event.button() == Qt.MouseButton.LeftButton:
            is_held = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._begin_selection(event.position().toPoint(), extends=is_held)

    def _begin_selection(self, position: QPoint, *, extends: bool) -> None:
        place = self.place_near(position)
        if place is None:
            return
        self._selects_by = "character"
        if extends:
            self.selection.extend_to(place)
        else:
            self.selection.place_caret(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the selection."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._selects_by:
            self._extend_selection(event.position().toPoint())

    def _extend_selection(self, position: QPoint) -> None:
        self._dragged_to = position
        inside = QPoint(position.x(), min(max(position.y(), 0), self.viewport().height() - 1))
        place = self.place_near(inside)
        if place is not None:
            self.selection.extend_to(place)
        if not self.selection.is_empty:
            self.follow(False)  # otherwise the text would move while it is being selected
        is_outside = inside.y() != position.y()
        if is_outside and not self._scroll_timer.isActive():
            self._scroll_timer.start()
        elif not is_outside:
            self._scroll_timer.stop()

    def _scroll_while_selecting(self) -> None:
        """Scroll while the mouse is held above or below the viewport."""
        y = self._dragged_to.y()
        height = self.viewport().height()
        distance = y if y < 0 else y - height
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + distance)
        self._extend_selection(self._dragged_to)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the selection."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._scroll_timer.stop()
        clipboard = QApplication.clipboard()  # for pasting with the middle button
        if self._selects_by and clipboard.supportsSelection() and (texts := self.selection.texts()):
            clipboard.setText(copyable("".join(texts[PLAIN]())), clipboard.Mode.Selection)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the word under the pointer."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        found = self._found_at(event.position().toPoint())
        if found is not None:
            shown, position = found
            self.selection.select_word(shown, position)
            self._selects_by = "word"

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = ProgramMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if not self.selection.is_empty:
            menu.addAction(tr("Copy"), self.copy_selected)
        menu.addAction(tr("Select all"), self.selection.select_all)
        menu.popup(event.globalPos())

    # ------------------------------------------------------------------ focus

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus if it came by keyboard."""
        if event.reason() not in TEMPORARY_REASONS:
            self.has_visible_caret = event.reason() in _KEYBOARD_REASONS
        self.show_focus_frame()
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._focus_frame.hide()
        self.viewport().update()

    def show_focus_frame(self) -> None:
        """Show the frame while the text as a whole has the focus by keyboard."""
        self._focus_frame.setVisible(self.hasFocus() and self.has_visible_caret)

    # ------------------------------------------------------------------ keyboard

    def scroll_to_start(self) -> None:
        self.verticalScrollBar().setValue(0)

    def scroll_to_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys that copy, select, scroll and move the caret."""
        if self._handle_ends(event):
            return
        if event.matches(_Keys.Copy):
            self.copy_selected()
        elif not self._move_caret(event):
            event.ignore()

    def _handle_ends(self, event: QKeyEvent) -> bool:
        """Handle the keys that go to an end of the text, or select to it; with Ctrl, with caret."""
        ends = self.selection.all_ends()
        if event.matches(_Keys.SelectAll):
            self.selection.select_all()
            return True
        is_plain = without_keypad(event) == Qt.KeyboardModifier.NoModifier
        for number, key, move, select, scroll in (
            (0, Qt.Key.Key_Home, *_START_KEYS, self.scroll_to_start),
            (1, Qt.Key.Key_End, *_END_KEYS, self.scroll_to_end),
        ):
            if ends is not None and event.matches(select):
                self.selection.extend_to(ends[number])
                scroll()
                return True
            if event.matches(move) or (is_plain and event.key() == key):
                scroll()
                if ends is not None and event.matches(move):
                    self.selection.place_caret(ends[number])
                return True
        return False

    def _move_caret(self, event: QKeyEvent) -> bool:
        """Move the caret from the visible text on, or scroll if there is no caret."""
        bar = self.verticalScrollBar()
        modifiers = without_keypad(event)
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._move_page(
                forward=event.key() == Qt.Key.Key_PageDown,
                selects=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
            )
            return True
        if event.key() == Qt.Key.Key_Space:
            bar.triggerAction(bar.SliderAction.SliderPageStepAdd)
            return True
        is_vertical = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not modifiers
        if is_vertical and not self.has_visible_caret and not QAccessible.isActive():
            step = _STEP_LINES * self.fontMetrics().lineSpacing()
            bar.setValue(bar.value() + (step if event.key() == Qt.Key.Key_Down else -step))
            return True
        for key, move, selects in _CARET_KEYS:
            if event.matches(key):
                if not selects:
                    upwards = move in (_Move.Up, _Move.Left, _Move.WordLeft)
                    self._bring_caret_on_screen(upwards=upwards)
                if self.selection.move(move, selects=selects):
                    self.follow(False)
                    self.show_caret()
                return True
        return False

    def _move_page(self, *, forward: bool, selects: bool) -> None:
        bar = self.verticalScrollBar()
        if not self.has_visible_caret and not selects:
            action = bar.SliderAction
            bar.triggerAction(action.SliderPageStepAdd if forward else action.SliderPageStepSub)
            return
        self._bring_caret_on_screen(upwards=not forward)
        caret = self.selection.caret
        rect = self.rect_of(caret) if caret is not None else None
        bar.setValue(bar.value() + (1 if forward else -1) * (bar.pageStep() - self.theme.px(40)))
        if rect is not None:
            target = self.place_near(rect.center().toPoint())
            if target is not None:
                self.selection.set(self.selection.anchor if selects else target, target)

    def _bring_caret_on_screen(self, *, upwards: bool) -> None:
        """Move an off-screen caret to the last visible line before a move up, else to the first.

        With a screen reader, a caret that was placed stays, because the reader reads there.
        """
        caret = self.selection.caret
        if caret is not None:
            rect = self.rect_of(caret)
            is_visible = rect is not None and self.viewport().rect().contains(
                rect.center().toPoint()
            )
            if is_visible or QAccessible.isActive():
                return
        corner = QPoint(0, self.viewport().height() - 1) if upwards else QPoint(0, 0)
        place = self.place_near(corner)
        if place is None:
            return
        self.selection.place_caret(place)
        rect = self.rect_of(place)
        height = self.viewport().height()
        if rect is not None and (rect.top() < 0 or rect.bottom() > height):  # cut by the edge
            self.selection.move(_Move.Up if upwards else _Move.Down, selects=False)

    # ------------------------------------------------------------------ other programs

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text; code only as plain text."""
        return mime_data(self.selection.texts() or {})
