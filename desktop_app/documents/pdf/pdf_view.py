"""Opens PDFs, renders their pages for the screen and for models, and locates passages.

A page is rendered in strips: only the part on screen is rendered, and an image of any size comes in
pieces of a few megabytes. The page that was used last stays open for the next strip.

To locate a passage, `reading_order` brings the page's characters into reading order, and
`passage_matching` finds the passage in them. The boxes of its characters are then joined to lines.
"""

from __future__ import annotations

import codecs
import ctypes
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.pdf import page_words, reading_order
from desktop_app.documents.pdf.page_words import Area
from desktop_app.documents.worker.protocol import Box, ScaledImage, Strip
from desktop_app.domain.documents import passage_matching

Size = tuple[int, int]

_WHITE: Final = (255, 255, 255, 255)
# The longest side of a page that the format allows, in points; longer pages are scaled down.
_MAX_SIDE: Final = 14_400.0
# Small print is legible at 150 dots per inch; a PDF point is 1/72 inch.
_DOTS_PER_POINT: Final = 150 / 72
# No model sees a longer side: larger images are scaled down.
_MAX_SIDE_PX: Final = 2048
_LETTER_SIZE: Final = (612.0, 792.0)


def open_document(name: str, data: bytes, password: str) -> pdfium.PdfDocument:
    """Open a PDF with its form fields.

    Raises:
        DocumentEncryptedError: the password is missing or wrong, or the encryption is unsupported.
        DocumentDamagedError: it is not a PDF.
    """
    try:
        document = pdfium.PdfDocument(data, password=password)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise refusals.locked_error(name, was_wrong=bool(password)) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            raise refusals.encrypted_error(name) from error
        raise refusals.damaged_error(name, str(error)) from error
    if document.get_formtype() != raw.FORMTYPE_NONE:
        document.init_forms()
    return document


class PdfView:
    """An open document.

    Raises:
        DocumentEncryptedError: by the constructor, as `open_document`.
        DocumentDamagedError: by the constructor: the file is not a readable PDF. By methods with a
            page: it does not exist or cannot be loaded.
    """

    def __init__(self, name: str, data: bytes, password: str = "") -> None:
        self._name = name
        self._page: tuple[int, pdfium.PdfPage] | None = None
        self._document = open_document(name, data, password)

    def close(self) -> None:
        self._close_page()
        self._document.close()

    def page_sizes(self) -> list[tuple[float, float]]:
        """Return width and height of each page as shown, in points."""
        return [self._size(index) for index in range(len(self._document))]

    def _size(self, index: int) -> tuple[float, float]:
        """Return width and height of a page in points, each from 1 to `_MAX_SIDE`."""
        try:
            width, height = self._document.get_page_size(index)
        except pdfium.PdfiumError:
            return _LETTER_SIZE  # a damaged page keeps its place among good ones
        if not (width >= 1 and height >= 1):
            return _LETTER_SIZE
        ratio = min(1.0, _MAX_SIDE / width, _MAX_SIDE / height)
        return max(1.0, width * ratio), max(1.0, height * ratio)

    def render_strip(self, strip: Strip) -> bytes:
        """Return the pixels of a strip, row by row: a byte each of blue, green, red, unused."""
        page = self._open_page(strip.page)
        bitmap = pdfium.PdfBitmap.new_native(strip.width, strip.rows, format=raw.FPDFBitmap_BGRx)
        try:
            bitmap.fill_rect(_WHITE, 0, 0, strip.width, strip.rows)
            placement = (0, -strip.top, strip.width, strip.height, 0, raw.FPDF_ANNOT)
            raw.FPDF_RenderPageBitmap(bitmap, page, *placement)
            if page.formenv:
                raw.FPDF_FFLDraw(page.formenv, bitmap, page, *placement)
            return bytes(bitmap.buffer)
        finally:
            bitmap.close()

    def render_page(self, number: int, size: Size) -> ScaledImage:
        """Render a page within a size in pixels, for models."""
        from desktop_app.documents.image_reader import encode  # loads Pillow

        page = self._open_page(number)
        width, height = page.get_size()
        scale = min(size[0] / max(width, 1.0), size[1] / max(height, 1.0))
        # pdfium rounds up, so that a side could exceed the size by a pixel.
        bitmap = page.render(scale=scale * (1 - 1e-9))
        try:
            return encode(bitmap.to_pil().convert("RGB"))
        finally:
            bitmap.close()

    def find_boxes(self, page: int, text: str, preceding_text: str) -> list[Box]:
        """Return the boxes of a passage on a page; [] unless found with certainty."""
        return boxes(self._open_page(page), text, preceding_text)

    def _open_page(self, number: int) -> pdfium.PdfPage:
        if self._page is not None and self._page[0] == number:
            return self._page[1]
        self._close_page()
        try:
            page = self._document[number - 1]
        except (pdfium.PdfiumError, IndexError) as error:
            raise refusals.damaged_error(self._name, str(error)) from error
        self._page = (number, page)
        return page

    def _close_page(self) -> None:
        if self._page is not None:
            self._page[1].close()
            self._page = None


def render(
    name: str, data: bytes, pages: Sequence[tuple[int, Size]], password: str = ""
) -> list[ScaledImage]:
    """Render pages by number, from 1, each within a size in pixels.

    The same bytes give the same result.
    """
    view = PdfView(name, data, password)
    try:
        return [view.render_page(number, size) for number, size in pages]
    finally:
        view.close()


def natural_size(points: tuple[float, float]) -> Size:
    """Return the size in pixels at which a page of this size in points is legible."""
    width, height = points
    longest = max(width, height, 1.0)
    ratio = min(_DOTS_PER_POINT, _MAX_SIDE_PX / longest)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


_RESOLUTION: Final = 100_000  # the length of a page's side in device units: pdfium returns integers


def boxes(page: pdfium.PdfPage, text: str, preceding_text: str) -> list[Box]:
    """Return the boxes of a passage's lines on its page; [] unless found with certainty.

    Args:
        text: the part of the passage on this page.
        preceding_text: the part of the page's text that precedes the passage.
    """
    rotation = page.get_rotation()
    # The text was read without rotation: see pdf_reader.py.
    page.set_rotation(0)
    try:
        areas = _areas(page, text, preceding_text)
    finally:
        page.set_rotation(rotation)
    shown: list[Box] = []
    for area in areas:  # on the page as shown, cropped and rotated
        corners = (_to_page(page, area.left, area.bottom), _to_page(page, area.right, area.top))
        left, right = sorted(max(0.0, min(1.0, x)) for x, _ in corners)
        top, bottom = sorted(max(0.0, min(1.0, y)) for _, y in corners)
        if right > left and bottom > top:  # otherwise it is cut off
            shown.append(Box(left, top, right, bottom))
    return shown


def _areas(page: pdfium.PdfPage, text: str, preceding_text: str) -> list[Area]:
    textpage = page.get_textpage()
    try:
        characters = list(_characters(textpage, reading_order.order(page, textpage)))
        letters = passage_matching.Letters(
            (position, char) for position, (_, char) in enumerate(characters)
        )
        spans = passage_matching.find_passage(
            letters.text, text, len(passage_matching.letters_of(preceding_text))
        )
        areas: list[Area] = []
        for span in spans:
            first = letters.positions[span.start]
            last = letters.positions[span.end - 1]
            last = _include_punctuation(characters, last)
            areas += _lines(textpage, [index for index, _ in characters[first : last + 1]])
        return areas
    finally:
        textpage.close()


def _characters(textpage: pdfium.PdfTextPage, indices: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Yield characters with their numbers, without NULs.

    The number of a surrogate pair is that of its second half.
    """
    decode = codecs.getincrementaldecoder("utf-16-le")("replace").decode
    for index in indices:
        text = decode(page_words.encode_units([raw.FPDFText_GetUnicode(textpage, index)]))
        yield from ((index, char) for char in text.strip("\0"))


def _include_punctuation(characters: list[tuple[int, str]], last: int) -> int:
    """Return the position of the last punctuation mark directly after `last`, or else `last`."""
    while last + 1 < len(characters):
        following = characters[last + 1][1]
        if following.isalnum() or following.isspace() or not following.isprintable():
            break
        last += 1
    return last


def _lines(textpage: pdfium.PdfTextPage, indices: Iterable[int]) -> list[Area]:
    """Return the boxes of the characters, joined to lines."""
    lines: list[Area] = []
    for index in indices:
        area = page_words.character_box(textpage, index)
        if area is None or not (area.width > 0 and area.height > 0):
            continue
        line = lines[-1] if lines else area
        overlap = min(line.top, area.top) - max(line.bottom, area.bottom)
        gap = max(area.left - line.right, line.left - area.right)
        height = min(line.height, area.height)
        if lines and overlap > height / 2 and gap < 2 * height:
            lines[-1] = line.joined(area)
        else:
            lines.append(area)
    return lines


def _to_page(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    x_device = ctypes.c_int()
    y_device = ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _RESOLUTION, _RESOLUTION, 0, x, y, x_device, y_device)
    return x_device.value / _RESOLUTION, y_device.value / _RESOLUTION
