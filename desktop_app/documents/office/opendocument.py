"""Converts OpenDocument files (.odt, .odp, .ods) to Markdown.

Follows OASIS Open Document Format 1.3, part 3. Reads content.xml, embedded objects, and the styles
in styles.xml. Tracked deletions and the objects of slide masters are left out. In texts, headers
come once, before the text, and footers after it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents import refusals
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office import office_formulas
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import Package, local_name, resolve_part, whole_number
from desktop_app.documents.office.symbol_font import unicode_text
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents import document_types
from desktop_app.domain.error_reasons import Reason

_OASIS: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
TEXT: Final = f"{_OASIS}text:1.0}}"
TABLE: Final = f"{_OASIS}table:1.0}}"
STYLE: Final = f"{_OASIS}style:1.0}}"
_DRAW: Final = f"{_OASIS}drawing:1.0}}"
_FO: Final = f"{_OASIS}xsl-fo-compatible:1.0}}"
_SVG: Final = f"{_OASIS}svg-compatible:1.0}}"
_PRESENTATION: Final = f"{_OASIS}presentation:1.0}}"
_CHART: Final = f"{_OASIS}chart:1.0}}"
_OFFICE: Final = f"{_OASIS}office:1.0}}"
_CREATOR: Final = "{http://purl.org/dc/elements/1.1/}creator"
OUTLINE: Final = "the numbering of headings"  # in place of the name of a list style
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_SPACE: Final = re.compile(r"[ \t\r\n]+")
# Sheets are padded to their maximum size with repeated empty cells.
_MAX_REPEATS: Final = 10_000
_MAX_CELLS: Final = 2_000_000
_MAX_LEVEL: Final = 10
# In a damaged file, a style may be its own ancestor.
_MAX_PARENTS: Final = 10
_VALUE_ATTRIBUTES: Final = ("string-value", "date-value", "time-value", "boolean-value", "value")
_IGNORED_ELEMENTS: Final = frozenset(
    ("annotation", "tracked-changes", "ruby-text", "title", "desc", "forms", "page-number")
)


def read(name: str, kind: str, data: bytes, limits: Limits) -> tuple[str, int | None]:
    """Return the document as Markdown, and the number of slides; None if not a presentation.

    Args:
        kind: the media type.
    """
    package = Package(name, data, limits)
    content = package.xml("content.xml")
    styles = package.xml_if_present("styles.xml")
    reader = _Reader(package, _Styles([styles, content]))
    body = content.find(f"{_OFFICE}body/*")
    if body is None:
        body = Element("none")
    if kind == document_types.ODP:
        return _slides(reader, body)
    if kind == document_types.ODS:
        sheets = list(_sheets(reader, body))
        has_content = any(block.text for _, sheet_blocks in sheets for block in sheet_blocks)
        blocks = [block for title, sheet_blocks in sheets for block in (title, *sheet_blocks)]
        return md.join_blocks(blocks) if has_content else "", None
    blocks = list(reader.blocks(body))
    pages = list(_used_pages(styles, content))
    headers = md.repeated_lines("Header", _page_texts(reader, pages, "header"))
    footers = md.repeated_lines("Footer", _page_texts(reader, pages, "footer"))
    return md.join_blocks([*headers, *blocks, *footers, *reader.notes.blocks()]), None


def _used_pages(styles: Element, content: Element) -> Iterator[Element]:
    """Yield the page styles that other styles name, and the default one."""
    all_styles = (style for tree in (styles, content) for style in tree.iter(f"{STYLE}style"))
    names = {"Standard", *(style.get(f"{STYLE}master-page-name", "") for style in all_styles)}
    for page in styles.iter(f"{STYLE}master-page"):
        if page.get(f"{STYLE}name") in names:
            yield page


def _page_texts(reader: _Reader, pages: Iterable[Element], kind: str) -> Iterator[str]:
    """Yield the texts of the headers or footers of pages; `kind` is "header" or "footer"."""
    for page in pages:
        for element in page:
            is_shown = element.get(f"{STYLE}display") != "false"
            if local_name(element) in (kind, f"{kind}-left", f"{kind}-first") and is_shown:
                yield " ".join(block.text for block in reader.blocks(element))


def _slides(reader: _Reader, body: Element) -> tuple[str, int]:
    """Return the slides with their speaker notes as Markdown, and their number."""
    pages = body.findall(f"{_DRAW}page")
    texts = []
    for number, page in enumerate(pages, start=1):
        blocks = list(reader.blocks(page))
        speaker_notes = page.find(f"{_PRESENTATION}notes")
        notes = md.join_blocks(reader.blocks(speaker_notes)) if speaker_notes is not None else ""
        if reader.styles.is_hidden(page.get(f"{_DRAW}style-name", "")):
            blocks.insert(0, MarkdownBlock("(hidden)"))
        blocks += [MarkdownBlock(f"Notes: {notes}")] if notes else []
        comments = page.findall(f"{_OFFICE}annotation")
        blocks += (MarkdownBlock(reader.comment(comment)) for comment in comments)
        texts.append(f"[slide {number}]\n\n{md.join_blocks(blocks)}".strip())
    return "\n\n".join(texts), len(pages)


def _sheets(reader: _Reader, body: Element) -> Iterator[tuple[MarkdownBlock, list[MarkdownBlock]]]:
    """Yield the name of each sheet, and its content: its table, drawings and comments."""
    for sheet in body.findall(f"{TABLE}table"):
        drawings = (block for e in sheet.findall(f"{TABLE}shapes") for block in reader.blocks(e))
        suffix = " (hidden)" if reader.styles.is_hidden(sheet.get(f"{TABLE}style-name", "")) else ""
        title = md.heading(sheet.get(f"{TABLE}name", "") + suffix, 2)
        yield title, [reader.table(sheet), *drawings, *_cell_comments(reader, sheet)]


def _cell_comments(reader: _Reader, sheet: Element) -> Iterator[MarkdownBlock]:
    """Yield the comments on the cells of a sheet."""
    if sheet.find(f".//{_OFFICE}annotation") is None:
        return
    row_number = 1
    for row in _rows(sheet):
        column = 1
        for cell in row:
            for comment in cell.findall(f"{_OFFICE}annotation"):
                cell_name = f"{_column_letters(column)}{row_number}"
                yield md.cell_comment(cell_name, reader.comment(comment))
            column += whole_number(cell.get(f"{TABLE}number-columns-repeated"), 1)
        row_number += whole_number(row.get(f"{TABLE}number-rows-repeated"), 1)


def _column_letters(number: int) -> str:
    """Return the letters of a column: "A" for 1, "AA" for 27."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


class _Styles:
    """The styles of a document: parents, fonts, bold, raised or lowered text, and numbering."""

    def __init__(self, trees: Iterable[Element]) -> None:
        self._parents: dict[str, str] = {}
        self._bold: set[str] = set()
        self._hidden: set[str] = set()
        self._unnumbered: set[str] = set()
        self._text_positions: dict[str, str] = {}
        self._fonts: dict[str, str] = {}
        self._lists: dict[str, dict[int, Element]] = {}
        faces: dict[str, str] = {}
        for tree in trees:
            for face in tree.iter(f"{STYLE}font-face"):
                faces[face.get(f"{STYLE}name", "")] = face.get(f"{_SVG}font-family", "")
            for style in tree.iter(f"{STYLE}style"):
                name = style.get(f"{STYLE}name", "")
                self._parents[name] = style.get(f"{STYLE}parent-style-name", "")
                page = _properties_of(style, "drawing-page")
                if page.get(f"{_PRESENTATION}visibility") == "hidden":
                    self._hidden.add(name)
                if _properties_of(style, "table").get(f"{TABLE}display") == "false":
                    self._hidden.add(name)
                text = _properties_of(style, "text")
                if text.get(f"{_FO}font-weight") == "bold":
                    self._bold.add(name)
                if position := text.get(f"{STYLE}text-position"):
                    self._text_positions[name] = position
                if font := text.get(f"{STYLE}font-name"):
                    self._fonts[name] = faces.get(font) or font
                elif family := text.get(f"{_FO}font-family"):
                    self._fonts[name] = family
                if style.get(f"{STYLE}list-style-name") == "":
                    self._unnumbered.add(name)
            for kind in ("list-style", "outline-style"):
                for style in tree.iter(f"{TEXT}{kind}"):
                    levels = {whole_number(level.get(f"{TEXT}level"), 1): level for level in style}
                    name = style.get(f"{STYLE}name", "") if kind == "list-style" else OUTLINE
                    self._lists[name] = levels

    def is_title(self, name: str) -> bool:
        """Return True if a style is the title style, or based on that."""
        for _ in range(_MAX_PARENTS):
            if name == "Title":
                return True
            name = self._parents.get(name, "")
        return False

    def font(self, name: str) -> str:
        """Return the font of a style or of the styles that it is based on; "" if none has one."""
        for _ in range(_MAX_PARENTS):
            if name in self._fonts:
                return self._fonts[name].strip("' ")
            name = self._parents.get(name, "")
        return ""

    def is_bold(self, name: str) -> bool:
        return name in self._bold

    def is_hidden(self, name: str) -> bool:
        """Return True if the style of a sheet or slide hides it."""
        return name in self._hidden

    def is_unnumbered(self, name: str) -> bool:
        """Return True if a style takes headings out of their numbering."""
        return name in self._unnumbered

    def raise_or_lower(self, name: str, text: str) -> str:
        """Return words raised or lowered as the style named `name` requires."""
        position = self._text_positions.get(name, "").split(" ")[0]
        if position.startswith(("sub", "-")):
            return md.subscript(text)
        return text if position in ("", "0%") else md.superscript(text)

    def first_number(self, name: str, depth: int) -> int:
        """Return the number of a list's first item; `name` is its style, `depth` counts from 1."""
        level = self._lists.get(name, {}).get(depth)
        return whole_number(None if level is None else level.get(f"{TEXT}start-value"), 1)

    def label(self, name: str, counts: list[int]) -> str:
        """Return the label of a list item in the list style named `name`.

        Args:
            counts: the numbers of the items around it, from the outermost, and its own.
        """
        levels = self._lists.get(name, {})
        level = levels.get(len(counts))
        if level is None or not level.get(f"{STYLE}num-format"):
            return "-"
        # Each number has the format of its own level, and is left out if that has none.
        formats = {
            level_number: definition.get(f"{STYLE}num-format", "")
            for level_number, definition in levels.items()
        }
        shown_counts = list(enumerate(counts, start=1))[
            -whole_number(level.get(f"{TEXT}display-levels"), 1) :
        ]
        number = ".".join(
            md.number(n, formats[level_number])
            for level_number, n in shown_counts
            if formats.get(level_number)
        )
        suffix = level.get(f"{STYLE}num-suffix", "")
        return f"{level.get(f'{STYLE}num-prefix', '')}{number}{suffix}".strip() or "-"


def _properties_of(style: Element, kind: str) -> Mapping[str, str]:
    """Return the properties of a style for text, tables or slides; {} if it has none."""
    element = style.find(f"{STYLE}{kind}-properties")
    return {} if element is None else element.attrib


@dataclass
class _Reader:
    """Converter of the body of a document."""

    package: Package
    styles: _Styles
    notes: md.FootnoteList = field(default_factory=md.FootnoteList)
    _last_counts: dict[str, list[int]] = field(default_factory=dict)
    _cells: int = 0

    def blocks(self, parent: Element) -> Iterator[MarkdownBlock]:
        """Yield the paragraphs, lists and tables below an element."""
        for child in parent:
            yield from self._element_blocks(child)

    def _element_blocks(self, element: Element) -> Iterator[MarkdownBlock]:
        match local_name(element):
            case "h" | "p":
                yield from self._paragraph(element)
            case "list":
                yield from self._list(element, "", [], [])
            case "table":
                yield self.table(element)
            case "object":
                yield from self._embedded_blocks(element)
            case "notes":
                pass  # the speaker's notes: `_slides` reads them
            case "frame" if element.get(f"{_PRESENTATION}class") == "title":
                title_blocks = (block for box in element for block in self.blocks(box))
                yield md.heading(md.join_blocks(title_blocks), 1)
            case local if local not in _IGNORED_ELEMENTS:
                yield from self.blocks(element)

    def _paragraph(self, element: Element, label: str = "") -> Iterator[MarkdownBlock]:
        drawings: list[Element] = []
        text = md.merge_bold("".join(self._inline(element, drawings))).strip(" \n")
        if text and local_name(element) == "h":
            level = min(max(whole_number(element.get(f"{TEXT}outline-level"), 1), 1), _MAX_LEVEL)
            label = label or self._heading_label(element, level)
            number = "" if label == "-" else label
            yield md.heading(f"{number} {text.replace('**', '')}", level)
        elif text and self.styles.is_title(element.get(f"{TEXT}style-name", "")):
            yield md.heading(text.replace("**", ""), 1)
        elif text:
            yield MarkdownBlock(text)
        for drawing in drawings:
            yield from self.blocks(drawing)

    def _heading_label(self, element: Element, level: int) -> str:
        """Count a heading that is in no list; return its number, or "" or "-" if it has none."""
        is_header = element.get(f"{TEXT}is-list-header") == "true"
        if is_header or self.styles.is_unnumbered(element.get(f"{TEXT}style-name", "")):
            return ""
        counts = self._last_counts.setdefault(OUTLINE, [])
        del counts[level:]
        while len(counts) < level:
            counts.append(self.styles.first_number(OUTLINE, len(counts) + 1) - 1)
            counts[-1] += len(counts) < level  # a level that was left out has begun
        counts[-1] = whole_number(element.get(f"{TEXT}start-value"), counts[-1] + 1)
        return self.styles.label(OUTLINE, counts)

    def _list(
        self, element: Element, style: str, outer_counts: list[int], counts_inside: list[int]
    ) -> Generator[MarkdownBlock, None, list[int]]:
        """Yield the items of a list, and return the numbers of the last items.

        These are the number of the list's own last item, and then the numbers of the last items
        of the lists nested in it, from the outermost.

        Args:
            style: the style of the list around it, used unless the list has its own.
            outer_counts: the numbers of the items around it, from the outermost.
            counts_inside: the numbers that this list continues; [] for none.
        """
        style = element.get(f"{TEXT}style-name", style)
        count_before = self.styles.first_number(style, len(outer_counts) + 1) - 1
        continued_key = element.get(f"{TEXT}continue-list", "")
        if element.get(f"{TEXT}continue-numbering") == "true":
            continued_key = f"any in {style}"
        if not outer_counts:
            counts_inside = self._last_counts.get(continued_key, [])
        count, *counts_inside = counts_inside or [count_before]
        for item in element:
            if local_name(item) != "list-item":
                yield from self.blocks(item)
                continue
            # An item that begins with a list has no words, and belongs to the item before.
            if count == count_before or not len(item) or local_name(item[0]) != "list":
                count = count + 1
                counts_inside = []
            count = whole_number(item.get(f"{TEXT}start-value"), count)
            counts_inside = yield from self._item(
                item, style, [*outer_counts, count], counts_inside
            )
        if not outer_counts:
            self._last_counts[f"any in {style}"] = [count, *counts_inside]
            self._last_counts[element.get(_ID, "no id")] = [count, *counts_inside]
        return [count, *counts_inside]

    def _item(
        self, item: Element, style: str, counts: list[int], counts_inside: list[int]
    ) -> Generator[MarkdownBlock, None, list[int]]:
        """Yield the blocks of an item, and return the numbers of the last items nested in it.

        Args:
            counts: the numbers of the items around it, and its own.
            counts_inside: the numbers that the lists in it continue; [] for none.
        """
        label = self.styles.label(style, counts)
        for child in item:
            if local_name(child) == "list":
                counts_inside = yield from self._list(
                    child, style, counts, counts_inside if child is item[0] else []
                )
            elif local_name(child) == "h":
                yield from self._paragraph(child, label)
                label = ""
            else:
                for block in self._element_blocks(child):
                    is_plain = local_name(child) == "p" and label
                    yield md.item(label, block.text, len(counts) - 1) if is_plain else block
                    label = "" if is_plain else label
        return counts_inside

    def _inline(self, parent: Element, drawings: list[Element], font: str = "") -> Iterator[str]:
        """Yield the words of a paragraph; `drawings` collects those anchored in it."""
        font = self.styles.font(parent.get(f"{TEXT}style-name", "")) or font
        yield unicode_text(font, _SPACE.sub(" ", parent.text or ""))
        for child in parent:
            yield self._inline_element(child, drawings, font)
            yield unicode_text(font, _SPACE.sub(" ", child.tail or ""))

    def _inline_element(self, child: Element, drawings: list[Element], font: str) -> str:
        local = local_name(child)
        if local in ("s", "tab", "line-break"):
            count = min(whole_number(child.get(f"{TEXT}c"), 1), _MAX_REPEATS)
            return {"s": " " * count, "tab": "\t", "line-break": "\n"}[local]
        if local == "note":
            body = child.find(f"{TEXT}note-body")
            texts = [] if body is None else [block.text for block in self.blocks(body)]
            return self.notes.add(" ".join(texts))
        if local == "annotation":
            return self.notes.add(self.comment(child))
        if child.tag.startswith(_DRAW):
            # A formula is part of its line; other objects follow their paragraph.
            objects = list(child.iter(f"{_DRAW}object"))
            if formula := "".join(office_formulas.mathml_text(self._object(o)) for o in objects):
                return formula
            drawings.append(child)
            return ""
        if local in _IGNORED_ELEMENTS:
            return ""
        text = "".join(self._inline(child, drawings, font))
        if local == "a":
            return md.link(text, child.get(_HREF, ""))
        if local != "span":
            return text
        style = child.get(f"{TEXT}style-name", "")
        text = self.styles.raise_or_lower(style, text)
        return md.bold(text) if self.styles.is_bold(style) else text

    def comment(self, annotation: Element) -> str:
        """Return a reviewer's comment; "" if it has no words."""
        text = " ".join(block.text for block in self.blocks(annotation))
        return md.comment(text, annotation.findtext(_CREATOR, ""))

    def _object(self, element: Element) -> Element:
        """Return the tree of an embedded chart or formula."""
        part = resolve_part("", f"{element.get(_HREF, '')}/content.xml")
        return self.package.xml_if_readable(part)

    def _embedded_blocks(self, element: Element) -> Iterator[MarkdownBlock]:
        """Yield a chart with the values that it shows, or a formula."""
        tree = self._object(element)
        yield MarkdownBlock(office_formulas.mathml_text(tree))
        for chart in tree.iter(f"{_CHART}chart"):
            title = " ".join("".join(p.itertext()) for p in chart.findall(f"{_CHART}title/{TEXT}p"))
            yield MarkdownBlock(f"Chart: {title}".strip())
            for table in chart.findall(f"{TABLE}table"):
                yield self.table(table)

    def table(self, element: Element) -> MarkdownBlock:
        """Return a table or a sheet.

        Raises:
            DocumentTooLargeError: the tables so far have too many cells.
        """
        rows: list[list[str]] = []
        for row in _rows(element):
            cells = [cell for element in row for cell in self._cell_texts(element)]
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                repeats = min(
                    whole_number(row.get(f"{TABLE}number-rows-repeated"), 1), _MAX_REPEATS
                )
                rows += [cells] * repeats
                self._cells += len(cells) * repeats
                if self._cells > _MAX_CELLS:
                    raise refusals.too_large_error(
                        self.package.name, Reason.TOO_MANY_CELLS, limit=_MAX_CELLS
                    )
        return md.table(rows)

    def _cell_texts(self, cell: Element) -> list[str]:
        if local_name(cell) not in ("table-cell", "covered-table-cell"):
            return []
        is_covered = local_name(cell) == "covered-table-cell"
        text = "" if is_covered else " ".join(b.text for b in self.blocks(cell)).replace("**", "")
        if cell.find(f"{TEXT}p") is None:
            # Some programs store only the value, not how it is shown.
            text = text or next(
                filter(None, (cell.get(f"{_OFFICE}{key}") for key in _VALUE_ATTRIBUTES)), ""
            )
        repeats = whole_number(cell.get(f"{TABLE}number-columns-repeated"), 1)
        return [text] * min(repeats, _MAX_REPEATS)


def _rows(element: Element) -> Iterator[Element]:
    """Yield the rows of a table, including those in groups, but not of tables in its cells."""
    for child in element:
        if local_name(child) == "table-row":
            yield child
        elif local_name(child) in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _rows(child)
