"""Drawings in Office documents: their lines of text, charts, diagrams, and their reading order.

A chart stores the words and values that it shows (ISO/IEC 29500-1, 21.2), so its workbook need not
be opened. A diagram (SmartArt, 21.4) stores its words in points.

Files store shapes in the order in which they are drawn, not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents import formulas
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import Marks
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.office.word_styles import OFF
from desktop_app.documents.reader_result import LeftOut

_MAX_POINTS: Final = 5_000
_DRAWN_KINDS: Final = ("chart", "diagramData")
_POSITIONS: Final = {"superscript": 1, "subscript": -1}
_LEAST_RAISE: Final = 3  # half points
_SPACES: Final = {"tab": "\t", "br": "\n", "cr": "\n"}


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
    lines = (" ".join(line(paragraph).split()) for paragraph in descendants(element, "p"))
    return "\n".join(f"{mark}{each}" for each in lines if each)


def line(paragraph: Element) -> str:
    """Return the text of a paragraph of DrawingML or of Word."""
    return md.joined((_run_text(run), run_marks(run)) for run in _runs(paragraph))


def _runs(paragraph: Element) -> Iterator[Element]:
    """Yield the runs, fields, line breaks and formulas of a paragraph."""
    for element in paragraph:
        if local_name(element) in ("r", "fld", "br", "oMath"):
            yield element
        elif local_name(element) != "p":
            yield from _runs(element)


def _run_text(run: Element) -> str:
    match local_name(run):
        case "oMath":
            return formulas.line(run, LeftOut())
        case "br":
            return "\n"
    text = "".join(
        child.text or "" if name == "t" else _SPACES.get(name, "")
        for child, name in ((each, local_name(each)) for each in run)
    )
    link = next(descendants(run, "hlinkClick"), None)
    return text if link is None else md.link(text, link.text or "")


def run_marks(run: Element) -> Marks:
    """Return what the properties of a run say, in DrawingML, Word or Excel."""
    properties = next((child for child in run if local_name(child) == "rPr"), None)
    if properties is None:
        return md.PLAIN
    return font_marks(properties)


def font_marks(properties: Element) -> Marks:
    raised = whole_number(properties.get("baseline", "").rstrip("%"))
    struck = properties.get("strike", "noStrike") != "noStrike"
    for child in properties:
        match local_name(child), next(iter(child.attrib.values()), "1"):
            case "vertAlign", position:
                raised = _POSITIONS.get(position, 0)
            case "position", height:
                raised = raised or _raise(height)
            case "strike" | "dstrike", state:
                struck = struck or state not in OFF
    return Marks(raised > 0, raised < 0, struck)


def _raise(height: str) -> int:
    """Return 1 or -1 if text is raised or lowered by 1.5 points or more."""
    halves = whole_number(height)
    return (halves >= _LEAST_RAISE) - (halves <= -_LEAST_RAISE)


def _chart(tree: Element) -> str:
    """Return a chart's titles, and a table of its categories and series."""
    titles = [
        " ".join(paragraphs(title).split()) or joined_text(title, "v")
        for title in descendants(tree, "title")
    ]
    series = list(descendants(tree, "ser"))
    columns = [_points(element, "val", "yVal") for element in series]
    categories: dict[int, str] = {}
    for element in series:
        categories = {**_points(element, "cat", "xVal"), **categories}
    indices = sorted({index for points in (categories, *columns) for index in points})
    rows = [["", *map(_series_name, series)]]
    rows += [
        [categories.get(index, str(index + 1)), *(points.get(index, "") for points in columns)]
        for index in indices[:_MAX_POINTS]
    ]
    heading = f"Chart: {'; '.join(filter(None, titles))}".rstrip(": ")
    return "\n\n".join(filter(None, (heading, md.table(rows) if indices else "")))


def _series_name(series: Element) -> str:
    """Return a series' name: of a cell, or typed."""
    names = _points(series, "tx")
    typed = (joined_text(child, "v") for child in series if local_name(child) == "tx")
    return names.get(0) or next(typed, "")


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
