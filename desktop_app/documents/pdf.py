"""PDF by pypdfium2: the text layer, page by page, each page under a mark of its own.

The marks ("[page 3]" on a line) are part of the text that is counted and sent: a model can then
say on which page it found something. Lines come in the order of the content stream, which is the
reading order as word processors write it, two columns included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.protocol import Progress

# pdfium puts this where a line ends in a hyphen, and leaves out the hyphen and the line's end.
_LINE_END_HYPHEN = "\ufffe"
NO_TEXT = "[no text on this page]"


@dataclass(frozen=True)
class PdfText:
    """The text of all pages, their number, and a note for the person where pages hold no text."""

    text: str
    pages: int
    note: str


def page_mark(number: int) -> str:
    """The line that stands before the text of a page; pages count from 1."""
    return f"[page {number}]"


def read(name: str, data: bytes, on_progress: Callable[[Progress], None]) -> PdfText:
    """The text of a PDF.

    Raises:
        DocumentEncryptedError, DocumentDamagedError, DocumentScannedError, DocumentEmptyError
    """
    try:
        with pdfium.PdfDocument(data) as document:
            return _read(name, document, on_progress)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise refusals.encrypted(name) from error
        raise refusals.damaged(name, str(error)) from error


def _read(
    name: str, document: pdfium.PdfDocument, on_progress: Callable[[Progress], None]
) -> PdfText:
    total = len(document)
    texts: list[str] = []
    has_objects = False
    for index in range(total):
        on_progress(Progress(index, total, "page"))
        page = document[index]
        texts.append(_page_text(page))
        if not texts[-1]:
            has_objects = has_objects or next(page.get_objects(max_depth=1), None) is not None
        page.close()
    on_progress(Progress(total, total, "page"))
    if not any(texts):
        raise refusals.scanned(name, total) if has_objects else refusals.empty(name)
    marked = (f"{page_mark(n)}\n{text or NO_TEXT}" for n, text in enumerate(texts, start=1))
    without = [number for number, text in enumerate(texts, start=1) if not text]
    return PdfText("\n\n".join(marked), total, _note(without, total))


def _page_text(page: pdfium.PdfPage) -> str:
    # pdfium orders the lines of a turned page as they lie on the screen: turned back, they are read.
    page.set_rotation(0)
    text: str = page.get_textpage().get_text_range()
    return text.replace(_LINE_END_HYPHEN, "-\n").replace("\r\n", "\n").replace("\0", "").strip()


def _note(without: list[int], total: int) -> str:
    if not without:
        return ""
    shown = ", ".join(map(str, without[:8])) + (" …" if len(without) > 8 else "")
    return f"{len(without)} of {total} pages hold no text that could be read: {shown}."
