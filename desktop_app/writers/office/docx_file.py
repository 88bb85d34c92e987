"""Writes Word documents: a conversation, or the changes between two versions of a text.

Both versions are written in the same way as an export, and then compared: paragraphs and rows of
tables first, then the words of those that correspond. Accepting all changes gives the later
version, rejecting all gives the earlier one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from difflib import SequenceMatcher
from functools import partial
from io import BytesIO
from itertools import count, groupby, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import docx
from docx.enum.table import WD_TABLE_DIRECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm
from docx.text.run import Run as DocxRun
from lxml import etree

from desktop_app.markdown.block_model import (
    LINE_BREAK,
    TEXT_KINDS,
    Block,
    Kind,
    Runs,
    is_read_from_right,
    source_text,
)
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.processes.diagram_drawing import Diagram, DrawDiagram, draw_nothing
from desktop_app.writers.office.office_content import (
    MAX_PROPERTY_CHARS,
    OfficeMessage,
    OfficeTable,
    document_parts,
    is_from_left,
    is_from_right,
    is_same_code,
    picture_size_cm,
    run_text,
    to_office_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from docx.document import Document
    from docx.text.paragraph import Paragraph

_MONOSPACED: Final = "Courier New"
_INDENT_CM: Final = 0.75
_DEEPEST_HEADING: Final = 9
"""Word has styles for nine levels of headings."""
_ALIGNMENTS: Final = {"center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}


WriteFormula = Callable[..., "str | None"]
"""A function from TeX, and the keyword `display`, to Office Math; None for a formula to be left."""


def _write_no_formula(_tex: str, *, display: bool) -> None:
    """Leave all formulas as they are written."""


def write_docx(
    file: Path,
    title: str,
    messages: Iterable[OfficeMessage],
    draw: DrawDiagram = draw_nothing,
    write_formula: WriteFormula = _write_no_formula,
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
        add_blocks(document, message.calls, draw, write_formula)
        add_blocks(document, message.blocks, draw, write_formula)
        for ending in message.endings:
            _set_direction(document.add_paragraph(ending, style="Caption"))
    with file.open("wb") as stream:
        document.save(stream)


def add_blocks(
    document: Document,
    blocks: Iterable[Block],
    draw: DrawDiagram = draw_nothing,
    write_formula: WriteFormula = _write_no_formula,
    forms: TextForms | None = None,
) -> None:
    """Add blocks at the end of a document.

    Args:
        forms: those of a text of its own, whose headings keep their level; None for a message,
            which is below a heading, and whose lists may be cut off.
    """
    if forms is not None:
        blocks = forms.take_notes(blocks)
    parts = list(document_parts(blocks, draw))
    for part, below in zip_longest(parts, parts[1:]):
        if isinstance(part, OfficeTable):
            _add_table(document, part, write_formula, forms)
        elif isinstance(part, Diagram):
            width, _height = picture_size_cm(part)
            picture = document.add_picture(BytesIO(part.png), width=Cm(width))
            picture._inline.docPr.set("descr", part.name)  # python-docx has no function for it
        elif part.kind is Kind.HEADING:
            marker = to_office_text(f"{part.marker} ".lstrip())
            level = part.level if forms is not None else part.level + 1
            heading = document.add_heading(marker, min(level, _DEEPEST_HEADING))
            _add_runs(heading, part.runs, part.kind, write_formula, forms)
            _set_direction(heading)
        elif part.kind is Kind.RULE:
            if part.marker:  # the only text: a rule has none
                _add_paragraph(document, part, write_formula, forms)
            document.add_paragraph("⁂").alignment = WD_ALIGN_PARAGRAPH.CENTER
        elif part.kind is not Kind.CODE_HEAD:
            paragraph = _add_paragraph(document, part, write_formula, forms)
            if is_same_code(part, below):
                paragraph.paragraph_format.space_after = Cm(0)


def _add_paragraph(
    document: Document, block: Block, write_formula: WriteFormula, forms: TextForms | None
) -> Paragraph:
    paragraph = document.add_paragraph(style="Quote" if block.quote else None)
    shape = paragraph.paragraph_format
    if levels := block.depth + block.quote:
        shape.left_indent = Cm(_INDENT_CM * levels)
        if forms is not None and forms.number(paragraph, block):
            shape.first_line_indent = Cm(-_INDENT_CM)
        elif block.marker:
            shape.first_line_indent = Cm(-_INDENT_CM)
            shape.tab_stops.add_tab_stop(Cm(_INDENT_CM * levels))
            paragraph.add_run(f"{to_office_text(block.marker)}\t")
    _add_runs(paragraph, block.runs, block.kind, write_formula, forms)
    if block.kind is not Kind.CODE:
        from_right = is_read_from_right(block) if block.kind in TEXT_KINDS else None
        _set_direction(paragraph, from_right)
    return paragraph


def _add_runs(
    paragraph: Paragraph,
    runs: Runs,
    kind: Kind,
    write_formula: WriteFormula,
    forms: TextForms | None = None,
) -> None:
    for run in runs:
        if run.note and forms is not None and forms.refer(paragraph, run.text):
            continue
        is_display = kind is Kind.MATH
        tex = source_text(run).replace(LINE_BREAK, "\n")
        if run.math and (formula := write_formula(tex, display=is_display)):
            paragraph._p.append(parse_xml(formula))
            continue
        added_run = paragraph.add_run(run_text(run, display=is_display))
        if is_openable(run.link):
            # A hyperlink, for which python-docx has no function.
            target = to_office_text(run.link)
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), paragraph.part.relate_to(target, RT.HYPERLINK, is_external=True))
            added_run.element.addprevious(link)
            link.append(added_run.element)
        added_run.bold = run.bold or None
        added_run.italic = run.italic or None
        added_run.font.strike = run.strike or None
        added_run.font.superscript = run.note or run.element == "sup" or None
        added_run.font.subscript = run.element == "sub" or None
        added_run.font.underline = run.element == "u" or is_openable(run.link) or None
        if run.element == "mark":
            added_run.font.highlight_color = WD_COLOR_INDEX.YELLOW
        if run.code or run.element == "kbd" or kind is Kind.CODE:
            added_run.font.name = _MONOSPACED


def _set_direction(paragraph: Paragraph, from_right: bool | None = None) -> None:
    """Set the direction of a paragraph that is read from right to left; None to detect it."""
    if not (is_from_right(paragraph.text) if from_right is None else from_right):
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


def _add_table(
    document: Document, table: OfficeTable, write_formula: WriteFormula, forms: TextForms | None
) -> None:
    added_table = document.add_table(rows=0, cols=table.columns, style="Table Grid")
    if table.from_right:
        added_table.table_direction = WD_TABLE_DIRECTION.RTL
    for number, (row, row_runs) in enumerate(zip(table.aligned_rows(), table.cells, strict=True)):
        cells = added_table.add_row().cells
        padded_runs = (*row_runs, *[()] * len(row))
        for cell, (text, align), runs in zip(cells, row, padded_runs, strict=False):
            paragraph = cell.paragraphs[0]
            _add_runs(paragraph, runs, Kind.TABLE, write_formula, forms)
            for run in paragraph.runs if number == 0 else ():
                run.bold = True
            _set_direction(paragraph)
            if not is_from_right(text):
                paragraph.alignment = _ALIGNMENTS.get(align)


_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_BULLETS: Final = "•◦▪"
_LEVELS: Final = 9
_ORDERED: Final = re.compile("([0-9]{1,9})([.)])")
_FOOTNOTES_TYPE: Final = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
)
_FIRST_NOTE: Final = 1  # 0 and -1 are the lines above the notes
_FOOTNOTES: Final = (
    f'<w:footnotes {_W}><w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r>'
    '</w:p></w:footnote><w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r>'
    "<w:continuationSeparator/></w:r></w:p></w:footnote>{notes}</w:footnotes>"
)
_NOTE_MARK: Final = f'<w:r {_W}><w:rPr><w:vertAlign w:val="superscript"/></w:rPr>{{mark}}</w:r>'


class TextForms:
    """The lists and footnotes of a text, as Word has them. Versions of a text share them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._numbering = document.part.numbering_part.element
        self._abstract: dict[str, int] = {}  # by what follows the number; "" for bullets
        self._lists: dict[tuple[object, ...], int] = {}
        self._open: list[int] = []  # the lists around the next item
        self._seen: Counter[tuple[object, ...]] = Counter()
        self._names: dict[str, int] = {}  # of the footnotes of this version
        self._notes: dict[tuple[Block, ...], int] = {}

    def take_notes(self, blocks: Iterable[Block]) -> list[Block]:
        """Begin a version of the text: return its blocks without those of its footnotes."""
        self._seen.clear()
        self._open.clear()
        self._names.clear()
        kept: list[Block] = []
        notes: dict[str, list[Block]] = {}
        name = ""
        for block in blocks:
            if block.note and block.marker:
                name = block.marker
            elif not (name and block.depth and not block.marker and not block.begins):
                name = ""
            if name:
                notes.setdefault(name, []).append(block)
            else:
                kept.append(block)
        for label, members in notes.items():
            self._names[label] = self._notes.setdefault(
                tuple(members), _FIRST_NOTE + len(self._notes)
            )
        return kept

    def refer(self, paragraph: Paragraph, name: str) -> bool:
        """Add the mark of a footnote. Return False if the text has no such footnote."""
        number = self._names.get(name)
        if number is not None:
            mark = f'<w:footnoteReference w:id="{number}"/>'
            paragraph._p.append(parse_xml(_NOTE_MARK.format(mark=mark)))
        return number is not None

    def number(self, paragraph: Paragraph, block: Block) -> bool:
        """Make a paragraph an item of a list; return False if Word has no such list."""
        ordered = _ORDERED.fullmatch(block.marker)
        if not (block.depth and (ordered or (block.marker and block.marker in _BULLETS))):
            return False
        level = min(block.depth, _LEVELS) - 1
        del self._open[level + (0 if block.begins else 1) :]
        while len(self._open) <= level:
            self._open.append(self._begin_list(block, level, ordered))
        paragraph.style = "List Paragraph" if not block.quote else paragraph.style
        reference = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        reference.get_or_add_ilvl().val = level
        reference.get_or_add_numId().val = self._open[level]
        return True

    def _begin_list(self, block: Block, level: int, ordered: re.Match[str] | None) -> int:
        """Return the number of a list; a list that begins alike in another version has the same."""
        start, after = (int(ordered[1]), ordered[2]) if ordered else (0, "")
        key: tuple[object, ...] = (after,)
        if ordered:
            key = (after, level, start, block.runs)
            self._seen[key] += 1
            key = (*key, self._seen[key])
        if key not in self._lists:
            abstract = self._abstract.get(after)
            if abstract is None:
                abstract = self._abstract[after] = self._add_abstract(after)
            added = self._numbering.add_num(abstract)
            if ordered:
                added.add_lvlOverride(level).add_startOverride(start)
            self._lists[key] = added.numId
        return self._lists[key]

    def _add_abstract(self, after: str) -> int:
        numbers = self._numbering.xpath("./w:abstractNum/@w:abstractNumId")
        number = max(map(int, numbers), default=-1) + 1
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/>'
            f'<w:numFmt w:val="{"decimal" if after else "bullet"}"/>'
            f'<w:lvlText w:val="{f"%{level + 1}{after}" if after else _BULLETS[min(level, 2)]}"/>'
            f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{425 * (level + 1)}" w:hanging="425"/>'
            "</w:pPr></w:lvl>"
            for level in range(_LEVELS)
        )
        kind = '<w:multiLevelType w:val="multilevel"/>'
        xml = f'<w:abstractNum {_W} w:abstractNumId="{number}">{kind}{levels}</w:abstractNum>'
        first = self._numbering.find(qn("w:num"))  # all definitions precede the lists
        element = parse_xml(xml)
        if first is None:
            self._numbering.append(element)
        else:
            first.addprevious(element)
        return number

    def write_notes(self) -> None:
        """Add the footnotes of all versions to the document."""
        if not self._notes:
            return
        notes = []
        for blocks, number in self._notes.items():
            paragraphs = []
            for block in blocks:
                paragraph = self._document.add_paragraph()
                if block is blocks[0]:
                    mark = _NOTE_MARK.format(mark="<w:footnoteRef/>")
                    paragraph._p.append(parse_xml(mark))
                    paragraph.add_run(" ")
                # Without links: their targets are relationships of the document.
                runs = tuple(run._replace(link="") for run in block.runs)
                _add_runs(paragraph, runs, block.kind, _write_no_formula)
                _set_direction(paragraph)
                self._document.element.body.remove(paragraph._p)
                paragraphs.append(etree.tostring(paragraph._p, encoding="unicode"))
            notes.append(f'<w:footnote w:id="{number}">{"".join(paragraphs)}</w:footnote>')
        name = PackURI("/word/footnotes.xml")
        data = _FOOTNOTES.replace("{notes}", "".join(notes)).encode()
        part = Part(name, _FOOTNOTES_TYPE, data, self._document.part.package)
        self._document.part.relate_to(part, RT.FOOTNOTES)


Element = Any
"""An element of python-docx's XML, whose attributes depend on its name."""

_DELETED: Final = "w:del"
_INSERTED: Final = "w:ins"
_UNCHANGED: Final = ""
_WORD: Final = re.compile(r"[^\W\u2e80-\uffff]+|\s+|.", re.DOTALL)
"""A word, a character of a script without spaces, white space, or a sign."""
_LOOK_AHEAD: Final = 30
_MIN_SIMILARITY: Final = 0.5


class _Piece(NamedTuple):
    """A word with its format, or the mark of a footnote.

    Attributes:
        properties: the XML of the run's properties.
        link: the id of its link.
        mark: the XML of a run that is no text.
    """

    text: str
    properties: bytes
    link: str
    mark: bytes = b""


def word_with_changes(before: str, after: str, author: str, when: datetime) -> bytes:
    """Return a Word document of two Markdown texts, with the differences as tracked changes.

    Args:
        before: the earlier version.
        after: the later version.
        author: the name at each change.
        when: the time at each change, in the time zone that the reader sees.
    """
    document = docx.Document()
    document.core_properties.author = ""
    forms = TextForms(document)
    old, new = _written(document, before, forms), _written(document, after, forms)
    forms.write_notes()
    changes = _Changes(to_office_text(author), when)
    end = document.element.body[-1]  # the properties of the pages
    for element in changes.merged(old, new):
        end.addprevious(element)
    if end.getprevious() is None or _is_tracked(end.getprevious()):
        document.add_paragraph()  # the end of the last paragraph cannot be deleted
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def _written(document: Document, markdown: str, forms: TextForms) -> list[Element]:
    """Return what the writer makes of a text. Both texts share the document's links and forms."""
    add_blocks(document, render(markdown), forms=forms)
    elements = list(document.element.body)[:-1]
    for element in elements:
        document.element.body.remove(element)
    return elements


class _Changes:
    """Merges elements of two versions, and marks those of only one of them."""

    def __init__(self, author: str, when: datetime) -> None:
        # Word shows the time as it is written, although it ends with "Z" ([MS-DOCX] 2.5.4.1).
        self._attributes = {qn("w:author"): author, qn("w:date"): f"{when:%Y-%m-%dT%H:%M:%SZ}"}
        self._numbers = count(1)

    def _mark(self, name: str) -> Element:
        return OxmlElement(name, {qn("w:id"): str(next(self._numbers)), **self._attributes})

    def merged(self, old: Sequence[Element], new: Sequence[Element]) -> Iterator[Element]:
        """Yield paragraphs and tables, or rows, of both versions."""
        for old_element, new_element in _aligned(old, new):
            if old_element is None:
                yield self._tracked(new_element, _INSERTED)
            elif new_element is None:
                yield self._tracked(old_element, _DELETED)
            elif new_element.tag == qn("w:p"):
                yield self._merged_paragraph(old_element, new_element)
            elif new_element.tag == qn("w:tr"):
                for old_cell, new_cell in zip(old_element.tc_lst, new_element.tc_lst, strict=True):
                    self._merged_paragraph(old_cell.p_lst[0], new_cell.p_lst[0])
                yield new_element
            else:
                rows = list(self.merged(old_element.tr_lst, new_element.tr_lst))
                for row in new_element.tr_lst:
                    new_element.remove(row)
                new_element.extend(rows)
                yield new_element

    def _tracked(self, element: Element, change: str) -> Element:
        """Return a paragraph, a row or a table that only one version has."""
        if element.tag == qn("w:tbl"):
            for row in element.tr_lst:
                self._tracked(row, change)
        elif element.tag == qn("w:tr"):
            element.get_or_add_trPr().append(self._mark(change))
            for cell in element.tc_lst:
                self._fill(cell.p_lst[0], [(change, piece) for piece in _pieces(cell.p_lst[0])])
        else:
            self._fill(element, [(change, piece) for piece in _pieces(element)])
            end = OxmlElement("w:rPr")
            end.append(self._mark(change))
            element.get_or_add_pPr().append(end)
        return element

    def _merged_paragraph(self, old: Element, new: Element) -> Element:
        if etree.tostring(old) == etree.tostring(new):
            return new
        old_pieces, new_pieces = _pieces(old), _pieces(new)
        matcher = SequenceMatcher(lambda piece: piece.text.isspace(), old_pieces, new_pieces)
        pieces = []
        for _, old_start, old_end, new_start, new_end in matcher.get_opcodes():
            if old_pieces[old_start:old_end] == new_pieces[new_start:new_end]:
                pieces += [(_UNCHANGED, piece) for piece in new_pieces[new_start:new_end]]
            else:
                pieces += [(_DELETED, piece) for piece in old_pieces[old_start:old_end]]
                pieces += [(_INSERTED, piece) for piece in new_pieces[new_start:new_end]]
        self._fill(new, pieces)
        old_format = deepcopy(old.get_or_add_pPr())
        if etree.tostring(old_format) != etree.tostring(new.get_or_add_pPr()):
            format_change = self._mark("w:pPrChange")
            format_change.append(old_format)
            new.pPr.append(format_change)
        return new

    def _fill(self, paragraph: Element, pieces: list[tuple[str, _Piece]]) -> None:
        """Replace the text of a paragraph by pieces, each with its change."""
        paragraph.clear_content()
        for (change, properties, link, mark), members in groupby(
            pieces, key=lambda pair: (pair[0], *pair[1][1:])
        ):
            run = parse_xml(mark) if mark else OxmlElement("w:r")
            if properties and not mark:
                run.append(parse_xml(properties))
            if not mark:
                run.text = "".join(piece.text for _, piece in members)
            if change == _DELETED:
                for text in run.t_lst:
                    text.tag = qn("w:delText")
            parent = paragraph
            if link:
                parent = OxmlElement("w:hyperlink", {qn("r:id"): link})
                paragraph.append(parent)
            if change:
                mark = self._mark(change)
                parent.append(mark)
                parent = mark
            parent.append(run)


def _is_tracked(element: Element) -> bool:
    return bool(
        element.tag == qn("w:tbl")
        or element.xpath(f"./w:pPr/w:rPr/{_INSERTED} | ./w:pPr/w:rPr/{_DELETED}")
    )


def _pieces(paragraph: Element) -> list[_Piece]:
    pieces = []
    for run in paragraph.xpath("./w:r | ./w:hyperlink/w:r"):
        properties = b"" if run.rPr is None else etree.tostring(run.rPr)
        link = run.getparent().get(qn("r:id"), "")
        pieces += [_Piece(text, properties, link) for text in _WORD.findall(run.text)]
        if run.xpath("./w:footnoteReference"):
            pieces.append(_Piece("", properties, link, etree.tostring(run)))
    return pieces


def _aligned(
    old: Sequence[Element], new: Sequence[Element]
) -> Iterator[tuple[Element | None, Element | None]]:
    """Yield, in order, all elements with those of the other version that correspond."""
    old_keys, new_keys = list(map(etree.tostring, old)), list(map(etree.tostring, new))
    matcher = SequenceMatcher(None, old_keys, new_keys, autojunk=False)
    for name, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        old_part, new_part = old[old_start:old_end], new[new_start:new_end]
        yield from (
            zip(old_part, new_part, strict=True)
            if name == "equal"
            else _similar(old_part, new_part)
        )


def _similar(
    old: Sequence[Element], new: Sequence[Element]
) -> Iterator[tuple[Element | None, Element | None]]:
    """Pair each element with the most similar one of the next few of the other version."""
    new_words = [_words(element) for element in new]
    begin = 0
    for element in old:
        words = _words(element)
        best, best_at = _MIN_SIMILARITY, -1
        for index in range(begin, min(begin + _LOOK_AHEAD, len(new))):
            common = len(words & new_words[index])
            similarity = 2 * common / (len(words) + len(new_words[index]) or 1)
            if similarity > best and _is_same_form(element, new[index]):
                best, best_at = similarity, index
        if best_at < 0:
            yield element, None
            continue
        yield from ((None, added) for added in new[begin:best_at])
        yield element, new[best_at]
        begin = best_at + 1
    yield from ((None, added) for added in new[begin:])


def _words(element: Element) -> frozenset[str]:
    return frozenset(_WORD.findall(" ".join(element.xpath(".//w:t/text()")))) - {" "}


def _is_same_form(old: Element, new: Element) -> bool:
    """Return True for two paragraphs, or for tables or rows with the same columns."""
    if old.tag == qn("w:tr"):
        return len(old.tc_lst) == len(new.tc_lst)
    forms = [
        (each.tag, *map(etree.tostring, each.xpath("./w:tblPr | ./w:tblGrid")))
        for each in (old, new)
    ]
    return forms[0] == forms[1]
