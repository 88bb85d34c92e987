"""The protocol between the parent process and the child that reads documents.

A frame is four bytes of length, a header (a JSON object of that length), and a payload: UTF-8 text
or a file's bytes. The header's `payload` states its size. The payload is not part of the JSON,
because a document's text may be tens of megabytes, which the parent must receive in small pieces.
Open files go from the parent to the child over a separate socket: a file after each frame that
announces one or asks for one.

The parent does not trust the child: see worker_answers.py.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, NamedTuple

from desktop_app.domain import errors

LENGTH: Final = struct.Struct(">I")
# Bytes to read or write at a time, which take a millisecond.
PIECE_BYTES: Final = 1 << 18


class Progress(NamedTuple):
    """The progress of reading: `done` of `total` units (pages …); None for an unknown total."""

    done: int
    total: int | None
    unit: str


OnProgress = Callable[[Progress], None]

MAX_TEXT_BYTES: Final = 64 << 20
"""Bytes of a document's text: several times what any model reads."""


class Limits(NamedTuple):
    """The limits for reading a document.

    Attributes:
        file_bytes: size of the file.
        unpacked_bytes: size of its unpacked content (DOCX and the like are ZIP archives).
        pages: of a PDF; slides, and members of an archive or a folder, count as pages.
        pixels: of an image, checked before decoding.
        memory_bytes: private memory of the child.
        seconds: wall time for a document.
    """

    file_bytes: int = 200 << 20
    unpacked_bytes: int = 400 << 20
    pages: int = 5_000
    pixels: int = 120_000_000
    memory_bytes: int = 2 << 30
    seconds: float = 120


@dataclass(frozen=True)
class ScaledImage:
    """An image to send or show: its bytes, free of metadata, and its size in pixels."""

    media_type: str
    width: int
    height: int
    data: bytes = field(repr=False)


class Pixels(NamedTuple):
    """A decoded image: its size, and four bytes (red, green, blue, alpha) of each pixel."""

    width: int
    height: int
    data: bytes


class Strip(NamedTuple):
    """Rows [top, top + rows) of page `page` (from 1), rendered at `width` × `height` pixels."""

    page: int
    width: int
    height: int
    top: int
    rows: int


class Box(NamedTuple):
    """A rectangle on a page as shown: from the upper left corner, in fractions of its sides."""

    left: float
    top: float
    right: float
    bottom: float


def error_to_json(error: errors.DocumentError) -> dict[str, object]:
    """Return the error as JSON-ready values; `worker_answers.parse_error` is the reverse."""
    return {
        "error": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "params": error.params,
        "because": None if error.because is None else error.because.message,
        "details": error.details,
        "takes_password": getattr(error, "takes_password", False),
    }


def frame_head(header: Mapping[str, Any], payload_bytes: int) -> bytes:
    """Return the beginning of a frame, up to its payload."""
    header_bytes = json.dumps({**header, "payload": payload_bytes}).encode()
    return LENGTH.pack(len(header_bytes)) + header_bytes


def write_frame(stream: BinaryIO, header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write a frame to a blocking stream."""
    stream.write(frame_head(header, len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a frame from a blocking stream; None if the other side has closed it."""
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    header: dict[str, Any] = json.loads(stream.read(LENGTH.unpack(length)[0]))
    payload = stream.read(header["payload"])
    return (header, payload) if len(payload) == header["payload"] else None


def rows_to_payload(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as JSON, one per line, so that they can be parsed one at a time."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    return "\n".join(lines).encode(errors="replace")


def replace_surrogates(text: str) -> str:
    """Return a text that can be encoded, with question marks for lone surrogates.

    Surrogates come from file names in other encodings, and from JSON.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
