"""Finds the horizontal and vertical lines on a PDF's page, which tables are ruled with.

A line may be a stroke, a side of a rectangle, or a rectangle so thin that it looks like a line. It
may be in a form object, which has its own coordinates. Curves and slanted lines are ignored.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

# All lengths are in points. Thinner rectangles look like lines.
_MAX_THICKNESS: Final = 3.0
# Lines this close to each other are meant to be the same.
_SAME_DISTANCE: Final = 2.5
_MIN_LENGTH: Final = 4.0
# A page with more is a drawing or a map. These numbers and the next are arbitrary.
_MAX_OBJECTS: Final = 20_000
_MAX_LINES: Final = 12_000
# Longer paths and more deeply nested forms are left out.
_MAX_PATH_SEGMENTS: Final = 4_000
_MAX_DEPTH: Final = 3


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


class _TooManyError(Exception):
    """Raised for a page with so many lines that it is a drawing."""


_Point = tuple[float, float]


def page_rulings(page: pdfium.PdfPage) -> Rulings:
    """Return the lines of a page, with their continuations; none if the page is a drawing."""
    count = raw.FPDFPage_CountObjects(page)
    if count > _MAX_OBJECTS:
        return Rulings()
    rulings = Rulings()
    try:
        for page_object in (raw.FPDFPage_GetObject(page, index) for index in range(count)):
            _collect(page_object, pdfium.PdfMatrix(), rulings, 0)
    except _TooManyError:
        return Rulings()
    return Rulings(_join_rulings(rulings.across), _join_rulings(rulings.down))


def _collect(page_object: Any, matrix: pdfium.PdfMatrix, rulings: Rulings, depth: int) -> None:
    """Add the lines of an object to `rulings`, and those of the objects in it."""
    kind = raw.FPDFPageObj_GetType(page_object)
    if kind == raw.FPDF_PAGEOBJ_PATH:
        if _is_drawn(page_object):
            _add_strokes(_strokes(page_object, _matrix_of(page_object).multiply(matrix)), rulings)
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
        inner_matrix = _matrix_of(page_object).multiply(matrix)
        for index in range(min(raw.FPDFFormObj_CountObjects(page_object), _MAX_OBJECTS)):
            _collect(
                raw.FPDFFormObj_GetObject(page_object, index), inner_matrix, rulings, depth + 1
            )


def _is_drawn(path: Any) -> bool:
    fill = ctypes.c_int()
    stroke = ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, fill, stroke)
    return bool(fill.value or stroke.value)


def _matrix_of(page_object: Any) -> pdfium.PdfMatrix:
    matrix = pdfium.PdfMatrix().to_raw()
    raw.FPDFPageObj_GetMatrix(page_object, matrix)
    return pdfium.PdfMatrix.from_raw(matrix)


def _strokes(path: Any, matrix: pdfium.PdfMatrix) -> Iterator[list[_Point]]:
    """Yield the strokes of a path, split where the pen is lifted; skip those with curves."""
    count = raw.FPDFPath_CountSegments(path)
    if not 1 < count <= _MAX_PATH_SEGMENTS:
        return
    points: list[_Point] = []
    is_curved = False
    x = ctypes.c_float()
    y = ctypes.c_float()
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            if not is_curved:
                yield points
            points = []
            is_curved = False
        is_curved = is_curved or kind == raw.FPDF_SEGMENT_BEZIERTO
        points.append(matrix.on_point(x.value, y.value))  # a closed path ends at its first point
    if not is_curved:
        yield points


def _add_strokes(strokes: Iterable[list[_Point]], rulings: Rulings) -> None:
    """Add each stroke to `rulings`: as one line if it is thin, otherwise each of its sides."""
    for points in strokes:
        if len(points) < 2:
            continue
        xs = [x for x, _ in points]
        ys = [y for _, y in points]
        left = min(xs)
        right = max(xs)
        bottom = min(ys)
        top = max(ys)
        if top - bottom <= _MAX_THICKNESS or right - left <= _MAX_THICKNESS:
            _add_side(((left, bottom), (right, top)), rulings)
            continue
        for side in pairwise(points):
            _add_side(side, rulings)


def _add_side(side: tuple[_Point, _Point], rulings: Rulings) -> None:
    (x, y), (to_x, to_y) = side
    if len(rulings.across) + len(rulings.down) > _MAX_LINES:
        raise _TooManyError
    width = abs(x - to_x)
    height = abs(y - to_y)
    if height <= _MAX_THICKNESS and width >= _MIN_LENGTH:
        rulings.across.append(Ruling((y + to_y) / 2, min(x, to_x), max(x, to_x)))
    elif width <= _MAX_THICKNESS and height >= _MIN_LENGTH:
        rulings.down.append(Ruling((x + to_x) / 2, min(y, to_y), max(y, to_y)))


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
    return [line for group in groups for line in _join_group(group)]


def _join_group(group: list[Ruling]) -> Iterator[Ruling]:
    """Join lines at nearly the same position, which becomes their mean."""
    position = sum(line.position for line in group) / len(group)
    first, *others = sorted(group, key=lambda line: line.start)
    start = first.start
    end = first.end
    for line in others:
        if line.start <= end + _SAME_DISTANCE:
            end = max(end, line.end)
        else:
            yield Ruling(position, start, end)
            start = line.start
            end = line.end
    yield Ruling(position, start, end)
