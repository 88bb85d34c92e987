"""Finds the horizontal and vertical lines on a PDF's page, which tables are ruled with.

A line may be a stroke, a side of a rectangle, or a rectangle so thin that it looks like a line. It
may be in a form object, which has its own coordinates. Curves and slanted lines are ignored.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

# All lengths are in points. Thinner rectangles look like lines.
_MAX_THICKNESS: Final = 3.0
# Lines this close to each other are meant to be the same.
_SAME_DISTANCE: Final = 2.5
_MIN_LENGTH: Final = 4.0
_MAX_OBJECTS: Final = 20_000  # a page with more is a drawing or a map
# Longer paths and more deeply nested forms are left out.
_MAX_PATH_SEGMENTS: Final = 4_000
_MAX_DEPTH: Final = 4

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
