"""Writes a conversation as a Word document."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import docx
from docx.enum.table import WD_TABLE_DIRECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm
from docx.text.run import Run as DocxRun

from desktop_app.exchange.writers.office.office_content import (
    MAX_PROPERTY_CHARS,
    OfficeMessage,
    OfficeTable,
    document_parts,
    is_from_left,
    is_from_right,
    is_same_code,
    picture_size_cm,
    to_office_text,
)
from desktop_app.markdown.block_model import Block, Kind, source_text
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.processes.diagram_drawing import Diagram, DrawDiagram, draw_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from docx.document import Document
    from docx.text.paragraph import Paragraph

_MONOSPACED: Final = "Courier New"
_INDENT_CM: Final = 0.75
_DEEPEST_HEADING: Final = 9
"""Word has styles for nine levels of headings."""
_ALIGNMENTS: Final = {"center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}


def write_docx(
    file: Path, title: str, messages: Iterable[OfficeMessage], draw: DrawDiagram = draw_nothing
) -> None:
    """Write the document. Raises OSError."""
    document = docx.Document()
    document.core_properties.title = to_office_text(title)[:MAX_PROPERTY_CHARS]
    document.core_properties.author = ""
    _set_direction(document.add_heading(to_office_text(title), 0))
    for message in messages:
        _set_direction(document.add_heading(message.heading, 1))
        for note in message.notes:
            _set_direction(document.add_paragraph(note, style="Caption"))
        add_blocks(document, message.calls, draw)
        add_blocks(document, message.blocks, draw)
        for ending in message.endings:
            _set_direction(document.add_paragraph(ending, style="Caption"))
    with file.open("wb") as stream:
        document.save(stream)


def add_blocks(
    document: Document, blocks: Iterable[Block], draw: DrawDiagram = draw_nothing
) -> None:
    """Add blocks at the end of a document."""
    parts = list(document_parts(blocks, draw))
    for part, below in zip_longest(parts, parts[1:]):
        if isinstance(part, OfficeTable):
            _add_table(document, part)
        elif isinstance(part, Diagram):
            width, _height = picture_size_cm(part)
            picture = document.add_picture(BytesIO(part.png), width=Cm(width))
            picture._inline.docPr.set("descr", part.name)  # python-docx has no function for it
        elif part.kind is Kind.HEADING:
            heading = to_office_text(f"{part.marker} {part.text}".lstrip())
            _set_direction(document.add_heading(heading, min(part.level + 1, _DEEPEST_HEADING)))
        elif part.kind is Kind.RULE:
            if part.marker:
                _add_paragraph(document, part)  # only the marker, because a rule has no text
            document.add_paragraph("⁂").alignment = WD_ALIGN_PARAGRAPH.CENTER
        elif part.kind is not Kind.CODE_HEAD:
            paragraph = _add_paragraph(document, part)
            if is_same_code(part, below):
                paragraph.paragraph_format.space_after = Cm(0)


def _add_paragraph(document: Document, block: Block) -> Paragraph:
    paragraph = document.add_paragraph(style="Quote" if block.quote else None)
    shape = paragraph.paragraph_format
    if levels := block.depth + block.quote:
        shape.left_indent = Cm(_INDENT_CM * levels)
        if block.marker:
            shape.first_line_indent = Cm(-_INDENT_CM)
            shape.tab_stops.add_tab_stop(Cm(_INDENT_CM * levels))
            paragraph.add_run(f"{to_office_text(block.marker)}\t")
    _add_runs(paragraph, block)
    if block.kind is not Kind.CODE:
        _set_direction(paragraph)
    return paragraph


def _add_runs(paragraph: Paragraph, block: Block) -> None:
    for run in block.runs:
        added_run = paragraph.add_run(to_office_text(source_text(run)))
        if is_openable(run.link):
            # A hyperlink, for which python-docx has no function.
            target = to_office_text(run.link)
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), paragraph.part.relate_to(target, RT.HYPERLINK, is_external=True))
            added_run.element.addprevious(link)
            link.append(added_run.element)
        added_run.bold = run.bold or None
        added_run.italic = run.italic or run.math or None
        added_run.font.strike = run.strike or None
        added_run.font.superscript = run.note or run.element == "sup" or None
        added_run.font.subscript = run.element == "sub" or None
        added_run.font.underline = run.element == "u" or is_openable(run.link) or None
        if run.element == "mark":
            added_run.font.highlight_color = WD_COLOR_INDEX.YELLOW
        if run.code or run.element == "kbd" or block.kind is Kind.CODE:
            added_run.font.name = _MONOSPACED


def _set_direction(paragraph: Paragraph) -> None:
    """Set the direction of a paragraph that is read from right to left."""
    if not is_from_right(paragraph.text):
        return
    element = paragraph.paragraph_format.element
    # The schema prescribes the order of these elements.
    element.get_or_add_pPr().insert_element_before(
        OxmlElement("w:bidi"), "w:spacing", "w:ind", "w:jc"
    )
    for run in map(partial(DocxRun, parent=paragraph), element.iter(qn("w:r"))):
        if not is_from_left(run.text):
            run.font.rtl = True
            # Text from right to left has a weight and slant of its own.
            run.font.cs_bold = run.bold
            run.font.cs_italic = run.italic


def _add_table(document: Document, table: OfficeTable) -> None:
    added_table = document.add_table(rows=0, cols=table.columns, style="Table Grid")
    if table.from_right:
        added_table.table_direction = WD_TABLE_DIRECTION.RTL
    for number, row in enumerate(table.aligned_rows()):
        for cell, (text, align) in zip(added_table.add_row().cells, row, strict=True):
            cell.paragraphs[0].add_run(text).bold = number == 0 or None
            _set_direction(cell.paragraphs[0])
            if not is_from_right(text):
                cell.paragraphs[0].alignment = _ALIGNMENTS.get(align)
