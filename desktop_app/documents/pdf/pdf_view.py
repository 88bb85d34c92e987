"""Keeps a PDF open in the child process, renders strips of its pages, and locates passages.

A page is rendered in strips: only the part on screen is rendered, and an image of any size comes in
pieces of a few megabytes. The page that was used last stays open for the next strip.
"""

from __future__ import annotations

from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf import passage_boxes
from desktop_app.documents.worker.protocol import Box, Strip
from desktop_app.domain import hints
from desktop_app.domain.errors import DocumentDamagedError, DocumentEncryptedError
from desktop_app.i18n.translation import N_

_WHITE: Final = (255, 255, 255, 255)
_LOCKED: Final = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
# The longest side of a page that the format allows, in points; longer pages are scaled down.
_MAX_SIDE: Final = 14_400.0
_LETTER_SIZE: Final = (612.0, 792.0)


class PdfView:
    """An open document.

    Raises:
        DocumentEncryptedError: by the constructor: the password is missing or wrong, or the
            encryption is unsupported.
        DocumentDamagedError: by the constructor: the file is not a readable PDF. By methods with a
            page: it does not exist or cannot be loaded.
    """

    def __init__(self, name: str, data: bytes, password: str = "") -> None:
        self._name = name
        self._page: tuple[int, pdfium.PdfPage] | None = None
        try:
            self._document = pdfium.PdfDocument(data, password=password)
            if self._document.get_formtype() != raw.FORMTYPE_NONE:
                self._document.init_forms()
        except pdfium.PdfiumError as error:
            if error.err_code in _LOCKED:
                raise DocumentEncryptedError(
                    N_("The pages of “{name}” are password-protected."),
                    hint=N_("Attach the file again and enter its password."),
                    name=name,
                ) from error
            raise self._damaged_error(error) from error

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

    def find_boxes(self, number: int, text: str, preceding_text: str) -> list[Box]:
        """Return the boxes of a passage on a page; [] unless found with certainty."""
        return passage_boxes.boxes(self._open_page(number), text, preceding_text)

    def _open_page(self, number: int) -> pdfium.PdfPage:
        if self._page is not None and self._page[0] == number:
            return self._page[1]
        self._close_page()
        try:
            page = self._document[number - 1]
        except (pdfium.PdfiumError, IndexError) as error:
            raise self._damaged_error(error) from error
        self._page = (number, page)
        return page

    def _close_page(self) -> None:
        if self._page is not None:
            self._page[1].close()
            self._page = None

    def _damaged_error(self, error: Exception) -> DocumentDamagedError:
        return DocumentDamagedError(
            N_("Couldn’t show the pages of “{name}”."),
            hint=hints.ATTACH_AGAIN,
            details=str(error),
            name=self._name,
        )
