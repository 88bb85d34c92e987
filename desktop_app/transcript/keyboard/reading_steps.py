"""Moves the caret by message or by block, for keys and assistive technology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QTextCursor

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.link_handler import LinkHandler
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.transcript.viewport.message_navigator import MessageNavigator


class ReadingSteps(QObject):
    """The steps of the caret to messages and their items, materialized or not.

    Signals:
        moved(str message_id, int item): the caret was moved here; item -1 is the beginning.
    """

    moved = Signal(str, int)

    def __init__(
        self,
        view: QTextBrowser,
        messages: TranscriptMessages,
        item_materializer: ItemMaterializer,
        navigator: MessageNavigator,
        links: LinkHandler,
    ) -> None:
        super().__init__(view)
        self._view = view
        self._messages = messages
        self._item_materializer = item_materializer
        self._navigator = navigator
        self._links = links

    def step_message(self, step: int) -> None:
        """Move the caret to the beginning of the next (+1) or previous (-1) message.

        From below the last message, the previous message is the last.
        """
        message_id, item = self._position()
        index = self._messages.index_of(message_id)
        if step > 0 or not self._is_below(message_id, item):
            index += step
        if 0 <= index < self._messages.count:
            self.read_at(self._messages.message_at(index).id, -1)

    def step_block(self, step: int) -> None:
        """Move the caret to the next or previous paragraph, heading, list, table or code block.

        If the message has no more, move to the beginning of the next or previous message.
        """
        from desktop_app.transcript.accessibility.reading_tree import reading_nodes

        message_id, item = self._position()
        if not message_id:
            return
        starts = [n.item for n in reading_nodes(self._messages.layout_of(message_id).items)]
        ahead = [index for index in starts if (index > item if step > 0 else index < item)]
        if ahead:
            self.read_at(message_id, ahead[0] if step > 0 else ahead[-1])
        else:
            self.step_message(step)

    def _position(self) -> tuple[str, int]:
        """Return the message and the item at the caret; ("", 0) if there is no message.

        If the caret is below the last message, the item is after the last of that message.
        """
        block = self._view.textCursor().block()
        place = self._messages.layouts.place_of(block.blockNumber())
        if place is None:
            last = self._messages.last_materialized()
            return ("", 0) if last is None else (last.message.id, len(last.layout.items))
        return place.layout.key, place.item

    def _is_below(self, message_id: str, item: int) -> bool:
        return bool(message_id) and item == len(self._messages.layout_of(message_id).items)

    def read_at(self, message_id: str, item: int) -> None:
        """Focus the transcript at an item of a message; -1 is its beginning."""
        self._view.setFocus(Qt.FocusReason.TabFocusReason)  # shows the caret
        self._navigator.scroll_to_message(message_id)
        block = self._block_of(message_id, max(item, 0))
        self._view.setTextCursor(QTextCursor(block))
        self._view.ensureCursorVisible()
        self.moved.emit(message_id, item)

    def follow_link(self, message_id: str, item: int, link: str) -> None:
        """Follow a link in an item of a message, as a click on it does."""
        self._navigator.scroll_to_message(message_id)
        self._links.follow(QUrl(link), self._block_of(message_id, item))

    def _block_of(self, message_id: str, item: int) -> QTextBlock:
        layout = self._messages.layout_of(message_id)
        if item < len(layout.items) and not layout.counts[item]:
            self._item_materializer.write_item(layout, item, self._view.viewport().height())
        return self._messages.layouts.block_of(layout, item)
