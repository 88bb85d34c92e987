"""The text field of a prompt: its keys, and what is pasted or dropped into it.

It leaves keys to an input method while that is composing. Files, images and very long texts are
not inserted: signals ask to attach them. The widget around it sets its height.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetricsF, QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.composer.dropped_content import DroppedContent
from desktop_app.composer.written_field import WrittenField, pressed_keys
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.direction import is_right_to_left
from desktop_app.widgets.look.theme import Theme, current_theme
from desktop_app.widgets.text.utf16 import utf16_slice

LARGE_PASTE_CHARACTERS: Final = 20_000
"""A longer pasted text becomes an attachment."""
MAX_TEXT_CHARACTERS: Final = 1_000_000
"""Longer texts are attached instead of inserted, because their layout would be slow."""
_MEASURED_PARAGRAPHS: Final = 64  # more than any prompt shows without scrolling


class PromptText(WrittenField):
    """The field for the prompt's text. See the module.

    Args:
        font_of: returns the font of a theme.

    Attributes:
        can_stop: whether the stop key stops an answer.
        undos: called at Ctrl+Z, the last one first; emptied if the text changes.

    Signals:
        send_pressed, stop_pressed: a key was pressed.
        edit_last_requested(): Up was pressed in the empty text.
        large_text_pasted(str): pasted or dropped.
        large_rich_text_pasted(str text, str html): the same with formatting.
        focus_changed(bool), height_changed(): for the surrounding card.
    """

    send_pressed = Signal()
    stop_pressed = Signal()
    edit_last_requested = Signal()
    large_text_pasted = Signal(str)
    large_rich_text_pasted = Signal(str, str)
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self, *, font_of: Callable[[Theme], QFont] = Theme.reading) -> None:
        super().__init__()
        self._font_of = font_of
        self._send_keys = "Return"
        self._stop_keys = "Esc"
        self.can_stop = False
        self.undos: list[Callable[[], object]] = []
        self.textChanged.connect(self.undos.clear)
        self._template_id = ""
        self.setObjectName("prompt")
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr("Ask anything, or drop a document"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._apply_font()
        self.document().documentLayout().documentSizeChanged.connect(self.height_changed)
        self.textChanged.connect(self._align)
        self._align()

    @property
    def template_id(self) -> str:
        """Return the id of the library prompt in the text, "" if none of its text is left."""
        if (
            not self._template_id
            or self._template_start.position() >= self._template_end.position()
        ):
            return ""
        return self._template_id

    def set_text(self, text: str, template_id: str = "") -> None:
        """Replace the text, with the cursor at its end.

        `template_id` is the library prompt that the text comes from; "" for none.
        """
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.mark_template(template_id, 0, self.document().characterCount() - 1)

    def mark_template(self, template_id: str, start: int, end: int) -> None:
        """Record that the text between two positions is a template's; "" records nothing."""
        if template_id:
            self._template_id = template_id
            self._template_start = QTextCursor(self.document())
            self._template_start.setPosition(start)
            self._template_end = QTextCursor(self.document())
            self._template_end.setPosition(end)
            self._template_end.setKeepPositionOnInsert(True)  # later text belongs to the user

    def update_theme(self) -> None:
        self._apply_font()
        if self._spelling is not None:
            self._spelling.update_theme()
        # Once a style sheet has styled the viewport, the viewport inherits no font, but the
        # placeholder uses the viewport's font. Not in `_apply_font`, because PySide takes 15 ms for
        # the first widget that Qt created.
        self.viewport().setFont(self.font())

    def _align(self) -> None:
        """Align the text by the direction of its first line; Qt aligns all paragraphs alike."""
        text = self.document().firstBlock().text()
        is_from_right = is_right_to_left(text) if text else self.isRightToLeft()
        option = self.document().defaultTextOption()
        alignment = Qt.AlignmentFlag.AlignRight if is_from_right else Qt.AlignmentFlag.AlignLeft
        if option.alignment() != alignment:
            option.setAlignment(alignment)
            self.document().setDefaultTextOption(option)

    def _apply_font(self) -> None:
        theme = current_theme()
        self.setFont(self._font_of(theme))
        self.document().setDocumentMargin(theme.px(2))
        self.setCursorWidth(theme.px(1))
        self.height_changed.emit()

    # ------------------------------------------------------------------ height

    def fit_height(self, limit: int) -> None:
        """Set the height of the lines, at most `limit` pixels or three lines, whichever is more.

        Beyond the limit, the text scrolls.
        """
        document = self.document()
        # Qt lays a paragraph out when it is painted; until then it counts as a single line.
        block = document.firstBlock()
        for _ in range(_MEASURED_PARAGRAPHS):
            if not block.isValid():
                break
            document.documentLayout().blockBoundingRect(block)
            block = block.next()
        # The size of a plain text document is in lines.
        needed_height = self.height_of_lines(max(1, round(document.size().height())))
        limit = max(limit, 3 * self.fontMetrics().lineSpacing())
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if needed_height > limit else policy.ScrollBarAlwaysOff
        )
        height = min(needed_height, limit)
        if height != self.height():
            self.setFixedHeight(height)

    def height_of_lines(self, line_count: int) -> int:
        """Return the height in pixels of a number of lines."""

        line_height = math.ceil(QFontMetricsF(self.font()).height())  # rounded up as in Qt's layout
        return line_count * line_height + 2 * round(self.document().documentMargin()) + 1

    # ------------------------------------------------------------------ keys

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the keys for send, stop and plain paste."""
        self._send_keys = keymap.shortcut_of("prompt.send")
        self._stop_keys = keymap.shortcut_of("prompt.stop")
        self.set_plain_paste_keys(keymap)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pressed = pressed_keys(event)
        is_composing = self.is_composing
        if pressed in ("Shift+Return", "Ctrl+Return") and self._send_keys != pressed:
            # By default, Qt inserts nothing for Ctrl, and for Shift a line separator, which other
            # programs do not treat as a line break.
            if not is_composing:
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif pressed and pressed == self._send_keys:
            if not is_composing:
                self.send_pressed.emit()
        elif pressed and pressed == self.plain_paste_keys:
            if not is_composing:
                self.paste_plain()
        elif pressed and pressed == self._stop_keys and self.can_stop and not is_composing:
            self.stop_pressed.emit()
        elif pressed == "Up" and self.document().isEmpty() and not is_composing:
            self.edit_last_requested.emit()
        elif pressed == "Ctrl+Z" and self.undos and not is_composing:
            self.undos.pop()()
        elif pressed in ("Return", "Esc") and is_composing:
            event.accept()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ insertion

    def separate_from_word(self) -> None:
        """Insert a space if the cursor directly follows a word."""
        cursor = self.textCursor()
        text_before = utf16_slice(cursor.block().text(), 0, cursor.positionInBlock())
        if text_before and not text_before[-1].isspace():
            cursor.insertText(" ")

    def insert_text_of(self, dropped: DroppedContent) -> None:
        if dropped.length <= LARGE_PASTE_CHARACTERS:
            super().insert_text_of(dropped)
        elif dropped.html:
            self.large_rich_text_pasted.emit(dropped.text, dropped.html)
        else:
            self.large_text_pasted.emit(dropped.text)

    def insert_plain(self, text: str) -> None:
        """Insert text at the cursor, unchanged; texts beyond MAX_TEXT_CHARACTERS are attached."""
        if len(text) > MAX_TEXT_CHARACTERS:
            self.large_text_pasted.emit(text)
        else:
            super().insert_plain(text)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as plain text only; by default, Qt also offers HTML."""
        data = QMimeData()
        data.setText(self.textCursor().selection().toPlainText())
        return data

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.height_changed.emit()
