"""The strips of pages that another process draws (documents/pdf/pdf_view.py), and their layout."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
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


class PageLayout:
    """The rectangles of all pages at one zoom, in pixels of the scrolled content.

    Attributes:
        height: the height of all pages with the gaps around them.
        widest: the width of the widest page.
    """

    def __init__(
        self,
        sizes: Sequence[tuple[float, float]],
        scale: float,
        gap: int,
        edge: int,
        viewport_width: int,
    ) -> None:
        """Lay out pages.

        Args:
            sizes: the pages' sizes in points.
            scale: pixels per point.
            gap: pixels above and below each page.
            edge: pixels beside the widest page.
            viewport_width: the width of the viewport; pages are centered in it.
        """
        self._sizes = [tuple(max(1, round(points * scale)) for points in size) for size in sizes]
        self.widest = max((width for width, _ in self._sizes), default=max(1, round(scale)))
        self._width = max(viewport_width, self.widest + 2 * edge)
        self._tops = list(accumulate((height + gap for _, height in self._sizes), initial=gap))
        self.height = self._tops[-1]

    def rect_of(self, page: int) -> QRect:
        """Return the rectangle of a page, from 1."""
        width, height = self._sizes[page - 1]
        return QRect((self._width - width) // 2, self._tops[page - 1], width, height)

    def place_at(self, y: int) -> tuple[int, float]:
        """Return the page at a y coordinate, and the fraction of the page above it."""
        if not self._sizes:
            return 1, 0.0
        page = max(1, min(len(self._sizes), bisect_right(self._tops, y)))
        page_rect = self.rect_of(page)
        return page, max(0.0, min(1.0, (y - page_rect.top()) / page_rect.height()))

    def pages_between(self, top: int, bottom: int) -> Iterator[tuple[int, QRect]]:
        """Yield the pages between two y coordinates, with their rectangles."""
        page, _fraction = self.place_at(max(0, top))
        while page <= len(self._sizes) and self._tops[page - 1] < bottom:
            yield page, self.rect_of(page)
            page += 1
