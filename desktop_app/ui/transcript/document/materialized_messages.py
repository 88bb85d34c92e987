"""Chooses the messages that are in the document and writes them.

This module does not know scrolling or painting. The view calls it to materialize, extend and update
messages, and keeps the scroll anchor meanwhile.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.documents.collections import Passage, passage_number
from desktop_app.rendering.block_model import Block
from desktop_app.ui.look.theme import MEASURE, Theme
from desktop_app.ui.transcript.citation_sources import CitationSources
from desktop_app.ui.transcript.document.document_writer import DocumentWriter
from desktop_app.ui.transcript.document.message_writer import MessageWriter
from desktop_app.ui.transcript.layout.layout_cost import approximate_length
from desktop_app.ui.transcript.media.code_folds import fold_number, show_fold
from desktop_app.ui.transcript.media.highlighter import CodeHighlighter
from desktop_app.ui.transcript.message_items import FooterFacts, MessageMark
from desktop_app.ui.transcript.message_state import MessageState, UnfoldedSections, block_maker_of
from desktop_app.ui.transcript.transcript_styles import Styles

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QTextBlock, QTextDocument

    from desktop_app.ui.transcript.layout.message_layout import MessageLayout

MATERIALIZED_CHARACTERS: Final = 100_000
"""Maximum characters to materialize.

Qt lays out all of them at each step of a window resize, which must take less than 0.1 s.
"""

READER_CHARACTERS: Final = 600_000
"""The limit while a screen reader runs or text is selected: both need materialized text."""


class TextSoFar(NamedTuple):
    """The reasoning and the text of a streaming answer that have arrived."""

    reasoning: str
    text: str


class MaterializedMessages:
    """The messages of a conversation, of which a contiguous range is in the document.

    Attributes:
        writer: writes the document.
        is_brief: True if a single answer is shown, without the facts in its footer.
        older: messages above the document, oldest first.
        newer: messages below the document, oldest first.
        versions: (number, count) of each message that has siblings, by message id.
        sources: the sources that messages may cite.
        highlighter: highlights code.
        message_writer: updates the messages in the document.
    """

    def __init__(
        self,
        document: QTextDocument,
        theme: Theme,
        parent: QObject,
        *,
        is_brief: bool,
        on_written: Callable[[int, int], None],
    ) -> None:
        styles = Styles(theme, is_brief=is_brief)
        self.writer = DocumentWriter(document, styles, theme.px(MEASURE), on_written=on_written)
        self.is_brief = is_brief
        self._wraps_code = True
        self._limit = MATERIALIZED_CHARACTERS
        self._facts = FooterFacts(are_shown=not is_brief)
        self.older: list[Message] = []
        self.newer: list[Message] = []
        self._detached: dict[str, MessageState] = {}
        self._unfolded: dict[str, UnfoldedSections] = {}
        self.versions: dict[str, tuple[int, int]] = {}
        self.sources = CitationSources()
        self._marks: Mapping[str, MessageMark] = {}
        self._states: dict[str, MessageState] = {}
        self.highlighter = CodeHighlighter(self.writer, theme, parent)
        self.message_writer = MessageWriter(self.writer, self.highlighter)

    # ------------------------------------------------------------------ lookup

    def get(self, message_id: str) -> MessageState | None:
        """Return a message that is in the document."""
        return self._states.get(message_id)

    def find_state(self, message_id: str) -> MessageState | None:
        """Return a message that is in the document or streams outside it."""
        return self._states.get(message_id) or self._detached.get(message_id)

    def last(self) -> MessageState | None:
        """Return the last message in the document."""
        layouts = self.writer.layouts
        return self._states.get(layouts[-1].key) if layouts else None

    def first_id(self) -> str:
        """Return the id of the oldest message, materialized or not, or "" if there is none."""
        if self.older:
            return self.older[0].id
        return self.writer.layouts[0].key if self.writer.layouts else ""

    def newest_answer(self) -> MessageState | None:
        """Return the newest answer, materialized or not."""
        messages = map(self.message_at, reversed(range(self.count)))
        newest = next((message for message in messages if message.role is Role.ASSISTANT), None)
        return None if newest is None else self.find_state(newest.id) or self._new_state(newest)

    def at_block(self, block: QTextBlock) -> MessageState | None:
        """Return the message that owns a block of the document."""
        found = self.writer.layouts.layout_at(block.blockNumber())
        return None if found is None else self._states.get(found[0].key)

    def layout_of(self, message_id: str) -> MessageLayout:
        """Return the layout of a message in the document."""
        return self._states[message_id].layout

    def first_block(self, message_id: str) -> QTextBlock:
        """Return the first block of a message in the document."""
        return self.writer.layouts.block_of(self._states[message_id].layout, 0)

    # ------------------------------------------------------------------ materializing

    def has_message(self, message_id: str) -> bool:
        """Return True if the conversation has this message, materialized or not."""
        outside = (*self.older, *self.newer)
        return message_id in self._states or any(m.id == message_id for m in outside)

    @property
    def count(self) -> int:
        """Return the number of messages, materialized or not."""
        return len(self.older) + len(self.writer.layouts) + len(self.newer)

    def message_at(self, index: int) -> Message:
        """Return a message by its index in the conversation."""
        if index < len(self.older):
            return self.older[index]
        index -= len(self.older)
        layouts = self.writer.layouts
        if index < len(layouts):
            return self._states[layouts[index].key].message
        return self.newer[index - len(layouts)]

    def index_of(self, message_id: str) -> int:
        """Return the index of a materialized message in the conversation; -1 for any other."""
        keys = [layout.key for layout in self.writer.layouts]
        return len(self.older) + keys.index(message_id) if message_id in keys else -1

    @property
    def name_of_model(self) -> Callable[[str], str]:
        """Return the function that names a model by its id."""
        return self._facts.name_of

    def all_with_text(self) -> list[tuple[Message, TextSoFar | None]]:
        """Return all messages in order, each with its text so far if it streams, else None."""
        written = (self._states[layout.key] for layout in self.writer.layouts)
        return [
            *((message, _text_so_far(self._detached.get(message.id))) for message in self.older),
            *((state.message, _text_so_far(state)) for state in written),
            *((message, _text_so_far(self._detached.get(message.id))) for message in self.newer),
        ]

    def block_maker(self, message: Message) -> Callable[[], Iterable[Block]]:
        """Return a function that parses a message outside the document for copying.

        The function may be called on any thread.
        """
        detached = self._detached.get(message.id)
        if detached is not None:
            return detached.block_maker()
        return block_maker_of(message, self.sources.numbers(message.id))

    def begin(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Start another conversation or path, with all messages outside the document."""
        self._clear()
        self._detached.clear()
        self.older, self.newer = list(messages), []
        ids = {message.id for message in self.older}
        self._unfolded = {key: sections for key, sections in self._unfolded.items() if key in ids}
        self._facts.begin(self.older)
        self.sources.begin(self.older)
        self.versions, self._marks = versions, {}

    def _clear(self) -> None:
        self.highlighter.clear()
        self._states.clear()
        self.writer.clear()

    def write_older(self, characters: int, kept_ids: Container[str] = ()) -> None:
        """Write older messages of about `characters` above; remove messages far below.

        Keep `kept_ids`, because a very long message above may exceed the limit alone.
        """
        self._write_above(characters)
        while self._can_remove(-1, kept_ids):
            self.newer.insert(0, self._remove_from_document(-1))

    def write_newer(self, characters: int, kept_ids: Container[str] = ()) -> None:
        """Write newer messages of about `characters` below; remove messages far above.

        Keep `kept_ids`, because a very long message below may exceed the limit alone.
        """
        self._write_below(characters)
        while self._can_remove(0, kept_ids):
            self.older.append(self._remove_from_document(0))

    def write_around(self, message_id: str, characters: int) -> None:
        """Write only a message, the messages after it and a few before it."""
        messages = self._detach_all()
        at = next(number for number, m in enumerate(messages) if m.id == message_id)
        self.older, self.newer = messages[:at], messages[at:]
        self._write_below(characters)
        self._write_above(characters // 4)

    def write_end(self, characters: int) -> None:
        """Write only the end of the conversation."""
        self.older, self.newer = self._detach_all(), []
        self._write_above(characters)

    def _write_above(self, characters: int) -> None:
        written = 0
        while self.older and written < characters:
            message = self.older.pop()
            written += _size(message)
            self._write(0, self._state_to_write(message))
        self.writer.finish_table()

    def _write_below(self, characters: int) -> None:
        written = 0
        while self.newer and written < characters:
            message = self.newer.pop(0)
            written += _size(message)
            self._write(len(self.writer.layouts), self._state_to_write(message))
        self.writer.finish_table()

    def _detach_all(self) -> list[Message]:
        """Clear the document. Return all messages in order."""
        states = [self._states[layout.key] for layout in self.writer.layouts]
        messages = [*self.older, *(state.message for state in states), *self.newer]
        for state in states:
            self._detach(state)
        self._clear()
        return messages

    def _remove_from_document(self, at: int) -> Message:
        """Remove the first (0) or the last (-1) message from the document."""
        layout = self.writer.layouts[at]
        state = self._states.pop(layout.key)
        self.highlighter.forget(layout)
        self.writer.remove_message(layout)
        self._detach(state)
        return state.message

    def _detach(self, state: MessageState) -> None:
        """Keep the state of a message that grows on outside the document."""
        if state.is_growing:
            self._detached[state.message.id] = state

    def _state_to_write(self, message: Message) -> MessageState:
        """Return the state that grew outside the document, or a new state."""
        state = self._detached.pop(message.id, None)
        return state or self._new_state(message)

    def _new_state(self, message: Message) -> MessageState:
        unfolded = self._unfolded.setdefault(message.id, UnfoldedSections())
        cited = self.sources.numbers(message.id)
        return MessageState(message, self._facts, self.versions.get(message.id), unfolded, cited)

    @property
    def is_fully_materialized(self) -> bool:
        """Return True if all messages are fully materialized."""
        is_partial = self.older or self.newer
        return not is_partial and all(
            layout.is_fully_materialized for layout in self.writer.layouts
        )

    @property
    def has_room(self) -> bool:
        """Return True if more messages fit without removing any."""
        return sum(map(self._written_size, self.writer.layouts)) < self._limit * 3 // 4

    @property
    def is_over_limit(self) -> bool:
        """Return True if the document exceeds its limit, by the counts that Qt keeps."""
        return approximate_length(self.writer.document) > self._limit

    def _written_size(self, layout: MessageLayout) -> int:
        """Return the approximate number of characters that are, or soon will be, materialized."""
        size = _size(self._states[layout.key].message)
        if layout.is_fully_materialized:
            return size
        document, first = self.writer.document, self.writer.layouts.first_block(layout)
        end = document.findBlockByNumber(first + layout.total).position()
        return min(size, end - document.findBlockByNumber(first).position())

    def _can_remove(self, at: int, kept_ids: Container[str]) -> bool:
        """Return True if the document is too long, and long enough without message `at`."""
        if self.writer.layouts[at].key in kept_ids:
            return False
        sizes = [self._written_size(layout) for layout in self.writer.layouts]
        return sum(sizes) > self._limit and sum(sizes) - sizes[at] > self._limit // 2

    def append(self, message: Message) -> MessageState | None:
        """Append a message. Return None if it stays outside the document."""
        self.sources.add(message)
        self._facts.followed_ids.add(message.parent_id)
        state = self._new_state(message)
        if self.newer:
            self.newer.append(message)
            self._detach(state)
            return None
        self._write(len(self.writer.layouts), state)
        return state

    def rewrite_screen(
        self, theme: Theme, message_id: str, item: int, height: float, width: int
    ) -> None:
        """Rewrite the text on screen in another theme and for another width.

        It begins with item `item` of message `message_id` and is `height` pixels high. If there is
        no such message, it is the end of the conversation. The rest is materialized afterwards.
        """
        order = [self._states[layout.key] for layout in self.writer.layouts]
        scale = theme.px(1000) / self.writer.styles.theme.px(1000)
        on_screen = self._keep_on_screen(order, message_id, item, height / scale)
        self.highlighter.clear()
        self.highlighter.set_theme(theme)
        self.writer.set_styles(
            Styles(theme, is_brief=self.is_brief, wraps_code=self._wraps_code), width
        )
        self.writer.clear()
        for state, ranges in on_screen:
            layout = state.layout
            self.writer.put_back(layout, ranges, scale)
            for first, end in layout.materialized_ranges(0, len(layout.items)):
                self.highlighter.highlight_items(layout, first, end)
            self.message_writer.show_folds(state)
        self.writer.finish_table()

    def write_items(self, layout: MessageLayout, ranges: Iterable[tuple[int, int]]) -> None:
        """Write the items of these ranges [first, end) of a message."""
        ranges = list(ranges)
        self.writer.write(layout, ranges)
        for first, end in ranges:
            self.highlighter.highlight_items(layout, first, end)
        if any(0.0 in layout.heights[first:end] for first, end in ranges):
            self.message_writer.show_folds(self._states[layout.key])

    def write_folded(self) -> bool:
        """Write the folded lines of one code block for a screen reader.

        The item above them must be materialized, because folded lines must not follow a
        placeholder. Return True if any were materialized.
        """
        for layout in self.writer.layouts:
            for first, end in layout.placeholders():
                if fold_number(layout.items[end]) is not None and layout.counts[first - 1]:
                    self.writer.write(layout, [(first, end)])
                    self.highlighter.highlight_items(layout, first, end)
                    show_fold(self.writer, layout, end, visible=False)
                    return layout.counts[first] > 0
        return False

    def write_item(self, layout: MessageLayout, at: int, height: float, unit: int = 0) -> None:
        """Write an item and about `height` pixels on either side.

        Of a very long text, write only the part that contains this UTF-16 unit. The rest is
        materialized once it comes near the screen.
        """
        if not layout.counts[at]:
            self.write_items(layout, layout.ranges_around(at, height, height))
        if layout.gaps[at]:
            self.write_part(layout, at, unit, unit + 1)

    def write_part(self, layout: MessageLayout, at: int, first: int, end: int) -> None:
        """Write UTF-16 units [first, end) of a long text."""
        self.writer.fill(layout, at, first, end)

    def _keep_on_screen(
        self, order: list[MessageState], message_id: str, item: int, height: float
    ) -> list[tuple[MessageState, list[tuple[int, int]]]]:
        """Return the states on screen with the items to write, and remove all others."""
        at = next((n for n, state in enumerate(order) if state.message.id == message_id), -1)
        on_screen: list[tuple[MessageState, list[tuple[int, int]]]] = []
        first = end = max(at, 0)
        if at < 0:
            first = end = len(order)
            while first and height > 0:
                first -= 1
                layout = order[first].layout
                last = len(layout.items) - 1
                self.writer.measure(layout, last)
                on_screen.insert(0, (order[first], layout.ranges_around(last, height, 0)))
                height -= sum(layout.heights)
        while at >= 0 and end < len(order) and height > 0:
            layout = order[end].layout
            begin = item if end == at else 0
            self.writer.measure(layout, begin)
            on_screen.append((order[end], layout.ranges_around(begin, 0, height)))
            height -= sum(layout.heights[begin + 1 :])
            end += 1
        for state in (*order[:first], *order[end:]):
            del self._states[state.message.id]
            self._detach(state)
        self.older += [state.message for state in order[:first]]
        self.newer[:0] = [state.message for state in order[end:]]
        return on_screen

    def _write(self, at: int, state: MessageState) -> None:
        self._states[state.message.id] = state
        state.set_mark(self._marks.get(state.message.id))
        self.message_writer.insert(at, state)

    def take_unwritten(self) -> list[tuple[Message, str]]:
        """Return the text still to append to long answers, and reset it."""
        unwritten = []
        for layout in self.writer.layouts:
            state = self._states[layout.key]
            if rest := state.take_unwritten():
                unwritten.append((state.message, rest))
        return unwritten

    def all_unshown_reasoning(self) -> Iterator[tuple[str, str]]:
        """Yield unfolded reasoning that is still to be shown, by message id."""
        for layout in self.writer.layouts:
            if unshown_reasoning := self._states[layout.key].unshown_reasoning:
                yield layout.key, unshown_reasoning

    # ------------------------------------------------------------------ changes

    def grow(self, state: MessageState, text: str, visible_item: int = -1) -> None:
        """Append text to a message. Code that contains item `visible_item` stays unfolded."""
        if state.message.id in self._detached:
            state.add_text(text)
            return
        is_first = not state.has_text
        self.message_writer.grow(state, state.add_text(text), visible_item)
        if is_first:
            self.message_writer.refresh(state)

    def run_updates(self, state: MessageState) -> None:
        """Apply late link definitions to the next blocks of a complete answer."""
        changes = state.run_updates()
        if state.message.id not in self._detached:
            self.message_writer.write_updates(state, changes)

    def append_reasoning(self, state: MessageState, text: str) -> None:
        """Append text to the reasoning of an answer."""
        state.add_reasoning(text, time.monotonic())
        if state.message.id not in self._detached:
            self.message_writer.show_reasoning(state, len(text))

    def update(self, message: Message) -> MessageState | None:
        """Update a message and edit only the text that differs.

        Return None if the message is outside the document.
        """
        state = self._states.get(message.id)
        if state is None:
            if message.status is not MessageStatus.STREAMING:
                self._detached.pop(message.id, None)
            elif (detached := self._detached.get(message.id)) is not None:
                detached.update(message, self.versions.get(message.id))
            for waiting in (self.older, self.newer):
                waiting[:] = [message if m.id == message.id else m for m in waiting]
            return None
        changes = state.update(message, self.versions.get(message.id))
        self.message_writer.update(state, changes)
        return state

    def set_status_line(self, state: MessageState, sentence: str) -> None:
        """Show a status line below an answer; "" shows none."""
        state.set_status_line(sentence)
        if state.message.id not in self._detached:
            self.message_writer.refresh(state)

    def set_limit(self, characters: int) -> None:
        """Set the approximate number of characters to materialize at most."""
        self._limit = characters

    def wrap_code(self, wraps: bool) -> bool:
        """Set whether long lines of code wrap from the next `rewrite_screen` on.

        Return True if the setting has changed.
        """
        changed, self._wraps_code = wraps != self._wraps_code, wraps
        return changed

    def cited_passage(self, state: MessageState | None, target: str) -> Passage | None:
        """Return the passage that a citation in a message refers to; None if there is none."""
        number = passage_number(target)
        if state is None or number is None:
            return None
        return self.sources.passage(state.message.id, number)

    def set_model_names(self, name_of: Callable[[str], str]) -> None:
        """Set the function that names models, and refresh the names on screen."""
        self._facts.set_names(name_of)
        for layout in self.writer.layouts:
            self.message_writer.refresh(self._states[layout.key])

    def set_marks(self, marks: Mapping[str, MessageMark]) -> None:
        """Replace all marks with these, by message id."""
        changed = {key for key in {*self._marks, *marks} if self._marks.get(key) != marks.get(key)}
        self._marks = marks
        for key in changed & self._states.keys():
            self._states[key].set_mark(marks.get(key))
            self.message_writer.refresh(self._states[key])

    def unfold_code_at(self, layout: MessageLayout, at: int) -> None:
        """Unfold the code block that contains item `at`."""
        for item in layout.items[at:]:
            number = fold_number(item)
            if number is not None:
                self.message_writer.set_fold(self._states[layout.key], number, unfold=True)
                return


def _text_so_far(state: MessageState | None) -> TextSoFar | None:
    if state is None or not state.is_streaming:
        return None
    return TextSoFar(state.reasoning, state.text)


def _size(message: Message) -> int:
    """Return the approximate number of characters that a message takes on screen."""
    return len(message.text) + 200
