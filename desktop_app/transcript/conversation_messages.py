"""All messages of the conversation on screen, in order: their texts, heights and facts.

A message is parsed when it comes near the viewport, and forgotten when the texts that are parsed
get long. Until then, and afterwards, it has an estimated height or the one that it had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import PassagesPart, Source, SourcesPart
from desktop_app.domain.documents.collections import Passage, passage_number
from desktop_app.markdown.block_model import Block
from desktop_app.markdown.parsing.own_links import Citable
from desktop_app.transcript.message_items import FooterFacts, MessageNote
from desktop_app.transcript.segment import ArticleList

if TYPE_CHECKING:
    from desktop_app.transcript.shown_message import ShownMessage

_MAX_PARSED_CHARACTERS: Final = 300_000
"""Characters of the messages that stay parsed, besides those near the viewport."""
_CHARACTERS_PER_PIXEL: Final = 3.2
"""Characters of an answer for each pixel of its height, at the default text size and width."""
_ESTIMATED_MESSAGES: Final = 500
"""Messages at the end whose heights are estimated by their text; others have the mean height."""
_OTHER_HEIGHT: Final = 80
"""Pixels of a message besides its text: gaps, footer."""


class ConversationMessages(ArticleList):
    """The messages of a conversation.

    Attributes:
        messages: all messages, oldest first.
        versions: (number, count) of each message that has siblings, by message id.
        facts: the facts that answers show in their footers.
        has_opened: whether a message was parsed since the view has reset this.
    """

    def __init__(self, *, shows_facts: bool) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.versions: dict[str, tuple[int, int]] = {}
        # By message, what it may cite by number: the passages that were sent with its question, its
        # own sources, and then the latest of earlier turns.
        self._cited: dict[str, Mapping[int, Passage | Source]] = {}
        self._latest: Mapping[int, Passage | Source] = {}
        self._latest_sent: Mapping[int, Passage] = {}  # with the latest question
        self.facts = FooterFacts(are_shown=shows_facts)
        self.has_opened = False
        self._indices: dict[str, int] = {}
        self._shown: dict[str, ShownMessage] = {}  # by the time of their last use
        self._unfolded: dict[str, set[str]] = {}
        self._notes: Mapping[str, MessageNote] = {}

    # ------------------------------------------------------------------ order

    def key_at(self, index: int) -> str:
        return self.messages[index].id

    def index_of(self, message_id: str) -> int:
        """Return the index of a message in the conversation, or -1 if there is none."""
        return self._indices.get(message_id, -1)

    # ------------------------------------------------------------------ states

    def get(self, message_id: str) -> ShownMessage | None:
        """Return a message that is parsed; None for any other message."""
        return self._shown.get(message_id)

    def shown(self) -> list[ShownMessage]:
        return list(self._shown.values())

    def open(self, index: int) -> ShownMessage:
        """Return a message by its index, parsing it if needed."""
        message = self.messages[index]
        shown = self._shown.pop(message.id, None)
        if shown is None:
            shown = self._parse(message)
            self.has_opened = True
        self._shown[message.id] = shown
        return shown

    def whole(self, index: int) -> ShownMessage:
        """Return a message to copy, with the text that is still to be parsed for the screen."""
        shown = self.open(index)
        if shown.is_growing and not shown.is_streaming:
            return self._parse(shown.message, is_whole=True)
        return shown

    def _parse(self, message: Message, *, is_whole: bool = False) -> ShownMessage:
        # Imported here, with the parser, because a start shows no message.
        from desktop_app.transcript.shown_message import ShownMessage

        return ShownMessage(
            message,
            self.facts,
            version=self.versions.get(message.id),
            unfolded=self._unfolded.setdefault(message.id, set()),
            citable=self._citable(message.id),
            note=self._notes.get(message.id),
            is_whole=is_whole,
        )

    def opened(self, message_id: str) -> ShownMessage | None:
        """Return a message, parsing it if needed; None if there is no such message."""
        index = self.index_of(message_id)
        return self.open(index) if index >= 0 else None

    def close_distant(self, kept: Iterable[str]) -> None:
        """Forget the texts of messages that were not used for long, but of none of `kept`."""
        kept_ids = set(kept)
        budget = _MAX_PARSED_CHARACTERS
        for shown in reversed(list(self._shown.values())):
            budget -= len(shown.message.text)
            can_close = not shown.is_growing and shown.key not in kept_ids
            if budget < 0 and can_close:
                del self._shown[shown.key]

    def last(self) -> ShownMessage | None:
        """Return the newest message; None if there is none."""
        return self.open(self.count - 1) if self.messages else None

    def newest_answer(self) -> ShownMessage | None:
        for index in reversed(range(self.count)):
            if self.messages[index].role is Role.ASSISTANT:
                return self.open(index)
        return None

    # ------------------------------------------------------------------ heights

    def estimate_heights(self, scale: float) -> None:
        """Estimate the heights of all messages for another text size or width."""
        self.scale = scale
        first = max(0, len(self.messages) - _ESTIMATED_MESSAGES)
        heights = [self._estimated_height(message) for message in self.messages[first:]]
        mean = round(sum(heights) / len(heights)) if heights else 0
        self._heights = [mean] * first + heights
        self._tops = None

    def _estimated_height(self, message: Message) -> int:
        return round((len(message.text) / _CHARACTERS_PER_PIXEL + _OTHER_HEIGHT) * self.scale)

    # ------------------------------------------------------------------ content

    def block_maker(self, message: Message) -> Callable[[], Iterable[Block]]:
        """Return a function that makes the blocks of a message; callable in any thread."""
        shown = self._shown.get(message.id)
        if shown is not None:
            return shown.block_maker()
        from desktop_app.transcript.shown_message import block_maker_of

        return block_maker_of(message, self._citable(message.id))

    def cited(self, message_id: str, target: str) -> Passage | Source | None:
        """Return what a citation in a message refers to; None if there is nothing."""
        number = passage_number(target)
        return None if number is None else self._cited.get(message_id, {}).get(number)

    def _citable(self, message_id: str) -> Citable:
        return frozenset(self._cited.get(message_id, ()))

    def _add_citable(self, message: Message) -> None:
        if message.role is Role.USER:
            self._latest_sent = {}
        for part in message.parts:  # `passage_parts` takes three times as long
            if isinstance(part, PassagesPart) and part.passages:
                passages = {passage.number: passage for passage in part.passages}
                self._latest_sent = {**self._latest_sent, **passages}
                self._latest = {**self._latest, **passages}
            elif isinstance(part, SourcesPart):
                sources = {source.number: source for source in part.sources if source.number}
                # The answer's prompt had the passages under these numbers.
                self._latest = {**self._latest, **sources, **self._latest_sent}
        if self._latest:
            self._cited[message.id] = self._latest

    def source_of(self, index: int) -> str:
        """Return the text of a message."""
        return self.messages[index].text

    def markdown_of(self, index: int) -> str:
        from desktop_app.markdown.export.text_writer import to_markdown

        message = self.messages[index]
        shown = self._shown.get(message.id)
        source = message.text if shown is None else shown.source
        is_answer = message.role is Role.ASSISTANT
        return source if is_answer else to_markdown(self.block_maker(message)())

    # ------------------------------------------------------------------ changes

    def begin_path(self, messages: Iterable[Message], versions: dict[str, tuple[int, int]]) -> None:
        """Start another conversation or path."""
        self._shown.clear()
        self.messages = list(messages)
        self._indices = {message.id: index for index, message in enumerate(self.messages)}
        # Messages that two paths share keep their unfolded sections.
        self._unfolded = {k: value for k, value in self._unfolded.items() if k in self._indices}
        self.facts.followed_ids = {message.parent_id for message in self.messages}
        self._cited = {}
        self._latest = self._latest_sent = {}
        for message in self.messages:
            self._add_citable(message)
        self.versions = versions
        self._notes = {}
        self.estimate_heights(self.scale)

    def append(self, message: Message) -> None:
        self._add_citable(message)
        self.facts.followed_ids.add(message.parent_id)
        self._indices[message.id] = len(self.messages)
        self.messages.append(message)
        self._heights.append(self._estimated_height(message))
        self._tops = None

    def update(self, message: Message, version: tuple[int, int] | None) -> None:
        """Replace a message by its newer form, and its version if given."""
        index = self.index_of(message.id)
        if version is not None:
            self.versions[message.id] = version
        if index < 0:
            return
        self.messages[index] = message
        if message.parts and index == len(self.messages) - 1:
            self._add_citable(message)  # sources come with the answer
        shown = self._shown.get(message.id)
        if shown is not None:
            shown.update(message, self.versions.get(message.id), self._citable(message.id))
        elif message.status is MessageStatus.STREAMING:
            self.open(index)

    def set_notes(self, notes: Mapping[str, MessageNote]) -> list[ShownMessage]:
        """Replace all notes, by message id. Return the parsed messages whose note has changed."""
        former = self._notes
        self._notes = notes
        changed = [shown for key, shown in self._shown.items() if former.get(key) != notes.get(key)]
        for shown in changed:
            shown.note = notes.get(shown.key)
            shown.refresh()
        return changed
