"""What the transcript puts on the clipboard: a message, a block of code, what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.conversation import Role
from desktop_app.ui.transcript import selection
from desktop_app.ui.transcript.styles import LOOK, Ground, Look

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.entry import Entry
    from desktop_app.ui.transcript.written import WrittenMessages


class Copies:
    """Copies from one view."""

    def __init__(self, view: QTextBrowser, messages: WrittenMessages) -> None:
        self._view, self._messages = view, messages

    def selected(self) -> QMimeData:
        """HTML, Markdown and plain text of what is selected."""
        return selection.selected(self._messages.writer, self._view.textCursor())

    def copy_message(self, entry: Entry) -> None:
        """Put a message on the clipboard: an answer as it was written, a question as it is read."""
        is_answer = entry.message.role is Role.ASSISTANT
        source = entry.text or entry.message.text if is_answer else None
        QGuiApplication.clipboard().setMimeData(selection.mime_data(entry.blocks(), source))

    def copy_code(self, head: int) -> None:
        """Put on the clipboard the code whose head is block number `head` of the document."""
        found = self._messages.writer.section_at(head)
        entry = self._messages.get(found[0].key) if found is not None else None
        if found is not None and entry is not None:
            lines = entry.code_at(found[0].item_at(found[1]))
            QGuiApplication.clipboard().setMimeData(selection.code_mime_data(lines))

    def copy_code_here(self) -> None:
        """Put on the clipboard the block of code at the text cursor, else the last one on screen."""
        head = self.code_head(self._view.textCursor().block())
        if head is None:
            viewport = self._view.viewport()
            corner = QPoint(viewport.width(), viewport.height())
            block = self._view.cursorForPosition(corner).block()
            while block.isValid() and head is None:
                head, block = self.code_head(block), block.previous()
        if head is not None:
            self.copy_code(head.blockNumber())

    def code_head(self, block: QTextBlock) -> QTextBlock | None:
        """The head of the block of code that a block of the document is part of."""
        ground = Look.GROUND & block.blockFormat().intProperty(LOOK)
        while block.isValid() and Ground(ground) is Ground.CODE:
            look = block.blockFormat().intProperty(LOOK)
            if look & Look.HEAD:
                return block
            ground, block = look & Look.GROUND, block.previous()
        return None
