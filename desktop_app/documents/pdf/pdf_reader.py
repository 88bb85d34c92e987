"""PDF by pypdfium2: the text layer, page by page, each page under a mark of its own.

The marks ("[page 3]" on a line) are part of the text that is counted and sent: a model can then
say on which page it found something. Lines come in the order of the content stream, which is the
reading order as word processors write it, two columns included; where a file interleaves the lines
of two columns, `pdf_layout` parts them. Pages without text are told apart from empty ones: they can
be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.pdf import page_annotations, reading_order
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.domain.conversations.message_parts import PagePicture

# pdfium puts this where a line ends in a hyphen, and leaves out the hyphen and the line's end.
_LINE_END_HYPHEN: Final = "\ufffe"
NO_TEXT: Final = "[no text on this page]"
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_STRANGE: Final = re.compile("[\ufffd\ue000-\uf8ff]")
_TURNED_AROUND: Final = re.compile(r"^[^()\n]*\)[^()\n]*\(.*$", re.M)
# A full stop behind a number ends a line on the left of it, where pdfium reads it first.
_TURNED_STOP: Final = re.compile("(?m)(?<=[\u0590-\u08ff] )([.,:;!\u060c\u061b\u061f])([0-9]+)$")
_OTHER_BRACKET: Final = str.maketrans("()", ")(")
# Beside a picture of the whole page, so few characters are its number or a stamp.
_STAMP: Final = 40
_WHOLE_PAGE: Final = 0.5


@dataclass(frozen=True)
class PdfText:
    """The text of all pages, their number, those to be looked at, and a note for the person."""

    text: str
    pages: int
    pictured: tuple[PagePicture, ...]
    note: str


def page_mark(number: int) -> str:
    """The line that stands before the text of a page; pages count from 1."""
    return f"[page {number}]"


def read(
    name: str,
    data: bytes,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    password: str = "",
) -> PdfText:
    """The text of a PDF.

    Raises:
        DocumentEncryptedError, DocumentDamagedError, DocumentEmptyError, DocumentTooLargeError
    """
    try:
        with pdfium.PdfDocument(data, password=password or None) as document:
            return _read(name, document, limits, on_progress)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise refusals.locked(name, was_wrong=bool(password)) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise refusals.encrypted(name) from error
        raise refusals.damaged(name, str(error)) from error


def _read(
    name: str,
    document: pdfium.PdfDocument,
    limits: Limits,
    on_progress: Callable[[Progress], None],
) -> PdfText:
    total = len(document)
    if total > limits.pages:
        raise refusals.too_many(name, total, "pages", limits.pages)
    if document.get_formtype() != raw.FORMTYPE_NONE:
        document.init_forms()
    texts: list[str] = []
    pictured: list[PagePicture] = []
    for index in range(total):
        on_progress(Progress(index, total, "page"))
        page = document[index]
        text, picture = _page(document, page, index + 1)
        texts.append(text)
        pictured += [picture] if picture else []
        page.close()
    on_progress(Progress(total, total, "page"))
    if not any(texts) and not pictured:
        raise refusals.empty(name)
    marked = (f"{page_mark(n)}\n{text or NO_TEXT}" for n, text in enumerate(texts, start=1))
    return PdfText("\n\n".join(marked), total, tuple(pictured), _note(pictured, total))


def _page(
    document: pdfium.PdfDocument, page: pdfium.PdfPage, number: int
) -> tuple[str, PagePicture | None]:
    """The text of a page, and how it is drawn where it is to be looked at."""
    size = page.get_size()
    # pdfium orders the lines of a turned page as they lie on the screen: turned back, they are read.
    page.set_rotation(0)
    words = _page_text(page)
    beside = page_annotations.lines(document, page, words)
    if _must_be_seen(page, words):
        return "\n".join([*([words] if words else []), *beside]), _picture(number, size)
    return "\n".join([*([words] if words else []), *beside]), None


def _page_text(page: pdfium.PdfPage) -> str:
    textpage = page.get_textpage()
    text = reading_order.text(page, textpage)
    text = text.replace(_LINE_END_HYPHEN, "-\n").replace("\r\n", "\n").replace("\0", "").strip()
    if _is_unreadable(text):
        return ""
    if not _RIGHT_TO_LEFT.search(text):
        return text
    return _TURNED_STOP.sub(r"\2\1", _TURNED_AROUND.sub(_turned_back, text))


def _turned_back(line: re.Match[str]) -> str:
    """A line in which a bracket closes before any opens, as drawn from right to left."""
    if not _RIGHT_TO_LEFT.search(line[0]):
        return line[0]
    return line[0].translate(_OTHER_BRACKET)


def _is_unreadable(text: str) -> bool:
    """Whether the characters are numbers of glyphs, as where a font does not say what they mean."""
    beginning = text[:2000]
    return len(_STRANGE.findall(beginning)) > 0.3 * len(beginning)


def _must_be_seen(page: pdfium.PdfPage, text: str) -> bool:
    """Whether the page shows something that its text does not say: a scan, as a rule."""
    if len(text) > _STAMP:
        return False
    objects = list(page.get_objects(max_depth=2))
    if not text:
        return bool(objects) or page_annotations.are_drawn(page)
    width, height = page.get_size()
    return any(
        thing.type == raw.FPDF_PAGEOBJ_IMAGE and _area(thing) > _WHOLE_PAGE * width * height
        for thing in objects
    )


def _area(thing: pdfium.PdfObject) -> float:
    left, bottom, right, top = thing.get_bounds()
    return float(max(0, right - left) * max(0, top - bottom))


def _picture(number: int, size: tuple[float, float]) -> PagePicture:
    from desktop_app.documents.pdf.page_images import natural_size  # Pillow, for pictures alone

    return PagePicture(number, *natural_size(size))


def _note(pictured: list[PagePicture], total: int) -> str:
    if not pictured:
        return ""
    if total == len(pictured):
        what = "its page is a picture" if total == 1 else f"all {total} pages are pictures"
    else:
        shown = ", ".join(str(page.number) for page in pictured[:8])
        what = f"{len(pictured)} of {total} pages are pictures: {shown}"
        what += " …" if len(pictured) > 8 else ""
    return f"{what[0].upper()}{what[1:]}. They are sent as pictures, to models that see."
