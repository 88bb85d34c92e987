"""Conversations and their messages.

The messages of a conversation are a tree: each knows its parent, so that an edited question or a
second answer is a sibling, and nothing is overwritten. The path shown runs from the root to the
conversation's `leaf_id`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from desktop_app.domain.conversations.generation import Overrides
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    DraftPart,
    ImagePart,
    Part,
    PassagesPart,
    text_of,
)
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.domain.spending.cost import Usage


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """How far a message has come. A question is COMPLETE from the start.

    STREAMING: an answer on its way. COMPLETE: whole. INCOMPLETE: the model stopped at a limit or
    a filter. CANCELLED: the person stopped it. FAILED: an error ended it. INTERRUPTED: the
    program ended before it did, and it could not be picked up again.
    """

    STREAMING = "streaming"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """An error as it is kept with the message it belongs to."""

    what_happened: str
    what_was_kept: str = ""
    what_to_do: str = ""
    details: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Who is to answer: provider, model or variant, and effort.

    `variant` is set for the GPT-5.2 family and decides the model, `model` is then ""; without a
    variant `model` is the id that is sent. Of an answer, `model` is the id that was sent.
    `effort` is what the person chose; what the model takes of it is decided by the catalogue.
    """

    provider_id: str
    model: str
    variant: Variant | None = None
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """An answer that is made at its provider whether anybody listens or not.

    Attributes:
        response_id: the provider's name for it.
        sequence: number of the last event of its stream whose content was taken; None before the
            first.
    """

    response_id: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        parent_id: None for the first.
        choice: who answered (assistant) or was asked (user).
        cost: US dollars; None where not known.
        duration_s: seconds from sending to the end of the answer.
        notices: what the person should know of how it was made ("retried without …").
        remote_run: while it is STREAMING, the run in the background that it comes from.
    """

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    status: MessageStatus
    parts: tuple[Part, ...]
    created_at: datetime
    choice: ModelChoice | None = None
    usage: Usage | None = None
    cost: Decimal | None = None
    duration_s: float | None = None
    error: ErrorNote | None = None
    notices: tuple[str, ...] = ()
    remote_run: RemoteRun | None = None

    @property
    def text(self) -> str:
        """The words, without attachments and reasoning."""
        return text_of(self.parts)

    @property
    def attachments(self) -> tuple[DocumentPart | ImagePart, ...]:
        """Documents and images of the message, in order."""
        return tuple(p for p in self.parts if isinstance(p, DocumentPart | ImagePart))

    @property
    def found(self) -> tuple[PassagesPart, ...]:
        """What went in of the collections that were asked."""
        return tuple(p for p in self.parts if isinstance(p, PassagesPart))

    @property
    def files(self) -> tuple[str, ...]:
        """The SHA-256 of every file that it speaks of, those that its passages stand in too."""
        cited = (passage.sha256 for part in self.found for passage in part.passages)
        return tuple(dict.fromkeys((*(part.sha256 for part in self.attachments), *cited)))

    @property
    def as_draft(self) -> Draft:
        """A question as it stood in the prompt: its collections are to be asked again."""
        asked = tuple(CollectionPart(p.collection_id, p.name) for p in self.found)
        return Draft(self.text, (*self.attachments, *asked))


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in a conversation's prompt and is not sent yet."""

    text: str = ""
    attachments: tuple[DraftPart, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to send: a collection alone is no question."""
        return bool(self.text or self.of_this_question)

    @property
    def collections(self) -> tuple[CollectionPart, ...]:
        """The collections that are asked."""
        return tuple(p for p in self.attachments if isinstance(p, CollectionPart))

    @property
    def of_this_question(self) -> tuple[DocumentPart | ImagePart, ...]:
        """The attachments that go with the next question alone."""
        return tuple(p for p in self.attachments if not isinstance(p, CollectionPart))

    @property
    def after_sending(self) -> Draft:
        """What stays in the prompt once it was sent."""
        return Draft("", self.collections)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as the list knows it; the messages are loaded apart.

    `leaf_id` is the last message of the path shown, None while it is empty. `streaming` says
    whether an answer is on its way in it. `overrides` is what is set for its answers alone.
    `trashed_at` is when it was put into the trash, from which it goes for good after a while.
    `preset_id` is the preset that was put into force in it last; what was changed since is in
    `choice` and `overrides`.
    """

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    choice: ModelChoice
    leaf_id: str | None = None
    pinned: bool = False
    streaming: bool = False
    draft: Draft = field(default_factory=Draft)
    overrides: Overrides = field(default_factory=Overrides)
    folder_id: str | None = None
    archived: bool = False
    trashed_at: datetime | None = None
    preset_id: str | None = None

    def with_settings_of(self, other: Conversation) -> Conversation:
        """This one, answered as `other` is: by whom, with what set, by which preset."""
        return replace(
            self, choice=other.choice, overrides=other.overrides, preset_id=other.preset_id
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of conversations: a project with settings of its own.

    `choice` is what new conversations in it start from, None for the defaults; `overrides` holds
    for the answers of all its conversations, behind what is set for one of them.
    """

    id: str
    name: str
    created_at: datetime
    choice: ModelChoice | None = None
    overrides: Overrides = field(default_factory=Overrides)


def next_number(path: Iterable[Message]) -> int:
    """The number of the first passage that is found for a question behind `path`."""
    numbers = (p.number for message in path for part in message.found for p in part.passages)
    return max(numbers, default=0) + 1


def new_id() -> str:
    """A new identifier for a conversation or a message: 32 hexadecimal digits."""
    return os.urandom(16).hex()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def title_from(text: str, limit: int = 60) -> str:
    """A title out of the first words: the first line, cut at a word."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    line = line.lstrip("#>*- ") or line
    if len(line) <= limit:
        return line
    cut = line[:limit].rsplit(" ", 1)[0] if " " in line[:limit] else line[:limit]
    return cut.rstrip(" ,.;:-–—") + "…"


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Where a search looks; each that is set must hold.

    Attributes:
        folder_id: conversations of this folder.
        variant: answers of this variant and the questions that were put to it.
        since, until: said then; `until` itself is no longer in it.
        has_attachment: conversations in which something is attached.
    """

    folder_id: str | None = None
    variant: Variant | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_attachment: bool = False


class SearchOrder(StrEnum):
    """NEWEST first; or the BEST among the newest, by how much of a place the words make up."""

    NEWEST = "newest"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A place in the library that a search found; `message_id` None means the title.

    `snippet` is plain text; the matches in it stand between U+0002 and U+0003. `archived` says
    whether the conversation was put away.
    """

    conversation_id: str
    title: str
    message_id: str | None
    snippet: str
    date: datetime
    archived: bool = False

    @property
    def words(self) -> str:
        """The first match in the snippet; "" where none is marked."""
        return self.snippet.partition("\2")[2].partition("\3")[0]
