"""The scrolling of a conversation: to messages, to its end, and to where it was before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect

from desktop_app.domain.conversations.conversation import Role
from desktop_app.transcript.segment import Article, Place, Segment
from desktop_app.transcript.text_area import TextArea
from desktop_app.widgets.look.theme import Theme

if TYPE_CHECKING:
    from desktop_app.transcript.conversation_messages import ConversationMessages
    from desktop_app.transcript.message_stream import MessageStream
    from desktop_app.transcript.shown_message import ShownMessage


class MessageArea(TextArea):
    """A text area with the messages of a conversation, which scrolls to them.

    Attributes:
        messages: all messages and their states.
        stream: receives messages and streamed text; the subclass makes it.
        is_brief: whether the view is brief.
    """

    stream: MessageStream

    def __init__(self, theme: Theme, messages: ConversationMessages, *, is_brief: bool) -> None:
        # A message, and what runs once all of it is written, unless the user scrolls elsewhere.
        self._waiting: tuple[str, Callable[[], object]] | None = None
        self.messages = messages
        self.is_brief = is_brief
        super().__init__(theme, messages)
        self.is_following = True

    def _is_open(self, index: int) -> bool:
        return self.messages.get(self.messages.key_at(index)) is not None

    def _may_grow(self, article: Article, segment: Segment) -> bool:
        shown: ShownMessage = article  # type: ignore[assignment]
        return shown.is_growing and segment.end >= shown.body_range.stop

    def item_rect(self, message_id: str, item: int) -> QRect:
        """Return the rectangle of an item in the viewport; for -1, that of the whole message.

        The rectangle of an item that is not loaded is that of its segment or its message.
        """
        index = self.messages.index_of(message_id)
        if index < 0:
            return QRect()
        width = self.viewport().width()
        top = self.top_space + self.messages.top_of(index) - self.scroll_y
        shown = self.messages.get(message_id)
        found = None
        if shown is not None and 0 <= item < len(shown.items):
            found = self._located(Place(message_id, item))
        if found is None:
            return QRect(0, top, width, self.messages.height_of(index))
        _article, segment, top = found
        top -= self.scroll_y
        document = segment.document
        if document is None or segment.needs_writing or segment.is_table:
            return QRect(0, top, width, segment.height)
        index_in_segment = min(item - segment.first, len(document.pieces) - 1)
        box = document.documentLayout().blockBoundingRect(document.block_at(index_in_segment))
        y = round(segment.text_top(top) + box.top())
        return QRect(0, y, width, round(box.height()))

    @property
    def top_space(self) -> int:
        """Return the pixels above the first message."""
        return self.theme.px(4 if self.is_brief else 36)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll, and run no action that waits for a message elsewhere."""
        if dy and not self._keeping:
            self._waiting = None
        super().scrollContentsBy(dx, dy)

    def _scroll_to_top_of(self, message_id: str, offset: int = 0) -> None:
        """Scroll to the top of a message, or to pixels below it."""
        place = Place(message_id, 0)
        self._pinned_index = -1
        self.follow(False)

        def top() -> int | None:
            y = self.y_of(place, is_line=False)
            return None if y is None else y + offset

        self._approach(top)
        self.follow(self.is_at_end)

    def _approach(self, target: Callable[[], int | None]) -> None:
        """Scroll to a y coordinate, which changes while the heights on the way are measured.

        `target` returns None to stay.
        """
        for _ in range(4):
            before = self.scroll_y
            y = target()
            if y is None:
                return
            self.scroll_to(y)
            if self.scroll_y == before:
                return

    def scroll_to_end(self) -> None:
        """Scroll to the end, and follow new text; keep a question on screen that was just asked."""
        self._pinned_index = -1
        count = self.messages.count
        last = self.messages.get(self.messages.key_at(count - 1)) if count > 1 else None
        is_new = last is not None and last.is_streaming and not last.has_text
        if is_new:
            self.follow_last_question()
            return
        self.follow(True)
        with self.keeping_position():
            pass

    def follow_last_question(self) -> None:
        """Scroll to the end, but keep the last question on screen while its answer grows."""
        index = self.messages.count - 2
        if index >= 0 and self.messages.messages[index].role is Role.USER:
            self._pinned_index = index
        self.follow(True)
        with self.keeping_position():
            pass

    def scroll_state(self) -> tuple[str, int]:
        """Return the topmost message on screen and how many pixels of it are scrolled off.

        Return ("", 0) if no message is there.
        """
        if not self.messages.count:
            return "", 0
        y = self.scroll_y - self.top_space
        index = self.messages.index_at(y)
        return self.messages.key_at(index), y - self.messages.top_of(index)

    def restore_scroll(self, state: tuple[str, int]) -> None:
        """Restore a `scroll_state`, or scroll to the end if its message is gone."""
        message_id, offset = state
        if self.messages.index_of(message_id) < 0:
            self.scroll_to_end()
        elif self.write_whole(message_id, partial(self.restore_scroll, state)):
            self._scroll_to_top_of(message_id, offset)

    def actions_line_y(self, message_id: str) -> int | None:
        """Return the y position in the viewport of the line beside a message's actions.

        Return None if the line is not on screen, or if the message is the last and its end is on
        screen.
        """
        shown = self.messages.get(message_id)
        is_last = self.messages.index_of(message_id) == self.messages.count - 1
        if shown is None or (self.is_at_end and is_last):
            return None
        rect = self.rect_of(Place(shown.key, shown.action_item))
        y = 0 if rect is None else round(rect.bottom())
        return y if 0 < y <= self.viewport().height() else None

    def scroll_actions_line_to(self, message_id: str, y: int) -> None:
        """Scroll the line beside a message's actions to a position of `actions_line_y`.

        After a change of version, the arrows to other versions thus stay under the mouse.
        """
        retry = partial(self.scroll_actions_line_to, message_id, y)
        if not self.write_whole(message_id, retry):
            return
        place = Place(
            message_id, self.messages.open(self.messages.index_of(message_id)).action_item
        )

        def target() -> int | None:
            self.shown_segment(place)  # loads it
            rect = self.rect_of(place)
            return None if rect is None else self.scroll_y + round(rect.bottom()) - y

        self._approach(target)

    def write_whole(self, message_id: str, then: Callable[[], object]) -> bool:
        """Parse all of a message. Return True if done.

        If slices of a long message are still to be written, return False, and run `then` once all
        are written, unless the user scrolls elsewhere first.
        """
        if self.messages.opened(message_id) is None:
            return False
        self.stream.queue_unwritten()
        self.stream.flush(briefly=True)
        if not self.stream.has_more(message_id):
            return True
        self._waiting = message_id, then
        self.stream.prioritize(message_id)
        return False

    def on_settled(self, message_id: str) -> None:
        """Run what waits for a message, if all of the message is written."""
        waiting = self._waiting
        if waiting and waiting[0] == message_id and not self.stream.has_more(message_id):
            self._waiting = None
            waiting[1]()

    def reveal(self, place: Place) -> None:
        """Scroll a place to a third of the height from the top unless it is on screen."""
        self.follow(False)
        height = self.viewport().height()

        def third() -> int | None:
            y = self.y_of(place)
            rect = self.rect_of(place)
            if y is None or rect is None:
                return None
            # On screen, with a line of text above it and two below it.
            top = y - self.scroll_y
            is_on_screen = top >= rect.height() and top + 3 * rect.height() <= height
            return None if is_on_screen else y - height // 3

        self._approach(third)

    def _kept_place(self, shown: ShownMessage, item: int) -> Place | None:
        """Return the line of an action if it is on screen: it stays there while a section folds.

        If lines of code unfold above that line, the last line that was visible stays.
        """
        if item < 0:
            return None
        kept = item
        while kept and shown.is_hidden(kept - 1):
            kept -= 1
        place = Place(shown.key, kept - 1 if kept < item else item)
        rect = self.rect_of(place)
        is_visible = rect is not None and self.viewport().rect().intersects(rect.toRect())
        return place if is_visible else None
