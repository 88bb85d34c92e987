"""Converts OpenDocument texts, slides and sheets (.odt, .odp, .ods) to Markdown.

Reads content.xml as OpenDocument 1.3 describes it, and the page headers and footers in styles.xml.
A flat document (.fodt, .fodp, .fods) has both in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring

from desktop_app.documents import formulas, refusals
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import Marks
from desktop_app.documents.office.opendocument_parts import (
    ListNumbering,
    OpenDocumentStyles,
    deletions,
    form_values,
    in_reading_order,
    is_filtered,
)
from desktop_app.documents.office.package import Package, local_name, resolve_part, whole_number
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason

_ODF: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = f"{_ODF}text:1.0}}"
_TABLE: Final = f"{_ODF}table:1.0}}"
_STYLE: Final = f"{_ODF}style:1.0}}"
_ROW_GROUPS: Final = [
    f"{_TABLE}{name}" for name in ("table-rows", "table-header-rows", "table-row-group")
]
_ANCHORED: Final = ("text-box", "custom-shape", "table", "rect", "ellipse")
_CONTROL: Final = f"{_ODF}drawing:1.0}}control"
_OBJECT: Final = f"{_ODF}drawing:1.0}}object"
_FRAME: Final = f"{_ODF}drawing:1.0}}frame"
_FRAME_NAME: Final = f"{_ODF}drawing:1.0}}name"
_EMBEDDED: Final = (f"{_ODF}office:1.0}}binary-data", f"{_ODF}office:1.0}}document")
_MARKDOWN_LABEL: Final = re.compile(r"[0-9]{1,9}[.)]|-")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_SPACES: Final = {"s": " ", "tab": "\t", "line-break": "\n"}
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


def read(
    name: str, kind: str, data: bytes, limits: Limits, left_out: LeftOut
) -> tuple[str, int | None]:
    """Return a document as Markdown, and the number of slides or sheets; None for a text."""
    package = Package(name, data, limits)
    content = package.xml("content.xml")
    if kind != document_types.ODS:
        _insert_objects(package, content)
    return _read(name, kind, content, package.xml_if_readable("styles.xml"), left_out)


def read_flat(name: str, kind: str, data: bytes, left_out: LeftOut) -> tuple[str, int | None]:
    """Return a flat document as `read` does; its `kind` is one of FLAT."""
    try:
        document = fromstring(data)
    except (ParseError, ValueError, LookupError) as error:
        raise refusals.damaged_error(name, str(error)) from error
    for element in document.iter():  # pictures in Base64, and charts
        for child in [each for each in element if each.tag in _EMBEDDED]:
            element.remove(child)
    body = next((each for each in document if local_name(each) == "body"), Element("none"))
    styles = Element("styles")
    styles.extend(each for each in document if each is not body)
    package_kind = next(each for each, flat in document_types.FLAT.items() if flat == kind)
    return _read(name, package_kind, body, styles, left_out)


def _read(
    name: str, kind: str, content: Element, styles: Element, left_out: LeftOut
) -> tuple[str, int | None]:
    reader = _Reader(name, (content, styles), left_out)
    body = next((e for e in content.iter() if local_name(e) == "body"), Element("none"))
    left_out.unread += _objects(body)
    if kind == document_types.ODT:
        blocks = [*reader.blocks(body), *_headers(styles, reader)]
        return "\n\n".join([*filter(None, blocks), *reader.notes()]), None
    if kind == document_types.ODS:
        sheets = [
            (sheet.get(f"{_TABLE}name", ""), md.table(reader.rows(sheet)))
            for sheet in content.iter(f"{_TABLE}table")
            if not left_out.leaves_out(
                reader.styles.is_hidden_sheet(sheet), counts=bool(_words(sheet))
            )
        ]
        notes = "\n".join(reader.notes())
        texts = [f"## {title}\n\n{table}".rstrip() for title, table in sheets]
        has_text = any(table for _, table in sheets)
        return "\n\n".join(filter(None, [*texts, notes])) if has_text else "", len(sheets)
    slides = [reader.slide(page) for page in body.iter() if local_name(page) == "page"]
    marked = (f"[slide {number}]\n\n{text}".rstrip() for number, text in enumerate(slides, start=1))
    headers = list(_slide_headers(body))
    text = "\n\n".join([*marked, *headers, *reader.notes()])
    return text if any(slides) or headers else "", len(slides)


def _insert_objects(package: Package, content: Element) -> None:
    """Put formulas, and the tables of charts, which are documents of their own, in their place."""
    for element in content.iter(_OBJECT):
        part = resolve_part("", f"{element.get(_LINK, '')}/content.xml")
        document = package.xml_if_readable(part)
        if local_name(document) == "math":
            element.append(document)
        elif (table := next(document.iter(f"{_TABLE}table"), None)) is not None:
            box, title = SubElement(element, "text-box"), Element("p")
            titles = [_words(each) for each in document.iter() if local_name(each) == "title"]
            title.text = f"Chart: {'; '.join(filter(None, titles))}".rstrip(": ")
            box.extend((title, table))


def _objects(body: Element) -> Iterator[tuple[str, SkipReason]]:
    """Yield the files of other programs, and the charts of sheets, which are not read."""
    for frame in body.iter(_FRAME):
        objects = [child for child in frame if local_name(child).startswith("object")]
        if objects and not any(map(len, objects)):
            yield frame.get(_FRAME_NAME) or "object", SkipReason.EMBEDDED


def _words(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _slide_headers(body: Element) -> Iterator[str]:
    """Yield the headers and footers of slides, each once."""
    for element in body.iter():
        kind = local_name(element).removesuffix("-decl")
        if kind in ("header", "footer") and (words := " ".join(_words(element).split())):
            yield f"Slide {kind}: {words}"


def _anchored(parent: Element) -> Iterator[Element]:
    """Yield the text boxes, shapes and tables that are anchored in a paragraph."""
    for child in parent:
        if local_name(child) in _ANCHORED:
            yield child
        else:
            yield from _anchored(child)


def _rows(parent: Element) -> Iterator[Element]:
    """Yield the rows of a table, also those in groups, but not those of a table in a cell."""
    for child in parent:
        if child.tag == f"{_TABLE}table-row":
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _rows(child)


def _is_line(element: Element) -> bool:
    return local_name(element) in ("p", "h")


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

    def __init__(self, name: str, trees: tuple[Element, Element], left_out: LeftOut) -> None:
        self._name = name
        self._notes: list[str] = []
        self.styles = OpenDocumentStyles(trees)
        self._numbering = ListNumbering(trees)
        self._left_out = left_out
        self._deletions = deletions(trees[0])
        self._form = form_values(trees[0])
        self._cells_left = _MAX_CELLS

    def notes(self) -> list[str]:
        """Return the notes and comments for the end of the document."""
        return [f"[^{number}]: {text}" for number, text in enumerate(self._notes, start=1)]

    def _note_mark(self, text: str) -> str:
        """Keep a note for the end, and return its mark; "" if it has no words."""
        if text:
            self._notes.append(text)
        return f"[^{len(self._notes)}]" if text else ""

    def slide(self, page: Element) -> str:
        """Return the text of a slide; "" for a hidden one."""
        is_hidden = self.styles.is_hidden_slide(page)
        if self._left_out.leaves_out(is_hidden):
            return ""
        hidden = "(hidden)" if is_hidden else ""
        blocks = [hidden]
        for shape in in_reading_order(page):
            blocks += self.blocks([shape])
            self._numbering.end_story()
        return "\n\n".join(filter(None, blocks))

    def _is_left_out(self, element: Element) -> bool:
        is_hidden = self.styles.is_hidden(element)
        return self._left_out.leaves_out(is_hidden, counts=is_hidden and bool(_words(element)))

    def blocks(self, parent: Iterable[Element], indent: str = "") -> Iterator[str]:
        """Yield the paragraphs, lists and tables below an element."""
        for element in parent:
            if self._is_left_out(element):
                continue
            match local_name(element):
                case "p":
                    yield self.line(element).strip()
                    for part in _anchored(element):
                        yield "\n".join(filter(None, self.blocks([part])))
                case "h":
                    level = whole_number(element.get(f"{_TEXT}outline-level"), 1)
                    number = self._numbering.heading_label(element, level)
                    yield md.heading(f"{number} {self.line(element)}", level)
                case "list":
                    self._numbering.begin_list(element)
                    items = "\n".join(self._items(element, indent))
                    self._numbering.end_list()
                    if not self._numbering.is_in_list:
                        items = _BLANK_LINES.sub("\n\n", items).strip("\n")
                    yield items
                case "change" | "change-start" | "change-end":
                    yield self._deleted_text(element)
                case "desc":
                    yield " ".join(_words(element).split())
                case "table":
                    yield md.table_or_text(self.rows(element))
                case "notes":
                    text = "\n".join(filter(None, self.blocks(element)))
                    yield f"Notes: {text}" if text else ""
                case name if name not in _NOT_TEXT:
                    yield from self.blocks(element, indent)

    def _items(self, parent: Element, indent: str) -> Iterator[str]:
        """Yield the items of a list; those with numbers that Markdown has not are paragraphs."""
        for item in parent:
            parts = [part for part in item if not self._is_left_out(part)]
            label = self._numbering.item_label(item) if any(map(_is_line, parts)) else "-"
            mark = f"{label} ".lstrip()
            is_item = _MARKDOWN_LABEL.fullmatch(label) is not None
            inner_indent = f"{indent}{' ' * len(mark)}" if is_item else ""
            for part in parts:
                if local_name(part) == "h":
                    level = whole_number(part.get(f"{_TEXT}outline-level"), 1)
                    words = f"{mark.strip('- ')} {self.line(part)}"
                    yield f"\n{md.heading(words, level)}\n"
                    mark = ""
                    continue
                text = "\n".join(filter(None, self.blocks([part], inner_indent)))
                if local_name(part) == "list":
                    yield text
                elif text and is_item:
                    yield f"{indent}{mark}{text}"
                    mark = " " * len(mark)
                elif text:
                    yield f"\n{mark}{text}\n"
                    mark = ""

    def _deleted_text(self, change: Element) -> str:
        """Return the text that was deleted at a place, struck through; "" if it is left out."""
        deletion = self._deletions.get(change.get(f"{_TEXT}change-id", ""))
        if deletion is None or local_name(change) == "change-end":
            return ""
        if self._left_out.leaves_out(is_hidden=True, counts=bool(_words(deletion))):
            return ""
        text = " ".join(filter(None, self.blocks(deletion)))
        return f"~~{text}~~" if text else ""

    def line(self, element: Element) -> str:
        """Return the text of a paragraph; its notes and comments are collected."""
        family = "paragraph" if _is_line(element) else "text"
        marks = self._marks(family, element, md.PLAIN)
        if not len(element) and marks == md.PLAIN:
            return element.text or ""
        return md.joined(self._runs(element, marks))

    def _marks(self, family: str, element: Element, around: Marks) -> Marks:
        name = element.get(f"{_TEXT}style-name")
        own = self.styles.marks(family, name) if name else md.PLAIN
        if own == md.PLAIN:
            return around
        is_moved = own.raised or own.lowered
        place = (own if is_moved else around)[:2]
        return Marks(*place, own.struck or around.struck)

    def _runs(self, element: Element, marks: Marks) -> Iterator[tuple[str, Marks]]:
        """Yield the runs of a paragraph; `marks` are those of the text around the element."""
        yield element.text or "", marks
        for child in element:
            if not self._is_left_out(child):
                yield from self._child_runs(child, marks)
            yield child.tail or "", marks

    def _child_runs(self, child: Element, marks: Marks) -> Iterator[tuple[str, Marks]]:
        if local_name(child) in _SPACES:
            count = min(whole_number(child.get(f"{_TEXT}c"), 1), 100)
            yield _SPACES[local_name(child)] * count, marks
            return
        match local_name(child):
            case "note":
                body = next((e for e in child if local_name(e) == "note-body"), Element("none"))
                yield self._note_mark(" ".join(self.blocks(body))), md.PLAIN
            case "annotation":
                author = "".join(e.text or "" for e in child if local_name(e) == "creator")
                words = " ".join(self.line(e) for e in child if local_name(e) in ("p", "list"))
                yield self._note_mark(md.comment(words, author)), md.PLAIN
            case "a":
                words = md.joined(self._runs(child, marks._replace(struck=False)))
                yield md.link(words, child.get(_LINK, "")), marks._replace(raised=False)
            case "change":
                yield self._deleted_text(child), md.PLAIN
            case "control":
                yield self._form.get(child.get(_CONTROL, ""), ""), marks
            case "hidden-text":
                yield child.get(f"{_TEXT}string-value", ""), marks
            case "ruby":
                for base in child:
                    if local_name(base) == "ruby-base":
                        yield from self._runs(base, marks)
            case "math":
                yield formulas.line(child, self._left_out), marks
            case "span":
                yield from self._runs(child, self._marks("text", child, marks))
            case name if name not in _NOT_TEXT and name not in _ANCHORED:
                yield from self._runs(child, marks)  # what is anchored follows the paragraph

    def rows(self, element: Element) -> list[list[str]]:
        """Return the cells of a table; merged cells are repeated as empty ones."""
        rows: list[list[str]] = []
        hidden_columns = self.styles.hidden_columns(element, _MAX_REPEATED)
        counted_columns: set[int] = set()
        for row in _rows(element):
            if self._left_out.leaves_out(
                is_filtered(row), counts=is_filtered(row) and bool(_words(row))
            ):
                continue
            cells = list(chain.from_iterable(map(self._cell, row)))
            if hidden_columns and not self._left_out.takes_hidden:
                counted_columns |= {
                    n for n, cell in enumerate(cells) if cell and n in hidden_columns
                }
                cells = [cell for n, cell in enumerate(cells) if n not in hidden_columns]
            while cells and not cells[-1]:
                cells.pop()
            count = min(whole_number(row.get(f"{_TABLE}number-rows-repeated"), 1), _MAX_REPEATED)
            self._cells_left -= (len(cells) + 1) * count
            if self._cells_left < 0:
                raise refusals.too_much_text_error(self._name)
            rows += [cells] * count
        self._left_out.hidden += len(counted_columns)
        return rows

    def _cell(self, cell: Element) -> Iterator[str]:
        if local_name(cell) not in ("table-cell", "covered-table-cell"):
            return iter(())
        text = "\n".join(filter(None, self.blocks(cell)))
        if name := cell.get(f"{_TABLE}style-name"):
            text = md.joined([(text, self.styles.marks("table-cell", name))])
        for note in (e for e in cell if local_name(e) == "annotation"):
            words = " ".join(self.line(e) for e in note if local_name(e) == "p")
            text += self._note_mark(md.comment(words))
        count = whole_number(cell.get(f"{_TABLE}number-columns-repeated"), 1)
        return repeat(text, min(count, _MAX_REPEATED))
