"""Puts the shapes of a slide in the order in which they are read.

Files store them in the order in which they are drawn.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

EMU_PER_INCH: Final = 914_400
_MAX_DEPTH: Final = 50  # drawings with more are no texts
_OVERLAP: Final = EMU_PER_INCH // 10  # by which shapes beside each other may overlap


class Shape(NamedTuple):
    """A shape with its edges in EMU (English Metric Units)."""

    element: Element
    left: int
    top: int
    right: int
    bottom: int


def ordered(shapes: list[Shape], depth: int = 0) -> list[Shape]:
    """Split shapes at the widest gaps: in rows if these are between rows, else in columns."""
    if len(shapes) <= 1:
        return shapes
    row_gap = max(_gaps([(shape.top, shape.bottom, shape) for shape in shapes]))
    column_gap = max(_gaps([(shape.left, shape.right, shape) for shape in shapes]))
    if max(row_gap, column_gap) <= -_OVERLAP or depth > _MAX_DEPTH:
        return sorted(shapes, key=lambda shape: (shape.top // _OVERLAP, shape.left))
    if row_gap >= column_gap:
        spans = [(shape.top, shape.bottom, shape) for shape in shapes]
    else:
        spans = [(shape.left, shape.right, shape) for shape in shapes]
    least = max(min(row_gap, column_gap), -_OVERLAP + 1)
    groups: list[list[Shape]] = [[]]
    for gap, (_, _, shape) in zip((-_OVERLAP, *_gaps(spans)), spans, strict=True):
        if gap >= least:
            groups.append([])
        groups[-1].append(shape)
    return [shape for group in groups for shape in ordered(group, depth + 1)]


def _gaps(spans: list[tuple[int, int, Shape]]) -> list[int]:
    """Sort the spans; return the gap before each but the first, negative if they overlap."""
    spans.sort(key=lambda span: span[:2])
    gaps = []
    end = spans[0][1]
    for start, stop, _ in spans[1:]:
        gaps.append(start - end)
        end = max(end, stop)
    return gaps
