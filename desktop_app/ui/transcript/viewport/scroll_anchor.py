"""Where the reader is in the transcript, and that it stays so while the text around it changes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QScrollBar, QTextBrowser

from desktop_app.ui.look import icons
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.transcript.viewport.text_anchor import TextAnchor, anchor_at, cursor_at
from desktop_app.ui.widgets.foreign_text import PlainButton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QPaintEvent

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.message_state import MessageState

_AT_BOTTOM_PX: Final = 8


class QuietScrollBar(QScrollBar):
    """Always there, but seen only where there is something to scroll.

    A bar that comes and goes changes the measure of the text, and does so from inside the
    document's edits, where Qt does not survive that the text is laid out again.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class LatestButton(PlainButton):
    """Leads back to the end of the conversation."""

    def __init__(self, view: QTextBrowser) -> None:
        super().__init__(parent=view)
        self._within = view
        self.setObjectName("latest")
        self.setText("Latest")
        self.setAccessibleName("Go to the latest message")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click would leave the keyboard nowhere
        self.setCursor(Qt.CursorShape.ArrowCursor)
        set_role(self, "plain")
        self.hide()

    def place(self, theme: Theme) -> None:
        """Stand in the middle above the lower edge, in this look."""
        self.setIcon(icons.icon("arrow-down", theme.text, theme.px(14)))
        self.setIconSize(QSize(theme.px(14), theme.px(14)))
        self.adjustSize()
        within = self._within.size()
        left = (within.width() - self.width()) // 2
        self.move(left, within.height() - self.height() - theme.px(12))


class _Line(NamedTuple):
    """A line on screen, and how many pixels below the screen's upper edge it is."""

    spot: TextAnchor
    y: int


class ScrollAnchor(QObject):
    """The part of the conversation on screen: at its end, following it, or somewhere above.

    Attributes:
        is_following: whether what arrives moves the view along.
        is_kept: within `kept`, where scrolling is no act of the reader.

    Signals:
        following_changed(bool): `is_following` has changed.
    """

    following_changed = Signal(bool)

    def __init__(self, view: QTextBrowser, messages: MaterializedMessages) -> None:
        super().__init__(parent=view)
        self._view = view
        self._messages = messages
        self.is_following = True
        self.is_kept = False
        self._line: _Line | None = None
        self._line_since = (0, 0)
        view.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    def state(self) -> tuple[str, int]:
        """The topmost message on screen and how many pixels of it are above the screen."""
        entry = self._messages.at_block(self._view.cursorForPosition(QPoint(0, 0)).block())
        if entry is None:
            return "", 0
        top = self.top_of(entry.message.id)
        return entry.message.id, round(self._view.verticalScrollBar().value() - top)

    def go_to(self, state: tuple[str, int]) -> None:
        """Go back to where `state` was taken; the message is written."""
        message_id, offset = state
        scroll_to(self._view, round(self.top_of(message_id) + offset))
        self.follow(self.is_at_end)

    def go_to_end(self) -> None:
        """Go to the end of what is written, and follow it."""
        self.follow(True)
        bar = self._view.verticalScrollBar()
        bar.setValue(bar.maximum())

    def top_of(self, message_id: str) -> float:
        """Where a message begins, in document coordinates."""
        block = self._messages.first_block(message_id)
        return float(self._view.document().documentLayout().blockBoundingRect(block).top())

    def foot_of(self, entry: MessageState) -> float:
        """Where the last line of a message ends, in document coordinates."""
        block = self._messages.writer.sections.block_of(entry.section, entry.action_item)
        return float(self._view.document().documentLayout().blockBoundingRect(block).bottom())

    @property
    def is_at_end(self) -> bool:
        """Whether the end of the conversation is on screen."""
        bar = self._view.verticalScrollBar()
        return bar.value() >= bar.maximum() - _AT_BOTTOM_PX and not self._messages.newer

    def follow(self, following: bool) -> None:
        """Follow what arrives, or stay."""
        if following != self.is_following:
            self.is_following = following
            self.following_changed.emit(following)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is on screen stays there while something above it changes its height."""
        following, was_kept = self.is_following, self.is_kept
        line = None if following else self._line_on_top()
        self.is_kept = True
        try:
            yield
        finally:
            self.is_kept = was_kept
            if line is None or self._messages.get(line.spot.message_id) is None:
                self.go_to_end()
            else:
                self._go_to_line(line)

    @contextmanager
    def held(self, entry: MessageState, find: Callable[[], int]) -> Iterator[None]:
        """The item of a message that is found stays where it is on screen while what is folded there
        comes or goes, at the end of the conversation, too."""
        line, was_kept = self._line_of(entry, find()), self.is_kept
        if line is None:
            with self.kept():
                yield
            return
        self.is_kept = True
        try:
            yield
        finally:
            self.is_kept = was_kept
            self._go_to_line(_Line(line.spot._replace(item=max(0, find())), line.y))

    def _line_of(self, entry: MessageState, at: int) -> _Line | None:
        """The beginning of an item, where it is on screen."""
        if at < 0 or not entry.section.counts[at]:
            return None
        cursor = QTextCursor(self._messages.writer.sections.block_of(entry.section, at))
        place = self._view.cursorRect(cursor)
        is_seen = 0 <= place.center().y() <= self._view.viewport().height()
        return _Line(TextAnchor(entry.section.key, at, 0, 0), place.top()) if is_seen else None

    def item_on_top(self) -> tuple[str, int]:
        """The message of the topmost line on screen, and the item; "" while it follows."""
        line = None if self.is_following else self._line_on_top()
        return ("", -1) if line is None else (line.spot.message_id, line.spot.item)

    def _line_on_top(self) -> _Line | None:
        """The topmost line on screen. Where nobody has scrolled or written since this was asked
        last, it is the same again: of a window that is drawn wider and narrower, each step would
        move it a little."""
        if self._line is not None and self._line_since == self._moment():
            return self._line
        cursor = self._view.cursorForPosition(QPoint(0, 0))
        if self._view.cursorRect(cursor).bottom() < 0 and cursor.block().next().isValid():
            cursor = QTextCursor(cursor.block().next())  # below what is not written
        spot = anchor_at(self._messages, cursor)
        return None if spot is None else _Line(spot, self._view.cursorRect(cursor).top())

    def _go_to_line(self, line: _Line) -> None:
        """Have this line where it was on screen."""
        height = self._view.viewport().height()
        cursor = cursor_at(self._messages, line.spot, height)
        bar = self._view.verticalScrollBar()
        scroll_to(self._view, bar.value() + self._view.cursorRect(cursor).top() - line.y)
        # One that is not on screen was the nearest to what was not written.
        self._line = line if -height < line.y < height else None
        self._line_since = self._moment()
        self.follow(self.is_at_end)

    def _moment(self) -> tuple[int, int]:
        """Differs as soon as somebody has scrolled or written."""
        return self._view.verticalScrollBar().value(), self._view.document().revision()

    def _on_range_changed(self, _least: int, most: int) -> None:
        # Comes from inside the document's edits: nothing may be laid out anew here.
        if self.is_following and not self.is_kept:
            self._view.verticalScrollBar().setValue(most)


def scroll_to(view: QTextBrowser, y: int) -> None:
    """Have this height of the document at the upper edge. Where the document is not laid out so
    far, its bar does not reach so far."""
    below = y + 2 * view.viewport().height()
    layout = view.document().documentLayout()
    layout.hitTest(QPointF(0, below), Qt.HitTestAccuracy.FuzzyHit)
    view.verticalScrollBar().setValue(y)
