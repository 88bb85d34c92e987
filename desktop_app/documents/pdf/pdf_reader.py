"""Reads PDFs with pypdfium2: the text layer page by page, each page under a mark.

The marks (lines such as "[page 3]") are part of the text that is counted and sent. A model can thus
name the page on which it found something. Lines come in the order of the content stream, which in
files from word processors is the reading order, also with two columns. `reading_order` separates
columns whose lines a file interleaves, and writes tables as Markdown. Scanned pages have no text,
but unlike empty pages they are sent as images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.pdf import page_annotations, reading_order, xfa_form
from desktop_app.documents.pdf.page_words import LINE_END_HYPHEN, RIGHT_TO_LEFT
from desktop_app.documents.pdf.pdf_view import natural_size, open_document
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits, OnProgress, OpenedPdf, PageRead, Progress
from desktop_app.domain.conversations.message_parts import PageImage
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.errors import Param
from desktop_app.i18n.translation import N_

NO_TEXT: Final = "[no text on this page]"
NOT_READ: Final = "[this page was not read]"
# Control characters are numbers of glyphs, too: TeX's "©" is "c" and glyph 13, a circle.
_CONTROL: Final = re.compile("[\x01-\x08\x0b-\x1f\x7f]")
_GLYPH_NUMBERS: Final = re.compile(f"{_CONTROL.pattern[:-1]}\ufffd\ue000-\uf8ff]")
_MIRRORED_BRACKETS: Final = re.compile(r"^[^()\n]*\)[^()\n]*\(.*$", re.M)
# In right-to-left text, a full stop after a number is left of it, and pdfium reads it first.
_MISPLACED_STOP: Final = re.compile("(?m)(?<=[\u0590-\u08ff] )([.,:;!\u060c\u061b\u061f])([0-9]+)$")
_MIRROR: Final = str.maketrans("()", ")(")
# Next to an image of the whole page, text this short is a page number or a stamp.
_MAX_STAMP_CHARS: Final = 40
_WHOLE_PAGE_SHARE: Final = 0.5
# pdfium leaves out text in a Chinese or Japanese font that is neither in the file nor installed.
# The page then has many text objects for its few letters.
_MIN_TEXT_OBJECTS: Final = 50
_MAX_OBJECTS_PER_LETTER: Final = 2
_SAMPLE_CHARS: Final = 2_000  # the beginning of a page that tells if its text is readable
# Shares of the sample's characters.
_MAX_GLYPH_NUMBERS: Final = 0.3
_MAX_CONTROLS: Final = 0.01  # if there are few spaces
_LEAST_SPACES: Final = 0.05
_LEAST_ASCII: Final = 0.5  # letters that are the numbers of Latin letters are ASCII
_MAX_NAMED_PAGES: Final = 8


def read(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ReaderResult:
    """Return the text of a PDF, and the pages to send as images."""
    pages: list[PageRead] = []
    with open_document(name, data, password) as document:
        opened = inspect(name, document, limits)
        for page in read_pages(name, document, 0, opened.pages):
            on_progress(Progress(len(pages), opened.pages, "page"))
            pages.append(page)
    on_progress(Progress(len(pages), opened.pages, "page"))
    return compose(name, opened, pages)


def inspect(name: str, document: pdfium.PdfDocument, limits: Limits) -> OpenedPdf:
    """Return the number of pages and the text of an XFA form.

    Raises:
        DocumentTooLargeError: it has too many pages.
    """
    total = len(document)
    if total > limits.pages:
        raise refusals.too_many_pages_error(name, total, "page", limits.pages)
    kind = document.get_formtype()
    if kind not in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND):
        return OpenedPdf(total)
    is_static = kind == raw.FORMTYPE_XFA_FOREGROUND
    try:
        form = xfa_form.read(document, answers_only=is_static)
    except xfa_form.UnreadableFormError:
        return OpenedPdf(total, is_unreadable_form=not is_static)
    return OpenedPdf(total, form, is_static)


def read_pages(
    name: str, document: pdfium.PdfDocument, start: int, stop: int
) -> Iterator[PageRead]:
    """Read the pages with the indices from `start` to before `stop`."""
    for index in range(start, stop):
        try:
            page = document[index]
            text, image = _page(document, page, index + 1)
            page.close()
        except pdfium.PdfiumError as error:
            raise refusals.damaged_error(name, str(error)) from error
        yield PageRead(index + 1, text, image)


def compose(name: str, opened: OpenedPdf, pages: Sequence[PageRead]) -> ReaderResult:
    """Return the text of a PDF from its pages, of which some may be missing.

    Raises:
        DocumentEmptyError: there is no text, and no page to send as an image.
    """
    page_images = [page.image for page in pages if page.image is not None]
    text_by_page = {page.number: page.text for page in pages}
    last = max(text_by_page, default=0)
    note = _note(page_images, opened.pages)
    if opened.is_static:
        read_text = "\n".join(text_by_page.values())
        answers = opened.form.splitlines()
        missing = [each for each in answers if each.rpartition(": ")[2] not in read_text]
        text_by_page[last] = "\n".join([text_by_page[last], *missing]).strip()
    elif opened.form:
        # A form's only page asks the user to wait, or to install Adobe's program.
        shown = text_by_page[last] if opened.pages > 1 else ""
        text_by_page[last] = f"{shown}\n{opened.form}".strip()
    elif opened.is_unreadable_form:
        note = DocumentNote(N_("It’s a form that can’t be read. Print it to a PDF."), {})
    if not any(text_by_page.values()) and not page_images:
        raise refusals.empty_error(name)
    marked_pages = [
        f"[page {n}]\n{text_by_page.get(n, NOT_READ) or NO_TEXT}" for n in range(1, last + 1)
    ]
    if len(pages) < opened.pages:
        note = DocumentNote(
            N_("Only {done} of {total} pages were read."),
            {"done": len(pages), "total": opened.pages},
            is_partial=True,
        )
        if last < opened.pages:
            marked_pages[-1] += f"\n\n[pages {last + 1} to {opened.pages} were not read]"
    return ReaderResult(
        document_types.PDF,
        text="\n\n".join(marked_pages),
        pages=last,
        note=note,
        pictured=tuple(page_images),
    )


def _page(
    document: pdfium.PdfDocument, page: pdfium.PdfPage, number: int
) -> tuple[str, PageImage | None]:
    """Return a page's text, and the image to send for the page; None if there is none."""
    size = page.get_size()  # as displayed, so before the rotation is removed
    # pdfium orders the lines of a rotated page as they appear on screen, not as they are read.
    page.set_rotation(0)
    page_text = _clean_text(reading_order.text(page, page.get_textpage()))
    annotations = page_annotations.lines(document, page, page_text)
    image = PageImage(number, *natural_size(size)) if _needs_image(page, page_text) else None
    return "\n".join([*([page_text] if page_text else []), *annotations]), image


def _clean_text(text: str) -> str:
    """Return text from pdfium with our line ends, without characters that are glyph numbers."""
    text = text.replace("\r\n", "\n")
    # A line end may follow pdfium's hyphen or not. Here, each hyphen has one line end after it.
    text = text.replace(f"{LINE_END_HYPHEN}\n", LINE_END_HYPHEN).replace(LINE_END_HYPHEN, "-\n")
    text = text.replace("\0", "").strip()
    if _is_unreadable(text):
        return ""
    text = _CONTROL.sub("", text)
    if not RIGHT_TO_LEFT.search(text):
        return text
    # Mirror the brackets of a right-to-left line in which one closes before any opens.
    mirrored = _MIRRORED_BRACKETS.sub(
        lambda line: line[0].translate(_MIRROR) if RIGHT_TO_LEFT.search(line[0]) else line[0], text
    )
    return _MISPLACED_STOP.sub(r"\2\1", mirrored)


def _is_unreadable(text: str) -> bool:
    """Return True if the characters are glyph numbers, because the font lacks a character map."""
    beginning = text[:_SAMPLE_CHARS]
    length = len(beginning)
    if len(_GLYPH_NUMBERS.findall(beginning)) > _MAX_GLYPH_NUMBERS * length:
        return True
    # The numbers of TrueType's letters are letters, too: "WKH GRJ" is "the dog". Those of digits
    # and spaces are control characters, some of which pdfium leaves out.
    has_controls = len(_CONTROL.findall(beginning)) > _MAX_CONTROLS * length
    has_spaces = beginning.count(" ") > _LEAST_SPACES * length
    is_ascii = sum(map(str.isascii, beginning)) > _LEAST_ASCII * length
    return has_controls and not has_spaces and is_ascii


def _needs_image(page: pdfium.PdfPage, text: str) -> bool:
    """Return True if a page shows something but has no text, or is a scan with a short text.

    Also return True if pdfium left out most of the text.
    """
    if _lacks_letters(page, text):
        return True
    if len(text) > _MAX_STAMP_CHARS:
        return False
    objects = list(page.get_objects(max_depth=2))
    if not text:
        return bool(objects) or page_annotations.has_drawings(page)
    width, height = page.get_size()
    return any(
        page_object.type == raw.FPDF_PAGEOBJ_IMAGE
        and (bounds := page_object.get_bounds())
        and (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]) > _WHOLE_PAGE_SHARE * width * height
        for page_object in objects
    )


def _lacks_letters(page: pdfium.PdfPage, text: str) -> bool:
    """Return True if a page draws many texts of which `text` has too few letters."""
    min_text_count = max(_MIN_TEXT_OBJECTS, _MAX_OBJECTS_PER_LETTER * len(text))
    count = raw.FPDFPage_CountObjects(page)
    if count < min_text_count:
        return False
    objects = (raw.FPDFPage_GetObject(page, index) for index in range(count))
    text_count = sum(raw.FPDFPageObj_GetType(each) == raw.FPDF_PAGEOBJ_TEXT for each in objects)
    return bool(text_count >= min_text_count)


def _note(page_images: list[PageImage], total: int) -> DocumentNote | None:
    if not page_images:
        return None
    if total == len(page_images):
        message = (
            N_("Its only page is an image.") if total == 1 else N_("All {count} pages are images.")
        )
        return DocumentNote(message, {"count": total})
    pages = ", ".join(str(page.number) for page in page_images[:_MAX_NAMED_PAGES])
    if len(page_images) > _MAX_NAMED_PAGES:
        pages += " …"
    params: dict[str, Param] = {"count": len(page_images), "total": total, "pages": pages}
    return DocumentNote(N_("{count} of {total} pages are images: {pages}."), params)
