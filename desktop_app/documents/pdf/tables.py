"""Finds the ruled tables on a PDF's page, as rows of cells.

Rulings that meet make a grid, and the words between them are its cells. A grid with little text is
a drawing, a grid with much text in a cell is a frame around running text: both stay text. A ruling
may be a stroke, a side of a rectangle, or a rectangle so thin that it looks like a line. Curves and
slanted lines are ignored.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf.page_words import Word

# All lengths are in points. Thinner rectangles look like lines.
_MAX_THICKNESS: Final = 3.0
# Lines this close to each other are meant to be the same.
_SAME_DISTANCE: Final = 2.5
_DRAWING_KINDS: Final = (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM)  # a form may contain paths
_MIN_LENGTH: Final = 4.0
_MAX_OBJECTS: Final = 20_000  # a page with more is a drawing or a map
# Longer paths and more deeply nested forms are left out.
_MAX_PATH_SEGMENTS: Final = 4_000
_MAX_DEPTH: Final = 4
_MEETING_DISTANCE: Final = 3.5  # points
_SMALLEST_CELL: Final = 6.0
_MAX_RULINGS: Final = 1_000  # of a page: each is compared with each
_MAX_CELLS: Final = 4_000
_MAX_CELL_WORDS: Final = 150
_LEAST_FILLED_SHARE: Final = 0.4

_Point = tuple[float, float]


class Ruling(NamedTuple):
    """A horizontal line at height `position`, or a vertical one at `position` from the left.

    It reaches from `start` to `end`. All three are in points.
    """

    position: float
    start: float
    end: float


@dataclass
class Rulings:
    """The lines of a page: `across` are the horizontal ones, `down` the vertical ones."""

    across: list[Ruling] = field(default_factory=list)
    down: list[Ruling] = field(default_factory=list)

    def add(self, first: _Point, second: _Point) -> None:
        """Add the line between two points, unless it is slanted or too short."""
        (left, right), (bottom, top) = map(sorted, zip(first, second, strict=True))
        if top - bottom <= _MAX_THICKNESS and right - left >= _MIN_LENGTH:
            self.across.append(Ruling((bottom + top) / 2, left, right))
        elif right - left <= _MAX_THICKNESS and top - bottom >= _MIN_LENGTH:
            self.down.append(Ruling((left + right) / 2, bottom, top))


def page_rulings(page: pdfium.PdfPage) -> Rulings:
    """Return the lines of a page, with their continuations; none if the page is a drawing."""
    rulings = Rulings()
    count = raw.FPDFPage_CountObjects(page)
    objects = (raw.FPDFPage_GetObject(page, index) for index in range(count))
    if not any(raw.FPDFPageObj_GetType(each) in _DRAWING_KINDS for each in objects):
        return rulings
    paths = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=_MAX_DEPTH)
    if len(found := list(islice(paths, _MAX_OBJECTS + 1))) > _MAX_OBJECTS:
        return rulings
    for path in found:
        for points in _strokes(path):
            corners = tuple(zip(*points, strict=True))
            lowest, highest = (tuple(map(limit, corners)) for limit in (min, max))
            if min(b - a for a, b in zip(lowest, highest, strict=True)) <= _MAX_THICKNESS:
                rulings.add(lowest, highest)
                continue
            for first, second in pairwise(points):
                rulings.add(first, second)
    return Rulings(_join_rulings(rulings.across), _join_rulings(rulings.down))


def _strokes(path: pdfium.PdfObject) -> Iterator[list[_Point]]:
    """Yield the strokes of a path, split where the pen is lifted; skip those with curves."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, fill, stroke)
    count = raw.FPDFPath_CountSegments(path)
    if not (fill.value or stroke.value) or count > _MAX_PATH_SEGMENTS:
        return
    matrix, form = path.get_matrix(), path.container
    while form is not None:
        matrix, form = matrix.multiply(form.get_matrix()), form.container
    strokes: list[list[_Point]] = []
    curved: set[int] = set()
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == raw.FPDF_SEGMENT_MOVETO or not strokes:
            strokes.append([])
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            curved.add(len(strokes))
        strokes[-1].append(matrix.on_point(x.value, y.value))  # a closed path ends at its start
    for number, points in enumerate(strokes, start=1):
        if number not in curved and len(points) > 1:
            yield points


def _join_rulings(lines: list[Ruling]) -> list[Ruling]:
    """Join lines that overlap or continue each other."""
    groups: list[list[Ruling]] = []  # of lines at nearly the same position
    for line in sorted(lines):
        # Near the line before, but not so far from the first that a series of lines drifts away.
        if (
            groups
            and line.position - groups[-1][-1].position <= _SAME_DISTANCE / 2
            and line.position - groups[-1][0].position <= _SAME_DISTANCE
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    joined: list[Ruling] = []
    for group in groups:
        position = sum(line.position for line in group) / len(group)
        spans: list[tuple[float, float]] = []
        for _, start, end in sorted(group, key=lambda line: line.start):
            if spans and start <= spans[-1][1] + _SAME_DISTANCE:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end))
            else:
                spans.append((start, end))
        joined += (Ruling(position, *span) for span in spans)
    return joined


class Table(NamedTuple):
    """The words of each cell, by row and column, and the table's box in points."""

    left: float
    bottom: float
    right: float
    top: float
    rows: list[list[list[Word]]]


def find_tables(rulings: Rulings, words: Sequence[Word]) -> Iterator[Table]:
    if len(rulings.across) + len(rulings.down) > _MAX_RULINGS:
        return
    for across, down in _grids(rulings):
        # The top border of a table may be missing, and so may the left and the right one.
        ys = _borders([rule.position for rule in across] + [y for rule in down for y in rule[1:]])
        xs = _borders([rule.position for rule in down] + [x for rule in across for x in rule[1:]])
        table = _table(xs, ys, words)
        if table is not None:
            yield table


def _grids(rulings: Rulings) -> Iterator[tuple[list[Ruling], list[Ruling]]]:
    """Yield the rulings that meet each other, directly or through others."""
    across_left = list(rulings.across)
    down_left = list(rulings.down)
    while down_left:
        across: list[Ruling] = []
        down = [down_left.pop()]
        has_grown = True
        while has_grown:
            new_across = [a for a in across_left if any(_meet(a, d) for d in down)]
            across += new_across
            across_left = [a for a in across_left if a not in new_across]
            new_down = [d for d in down_left if any(_meet(a, d) for a in across)]
            down += new_down
            down_left = [d for d in down_left if d not in new_down]
            has_grown = bool(new_across or new_down)
        if len(across) >= 2:
            yield across, down


def _meet(across: Ruling, down: Ruling) -> bool:
    return (
        across.start - _MEETING_DISTANCE <= down.position <= across.end + _MEETING_DISTANCE
        and down.start - _MEETING_DISTANCE <= across.position <= down.end + _MEETING_DISTANCE
    )


def _borders(positions: Iterable[float]) -> list[float]:
    """Return the borders of columns or rows, without those too close to another."""
    borders: list[float] = []
    for position in sorted(positions):
        if not borders or position - borders[-1] >= _SMALLEST_CELL:
            borders.append(position)
    return borders


def _table(xs: Sequence[float], ys: Sequence[float], words: Sequence[Word]) -> Table | None:
    columns = len(xs) - 1
    rows = len(ys) - 1
    if columns < 2 or rows < 2 or columns * rows > _MAX_CELLS:
        return None
    cells: list[list[list[Word]]] = [[[] for _ in range(columns)] for _ in range(rows)]
    for word in words:
        row = bisect_right(ys, word.box.middle) - 1
        # A word in a merged cell belongs to the column in which it begins.
        column = bisect_right(xs, word.box.left + 1) - 1
        if 0 <= row < rows and 0 <= column < columns:
            cells[rows - 1 - row][column].append(word)
    filled = [cell for row_cells in cells for cell in row_cells if cell]
    is_table = (
        len(filled) >= _LEAST_FILLED_SHARE * columns * rows
        and max(map(len, filled), default=0) <= _MAX_CELL_WORDS
    )
    return Table(xs[0], ys[0], xs[-1], ys[-1], cells) if is_table else None
