"""How far the selection reaches: also to where nothing is written.

Of a long conversation a stretch is written, which follows the reader. An end of the selection in a
message that is taken out, or was never there, is kept here; in the document the selection then goes to
where what is written ends. That is checked by a cursor of its own: Qt moves it along with every edit as
it moves the view's, so that the two differ as soon as anybody selects something else.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QTextCursor

from desktop_app.ui.transcript.selection import selected_text
from desktop_app.ui.transcript.viewport.text_anchor import TextAnchor, anchor_at, cursor_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.message_items import Item
    from desktop_app.ui.widgets.clipboard import Texts

_END: Final = sys.maxsize // 2


class _End(NamedTuple):
    """One end of the selection. Where it is within its message, `items` are those of the message, and
    the selection begins with unit (of a table, row) `first` of the spot's item or ends with `stop`."""

    spot: TextAnchor
    items: tuple[Item, ...] = ()
    first: int = 0
    stop: int = 0


class VirtualSelection:
    """The selection of one view."""

    def __init__(self, view: QTextBrowser, messages: MaterializedMessages) -> None:
        self._view, self._messages = view, messages
        self._put = QTextCursor()
        self._anchor: _End | None = None
        self._position: _End | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Other messages are written meanwhile; what is selected stays so."""
        ends = self._ends()
        try:
            yield
        finally:
            self._select(*ends)

    def forget(self) -> None:
        """Another conversation is shown."""
        self._put, self._anchor, self._position = QTextCursor(), None, None

    def select_all(self) -> None:
        """Select the conversation."""
        order = self._order()
        if order:
            self._select(_End(TextAnchor(order[0], 0, 0, 0)), _End(_end_of(order[-1])))

    def extend(self, move: QTextCursor.MoveOperation) -> None:
        """Select to one end of the conversation, which is written."""
        anchor, cursor = self._ends()[0], self._view.textCursor()
        cursor.movePosition(move, QTextCursor.MoveMode.KeepAnchor)
        self._select(anchor, self._end_at(cursor.position()))

    @property
    def is_all(self) -> bool:
        """Whether the whole conversation is selected."""
        if not selected_text.is_all(self._view.textCursor()):
            return False
        order, spots = self._order(), {end.spot for end in self._beyond() if end is not None}
        begins = not self._messages.older or TextAnchor(order[0], 0, 0, 0) in spots
        return begins and (not self._messages.newer or _end_of(order[-1]) in spots)

    # ------------------------------------------------------------------ copying

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        anchor, position = self._beyond()
        return not self._view.textCursor().hasSelection() and anchor == position

    def texts(self) -> Texts:
        """What is selected, for the clipboard."""
        cursor, messages = self._view.textCursor(), self._messages
        anchor, position = self._ends()
        if anchor is None or position is None or not any(self._beyond()):
            return selected_text.selected(messages.writer, cursor)
        order = {message_id: number for number, message_id in enumerate(self._order())}
        first, last = sorted(
            (anchor, position), key=lambda end: (order[end.spot.message_id], end.spot[1:])
        )
        numbers = range(order[first.spot.message_id], order[last.spot.message_id] + 1)
        above, below = (
            [message for message in waiting if order[message.id] in numbers]
            for waiting in (messages.older, messages.newer)
        )
        pieces = [self._piece(message, first, last) for message in above]
        if cursor.hasSelection():
            pieces.append(selected_text.selected_piece(messages.writer, cursor))
        pieces += [self._piece(message, first, last) for message in below]
        return selected_text.texts_of_many(pieces)

    def _piece(self, message: Message, first: _End, last: _End) -> selected_text.SelectedPiece:
        """Makes what is selected of a message that is not written."""
        ends = {end.spot.message_id: end for end in (first, last) if end.items}
        end = ends.get(message.id)
        if end is None:
            return selected_text.SelectedPiece(self._messages.blocks(message), message.text)
        begins, stops = first.spot.message_id == message.id, last.spot.message_id == message.id
        return selected_text.piece_between(
            end.items,
            (first.spot.item, first.first) if begins and first.items else (0, 0),
            (last.spot.item, last.stop) if stops and last.items else (len(end.items), 0),
        )

    # ------------------------------------------------------------------ where it ends

    def _order(self) -> list[str]:
        messages = self._messages
        written = (section.key for section in messages.writer.sections)
        return [*(m.id for m in messages.older), *written, *(m.id for m in messages.newer)]

    def _beyond(self) -> tuple[_End | None, _End | None]:
        """The anchor and the other end, where they are in what is not written."""
        put, cursor = self._put, self._view.textCursor()
        if put.isNull() or put.anchor() != cursor.anchor():
            return None, None
        if put.hasSelection() and not cursor.hasSelection():
            return None, None
        return self._anchor, self._position if put.position() == cursor.position() else None

    def _ends(self) -> tuple[_End | None, _End | None]:
        cursor, (anchor, position) = self._view.textCursor(), self._beyond()
        return anchor or self._end_at(cursor.anchor()), position or self._end_at(cursor.position())

    def _end_at(self, position: int) -> _End | None:
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(position)
        spot = anchor_at(self._messages, cursor)
        sections = self._messages.writer.sections
        if spot is None:  # below the last message that is written
            return _End(_end_of(sections[-1].key)) if sections else None
        section = self._messages.section_of(spot.message_id)
        first, stop = selected_text.place_of(self._messages.writer, cursor)
        return _End(spot, tuple(section.items), first, stop)

    def _select(self, anchor: _End | None, position: _End | None) -> None:
        """Select from one end to the other, as far as that is written."""
        self.forget()
        if anchor is None or position is None:
            return
        for end in (anchor, position):  # what is written of one may move the other
            self._place_of(end)
        places = self._place_of(anchor), self._place_of(position)
        if None in places:
            return  # a message is gone
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(places[0] or 0)
        cursor.setPosition(places[1] or 0, QTextCursor.MoveMode.KeepAnchor)
        if cursor != self._view.textCursor() or cursor.anchor() != self._view.textCursor().anchor():
            set_cursor(self._view, cursor)
        is_written = [self._messages.get(end.spot.message_id) for end in (anchor, position)]
        self._put = cursor
        self._anchor = None if is_written[0] else anchor
        self._position = None if is_written[1] else position

    def _place_of(self, end: _End) -> int | None:
        """The position in the document; None where the message is gone."""
        messages, message_id = self._messages, end.spot.message_id
        if any(message.id == message_id for message in messages.older):
            return 0
        is_below = any(message.id == message_id for message in messages.newer)
        sections = messages.writer.sections
        if is_below or (sections and end.spot == _end_of(sections[-1].key)):
            return messages.writer.document.characterCount() - 1
        if messages.get(message_id) is None:
            return None
        return cursor_at(messages, end.spot, 0).position()


def _end_of(message_id: str) -> TextAnchor:
    return TextAnchor(message_id, _END, _END, _END)


def set_cursor(view: QTextBrowser, cursor: QTextCursor) -> None:
    """Take a cursor, without scrolling to it."""
    bars = view.verticalScrollBar(), view.horizontalScrollBar()
    before = [bar.value() for bar in bars]
    with QSignalBlocker(bars[0]), QSignalBlocker(bars[1]):
        view.setTextCursor(cursor)
        for bar, value in zip(bars, before, strict=True):
            bar.setValue(value)
