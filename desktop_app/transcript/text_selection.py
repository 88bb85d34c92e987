"""The selection and the caret, as places in the conversation, loaded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.transcript.copied_text import selected_texts, selected_words
from desktop_app.transcript.segment import PAST_END, Place, Segment
from desktop_app.transcript.segment_area import SegmentArea, ShownSegment, line_rect

if TYPE_CHECKING:
    from desktop_app.transcript.article_list import ArticleList
    from desktop_app.widgets.text.clipboard import ClipboardTexts

_Move = QTextCursor.MoveOperation
_VERTICAL: Final = (_Move.Up, _Move.Down)
_FORWARD: Final = (
    _Move.Down,
    _Move.Right,
    _Move.NextCharacter,
    _Move.WordRight,
    _Move.NextWord,
    _Move.NextBlock,
    _Move.EndOfBlock,
)


class TextSelection(QObject):
    """The selection of one view.

    Attributes:
        anchor: where the selection began; None before the user has placed the caret.
        caret: the other end.

    Signals:
        changed(): the selection or the caret has changed.
    """

    changed = Signal()

    def __init__(self, view: SegmentArea, articles: ArticleList) -> None:
        super().__init__(view)
        self._view = view
        self._articles = articles
        self.anchor: Place | None = None
        self.caret: Place | None = None
        self._goal_x: float | None = None  # the column that the keys Up and Down keep to

    def forget(self) -> None:
        """Drop the selection and the caret, because other messages are shown."""
        self.set(None, None)

    def set(self, anchor: Place | None, caret: Place | None) -> None:
        """Select between two places; the same place twice only sets the caret."""
        self._goal_x = None
        if (anchor, caret) != (self.anchor, self.caret):
            self.anchor = anchor
            self.caret = caret
            self.changed.emit()

    def place_caret(self, place: Place) -> None:
        """Place the caret, and select nothing."""
        self.set(place, place)

    def extend_to(self, place: Place) -> None:
        """Move the end of the selection."""
        self.set(self.anchor or place, place)

    def select_around(self, shown: ShownSegment, position: int, *, is_word: bool) -> None:
        """Select the word or the paragraph at a position of a segment."""
        cursor = QTextCursor(shown.document)
        cursor.setPosition(position)
        unit = QTextCursor.SelectionType
        cursor.select(unit.WordUnderCursor if is_word else unit.BlockUnderCursor)
        start = Place(shown.key, *shown.document.place_at(cursor.selectionStart()))
        end = Place(shown.key, *shown.document.place_at(cursor.selectionEnd()))
        self.set(start, end)

    def select_all(self) -> None:
        """Select the whole conversation."""
        ends = self.all_ends()
        if ends is not None:
            self.set(*ends)

    def all_ends(self) -> tuple[Place, Place] | None:
        """Return the beginning and the end of the whole text; None without text."""
        if not self._articles.count:
            return None
        last = self._articles.key_at(self._articles.count - 1)
        return Place(self._articles.key_at(0), 0, 0, -PAST_END), Place(last, PAST_END)

    def clear_if_all(self) -> None:
        """Clear a selection of the whole conversation, which would include a new message."""
        if self.is_all:
            self.forget()

    @property
    def is_all(self) -> bool:
        """Return True if the whole conversation is selected."""
        ends = self.all_ends()
        return ends is not None and self.ends == ends

    @property
    def ends(self) -> tuple[Place, Place] | None:
        """Return the start and the end of the selection; None if nothing is selected."""
        anchor, caret = self.anchor, self.caret
        if anchor is None or caret is None or anchor == caret:
            return None
        if min(self._index(anchor), self._index(caret)) < 0:
            return None  # a message is gone
        first, last = sorted((anchor, caret), key=self._articles.order_of)
        return first, last

    def _index(self, place: Place) -> int:
        return self._articles.index_of(place.message_id)

    @property
    def is_empty(self) -> bool:
        """Return True if nothing is selected."""
        return self.ends is None

    def shift_items(self, message_id: str, by: int) -> None:
        """Follow items whose index has changed, because the reasoning above them unfolded."""
        ends = (self.anchor, self.caret)
        self.anchor, self.caret = (
            end._replace(item=max(0, end.item + by))
            if end is not None and end.message_id == message_id and 0 < end.item < PAST_END
            else end
            for end in ends
        )

    # ------------------------------------------------------------------ content

    def texts(self) -> ClipboardTexts | None:
        """Return the clipboard's content for the selection; None if nothing is selected."""
        ends = self.ends
        return None if ends is None else selected_texts(self._articles, *ends)

    def words(self) -> str:
        """Return the selected text if it is in one paragraph or cell; "" otherwise."""
        ends = self.ends
        return "" if ends is None else selected_words(self._articles, *ends)

    def range_in(self, shown: ShownSegment) -> tuple[int, int] | None:
        """Return the selected range of a segment's document; None if nothing of it is."""
        ends = self.ends
        if ends is None:
            return None
        first, last = ends
        index = self._articles.index_of(shown.key)
        segment = shown.segment
        first_order = self._articles.order_of(first)
        last_order = self._articles.order_of(last)
        segment_start = segment.pieces[0].start
        begins = (index, segment.first, 0, segment_start or -PAST_END)
        if last_order < begins:
            return None
        document = shown.document
        start = 0 if first_order <= begins else _position_in(shown, first)
        is_last_part = segment.end == len(shown.article.items)
        ends_here = last_order[:2] < (index, segment.end)
        end = _position_in(shown, last) if ends_here else document.last_position
        if last.item >= PAST_END and is_last_part and last_order[0] == index:
            end = document.last_position
        if first_order[:2] >= (index, segment.end):
            return None
        if document.is_reversed:
            start, end = sorted((start, end))
        return (start, end) if start < end else None

    # ------------------------------------------------------------------ moving the caret

    def move(self, operation: QTextCursor.MoveOperation, *, selects: bool) -> bool:
        """Move the caret, also to the segment above or below. Return False at the ends."""
        if self.caret is None:
            return False
        shown = self._view.shown_segment(self.caret)
        if shown is None:
            return False
        goal_x = self._goal_x
        cursor = QTextCursor(shown.document)
        position = _position_in(shown, self.caret)
        cursor.setPosition(position)
        if operation in _VERTICAL and goal_x is None:
            goal_x = self._caret_x(shown, position)
        target: Place | None
        moved = cursor.movePosition(operation)
        if moved and operation in _VERTICAL and goal_x is not None:
            target = self._at_column(shown, cursor.position(), goal_x)
        elif moved:
            target = Place(shown.key, *shown.document.place_at(cursor.position()))
        else:
            target = self._beyond(shown, operation, goal_x)
        if target is None:
            return False
        self.set(self.anchor if selects else target, target)
        self._goal_x = goal_x if operation in _VERTICAL else None
        return True

    def _caret_x(self, shown: ShownSegment, position: int) -> float:
        return line_rect(shown.document, position).left()

    def _at_column(self, shown: ShownSegment, position: int, x: float) -> Place:
        """Return the place in the line of a position that is nearest to a column."""
        box = line_rect(shown.document, position)
        hit = shown.document.documentLayout().hitTest(
            QPointF(x, box.center().y()), Qt.HitTestAccuracy.FuzzyHit
        )
        return Place(shown.key, *shown.document.place_at(hit if hit >= 0 else position))

    def _beyond(
        self, shown: ShownSegment, operation: QTextCursor.MoveOperation, x: float | None
    ) -> Place | None:
        """Return the place in the next or the previous segment that a move leads to."""
        forward = operation in _FORWARD
        place = self._neighbor(shown.key, shown.segment, forward=forward)
        if place is None:
            return None
        other = self._view.shown_segment(place)
        if other is None:
            return None
        document = other.document
        position = 0 if forward else document.last_position
        if operation in _VERTICAL and x is not None:
            return self._at_column(other, position, x)
        if operation is _Move.PreviousBlock:
            position = document.findBlock(position).position()
        return Place(other.key, *document.place_at(position))

    def _neighbor(self, key: str, segment: Segment, *, forward: bool) -> Place | None:
        """Return the start of the next segment, or of the previous one; None at the ends."""
        index = self._articles.index_of(key)
        article = self._articles.open(index)
        number = article.segments.index(segment) + (1 if forward else -1)
        while not 0 <= number < len(article.segments):
            index += 1 if forward else -1
            if not 0 <= index < self._articles.count:
                return None
            article = self._articles.open(index)
            number = 0 if forward else len(article.segments) - 1
        found = article.segments[number]
        return Place(article.key, found.first, 0, found.pieces[0].start)


def _position_in(shown: ShownSegment, place: Place) -> int:
    return shown.document.position_of(place.item, place.cell, place.unit)
