"""Holds the messages of the conversation on screen, in order, and their states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.documents.collections import Passage, passage_number
from desktop_app.transcript.citation_sources import CitationSources
from desktop_app.transcript.message_items import FooterFacts, MessageNote
from desktop_app.transcript.message_state import MessageState, block_maker_of
from desktop_app.transcript.unfolded_sections import UnfoldedSections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from PySide6.QtGui import QTextBlock

    from desktop_app.markdown.block_model import Block
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.layout.message_layouts import MessageLayouts


class TranscriptMessages:
    """The messages of a conversation, of which a contiguous range is in the document.

    A message in the document is called materialized. A message has a `MessageState` while it is
    materialized, or while its text grows.

    Attributes:
        layouts: the layouts of the messages in the document, top to bottom.
        older: messages above the document, oldest first.
        newer: messages below the document, oldest first.
        versions: (number, count) of each message that has siblings, by message id.
        sources: the passages that messages may cite.
        facts: the facts that answers show in their footers.
    """

    def __init__(self, layouts: MessageLayouts, *, shows_facts: bool) -> None:
        self.layouts = layouts
        self.older: list[Message] = []
        self.newer: list[Message] = []
        self.versions: dict[str, tuple[int, int]] = {}
        self.sources = CitationSources()
        self.facts = FooterFacts(are_shown=shows_facts)
        self._states: dict[str, MessageState] = {}
        # The states of growing messages outside the document.
        self._detached: dict[str, MessageState] = {}
        self._unfolded: dict[str, UnfoldedSections] = {}
        self._notes: Mapping[str, MessageNote] = {}

    # ------------------------------------------------------------------ states

    def get(self, message_id: str) -> MessageState | None:
        """Return the state of a message in the document; None for any other message."""
        return self._states.get(message_id)

    def find_state(self, message_id: str) -> MessageState | None:
        """Return the state of a message that is in the document or grows outside of it, if any."""
        return self._states.get(message_id) or self._detached.get(message_id)

    def materialized(self) -> list[MessageState]:
        """Return the states of the messages in the document, top to bottom."""
        return [self._states[layout.key] for layout in self.layouts]

    def last_materialized(self) -> MessageState | None:
        """Return the state of the last message in the document; None if there is none."""
        if not self.layouts:
            return None
        return self._states.get(self.layouts[-1].key)

    def newest_answer(self) -> MessageState | None:
        """Return the state of the newest answer, materialized or not; None if there is none."""
        for index in reversed(range(self.count)):
            message = self.message_at(index)
            if message.role is Role.ASSISTANT:
                return self.find_state(message.id) or self._new_state(message)
        return None

    def state_at_block(self, block: QTextBlock) -> MessageState | None:
        """Return the state of the message that owns a block of the document; None if none does."""
        layout_and_number = self.layouts.layout_at(block.blockNumber())
        if layout_and_number is None:
            return None
        layout, _number = layout_and_number
        return self._states.get(layout.key)

    def layout_of(self, message_id: str) -> MessageLayout:
        """Return the layout of a message in the document."""
        return self._states[message_id].layout

    @property
    def is_fully_materialized(self) -> bool:
        """Return True if all messages are fully materialized."""
        is_partial = self.older or self.newer
        return not is_partial and all(layout.is_fully_materialized for layout in self.layouts)

    # ------------------------------------------------------------------ order

    def all(self) -> list[Message]:
        """Return all messages, oldest first."""
        return [*self.older, *(state.message for state in self.materialized()), *self.newer]

    @property
    def count(self) -> int:
        """Return the number of messages, materialized or not."""
        return len(self.older) + len(self.layouts) + len(self.newer)

    def message_at(self, index: int) -> Message:
        """Return a message by its index in the conversation."""
        if index < len(self.older):
            return self.older[index]
        index -= len(self.older)
        if index < len(self.layouts):
            return self._states[self.layouts[index].key].message
        return self.newer[index - len(self.layouts)]

    def index_of(self, message_id: str) -> int:
        """Return the index of a message in the conversation, or -1 if there is none."""
        for index, message in enumerate(self.all()):
            if message.id == message_id:
                return index
        return -1

    def first_id(self) -> str:
        """Return the id of the oldest message, materialized or not, or "" if there is none."""
        return self.message_at(0).id if self.count else ""

    # ------------------------------------------------------------------ content

    def block_maker(self, message: Message) -> Callable[[], Iterable[Block]]:
        """Return a function that parses a message outside the document for copying.

        The function may be called on any thread.
        """
        detached = self._detached.get(message.id)
        if detached is not None:
            return detached.block_maker()
        return block_maker_of(message, self.sources.numbers(message.id))

    def cited_passage(self, state: MessageState | None, target: str) -> Passage | None:
        """Return the passage that a citation in a message refers to; None if there is none."""
        number = passage_number(target)
        if state is None or number is None:
            return None
        return self.sources.passage(state.message.id, number)

    # ------------------------------------------------------------------ changes

    def begin_path(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Start another conversation or path, with all messages above the document."""
        self._states.clear()
        self._detached.clear()
        self.older = list(messages)
        self.newer = []
        ids = {message.id for message in self.older}
        # Messages that two paths share keep their unfolded sections.
        self._unfolded = {key: sections for key, sections in self._unfolded.items() if key in ids}
        self.facts.begin_path(self.older)
        self.sources.begin_path(self.older)
        self.versions = versions
        self._notes = {}

    def append(self, message: Message) -> None:
        """Append a message, below the document."""
        self.sources.add_message(message)
        self.facts.add_follower(message)
        self.newer.append(message)
        if message.status is MessageStatus.STREAMING:
            self._detached[message.id] = self._new_state(message)

    def replace(self, message: Message, version: tuple[int, int] | None = None) -> None:
        """Replace a message outside the document by its newer form, and its version if given."""
        if version is not None:
            self.versions[message.id] = version
        if message.status is not MessageStatus.STREAMING:
            self._detached.pop(message.id, None)
        for outside in (self.older, self.newer):
            outside[:] = [message if m.id == message.id else m for m in outside]

    def move_in(self, *, above: bool) -> MessageState:
        """Move the nearest message above or below the document into it."""
        message = self.older.pop() if above else self.newer.pop(0)
        state = self._detached.pop(message.id, None)
        if state is None:
            state = self._new_state(message)
        state.set_note(self._notes.get(message.id))
        self._states[message.id] = state
        return state

    def move_out(self, state: MessageState, *, above: bool) -> None:
        """Move the first or the last message out of the document, above or below it."""
        if above:
            self.older.append(state.message)
        else:
            self.newer.insert(0, state.message)
        del self._states[state.message.id]
        state.mark_removed()
        if state.is_growing:
            self._detached[state.message.id] = state

    def move_all_out(self, index: int) -> None:
        """Move all messages out of the document: the first `index` above, the others below it."""
        messages = self.all()
        for state in self.materialized():
            self.move_out(state, above=True)  # the lists are replaced below
        self.older = messages[:index]
        self.newer = messages[index:]

    def set_notes(self, notes: Mapping[str, MessageNote]) -> list[MessageState]:
        """Replace all notes, which are given by message id.

        Return the states of the messages in the document whose note has changed.
        """
        former_notes = self._notes
        self._notes = notes
        changed = [
            state for key, state in self._states.items() if former_notes.get(key) != notes.get(key)
        ]
        for state in changed:
            state.set_note(notes.get(state.message.id))
        return changed

    def _new_state(self, message: Message) -> MessageState:
        unfolded = self._unfolded.setdefault(message.id, UnfoldedSections())
        citable = self.sources.numbers(message.id)
        return MessageState(
            message,
            self.facts,
            version=self.versions.get(message.id),
            unfolded=unfolded,
            citable=citable,
        )
