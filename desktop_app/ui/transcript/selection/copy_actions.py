"""Copies messages, blocks of code and the selection to the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QTextBlock

from desktop_app.domain.answering.shown_length import ShownMessage
from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import tr
from desktop_app.ui.transcript.selection import selected_text
from desktop_app.ui.transcript.transcript_styles import LOOK, Ground, Look
from desktop_app.ui.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.message_state import MessageState
    from desktop_app.ui.transcript.selection.virtual_selection import VirtualSelection
    from desktop_app.ui.widgets.text.clipboard import ClipboardCopier, ClipboardTexts


class CopyActions(QObject):
    """The copy actions of one view.

    Signals:
        notice_raised(str): a notice for the user, who is waiting.
        code_copied(int): the code with this head block number was copied.
    """

    notice_raised = Signal(str)
    code_copied = Signal(int)

    def __init__(
        self, view: QTextBrowser, messages: MaterializedMessages, selection: VirtualSelection
    ) -> None:
        super().__init__(view)
        self._view, self._messages, self._selection = view, messages, selection
        self._copier: ClipboardCopier | None = None

    def selection_data(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text.

        Used for dragging and for the primary selection (middle mouse button).
        """
        from desktop_app.ui.widgets.text.clipboard import mime_data

        return mime_data(self._selection.texts())

    def copy_selected(self) -> bool:
        """Copy the selection to the clipboard. Return False if nothing is selected."""
        if self._selection.is_empty:
            return False
        self._copy(self._selection.texts())
        return True

    def _copy(self, texts: ClipboardTexts) -> None:
        if self._copier is None:
            from desktop_app.ui.widgets.text.clipboard import ClipboardCopier  # not at start-up

            self._copier = ClipboardCopier(self)
            self._copier.delayed.connect(lambda: self.notice_raised.emit(tr("Copying…")))
            self._copier.done.connect(self._on_done)
        self._copier.put(texts)

    def _on_done(self, was_slow: bool) -> None:
        if was_slow:
            self.notice_raised.emit(tr("Copied"))

    @property
    def is_building(self) -> bool:
        """Return True while a copy is still being prepared."""
        return self._copier is not None and self._copier.is_building

    def copy_message(self, state: MessageState) -> None:
        """Copy a message: an answer as its Markdown source, a question as shown."""
        is_answer = state.message.role is Role.ASSISTANT
        message = state.message
        if (
            isinstance(message, ShownMessage)
            and message.stored is not None
            and not state.is_streaming
        ):
            self._copy(selected_text.texts_of_source(message.stored.text))
            return
        text = state.source
        is_written = self._messages.get(state.message.id) is state
        items = state.layout.items if is_written else state.items()
        # A long answer may still be loading and have few items, so check its text as well.
        is_short = len(text) <= selected_text.FEW_CHARACTERS and selected_text.are_few(items)
        source = text if is_answer else None
        self._copy(selected_text.texts_of(state.block_maker(), source, is_short=is_short))

    def copy_code(self, head: int) -> None:
        """Copy the code with this head block number."""
        texts = self._texts_of_code(head)
        if texts is not None:
            self._copy(texts)
            self.code_copied.emit(head)

    def code_data(self, head: int) -> QMimeData | None:
        """Return the code with this head block number, for a drag."""
        from desktop_app.ui.widgets.text.clipboard import mime_data

        texts = self._texts_of_code(head)
        return None if texts is None else mime_data(texts)

    def _texts_of_code(self, head: int) -> ClipboardTexts | None:
        found = self._messages.writer.layouts.layout_at(head)
        state = self._messages.get(found[0].key) if found is not None else None
        if found is None or state is None:
            return None
        return selected_text.texts_of_code(state.code_at(found[0].item_at(found[1])))

    def copy_nearest_code(self) -> None:
        """Copy the code at the text cursor, or the nearest code above the end of the screen."""
        head = self.code_head(self._view.textCursor().block())
        if head is None:
            blocks = list(visible_blocks(self._view))
            block = blocks[-1] if blocks else QTextBlock()
            while block.isValid() and head is None:
                head, block = self.code_head(block), block.previous()
        if head is None:
            self.notice_raised.emit(tr("There is no code block here or above."))
        else:
            self.copy_code(head.blockNumber())

    def code_head(self, block: QTextBlock) -> QTextBlock | None:
        """Return the head of the block of code that contains a block; None outside of code."""
        ground = Look.GROUND & block.blockFormat().intProperty(LOOK)
        while block.isValid() and Ground(ground) is Ground.CODE:
            look = block.blockFormat().intProperty(LOOK)
            if look & Look.HEAD:
                return block
            ground, block = look & Look.GROUND, block.previous()
        return None
