"""The layout of a document's pages, one below the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from PySide6.QtCore import QRect


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
