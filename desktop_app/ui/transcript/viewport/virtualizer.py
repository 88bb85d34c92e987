"""The window on long messages: only what is around the screen is written of them.

All that is in a document is laid out anew with each step of a window that is drawn wider, and written
anew in another theme or size: half a second, and two, for an answer of a megabyte. So where much is
written, all but some screens of it is taken out, and is written again as one comes near. In its place
there is a hole as high as it was, or will be about (see section.py): the scroll bar reaches all of it,
and what is on screen stays where it is. This was chosen over restyling all of it in slices, which
would leave the layout as long as it is; and over delaying that, because the end of a text cannot be
shown before the beginning has been laid out.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from functools import partial
from itertools import accumulate
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout, Placeholder
    from desktop_app.ui.transcript.viewport.scroll_anchor import ScrollAnchor

_Block = tuple[int, int, int]
"""A section, by index, its item, and the block of that."""

_KEPT_SCREENS: Final = 3
_UNITS: Final = 60
"""UTF-16 units of a long text that are written instead of an item."""

_MORE: Final = 0.25
_TRIES: Final = 6


class Virtualizer:
    """Keeps written what is around one view's screen."""

    def __init__(
        self, view: QTextBrowser, messages: MaterializedMessages, place: ScrollAnchor
    ) -> None:
        self._view, self._messages, self._place = view, messages, place

    # ------------------------------------------------------------------ writing

    def is_filled(self, screens: float) -> bool:
        """Whether all is written that is on screen, and so many screens above and below it."""
        if all(section.is_whole for section in self._messages.writer.sections):
            return True
        self._measure()
        height, top = self._view.viewport().height(), self._view.verticalScrollBar().value()
        return self._hole_in(top - screens * height, top + (screens + 1) * height) is None

    def fill(self, screens: float = 1.0, tries: int = _TRIES) -> bool:
        """Have all written that is on screen, and so many screens above and below it, or one piece
        of that with each of so many `tries`; whether anything was missing."""
        if all(section.is_whole for section in self._messages.writer.sections):
            return False
        self._measure()
        for number in range(tries):  # what is written may be lower than it was expected to be
            height = self._view.viewport().height()
            top = self._view.verticalScrollBar().value()
            near = screens * height
            if self._hole_in(top - near, top + height + near) is None:
                return number > 0
            more = (screens + _MORE) * height  # lest the next line scrolled asks for a little again
            found = self._hole_in(top - more, top + height + more)
            if found is None:
                return number > 0
            before = self._view.document().characterCount()
            with self._place.kept():
                found()
            self._measure()
            if self._view.document().characterCount() == before:
                return False  # lest it be asked for again and again
        return True

    def _measure(self) -> None:
        """Have the scroll bar reach as far as the document does: it is not told of what is laid out
        because somebody asks where something stands."""
        document, bar = self._view.document(), self._view.verticalScrollBar()
        size = document.size()
        most = max(0, size.toSize().height() - self._view.viewport().height())
        if bar.maximum() != most:
            with self._place.kept():
                document.documentLayout().documentSizeChanged.emit(size)

    def fill_more(self, items: int) -> bool:
        """Have so many items more written, wherever they are missing, at last what is folded; whether
        any were."""
        for section in self._messages.writer.sections:
            for at in section.parted():
                gap = section.gaps[at][-1]
                stop = section.shapes[at][gap.block - 1]
                with self._place.kept():
                    self._messages.write_part(section, at, stop - items * _UNITS, stop)
                return True
            for hole in section.holes():
                if section.keys[hole.end][1]:
                    # From above: all that is written below is laid out anew.
                    first, end = next(_shown(section, *hole))
                    with self._place.kept():
                        self._messages.write_items(section, [(first, min(end, first + items))])
                    return True
        return self._messages.write_folded()

    def _hole_in(self, top: float, bottom: float) -> Callable[[], None] | None:
        """What writes what is missing of a hole that reaches between these heights of the
        document."""
        writer, write = self._messages.writer, self._messages.write_items
        for section in writer.sections[self._section_at(top) :]:
            if not section.items or writer.top_of(section, 0) > bottom:
                return None
            for at in section.parted():
                if (found := self._gap_in(section, at, top, bottom)) is not None:
                    return partial(self._messages.write_part, section, at, *found)
            for hole in section.holes():
                height = section.keys[hole.end][1]
                begin = writer.top_of(section, hole.end) - height
                if begin > bottom:
                    return None
                if height and begin + height > top:
                    wanted = list(_within(section, hole, top - begin, bottom - begin))
                    return partial(write, section, wanted)
        return None

    def _gap_in(
        self, section: MessageLayout, at: int, top: float, bottom: float
    ) -> tuple[int, int] | None:
        """The UTF-16 units of a gap in a long text that are between these heights of the document."""
        for gap in section.gaps[at]:
            end = self._messages.writer.top_of_part(section, at, gap.block)
            if end - gap.height > bottom:
                return None
            if end > top:
                stop = section.shapes[at][gap.block - 1]
                share = (stop - gap.start) / gap.height
                first = stop - ceil((end - max(top, end - gap.height)) * share)
                return first, max(first + 1, stop - floor(max(0.0, end - bottom) * share))
        return None

    def _section_at(self, y: float) -> int:
        """The index of the section at this height of the document."""
        sections = self._messages.writer.sections
        block = self._view.document().findBlock(self._position_at(y))
        found = sections.section_at(block.blockNumber())
        return len(sections) - 1 if found is None else sections.index(found[0])

    def _place_at(self, y: float) -> _Block:
        """The section, by index, its item at this height of the document, and its block."""
        sections = self._messages.writer.sections
        last = len(sections) - 1
        items = len(sections[last].items) if last >= 0 else 0
        return self._place_of(self._position_at(y)) or (last, max(0, items - 1), 0)

    def _position_at(self, y: float) -> int:
        layout = self._view.document().documentLayout()
        return layout.hitTest(QPointF(0, max(0.0, y)), Qt.HitTestAccuracy.FuzzyHit)

    def _place_of(self, position: int) -> _Block | None:
        writer = self._messages.writer
        found = writer.sections.section_at(writer.document.findBlock(position).blockNumber())
        if found is None:
            return None
        section, number = found
        at = section.item_at(number)
        return writer.sections.index(section), at, number - section.offset(at)

    # ------------------------------------------------------------------ taking out

    def narrow(self, screens: float = _KEPT_SCREENS) -> None:
        """Take out what is so many screens away or more, but for what is selected from and to."""
        with self._place.kept():
            self.take_out(screens)

    def take_out(self, screens: float) -> None:
        """The same where the reader's place is kept anyway: nothing is written for it twice."""
        writer, height = self._messages.writer, self._view.viewport().height()
        if not writer.sections:
            return
        top = self._view.verticalScrollBar().value()
        first = self._place_at(top - screens * height)
        last = self._place_at(top + (screens + 1) * height)
        ranges: list[tuple[MessageLayout, int, int]] = []
        pins = self._pins()
        for number, section in enumerate(writer.sections):
            count = len(section.items)
            begin = count if number < first[0] else first[1] if number == first[0] else 0
            end = 0 if number > last[0] else last[1] + 1 if number == last[0] else count
            kept = sorted({at for index, at, _ in pins if index == number})
            for start, stop in ((0, min(begin, count)), (max(begin, end), count)):
                ranges += [(section, *part) for part in _without(kept, start, stop)]
        writer.erase(ranges)
        self._narrow_texts(first, last, pins)

    def _narrow_texts(self, first: _Block, last: _Block, pins: Iterable[_Block]) -> None:
        """Take out of long texts what is not from one block to another, nor one of the `pins`."""
        writer = self._messages.writer
        for number, section in enumerate(writer.sections):
            for at in section.long():
                here = (number, at)
                begin = first[2] if here == first[:2] else 0 if here > first[:2] else sys.maxsize
                end = last[2] + 1 if here == last[:2] else sys.maxsize if here < last[:2] else 0
                pinned = {pin[2] for pin in pins if pin[:2] == here}
                writer.erase_parts(
                    section, at, {*range(begin, min(end, section.counts[at])), *pinned}
                )

    def _pins(self) -> list[_Block]:
        """Where the text cursor is, and where the selection began."""
        cursor = self._view.textCursor()
        found = (self._place_of(position) for position in {cursor.position(), cursor.anchor()})
        return sorted(pin for pin in found if pin is not None)


def around(section: MessageLayout, at: int, height: float) -> list[tuple[int, int]]:
    """The items that take so many pixels above item `at`, and as many below it, but none that is
    folded."""
    ends = list(accumulate(section.heights))
    first = bisect_left(ends, ends[at] - height)
    end = bisect_right(ends, ends[at] + height) + 1
    return [*_shown(section, first, end), (at, at + 1)]


def _within(
    section: MessageLayout, hole: Placeholder, top: float, bottom: float
) -> Iterator[tuple[int, int]]:
    """The items of a hole between these heights within it."""
    ends = list(accumulate(section.heights[hole.first : hole.end]))
    first = bisect_right(ends, max(0.0, top))
    end = bisect_left(ends, bottom) + 1
    first = min(first, len(ends) - 1)
    yield from _shown(section, hole.first + first, hole.first + min(end, len(ends)))


def _shown(section: MessageLayout, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The runs of items that take room."""
    flags = bytes(map(bool, section.heights[first:end]))
    begin = flags.find(1)
    while begin >= 0:
        stop = flags.find(0, begin)
        stop = len(flags) if stop < 0 else stop
        yield first + begin, first + stop
        begin = flags.find(1, stop)


def _without(pins: list[int], first: int, end: int) -> Iterator[tuple[int, int]]:
    """Items [first, end) but these."""
    for pin in pins:
        if first <= pin < end:
            yield first, pin
            first = pin + 1
    if first < end:
        yield first, end
