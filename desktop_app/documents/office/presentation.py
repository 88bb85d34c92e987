"""Converts PowerPoint's slides (.pptx) to text under marks such as "[slide 2]".

Includes tables, charts, notes and comments, and hidden slides, each marked "(hidden)". Reads the
slides' parts in the order of the presentation, as ISO/IEC 29500-1 describes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import drawing
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.worker.protocol import Limits

_RELATION_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAIN_PART: Final = "ppt/presentation.xml"
_AUTHOR_PARTS: Final = ("ppt/commentAuthors.xml", "ppt/authors.xml")
_REPEATED: Final = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def read(name: str, data: bytes, limits: Limits) -> tuple[str, int]:
    """Return the text of the slides, and their number."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    targets = package.relationships(main)
    authors = {
        author.get("id", ""): author.get("name", "")
        for part in _AUTHOR_PARTS
        for author in package.xml_if_readable(part)
    }
    slides = [
        _slide(package, targets.get(entry.get(_RELATION_ID, ""), ""), authors)
        for entry in drawing.descendants(package.xml(main), "sldId")
    ]
    marked = (f"[slide {number}]{text}" for number, text in enumerate(slides, start=1))
    return "\n\n".join(marked) if any(map(str.strip, slides)) else "", len(slides)


def _slide(package: Package, part: str, authors: dict[str, str]) -> str:
    """Return the text of a slide after its mark."""
    tree = package.xml_if_present(part)
    addresses = package.relationships(part)
    for link in drawing.descendants(tree, "hlinkClick"):
        link.text = addresses.get(link.get(_RELATION_ID, ""), "")
    blocks = [*_shapes(tree), *drawing.related_blocks(package, part)]
    for kind, target in package.related(part):
        if kind == "notesSlide":
            notes = "\n".join(_shapes(package.xml_if_readable(target)))
            blocks += [f"Notes: {notes}"] if notes else []
        elif kind == "comments":
            for comment in package.xml_if_readable(target):
                text = drawing.joined_text(comment, "text") or drawing.joined_text(comment)
                blocks.append(md.comment(text, authors.get(comment.get("authorId", ""), "")))
    hidden = "(hidden)" if tree.get("show") == "0" else ""
    return "".join(f"\n\n{block}" for block in (hidden, *blocks) if block)


def _shapes(parent: Element) -> Iterator[str]:
    """Yield the text of each shape and table, the title as a heading."""
    for element in parent:
        match local_name(element):
            case "sp":
                place = next(drawing.descendants(element, "ph"), Element("none")).get("type", "")
                if place in _REPEATED:
                    continue
                lines = "\n".join(_lines(element))
                is_title = place in ("title", "ctrTitle") and lines
                yield md.heading(lines, 1) if is_title else lines
            case "tbl":
                rows = [
                    [drawing.paragraphs(cell) for cell in drawing.descendants(row, "tc")]
                    for row in drawing.descendants(element, "tr")
                ]
                yield md.table(rows)
            case "AlternateContent":  # the first child is for new programs
                yield from _shapes(Element("none") if not len(element) else element[0])
            case _:
                yield from _shapes(element)


def _lines(shape: Element) -> Iterator[str]:
    """Yield the paragraphs of a shape; those below the first level are list items."""
    for paragraph in drawing.descendants(shape, "p"):
        words = "".join(map(_run_text, _runs(paragraph)))
        level = next((whole_number(child.get("lvl")) for child in paragraph), 0)
        if words.strip():
            yield f"{'  ' * level}- {words.strip()}" if level else words.strip()


def _runs(paragraph: Element) -> Iterator[Element]:
    """Yield the runs, fields, line breaks and formulas of a paragraph."""
    for element in paragraph:
        if local_name(element) in ("r", "fld", "br", "oMath"):
            yield element
        else:
            yield from _runs(element)


def _run_text(run: Element) -> str:
    match local_name(run):
        case "oMath":
            return drawing.formula_line(run)
        case "br":
            return "\n"
    text = "".join(element.text or "" for element in run if local_name(element) == "t")
    link = next(drawing.descendants(run, "hlinkClick"), None)
    return text if link is None else md.link(text, link.text or "")
