"""Converts PowerPoint's slides (.pptx) to text under marks such as "[slide 2]".

Includes tables, charts, notes and comments, and hidden slides, each marked "(hidden)". Reads the
slides' parts in the order of the presentation, as ISO/IEC 29500-1 describes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office import drawing, office_formulas
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.office.symbol_font import private_text, unicode_text
from desktop_app.documents.worker.protocol import Limits

_FORMATS: Final = "{http://schemas.openxmlformats.org/"
A: Final = f"{_FORMATS}drawingml/2006/main}}"
P: Final = f"{_FORMATS}presentationml/2006/main}}"
_MAIN_PART: Final = "ppt/presentation.xml"
_COMMENT_AUTHORS: Final = ("ppt/commentAuthors.xml", "ppt/authors.xml")
_NUMBERING: Final = re.compile(
    "(alphaLc|alphaUc|romanLc|romanUc|arabic)(ParenBoth|ParenR|Plain)?.*"
)
_NUMBER_STYLES: Final = {"alphaLc": "a", "alphaUc": "A", "romanLc": "i", "romanUc": "I"}
_NUMBER_MARKS: Final = {"ParenBoth": "({})", "ParenR": "{})", "Plain": "{}"}
_REPEATED_PLACEHOLDERS: Final = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def read(name: str, data: bytes, limits: Limits) -> tuple[str, int]:
    """Return the slides as text, and their number."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    targets = package.relationships(main)
    ids = [drawing.relation_id(row) for row in package.xml(main).iter(f"{P}sldId")]
    parts = [part for key in ids if (part := targets.get(key, "")) in package]
    authors = _comment_authors(package)
    texts = [
        f"[slide {number}]\n\n{md.join_blocks(_slide(package, part, authors))}".strip()
        for number, part in enumerate(parts, start=1)
    ]
    return "\n\n".join(texts), len(parts)


def _comment_authors(package: Package) -> dict[str, str]:
    """Return the names of those who commented, by their ids."""
    trees = (package.xml_if_readable(part) for part in _COMMENT_AUTHORS)
    return {row.get("id", ""): row.get("name", "") for tree in trees for row in tree}


def _slide(package: Package, part: str, authors: Mapping[str, str]) -> Iterator[MarkdownBlock]:
    relations = package.relationships(part)
    slide = package.xml(part)
    if slide.get("show") in ("0", "false"):
        yield MarkdownBlock("(hidden)")
    yield from _shapes(slide, package, relations)
    for target in dict.fromkeys(relations.values()):
        if target.startswith("ppt/notesSlides/"):
            notes = md.join_blocks(_shapes(package.xml_if_present(target), package, {}))
            yield MarkdownBlock(f"Notes: {notes}" if notes else "")
        elif target.startswith("ppt/comments/"):
            for comment in package.xml_if_readable(target).iter():
                if local_name(comment) in ("cm", "reply"):
                    author = authors.get(comment.get("authorId", ""), "")
                    yield MarkdownBlock(md.comment(_comment_text(comment), author))


def _comment_text(comment: Element) -> str:
    """Return the words of a comment, in the older or the newer format, without replies."""
    texts = (child for child in comment if local_name(child) in ("text", "txBody"))
    return " ".join(word for text in texts for word in text.itertext())


def _shapes(
    parent: Element, package: Package, relations: Mapping[str, str]
) -> Iterator[MarkdownBlock]:
    for child in parent:
        match local_name(child):
            case "sp":
                yield from _shape(child, relations)
            case "graphicFrame":
                for table in child.iter(f"{A}tbl"):
                    yield md.table([_cells(row, relations) for row in table.iter(f"{A}tr")])
                yield from drawing.blocks(package, child, relations)
            case "AlternateContent":  # its first child is the richest version
                yield from _shapes(next(iter(child), child), package, relations)
            case "cSld" | "spTree" | "grpSp" | "Choice" | "Fallback":
                yield from _shapes(child, package, relations)


def _shape(shape: Element, relations: Mapping[str, str]) -> Iterator[MarkdownBlock]:
    placeholder = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
    kind = "" if placeholder is None else placeholder.get("type", "body")
    if kind in _REPEATED_PLACEHOLDERS:
        return
    lines = []
    numbering = _Numbering()
    for paragraph in shape.findall(f"{P}txBody/{A}p"):
        text = _paragraph_text(paragraph, relations)
        properties = paragraph.find(f"{A}pPr")
        level = whole_number(None if properties is None else properties.get("lvl"))
        level = min(max(level, 0), 8)  # PowerPoint has nine levels
        if text.strip():
            lines.append((text, level, numbering.next_label(properties, level)))
    if kind in ("title", "ctrTitle"):
        yield md.heading(" ".join(text for text, _, _ in lines), 1)
        return
    # Paragraphs of the first level are not list items, unless some are numbered.
    is_numbered = any(label and not level for _, level, label in lines)
    first_item_level = 0 if is_numbered else 1
    for text, level, label in lines:
        if label or level:
            yield md.item(label or "-", text, level - first_item_level)
        else:
            yield MarkdownBlock(text, is_item=True)  # without an empty line before the next


class _Count(NamedTuple):
    """The number of the last paragraph of a level, in a numbering of a kind from a start."""

    kind: str
    start: int
    number: int


class _Numbering:
    """The numbers that PowerPoint shows before paragraphs of a shape."""

    def __init__(self) -> None:
        self._counts: dict[int, _Count] = {}  # by level

    def next_label(self, properties: Element | None, level: int) -> str:
        """Count a paragraph, and return its label, such as "b)"; "" if it has no number."""
        for deeper_level in [
            counted_level for counted_level in self._counts if counted_level > level
        ]:
            del self._counts[deeper_level]
        numbering = None if properties is None else properties.find(f"{A}buAutoNum")
        previous = self._counts.pop(level, None)
        if numbering is None:
            return ""
        kind = numbering.get("type", "")
        start = whole_number(numbering.get("startAt"), 1)
        number = start
        if previous is not None and (previous.kind, previous.start) == (kind, start):
            number = previous.number + 1
        self._counts[level] = _Count(kind, start, number)
        match = _NUMBERING.fullmatch(kind)
        style, marks = match.groups() if match else ("", "")
        number_text = md.number(number, _NUMBER_STYLES.get(style, ""))
        return _NUMBER_MARKS.get(marks, "{}.").format(number_text)


def _paragraph_text(paragraph: Element, relations: Mapping[str, str]) -> str:
    return "".join(_run_text(child, relations) for child in paragraph)


def _run_text(part: Element, relations: Mapping[str, str]) -> str:
    """Return the text of a run, a field, a line break or a formula."""
    local = local_name(part)
    if local == "br":
        return "\n"
    if local in ("oMath", "oMathPara", "m"):
        return office_formulas.office_math_line(part)
    if local == "AlternateContent":
        return "".join(_run_text(child, relations) for child in next(iter(part), part))
    text = "".join(t.text or "" for t in part.findall(f"{A}t"))
    properties = part.find(f"{A}rPr")
    # The font of symbols does not apply to letters. PowerPoint writes "-->" as one of its symbols.
    text = private_text(_font(part, "sym"), unicode_text(_font(part, "latin"), text))
    link = part.find(f"{A}rPr/{A}hlinkClick")
    if link is not None:
        return md.link(text, relations.get(drawing.relation_id(link), ""))
    baseline = "" if properties is None else properties.get("baseline", "")
    if baseline in ("", "0", "0%"):
        return text
    return md.subscript(text) if baseline.startswith("-") else md.superscript(text)


def _font(run: Element, kind: str) -> str:
    """Return the font of a run's letters ("latin") or symbols ("sym"); "" if it names none."""
    font = run.find(f"{A}rPr/{A}{kind}")
    return "" if font is None else font.get("typeface", "")


def _cells(row: Element, relations: Mapping[str, str]) -> list[str]:
    return [
        " ".join(_paragraph_text(p, relations) for p in cell.iter(f"{A}p"))
        for cell in row.findall(f"{A}tc")
    ]
