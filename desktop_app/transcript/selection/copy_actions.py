"""Copies messages, blocks of code and the selection to the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.answering.shown_length import ShownMessage
from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import Kind
from desktop_app.transcript.selection import selected_text
from desktop_app.transcript.transcript_styles import Background, background_of
from desktop_app.transcript.viewport.visible_blocks import visible_blocks
from desktop_app.widgets.text.clipboard import ClipboardCopier, mime_data

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.selection.virtual_selection import VirtualSelection


class CopyActions(QObject):
    """The copy actions of one view.

    Signals:
        notice_raised(str): a notice for the user.
        code_copied(int head): the code whose head is the block with this number was copied.
    """

    notice_raised = Signal(str)
    code_copied = Signal(int)

    def __init__(
        self, view: QTextBrowser, layouts: MessageLayouts, selection: VirtualSelection
    ) -> None:
        super().__init__(view)
        self._view = view
        self._layouts = layouts
        self._selection = selection
        self._copier = ClipboardCopier(self)
        self._copier.delayed.connect(lambda: self.notice_raised.emit(tr("Copying…")))
        self._copier.done.connect(self._on_done)

    def selection_data(self) -> QMimeData:
        """Return the selection as HTML, Markdown and plain text.

        Used for dragging and for the primary selection (middle mouse button).
        """
        return mime_data(self._selection.texts())

    def copy_selected(self) -> bool:
        """Copy the selection to the clipboard. Return False if nothing is selected."""
        if self._selection.is_empty:
            return False
        self._copier.copy(self._selection.texts())
        return True

    def _on_done(self, was_slow: bool) -> None:
        if was_slow:
            self.notice_raised.emit(tr("Copied"))

    @property
    def is_building(self) -> bool:
        """Return True while a copy is still being prepared."""
        return self._copier.is_building

    def copy_message(self, state: MessageState) -> None:
        """Copy a message: an answer as its source (Markdown or JSON), a question as shown."""
        message = state.message
        stored = message.stored if isinstance(message, ShownMessage) else None
        if stored is not None and not state.is_streaming:
            self._copier.copy(selected_text.texts_of_source(stored.text))
            return
        text = state.source
        items = state.layout.items if state.is_materialized else state.rebuild_items()
        # A long answer may still be loading and have few items, so check its text as well.
        has_few_characters = len(text) <= selected_text.MAX_SYNCHRONOUS_CHARACTERS
        is_short = has_few_characters and selected_text.are_few_items(items)
        source = text if message.role is Role.ASSISTANT else None
        self._copier.copy(
            selected_text.clipboard_texts(state.block_maker(), source, is_short=is_short)
        )

    def copy_code_of_block(self, number: int) -> None:
        """Copy the code that contains block `number`."""
        code_head = self._head_of(number)
        if code_head is not None:
            self._copy_code_at(*code_head)

    def _copy_code_at(self, layout: MessageLayout, head: int) -> None:
        """Copy the code whose head is item `head` of a message."""
        self._copier.copy(selected_text.texts_of_code(selected_text.code_below(layout.items, head)))
        if layout.counts[head]:
            block = self._layouts.block_of(layout, head)
            self.code_copied.emit(block.blockNumber())

    def code_data(self, number: int) -> QMimeData | None:
        """Return the code that contains block `number`, for a drag; None if none does."""
        code_head = self._head_of(number)
        if code_head is None:
            return None
        layout, head = code_head
        return mime_data(selected_text.texts_of_code(selected_text.code_below(layout.items, head)))

    def copy_nearest_code(self) -> None:
        """Copy the code block at the text cursor, or the last one above the end of the screen."""
        code_head = self._head_of(self._view.textCursor().blockNumber()) or self._last_head()
        if code_head is None:
            self.notice_raised.emit(tr("There is no code block here or above."))
        else:
            self._copy_code_at(*code_head)

    def is_in_code(self, block: QTextBlock) -> bool:
        """Return True if `block` is part of a block of code."""
        return self._head_of(block.blockNumber()) is not None

    def _head_of(self, number: int) -> tuple[MessageLayout, int] | None:
        """Return the head of the code that contains a block, as (message, item index), if any."""
        place = self._layouts.place_of(number)
        if place is None:
            return None
        layout, index, _ = place
        while index >= 0 and background_of(layout.items[index]) is Background.CODE:
            if layout.items[index].kind is Kind.CODE_HEAD:
                return layout, index
            index -= 1
        return None

    def _last_head(self) -> tuple[MessageLayout, int] | None:
        """Return the last head of code above the end of the screen, as `_head_of` does.

        Only messages in the document are searched, including their placeholders.
        """
        layouts = self._layouts
        last = None
        for block in visible_blocks(self._view):
            last = layouts.place_of(block.blockNumber()) or last
        if last is None:
            return None
        for layout in reversed(layouts[: layouts.index(last.layout) + 1]):
            first = last.item if layout is last.layout else len(layout.items) - 1
            for index in range(first, -1, -1):
                if layout.items[index].kind is Kind.CODE_HEAD:
                    return layout, index
        return None
