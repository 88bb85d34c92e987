"""Separates columns whose lines a PDF interleaves, and puts them in reading order.

Most files write each column as a whole, and the order of their content stream is the reading order.
Some write line by line across the page: the first line of the left column, the first of the right,
and so on. The positions of the lines tell such pages from tables. Few lines and no ruling cross the
gutter, running text fills the columns on both sides, and the columns do not start rows at the same
height. A side that is not one column may be several. If a file draws both columns of a line as a
single string with a gap inside, the line is first split at the gap.

A box is the position of text that pdfium reports as a whole, or of what a gap leaves of it. A file
may write word by word, so adjacent boxes are joined to lines. A run is a sequence of characters
that stay together in the reading order.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf.page_words import Area, bounds

# The pages of tests/unit/documents/test_column_layout.py are told apart by these limits.

# A page with more boxes is a drawing or a map.
_MAX_BOXES: Final = 3_000
_FEWEST_LINES: Final = 3
_NARROWEST_COLUMN: Final = 100.0  # points
_NARROWEST_GUTTER: Final = 6.0  # points
_WIDEST_SPACE: Final = 0.9  # between words, as a fraction of the line's height
_SAMPLED_LINES: Final = 5  # lines of a page that are looked at first, or up to twice as many
_LEAST_SPLIT_SHARE: Final = 0.5  # of the sampled lines have a gap, if lines are to be split
# The part of the width of the lines in which a gutter may begin.
_GUTTER_START = 0.3
_GUTTER_END = 0.7
_MAX_CROSSING_SHARE: Final = 0.3  # of the lines
# Running text: the share of full lines, and the width of a full line relative to the column.
_LEAST_FULL_SHARE: Final = 0.6
_FULL_LINE_WIDTH: Final = 0.75
# In points: how far a ruling reaches beyond the gutter on both sides, and how high a box may be.
_RULING_OVERHANG: Final = 10
_HIGHEST_BOX: Final = 60
_SAME_ROW: Final = 3  # points
_LEAST_SHARED_ROWS: Final = 0.6  # as a fraction of the row starts of the column with more of them
_PARAGRAPH_STEP: Final = 1.3  # between baselines, relative to the median
_BETWEEN_WORDS: Final = re.compile(r"(?<=\S) +(?=\S)")


@dataclass(frozen=True)
class _Band:
    """A vertical range of the page, from `top` down to `bottom`.

    Attributes:
        gutters: the x of each gutter between interleaved columns, from left to right; () if the
            band has none.
    """

    top: float
    bottom: float
    gutters: tuple[float, ...]


def interleaved_order(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> list[list[int]] | None:
    """Return the characters of a page with interleaved columns, in reading order.

    Returns:
        The numbers of the characters in the content stream, in runs; None for a page without
        interleaved columns, because its stream is in reading order.
    """
    boxes = _boxes(textpage)  # splitting may have made too many
    if len(boxes) < 2 * _FEWEST_LINES or len(boxes) > _MAX_BOXES:
        return None
    lines = _join_lines(boxes)
    gutter = _find_gutter(lines)
    if gutter is None:
        return None
    bands = _bands(page, lines, gutter)
    if not any(band.gutters for band in bands):
        return None
    return _runs_in_order(textpage, bands)


def _boxes(textpage: pdfium.PdfTextPage) -> list[Area]:
    """Return the boxes of a page, in stream order; [] if there are too many."""
    count = textpage.count_rects()
    if count > _MAX_BOXES:
        return []
    rects = [Area(*textpage.get_rect(index)) for index in range(count)]
    gaps = sorted(_wide_gaps(textpage), key=_middle)
    return [box for rect in rects for box in _split_at_gaps(rect, gaps)]


def _split_at_gaps(box: Area, gaps: Sequence[Area]) -> list[Area]:
    """Split a box at the gaps inside it; `gaps` are sorted by height."""
    first = bisect_right(gaps, box.bottom, key=_middle)
    last = bisect_left(gaps, box.top, key=_middle)
    crossing_gaps = [gap for gap in gaps[first:last] if box.left < gap.left < box.right]
    # In pairs: the left and the right edge of each box that is left.
    edges = [
        box.left,
        *(x for gap in sorted(crossing_gaps) for x in (gap.left, gap.right)),
        box.right,
    ]
    return [
        Area(left, box.bottom, right, box.top)
        for left, right in zip(edges[::2], edges[1::2], strict=True)
    ]


def _middle(area: Area) -> float:
    return area.middle


def _wide_gaps(textpage: pdfium.PdfTextPage) -> list[Area]:
    """Return the gaps between words that are too wide for a space; [] if few lines have any.

    Each position costs a call into pdfium, so only a sample of lines decides whether few have any.
    """
    text = textpage.get_text_range()
    if len(text) != textpage.count_chars():
        return []  # a character beyond the basic plane shifts the numbers of all that follow
    lines = [match.span() for match in re.finditer(r"[^\r\n]+", text)]
    step = max(1, len(lines) // _SAMPLED_LINES)
    sample = [_gaps_of_line(textpage, text, *line) for line in lines[::step]]
    if sum(map(bool, sample)) < _LEAST_SPLIT_SHARE * len(sample):
        return []
    return [gap for line in lines for gap in _gaps_of_line(textpage, text, *line)]


def _gaps_of_line(textpage: pdfium.PdfTextPage, text: str, start: int, end: int) -> list[Area]:
    gaps = []
    for space in _BETWEEN_WORDS.finditer(text, start, end):
        box_before = Area(*textpage.get_charbox(space.start() - 1, loose=True))
        box_after = Area(*textpage.get_charbox(space.end(), loose=True))
        height = max(box_before.height, box_after.height)
        is_level = abs(box_before.middle - box_after.middle) < height
        narrowest = max(_NARROWEST_GUTTER, _WIDEST_SPACE * height)
        if is_level and box_after.left - box_before.right > narrowest:
            gaps.append(Area(box_before.right, box_before.bottom, box_after.left, box_before.top))
    return gaps


def _join_lines(boxes: Sequence[Area]) -> list[Area]:
    """Join adjacent boxes of a line: a file may write word by word."""
    lines: list[Area] = []
    for box in boxes:
        last_line = lines[-1] if lines else None
        if last_line and _is_continuation(last_line, box):
            lines[-1] = bounds((last_line, box))
        else:
            lines.append(box)
    return lines


def _is_continuation(line: Area, box: Area) -> bool:
    height = max(line.height, box.height)
    is_level = line.bottom < box.middle < line.top or box.bottom < line.middle < box.top
    return is_level and -height < box.left - line.right < _WIDEST_SPACE * height


class _Gap(NamedTuple):
    """A gap that may be a gutter: the number of lines that cross it, its width and its middle."""

    crossing_count: int
    width: float
    middle: float


def _find_gutter(lines: Sequence[Area]) -> float | None:
    """Return the x near the middle of the lines that the fewest of them cross.

    Returns None if the lines span too small a width, no gap is wide enough, too many lines cross
    the x, or the stream changes sides too rarely to be interleaved.
    """
    left = min(line.left for line in lines)
    right = max(line.right for line in lines)
    width = right - left
    if width < 2 * _NARROWEST_COLUMN:
        return None
    first_start = left + _GUTTER_START * width
    last_start = left + _GUTTER_END * width
    # A gutter can only begin at the end of a line.
    starts = {line.right for line in lines if first_start < line.right < last_start}
    gaps: list[_Gap] = []
    for start in starts:
        end = min(
            (line.left for line in lines if line.left > start + _NARROWEST_GUTTER / 2),
            default=right,
        )
        middle = (start + end) / 2
        if end - start >= _NARROWEST_GUTTER:
            crossing_count = sum(line.left < middle < line.right for line in lines)
            gaps.append(_Gap(crossing_count, width=end - start, middle=middle))
    best = min(gaps, key=lambda gap: (gap.crossing_count, -gap.width), default=None)
    if best is None or best.crossing_count > _MAX_CROSSING_SHARE * len(lines):
        return None
    # `_FEWEST_LINES` on each side, in turn, change sides once less than there are lines. One change
    # may be missing.
    is_interleaved = _count_side_changes(lines, best.middle) >= 2 * _FEWEST_LINES - 2
    return best.middle if is_interleaved else None


def _count_side_changes(lines: Iterable[Area], gutter: float) -> int:
    """Count how often the stream changes sides."""
    sides = [line.left > gutter for line in lines if not line.left < gutter < line.right]
    return sum(a != b for a, b in pairwise(sides))


def _bands(page: pdfium.PdfPage, lines: Sequence[Area], gutter: float) -> list[_Band]:
    """Divide the page from top to bottom at the lines that cross the gutter."""
    groups: list[tuple[bool, list[Area]]] = []  # True for lines that cross the gutter
    for line in sorted(lines, key=lambda line: -line.middle):
        crosses_gutter = line.left < gutter < line.right
        if not groups or groups[-1][0] != crosses_gutter:
            groups.append((crosses_gutter, []))
        groups[-1][1].append(line)
    rulings = _rulings(page, gutter)
    bands = []
    for crosses_gutter, group in groups:
        top = max(line.middle for line in group)
        bottom = min(line.middle for line in group)
        is_ruled = any(bottom < y < top for y in rulings)
        gutters: tuple[float, ...] = ()
        if not (crosses_gutter or is_ruled):
            members = set(group)
            lines_in_stream_order = [line for line in lines if line in members]
            gutters = _gutters_of_band(lines_in_stream_order, gutter)
        bands.append(_Band(top, bottom, gutters))
    return bands


def _rulings(page: pdfium.PdfPage, gutter: float) -> list[float]:
    """Return the y of both edges of each line or low box drawn across the gutter."""
    edges = []
    for path in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=2):
        left, bottom, right, top = path.get_bounds()
        is_across = left < gutter - _RULING_OVERHANG and right > gutter + _RULING_OVERHANG
        if is_across and top - bottom < _HIGHEST_BOX:
            edges += [bottom, top]
    return edges


def _gutters_of_band(lines: Sequence[Area], gutter: float) -> tuple[float, ...]:
    """Return all gutters of a band of interleaved columns; () if it is something else."""
    columns = _columns(lines, gutter)
    if columns is None or any(_have_shared_rows(a, b) for a, b in pairwise(columns)):
        return ()
    return tuple(
        (max(line.right for line in a) + min(line.left for line in b)) / 2
        for a, b in pairwise(columns)
    )


def _columns(lines: Sequence[Area], gutter: float) -> list[list[Area]] | None:
    """Split lines at a gutter, and each side that is not running text at an inner gutter.

    Returns None if the result would not be interleaved columns of running text.
    """
    sides = (
        [line for line in lines if line.right <= gutter],
        [line for line in lines if line.left > gutter],
    )
    fewest = min(map(len, sides))
    if fewest < _FEWEST_LINES or _count_side_changes(lines, gutter) < fewest:
        return None
    columns: list[list[Area]] = []
    for side in sides:
        if _is_running_text(side):
            columns.append(side)
            continue
        inner_gutter = _find_gutter(side)
        inner_columns = None if inner_gutter is None else _columns(side, inner_gutter)
        # Fewer lines are left if some cross the inner gutter.
        if inner_columns is None or sum(map(len, inner_columns)) < len(side):
            return None
        columns += inner_columns
    return columns


def _is_running_text(lines: Sequence[Area]) -> bool:
    """Return True if most lines fill the column, as in running text."""
    width = max(line.right for line in lines) - min(line.left for line in lines)
    full_count = sum(line.width > _FULL_LINE_WIDTH * width for line in lines)
    return width >= _NARROWEST_COLUMN and full_count >= _LEAST_FULL_SHARE * len(lines)


def _have_shared_rows(left: Sequence[Area], right: Sequence[Area]) -> bool:
    """Return True if rows or paragraphs begin at the same y on both sides, as in a table."""
    starts = _row_starts(left)
    other_starts = _row_starts(right)
    shared_count = sum(any(abs(y - other) < _SAME_ROW for other in other_starts) for y in starts)
    # A single start may be level with another by chance.
    most_starts = max(len(starts), len(other_starts))
    return shared_count >= 2 and shared_count >= _LEAST_SHARED_ROWS * most_starts


def _row_starts(lines: Sequence[Area]) -> list[float]:
    """Return the y of the lines that begin a new paragraph or row."""
    middles = sorted((line.middle for line in lines), reverse=True)
    steps = [a - b for a, b in pairwise(middles)]
    pitch = median(steps)
    return [y for step, y in zip(steps, middles[1:], strict=True) if step > _PARAGRAPH_STEP * pitch]


class _RunKey(NamedTuple):
    """The sort key of a run: its band, its column in the band, its first character's number."""

    band: int
    column: int
    start: int


def _runs_in_order(textpage: pdfium.PdfTextPage, bands: Sequence[_Band]) -> list[list[int]]:
    """Return the numbers of the characters in reading order: each column of each band in turn."""
    runs: dict[_RunKey, list[int]] = {}
    key = _RunKey(0, 0, 0)
    for index in range(textpage.count_chars()):
        center = _center_of(textpage, index)
        if center is not None:  # a character without a place stays with the one before it
            x, y = center
            band = _band_at(bands, y)
            column = bisect_left(bands[band].gutters, x)
            if (band, column) != key[:2]:
                key = _RunKey(band, column, index)
        runs.setdefault(key, []).append(index)
        if raw.FPDFText_GetUnicode(textpage, index) == ord("\n"):
            key = key._replace(start=index + 1)
    return [runs[key] for key in sorted(runs)]


def _center_of(textpage: pdfium.PdfTextPage, index: int) -> tuple[float, float] | None:
    """Return the center of a character; None if pdfium generated it, or it has no box."""
    if raw.FPDFText_IsGenerated(textpage, index) == 1:
        return None
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return (left.value + right.value) / 2, (bottom.value + top.value) / 2


def _band_at(bands: Sequence[_Band], y: float) -> int:
    """Return the index of the band nearest to `y`."""
    distances = [max(0.0, band.bottom - y, y - band.top) for band in bands]
    return distances.index(min(distances))
