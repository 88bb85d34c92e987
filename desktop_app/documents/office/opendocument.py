"""Converts OpenDocument texts, slides and sheets (.odt, .odp, .ods) to Markdown.

Reads content.xml as OpenDocument 1.3 describes it, and the page headers and footers in styles.xml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents import refusals
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents import document_types

_ODF: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = f"{_ODF}text:1.0}}"
_TABLE: Final = f"{_ODF}table:1.0}}"
_START: Final = f"{_TEXT}start-value"
_STYLE: Final = f"{_ODF}style:1.0}}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_NOT_TEXT: Final = (
    "tracked-changes",
    "forms",
    "sequence-decls",
    "annotation-end",
    "creator",
    "page-number",
)
_HEADERS: Final = ("header", "footer", "header-left", "footer-left", "header-first", "footer-first")
_MAX_REPEATED: Final = (
    1_000  # empty rows and columns up to a sheet's end are repeated a million times
)
_MAX_CELLS: Final = 20_000_000


def read(name: str, kind: str, data: bytes, limits: Limits) -> tuple[str, int | None]:
    """Return a document as Markdown, and the number of slides or sheets; None for a text."""
    package = Package(name, data, limits)
    content = package.xml("content.xml")
    styles = package.xml_if_readable("styles.xml")
    reader = _Reader(name, (content, styles))
    body = next((e for e in content.iter() if local_name(e) == "body"), Element("none"))
    if kind == document_types.ODT:
        blocks = [*reader.blocks(body), *_headers(styles, reader)]
        return "\n\n".join([*filter(None, blocks), *reader.notes()]), None
    if kind == document_types.ODS:
        sheets = [
            (sheet.get(f"{_TABLE}name", ""), reader.table(sheet))
            for sheet in content.iter(f"{_TABLE}table")
        ]
        notes = "\n".join(reader.notes())
        texts = [f"## {title}\n\n{table}".rstrip() for title, table in sheets]
        has_text = any(table for _, table in sheets)
        return "\n\n".join(filter(None, [*texts, notes])) if has_text else "", len(sheets)
    slides = [
        "\n\n".join(filter(None, reader.blocks(page)))
        for page in body.iter()
        if local_name(page) == "page"
    ]
    marked = (f"[slide {number}]\n\n{text}".rstrip() for number, text in enumerate(slides, start=1))
    text = "\n\n".join([*marked, *reader.notes()])
    return text if any(slides) else "", len(slides)


def _headers(styles: Element, reader: _Reader) -> list[str]:
    """Return the page headers and footers, each once; page numbers alone are left out."""
    lines: dict[str, None] = {}
    for element in styles.iter():
        if element.tag.startswith(_STYLE) and local_name(element) in _HEADERS:
            text = " ".join(" ".join(reader.blocks(element)).split())
            if any(map(str.isalpha, text)):
                lines[f"Page {local_name(element).split('-')[0]}: {text}"] = None
    return list(lines)


class _Reader:
    """Converts elements to Markdown; collects notes and comments."""

    def __init__(self, name: str, style_trees: Iterable[Element]) -> None:
        self._name = name
        self._notes: list[str] = []
        self._numbered = {
            (style.get(f"{_STYLE}name"), whole_number(level.get(f"{_TEXT}level")))
            for tree in style_trees
            for style in tree.iter(f"{_TEXT}list-style")
            for level in style.iter(f"{_TEXT}list-level-style-number")
        }
        self._cells_left = _MAX_CELLS

    def notes(self) -> list[str]:
        """Return the notes and comments for the end of the document."""
        return [f"[^{number}]: {text}" for number, text in enumerate(self._notes, start=1)]

    def _note_mark(self, text: str) -> str:
        """Keep a note for the end, and return its mark; "" if it has no words."""
        if text:
            self._notes.append(text)
        return f"[^{len(self._notes)}]" if text else ""

    def blocks(self, parent: Iterable[Element], depth: int = 0, style: str = "") -> Iterator[str]:
        """Yield the paragraphs, lists and tables below an element."""
        for element in parent:
            match local_name(element):
                case "p":
                    yield self.line(element).strip()
                    for part in element.iter():  # the text boxes and tables anchored in it
                        if local_name(part) in ("text-box", "custom-shape", "table") or (
                            part is not element and local_name(part) in ("rect", "ellipse")
                        ):
                            yield "\n".join(filter(None, self.blocks(part)))
                case "h":
                    level = whole_number(element.get(f"{_TEXT}outline-level"), 1)
                    yield md.heading(self.line(element), level)
                case "list":
                    style = element.get(f"{_TEXT}style-name", style)
                    yield "\n".join(self._items(element, depth, style))
                case "table":
                    yield self.table(element)
                case "notes":
                    text = "\n".join(filter(None, self.blocks(element)))
                    yield f"Notes: {text}" if text else ""
                case name if name not in _NOT_TEXT:
                    yield from self.blocks(element, depth, style)

    def _items(self, parent: Element, depth: int, style: str) -> Iterator[str]:
        indent = "   " * depth
        is_numbered = (style, depth + 1) in self._numbered
        for number, item in enumerate(parent, start=whole_number(parent.get(_START), 1)):
            mark = f"{number}. " if is_numbered else "- "
            for element in item:
                text = "\n".join(filter(None, self.blocks([element], depth + 1, style)))
                if local_name(element) == "list":
                    yield text
                elif text:
                    yield f"{indent}{mark}{text}"
                    mark = " " * len(mark)

    def line(self, element: Element) -> str:
        """Return the text of a paragraph; its notes and comments are collected."""
        text = element.text or ""
        for child in element:
            match local_name(child):
                case "s":
                    text += " " * min(whole_number(child.get(f"{_TEXT}c"), 1), 100)
                case "tab":
                    text += "\t"
                case "line-break":
                    text += "\n"
                case "note":
                    body = next((e for e in child if local_name(e) == "note-body"), Element("none"))
                    text += self._note_mark(" ".join(self.blocks(body)))
                case "annotation":
                    author = "".join(e.text or "" for e in child if local_name(e) == "creator")
                    words = " ".join(self.line(e) for e in child if local_name(e) in ("p", "list"))
                    text += self._note_mark(md.comment(words, author))
                case "a":
                    text += md.link(self.line(child), child.get(_LINK, ""))
                case "ruby":
                    text += "".join(self.line(e) for e in child if local_name(e) == "ruby-base")
                case "text-box" | "custom-shape" | "table" | "rect" | "ellipse":
                    pass  # follows the paragraph
                case name if name not in _NOT_TEXT:
                    text += self.line(child)
            text += child.tail or ""
        return text

    def table(self, element: Element) -> str:
        """Return a table in Markdown; merged cells are repeated as empty ones."""
        rows: list[list[str]] = []
        for row in element.iter(f"{_TABLE}table-row"):
            cells = list(chain.from_iterable(map(self._cell, row)))
            while cells and not cells[-1]:
                cells.pop()
            count = min(whole_number(row.get(f"{_TABLE}number-rows-repeated"), 1), _MAX_REPEATED)
            self._cells_left -= (len(cells) + 1) * count
            if self._cells_left < 0:
                raise refusals.too_much_text_error(self._name)
            rows += [cells] * count
        return md.table(rows)

    def _cell(self, cell: Element) -> Iterator[str]:
        if local_name(cell) not in ("table-cell", "covered-table-cell"):
            return iter(())
        text = "\n".join(filter(None, self.blocks(cell)))
        for note in (e for e in cell if local_name(e) == "annotation"):
            words = " ".join(self.line(e) for e in note if local_name(e) == "p")
            text += self._note_mark(md.comment(words))
        count = whole_number(cell.get(f"{_TABLE}number-columns-repeated"), 1)
        return repeat(text, min(count, _MAX_REPEATED))
