"""Pages of a PDF as pictures, for a model to look at where a page holds no text."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.image_reader import packed
from desktop_app.documents.worker.protocol import ScaledPicture

# Small print of a letter is legible at 150 dots an inch; a PDF counts in points of 1/72 inch.
_DOTS_PER_POINT: Final = 150 / 72
# No rule of any model keeps a longer side.
_LONGEST_SIDE: Final = 2048

Size = tuple[int, int]


def natural_size(points: tuple[float, float]) -> Size:
    """The pixels in which a page of so many points is drawn to be read."""
    width, height = points
    longest = max(width, height, 1.0)
    ratio = min(_DOTS_PER_POINT, _LONGEST_SIDE / longest)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def render(
    name: str, data: bytes, wanted: Sequence[tuple[int, Size]], password: str = ""
) -> list[ScaledPicture]:
    """Pages by number, from 1, each within so many pixels. The same bytes give the same result.

    Raises:
        DocumentEncryptedError: it asks for a password, or for another one.
        DocumentDamagedError: it is no PDF that can be drawn, or has no such page.
    """
    try:
        with pdfium.PdfDocument(data, password=password or None) as document:
            return [_rendered(document[number - 1], size) for number, size in wanted]
    except (pdfium.PdfiumError, IndexError) as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise refusals.locked(name, was_wrong=bool(password)) from error
        raise refusals.damaged(name, str(error)) from error


def _rendered(page: pdfium.PdfPage, size: Size) -> ScaledPicture:
    width, height = page.get_size()
    scale = min(size[0] / max(width, 1.0), size[1] / max(height, 1.0))
    # pdfium rounds up: a pixel less each way keeps within the size.
    scale = min(scale, _within(width, scale, size[0]), _within(height, scale, size[1]))
    bitmap = page.render(scale=scale)
    try:
        return packed(bitmap.to_pil().convert("RGB"))
    finally:
        bitmap.close()
        page.close()


def _within(points: float, scale: float, pixels: int) -> float:
    return scale if ceil(points * scale) <= pixels else pixels / points * (1 - 1e-9)
