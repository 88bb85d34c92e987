"""Extracts the text of drawings in Office documents: charts as tables, diagrams as lists.

A chart stores the words and values that it shows (ISO/IEC 29500-1, 21.2), so its workbook need not
be opened. A diagram (SmartArt, 21.4) stores its words in a tree of points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import Package, local_name, whole_number

_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Arbitrary limits of a chart's table. A file may state an index of any size.
_MAX_POINTS: Final = 5_000
_MAX_SERIES: Final = 200
_MAX_STYLE_CHARS: Final = 1_000
# Day 1 is 1 January 1900, and Excel counts a 29 February 1900 that never was.
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
# Elements whose values are texts, even if they look like numbers.
_TEXT_SOURCES: Final = ("strCache", "strLit", "lvl")
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def blocks(
    package: Package, parent: Element, relations: Mapping[str, str]
) -> Iterator[MarkdownBlock]:
    """Yield the charts and diagrams of an element; `relations` are those of its part."""
    for element in iterate_drawn(parent):
        name = local_name(element)
        if name not in ("chart", "relIds"):
            continue
        is_chart = name == "chart"
        # A diagram refers to several parts; "dm" is its data model.
        target = relations.get(relation_id(element, "id" if is_chart else "dm"), "")
        if target in package:
            tree = package.xml_if_readable(target)
            yield from _chart(tree) if is_chart else _diagram(tree)


def sheet_blocks(package: Package, part: str) -> Iterator[MarkdownBlock]:
    """Yield the text boxes, charts and diagrams on a workbook's sheet."""
    for target in package.relationships(part).values():
        if target.startswith("xl/drawings/drawing"):
            tree = package.xml_if_readable(target)
            for shape in _iterate(tree, "sp"):
                lines = (_text_of(paragraph) for paragraph in _iterate(shape, "p"))
                yield MarkdownBlock("\n".join(line for line in lines if line))
            yield from blocks(package, tree, package.relationships(target))


def iterate_drawn(parent: Element) -> Iterator[Element]:
    """Yield the elements below `parent`, without the content of text boxes.

    Drawings for old programs are left out, too: they repeat those for new programs.
    """
    for child in parent:
        yield child
        name = local_name(child)
        if name == "AlternateContent":  # the first child is for new programs
            yield from iterate_drawn(next(iter(child), child))
        elif name != "txbxContent":
            yield from iterate_drawn(child)


def relation_id(element: Element, name: str = "id") -> str:
    """Return the id of the relation that an element refers to; "" for none."""
    return element.get(f"{_RELATION}{name}", "")


def _find_child(element: Element | None, *names: str) -> Element | None:
    """Return the first child that has one of these local names."""
    children = () if element is None else element
    return next((child for child in children if local_name(child) in names), None)


def _iterate(element: Element | None, name: str) -> Iterator[Element]:
    """Yield the elements with this local name among an element and its descendants."""
    descendants = () if element is None else element.iter()
    return (child for child in descendants if local_name(child) == name)


def _chart(tree: Element) -> Iterator[MarkdownBlock]:
    """Yield a chart's title, and a table of its categories and series."""
    chart = _find_child(tree, "chart")
    area = _find_child(chart, "plotArea")
    if area is None:
        return
    series = list(_iterate(area, "ser"))[:_MAX_SERIES]
    title = _text_of(_find_child(chart, "title"))
    if title or series:
        yield MarkdownBlock(f"Chart: {title}".rstrip())
    axes = [
        _text_of(_find_child(axis, "title")) for axis in area if local_name(axis).endswith("Ax")
    ]
    if named_axes := [axis for axis in axes if axis]:
        yield MarkdownBlock(f"Axes: {', '.join(named_axes)}")
    yield md.table(_rows(series))


def _rows(series: list[Element]) -> list[list[str]]:
    """Return the header row, and a row for each category."""
    names = [_series_name(e) or f"Series {number}" for number, e in enumerate(series, start=1)]
    columns = [_points(_find_child(e, "val", "yVal")) for e in series]
    categories: dict[int, str] = {}
    for element in series:
        for index, category in _points(_find_child(element, "cat", "xVal")).items():
            categories.setdefault(index, category)
    indices = sorted({index for points in (categories, *columns) for index in points})[:_MAX_POINTS]
    rows = [
        [categories.get(index, str(index + 1)), *(points.get(index, "") for points in columns)]
        for index in indices
    ]
    return [["", *names], *rows] if rows else []


def _series_name(element: Element) -> str:
    values = _iterate(_find_child(element, "tx"), "v")
    return " ".join(value.text or "" for value in values).strip()


def _points(source: Element | None) -> dict[int, str]:
    """Return the values by index; the levels of a category are joined."""
    if source is None:
        return {}
    # Levels are stored from the innermost, and joined from the outermost.
    level_elements = [*_iterate(source, "lvl")][::-1]
    levels = [_level(element) for element in level_elements or [source]]
    last_index = max((index for values in levels for index in values), default=-1)
    count = min(last_index + 1, _MAX_POINTS)
    values_by_index: dict[int, str] = {}
    for values in levels:
        value = ""
        for index in range(count):
            # With several levels, a category of an upper level applies until the next.
            value = values.get(index, value if len(levels) > 1 else "")
            if value and index in values_by_index:
                values_by_index[index] += f" {value}"
            elif value:
                values_by_index[index] = value
    return values_by_index


def _level(element: Element) -> dict[int, str]:
    """Return the values of a level of categories, or of a series, by index."""
    style = next((code.text or "" for code in _iterate(element, "formatCode")), "")
    are_texts = any(local_name(child) in _TEXT_SOURCES for child in element.iter())
    values_by_index: dict[int, str] = {}
    for point in _iterate(element, "pt"):
        text = next((value.text or "" for value in _iterate(point, "v")), "").strip()
        displayed = text if are_texts else _value(text, point.get("formatCode") or style)
        values_by_index[whole_number(point.get("idx"))] = displayed
    return values_by_index


def _value(text: str, style: str) -> str:
    """Format a percentage, date or number; `style`, Excel's number format, tells which."""
    # The pattern takes quadratic time for brackets that do not close. Excel's limit is 255.
    style = _LITERAL.sub("", style[:_MAX_STYLE_CHARS]).lower()
    try:
        number = float(text)
    except ValueError:
        return text
    if "%" in style:
        return f"{round(number * 100, 6):.10g}%"
    # `datetime` ends with the year 9999, about 2.96 million days after the epoch.
    if ("y" in style or "d" in style) and "general" not in style and 0 < number < 2_900_000:
        day = _EPOCH + timedelta(days=number)
        return f"{day:%Y-%m-%d}" if number == int(number) else f"{day:%Y-%m-%d %H:%M}"
    shortened = f"{number:.15g}"
    return text if "e" in shortened else shortened


def _text_of(element: Element | None) -> str:
    """Return the words of rich text, or of the cell that a title refers to."""
    texts = [text.text or "" for text in _iterate(element, "t")]
    if not texts:
        texts = [value.text or "" for value in _iterate(element, "v")]
    return " ".join("".join(texts).split())


def _diagram(tree: Element) -> Iterator[MarkdownBlock]:
    """Yield the words of a diagram as list items, in stored order."""
    points = {point.get("modelId", ""): point for point in _iterate(tree, "pt")}
    children: dict[str, list[tuple[int, str]]] = {}
    for link in _iterate(tree, "cxn"):
        if link.get("type", "parOf") == "parOf":
            child = (whole_number(link.get("srcOrd")), link.get("destId", ""))
            children.setdefault(link.get("srcId", ""), []).append(child)
    roots = [key for key, point in points.items() if point.get("type") == "doc"]
    seen_keys: set[str] = set()
    stack = [(key, -1) for key in reversed(roots)]  # the first level is below a root without words
    while stack:
        key, depth = stack.pop()
        if key in seen_keys or key not in points:
            continue
        seen_keys.add(key)
        if words := _paragraphs(points[key]):
            yield md.item("-", words, max(depth, 0))
        stack += [(child, depth + 1) for _, child in sorted(children.get(key, ()), reverse=True)]


def _paragraphs(point: Element) -> str:
    lines = (
        " ".join("".join(t.text or "" for t in _iterate(p, "t")).split())
        for p in _iterate(_find_child(point, "t"), "p")
    )
    return "; ".join(line for line in lines if line)
