"""What a message is made of, and its JSON form in the store and in exports.

Documents and images are named by the SHA-256 of their bytes; the bytes and the extracted text
live in the attachment store, so a message stays small however large what was dropped on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from desktop_app.domain.documents.collections import Passage

TEXT_ALONE: Final = "text"
"""In place of a document's detail: its pages without text are not sent."""


@dataclass(frozen=True)
class TextPart:
    """Markdown as the model wrote it, or text as the person typed it."""

    text: str


@dataclass(frozen=True)
class ReasoningPart:
    """A summary of the model's reasoning.

    `item_id` and `encrypted` are the provider's own, replayed on the next turn where nothing is
    stored at the provider. `seconds` is how long the model thought before it began to answer, all
    of its reasoning together: it stands in the first part of a message alone, None where nobody
    has measured it.
    """

    text: str
    item_id: str = ""
    encrypted: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class RefusalPart:
    """The model's words when it declines."""

    text: str


@dataclass(frozen=True)
class PagePicture:
    """A page without text: its number, from 1, and the pixels that it is drawn in to be looked at."""

    number: int
    width: int
    height: int


@dataclass(frozen=True)
class ChosenPages:
    """Which pages, slides, sheets or chapters of a document are sent: see sections.py.

    Attributes:
        unit: what they are, in the singular: "page".
        spans: first and last number of each run, from 1, in order, apart from each other.
        of: how many there are.
        tokens: of their text, by o200k_base; None until counted.
    """

    unit: str
    spans: tuple[tuple[int, int], ...]
    of: int
    tokens: int | None = None

    @property
    def count(self) -> int:
        """How many are chosen."""
        return sum(last - first + 1 for first, last in self.spans)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and any(a <= number <= b for a, b in self.spans)


@dataclass(frozen=True)
class DocumentPart:
    """A document whose extracted text goes into the prompt.

    `sha256` names the original file in the attachment store; `pages` is None where the format
    has none; `tokens` is None until counted, `tokens_exact` False where the count is an estimate.
    `pictured` are the pages that hold no text: they are sent as pictures behind the text, at
    `detail`, one of image_tokens.DETAILS; TEXT_ALONE leaves them out.
    `in_parts`: it is too large for the model, which reads it in parts and answers from its notes.
    `chosen`: what is sent of it; None for all.
    `is_protected`: the original asks for a password, which is kept nowhere.
    `as_file`: the original itself is sent in place of its text; see services/documents/file_attachments.py for when.
    `again_as`: it stands whole earlier in the same request, under this name, and is named alone; of
    requests only, never kept: see services/documents/attachment_dedup.py.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    pages: int | None = None
    tokens: int | None = None
    tokens_exact: bool = True
    pictured: tuple[PagePicture, ...] = ()
    detail: str = "auto"
    in_parts: bool = False
    chosen: ChosenPages | None = None
    is_protected: bool = False
    as_file: bool = False
    again_as: str = ""

    @property
    def seen_pages(self) -> tuple[PagePicture, ...]:
        """The pages that are sent as pictures."""
        if self.detail == TEXT_ALONE or self.again_as:
            return ()
        chosen = self.chosen
        return tuple(page for page in self.pictured if chosen is None or page.number in chosen)

    @property
    def sent_pages(self) -> int | None:
        """How many pages are sent; None where the format has none."""
        return self.pages if self.chosen is None else self.chosen.count

    @property
    def sent_tokens(self) -> int | None:
        """Tokens of the text that is sent, by o200k_base; None until counted."""
        return self.tokens if self.chosen is None else self.chosen.tokens


@dataclass(frozen=True)
class ImagePart:
    """A picture that goes into the prompt beside the text.

    `width` and `height` are pixels as it is looked at, 0 where nobody measured it; `detail` is one
    of image_tokens.DETAILS; `animated` says that only the first of its frames is sent.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
    detail: str = "auto"
    animated: bool = False

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height, where they are known."""
        return (self.width, self.height) if self.width and self.height else None


@dataclass(frozen=True)
class CollectionPart:
    """A collection that is asked, in a draft: it stays there after sending, until it is removed.

    What is sent is a PassagesPart in its place. `name` is what the collection was called then.
    """

    collection_id: str
    name: str


@dataclass(frozen=True)
class PassagesPart:
    """What of a collection went in with a question; nothing in either where nothing was found.

    Attributes:
        known: the numbers of passages that were found, too, and had come with earlier questions.
    """

    collection_id: str
    name: str
    passages: tuple[Passage, ...] = ()
    known: tuple[int, ...] = ()


@dataclass(frozen=True)
class ToolCallPart:
    """A call of a tool that the model asks for; `arguments` is the JSON text as it came."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class AttachmentFile:
    """The original that a document or picture part names, as it is kept once for all of them.

    `text` is what was extracted from it, "" for a picture.
    """

    sha256: str
    name: str
    media_type: str
    data: bytes = field(repr=False)
    text: str = ""
    pages: int | None = None
    tokens: int | None = None


DraftPart = DocumentPart | ImagePart | CollectionPart
"""What may stand in a draft beside its words."""

Part = (
    TextPart
    | ReasoningPart
    | RefusalPart
    | DocumentPart
    | ImagePart
    | CollectionPart
    | PassagesPart
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
    "tool_call": ToolCallPart,
}
_NAMES: Mapping[type[Part], str] = {cls: name for name, cls in _KINDS.items()}


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """The parts as JSON-ready dictionaries, each with its `kind`."""
    return [{"kind": _NAMES[type(part)], **asdict(part)} for part in parts]


def parts_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """The reverse of `parts_to_json`.

    Raises:
        KeyError, TypeError: where a row is not of a known kind and shape.
    """
    return tuple(_part_from_json(row) for row in rows)


def _part_from_json(row: Mapping[str, Any]) -> Part:
    fields = {key: value for key, value in row.items() if key != "kind"}
    if "pictured" in fields:
        fields["pictured"] = tuple(PagePicture(**page) for page in fields["pictured"])
    if "passages" in fields:
        fields["passages"] = tuple(Passage(**passage) for passage in fields["passages"])
        fields["known"] = tuple(fields.get("known", ()))
    if fields.get("chosen") is not None:
        chosen = ChosenPages(**fields["chosen"])
        spans = tuple((first, last) for first, last in chosen.spans)
        fields["chosen"] = replace(chosen, spans=spans)
    return _KINDS[row["kind"]](**fields)


def draft_parts(parts: Iterable[Part]) -> tuple[DraftPart, ...]:
    """Those that may stand in a draft."""
    return tuple(p for p in parts if isinstance(p, DocumentPart | ImagePart | CollectionPart))


def part_id(part: DraftPart) -> str:
    """What names a part among those of its draft."""
    return part.collection_id if isinstance(part, CollectionPart) else part.sha256


def text_of(parts: Iterable[Part]) -> str:
    """The words of a message: its text and refusal parts, apart by a blank line."""
    texts = [part.text for part in parts if isinstance(part, TextPart | RefusalPart)]
    return "\n\n".join(text for text in texts if text)
