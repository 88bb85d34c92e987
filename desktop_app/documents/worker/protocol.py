"""The messages between this process and the child that reads documents, in MessagePack.

A request is a message (`frames`) with a map, and a payload: a document's bytes or a text; the map's
`size` is that of the payload. A reply is a message with one of the structures below. A hostile
document may have taken over the child, so replies are decoded by their types (reader_client.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.value import PrivateValue

T = TypeVar("T")
MAX_TEXT_BYTES: Final = 64 << 20
"""Bytes of a document's text: several times what any model reads."""
MAX_REPLY_BYTES: Final = 4 * MAX_TEXT_BYTES  # also for passages, and for the images of many pages


class Progress(msgspec.Struct, tag=True, frozen=True):
    """The progress of reading: `done` of `total` units (pages …); None for an unknown total.

    `steps` counts those within a unit, such as the pages of a file in an archive.
    """

    done: int
    total: int | None
    unit: str
    steps: int = 0

    @property
    def is_within_units(self) -> bool:
        """Return False before a file, of which the first step may take as long as of a document.

        Also return False at the end, after which the text is counted.
        """
        return self.done != self.total and (self.unit != "file" or self.steps > 0)


class PageRead(msgspec.Struct, tag=True, frozen=True):
    """A page of a PDF: its number from 1, its text, and the image to send for it, if any."""

    number: int
    text: str
    image: PageImage | None = None


class OpenedPdf(msgspec.Struct, frozen=True):
    """A PDF's number of pages, and the text of an XFA form; "" if it has none.

    `is_static` if its pages show the form, of which they may lack answers; `is_unreadable_form` if
    it has a form that they do not show, and that cannot be read.
    """

    pages: int
    form: str = ""
    is_static: bool = False
    is_unreadable_form: bool = False


class WordText(msgspec.Struct, frozen=True):
    """A Word document as Markdown that can be written back into it; None if it cannot.

    `hidden` counts what stays in the document, but is not in the text, by kind: "comments",
    "changes", "pictures", "boxes", "formulas", "headers".
    """

    text: str | None
    hidden: dict[str, int] = {}


OnProgress = Callable[[Progress], None]


class Limits(NamedTuple):
    """The limits for reading a document.

    Attributes:
        file_bytes: size of the file.
        unpacked_bytes: size of its unpacked content (DOCX and the like are ZIP archives).
        pages: of a PDF; slides, and members of an archive or a folder, count as pages.
        pixels: of an image, checked before decoding.
        memory_bytes: private memory of the child.
        seconds: wall time until the first step of a document, and after the last one.
        standstill_s: wall time without a step, such as a page, in between.
    """

    file_bytes: int = 200 << 20
    unpacked_bytes: int = 400 << 20
    pages: int = 5_000
    pixels: int = 120_000_000
    memory_bytes: int = 2 << 30
    seconds: float = 120
    standstill_s: float = 30


YES_NO: Final = "BOOLEAN"
"""In the place of a format, of a cell that says yes or no."""


class SheetNumber(NamedTuple):
    """A number, a date, or a yes or no in a workbook: its text, and the format that shows it."""

    text: str
    number: float
    format: str


class SheetRows(PrivateValue, frozen=True):
    """The shown cells of a sheet, its name, and those of all sheets; what is hidden is counted."""

    name: str
    names: list[str]
    rows: list[list[str | SheetNumber]]
    hidden_rows: int
    hidden_columns: int


class ScaledImage(PrivateValue, frozen=True):
    """An image to send or show: its bytes, free of metadata, and its size in pixels."""

    media_type: str
    width: int
    height: int
    data: bytes


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


class Result(msgspec.Struct, Generic[T], tag=True):
    """What was asked for."""

    value: T


class Refusal(msgspec.Struct, tag=True):
    """A DocumentError: its class and its fields; of no class if another error ends the child.

    `ends_child` if memory ran out, which is not freed reliably, or if another error occurred.
    """

    error: str = ""
    message: str = ""
    hint: str = ""
    params: dict[str, str | int] = {}
    details: str = ""
    takes_password: bool = False
    ends_child: bool = False


def replace_surrogates(text: str) -> str:
    """Return a text that can be encoded, with question marks for lone surrogates.

    Surrogates come from file names in other encodings, and from JSON.
    """
    return text.encode(errors="replace").decode()
