"""Converts PowerPoint's slides (.pptx) to text under marks such as "[slide 2]".

Includes tables, charts, notes, comments, and the alternative texts of pictures. Reads the slides'
parts in the order of the presentation, as ISO/IEC 29500-1 describes them. Headers and footers of
slides follow once, at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import drawing
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.drawing import Shape
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.worker.protocol import Limits

_FILE_NAME: Final = re.compile(r"(?:fig: )?\S*\.(?:png|jpe?g|gif|bmp|tiff?|svg|emf|wmf|webp)", re.I)
_RELATION_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAIN_PART: Final = "ppt/presentation.xml"
_AUTHOR_PARTS: Final = ("ppt/commentAuthors.xml", "ppt/authors.xml")
_NUMBER: Final = ("sldNum", "sldImg")
_REPEATED: Final = ("dt", "ftr", "hdr")  # on most slides
_SHAPES: Final = ("sp", "pic", "graphicFrame", "grpSp", "AlternateContent")
_TITLES: Final = ("title", "ctrTitle")
_HEADERS: Final = {"ftr": "footer", "hdr": "header", "dt": "date"}


def read(name: str, data: bytes, limits: Limits, left_out: LeftOut) -> tuple[str, int]:
    """Return the text of the slides, and their number, with hidden ones."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    targets = package.relationships(main)
    authors = {
        author.get("id", ""): author.get("name", "")
        for part in _AUTHOR_PARTS
        for author in package.xml_if_readable(part)
    }
    repeated: dict[str, None] = {}
    slides = [
        _slide(package, targets.get(entry.get(_RELATION_ID, ""), ""), authors, repeated, left_out)
        for entry in drawing.descendants(package.xml(main), "sldId")
        if _RELATION_ID in entry.attrib  # the lists of sections repeat the slides
    ]
    has_text = any(map(str.strip, slides)) or repeated
    marked = [f"[slide {number}]{text}" for number, text in enumerate(slides, start=1)]
    return "\n\n".join([*marked, *repeated]) if has_text else "", len(slides)


def _slide(
    package: Package,
    part: str,
    authors: dict[str, str],
    repeated: dict[str, None],
    left_out: LeftOut,
) -> str:
    """Return the text of a slide after its mark; `repeated` collects headers and footers."""
    tree = package.text_of(part, left_out)
    if left_out.leaves_out(tree.get("show") in ("0", "false")):
        return ""
    addresses = package.relationships(part)
    for link in drawing.descendants(tree, "hlinkClick"):
        link.text = addresses.get(link.get(_RELATION_ID, ""), "")
    blocks = [
        *_shapes(tree, _layout_places(package, part), repeated, left_out),
        *drawing.related_blocks(package, part, left_out),
    ]
    left_out.unread += package.unread_objects(part)
    for kind, target in package.related(part):
        if kind == "notesSlide":
            notes = "\n".join(_shapes(package.text_of(target, left_out), {}, {}, left_out))
            blocks += [f"Notes: {notes}"] if notes else []
        elif kind == "comments":
            for comment in package.text_of(target, left_out):
                text = drawing.joined_text(comment, "text") or drawing.joined_text(comment)
                blocks.append(md.comment(text, authors.get(comment.get("authorId", ""), "")))
    hidden = "(hidden)" if tree.get("show") in ("0", "false") else ""
    return "".join(f"\n\n{block}" for block in (hidden, *blocks) if block)


_Places = dict[tuple[str, str], Element]
"""The positions of placeholders in a layout, by type and index."""


def _layout_places(package: Package, part: str) -> _Places:
    """Return the positions of the placeholders that a slide takes from its layout and master."""
    places: _Places = {}
    for kind in ("slideLayout", "slideMaster"):
        part = next((target for each, target in package.related(part) if each == kind), "")
        for shape in drawing.descendants(package.xml_if_readable(part), "sp"):
            frame = next(drawing.descendants(shape, "xfrm"), None)
            if frame is not None and (place := _placeholder(shape)) is not None:
                for key in _keys(place):
                    places.setdefault(key, frame)
    return places


def _placeholder(shape: Element) -> Element | None:
    return next(drawing.descendants(shape, "ph"), None)


def _keys(place: Element) -> Iterator[tuple[str, str]]:
    """Yield the index of a placeholder, which a layout has, then its type, which a master has."""
    if index := place.get("idx", ""):
        yield ("", index)
    yield (place.get("type", "body").replace("ctrTitle", "title"), "")


def _shapes(
    parent: Element, places: _Places, repeated: dict[str, None], left_out: LeftOut
) -> Iterator[str]:
    """Yield the text of each shape and table in reading order, the title as a heading."""
    for element in _in_reading_order(parent, places):
        if left_out.leaves_out(_is_hidden(element), counts=bool(drawing.joined_text(element))):
            continue
        match local_name(element):
            case "sp":
                place = _placeholder(element)
                kind = "" if place is None else place.get("type", "")
                lines = "\n".join(_lines(element))
                if kind in _REPEATED and any(map(str.isalpha, lines)):
                    repeated[f"Slide {_HEADERS[kind]}: {' '.join(lines.split())}"] = None
                elif kind not in (*_REPEATED, *_NUMBER):
                    is_title = kind in _TITLES and lines
                    yield md.heading(lines, 1) if is_title else lines
            case "tbl":
                rows = [
                    ["\n".join(_lines(cell)) for cell in drawing.descendants(row, "tc")]
                    for row in drawing.descendants(element, "tr")
                ]
                yield md.table_or_text(rows)
            case "pic":
                yield _alternative_text(element)
            case "AlternateContent":  # the first child is for new programs
                branch = Element("none") if not len(element) else element[0]
                yield from _shapes(branch, places, repeated, left_out)
            case _:
                yield from _shapes(element, places, repeated, left_out)


def _is_hidden(shape: Element) -> bool:
    return any(each.get("hidden") in ("1", "true") for each in _properties(shape))


def _properties(shape: Element) -> Iterator[Element]:
    """Yield the properties that a shape has as an object, not those of shapes in it."""
    for child in shape:
        if local_name(child).startswith("nv"):
            yield from (each for each in child if local_name(each) == "cNvPr")


def _alternative_text(picture: Element) -> str:
    """Return what describes a picture, which the name of its file does not."""
    texts = (each.get("descr") or each.get("title") or "" for each in _properties(picture))
    text = " ".join(" ".join(texts).split())
    return "" if _FILE_NAME.fullmatch(text) else text


def _in_reading_order(parent: Element, places: _Places) -> list[Element]:
    """Return shapes in the order in which they are read, the title first."""
    titles = [element for element in parent if _is_title(element)]
    others = [(element, _shape(element, places)) for element in parent if element not in titles]
    unplaced = [element for element, shape in others if shape is None]
    placed = drawing.ordered([shape for _, shape in others if shape is not None])
    return [*titles, *unplaced, *(shape.element for shape in placed)]


def _is_title(shape: Element) -> bool:
    place = _placeholder(shape) if local_name(shape) == "sp" else None
    return place is not None and place.get("type") in _TITLES


def _shape(element: Element, places: _Places) -> Shape | None:
    """Return a shape with its position, which may be that of its placeholder in the layout.

    Return None for an element that is no shape, or has neither text nor a position.
    """
    is_empty = local_name(element) == "sp" and not drawing.joined_text(element)
    if local_name(element) not in _SHAPES or is_empty:
        return None
    frame = next(drawing.descendants(element, "xfrm"), None)
    if frame is None and (place := _placeholder(element)) is not None:
        frame = next((places[key] for key in _keys(place) if key in places), None)
    if frame is None:
        return None
    numbers = {
        name: whole_number(value)
        for child in frame
        if local_name(child) in ("off", "ext")
        for name, value in child.attrib.items()
    }
    left, top = numbers.get("x", 0), numbers.get("y", 0)
    return Shape(element, left, top, left + numbers.get("cx", 0), top + numbers.get("cy", 0))


def _lines(shape: Element) -> Iterator[str]:
    """Yield the paragraphs of a shape; those below the first level are list items."""
    for paragraph in drawing.descendants(shape, "p"):
        words = drawing.line(paragraph)
        level = next((whole_number(child.get("lvl")) for child in paragraph), 0)
        if words.strip():
            yield f"{'  ' * level}- {words.strip()}" if level else words.strip()
