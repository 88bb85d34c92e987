"""Writes a conversation as an OpenDocument text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from itertools import count, zip_longest
from pathlib import Path
from typing import Final, TypeVar

from odfdo import Cell, Document, Element, Frame, Header, Link, Paragraph, Row, Span, Style, Table

from desktop_app.markdown.block_model import TEXT_KINDS, Block, Kind, Run, is_read_from_right
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.processes.diagram_drawing import Diagram, DrawDiagram, draw_nothing
from desktop_app.writers.office.office_content import (
    OfficeMessage,
    OfficeTable,
    document_parts,
    is_from_right,
    is_same_code,
    picture_size_cm,
    run_text,
    to_office_text,
)

_TextElement = TypeVar("_TextElement", Paragraph, Header)
_INDENT_CM: Final = 0.75
_MAX_LIST_DEPTH: Final = 8
"""Deeper blocks are indented like blocks of this depth."""
_BOLD_STYLE: Final = "Repartee_bold"
_STANDARD_STYLE: Final = "Repartee_Standard"
_TABLE_STYLE: Final = "Repartee_Table"
_HEADING_STYLE: Final = "Heading_20_{}"
_DEEPEST_HEADING: Final = 8
"""The six levels of Markdown, below the headings of the document and of messages."""
_FROM_RIGHT_SUFFIX: Final = "_from_right"
"""The end of the names of styles for text from right to left."""
_CELL_STYLE: Final = "Repartee_Cell"
_ALIGN_STYLES: Final = {"center": "Repartee_Center", "right": "Repartee_Right"}
_SPACED_STYLE: Final = "Repartee_Spaced"
_SPACE_BELOW: Final = "0.2cm"
_FROM_RIGHT_PROPERTIES: Final = {"style:writing-mode": "rl-tb", "fo:text-align": "right"}
_CELL_BORDER: Final = "0.5pt solid #808080"
_TEXT_STYLES: Final = {
    "bold": {"fo:font-weight": "bold", "style:font-weight-complex": "bold"},
    "italic": {"fo:font-style": "italic", "style:font-style-complex": "italic"},
    "strike": {"style:text-line-through-style": "solid"},
    "superscript": {"style:text-position": "super 58%"},
    "subscript": {"style:text-position": "sub 58%"},
    "underline": {"style:text-underline-style": "solid"},
    "mark": {"fo:background-color": "#ffff00"},
    "code": {"style:font-name": "Courier New", "fo:font-family": "'Courier New'"},
}


def write_odt(
    file: Path, title: str, messages: Iterable[OfficeMessage], draw: DrawDiagram = draw_nothing
) -> None:
    """Write the document. Raises OSError."""
    document = Document("text")
    document.body.clear()
    _add_styles(document)
    document.meta.title = to_office_text(title)
    body = document.body
    body.append(_make_header(1, to_office_text(title)))
    table_numbers = count(1)
    for message in messages:
        body.append(_make_header(2, message.heading))
        for note in message.notes:
            body.append(_with_direction(Paragraph(note)))
        blocks = (*message.calls, *message.blocks)
        for element in _make_elements(document, blocks, table_numbers, draw):
            body.append(element)
        for ending in message.endings:
            body.append(_with_direction(Paragraph(ending)))
    file_content = BytesIO()  # `save` would change the file's name
    document.save(file_content)
    file.write_bytes(file_content.getvalue())


def _make_elements(
    document: Document, blocks: Iterable[Block], table_numbers: Iterator[int], draw: DrawDiagram
) -> Iterator[Element]:
    parts = list(document_parts(blocks, draw))
    for part, below in zip_longest(parts, parts[1:]):
        if isinstance(part, OfficeTable):
            yield _make_table(part, f"Table{next(table_numbers)}")
            yield Paragraph()  # adjacent tables would touch
        elif isinstance(part, Diagram):
            yield _make_picture(document, part)
        elif part.kind is Kind.HEADING:
            heading = to_office_text(f"{part.marker} {part.text}".lstrip())
            yield _make_header(part.level + 2, heading)
        elif part.kind is Kind.RULE:
            if part.marker:
                yield _make_paragraph(part)  # only the marker, because a rule has no text
            yield Paragraph("⁂")
        elif part.kind is not Kind.CODE_HEAD:
            paragraph = _make_paragraph(part, is_spaced=not is_same_code(part, below))
            from_right = is_read_from_right(part) if part.kind in TEXT_KINDS else None
            is_code = part.kind is Kind.CODE
            yield paragraph if is_code else _with_direction(paragraph, from_right=from_right)


def _make_picture(document: Document, diagram: Diagram) -> Element:
    # `add_file` gives bytes no type, and a name without a suffix.
    assert document.container is not None
    name = f"Pictures/{sha256(diagram.png).hexdigest()}.png"
    document.container.set_part(name, diagram.png)
    document.manifest.add_full_path(name, "image/png")
    width, height = (f"{length:.2f}cm" for length in picture_size_cm(diagram))
    frame = Frame.image_frame(name, size=(width, height), anchor_type="as-char")
    frame.svg_description = diagram.name
    paragraph = Paragraph()
    paragraph.append(frame)
    return paragraph


def _add_styles(document: Document) -> None:
    # The template numbers all headings, but the headings of an answer may contain numbers already.
    for level in document.styles.get_elements("//text:outline-level-style"):
        level.set_attribute("style:num-format", "")
        level.set_attribute("style:num-suffix", None)
        level.set_attribute("loext:num-list-format", None)
    cell = Style("table-cell", name=_CELL_STYLE)
    cell.set_properties({"fo:border": _CELL_BORDER, "fo:padding": "0.1cm"}, area="table-cell")
    document.insert_style(cell, automatic=True)
    table = Style("table", name=_TABLE_STYLE + _FROM_RIGHT_SUFFIX)
    table.set_properties({"style:writing-mode": "rl-tb"}, area="table")
    document.insert_style(table, automatic=True)
    for name, properties in _TEXT_STYLES.items():
        style = Style("text", name=f"Repartee_{name}")
        style.set_properties(properties, area="text")
        document.insert_style(style, automatic=True)
    shapes = {_STANDARD_STYLE: {}, _SPACED_STYLE: {"fo:margin-bottom": _SPACE_BELOW}} | {
        f"Repartee_List{depth}": {"fo:margin-left": f"{_INDENT_CM * depth}cm"}
        for depth in range(1, _MAX_LIST_DEPTH + 1)
    }
    for name, shape in shapes.items():
        for end, side in (("", {}), (_FROM_RIGHT_SUFFIX, _FROM_RIGHT_PROPERTIES)):
            style = Style("paragraph", name=name + end)
            style.set_properties(shape | side, area="paragraph")
            document.insert_style(style, automatic=True)
    for align, name in _ALIGN_STYLES.items():
        aligned = Style("paragraph", name=name)
        aligned.set_properties({"fo:text-align": align}, area="paragraph")
        document.insert_style(aligned, automatic=True)
    for heading in range(1, _DEEPEST_HEADING + 1):
        name = _HEADING_STYLE.format(heading)
        style = Style("paragraph", name=name + _FROM_RIGHT_SUFFIX, parent_style=name)
        style.set_properties(_FROM_RIGHT_PROPERTIES, area="paragraph")
        document.insert_style(style, automatic=True)


def _make_header(level: int, text: str) -> Header:
    return _with_direction(Header(level, text), _HEADING_STYLE.format(level))


def _with_direction(
    element: _TextElement, usual_style: str = _STANDARD_STYLE, *, from_right: bool | None = None
) -> _TextElement:
    """Return the paragraph or heading, with a style for right to left if it is read so.

    Args:
        from_right: True if it is; None to detect it.
    """
    if is_from_right(element.inner_text) if from_right is None else from_right:
        style = element.get_attribute("text:style-name") or usual_style
        element.set_attribute("text:style-name", f"{style}{_FROM_RIGHT_SUFFIX}")
    return element


def _make_paragraph(block: Block, *, is_spaced: bool = True) -> Paragraph:
    depth = min(block.depth + block.quote, _MAX_LIST_DEPTH)
    spaced = _SPACED_STYLE if is_spaced else None
    paragraph = Paragraph(style=f"Repartee_List{depth}" if depth else spaced)
    if block.marker:
        paragraph.append_plain_text(f"{to_office_text(block.marker)} ")
    for run in block.runs:
        text = run_text(run, display=block.kind is Kind.MATH)
        styles = _styles_of(run, is_code=block.kind is Kind.CODE)
        target: Element = paragraph
        if is_openable(run.link):
            target = Link(to_office_text(run.link))
            paragraph.append(target)
        if target is paragraph and not styles:
            paragraph.append_plain_text(text)
            continue
        # Text without a style gets a span, too: a link cannot contain several spaces in a row.
        span = _make_span(text, styles[-1] if styles else None)
        for name in reversed(styles[:-1]):
            outer = Span(style=name)
            outer.append(span)
            span = outer
        target.append(span)
    return paragraph


def _make_span(text: str, style: str | None) -> Span:
    span = Span(style=style)
    span.append_plain_text(text)
    return span


def _styles_of(run: Run, *, is_code: bool) -> list[str]:
    is_set_by_style = {
        "bold": run.bold,
        "italic": run.italic,
        "strike": run.strike,
        "superscript": run.note or run.element == "sup",
        "subscript": run.element == "sub",
        "underline": run.element == "u",
        "mark": run.element == "mark",
        "code": run.code or run.element == "kbd" or is_code,
    }
    return [f"Repartee_{name}" for name, is_set in is_set_by_style.items() if is_set]


def _make_table(table: OfficeTable, name: str) -> Table:
    odf_table = Table(name, style=_TABLE_STYLE + _FROM_RIGHT_SUFFIX if table.from_right else None)
    for number, cells in enumerate(table.aligned_rows()):
        row = Row()
        for text, align in cells:
            cell = Cell(style=_CELL_STYLE)
            cell.set_attribute("office:value-type", "string")
            from_right = _STANDARD_STYLE + _FROM_RIGHT_SUFFIX
            style = from_right if is_from_right(text) else _ALIGN_STYLES.get(align)
            paragraph = Paragraph(style=style)
            paragraph.append(_make_span(text, None if number else _BOLD_STYLE))
            cell.append(paragraph)
            row.append_cell(cell)
        odf_table.append_row(row)
    return odf_table
