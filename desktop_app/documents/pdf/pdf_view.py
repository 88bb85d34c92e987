"""Opens PDFs, renders their pages for the screen and for models, and locates passages.

A page is rendered in strips: only the part on screen is rendered, and an image of any size comes in
pieces of a few megabytes. The page that was used last stays open for the next strip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.pdf import passage_boxes
from desktop_app.documents.worker.protocol import Box, ScaledImage, Strip

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
        return passage_boxes.boxes(self._open_page(page), text, preceding_text)

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
