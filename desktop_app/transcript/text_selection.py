"""The selection and the caret, as places in the conversation, loaded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QTextCursor

from desktop_app.transcript.copied_text import selected_texts, selected_words
from desktop_app.transcript.segment import PAST_END, Place
from desktop_app.transcript.shown_segment import ShownSegment, line_rect
from desktop_app.widgets.text.clipboard import ClipboardTexts

if TYPE_CHECKING:
    from desktop_app.transcript.text_area import TextArea

_Move = QTextCursor.MoveOperation
_FORWARD: Final = (_Move.Down, _Move.Right, _Move.WordRight, _Move.EndOfBlock)


class TextSelection:
    """The selection of one view.

    Attributes:
        anchor: where the selection began; None before the user has placed the caret.
        caret: the other end.
    """

    def __init__(self, view: TextArea) -> None:
        self._view = view
        self._articles = view.articles
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
            self._view.on_selection_changed()

    def place_caret(self, place: Place) -> None:
        """Place the caret, and select nothing."""
        self.set(place, place)

    def extend_to(self, place: Place) -> None:
        """Move the end of the selection."""
        self.set(self.anchor or place, place)

    def select_word(self, shown: ShownSegment, position: int) -> None:
        cursor = QTextCursor(shown.document)
        cursor.setPosition(position)
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
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

    @property
    def is_all(self) -> bool:
        ends = self.all_ends()
        return ends is not None and self.ends == ends

    @property
    def ends(self) -> tuple[Place, Place] | None:
        """Return the start and the end of the selection; None if nothing is selected."""
        anchor, caret = self.anchor, self.caret
        if anchor is None or caret is None or anchor == caret:
            return None
        if min(self._articles.index_of(end.message_id) for end in (anchor, caret)) < 0:
            return None  # a message is gone
        first, last = sorted((anchor, caret), key=self._articles.order_of)
        return first, last

    @property
    def is_empty(self) -> bool:
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
        first, last = map(self._articles.order_of, ends)
        index = self._articles.index_of(shown.key)
        segment = shown.segment
        begin = (index, segment.first, 0, segment.pieces[0].start or -PAST_END)
        below = (index, segment.end)
        if last < begin or first[:2] >= below:
            return None
        document = shown.document
        start = 0 if first <= begin else _position_in(shown, ends[0])
        end = _position_in(shown, ends[1]) if last[:2] < below else document.last_position
        if document.is_reversed:
            start, end = sorted((start, end))
        return (start, end) if start < end else None

    # ------------------------------------------------------------------ moving the caret

    def move(self, operation: QTextCursor.MoveOperation, *, selects: bool) -> bool:
        """Move the caret, also to the segment above or below. Return False at the ends."""
        shown = None if self.caret is None else self._view.shown_segment(self.caret)
        if self.caret is None or shown is None:
            return False
        is_vertical = operation in (_Move.Up, _Move.Down)
        cursor = QTextCursor(shown.document)
        cursor.setPosition(_position_in(shown, self.caret))
        goal_x = self._goal_x
        if goal_x is None:
            goal_x = line_rect(shown.document, cursor.position()).left()
        if not cursor.movePosition(operation):
            is_forward = operation in _FORWARD
            shown = self._neighbor(shown, 1 if is_forward else -1)
            if shown is None:
                return False
            cursor = QTextCursor(shown.document)
            cursor.setPosition(0 if is_forward else shown.document.last_position)
        position = cursor.position()
        if is_vertical:
            y = line_rect(shown.document, position).center().y()
            layout = shown.document.documentLayout()
            hit = layout.hitTest(QPointF(goal_x, y), Qt.HitTestAccuracy.FuzzyHit)
            position = hit if hit >= 0 else position
        target = Place(shown.key, *shown.document.place_at(position))
        self.set(self.anchor if selects else target, target)
        self._goal_x = goal_x if is_vertical else None
        return True

    def _neighbor(self, shown: ShownSegment, step: int) -> ShownSegment | None:
        """Return the next segment (1), or the previous one (-1); None at the ends."""
        index = self._articles.index_of(shown.key)
        article = self._articles.open(index)
        number = article.segments.index(shown.segment) + step
        while not 0 <= number < len(article.segments):
            index += step
            if not 0 <= index < self._articles.count:
                return None
            article = self._articles.open(index)
            number = 0 if step > 0 else len(article.segments) - 1
        found = article.segments[number]
        return self._view.shown_segment(Place(article.key, found.first, 0, found.pieces[0].start))


def _position_in(shown: ShownSegment, place: Place) -> int:
    return shown.document.position_of(place.item, place.cell, place.unit)
