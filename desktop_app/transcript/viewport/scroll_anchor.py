"""Keeps the reader's position in the transcript while the text around it changes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QTextCursor

from desktop_app.transcript.viewport.text_anchor import TextAnchor, anchor_at, cursor_at
from desktop_app.transcript.viewport.visible_blocks import visible_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.transcript_messages import TranscriptMessages

_AT_BOTTOM_PX: Final = 8
"""Distance from the end at which the view still counts as scrolled to the end."""


class _LineOnScreen(NamedTuple):
    """A line on screen and its distance in pixels from the top of the viewport."""

    text_anchor: TextAnchor
    y: int


class ScrollAnchor(QObject):
    """The scroll position of one view: following the end, or anchored to a line.

    Attributes:
        is_following: whether the view scrolls along with new text.
        is_position_kept: True within `keep_position`, `keep_item` or `suspend_scrolling`, in which
            scrolling is not by the user.
        is_restoring_line: True while the view scrolls to keep a line in place.

    Signals:
        following_changed(bool): `is_following` has changed.
    """

    following_changed = Signal(bool)

    def __init__(
        self, view: QTextBrowser, messages: TranscriptMessages, item_materializer: ItemMaterializer
    ) -> None:
        super().__init__(parent=view)
        self._view = view
        self._messages = messages
        self._item_materializer = item_materializer
        self.is_following = True
        self.is_position_kept = self.is_restoring_line = False
        self._line: _LineOnScreen | None = None
        self._line_view_state = (0, 0)
        view.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    def scroll_state(self) -> tuple[str, int]:
        """Return the topmost message on screen and how many pixels of it are scrolled off.

        Return ("", 0) if no message is there.
        """
        state = self._messages.state_at_block(self._view.cursorForPosition(QPoint(0, 0)).block())
        if state is None:
            return "", 0
        top = self.top_of(state.message.id)
        return state.message.id, round(self._view.verticalScrollBar().value() - top)

    def go_to(self, scroll_state: tuple[str, int]) -> None:
        """Restore a position returned by `scroll_state`; the message must be materialized."""
        message_id, offset = scroll_state
        scroll_to(self._view, round(self.top_of(message_id) + offset))
        self.follow(self.is_at_end)

    def go_to_end(self) -> None:
        """Scroll to the end of the materialized text and follow it."""
        self.follow(True)
        bar = self._view.verticalScrollBar()
        bar.setValue(bar.maximum())

    def ids_on_screen(self) -> set[str]:
        """Return the ids of the messages on screen."""
        states = map(self._messages.state_at_block, visible_blocks(self._view))
        return {state.message.id for state in states if state is not None}

    def top_of(self, message_id: str) -> float:
        """Return the top of a message in document coordinates."""
        block = self._messages.layouts.block_of(self._messages.layout_of(message_id), 0)
        return float(self._view.document().documentLayout().blockBoundingRect(block).top())

    def actions_line_bottom(self, state: MessageState) -> float:
        """Return the bottom of the line beside a message's actions, in document coordinates."""
        block = self._messages.layouts.block_of(state.layout, state.action_item)
        return float(self._view.document().documentLayout().blockBoundingRect(block).bottom())

    @property
    def is_at_end(self) -> bool:
        """Return True if the end of the conversation is on screen."""
        bar = self._view.verticalScrollBar()
        return bar.value() >= bar.maximum() - _AT_BOTTOM_PX and not self._messages.newer

    def follow(self, following: bool) -> None:
        """Start or stop following new text."""
        if following != self.is_following:
            self.is_following = following
            self.following_changed.emit(following)

    def stop_following_stream(self) -> None:
        """Stop following if the last message streams, because the user reads or selects."""
        last = self._messages.last_materialized()
        if last is not None and last.is_streaming:
            self.follow(False)

    @contextmanager
    def keep_position(self) -> Iterator[None]:
        """Keep the text on screen in place while the height of text above it changes.

        If the view follows the end, or no message stays on top, scroll to the end instead.
        """
        line = None if self.is_following else self._line_on_top()
        try:
            with self.suspend_scrolling():
                yield
        finally:
            if line is None or self._messages.get(line.text_anchor.message_id) is None:
                self.go_to_end()
            else:
                self._go_to_line(line)

    @contextmanager
    def suspend_scrolling(self) -> Iterator[None]:
        """Record that scrolling within the context is not by the user: nothing reacts to it."""
        was_kept = self.is_position_kept
        self.is_position_kept = True
        try:
            yield
        finally:
            self.is_position_kept = was_kept

    @contextmanager
    def keep_item(self, state: MessageState, find: Callable[[], int]) -> Iterator[None]:
        """Keep an item of a message in place on screen while a section folds or unfolds.

        `find` returns the index of the item, before and after the change. An item on screen stays
        in place even if the view follows the end of the conversation. For an item off screen, this
        is `keep_position`.
        """
        line = self._line_of(state, find())
        if line is None:
            with self.keep_position():
                yield
            return
        try:
            with self.suspend_scrolling():
                yield
        finally:
            self._go_to_line(_LineOnScreen(line.text_anchor._replace(item=max(0, find())), line.y))

    def _line_of(self, state: MessageState, index: int) -> _LineOnScreen | None:
        """Return the first line of an item; None if it is missing or off screen."""
        if index < 0 or not state.layout.counts[index]:
            return None
        cursor = QTextCursor(self._messages.layouts.block_of(state.layout, index))
        rect = self._view.cursorRect(cursor)
        if not 0 <= rect.center().y() <= self._view.viewport().height():
            return None
        text_anchor = TextAnchor(state.layout.key, index, block=0, units=0)
        return _LineOnScreen(text_anchor, rect.top())

    def item_on_top(self) -> tuple[str, int]:
        """Return the message and item of the topmost line; ("", -1) if none or while following."""
        line = None if self.is_following else self._line_on_top()
        return ("", -1) if line is None else (line.text_anchor.message_id, line.text_anchor.item)

    def _line_on_top(self) -> _LineOnScreen | None:
        """Return the topmost line on screen; None if no message is there.

        The line is cached until the user scrolls or the document changes. Otherwise the text would
        move a little with each step of a window resize.
        """
        if self._line is not None and self._line_view_state == self._view_state():
            return self._line
        cursor = self._view.cursorForPosition(QPoint(0, 0))
        if self._view.cursorRect(cursor).bottom() < 0 and cursor.block().next().isValid():
            cursor = QTextCursor(cursor.block().next())  # below a placeholder
        text_anchor = anchor_at(self._messages, cursor)
        if text_anchor is None:
            return None
        return _LineOnScreen(text_anchor, self._view.cursorRect(cursor).top())

    def _go_to_line(self, line: _LineOnScreen) -> None:
        """Scroll so that the line is at its former position on screen."""
        height = self._view.viewport().height()
        cursor = cursor_at(self._messages, self._item_materializer, line.text_anchor, height)
        bar = self._view.verticalScrollBar()
        self.is_restoring_line = True
        try:
            scroll_to(self._view, bar.value() + self._view.cursorRect(cursor).top() - line.y)
        finally:
            self.is_restoring_line = False
        # A line off screen was only the nearest line to a placeholder, so it is not cached.
        self._line = line if -height < line.y < height else None
        self._line_view_state = self._view_state()
        self.follow(self.is_at_end)

    def _view_state(self) -> tuple[int, int]:
        """Return a value that changes when the user scrolls or the document is edited."""
        return self._view.verticalScrollBar().value(), self._view.document().revision()

    def _on_range_changed(self, _least: int, maximum: int) -> None:
        # Qt emits this during document edits: nothing may trigger a layout here.
        if self.is_following and not self.is_position_kept:
            self._view.verticalScrollBar().setValue(maximum)


def scroll_to(view: QTextBrowser, y: int) -> None:
    """Scroll a y coordinate of the document to the top of the viewport.

    Lays the document out that far first, because the scroll bar's range ends where the layout
    does.
    """
    below = y + 2 * view.viewport().height()
    layout = view.document().documentLayout()
    layout.hitTest(QPointF(0, below), Qt.HitTestAccuracy.FuzzyHit)
    view.verticalScrollBar().setValue(y)
