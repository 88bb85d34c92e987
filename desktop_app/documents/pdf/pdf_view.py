"""A PDF that stays open in the child process, to be looked at: its pages' sizes, strips of their
pictures, and where a passage stands.

A page is drawn in strips, so that a picture of any size comes in pieces of a few megabytes, and
never more of it than is on the screen. The page that was drawn last stays open for the next strip.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf import passage_boxes
from desktop_app.documents.worker.protocol import Box, Strip
from desktop_app.domain.errors import DocumentDamagedError, DocumentEncryptedError

_WHITE: Final = (255, 255, 255, 255)
_LOCKED: Final = (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
# No page is larger than the format allows; what says so is drawn at that size.
_LARGEST: Final = 14_400.0
_LETTER: Final = (612.0, 792.0)


class PdfView:
    """One open document.

    Raises:
        DocumentEncryptedError: of making it: the password is missing or wrong.
        DocumentDamagedError: of every method and of making it: it is no PDF, or has no such page.
    """

    def __init__(self, name: str, source: int | bytes, password: str = "") -> None:
        """`source` is the descriptor of a file, which is closed, or its bytes."""
        self._name = name
        self._page: tuple[int, pdfium.PdfPage] | None = None
        try:
            data = _mapped(source) if isinstance(source, int) else source
            self._document = pdfium.PdfDocument(data, password=password or None)
            if self._document.get_formtype() != raw.FORMTYPE_NONE:
                self._document.init_forms()
        except (pdfium.PdfiumError, OSError, ValueError) as error:
            if getattr(error, "err_code", None) in _LOCKED:
                raise self._locked() from error
            raise self._refused(error) from error

    def close(self) -> None:
        """Let go of it."""
        self._leave()
        self._document.close()

    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each page as it is shown, in points."""
        return [self._size(index) for index in range(len(self._document))]

    def _size(self, index: int) -> tuple[float, float]:
        try:
            width, height = self._document.get_page_size(index)
        except pdfium.PdfiumError:
            return _LETTER  # a damaged page among good ones has its place
        if not (width >= 1 and height >= 1):
            return _LETTER
        ratio = min(1.0, _LARGEST / width, _LARGEST / height)
        return max(1.0, width * ratio), max(1.0, height * ratio)

    def strip(self, wanted: Strip) -> bytes:
        """The pixels of a strip, row by row from the top: blue, green, red and a byte unused."""
        page = self._open(wanted.page)
        bitmap = pdfium.PdfBitmap.new_native(wanted.width, wanted.rows, format=raw.FPDFBitmap_BGRx)
        try:
            bitmap.fill_rect(_WHITE, 0, 0, wanted.width, wanted.rows)
            place = (0, -wanted.top, wanted.width, wanted.height, 0, raw.FPDF_ANNOT)
            raw.FPDF_RenderPageBitmap(bitmap, page, *place)
            if page.formenv:
                raw.FPDF_FFLDraw(page.formenv, bitmap, page, *place)
            return bytes(bitmap.buffer)
        finally:
            bitmap.close()

    def boxes(self, number: int, text: str, before: str) -> list[Box]:
        """Where a passage stands on a page; [] where it is not found there for certain."""
        return passage_boxes.boxes(self._open(number), text, before)

    def _open(self, number: int) -> pdfium.PdfPage:
        if self._page is not None and self._page[0] == number:
            return self._page[1]
        self._leave()
        try:
            page = self._document[number - 1]
        except (pdfium.PdfiumError, IndexError) as error:
            raise self._refused(error) from error
        self._page = (number, page)
        return page

    def _leave(self) -> None:
        if self._page is not None:
            self._page[1].close()
            self._page = None

    def _locked(self) -> DocumentEncryptedError:
        return DocumentEncryptedError(
            f"The pages of “{self._name}” are protected by a password.",
            what_was_kept="The text that was read from it is kept.",
            what_to_do="To see them, attach the file again and give its password.",
        )

    def _refused(self, error: Exception) -> DocumentDamagedError:
        return DocumentDamagedError(
            f"The pages of “{self._name}” cannot be drawn.",
            what_was_kept="The text that was read from it is kept.",
            what_to_do="If you still have the file, attach it again.",
            details=str(error),
        )


def _mapped(descriptor: int) -> ctypes.Array[ctypes.c_char]:
    """Return the bytes of an open file, which the system reads as they are needed. Close it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is empty.
    """
    with os.fdopen(descriptor, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return (ctypes.c_char * len(mapped)).from_buffer(mapped)
