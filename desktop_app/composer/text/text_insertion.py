"""Insert pasted, dropped and other text into a prompt.

Files, images and very long texts are not inserted: signals ask to attach them.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop_app.composer.dropped_content import DroppedContent
from desktop_app.widgets.text.foreign_text import PlainTextField
from desktop_app.widgets.text.utf16 import utf16_slice

LARGE_PASTE_CHARACTERS: Final = 20_000
"""A longer pasted text becomes an attachment."""
MAX_TEXT_CHARACTERS: Final = 1_000_000
"""Longer texts are attached instead of inserted, because their layout would be slow."""


class TextInsertion(QObject):
    """The insertion of content at the cursor of a text field. See the module.

    Signals:
        files_pasted(list[Path]), data_pasted(DroppedData), large_text_pasted(str): pasted or
            dropped.
        large_rich_text_pasted(str text, str html): the same with formatting.
        rich_text_pasted(RichTextPaste): plain text was inserted; convert its HTML to Markdown.
        notice_raised(str): a sentence about content that was left out.
    """

    files_pasted = Signal(list)
    data_pasted = Signal(object)
    large_text_pasted = Signal(str)
    large_rich_text_pasted = Signal(str, str)
    rich_text_pasted = Signal(object)
    notice_raised = Signal(str)

    def __init__(self, field: PlainTextField) -> None:
        super().__init__(field)
        self._field = field

    def separate_from_word(self) -> None:
        """Insert a space if the cursor directly follows a word."""
        cursor = self._field.textCursor()
        text_before = utf16_slice(cursor.block().text(), 0, cursor.positionInBlock())
        if text_before and not text_before[-1].isspace():
            cursor.insertText(" ")

    def insert_dropped(self, dropped: DroppedContent) -> None:
        """Insert text at the cursor; emit signals for everything else."""
        # Imported here and below because start-up does not need it.
        from desktop_app.composer.text.rich_text_paste import RichTextPaste, text_of_html

        if dropped.files:
            self.files_pasted.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_pasted.emit(dropped.data)
        if dropped.length > LARGE_PASTE_CHARACTERS:
            if dropped.html:
                self.large_rich_text_pasted.emit(dropped.text, dropped.html)
            else:
                self.large_text_pasted.emit(dropped.text)
        elif dropped.is_text:
            text = dropped.text or text_of_html(dropped.html)
            self._field.wrap_for(text)
            cursor = self._field.textCursor()
            if dropped.html:
                self.rich_text_pasted.emit(RichTextPaste(cursor, text, dropped.html))
            else:
                cursor.insertText(text)
        if dropped.is_text:
            self._field.ensureCursorVisible()
        if dropped.note:
            self.notice_raised.emit(dropped.note)

    def paste_plain(self) -> None:
        """Insert the clipboard's plain text; a text beyond MAX_TEXT_CHARACTERS is attached."""
        from PySide6.QtGui import QGuiApplication

        from desktop_app.composer.dropped_content import remove_invalid_characters

        text, note = remove_invalid_characters(QGuiApplication.clipboard().text())
        self.insert_plain(text)
        if note:
            self.notice_raised.emit(note)

    def insert_plain(self, text: str) -> None:
        """Insert text at the cursor, unchanged; texts beyond MAX_TEXT_CHARACTERS are attached.

        Without text, keep the selection, which may be all that the user has typed.
        """
        if not text:
            return
        if len(text) > MAX_TEXT_CHARACTERS:
            self.large_text_pasted.emit(text)
            return
        self._field.wrap_for(text)
        self._field.textCursor().insertText(text)
        self._field.ensureCursorVisible()
