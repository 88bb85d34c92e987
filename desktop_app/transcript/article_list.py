"""The articles of an area, in order, with heights that are measured or estimated."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desktop_app.transcript.segment import Place


class ArticleList:
    """The articles of an area. A subclass knows their texts, and opens them.

    Attributes:
        scale: the text size relative to the default, by which heights are estimated.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self._heights: list[int] = []
        self._tops: list[int] | None = None

    @property
    def count(self) -> int:
        """Return the number of articles."""
        return len(self._heights)

    def key_at(self, index: int) -> str:
        """Return the key of an article."""
        raise NotImplementedError

    def index_of(self, key: str) -> int:
        """Return the index of an article by its key, or -1 if there is none."""
        raise NotImplementedError

    def order_of(self, place: Place) -> tuple[int, int, int, int]:
        """Return a key by which places are sorted."""
        return self.index_of(place.message_id), place.item, place.cell, place.unit

    def open(self, index: int) -> Any:
        """Return an article, parsing it if needed."""
        raise NotImplementedError

    def whole(self, index: int) -> Any:
        """Return an article that is parsed to its end."""
        return self.open(index)

    def source_of(self, index: int) -> str:
        """Return the stored text of an article."""
        raise NotImplementedError

    def markdown_of(self, index: int) -> str:
        """Return the whole of an article, as it is copied among many."""
        raise NotImplementedError

    def estimate_heights(self, scale: float) -> None:
        """Estimate the heights of all articles for another text size or width."""
        raise NotImplementedError

    def height_of(self, index: int) -> int:
        """Return the height of an article in pixels, measured or estimated."""
        return self._heights[index]

    def set_height(self, index: int, height: int) -> None:
        """Record the height of an article."""
        delta = height - self._heights[index]
        self._heights[index] = height
        if delta and self._tops is not None:
            if index >= len(self._heights) - 2:  # the answer that grows
                for later in range(index + 1, len(self._tops)):
                    self._tops[later] += delta
            else:
                self._tops = None

    def _all_tops(self) -> list[int]:
        if self._tops is None:
            self._tops = [0, *accumulate(self._heights)]
        return self._tops

    def top_of(self, index: int) -> int:
        """Return the y coordinate at which an article begins; the total height for the count."""
        return self._all_tops()[index]

    @property
    def total_height(self) -> int:
        """Return the height of all articles."""
        return self._all_tops()[-1]

    def index_at(self, y: float) -> int:
        """Return the index of the article at a y coordinate; that of the nearest outside."""
        return max(0, min(bisect_right(self._all_tops(), y) - 1, self.count - 1))
