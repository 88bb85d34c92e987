"""Renders pages of a PDF as images, for models to look at scanned pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents import refusals
from desktop_app.documents.image_reader import encode
from desktop_app.documents.worker.protocol import ScaledImage

# Small print is legible at 150 dots per inch; a PDF point is 1/72 inch.
_DOTS_PER_POINT: Final = 150 / 72
# No model sees a longer side: larger images are scaled down.
_MAX_SIDE_PX: Final = 2048

Size = tuple[int, int]


def natural_size(points: tuple[float, float]) -> Size:
    """Return the size in pixels at which a page of this size in points is legible."""
    width, height = points
    longest = max(width, height, 1.0)
    ratio = min(_DOTS_PER_POINT, _MAX_SIDE_PX / longest)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def render(
    name: str, data: bytes, pages: Sequence[tuple[int, Size]], password: str = ""
) -> list[ScaledImage]:
    """Render pages by number, from 1, each within a size in pixels.

    The same bytes give the same result.

    Raises:
        DocumentEncryptedError: the password is missing or wrong.
        DocumentDamagedError: the PDF cannot be rendered, or there is no such page.
    """
    try:
        with pdfium.PdfDocument(data, password=password) as document:
            if document.get_formtype() != raw.FORMTYPE_NONE:
                document.init_forms()  # otherwise filled fields are left out
            return [_render_page(document[number - 1], size) for number, size in pages]
    except (pdfium.PdfiumError, IndexError) as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise refusals.locked_error(name, was_wrong=bool(password)) from error
        raise refusals.damaged_error(name, str(error)) from error


def _render_page(page: pdfium.PdfPage, size: Size) -> ScaledImage:
    width, height = page.get_size()
    scale = min(size[0] / max(width, 1.0), size[1] / max(height, 1.0))
    # pdfium rounds up, so that a side could exceed the size by a pixel.
    bitmap = page.render(scale=scale * (1 - 1e-9))
    try:
        return encode(bitmap.to_pil().convert("RGB"))
    finally:
        bitmap.close()
        page.close()
