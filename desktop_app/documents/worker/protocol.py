"""What the window's process and the child that reads documents say to each other.

A frame is four bytes of length, a JSON object of that length, and a payload of `payload` bytes,
UTF-8 text or a file's bytes. The payload stays outside the JSON: a document's text may be tens of
megabytes, and the window must be able to take it in small pieces. Open files go from the window to
the child over a socket of their own, one after each frame that announces or asks for one.

Nothing that the child says is trusted: see answers.py.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final, NamedTuple

from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, PagePicture

LENGTH: Final = struct.Struct(">I")
# How much is read or written at a time: a millisecond's work.
PIECE: Final = 1 << 18


@dataclass(frozen=True)
class Progress:
    """How far reading has come: `done` of `total` (None: unknown) units ("page")."""

    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class Limits:
    """What one document may cost before reading it is given up.

    Attributes:
        file_bytes: size of the file.
        unpacked_bytes: size of what is packed in it (DOCX and its like are ZIP archives).
        pages: of a PDF; slides and members of an archive or a folder count as such.
        pixels: of a picture, before any of it is unpacked.
        memory_bytes: private memory of the child.
        seconds: wall time for one document.
    """

    file_bytes: int = 200 << 20
    unpacked_bytes: int = 400 << 20
    pages: int = 5_000
    pixels: int = 120_000_000
    memory_bytes: int = 2 << 30
    seconds: float = 120


@dataclass(frozen=True)
class ExtractedDocument:
    """A document as text, or a picture as what it is.

    Attributes:
        name: the file's name, without its folder.
        media_type: found by content first, by name second.
        sha256: of the file's bytes, in hexadecimal.
        size: of the file, in bytes.
        text: Markdown for formats with structure; each page of a PDF begins with a line "[page 3]".
        pages: None where the format has none.
        tokens: of `text`, by o200k_base.
        note: a sentence for the person where something could not be read for certain, else "".
        width, height: of a picture, in pixels, turned as it is looked at; 0 of everything else.
        animated: a picture with further frames.
        pictured: the pages of a PDF that hold no text but something drawn, at the size in which
            they are drawn to be looked at.
        is_protected: it could be read with its password alone.
    """

    name: str
    media_type: str
    sha256: str
    size: int
    text: str = field(repr=False)
    pages: int | None
    tokens: int
    note: str = ""
    width: int = 0
    height: int = 0
    animated: bool = False
    pictured: tuple[PagePicture, ...] = ()
    is_protected: bool = False

    @property
    def part(self) -> DocumentPart | ImagePart:
        """The document as a part of a message, without its text."""
        if self.width:
            return ImagePart(
                self.sha256,
                self.name,
                self.media_type,
                self.size,
                self.width,
                self.height,
                animated=self.animated,
            )
        return DocumentPart(
            self.sha256,
            self.name,
            self.media_type,
            self.size,
            self.pages,
            self.tokens,
            pictured=self.pictured,
            is_protected=self.is_protected,
        )


@dataclass(frozen=True)
class TextChunk:
    """A part of a text: from `start` to `end`, in characters, and its tokens."""

    start: int
    end: int
    tokens: int


@dataclass(frozen=True)
class IndexedPassage:
    """A piece of a document that can be found: see passages.py.

    Attributes:
        start, end: in characters of the document's text.
        page: the page, slide or sheet that it begins on; None where the format has none.
        place: where it stands, for people; "" where nothing tells.
        title: the file's name and the headings above, as words.
        words: what it is found by, as the index takes it: see domain/documents/passage_words.py.
    """

    start: int
    end: int
    tokens: int
    page: int | None
    place: str
    title: str
    words: str


@dataclass(frozen=True)
class ScaledPicture:
    """A picture ready to be sent or shown: its bytes, free of metadata, and their size in pixels."""

    media_type: str
    width: int
    height: int
    data: bytes = field(repr=False)


class Strip(NamedTuple):
    """Rows [top, top + rows) of the picture of page `page` (from 1) in `width` × `height` pixels."""

    page: int
    width: int
    height: int
    top: int
    rows: int


class Box(NamedTuple):
    """A rectangle on a page as it is shown: from the upper left corner, in parts of its sides."""

    left: float
    top: float
    right: float
    bottom: float


def error_to_json(error: errors.DocumentError) -> dict[str, str | bool]:
    """Return the error as JSON-ready values; `answers.error` is the reverse."""
    return {
        "error": type(error).__name__,
        "what_happened": error.what_happened,
        "what_was_kept": error.what_was_kept,
        "what_to_do": error.what_to_do,
        "details": error.details,
        "takes_password": getattr(error, "takes_password", False),
    }


def limits_to_json(limits: Limits) -> dict[str, float]:
    """The limits as a JSON-ready object; `Limits(**…)` is the reverse."""
    return asdict(limits)


def head(header: Mapping[str, Any], payload_bytes: int) -> bytes:
    """The beginning of a frame, up to its payload."""
    packed = json.dumps({**header, "payload": payload_bytes}).encode()
    return LENGTH.pack(len(packed)) + packed


def write_frame(stream: BinaryIO, header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write a frame to a blocking stream."""
    stream.write(head(header, len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame from a blocking stream; None where the other side has closed it."""
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    header: dict[str, Any] = json.loads(stream.read(LENGTH.unpack(length)[0]))
    payload = stream.read(header["payload"])
    return (header, payload) if len(payload) == header["payload"] else None


def rows_to_payload(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as JSON, one in a line, so that the other side need not parse them all at once."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    return "\n".join(lines).encode(errors="replace")


def sound(text: str) -> str:
    """Return a text that can be sent and kept.

    Halves of characters become question marks. They come from names of files in other encodings and
    from JSON.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
