"""Which messages are written into the document, and which wait above and below to be written.

Knows nothing of scrolling or painting: the view asks it to write, to grow, to update, and keeps the
reader's place around that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.rendering.block_model import Block
from desktop_app.ui.look.theme import MEASURE
from desktop_app.ui.transcript.citation_sources import CitationSources
from desktop_app.ui.transcript.document.document_writer import DocumentWriter
from desktop_app.ui.transcript.document.message_writer import MessageWriter
from desktop_app.ui.transcript.layout.layout_cost import cost_more
from desktop_app.ui.transcript.media.code_folds import number_of, show_fold
from desktop_app.ui.transcript.media.highlighter import CodeHighlighter
from desktop_app.ui.transcript.message_items import Facts, ItemMark
from desktop_app.ui.transcript.message_state import MessageState, UnfoldedSections, blocks_of
from desktop_app.ui.transcript.transcript_styles import Styles
from desktop_app.ui.transcript.viewport.virtualizer import around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QTextBlock, QTextDocument

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout

MOST_CHARACTERS: Final = 100_000
"""What is written of a conversation at most: a window that is drawn wider lays it all out anew with
each step, which must not take a tenth of a second."""

_BLOCK: Final = 10
"""For how many characters a block counts besides its own."""

MOST_TO_READ: Final = 600_000
"""The same where a screen reader runs, which reads what is written and nothing else."""

_MOST_AT_ONCE: Final = 40_000
"""What is written again in one step, by its cost: it must not take a tenth of a second."""


class MaterializedMessages:
    """The messages of a conversation: a stretch of it written, those around it waiting.

    Attributes:
        writer: keeps the document.
        wraps_code: whether a line of code that is too long goes on below; from the next
            `write_again` on.
        most: how many characters are written at most, about.
        older, newer: messages above and below them that are not in the document, oldest first.
        versions: (number, count) of messages that have siblings, by id.
        sources: what they may cite.
        highlighter: colours code.
        entry_writer: writes what changes of those that are written.
    """

    def __init__(
        self, document: QTextDocument, theme: Theme, parent: QObject, *, is_brief: bool
    ) -> None:
        styles = Styles(theme, is_brief=is_brief)
        self.writer = DocumentWriter(document, styles, theme.px(MEASURE))
        self.is_brief = is_brief
        self.wraps_code = True
        self.most = MOST_CHARACTERS
        self._facts = Facts(shown=not is_brief)
        self.older: list[Message] = []
        self.newer: list[Message] = []
        self._apart: dict[str, MessageState] = {}
        self._unfolded: dict[str, UnfoldedSections] = {}
        self.versions: dict[str, tuple[int, int]] = {}
        self.sources = CitationSources()
        self._marks: Mapping[str, ItemMark] = {}
        self._entries: dict[str, MessageState] = {}
        self.highlighter = CodeHighlighter(self.writer, theme, parent)
        self.entry_writer = MessageWriter(self.writer, self.highlighter)

    # ------------------------------------------------------------------ finding

    def get(self, message_id: str) -> MessageState | None:
        """A message that is written."""
        return self._entries.get(message_id)

    def growing(self, message_id: str) -> MessageState | None:
        """A message that is written, or streams without being so."""
        return self._entries.get(message_id) or self._apart.get(message_id)

    def last(self) -> MessageState | None:
        """The newest message."""
        sections = self.writer.sections
        return self._entries.get(sections[-1].key) if sections else None

    def first_id(self) -> str:
        """The id of the oldest message, written or not; "" where there is none."""
        if self.older:
            return self.older[0].id
        return self.writer.sections[0].key if self.writer.sections else ""

    def newest_answer(self) -> MessageState | None:
        """The last message that is an answer, written or not."""
        for message in reversed(self.newer):
            if message.role is Role.ASSISTANT:
                return self._apart.get(message.id) or self._new(message)
        entries = (self._entries[section.key] for section in reversed(self.writer.sections))
        return next((e for e in entries if e.message.role is Role.ASSISTANT), None)

    def at_block(self, block: QTextBlock) -> MessageState | None:
        """The message that a block of the document belongs to."""
        found = self.writer.sections.section_at(block.blockNumber())
        return None if found is None else self._entries.get(found[0].key)

    def section_of(self, message_id: str) -> MessageLayout:
        """What a written message takes in the document."""
        return self._entries[message_id].section

    def first_block(self, message_id: str) -> QTextBlock:
        """The block that a written message begins with."""
        return self.writer.sections.block_of(self._entries[message_id].section, 0)

    # ------------------------------------------------------------------ which are written

    def has(self, message_id: str) -> bool:
        """Whether a message is among those given, written or not."""
        unwritten = (*self.older, *self.newer)
        return message_id in self._entries or any(m.id == message_id for m in unwritten)

    def all(self) -> list[tuple[Message, str | None]]:
        """Every message in order, with the text of one that streams as far as it has come."""
        written = (self._entries[section.key] for section in self.writer.sections)
        return [
            *((message, self._text_apart(message)) for message in self.older),
            *((e.message, e.text if e.is_streaming else None) for e in written),
            *((message, self._text_apart(message)) for message in self.newer),
        ]

    def blocks(self, message: Message) -> Callable[[], Iterable[Block]]:
        """Makes a message that is not written into blocks, to be copied; any thread may ask for that."""
        apart = self._apart.get(message.id)
        if apart is not None:
            return apart.blocks()
        return blocks_of(message, self.sources.numbers(message.id))

    def _text_apart(self, message: Message) -> str | None:
        entry = self._apart.get(message.id)
        return entry.text if entry is not None and entry.is_streaming else None

    def begin(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Another conversation, or another path of one, nothing of which is written yet."""
        self._clear()
        self._apart.clear()
        self.older, self.newer = list(messages), []
        ids = {message.id for message in self.older}
        self._unfolded = {key: kept for key, kept in self._unfolded.items() if key in ids}
        self._facts.followed = {message.parent_id for message in self.older}
        self.sources.begin(self.older)
        self.versions, self._marks = versions, {}

    def _clear(self) -> None:
        self.highlighter.clear()
        self._entries.clear()
        self.writer.clear()

    def write_older(self, characters: int) -> None:
        """Write the newest of the messages above that are not written; what is far below goes."""
        taken = 0
        while self.older and taken < characters:
            message = self.older.pop()
            taken += _size(message)
            self._write(0, self._entry_of(message))
        self.writer.fit_tables()
        while self._is_far(-1):
            self.newer.insert(0, self._take_out(-1))

    def write_newer(self, characters: int) -> None:
        """Write the oldest of the messages below that are not written; what is far above goes."""
        taken = 0
        while self.newer and taken < characters:
            message = self.newer.pop(0)
            taken += _size(message)
            self._write(len(self.writer.sections), self._entry_of(message))
        self.writer.fit_tables()
        while self._is_far(0):
            self.older.append(self._take_out(0))

    def write_around(self, message_id: str, characters: int) -> None:
        """Write a message, what follows and a little of what precedes it, and nothing else."""
        messages = self._take_all()
        at = next(number for number, m in enumerate(messages) if m.id == message_id)
        self.older, self.newer = messages[:at], messages[at:]
        self.write_newer(characters)
        self.write_older(characters // 4)

    def write_end(self, characters: int) -> None:
        """Write the end of the conversation, and nothing else."""
        self.older, self.newer = self._take_all(), []
        self.write_older(characters)

    def _take_all(self) -> list[Message]:
        """Every message there is, after which nothing is written."""
        entries = [self._entries[section.key] for section in self.writer.sections]
        messages = [*self.older, *(entry.message for entry in entries), *self.newer]
        for entry in entries:
            self._set_apart(entry)
        self._clear()
        return messages

    def _take_out(self, at: int) -> Message:
        """Take the first (0) or the last (-1) message out of the document."""
        section = self.writer.sections[at]
        entry = self._entries.pop(section.key)
        self.highlighter.forget(section)
        self.writer.remove_section(section)
        self._set_apart(entry)
        return entry.message

    def _set_apart(self, entry: MessageState) -> None:
        """An answer that streams, or is still being written, grows out of sight, too."""
        if entry.grows:
            self._apart[entry.message.id] = entry

    def _entry_of(self, message: Message) -> MessageState:
        entry = self._apart.pop(message.id, None)
        return entry or self._new(message)

    def _new(self, message: Message) -> MessageState:
        unfolded = self._unfolded.setdefault(message.id, UnfoldedSections())
        cited = self.sources.numbers(message.id)
        return MessageState(message, self._facts, self.versions.get(message.id), unfolded, cited)

    @property
    def is_whole(self) -> bool:
        """Whether every message is written, and all of it."""
        waits = self.older or self.newer
        return not waits and all(section.is_whole for section in self.writer.sections)

    @property
    def has_room(self) -> bool:
        """Whether more may be written without anything being taken out."""
        return sum(map(self._written_size, self.writer.sections)) < self.most * 3 // 4

    @property
    def is_much(self) -> bool:
        """Whether more is written than is to stay."""
        document = self.writer.document
        return document.characterCount() + _BLOCK * document.blockCount() > self.most

    def _written_size(self, section: MessageLayout) -> int:
        """Roughly the characters that are written of a message."""
        size = _size(self._entries[section.key].message)
        if section.is_whole:
            return size
        document, first = self.writer.document, self.writer.sections.first_block(section)
        end = document.findBlockByNumber(first + section.total).position()
        return min(size, end - document.findBlockByNumber(first).position())

    def _is_far(self, at: int) -> bool:
        """Whether too much is written, and enough of it between message `at` and the other end."""
        sizes = [self._written_size(section) for section in self.writer.sections]
        return sum(sizes) > self.most and sum(sizes) - sizes[at] > self.most // 2

    def append(self, message: Message) -> MessageState | None:
        """A message after all others; None where it waits with those below to be written."""
        self.sources.add(message)
        self._facts.followed.add(message.parent_id)
        entry = self._new(message)
        if self.newer:
            self.newer.append(message)
            self._set_apart(entry)
            return None
        self._write(len(self.writer.sections), entry)
        return entry

    def write_again(
        self, theme: Theme, message_id: str, item: int, height: float, width: int
    ) -> None:
        """Write everything that is written in another look, for a document of another width; of much what is around an item of
        a message, so that it does not take long: of that message so many pixels above it and
        below it, of the others what is next to it. The rest waits to be scrolled to."""
        order = [self._entries[section.key] for section in self.writer.sections]
        scale = theme.px(1000) / self.writer.styles.theme.px(1000)
        self.highlighter.clear()
        self.highlighter.set_theme(theme)
        self.writer.dress(Styles(theme, is_brief=self.is_brief, wraps_code=self.wraps_code), width)
        self.writer.clear()
        nearest = -1
        for entry in self._narrowed(order, message_id):
            at = item if entry.message.id == message_id else nearest
            nearest = 0 if entry.message.id == message_id else nearest
            self._put_back(entry.section, at, height, scale)
            self.entry_writer.show_folds(entry)
        self.writer.fit_tables()

    def _put_back(self, section: MessageLayout, at: int, height: float, scale: float) -> None:
        count = len(section.items)
        ranges = [(0, count)]
        if cost_more(section.items, _MOST_AT_ONCE):
            ranges = around(section, at % count, height)
        self.writer.put_back(section, ranges, scale)
        for first, end in section.runs(0, count):
            self.highlighter.colour_items(section, first, end)

    def write_items(self, section: MessageLayout, ranges: Iterable[tuple[int, int]]) -> None:
        """Have some items [first, end) of a message written that are not."""
        ranges = list(ranges)
        self.writer.write(section, ranges)
        for first, end in ranges:
            self.highlighter.colour_items(section, first, end)
        if any(0.0 in section.heights[first:end] for first, end in ranges):
            self.entry_writer.show_folds(self._entries[section.key])

    def write_folded(self) -> bool:
        """Have one block's folded lines written for those who listen; whether any were missing. The
        line above them is there: what is folded must not stand below a hole."""
        for section in self.writer.sections:
            for first, end in section.holes():
                if number_of(section.items[end]) is not None and section.counts[first - 1]:
                    self.writer.write(section, [(first, end)])
                    self.highlighter.colour_items(section, first, end)
                    show_fold(self.writer, section, end, visible=False)
                    return section.counts[first] > 0
        return False

    def write_item(self, section: MessageLayout, at: int, height: float, unit: int = 0) -> None:
        """Have an item written, and so many pixels of what is above it and below it; of a very long
        text the part that this UTF-16 unit is in: what is on screen around it is filled in."""
        if not section.counts[at]:
            self.write_items(section, around(section, at, height))
        if section.gaps[at]:
            self.write_part(section, at, unit, unit + 1)

    def write_part(self, section: MessageLayout, at: int, first: int, end: int) -> None:
        """Have UTF-16 units [first, end) of a long text written."""
        self.writer.fill(section, at, first, end)

    def _narrowed(self, order: list[MessageState], around: str) -> list[MessageState]:
        """The entries around a message that can be written at once; the others wait, above and
        below."""
        sizes = [min(_size(entry.message), _MOST_AT_ONCE // 4) for entry in order]
        first, end = 0, len(order)
        at = next((n for n, entry in enumerate(order) if entry.message.id == around), end - 1)
        while end - first > 1 and sum(sizes[first:end]) > _MOST_AT_ONCE:
            if sum(sizes[first:at]) > sum(sizes[at + 1 : end]):
                first += 1
            else:
                end -= 1
        for entry in (*order[:first], *order[end:]):
            del self._entries[entry.message.id]
            self._set_apart(entry)
        self.older += [entry.message for entry in order[:first]]
        self.newer[:0] = [entry.message for entry in order[end:]]
        return order[first:end]

    def _write(self, at: int, entry: MessageState) -> None:
        self._entries[entry.message.id] = entry
        entry.mark = self._marks.get(entry.message.id)
        self.entry_writer.insert(at, entry)

    def take_rests(self) -> list[tuple[Message, str]]:
        """What is still to be added to the long answers written since this was last asked."""
        taken = []
        for section in self.writer.sections:
            entry = self._entries[section.key]
            if entry.rest:
                taken.append((entry.message, entry.rest))
                entry.rest = ""
        return taken

    def unread(self) -> Iterator[tuple[str, str]]:
        """What of the reasoning of written messages is unfolded and still to be shown, by id."""
        for section in self.writer.sections:
            if unread := self._entries[section.key].unread:
                yield section.key, unread

    # ------------------------------------------------------------------ how they change

    def grow(self, entry: MessageState, text: str, seen: int = -1) -> None:
        """The next piece of an answer; what item `seen` of it is in stays unfolded."""
        if entry.message.id in self._apart:
            entry.add_text(text)
            return
        begins = not entry.has_text
        self.entry_writer.grow(entry, entry.add_text(text), seen)
        if begins:
            self.entry_writer.refresh(entry)

    def renew(self, entry: MessageState) -> None:
        """Some more of what definitions change in an answer that has come."""
        changes = entry.renew()
        if entry.message.id not in self._apart:
            self.entry_writer.renew(entry, changes)

    def think(self, entry: MessageState, text: str) -> None:
        """The next piece of an answer's reasoning."""
        entry.add_reasoning(text, time.monotonic())
        if entry.message.id not in self._apart:
            self.entry_writer.think(entry, len(text))

    def update(self, message: Message) -> MessageState | None:
        """Bring a message up to date; its text is touched only where it differs."""
        entry = self._entries.get(message.id)
        if entry is None:
            self._apart.pop(message.id, None)
            for waiting in (self.older, self.newer):
                waiting[:] = [message if m.id == message.id else m for m in waiting]
            return None
        entry.is_stored = entry.is_stored and message.status is not MessageStatus.STREAMING
        entry.message, entry.version = message, self.versions.get(message.id)
        changes = entry.set_text(message.text) if message.role is Role.ASSISTANT else []
        self.entry_writer.update(entry, changes)
        return entry

    def name_models(self, name_of: Callable[[str], str]) -> None:
        """Take the models' names, and say them wherever a model is named."""
        self._facts.name_of = name_of
        for section in self.writer.sections:
            self.entry_writer.refresh(self._entries[section.key])

    def mark(self, marks: Mapping[str, ItemMark]) -> None:
        """Have these marks, by message id, and no others."""
        changed = {key for key in {*self._marks, *marks} if self._marks.get(key) != marks.get(key)}
        self._marks = marks
        for key in changed & self._entries.keys():
            self._entries[key].mark = marks.get(key)
            self.entry_writer.refresh(self._entries[key])

    def unfold_code_at(self, section: MessageLayout, at: int) -> None:
        """Show to its end the code that an item belongs to."""
        for item in section.items[at:]:
            number = number_of(item)
            if number is not None:
                self.entry_writer.turn_fold(self._entries[section.key], number, unfold=True)
                return


def _size(message: Message) -> int:
    """Roughly the characters that a message takes on screen."""
    return len(message.text) + 200
