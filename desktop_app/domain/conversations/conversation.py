"""Conversations and their messages.

The messages of a conversation are a tree: each message names its parent. An edited question or a
second answer is a sibling, so nothing is overwritten. The shown path is from the root to the
conversation's `leaf_id`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import field

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    DraftPart,
    ImagePart,
    Part,
    PassagesPart,
    SourcesPart,
    draft_parts,
    parts_from_json,
    parts_to_json,
    text_of,
)
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.value import Value


class Role(StrEnum):
    """The speaker of a message."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """The state of a message. A question is COMPLETE from the start.

    STREAMING: the answer is arriving. COMPLETE: all of it has arrived. INCOMPLETE: the model, or a
    limit, ended it early. REFUSED: the model declined, or the provider's filter stopped the answer.
    CANCELLED: the user stopped it. FAILED: an error ended it. INTERRUPTED: the program ended before
    the answer did, and could not resume it.
    """

    STREAMING = "streaming"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class ModelChoice(Value, frozen=True):
    """The model that is to answer: provider, model or variant, and effort.

    `variant` is set for the GPT-5.2 family and decides the model; `model` is then "". Without a
    variant, `model` is the id to send. In an answer, `model` is the id that was sent. `effort` is
    the user's choice; the catalog decides which effort the model gets.
    """

    provider_id: str
    model: str
    variant: Variant | None = None
    effort: Effort | None = None


OF_NEW_CONVERSATIONS: Final = ModelChoice("", "")
"""The choice of an imported conversation that was not answered yet: that of new conversations."""


class RemoteRun(Value, frozen=True):
    """A background run, which the provider continues without a connection.

    Attributes:
        response_id: the provider's id of the response.
    """

    response_id: str


class Message(Value, frozen=True):
    """A message of a conversation.

    Attributes:
        parent_id: None for the first.
        choice: the model that answered (assistant) or was asked (user).
        cost: US dollars; None if unknown.
        duration_s: seconds from sending to the end of the answer; None if unknown.
        notices: remarks for the user on how the answer was made ("retried without …").
        remote_run: the background run that makes the answer; None without one, or once it ended.
        template_id: the library prompt that a question was made with; "" for none.
        answered_by: the model that the reply names, which may differ from that in `choice`; "" if
            it names none.
        cost_is_estimated: the provider may bill another cost.
        computer: the name of the computer that wrote it, in a shared library; "" for this one.
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
    notices: tuple[NoticeText, ...] = ()
    remote_run: RemoteRun | None = None
    template_id: str = ""
    answered_by: str = ""
    cost_is_estimated: bool = False
    computer: str = ""

    @property
    def text(self) -> str:
        """Return the text, without attachments and reasoning."""
        return text_of(self.parts)

    @property
    def sent_parts(self) -> tuple[Part, ...]:
        """Return the parts that requests contain: answers without their files and images."""
        if self.role is Role.USER:
            return self.parts
        return tuple(p for p in self.parts if not isinstance(p, DocumentPart | ImagePart))

    @property
    def attachments(self) -> tuple[DocumentPart | ImagePart, ...]:
        """Return the documents and images of the message, in order."""
        return tuple(p for p in self.parts if isinstance(p, DocumentPart | ImagePart))

    @property
    def passage_parts(self) -> tuple[PassagesPart, ...]:
        """Return the passages from collections that were sent with the message."""
        return tuple(p for p in self.parts if isinstance(p, PassagesPart))

    @property
    def file_hashes(self) -> tuple[str, ...]:
        """Return the SHA-256 of every attached file and of every file with a sent passage."""
        quoted = (passage.sha256 for part in self.passage_parts for passage in part.passages)
        return tuple(dict.fromkeys((*(part.sha256 for part in self.attachments), *quoted)))

    @property
    def as_draft(self) -> Draft:
        """Return a question as a draft, whose collections will be searched again."""
        collections = tuple(
            CollectionPart(p.collection_id, p.name)
            for p in self.passage_parts
            if not p.is_of_folder  # whose files are searched again without being attached
        )
        return Draft(self.text, (*self.attachments, *collections), self.template_id)


class Draft(Value, frozen=True):
    """The unsent text and attachments of a conversation.

    Attributes:
        template_id: the library prompt that the text was made with; "" for none.
    """

    text: str = ""
    attachments: tuple[DraftPart, ...] = ()
    template_id: str = ""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Draft:
        """Return the draft that was stored as `row`.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not a draft.
        """
        parts = parts_from_json(row["attachments"])
        return cls(row["text"], draft_parts(parts), row.get("template_id", ""))

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored and exported."""
        return {
            "text": self.text,
            "attachments": parts_to_json(self.attachments),
            "template_id": self.template_id,
        }

    @property
    def has_question(self) -> bool:
        """Return True if there is text or an attachment; a collection alone is not enough."""
        return bool(self.text or self.question_attachments)

    @property
    def collections(self) -> tuple[CollectionPart, ...]:
        return tuple(p for p in self.attachments if isinstance(p, CollectionPart))

    @property
    def question_attachments(self) -> tuple[DocumentPart | ImagePart, ...]:
        """Return the attachments that are sent with the next question only."""
        return tuple(p for p in self.attachments if not isinstance(p, CollectionPart))

    @property
    def after_sending(self) -> Draft:
        """Return the draft that stays when this one is sent."""
        return Draft("", self.collections)


class Conversation(Value, frozen=True):
    """A conversation as listed; its messages are loaded separately.

    Attributes:
        leaf_id: the last message of the shown path; None if there are no messages.
        streaming: True while an answer arrives.
        overrides: settings of this conversation only.
        trashed_at: when it was moved to the trash; None if it is elsewhere.
        preset_id: the preset that was applied last; later changes are in `choice` and `overrides`.
        title_is_automatic: True while the title is the beginning of the first question, or of its
            draft.
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
    title_is_automatic: bool = False

    def with_settings_of(self, other: Conversation) -> Conversation:
        """Return a copy with model choice, overrides and preset of `other`."""
        return replace(
            self, choice=other.choice, overrides=other.overrides, preset_id=other.preset_id
        )


class Folder(Value, frozen=True):
    """A folder of conversations, with settings.

    Attributes:
        choice: the model choice of new conversations in it; None for the default.
        overrides: settings of all its conversations, unless a conversation has its own.
        collection_id: the collection with its files, which its questions search; "" for none. The
            collection may have been deleted.
        file_names: the files that it had where it was exported, which an import does not read.
    """

    id: str
    name: str
    created_at: datetime
    choice: ModelChoice | None = None
    overrides: Overrides = field(default_factory=Overrides)
    collection_id: str = ""
    file_names: tuple[str, ...] = ()


INCOMPLETE: Final = "incomplete"
"""The error code of an answer that the model, or a limit, ended early."""
REPEATED: Final = "repetition"
"""The error code of an answer that Repartee ended because it repeated itself."""
REFUSED: Final = "refused"
"""The error code of an answer that was declined, or that a filter stopped."""


def next_passage_number(path: Iterable[Message]) -> int:
    """Return the number for the first passage or source that is found after `path`."""
    numbers = (
        each.number
        for message in path
        for part in message.parts
        if isinstance(part, PassagesPart | SourcesPart)
        for each in (part.passages if isinstance(part, PassagesPart) else part.sources)
    )
    return max(numbers, default=0) + 1


def new_id() -> str:
    """Return a new random id of 32 hexadecimal digits, for a conversation, a message and so on."""
    return os.urandom(16).hex()


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def title_from(text: str, limit: int = 60) -> str:
    """Return a title: the first line of a text, cut after a word; "" for a blank text."""
    line = next((" ".join(each.split()) for each in text.splitlines() if each.strip()), "")
    line = line.lstrip("#>*- ") or line  # without the marks of Markdown
    return shorten(line, limit, by_word=True)


class SearchFilter(NamedTuple):
    """A filter for searches; all fields that are set must match.

    Attributes:
        folder_id: conversations of this folder.
        variant: answers of this variant, and their questions.
        since, until: messages from this half-open range of time.
        has_attachment: conversations with an attachment.
        review: answers with this verdict, such as "rejected"; "" for all.
    """

    folder_id: str | None = None
    variant: Variant | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_attachment: bool = False
    review: str = ""


class SearchOrder(StrEnum):
    """The order of search results.

    NEWEST: the newest first. BEST: only the newest results, with the most relevant text first.
    """

    NEWEST = "newest"
    BEST = "best"


class SearchHit(Value, frozen=True):
    """A search result.

    Attributes:
        message_id: None if the title matches, or a text.
        snippet: plain text with each match between U+0002 and U+0003.
        archived: True if the conversation is in the archive.
        document: the name of the attachment or text with the match; "" for neither.
        text_id: the id of the text with the match; "" for none.
    """

    conversation_id: str
    title: str
    message_id: str | None
    snippet: str
    date: datetime
    archived: bool = False
    document: str = ""
    text_id: str = ""

    @property
    def is_title(self) -> bool:
        """Return True if the title of the conversation matches."""
        return self.message_id is None and not self.text_id

    @property
    def first_match(self) -> str:
        """Return the first match in the snippet; "" if none is marked."""
        return self.snippet.partition("\2")[2].partition("\3")[0]
