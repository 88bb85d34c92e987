"""Which messages are written into the document, and how they change there.

Knows nothing of scrolling or painting: the view asks it to write, to grow, to update, and keeps the
reader's place around that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from desktop_app.domain.conversation import Message, Role
from desktop_app.rendering.model import Block, Kind, Patch
from desktop_app.ui.transcript.document import DocumentWriter
from desktop_app.ui.transcript.entry import Entry
from desktop_app.ui.transcript.highlighter import CodeHighlighter
from desktop_app.ui.transcript.items import Facts, Mark
from desktop_app.ui.transcript.styles import Styles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QTextBlock, QTextDocument

    from desktop_app.ui.theme import Theme


class WrittenMessages:
    """The messages of a conversation: the newer ones written, the older ones waiting.

    Attributes:
        writer: keeps the document.
        unwritten: older messages that are not in the document yet, oldest first.
        versions: (number, count) of messages that have siblings, by id.
    """

    def __init__(
        self, document: QTextDocument, theme: Theme, parent: QObject, *, is_brief: bool
    ) -> None:
        self.writer = DocumentWriter(document, Styles(theme, is_brief=is_brief))
        self._is_brief = is_brief
        self._facts = Facts(shown=not is_brief)
        self.unwritten: list[Message] = []
        self.versions: dict[str, tuple[int, int]] = {}
        self._marks: Mapping[str, Mark] = {}
        self._entries: dict[str, Entry] = {}
        self._highlighter = CodeHighlighter(self.writer, theme, parent)

    # ------------------------------------------------------------------ finding

    def get(self, message_id: str) -> Entry | None:
        """A message that is written."""
        return self._entries.get(message_id)

    def last(self) -> Entry | None:
        """The newest message."""
        sections = self.writer.sections
        return self._entries.get(sections[-1].key) if sections else None

    def newest_answer(self) -> Entry | None:
        """The last message that is an answer."""
        entries = (self._entries[section.key] for section in reversed(self.writer.sections))
        return next((e for e in entries if e.message.role is Role.ASSISTANT), None)

    def at_block(self, block: QTextBlock) -> Entry | None:
        """The message that a block of the document belongs to."""
        found = self.writer.section_at(block.blockNumber())
        return None if found is None else self._entries.get(found[0].key)

    def first_block(self, message_id: str) -> QTextBlock:
        """The block that a written message begins with."""
        return self.writer.block_of(self._entries[message_id].section, 0)

    # ------------------------------------------------------------------ which are written

    def begin(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Another conversation, nothing of which is written yet."""
        self._highlighter.clear()
        self._entries.clear()
        self.writer.clear()
        self.unwritten, self.versions, self._marks = list(messages), versions, {}

    def write_older(self, characters: int) -> None:
        """Write the newest of the messages that are not written yet."""
        taken = 0
        while self.unwritten and taken < characters:
            message = self.unwritten.pop()
            taken += len(message.text) + 200
            self._write(0, Entry(message, self._facts, self.versions.get(message.id)))
        self.writer.fit_tables()

    def write_down_to(self, message_id: str, step: int) -> bool:
        """Write older messages until this one is there; whether it is."""
        if message_id not in self._entries and any(m.id == message_id for m in self.unwritten):
            while message_id not in self._entries:
                self.write_older(step)
        return message_id in self._entries

    def append(self, message: Message) -> Entry:
        """Write a message after all others."""
        entry = Entry(message, self._facts, self.versions.get(message.id))
        self._write(len(self.writer.sections), entry)
        return entry

    def write_again(self, theme: Theme) -> None:
        """Write everything that is written in another look."""
        order = [self._entries[section.key] for section in self.writer.sections]
        self._highlighter.clear()
        self._highlighter.set_theme(theme)
        self.writer.styles = Styles(theme, is_brief=self._is_brief)
        self.writer.clear()
        for entry in order:
            entry.uncoloured = []
            self._write(len(self.writer.sections), entry)
        self.writer.fit_tables()

    def _write(self, at: int, entry: Entry) -> None:
        self._entries[entry.message.id] = entry
        entry.mark = self._marks.get(entry.message.id)
        entry.section = self.writer.insert_section(at, entry.message.id, entry.items())
        self._find_code(entry, 0, entry.section.items[entry.head :])
        self._colour(entry)

    # ------------------------------------------------------------------ how they change

    def grow(self, entry: Entry, text: str) -> None:
        """The next piece of an answer."""
        begins = not entry.has_text
        self._patch(entry, entry.add_text(text))
        if begins:
            self.refresh(entry)

    def think(self, entry: Entry, text: str) -> None:
        """The next piece of an answer's reasoning."""
        entry.add_reasoning(text, time.monotonic())
        self.refresh(entry)

    def update(self, message: Message) -> Entry | None:
        """Bring a message up to date; its text is touched only where it differs."""
        entry = self._entries.get(message.id)
        if entry is None:
            self.unwritten = [message if m.id == message.id else m for m in self.unwritten]
            return None
        entry.message, entry.version = message, self.versions.get(message.id)
        patches = entry.set_text(message.text) if message.role is Role.ASSISTANT else []
        if patches is None:
            self._rewrite(entry)
        else:
            self._patch(entry, patches)
        self.refresh(entry)
        if not entry.is_streaming:
            self.writer.fit_tables()
            self._colour(entry)
        return entry

    def name_models(self, name_of: Callable[[str], str]) -> None:
        """Take the models' names, and say them wherever a model is named."""
        self._facts.name_of = name_of
        for section in self.writer.sections:
            self.refresh(self._entries[section.key])

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Have these marks, by message id, and no others."""
        changed = {key for key in {*self._marks, *marks} if self._marks.get(key) != marks.get(key)}
        self._marks = marks
        for key in changed & self._entries.keys():
            self._entries[key].mark = marks.get(key)
            self.refresh(self._entries[key])

    def refresh(self, entry: Entry) -> None:
        """Bring what stands before and behind the body up to date."""
        section, head = entry.section, entry.head_items()
        if len(head) != entry.head:
            self._rewrite(entry)
        else:
            self.writer.show_items(section, 0, entry.head, head)
        foot = entry.foot_items()
        self.writer.show_items(section, len(section.items) - entry.foot, entry.foot, foot)
        entry.foot = len(foot)

    def _rewrite(self, entry: Entry) -> None:
        """Bring all items of a message up to date, whatever differs."""
        self._highlighter.forget(entry.section)
        items = entry.items()
        self.writer.show_items(entry.section, 0, len(entry.section.items), items)
        entry.uncoloured = []
        self._find_code(entry, 0, items[entry.head :])
        self._colour(entry)

    def _patch(self, entry: Entry, patches: list[Patch]) -> None:
        for at, removed, added in patches:
            self.writer.replace(entry.section, entry.head + at, removed, added)
            self._find_code(entry, at, added)
        if entry.uncoloured:
            self._colour(entry)

    # ------------------------------------------------------------------ colours of code

    def _find_code(self, entry: Entry, at: int, added: Sequence[object]) -> None:
        """Remember the code blocks that begin among new items."""
        for number, item in enumerate(added):
            if isinstance(item, Block) and item.kind is Kind.CODE_HEAD and item.language:
                head = at + number
                entry.uncoloured = [*(h for h in entry.uncoloured if h < head), head]
                entry.coloured_to = head + 1

    def _colour(self, entry: Entry) -> None:
        """Colour whole blocks that are closed, and the complete lines of the one that grows."""
        end = len(entry.section.items) - entry.foot
        last = entry.section.items[end - 1] if end else None
        is_code = isinstance(last, Block) and last.kind in (Kind.CODE, Kind.CODE_HEAD)
        grows = is_code and entry.is_streaming
        for head in entry.uncoloured[: -1 if grows else None]:
            self._highlighter.colour_block(entry.section, entry.head + head)
        entry.uncoloured = entry.uncoloured[-1:] if grows else []
        if entry.uncoloured and entry.head + entry.coloured_to < end - 1:
            head = entry.head + entry.uncoloured[0]
            first = entry.head + entry.coloured_to
            self._highlighter.colour_lines(entry.section, head, first, end - 1)
            entry.coloured_to = end - 1 - entry.head
