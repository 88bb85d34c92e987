"""What the transcript puts on the clipboard: a message, a block of code, what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QTextBlock

from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.shown_length import ShortenedMessage
from desktop_app.ui.transcript.selection import selected_text
from desktop_app.ui.transcript.transcript_styles import LOOK, Ground, Look
from desktop_app.ui.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.message_state import MessageState
    from desktop_app.ui.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.ui.widgets.clipboard import ClipboardCopier, Texts


class CopyActions(QObject):
    """Copies from one view.

    Signals:
        notice_raised(str): something to tell the person, who waits.
        code_copied(int): the code whose head is this block of the document.
    """

    notice_raised = Signal(str)
    code_copied = Signal(int)

    def __init__(
        self, view: QTextBrowser, messages: MaterializedMessages, reach: VirtualSelection
    ) -> None:
        super().__init__(view)
        self._view, self._messages, self._reach = view, messages, reach
        self._copying: ClipboardCopier | None = None

    def selected(self) -> QMimeData:
        """HTML, Markdown and plain text of what is selected: to be dragged, or for the middle button."""
        from desktop_app.ui.widgets.clipboard import mime_data

        return mime_data(self._reach.texts())

    def copy_selected(self) -> None:
        """Put what is selected on the clipboard."""
        if not self._reach.is_empty:
            self._put(self._reach.texts())

    def _put(self, texts: Texts) -> None:
        if self._copying is None:
            from desktop_app.ui.widgets.clipboard import ClipboardCopier  # not at start-up

            self._copying = ClipboardCopier(self)
            self._copying.slow.connect(lambda: self.notice_raised.emit("Copying…"))
            self._copying.done.connect(self._on_done)
        self._copying.put(texts)

    def _on_done(self, lasted: bool) -> None:
        if lasted:
            self.notice_raised.emit("Copied.")

    @property
    def is_on(self) -> bool:
        """Whether something that is copied is still being made."""
        return self._copying is not None and self._copying.is_on

    def copy_message(self, entry: MessageState) -> None:
        """Put a message on the clipboard: an answer as it was written, a question as it is read."""
        is_answer = entry.message.role is Role.ASSISTANT
        if isinstance(entry.message, ShortenedMessage) and entry.message.whole is not None:
            self._put(selected_text.texts_of_source(entry.message.whole.text))
            return
        text = entry.source
        is_written = self._messages.get(entry.message.id) is entry
        items = entry.section.items if is_written else entry.items()
        # Of a long answer that is still being opened, few items are there.
        is_short = len(text) <= selected_text.FEW_CHARACTERS and selected_text.are_few(items)
        source = text if is_answer else None
        self._put(selected_text.texts_of(entry.blocks(), source, is_short=is_short))

    def copy_code(self, head: int) -> None:
        """Put on the clipboard the code whose head is block number `head` of the document."""
        found = self._messages.writer.sections.section_at(head)
        entry = self._messages.get(found[0].key) if found is not None else None
        if found is not None and entry is not None:
            self._put(selected_text.texts_of_code(entry.code_at(found[0].item_at(found[1]))))
            self.code_copied.emit(head)

    def copy_code_here(self) -> None:
        """Put on the clipboard the block of code at the text cursor, else the last one on screen."""
        head = self.code_head(self._view.textCursor().block())
        if head is None:
            shown = list(visible_blocks(self._view))
            block = shown[-1] if shown else QTextBlock()
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
