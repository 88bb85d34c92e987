"""The strips in which another process draws pages (documents/pdf/pdf_view.py), and their cache."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, QRect, QRectF, Signal
from PySide6.QtGui import QImage, QPainter

_STRIP_PIXELS: Final = 1_000_000
"""Approximate number of pixels in a strip."""
_MIN_ROWS: Final = 32
"""Minimum rows of a strip, however wide the page."""
_MAX_CACHED_BYTES: Final = 64 << 20
"""Maximum bytes of drawn strips in the cache."""


class PageStrip(NamedTuple):
    """Rows [top, top + rows) of page `page` (from 1), which takes `width` × `height` pixels."""

    page: int
    width: int
    height: int
    top: int
    rows: int


def strips_of(page: int, area: QRect, ratio: float) -> Iterator[tuple[PageStrip, QRectF]]:
    """Yield the strips of a page and their rectangles in the viewport.

    Args:
        area: the page's rectangle in the viewport.
        ratio: the pixels of the screen per pixel of the viewport.
    """
    width = max(1, round(area.width() * ratio))
    height = max(1, round(area.height() * ratio))
    rows = max(_MIN_ROWS, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = PageStrip(page, width, height, top, rows=min(rows, height - top))
        strip_rect = QRectF(
            area.left(), area.top() + top / ratio, width / ratio, strip.rows / ratio
        )
        yield strip, strip_rect


class StripCache(QObject):
    """The drawn strips, limited to 64 MB, however many pages there are.

    Attributes:
        images: the strips with their images, the least recently painted first.
        failed: the pages that cannot be drawn.

    Signals:
        changed(): a strip was drawn, or failed.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.images: OrderedDict[PageStrip, QImage] = OrderedDict()
        self.failed: set[int] = set()

    def clear(self) -> None:
        """Remove all strips, and forget which pages failed."""
        self.images.clear()
        self.failed.clear()

    def store(self, strip: PageStrip, pixels: bytes) -> None:
        """Add a drawn strip; each pixel is blue, green, red and an unused byte."""
        stride = len(pixels) // max(1, strip.rows)
        image = QImage(pixels, strip.width, strip.rows, stride, QImage.Format.Format_RGB32)
        self.images[strip] = image.copy()  # QImage does not own the bytes
        cached_bytes = sum(image.sizeInBytes() for image in self.images.values())
        while cached_bytes > _MAX_CACHED_BYTES and len(self.images) > 1:
            cached_bytes -= self.images.popitem(last=False)[1].sizeInBytes()
        self.changed.emit()

    def add_failed(self, page: int) -> None:
        """Record that a page cannot be drawn."""
        self.failed.add(page)
        self.changed.emit()

    def paint(self, painter: QPainter, page: int, area: QRect, view: QRect, ratio: float) -> None:
        """Paint the strips of a page that are within `view`; the other arguments as `strips_of`."""
        visible = [
            (strip, strip_rect)
            for strip, strip_rect in strips_of(page, area, ratio)
            if strip_rect.intersects(QRectF(view))
        ]
        if any(strip not in self.images for strip, _ in visible):
            self._paint_scaled(painter, page, area, ratio)
        for strip, target_rect in visible:
            image = self.images.get(strip)
            if image is not None:
                self.images.move_to_end(strip)
                painter.drawImage(target_rect, image)

    def _paint_scaled(self, painter: QPainter, page: int, area: QRect, ratio: float) -> None:
        """Paint strips of another size, scaled, until the right ones arrive."""
        size = area.size() * ratio
        former = [s for s in self.images if s.page == page and s.width != size.width()]
        for strip in former:
            scale = area.height() / strip.height
            strip_rect = (
                area.left(),
                area.top() + strip.top * scale,
                area.width(),
                strip.rows * scale,
            )
            painter.drawImage(QRectF(*strip_rect), self.images[strip])
