"""Articles and their segments: the items of a message, cut into parts that are quick to lay out.

Qt lays out a text document as a whole at each resize, and pays for long paragraphs and tables with
every edit. So no document is long: a segment is a run of whole items of at most `MAX_CHARACTERS`.
A table is a segment of its own, and a longer item is cut at spaces. Only the segments near the
viewport have a document; the others keep a height, measured earlier or estimated.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeGuard

from desktop_app.markdown.block_model import Block, Kind, Run, Runs
from desktop_app.transcript.message_items import Item
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.segment_document import SegmentDocument

MAX_CHARACTERS: Final = 4_000
"""Characters of a segment. Building and laying out so many takes 2 ms, twice as many 12 ms."""
MAX_ITEMS: Final = 100
"""Items of a segment, such as lines of code."""
_MAX_PART_CHARACTERS: Final = 3_000
"""Characters of a part of an item that is too long for a segment."""
_MAX_GROWTH: Final = 500
"""Characters by which the last item of a segment grows before the segment is cut again."""
_ITEM_COST: Final = 20
"""The cost of an item besides its text, in characters."""


_LINE_CHARS: Final = 100
"""Characters in a line of the standard width (`STANDARD_LINE_WIDTH` in widgets/look/theme.py)."""

# Heights in pixels, at the default text size.
_LINE_HEIGHT: Final = 25.0
_CODE_LINE_HEIGHT: Final = 20.0
_ROW_HEIGHT: Final = 33.0
_GAP_HEIGHT: Final = 8.0


class Place(NamedTuple):
    """A position in the text of a conversation, which stays valid while text arrives.

    Attributes:
        message_id: the message.
        item: the index of the item in the message.
        cell: for a table, row x columns + column; else 0.
        unit: the UTF-16 unit in the text of the item or the cell; negative in an item's prefix.
    """

    message_id: str
    item: int
    cell: int = 0
    unit: int = 0


class Piece(NamedTuple):
    """An item, or a part of a long one that begins at UTF-16 unit `start` of the item."""

    item: Item
    start: int = 0


def is_table(item: Item | None) -> TypeGuard[Block]:
    """Return True if an item is a table, or a part of a long one."""
    return isinstance(item, Block) and item.kind is Kind.TABLE


def texts_of(item: Item) -> Iterator[tuple[int, Runs]]:
    """Yield the runs of each text of an item: of a table, the number and runs of each cell."""
    if not is_table(item):
        yield 0, item.runs
        return
    columns = max(1, len(item.aligns))
    for row, cells in enumerate(item.rows):
        for column, runs in enumerate(cells[:columns]):
            yield row * columns + column, runs


def runs_at(item: Item, cell: int) -> Runs:
    """Return the runs of a cell by its number, or those of an item that is no table."""
    return next((runs for number, runs in texts_of(item) if number == cell), ())


def text_length(runs: Runs) -> int:
    return len(runs[0].text) if len(runs) == 1 else sum(len(run.text) for run in runs)


class Segment:
    """A run of items that one document shows.

    Attributes:
        first: the index of the first item in the article.
        pieces: the items, or a part of a single long one.
        above: the item above the first; None at the beginning of the article.
        part: 0 before the body of a message, 1 in the body, 2 below it.
        height: the height in pixels, including the gap above.
        gap: the pixels between the text above and the document.
        width: the width of the document in pixels; more than that of the view for wide code.
        is_measured: whether `height` was measured for the current width and theme.
        document: the document; None while the segment is far from the viewport.
        changed_from: the first piece that the document does not show yet; None if it shows all.
        growth: the characters that the last piece has got since the segment was cut.
    """

    def __init__(self, first: int, pieces: list[Piece], above: Item | None, part: int) -> None:
        self.first = first
        self.pieces = pieces
        self.above = above
        self.part = part
        self.height = 0
        self.gap = 0
        self.width = 0
        self.is_measured = False
        self.document: SegmentDocument | None = None
        self.changed_from: int | None = None
        self.growth = 0

    @property
    def end(self) -> int:
        return self.first + len(self.pieces)

    @property
    def is_table(self) -> bool:
        """Return True if the segment is a table or a part of one."""
        return is_table(self.pieces[0].item)

    @property
    def needs_writing(self) -> bool:
        """Return True if there is no document that shows all pieces."""
        return self.document is None or self.changed_from is not None

    def item_above(self, index: int) -> Item | None:
        """Return the item above a piece; None at the beginning of the article."""
        return self.pieces[index - 1].item if index else self.above

    def text_top(self, top: int) -> int:
        """Return where the document begins if the segment begins at y coordinate `top`."""
        return top + self.gap - (0 if self.document is None else self.document.inset)

    def take_pieces(self, other: Segment) -> None:
        """Show the pieces of a newer segment from now on."""
        common = min(len(self.pieces), len(other.pieces))
        same = 0
        while same < common and self.pieces[same] == other.pieces[same]:
            same += 1
        is_changed = same < max(len(self.pieces), len(other.pieces))
        self.first = other.first
        self.growth = 0
        self.pieces = other.pieces
        self.set_above(other.above)
        if is_changed:
            self.mark_changed(same)

    def mark_changed(self, first: int = 0) -> None:
        """Have the document written again from this piece on."""
        self.is_measured = False
        earlier = self.changed_from
        self.changed_from = first if earlier is None else min(first, earlier)

    def set_above(self, above: Item | None) -> None:
        """Set the item above, which decides on the gap."""
        if above is not self.above:
            self.above = above
            self.is_measured = False

    def drop_document(self) -> None:
        """Drop the document. Its height stays."""
        self.document = None
        self.changed_from = None


class Article:
    """A sequence of items, and the segments that show it.

    Attributes:
        items: all items, of which folded lines of code are in no segment.
        segments: the segments, top to bottom.
        head_count: the number of items above the body; no segment crosses this border.
        foot_count: the number of items below the body.
        revision: a number that grows with each change.
        laid_out: the revision whose segments all have heights.
        reserved: the height that something else has in place of the segments; 0 shows them.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.segments: list[Segment] = []
        self.head_count = self.foot_count = 0
        self.revision = 0
        self.laid_out = -1
        self.reserved = 0
        self._firsts: list[int] | None = None
        self._tops: list[int] | None = None

    @property
    def key(self) -> str:
        """Return a name that no other article has."""
        raise NotImplementedError

    # ------------------------------------------------------------------ heights

    @property
    def tops(self) -> list[int]:
        """Return where each segment begins in the article, and at the end the whole height."""
        if self._tops is None and self.reserved:
            self._tops = [*([0] * len(self.segments)), self.reserved]
        elif self._tops is None:
            self._tops = [0, *accumulate([segment.height for segment in self.segments])]
        return self._tops

    def reserve(self, height: int) -> None:
        """Keep a height for something in place of the segments; 0 shows them again."""
        self.reserved = height
        self._tops = None
        self.revision += 1

    def set_height(self, segment: Segment, height: int) -> None:
        if segment.height != height:
            segment.height = height
            self._tops = None

    def segments_from(self, y: float) -> Iterator[tuple[Segment, int]]:
        """Yield the segments that end below a y coordinate, and where each begins.

        Heights may change meanwhile.
        """
        if self.reserved:
            return
        number = max(0, bisect_right(self.tops, y) - 1)
        top = self.tops[number]
        while number < len(self.segments):
            segment = self.segments[number]
            yield segment, top
            top += segment.height
            number += 1

    # ------------------------------------------------------------------ items

    def replace(
        self,
        first: int,
        removed: int,
        added: Sequence[Item],
        *,
        head: int,
        foot: int,
        hidden: Container[int] = (),
    ) -> None:
        """Replace some items; the others keep their segments.

        Args:
            first: the index of the first item that is replaced.
            removed: the number of items that are replaced.
            added: the new items.
            head: the number of items above the body afterwards.
            foot: the number of items below the body afterwards.
            hidden: the indices of folded items afterwards, which are in no segment.
        """
        end_item = first + removed
        begin = max(0, self.segment_index(first))
        if removed == 0 and begin and self.segments[begin].first == first:
            begin -= 1  # the new items may fit into the segment above
        while begin and self._begins_within_item(begin):
            begin -= 1
        end = begin
        while end < len(self.segments) and (
            self.segments[end].first < end_item or self._begins_within_item(end)
        ):
            end += 1
        replaced = self.segments[begin:end]
        if replaced:
            first_made = min(first, replaced[0].first)
            end_item = max(end_item, replaced[-1].end)
        else:
            first_made = first
        delta = len(added) - removed
        self.items[first : first + removed] = added
        self.head_count = head
        self.foot_count = foot
        self.revision += 1
        for segment in self.segments[end:]:
            segment.first += delta
        made = list(self._split(first_made, end_item + delta, hidden))
        for index, (old, new) in enumerate(zip(replaced, made, strict=False)):
            if old.part != new.part or old.is_table is not new.is_table:
                break
            old.take_pieces(new)
            made[index] = old
        self.segments[begin:end] = made
        self._firsts = self._tops = None
        below = begin + len(made)
        if below < len(self.segments):
            self.segments[below].set_above(self._above(self.segments[below].first))

    def growing_segment(self) -> Segment | None:
        """Return the segment that ends with the last item of the body, if that may grow there."""
        end = len(self.items) - self.foot_count
        segment = self.segments[self.segment_index(end - 1, PAST_END)] if self.segments else None
        if segment is None or segment.end != end or segment.part != 1 or segment.is_table:
            return None
        return segment if not segment.pieces[-1].start and segment.growth < _MAX_GROWTH else None

    def extend_last(self, segment: Segment, item: Item) -> None:
        """Replace the last item of a `growing_segment` by one with more words."""
        end = segment.end
        segment.growth += text_length(item.runs[-1:]) - text_length(self.items[end - 1].runs[-1:])
        self.items[end - 1] = item
        segment.pieces = [*segment.pieces[:-1], Piece(item)]
        self.revision += 1
        below = self.segment_index(end)
        if self.segments[below].first == end:
            self.segments[below].above = item  # which decides on the same gap as before

    def _begins_within_item(self, index: int) -> bool:
        """Return True if a segment is a later part of a long item."""
        return self.segments[index].pieces[0].start > 0

    def segment_index(self, item: int, unit: int = 0) -> int:
        """Return the index of the segment that shows an item; the one above a hidden item.

        Return -1 if there are no segments, or none begins at or above the item.
        """
        if self._firsts is None:
            self._firsts = [segment.first for segment in self.segments]
        index = bisect_right(self._firsts, item) - 1
        while index > 0 and self.segments[index].first == item:
            if self.segments[index].pieces[0].start <= max(unit, 0):
                break
            index -= 1
        return index

    def part_of(self, item: int) -> int:
        """Return 0 for an item above the body, 1 for one in the body, 2 for one below it."""
        if item < self.head_count:
            return 0
        return 1 if item < len(self.items) - self.foot_count else 2

    def _above(self, item: int) -> Item | None:
        return self.items[item - 1] if item else None

    def _split(self, first: int, end: int, hidden: Container[int]) -> Iterator[Segment]:
        pieces: list[Piece] = []
        begin = first
        cost = 0
        borders = (self.head_count, len(self.items) - self.foot_count)
        for index in range(first, end):
            item = self.items[index]
            is_hidden = index in hidden
            is_table = item.kind is Kind.TABLE
            length = text_length(item.runs) + _ITEM_COST
            stands_alone = is_table or length > MAX_CHARACTERS
            is_full = cost + length > MAX_CHARACTERS or len(pieces) >= MAX_ITEMS
            if pieces and (is_hidden or stands_alone or is_full or index in borders):
                yield Segment(begin, pieces, self._above(begin), self.part_of(begin))
                pieces = []
            if is_hidden:
                continue
            if not pieces:
                begin = index
                cost = 0
            if length > MAX_CHARACTERS and not is_table:
                for piece in cut_item(item):
                    yield Segment(index, [piece], self._above(index), self.part_of(index))
            elif stands_alone:
                yield Segment(index, [Piece(item)], self._above(index), self.part_of(index))
            else:
                pieces.append(Piece(item))
                cost += length
        if pieces:
            yield Segment(begin, pieces, self._above(begin), self.part_of(begin))


def cut_item(item: Item) -> list[Piece]:
    """Return the parts of an item that is too long for a segment, cut at spaces if possible."""
    pieces = []
    runs = list(item.runs)
    unit = 0
    while runs:
        part: list[Run] = []
        room = _MAX_PART_CHARACTERS
        while runs and (len(runs[0].text) <= room or runs[0].math):
            part.append(runs.pop(0))
            room -= len(part[-1].text)
        if runs and room > 0:
            text = runs[0].text
            end = text.rfind(" ", 0, room) + 1
            if not end and not part:
                end = room
                # Between the halves of a composed letter is the worst place for a cut.
                while end > 1 and text[end : end + 1] in "\u200d\ufe0f\u0301":
                    end -= 1
            if end:
                part.append(runs[0]._replace(text=text[:end]))
                runs[0] = runs[0]._replace(text=text[end:])
        pieces.append(Piece(item._replace(runs=tuple(part)), unit))
        unit += sum(utf16_length(run.text) for run in part)
    return pieces or [Piece(item)]


PAST_END: Final = sys.maxsize // 4
"""An item and a unit past the end of any message."""


def estimate_height(segment: Segment, scale: float) -> int:
    """Estimate the height of a segment in pixels; `scale` is relative to the default text size."""
    height = 0.0
    for item, _start in segment.pieces:
        if is_table(item):
            for row in item.rows:
                longest_cell = max(map(text_length, row), default=0)
                lines = longest_cell * max(1, len(item.aligns)) // _LINE_CHARS
                height += _ROW_HEIGHT + _LINE_HEIGHT * lines
            continue
        lines = ceil(text_length(item.runs) / _LINE_CHARS) or 1
        if not isinstance(item, Block):
            height += lines * _LINE_HEIGHT
        elif item.kind is Kind.CODE:
            height += lines * _CODE_LINE_HEIGHT
        else:
            height += lines * _LINE_HEIGHT + _GAP_HEIGHT
    return ceil(scale * height)


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
        return len(self._heights)

    def key_at(self, index: int) -> str:
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
        return self._all_tops()[-1]

    def index_at(self, y: float) -> int:
        """Return the index of the article at a y coordinate; that of the nearest outside."""
        return max(0, min(bisect_right(self._all_tops(), y) - 1, self.count - 1))
