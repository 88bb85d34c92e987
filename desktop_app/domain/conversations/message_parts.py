"""The parts of a message, and their JSON form in the store and in exports.

The names of the fields are stored, so no field is ever renamed.

Documents and images are named by the SHA-256 of their bytes; the bytes and the extracted text are
in the attachment store, so a message stays small whatever is attached to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from desktop_app.domain.bounds import MAX_NAME_CHARS, Amount, Count, Hash, Name, Positive, converted
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.domain.value import PrivateValue, Value

_MAX_SENT_NAME_CHARS: Final = 64
"""The APIs' limit of the name of a function."""
_MAX_INVALID_CHARS: Final = 2000
"""The characters of invalid arguments that are sent, so that the model sees its mistake."""
TEXT_ONLY: Final = "text"
"""A document's `detail` if its image pages are not sent."""


class TextPart(Value, frozen=True):
    """Markdown as the model wrote it, or text as the user typed it.

    Attributes:
        phase: of an answer's message, as the provider names it: "commentary" before the answer
            proper, or "final_answer". It is sent back. "" if the provider names none.
    """

    text: str
    phase: str = ""


class ReasoningPart(Value, frozen=True):
    """The model's reasoning, or a summary of it.

    Attributes:
        item_id, encrypted: the provider's data, sent back with the next question if the provider
            stores nothing.
        details: the same data as a JSON list, in the form of OpenRouter's Chat Completions, which
            also has the signatures of tool calls; "" for none.
        issuer: the origin of the provider that sent the data; no other one gets it. "" in answers
            that an older version stored.
        seconds: the time before the answer began, in the first reasoning part of a message; None in
            other parts, or if it was not measured.
    """

    text: str
    item_id: str = ""
    encrypted: str = ""
    seconds: Amount | None = None
    details: str = ""
    issuer: str = ""

    @property
    def has_data(self) -> bool:
        """Return True if a provider can read it in a later request."""
        return bool(self.encrypted or self.details)


class RefusalPart(Value, frozen=True):
    """The model's text when it declines."""

    text: str


class PageImage(Value, frozen=True):
    """A page to send as an image, usually a scan: its number, from 1, and its pixels."""

    number: Positive
    width: Positive
    height: Positive


class ChosenPages(Value, frozen=True):
    """The sections (pages, slides, sheets or chapters) of a document that are sent.

    Attributes:
        unit: "page", "slide", "sheet" or "chapter": see domain/documents/document_sections.py.
        spans: first and last number of each range, from 1, sorted and disjoint.
        of: the number of sections in the document.
        tokens: of the chosen text, by o200k_base; None until counted.
    """

    unit: Annotated[str, Meta(pattern=r"\A(?:page|slide|sheet|chapter)\Z")]
    spans: Annotated[tuple[tuple[Positive, Positive], ...], Meta(min_length=1)]
    of: Count
    tokens: Count | None = None

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        return any(first <= number <= last for first, last in self.spans)


WITH_HIDDEN: Final = "+hidden"
"""Ends the key of a document's text with its hidden parts: see `DocumentPart.text_key`."""


class DocumentPart(Value, frozen=True):
    """A document that is sent with the message, usually as its extracted text.

    Attributes:
        sha256: of the original file in the attachment store.
        pages: the number of pages; None if the format has none.
        tokens: of the text, by o200k_base; None until counted.
        pictured: the pages that can be sent as images after the text, usually scans;
            `image_pages` are those that are sent.
        detail: of the page images, one of image_tokens.DETAILS; TEXT_ONLY leaves them out.
        in_parts: True for a document that is too large and read in chunks: the model takes notes of
            each chunk, and answers from its notes.
        by_tools: True for a document that is too large and read with tools: its beginning is sent,
            and the model reads the rest: chat/attachments/document_beginnings.py.
        hidden: how many hidden parts and deletions its text leaves out.
        with_hidden: True if the text with these parts is sent.
        chosen: the sections that are sent; None for all.
        is_protected: the original needs a password, which is never stored.
        as_file: the original is sent instead of its text: chat/attachments/file_attachments.py.
        for_code: the provider's code interpreter gets the original, and the message its name:
            chat/attachments/code_files.py.
        again_as: the name under which the request already contains the document; only this name
            is sent. "" for none. Never stored: chat/attachments/file_attachments.py.
    """

    sha256: Hash
    name: Name
    media_type: Name
    size: Count
    pages: Count | None = None
    tokens: Count | None = None
    pictured: tuple[PageImage, ...] = ()
    detail: str = "auto"
    in_parts: bool = False
    chosen: ChosenPages | None = None
    is_protected: bool = False
    as_file: bool = False
    again_as: str = ""
    by_tools: bool = False
    for_code: bool = False
    hidden: Count = 0
    with_hidden: bool = False

    @property
    def text_key(self) -> str:
        """Return what names its text in the attachment store."""
        return f"{self.sha256}{WITH_HIDDEN}" if self.with_hidden else self.sha256

    @property
    def image_pages(self) -> tuple[PageImage, ...]:
        is_left_out = self.again_as or self.by_tools or self.for_code
        if not self.pictured or self.detail == TEXT_ONLY or is_left_out:
            return ()
        chosen_pages = self.chosen
        return tuple(
            page for page in self.pictured if chosen_pages is None or page.number in chosen_pages
        )

    @property
    def sent_pages(self) -> int | None:
        """Return the number of pages that are sent; None if the format has none."""
        return self.pages if self.chosen is None else self.chosen.count

    @property
    def sent_tokens(self) -> int | None:
        """Return the tokens of the sent text, by o200k_base; None until counted."""
        return self.tokens if self.chosen is None else self.chosen.tokens


class ImagePart(Value, frozen=True):
    """An image that is sent with the message.

    `width` and `height` are in pixels as displayed, 0 if not measured. `detail` is one of
    image_tokens.DETAILS. Of an `animated` image, the first frame is sent.
    """

    sha256: Hash
    name: Name
    media_type: Name
    size: Count
    width: Count = 0
    height: Count = 0
    detail: str = "auto"
    animated: bool = False

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Return width and height in pixels; None if they were not measured."""
        return (self.width, self.height) if self.width and self.height else None


class CollectionPart(Value, frozen=True):
    """A collection in a draft; it stays there after sending, until the user removes it.

    The sent message has a PassagesPart instead. `name` is the name that the collection had when it
    was added.
    """

    collection_id: Name
    name: Name


class PassagesPart(Value, frozen=True):
    """The passages of a collection that were sent with a question.

    Attributes:
        passages: the passages; () if none matched, or if all that matched were sent before.
        known: the numbers of passages that matched, but were sent with earlier questions; they
            are not sent again.
        is_of_folder: True for the files of the conversation's folder, which the answer may use, but
            need not be based on.
    """

    collection_id: Name
    name: Name
    passages: tuple[Passage, ...] = ()
    known: tuple[Count, ...] = ()
    is_of_folder: bool = False


class Source(Value, frozen=True):
    """A page or file that an answer was made from.

    Attributes:
        number: the number by which the text may cite it; 0 for none.
        address: of a page; "" for a file at the provider.
        title: of the page, or the name of the file; "" if it is unknown.
        is_cited: True if the server says that the text cites it. Marks in the text count, too:
            see answer_sources.py.
    """

    number: Count
    address: Annotated[str, Meta(pattern=r"\A(?:https?://.*)?\Z", max_length=MAX_NAME_CHARS)]
    title: Name = ""
    is_cited: bool = False

    @property
    def name(self) -> str:
        """Return the address, or the name of a file, which identifies the source."""
        return self.address or self.title

    @property
    def source(self) -> str:
        """Return the title as shown to the user, or the address of a page without one."""
        return self.title or self.address


class SourcesPart(Value, frozen=True):
    """The sources of an answer, in the order of their numbers, then those without one."""

    sources: tuple[Source, ...]


class ToolCallPart(Value, frozen=True):
    """A tool call that the model asks for, and its result.

    Attributes:
        name: as the model wrote it; the `ToolDefinition.wire_name` of a known tool.
        arguments: JSON text, or the free text of a custom tool, as received.
        is_custom: True for a call of a custom tool.
        round: the number of the request that it came from, within the answer, from 0.
        edited: the arguments as the user changed them; "" if unchanged.
        result: the tool's output, or the error as the model gets it; while the tool runs, a text
            on its progress.
        for_user: a text of the tool that only the user gets, not the model.
        seconds: the duration of the run; None if it did not run.
        is_hosted: True if the provider ran it; later requests leave it out.
        full_name: the tool's name for users, if `name` does not contain it; else "".
        extra_content: JSON of data that `issuer` sent with the call and wants back, such as
            Gemini's signature of its thoughts; "" for none.
        issuer: the origin of the provider that sent `extra_content`; no other one gets it.
    """

    call_id: str
    name: str
    arguments: str
    is_custom: bool = False
    round: Count = 0
    state: ToolCallState = ToolCallState.REQUESTED
    edited: str = ""
    result: str = ""
    seconds: Amount | None = None
    is_hosted: bool = False
    full_name: str = ""
    extra_content: str = ""
    issuer: str = ""
    for_user: str = ""

    @property
    def display_name(self) -> str:
        """Return the name as users know it: TOOL, or SOURCE/TOOL."""
        # `ToolDefinition.wire_name` joins source and tool by two underscores.
        return self.full_name or self.name.replace("__", "/", 1)

    @property
    def sent_name(self) -> str:
        """Return the name for later requests, without characters that servers refuse."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.name[:_MAX_SENT_NAME_CHARS]) or "unknown"

    @property
    def sent_arguments(self) -> str:
        """Return the arguments for later requests: servers accept objects only."""
        try:
            is_object = isinstance(json.loads(self.arguments or "{}"), dict)
        except (ValueError, RecursionError):
            is_object = False
        if is_object:
            return self.arguments or "{}"
        invalid = self.arguments.strip()[:_MAX_INVALID_CHARS]
        return json.dumps({"invalid": invalid}) if invalid else "{}"

    @property
    def run_arguments(self) -> str:
        """Return the arguments that the tool gets."""
        return self.edited or self.arguments


class Attachment(Value, frozen=True):
    """The facts of a stored original, and the text extracted from it; "" for an image.

    `pages` and `tokens` are None as in a DocumentPart.
    """

    sha256: str
    name: str
    media_type: str
    text: str = ""
    pages: int | None = None
    tokens: int | None = None


class AttachmentFile(Attachment, frozen=True, kw_only=True):
    """An attachment with the bytes of its original."""

    data: bytes

    __repr__ = PrivateValue.__repr__


DraftPart = DocumentPart | ImagePart | CollectionPart
"""The parts that a draft may contain, in addition to its text."""

Part = (
    TextPart
    | ReasoningPart
    | RefusalPart
    | DocumentPart
    | ImagePart
    | CollectionPart
    | PassagesPart
    | SourcesPart
    | ToolCallPart
)

_KINDS: Mapping[str, type[Part]] = {
    "text": TextPart,
    "reasoning": ReasoningPart,
    "refusal": RefusalPart,
    "document": DocumentPart,
    "image": ImagePart,
    "collection": CollectionPart,
    "passages": PassagesPart,
    "sources": SourcesPart,
    "tool_call": ToolCallPart,
}
_KIND_NAMES: Mapping[type[Part], str] = {cls: name for name, cls in _KINDS.items()}


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return the parts as JSON-ready dictionaries, each with its `kind`."""
    return [{"kind": _KIND_NAMES[type(part)], **msgspec.to_builtins(part)} for part in parts]


def parts_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Parse the output of `parts_to_json`.

    Raises:
        KeyError, TypeError, ValueError: a row has an unknown kind or shape, or a value that is out
            of bounds.
    """
    return tuple(converted(row, _KINDS[row["kind"]]) for row in rows)


def tool_calls(parts: Iterable[object]) -> tuple[ToolCallPart, ...]:
    """Return the tool calls among the parts of a message or of a request."""
    return tuple(part for part in parts if isinstance(part, ToolCallPart))


def with_interrupted_calls(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts of an ended answer, with running calls marked as interrupted."""
    if not any(call.state is ToolCallState.RUNNING for call in tool_calls(parts)):
        return parts
    return tuple(
        replace(part, state=ToolCallState.INTERRUPTED)
        if isinstance(part, ToolCallPart) and part.state is ToolCallState.RUNNING
        else part
        for part in parts
    )


def draft_parts(parts: Iterable[Part]) -> tuple[DraftPart, ...]:
    return tuple(p for p in parts if isinstance(p, DocumentPart | ImagePart | CollectionPart))


def part_id(part: DraftPart) -> str:
    return part.collection_id if isinstance(part, CollectionPart) else part.sha256


def last_text(parts: Sequence[Part]) -> str:
    """Return the last message after the last tool call: the JSON, if the answer has a schema.

    Deltas extend a text, so a text directly after another one is a message of its own, and so is
    a text after a reasoning item.
    """
    found: list[Part] = []
    for part in reversed([part for part in parts if not isinstance(part, SourcesPart)]):
        ends_item = isinstance(part, ReasoningPart) and bool(part.item_id)
        is_earlier = isinstance(part, TextPart) and found and isinstance(found[-1], TextPart)
        if isinstance(part, ToolCallPart) or is_earlier or (ends_item and text_of(found)):
            break
        found.append(part)
    return text_of(reversed(found))


def chunked_documents(parts: Iterable[Part]) -> tuple[DocumentPart, ...]:
    return tuple(part for part in parts if isinstance(part, DocumentPart) and part.in_parts)


def text_of(parts: Iterable[Part]) -> str:
    """Return the text and refusal parts, separated by blank lines."""
    texts = [part.text for part in parts if isinstance(part, TextPart | RefusalPart)]
    return "\n\n".join(text for text in texts if text)
