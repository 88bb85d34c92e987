"""The selection, including text that is not materialized.

Of a long conversation, only the messages around the screen are materialized. An end of the
selection in another message is stored here, and the document's selection ends where the
materialized text does.

`_last_cursor` tells whether the stored ends are still valid. Qt moves it with every edit, like the
view's cursor. The two cursors differ as soon as the user selects something else.

The ends are called anchor and position, as in QTextCursor: the anchor is where the selection began.
A `TextAnchor` is another thing, the place of either end in the conversation.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QTextCursor

from desktop_app.transcript.layout.text_ranges import selected_range
from desktop_app.transcript.selection import selected_text
from desktop_app.transcript.viewport.text_anchor import TextAnchor, anchor_at, cursor_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.message_items import Item
    from desktop_app.transcript.transcript_messages import TranscriptMessages
    from desktop_app.widgets.text.clipboard import ClipboardTexts

_PAST_END: Final = sys.maxsize // 2
"""An item index, block number and UTF-16 unit past the end of any message."""


class _End(NamedTuple):
    """One end of the selection.

    Attributes:
        text_anchor: its position in the conversation.
        items: the items of its message; () if the end is the start or the end of the message.
        first: the first UTF-16 unit, or table row, of a selection that starts here.
        stop: the end, exclusive, of a selection that ends here, in the same units.
    """

    text_anchor: TextAnchor
    items: tuple[Item, ...] = ()
    first: int = 0
    stop: int = 0


class VirtualSelection:
    """The selection of one view."""

    def __init__(
        self, view: QTextBrowser, messages: TranscriptMessages, item_materializer: ItemMaterializer
    ) -> None:
        self._view = view
        self._messages = messages
        self._item_materializer = item_materializer
        self._last_cursor = QTextCursor()  # as last set here
        # The ends that are stored, because they are not in the document.
        self._anchor: _End | None = None
        self._position: _End | None = None

    @contextmanager
    def keep(self) -> Iterator[None]:
        """Keep the selection while other messages are materialized."""
        ends = self._ends()
        try:
            yield
        finally:
            self._select(*ends)

    def forget(self) -> None:
        """Drop the stored ends."""
        self._last_cursor = QTextCursor()
        self._anchor = None
        self._position = None

    def select_all(self) -> None:
        """Select the whole conversation."""
        order = self._order()
        if order:
            self._select(_End(_anchor_at_start(order[0])), _End(_anchor_past_end(order[-1])))

    def extend(self, move: QTextCursor.MoveOperation) -> None:
        """Extend the selection to one end of the conversation, which must be materialized."""
        anchor = self._ends()[0]
        cursor = self._view.textCursor()
        cursor.movePosition(move, QTextCursor.MoveMode.KeepAnchor)
        self._select(anchor, self._end_at(cursor.position()))

    def clear_if_all(self) -> None:
        """Clear a selection of the whole conversation, which would include a new message."""
        if self.is_all:
            self._view.moveCursor(QTextCursor.MoveOperation.End)

    @property
    def is_all(self) -> bool:
        """Return True if the whole conversation is selected."""
        if not selected_text.is_all_selected(self._view.textCursor()):
            return False
        order = self._order()
        text_anchors = {end.text_anchor for end in self._stored_ends() if end is not None}
        # A conversation that is materialized up to one end has no stored end there.
        has_start = not self._messages.older or _anchor_at_start(order[0]) in text_anchors
        has_end = not self._messages.newer or _anchor_past_end(order[-1]) in text_anchors
        return has_start and has_end

    # ------------------------------------------------------------------ copying

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is selected."""
        anchor, position = self._stored_ends()
        return not self._view.textCursor().hasSelection() and anchor == position

    def texts(self) -> ClipboardTexts:
        """Return the clipboard's content for the selection."""
        cursor = self._view.textCursor()
        messages = self._messages
        anchor, position = self._ends()
        if anchor is None or position is None or not any(self._stored_ends()):
            return selected_text.texts_of_selection(messages.layouts, cursor)
        order = {message_id: number for number, message_id in enumerate(self._order())}
        first, last = sorted(
            (anchor, position),
            key=lambda end: (order[end.text_anchor.message_id], end.text_anchor[1:]),
        )
        numbers = range(order[first.text_anchor.message_id], order[last.text_anchor.message_id] + 1)
        above = [message for message in messages.older if order[message.id] in numbers]
        below = [message for message in messages.newer if order[message.id] in numbers]
        pieces = [self._piece(message, first, last) for message in above]
        if cursor.hasSelection():
            pieces.append(selected_text.selected_piece(messages.layouts, cursor))
        pieces += [self._piece(message, first, last) for message in below]
        return selected_text.texts_of_many(pieces)

    def _piece(self, message: Message, first: _End, last: _End) -> selected_text.SelectedPiece:
        """Return the selected part of a message that is not materialized."""
        ends = {end.text_anchor.message_id: end for end in (first, last) if end.items}
        end = ends.get(message.id)
        if end is None:
            state = self._messages.find_state(message.id)
            source = message.text if state is None else state.source
            return selected_text.SelectedPiece(self._messages.block_maker(message), source)
        is_first = first.text_anchor.message_id == message.id
        is_last = last.text_anchor.message_id == message.id
        start = (0, 0)
        if is_first and first.items:
            start = (first.text_anchor.item, first.first)
        stop = (len(end.items), 0)
        if is_last and last.items:
            stop = (last.text_anchor.item, last.stop)
        return selected_text.piece_between(end.items, start, stop)

    # ------------------------------------------------------------------ ends

    def _order(self) -> list[str]:
        return [message.id for message in self._messages.all()]

    def _stored_ends(self) -> tuple[_End | None, _End | None]:
        """Return the stored anchor and position, each None if materialized or no longer valid."""
        last = self._last_cursor
        cursor = self._view.textCursor()
        if last.isNull() or last.anchor() != cursor.anchor():
            return None, None
        if last.hasSelection() and not cursor.hasSelection():  # the user has ended the selection
            return None, None
        if last.position() != cursor.position():  # the user has moved the other end
            return self._anchor, None
        return self._anchor, self._position

    def _ends(self) -> tuple[_End | None, _End | None]:
        cursor = self._view.textCursor()
        anchor, position = self._stored_ends()
        if anchor is None:
            anchor = self._end_at(cursor.anchor())
        if position is None:
            position = self._end_at(cursor.position())
        return anchor, position

    def _end_at(self, position: int) -> _End | None:
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(position)
        text_anchor = anchor_at(self._messages, cursor)
        layouts = self._messages.layouts
        if text_anchor is None:  # below the last materialized message
            return _End(_anchor_past_end(layouts[-1].key)) if layouts else None
        layout = self._messages.layout_of(text_anchor.message_id)
        first, stop = selected_text.units_at(self._messages.layouts, cursor)
        return _End(text_anchor, tuple(layout.items), first, stop)

    def _select(self, anchor: _End | None, position: _End | None) -> None:
        """Select between two ends, as far as the text is materialized."""
        self.forget()
        if anchor is None or position is None:
            return
        # First for the effect: materializing text at one end may move the other end.
        self._position_of(anchor)
        self._position_of(position)
        start = self._position_of(anchor)
        end = self._position_of(position)
        if start is None or end is None:
            return  # a message is gone
        cursor = selected_range(self._view.document(), start, end)
        former_cursor = self._view.textCursor()
        if cursor != former_cursor or cursor.anchor() != former_cursor.anchor():
            set_cursor(self._view, cursor)
        self._last_cursor = cursor
        self._anchor = None if self._is_materialized(anchor) else anchor
        self._position = None if self._is_materialized(position) else position

    def _is_materialized(self, end: _End) -> bool:
        return self._messages.get(end.text_anchor.message_id) is not None

    def _position_of(self, end: _End) -> int | None:
        """Return the position of an end in the document; None if its message is gone."""
        messages = self._messages
        message_id = end.text_anchor.message_id
        if any(message.id == message_id for message in messages.older):
            return 0  # the end of the document that is nearest
        is_below = any(message.id == message_id for message in messages.newer)
        layouts = messages.layouts
        if is_below or (layouts and end.text_anchor == _anchor_past_end(layouts[-1].key)):
            return layouts.document.characterCount() - 1  # before the final separator
        if messages.get(message_id) is None:
            return None
        return cursor_at(messages, self._item_materializer, end.text_anchor, 0).position()


def _anchor_at_start(message_id: str) -> TextAnchor:
    return TextAnchor(message_id, item=0, block=0, units=0)


def _anchor_past_end(message_id: str) -> TextAnchor:
    return TextAnchor(message_id, item=_PAST_END, block=_PAST_END, units=_PAST_END)


def set_cursor(view: QTextBrowser, cursor: QTextCursor) -> None:
    """Set the view's text cursor without scrolling to it."""
    bars = (view.verticalScrollBar(), view.horizontalScrollBar())
    former_values = [bar.value() for bar in bars]
    with QSignalBlocker(bars[0]), QSignalBlocker(bars[1]):
        view.setTextCursor(cursor)
        for bar, value in zip(bars, former_values, strict=True):
            bar.setValue(value)
