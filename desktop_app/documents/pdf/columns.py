"""The reading order of pages whose file writes line by line across columns.

Such a file writes the first line of the left column, the first of the right, and so on. The
stretches of each line, between gaps wider than a word space, tell such pages from tables: few of
them cross the gutter, running text fills the columns on both sides, and the stream changes sides
again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf import page_words
from desktop_app.documents.pdf.page_words import Area, Word
from desktop_app.documents.pdf.tables import Ruling

_MAX_WORDS: Final = 5_000  # a page with more is a drawing or a map
_FEWEST_LINES: Final = 3
_NARROWEST_COLUMN: Final = 100.0  # points
_NARROWEST_GUTTER: Final = 6.0
_WIDEST_SPACE: Final = 0.9  # between words, as a fraction of the line's height
_MAX_CROSSING_SHARE: Final = 0.3  # of the stretches
# The part of the width in which a gutter may begin.
_GUTTER_START: Final = 0.25
_GUTTER_END: Final = 0.75
# Running text: the share of full lines, and the width of a full line relative to the column.
_LEAST_FULL_SHARE: Final = 0.6
_FULL_LINE_WIDTH: Final = 0.75
_SAME_ROW: Final = 3.0
_LEAST_SHARED_ROWS: Final = 0.6
_PARAGRAPH_STEP: Final = 1.3  # between lines, relative to the median


class _Band(NamedTuple):
    """A range of the page from `top` down to `bottom`, with two columns or without."""

    top: float
    bottom: float
    has_columns: bool


def interleaved_order(
    textpage: pdfium.PdfTextPage, words: Sequence[Word], rulings: Sequence[Ruling]
) -> list[list[int]] | None:
    """Return the characters of a page with two interleaved columns, in reading order, in runs.

    Args:
        words: those of the page, in the order of the content stream.
        rulings: the horizontal lines, which separate what is above from what is below.

    Returns:
        The numbers of the characters in the content stream; None if the stream is in reading order.
    """
    if not 2 * _FEWEST_LINES <= len(words) <= _MAX_WORDS:
        return None
    lines = _stretches(words)
    gutter = _find_gutter(lines)
    if gutter is None:
        return None
    bands = _bands(lines, gutter, rulings)
    return _runs(textpage, bands, gutter) if any(band.has_columns for band in bands) else None


def _stretches(words: Sequence[Word]) -> list[Area]:
    """Join words that follow each other in the stream and stand side by side."""
    stretches: list[Area] = []
    for word in words:
        line, box = stretches[-1] if stretches else word.box, word.box
        height = max(line.height, box.height)
        is_level = line.bottom < box.middle < line.top or box.bottom < line.middle < box.top
        is_near = -height < box.left - line.right < _WIDEST_SPACE * height
        if stretches and is_level and is_near:
            stretches[-1] = line.joined(box)
        else:
            stretches.append(box)
    return stretches


def _find_gutter(lines: Sequence[Area]) -> float | None:
    """Return the x that the fewest lines cross, if the stream changes sides there often."""
    left = min(line.left for line in lines)
    right = max(line.right for line in lines)
    width = right - left
    if width < 2 * _NARROWEST_COLUMN:
        return None
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
    if not gaps:
        return None
    crossing, _, middle = min(gaps)
    is_interleaved = _count_side_changes(lines, middle) >= 2 * _FEWEST_LINES - 2
    return middle if crossing <= _MAX_CROSSING_SHARE * len(lines) and is_interleaved else None


def _count_side_changes(lines: Sequence[Area], gutter: float) -> int:
    sides = [line.left > gutter for line in lines if not line.left < gutter < line.right]
    return sum(a != b for a, b in pairwise(sides))


def _bands(lines: Sequence[Area], gutter: float, rulings: Sequence[Ruling]) -> list[_Band]:
    """Divide the page from top to bottom at the lines that cross the gutter."""
    groups: list[tuple[bool, list[Area]]] = []  # True for lines that cross the gutter
    for line in sorted(lines, key=lambda line: -line.middle):
        crosses = line.left < gutter < line.right
        if not groups or groups[-1][0] != crosses:
            groups.append((crosses, []))
        groups[-1][1].append(line)
    bands = []
    for crosses, group in groups:
        top, bottom = group[0].middle, group[-1].middle
        is_ruled = any(
            bottom < rule.position < top and rule.start < gutter - 10 and rule.end > gutter + 10
            for rule in rulings
        )
        members = set(group)
        in_stream_order = [line for line in lines if line in members]
        has_columns = not (crosses or is_ruled) and _has_columns(in_stream_order, gutter)
        bands.append(_Band(top, bottom, has_columns))
    return bands


def _has_columns(lines: Sequence[Area], gutter: float) -> bool:
    """Return True for interleaved running text on both sides, unless it is a table.

    Args:
        lines: those of a band, in the order of the content stream.
    """
    left = [line for line in lines if line.right <= gutter]
    right = [line for line in lines if line.left > gutter]
    fewest = min(len(left), len(right))
    return (
        fewest >= _FEWEST_LINES
        and _count_side_changes(lines, gutter) >= fewest
        and _is_running_text(left)
        and _is_running_text(right)
        and not _share_rows(left, right)
    )


def _is_running_text(lines: Sequence[Area]) -> bool:
    width = max(line.right for line in lines) - min(line.left for line in lines)
    full_count = sum(line.width > _FULL_LINE_WIDTH * width for line in lines)
    return width >= _NARROWEST_COLUMN and full_count >= _LEAST_FULL_SHARE * len(lines)


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


def _runs(textpage: pdfium.PdfTextPage, bands: Sequence[_Band], gutter: float) -> list[list[int]]:
    """Return the numbers of the characters in reading order: each column of each band in turn."""
    runs: dict[tuple[int, bool, int], list[int]] = {}
    key = (0, False, 0)
    for index in range(textpage.count_chars()):
        box = page_words.character_box(textpage, index)
        if box is not None and raw.FPDFText_IsGenerated(textpage, index) != 1:
            distances = [
                max(0.0, band.bottom - box.middle, box.middle - band.top) for band in bands
            ]
            band = distances.index(min(distances))
            is_right = bands[band].has_columns and (box.left + box.right) / 2 > gutter
            if (band, is_right) != key[:2]:
                key = (band, is_right, index)
        runs.setdefault(key, []).append(index)
        if raw.FPDFText_GetUnicode(textpage, index) == ord("\n"):
            key = (*key[:2], index + 1)
    return [runs[key] for key in sorted(runs)]
