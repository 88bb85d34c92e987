"""The reading order of pages whose file writes line by line across two or three columns.

Such a file writes the first line of the left column, the first of the right, and so on. The
stretches of each line, between gaps wider than a word space, tell such pages from tables: few of
them cross a gutter, running text fills the columns, justified or not, and the stream changes sides
again and again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf import page_words
from desktop_app.documents.pdf.page_words import Area, Word
from desktop_app.documents.pdf.tables import Ruling

_LINE: Final = re.compile(r"[^\r\n]+")
_SPACES: Final = re.compile(r"\S\s+\S")
_SAMPLE_LINES: Final = 6  # at least, if a page has them
_MAX_WORDS: Final = 5_000  # a page with more is a drawing or a map
_FEWEST_LINES: Final = 3
_NARROWEST_COLUMN: Final = 100.0  # points
_NARROWEST_GUTTER: Final = 6.0
# Between words, as fractions of the line's height.
_WIDEST_SPACE: Final = 0.9
_LEAST_SPACE: Final = 0.15
_MAX_CROSSING_SHARE: Final = 0.3  # of the stretches
# The part of the width in which a gutter may begin.
_GUTTER_START: Final = 0.25
_GUTTER_END: Final = 0.75
_MAX_GUTTERS: Final = 2
# Running text: the share of full lines, and the width of a full line relative to the column.
_LEAST_FULL_SHARE: Final = 0.6
_FULL_LINE_WIDTH: Final = 0.75
# Cells of a table with three columns are often about as wide as each other, but have fewer words
# (medians in 1,269 public PDFs, of three columns that are full: at most 3 in cells, at least 5 in
# running text).
_LEAST_WORDS: Final = 4
# Lines of about the same width: text whose letters hardly fill it.
_FEWEST_EVEN: Final = 24
_LEAST_EVEN_SHARE: Final = 0.9
_EVEN_LINE_WIDTH: Final = 0.65
# Text with a ragged right side: the share of lines after which the next line's first word would not
# fit. Cells end anywhere, so in a few rows they may look the same.
_LEAST_WRAPPED: Final = 0.85
_FEWEST_WRAPPED: Final = 8
_SAME_ROW: Final = 3.0
_LEAST_SHARED_ROWS: Final = 0.6
_PARAGRAPH_STEP: Final = 1.3  # between lines, relative to the median


class _Stretch(Area, frozen=True, order=True):
    """A stretch of a line, with the width of its first word in points, and its number of words."""

    first_width: float
    words: int


class _Band(NamedTuple):
    """A range of the page from `top` down to `bottom`, with columns or without."""

    top: float
    bottom: float
    has_columns: bool


def may_be_interleaved(textpage: pdfium.PdfTextPage, stream_text: str) -> bool:
    """Return False if `interleaved_order` would find no columns, without looking at each letter.

    Args:
        stream_text: the characters of the page in the order of their numbers.
    """
    boxes = page_words.text_object_boxes(textpage)
    if len(boxes) > _MAX_WORDS:
        return True
    if not boxes:
        return False
    left = min(box.left for box in boxes)
    right = max(box.right for box in boxes)
    start = left + _GUTTER_START * (right - left)
    if sum(box.left > start for box in boxes) >= _FEWEST_LINES and _find_gutters(
        _stretches([Word(box, ()) for box in boxes])
    ):
        return True
    # A text object may go across the columns.
    lines = [line for line in _LINE.finditer(stream_text) if " " in line[0]]
    for line in lines[:: max(1, len(lines) // _SAMPLE_LINES)]:
        for space in _SPACES.finditer(stream_text, *line.span()):
            if len(space[0]) == 3 and not raw.FPDFText_IsGenerated(textpage, space.start() + 1):
                continue  # an ordinary space
            before = page_words.character_box(textpage, space.start())
            after = page_words.character_box(textpage, space.end() - 1)
            if before and after:
                gap = after.left - before.right
                if gap >= max(_NARROWEST_GUTTER, _WIDEST_SPACE * before.height):
                    return True
    return False


def interleaved_order(
    textpage: pdfium.PdfTextPage, words: Sequence[Word], rulings: Sequence[Ruling]
) -> list[list[int]] | None:
    """Return the characters of a page with interleaved columns, in reading order, in runs.

    Args:
        words: those of the page, in the order of the content stream.
        rulings: the horizontal lines, which separate what is above from what is below.

    Returns:
        The numbers of the characters in the content stream; None if the stream is in reading order.
    """
    if not 2 * _FEWEST_LINES <= len(words) <= _MAX_WORDS:
        return None
    lines = _stretches(words)
    found = _find_gutters(lines)
    # The widest gutter alone, if its sides are not divided further.
    for gutters in dict.fromkeys((tuple(sorted(found)), tuple(found[:1]))):
        bands = _bands(lines, gutters, rulings) if gutters else []
        if any(band.has_columns for band in bands):
            return _runs(textpage, words, bands, gutters)
    return None


def _stretches(words: Sequence[Word]) -> list[_Stretch]:
    """Join words that follow each other in the stream and stand side by side."""
    stretches: list[_Stretch] = []
    for word in words:
        box = word.box
        new = _Stretch(box.left, box.bottom, box.right, box.top, box.width, 1)
        line = stretches[-1] if stretches else new
        height = max(line.height, box.height)
        is_level = line.bottom < box.middle < line.top or box.bottom < line.middle < box.top
        is_near = -height < box.left - line.right < _WIDEST_SPACE * height
        if stretches and is_level and is_near:
            around = line.joined(box)
            stretches[-1] = _Stretch(
                *(around.left, around.bottom, around.right, around.top),
                line.first_width,
                line.words + 1,
            )
        else:
            stretches.append(new)
    return stretches


def _find_gutters(lines: Sequence[Area]) -> list[float]:
    """Return the x of gaps that few lines cross and where the stream changes sides often.

    The gap that the fewest lines cross is first.
    """
    left = min(line.left for line in lines)
    right = max(line.right for line in lines)
    width = right - left
    if width < 2 * _NARROWEST_COLUMN:
        return []
    gaps: list[tuple[int, float, float]] = []
    for start in {line.right for line in lines}:
        if not left + _GUTTER_START * width < start < left + _GUTTER_END * width:
            continue
        following = (line.left for line in lines if line.left > start + _NARROWEST_GUTTER / 2)
        end = min(following, default=right)
        middle = (start + end) / 2
        if end - start >= _NARROWEST_GUTTER:
            crossing = sum(line.left < middle < line.right for line in lines)
            gaps.append((crossing, start - end, middle))
    gutters: list[float] = []
    for crossing, _, middle in sorted(gaps):
        is_interleaved = _count_side_changes(lines, middle) >= 2 * _FEWEST_LINES - 2
        is_apart = all(abs(middle - gutter) > _NARROWEST_COLUMN for gutter in gutters)
        if crossing <= _MAX_CROSSING_SHARE * len(lines) and is_interleaved and is_apart:
            gutters.append(middle)
    return gutters[:_MAX_GUTTERS]


def _count_side_changes(lines: Sequence[Area], gutter: float) -> int:
    sides = [line.left > gutter for line in lines if not line.left < gutter < line.right]
    return sum(a != b for a, b in pairwise(sides))


def _bands(
    lines: Sequence[_Stretch], gutters: Sequence[float], rulings: Sequence[Ruling]
) -> list[_Band]:
    """Divide the page from top to bottom at the lines that cross a gutter."""
    groups: list[tuple[bool, list[_Stretch]]] = []  # True for lines that cross a gutter
    for line in sorted(lines, key=lambda line: -line.middle):
        crosses = any(line.left < gutter < line.right for gutter in gutters)
        if not groups or groups[-1][0] != crosses:
            groups.append((crosses, []))
        groups[-1][1].append(line)
    bands: list[_Band] = []
    for crosses, group in groups:
        top, bottom = group[0].middle, group[-1].middle
        is_ruled = any(
            bottom < rule.position < top and rule.start < gutter - 10 and rule.end > gutter + 10
            for rule in rulings
            for gutter in gutters
        )
        members = set(group)
        in_stream_order = [line for line in lines if line in members]
        has_columns = not (crosses or is_ruled) and _has_columns(in_stream_order, gutters)
        if bands and not (has_columns or bands[-1].has_columns):
            # The parts of a line, of which one crosses a gutter, stay together.
            bands[-1] = bands[-1]._replace(bottom=bottom)
        else:
            bands.append(_Band(top, bottom, has_columns))
    return bands


def _has_columns(lines: Sequence[_Stretch], gutters: Sequence[float]) -> bool:
    """Return True for interleaved running text in all columns, unless it is a table.

    Args:
        lines: those of a band, in the order of the content stream.
    """
    columns: list[list[_Stretch]] = [[] for _ in range(len(gutters) + 1)]
    for line in lines:
        columns[bisect_left(gutters, line.left)].append(line)
    fewest = min(map(len, columns))
    return (
        fewest >= _FEWEST_LINES
        and all(_count_side_changes(lines, gutter) >= fewest for gutter in gutters)
        and all(_is_running_text(column, len(columns)) for column in columns)
        and not any(_share_rows(left, right) for left, right in pairwise(columns))
    )


def _is_running_text(lines: Sequence[_Stretch], count: int) -> bool:
    """Return True if the lines of one of `count` columns end because they are full."""
    right = max(line.right for line in lines)
    width = right - min(line.left for line in lines)
    downward = sorted(lines, key=lambda line: -line.middle)
    full_count = sum(line.width > _FULL_LINE_WIDTH * width for line in lines)
    wrapped_count = sum(
        line.right + _LEAST_SPACE * line.height + following.first_width > right
        for line, following in pairwise(downward)
    )
    is_long = len(lines) >= _FEWEST_WRAPPED
    has_words = median(line.words for line in lines) >= _LEAST_WORDS
    may_be_full = count == 2 or (is_long and has_words)
    has_full_lines = may_be_full and full_count >= _LEAST_FULL_SHARE * len(lines)
    even_count = sum(line.width > _EVEN_LINE_WIDTH * width for line in lines)
    is_even = len(lines) >= _FEWEST_EVEN and even_count >= _LEAST_EVEN_SHARE * len(lines)
    is_wrapped = is_long and wrapped_count >= _LEAST_WRAPPED * len(lines)
    return width >= _NARROWEST_COLUMN and (has_full_lines or is_wrapped or (has_words and is_even))


def _share_rows(left: Sequence[Area], right: Sequence[Area]) -> bool:
    """Return True if rows or paragraphs begin at the same height on both sides, as in a table."""
    starts = _row_starts(left)
    others = _row_starts(right)
    shared = sum(any(abs(y - other) < _SAME_ROW for other in others) for y in starts)
    return shared >= 2 and shared >= _LEAST_SHARED_ROWS * max(len(starts), len(others))


def _row_starts(lines: Sequence[Area]) -> list[float]:
    middles = sorted((line.middle for line in lines), reverse=True)
    steps = [a - b for a, b in pairwise(middles)]
    return [
        y
        for step, y in zip(steps, middles[1:], strict=True)
        if step > _PARAGRAPH_STEP * median(steps)
    ]


def _runs(
    textpage: pdfium.PdfTextPage,
    words: Sequence[Word],
    bands: Sequence[_Band],
    gutters: Sequence[float],
) -> list[list[int]]:
    """Return the numbers of the characters in reading order: each column of each band in turn."""
    runs: dict[tuple[int, int, int], list[int]] = {}
    key = (0, 0, 0)
    box_of = {index: word.box for word in words for index in word.characters}
    for index in range(textpage.count_chars()):
        if box := box_of.get(index):
            distances = [
                max(0.0, band.bottom - box.middle, box.middle - band.top) for band in bands
            ]
            band = distances.index(min(distances))
            middle = (box.left + box.right) / 2
            column = bisect_left(gutters, middle) if bands[band].has_columns else 0
            if (band, column) != key[:2]:
                key = (band, column, index)
        runs.setdefault(key, []).append(index)
        if raw.FPDFText_GetUnicode(textpage, index) == ord("\n"):
            key = (*key[:2], index + 1)
    return [runs[key] for key in sorted(runs)]
