"""Virtualizes long conversations: above a limit, only text near the screen stays materialized.

Qt lays out the whole document at each step of a window resize: 0.5 s for a 1 MB answer. A
change of theme or text size rewrites the document: 2 s. So above the limit, and before a resize
that would take long, placeholders replace all but a few screens. They are filled again as the
user scrolls near.

A placeholder has the former or estimated height of its items (see `layout/message_layout.py`).
So the scroll bar covers all materialized messages, and the text on screen stays in place.

Two alternatives were rejected. Restyling everything in slices does not make the layout faster.
Delaying the layout fails, because Qt must lay out the beginning of a text before its end is shown.
"""

from __future__ import annotations

from functools import partial
from math import ceil, floor
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.document.item_materializer import ItemMaterializer
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.viewport.scroll_anchor import ScrollAnchor

KEPT_SCREENS: Final = 3
"""Screens above and below the screen that stay while the rest is removed."""

_UNITS_PER_ITEM: Final = 60
"""In `fill_more`, this many UTF-16 units of a long text count as one item."""

_EXTRA_SCREENS: Final = 0.25
"""Screens to fill beyond the necessary ones, so that the next line scrolled needs no fill."""

_MAX_FILLS: Final = 6
"""Placeholders to fill at once. Text that is shorter than its estimate leaves room for another."""


class _BlockIndex(NamedTuple):
    """The index of a message layout, of an item in it, and of a block of that item."""

    layout: int
    item: int
    block: int


class Virtualizer:
    """The virtualizer of one view: materializes text near the screen and removes the rest."""

    def __init__(
        self,
        view: QTextBrowser,
        writer: DocumentWriter,
        item_materializer: ItemMaterializer,
        anchor: ScrollAnchor,
    ) -> None:
        self._view = view
        self._writer = writer
        self._anchor = anchor
        self._item_materializer = item_materializer

    # ------------------------------------------------------------------ materializing

    def is_filled(self, screens: float) -> bool:
        """Return True if nothing is missing within `screens` screens above and below."""
        if all(layout.is_fully_materialized for layout in self._writer.layouts):
            return True
        self._update_scroll_range()
        height = self._view.viewport().height()
        top = self._view.verticalScrollBar().value()
        return self._find_placeholder(top - screens * height, top + (screens + 1) * height) is None

    def fill(self, screens: float = 1.0, max_fills: int = _MAX_FILLS) -> bool:
        """Materialize the screen and `screens` screens above and below it.

        Fill at most `max_fills` placeholders. Return True if that materialized text. If the last
        fill had no effect, return False, because another call would have none either.
        """
        if all(layout.is_fully_materialized for layout in self._writer.layouts):
            return False
        self._update_scroll_range()
        for number in range(max_fills):  # the text may be shorter than its estimate
            height = self._view.viewport().height()
            top = self._view.verticalScrollBar().value()
            near_height = screens * height
            if self._find_placeholder(top - near_height, top + height + near_height) is None:
                return number > 0
            filled_height = (screens + _EXTRA_SCREENS) * height
            fill_placeholder = self._find_placeholder(
                top - filled_height, top + height + filled_height
            )
            if fill_placeholder is None:
                return number > 0
            former_count = self._view.document().characterCount()
            with self._anchor.keep_position():
                fill_placeholder()
            self._update_scroll_range()
            if self._view.document().characterCount() == former_count:
                return False  # avoids an endless loop of fills
        return True

    def _update_scroll_range(self) -> None:
        """Update the scroll bar's range to the document's size.

        Qt does not update it if a query for a position caused the layout.
        """
        bar = self._view.verticalScrollBar()
        height = self._view.viewport().height()
        maximum = max(0, self._view.document().size().toSize().height() - height)
        if bar.maximum() != maximum:
            with self._anchor.keep_position():
                bar.setMaximum(maximum)

    def fill_more(self, items: int) -> bool:
        """Materialize up to `items` missing items anywhere, folded ones last.

        Return True if any were missing.
        """
        for layout in self._writer.layouts:
            for index in layout.items_with_gaps():
                gap = layout.gaps[index][-1]
                stop = layout.shapes[index][gap.block - 1]
                with self._anchor.keep_position():
                    self._writer.fill_text(layout, index, stop - items * _UNITS_PER_ITEM, stop)
                return True
            for placeholder in layout.placeholders():
                if layout.space_keys[placeholder.end].placeholder:
                    # Start at the top, because all text below is laid out again.
                    first, end = next(layout.unfolded_ranges(*placeholder))
                    with self._anchor.keep_position():
                        self._item_materializer.write_ranges(
                            layout, [(first, min(end, first + items))]
                        )
                    return True
        return self._item_materializer.write_folded()

    def _find_placeholder(self, top: float, bottom: float) -> Callable[[], None] | None:
        """Return a function that fills a placeholder or a text gap between two y coordinates.

        Return None if nothing is missing there.
        """
        writer = self._writer
        for layout in writer.layouts[writer.layouts.index_at(self._position_at(top)) :]:
            if not layout.items or writer.top_of(layout, 0) > bottom:
                return None
            for index in layout.items_with_gaps():
                units = self._find_text_gap(layout, index, top, bottom)
                if units is not None:
                    return partial(writer.fill_text, layout, index, *units)
            for placeholder in layout.placeholders():
                height = layout.space_keys[placeholder.end].placeholder
                begin = writer.top_of(layout, placeholder.end) - height
                if begin > bottom:
                    return None
                if height and begin + height > top:
                    ranges = layout.ranges_between(placeholder, top - begin, bottom - begin)
                    return partial(self._item_materializer.write_ranges, layout, list(ranges))
        return None

    def _find_text_gap(
        self, layout: MessageLayout, index: int, top: float, bottom: float
    ) -> tuple[int, int] | None:
        """Return the UTF-16 units [first, end) missing from a long text between y coordinates.

        Return None if nothing is missing there.
        """
        for gap in layout.gaps[index]:
            gap_bottom = self._writer.top_of_part(layout, index, gap.block)
            gap_top = gap_bottom - gap.height
            if gap_top > bottom:
                return None
            if gap_bottom > top:
                gap_end = layout.shapes[index][gap.block - 1]
                units_per_pixel = (gap_end - gap.start) / gap.height
                first = gap_end - ceil((gap_bottom - max(top, gap_top)) * units_per_pixel)
                end = gap_end - floor(max(0.0, gap_bottom - bottom) * units_per_pixel)
                return first, max(first + 1, end)
        return None

    def _block_index_at(self, y: float) -> _BlockIndex:
        """Return the indices of layout, item and block at a y coordinate of the document."""
        layouts = self._writer.layouts
        last = len(layouts) - 1
        items = len(layouts[last].items) if last >= 0 else 0
        at_end = _BlockIndex(last, max(0, items - 1), 0)
        return self._block_index_of(self._position_at(y)) or at_end

    def _position_at(self, y: float) -> int:
        document_layout = self._view.document().documentLayout()
        return document_layout.hitTest(QPointF(0, max(0.0, y)), Qt.HitTestAccuracy.FuzzyHit)

    def _block_index_of(self, position: int) -> _BlockIndex | None:
        writer = self._writer
        place = writer.layouts.place_of(writer.document.findBlock(position).blockNumber())
        if place is None:
            return None
        layout, item, block = place
        return _BlockIndex(writer.layouts.index(layout), item, block)

    # ------------------------------------------------------------------ dematerializing

    def remove_distant(self) -> None:
        """Dematerialize distant text, and keep the scroll position."""
        with self._anchor.keep_position():
            self.erase_distant(KEPT_SCREENS)

    def erase_distant(self, screens: float) -> None:
        """Dematerialize text at least `screens` screens away, except the selection's ends.

        The caller keeps the scroll position.
        """
        writer = self._writer
        if not writer.layouts:
            return
        height = self._view.viewport().height()
        top = self._view.verticalScrollBar().value()
        first = self._block_index_at(top - screens * height)
        last = self._block_index_at(top + (screens + 1) * height)
        ranges: list[tuple[MessageLayout, int, int]] = []
        pins = self._pins()
        for number, layout in enumerate(writer.layouts):
            count = len(layout.items)
            kept_start, kept_end = 0, count
            if not first.layout <= number <= last.layout:
                kept_end = 0
            if number == first.layout:
                kept_start = first.item
            if number == last.layout:
                kept_end = last.item + 1
            pinned = sorted({pin.item for pin in pins if pin.layout == number})
            for start, end in ((0, kept_start), (kept_end, count)):
                ranges += [(layout, *part) for part in _ranges_without(pinned, start, end)]
        writer.erase(ranges)
        self._erase_distant_text(first, last, pins)

    def _erase_distant_text(
        self, first: _BlockIndex, last: _BlockIndex, pins: Container[_BlockIndex]
    ) -> None:
        """Remove the blocks of long texts outside [first, last], except the `pins`."""
        for number, layout in enumerate(self._writer.layouts):
            for item in layout.long_texts():
                block_indices = (
                    _BlockIndex(number, item, block) for block in range(layout.counts[item])
                )
                kept_numbers = {
                    block_index.block
                    for block_index in block_indices
                    if first <= block_index <= last or block_index in pins
                }
                self._writer.erase_parts(layout, item, kept_numbers)

    def _pins(self) -> list[_BlockIndex]:
        """Return the blocks of both ends of the selection; the text cursor is at one of them."""
        cursor = self._view.textCursor()
        block_indices = (
            self._block_index_of(position) for position in {cursor.position(), cursor.anchor()}
        )
        return sorted(pin for pin in block_indices if pin is not None)


def _ranges_without(pinned: list[int], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield [first, end) as ranges without the items in `pinned`."""
    for index in pinned:
        if first <= index < end:
            yield first, index
            first = index + 1
    if first < end:
        yield first, end
