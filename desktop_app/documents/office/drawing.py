"""Drawings in Office documents: charts, diagrams, formulas, and the order of a slide's shapes.

A chart stores the words and values that it shows (ISO/IEC 29500-1, 21.2), so its workbook need not
be opened. A diagram (SmartArt, 21.4) stores its words in points.

Files store shapes in the order in which they are drawn, not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.reader_result import LeftOut

_MAX_POINTS: Final = 5_000
_DRAWN_KINDS: Final = ("chart", "diagramData")


def related_blocks(package: Package, part: str, left_out: LeftOut) -> Iterator[str]:
    """Yield the charts and diagrams that a part refers to, also those of a sheet's drawings."""
    for kind, target in package.related(part):
        if kind == "drawing":
            tree = package.text_of(target, left_out)
            yield from filter(None, (paragraphs(shape) for shape in descendants(tree, "sp")))
            yield from related_blocks(package, target, left_out)
        elif kind in _DRAWN_KINDS:
            tree = package.text_of(target, left_out)
            text = _chart(tree) if kind == "chart" else paragraphs(tree, "- ")
            if text:
                yield text


def descendants(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element.iter() if local_name(child) == name)


def joined_text(element: Element, name: str = "t") -> str:
    return " ".join("".join(t.text or "" for t in descendants(element, name)).split())


def paragraphs(element: Element, mark: str = "") -> str:
    """Return the paragraphs below an element, one on each line."""
    lines = (joined_text(paragraph) for paragraph in descendants(element, "p"))
    return "\n".join(f"{mark}{line}" for line in lines if line)


def _chart(tree: Element) -> str:
    """Return a chart's titles, and a table of its categories and series."""
    titles = [joined_text(title) or joined_text(title, "v") for title in descendants(tree, "title")]
    series = list(descendants(tree, "ser"))
    columns = [_points(element, "val", "yVal") for element in series]
    categories: dict[int, str] = {}
    for element in series:
        categories = {**_points(element, "cat", "xVal"), **categories}
    indices = sorted({index for points in (categories, *columns) for index in points})
    rows = [["", *(_points(element, "tx").get(0, "") for element in series)]]
    rows += [
        [categories.get(index, str(index + 1)), *(points.get(index, "") for points in columns)]
        for index in indices[:_MAX_POINTS]
    ]
    heading = f"Chart: {'; '.join(filter(None, titles))}".rstrip(": ")
    return "\n\n".join(filter(None, (heading, md.table(rows) if indices else "")))


def _points(series: Element, *names: str) -> dict[int, str]:
    """Return the texts of a series' categories or values by index."""
    points: dict[int, str] = {}
    for source in (child for child in series if local_name(child) in names):
        is_percent = any("%" in (code.text or "") for code in descendants(source, "formatCode"))
        for point in descendants(source, "pt"):
            text = joined_text(point, "v")
            index = whole_number(point.get("idx"))
            if is_percent:
                with suppress(ValueError):
                    text = f"{round(float(text) * 100, 6):.10g}%"
            points[index] = f"{text} {points[index]}" if index in points else text
    return points


def formula_line(element: Element) -> str:
    """Return a formula of Office Math on one line, such as "(a+b)/2" (ISO/IEC 29500-1, 22.1)."""
    parts = {local_name(child): formula_line(child) for child in element}
    match local_name(element):
        case "t":
            return element.text or ""
        case "f":
            return f"{_operand(parts.get('num', ''))}/{_operand(parts.get('den', ''))}"
        case "sSup" | "sSub" | "sSubSup" | "sPre" | "nary":
            lower = f"_{_operand(parts['sub'])}" if parts.get("sub") else ""
            upper = f"^{_operand(parts['sup'])}" if parts.get("sup") else ""
            base = parts.get("e", "")
            if local_name(element) == "nary":
                signs = list(descendants(element, "chr"))[:1]
                symbol = next(iter(signs[0].attrib.values()), "") if signs else "∫"
                return f"{symbol}{lower}{upper} {base}"
            return f"{_operand(base)}{lower}{upper}"
        case "rad":
            degree = f"^{_operand(parts['deg'])}" if parts.get("deg") else ""
            return f"{degree}√{_operand(parts.get('e', ''))}"
        case "d":
            return f"({', '.join(formula_line(e) for e in element if local_name(e) == 'e')})"
        case "mr" | "eqArr":
            return "; ".join(formula_line(e) for e in element if local_name(e) == "e")
    return "".join(formula_line(child) for child in element)


def _operand(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() or text[0] + text[-1] == "()" else f"({text})"


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
