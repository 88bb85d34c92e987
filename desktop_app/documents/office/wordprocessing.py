"""Converts Word documents (.docx) to Markdown.

Converts headings, numbered lists, tables, footnotes, comments and text boxes; reads the parts
directly, as ISO/IEC 29500-1 describes them. Headings are the title and all paragraphs with an
outline level, which the style may define. The numbers of lists are those that Word shows. Headers
come once, before the text, and footers after it. Tracked deletions are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import drawing, office_formulas
from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import Package, local_name, whole_number
from desktop_app.documents.office.symbol_font import unicode_character, unicode_text
from desktop_app.documents.worker.protocol import Limits

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHARACTER_ELEMENTS: Final = {
    "tab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "\u2011",
    "ptab": "\t",
}
_CONTAINERS: Final = frozenset(
    ("ins", "moveTo", "smartTag", "customXml", "fldSimple", "sdt", "sdtContent", "dir", "bdo")
)
_LIST_STYLES: Final = {
    "lowerLetter": "a",
    "upperLetter": "A",
    "lowerRoman": "i",
    "upperRoman": "I",
    "decimalZero": "01",
}
# Stands for an asterisk of the text while "**" marks bold words. XML cannot contain it.
_ASTERISK: Final = "\0"
_CHARACTER_CODE: Final = re.compile("[0-9A-Fa-f]{1,4}")
# Word allows 63 columns in a table, but a damaged file may state any number.
_MAX_SPAN: Final = 64
# Headings have the outline levels 0 to 8; 9 stands for body text.
_OUTLINE_LEVELS: Final = 9


def read(name: str, data: bytes, limits: Limits, read_embedded: Callable[[str, bytes], str]) -> str:
    """Return the document as Markdown.

    Args:
        read_embedded: returns the text of a document in this one by its name and bytes.
    """
    package = Package(name, data, limits)
    part = package.main_part("word/document.xml")

    def related(kind: str) -> Element:
        return package.xml_if_present(package.related_part(part, kind))

    reader = _Reader(
        styles=_Styles(related("styles")),
        numbering=_Numbering(related("numbering")),
        package=package,
        relations=package.relationships(part),
        annotations={
            kind: {note.get(f"{W}id", ""): note for note in related(f"{kind}s")}
            for kind in ("footnote", "endnote", "comment")
        },
        read_embedded=read_embedded,
    )
    tree = package.xml(part)
    blocks = list(reader.blocks(tree))
    has_even = _is_on(_value(related("settings"), f"{W}evenAndOddHeaders"))
    headers = md.repeated_lines("Header", reader.page_texts(tree, "header", has_even=has_even))
    footers = md.repeated_lines("Footer", reader.page_texts(tree, "footer", has_even=has_even))
    text = md.join_blocks([*headers, *blocks, *footers, *reader.notes.blocks()])
    return text.replace(_ASTERISK, "*")


def _value(element: Element | None, path: str, attribute: str = "val") -> str | None:
    """Return the value of the property at `path`: None without the property, "" without a value."""
    property_element = None if element is None else element.find(path)
    return None if property_element is None else property_element.get(f"{W}{attribute}", "")


def _is_on(value: str | None) -> bool:
    return value is not None and value not in ("0", "false", "off")


class _Styles:
    """The styles of a document, with inheritance."""

    def __init__(self, tree: Element) -> None:
        self._styles = {style.get(f"{W}styleId", ""): style for style in tree.iter(f"{W}style")}

    def find(self, style_id: str | None, path: str, attribute: str = "val") -> str | None:
        """Return the value of a property from the nearest style that has it; None if none has."""
        for style in self._chain(style_id):
            value = _value(style, path, attribute)
            if value is not None:
                return value
        return None

    def is_title(self, style_id: str | None) -> bool:
        """Return True if a style is the title style, or based on that."""
        names = ((_value(style, f"{W}name") or "").lower() for style in self._chain(style_id))
        return any(name == "title" for name in names)

    def _chain(self, style_id: str | None) -> Iterator[Element]:
        """Yield a style, and the styles that it is based on."""
        seen_ids: set[str] = set()
        while style_id in self._styles and style_id not in seen_ids:
            seen_ids.add(style_id)
            yield self._styles[style_id]
            style_id = _value(self._styles[style_id], f"{W}basedOn") or ""


class _Numbering:
    """The numbering of lists, with the count of each list's paragraphs so far."""

    def __init__(self, tree: Element) -> None:
        self._abstract = {e.get(f"{W}abstractNumId", ""): e for e in tree.iter(f"{W}abstractNum")}
        self._defining_styles = {
            style: e for e in self._abstract.values() if (style := _value(e, f"{W}styleLink"))
        }
        self._lists = {
            e.get(f"{W}numId", ""): (_value(e, f"{W}abstractNumId") or "", e)
            for e in tree.iter(f"{W}num")
        }
        self._counts: dict[str, dict[int, int]] = {}
        # The lists, by id, and their levels whose count has begun at an overriding start.
        self._restarted: set[tuple[str, int]] = set()

    def next_label(self, number_id: str, level: int) -> str:
        """Count a list's next paragraph, and return its label: "-", "3.", "b)", "2.1".

        Bullets are not counted. Levels without a number are not counted either; their label is "".
        """
        abstract_id, instance = self._lists.get(number_id, ("", None))
        levels = self._levels(self._abstract.get(abstract_id), instance)
        definition = levels.get(level)
        style = _value(definition, f"{W}numFmt") or "bullet"
        if style in ("bullet", "none"):
            return "-" if style == "bullet" else ""
        # Lists that restart count separately; others share the count of their abstract list.
        is_restarted = (
            instance is not None and instance.find(f"{W}lvlOverride/{W}startOverride") is not None
        )
        counts = self._counts.setdefault(number_id if is_restarted else f"of {abstract_id}", {})
        for upper_level in range(level):
            counts.setdefault(
                upper_level, whole_number(_value(levels.get(upper_level), f"{W}start"), 1)
            )
        self._count(counts, number_id, level, levels=levels, instance=instance)
        text = _value(definition, f"{W}lvlText") or f"%{level + 1}."
        has_digits_only = _is_on(_value(definition, f"{W}isLgl"))
        for shown_level in range(level + 1):
            number_style = _LIST_STYLES.get(
                _value(levels.get(shown_level), f"{W}numFmt") or "", "1"
            )
            if has_digits_only and number_style.isalpha():
                number_style = "1"
            text = text.replace(f"%{shown_level + 1}", md.number(counts[shown_level], number_style))
        return text

    def _levels(self, abstract: Element | None, instance: Element | None) -> dict[int, Element]:
        """Return the levels of a list: those of its definition, replaced by the list's own."""
        style = _value(abstract, f"{W}numStyleLink")
        sources = (
            self._defining_styles.get(style or "", abstract),
            *(() if instance is None else instance.findall(f"{W}lvlOverride")),
        )
        return {
            whole_number(level.get(f"{W}ilvl")): level
            for source in sources
            if source is not None
            for level in source.findall(f"{W}lvl")
        }

    def _count(
        self,
        counts: dict[int, int],
        number_id: str,
        level: int,
        *,
        levels: dict[int, Element],
        instance: Element | None,
    ) -> None:
        """Count a paragraph, and forget the counts of deeper levels, unless they never restart.

        Args:
            counts: the counts so far, by level.
            number_id: the id of the list.
            level: the level of the paragraph.
            levels: the definitions of the levels.
            instance: the list.
        """
        path = f"{W}lvlOverride[@{W}ilvl='{level}']/{W}startOverride"
        restart = _value(instance, path)
        if restart is not None and (number_id, level) not in self._restarted:
            self._restarted.add((number_id, level))
            counts[level] = whole_number(restart, 1)
        elif level in counts:
            counts[level] += 1
        else:
            counts[level] = whole_number(_value(levels.get(level), f"{W}start"), 1)
        for deeper in [counted_level for counted_level in counts if counted_level > level]:
            if _value(levels.get(deeper), f"{W}lvlRestart") != "0":
                del counts[deeper]


@dataclass
class _OpenParagraph:
    """The state of a paragraph that is being read.

    Attributes:
        boxes: the anchored text boxes and drawings.
        in_code: for each open field, the outermost first, True until its result begins.
    """

    boxes: list[Element] = field(default_factory=list)
    in_code: list[bool] = field(default_factory=list)

    @property
    def is_in_outer_code(self) -> bool:
        """Return True in a field within another field's code, which is not shown."""
        return any(self.in_code[:-1])

    def process_field_mark(self, mark: Element) -> None:
        """Open a field, begin its result, or close it."""
        kind = mark.get(f"{W}fldCharType")
        if kind == "begin":
            self.in_code.append(True)
        elif self.in_code:
            self.in_code.pop()
            if kind == "separate":
                self.in_code.append(False)


@dataclass
class _Reader:
    """Converter of the body of a document.

    Attributes:
        annotations: the footnotes, endnotes and comments, by their kind and id.
        read_embedded: returns the text of an embedded document by its name and bytes.
    """

    styles: _Styles
    numbering: _Numbering
    package: Package
    relations: dict[str, str]
    annotations: dict[str, dict[str, Element]]
    read_embedded: Callable[[str, bytes], str]
    notes: md.FootnoteList = field(default_factory=md.FootnoteList)
    _marks: dict[tuple[str, str], str] = field(default_factory=dict)

    def blocks(self, parent: Element) -> Iterator[MarkdownBlock]:
        """Yield the paragraphs and tables below an element."""
        drop_caps: list[Element] = []
        for child in parent:
            match local_name(child):
                case "p" if _is_drop_cap(child):
                    drop_caps.append(child)
                case "p":
                    yield from self._paragraph(*drop_caps, child)
                    drop_caps = []
                case "tbl":
                    yield from self._table(child)
                case "AlternateContent":
                    yield from self.blocks(next(iter(child), child))
                case "altChunk":
                    yield self._embedded(self.relations.get(drawing.relation_id(child), ""))
                case "body" | "sdt" | "sdtContent" | "ins" | "moveTo" | "customXml" | "txbxContent":
                    yield from self.blocks(child)
        if drop_caps:
            yield from self._paragraph(*drop_caps)

    def page_texts(self, tree: Element, kind: str, *, has_even: bool) -> Iterator[str]:
        """Yield the text of each header or footer that a section shows.

        Args:
            kind: "header" or "footer".
            has_even: even pages have headers and footers of their own.
        """
        parts: dict[str, None] = {}
        # By type. A section inherits those that it does not state from the section before it.
        section_parts: dict[str, str] = {}
        for section in tree.iter(f"{W}sectPr"):
            for reference in section.findall(f"{W}{kind}Reference"):
                part = self.relations.get(drawing.relation_id(reference), "")
                section_parts[reference.get(f"{W}type", "default")] = part
            is_shown = {"first": _is_on(_value(section, f"{W}titlePg")), "even": has_even}
            for page_type, part in section_parts.items():
                if is_shown.get(page_type, True):
                    parts[part] = None
        for part in parts:
            part_reader = replace(self, relations=self.package.relationships(part))
            yield " ".join(
                block.text for block in part_reader.blocks(self.package.xml_if_readable(part))
            )

    def _embedded(self, part: str) -> MarkdownBlock:
        """Convert a document in another format, which some programs leave for Word to convert."""
        if part not in self.package:
            return MarkdownBlock("")
        return MarkdownBlock(self.read_embedded(part.rpartition("/")[2], self.package.bytes(part)))

    def _paragraph(self, *parts: Element) -> Iterator[MarkdownBlock]:
        """Yield a paragraph and its boxes; all parts but the last are its drop caps."""
        open_paragraph = _OpenParagraph()
        part_texts = ("".join(self._inline(part, open_paragraph)).strip("\n") for part in parts)
        text = md.merge_bold("".join(part_texts)).strip("\n ")
        if text:
            yield self._block(text, parts[-1].find(f"{W}pPr"))
        for box in open_paragraph.boxes:
            if local_name(box) == "txbxContent":
                yield from self.blocks(box)
            else:
                yield from drawing.blocks(self.package, box, self.relations)

    def _block(self, text: str, properties: Element | None) -> MarkdownBlock:
        style = _value(properties, f"{W}pStyle")
        outline = _value(properties, f"{W}outlineLvl")
        if outline is None:
            outline = self.styles.find(style, f"{W}pPr/{W}outlineLvl")
        label, depth = self._label(properties, style)
        if self.styles.is_title(style):
            return md.heading(text.replace("**", ""), 1)
        if whole_number(outline, _OUTLINE_LEVELS) < _OUTLINE_LEVELS:
            number = f"{label} " if label not in ("", "-") else ""
            return md.heading(number + text.replace("**", ""), whole_number(outline) + 1)
        return md.item(label, text, depth) if label else MarkdownBlock(text)

    def _label(self, properties: Element | None, style: str | None) -> tuple[str, int]:
        """Return the label and the depth of a list item; "" and 0 for other paragraphs."""
        path = f"{W}numPr/{W}"
        number_id = _value(properties, f"{path}numId")
        level = _value(properties, f"{path}ilvl")
        if number_id is None:
            number_id = self.styles.find(style, f"{W}pPr/{path}numId")
        if level is None:
            level = self.styles.find(style, f"{W}pPr/{path}ilvl")
        if number_id in (None, "", "0"):
            return "", 0
        depth = min(max(whole_number(level), 0), _OUTLINE_LEVELS)
        return self.numbering.next_label(number_id or "", depth), depth

    def _inline(self, parent: Element, paragraph: _OpenParagraph) -> Iterator[str]:
        """Yield the words below an element, and record fields and boxes in `paragraph`."""
        for child in parent:
            name = local_name(child)
            if name == "r":
                yield self._run(child, paragraph)
            elif name == "hyperlink":
                link_text = "".join(self._inline(child, paragraph))
                yield md.link(link_text, self.relations.get(drawing.relation_id(child), ""))
            elif name == "fldSimple" and any(paragraph.in_code):
                continue
            elif name in _CONTAINERS:
                yield from self._inline(child, paragraph)
            elif name == "AlternateContent":
                yield from self._inline(next(iter(child), child), paragraph)
            elif name == "oMath":
                yield office_formulas.office_math_line(child)
            elif name == "oMathPara":
                yield office_formulas.office_math_lines(child)

    def _run(self, run: Element, paragraph: _OpenParagraph) -> str:
        properties = run.find(f"{W}rPr")
        if _is_on(_value(properties, f"{W}vanish")):
            for mark in run.findall(f"{W}fldChar"):
                paragraph.process_field_mark(mark)
            return ""
        font = self._run_property(properties, f"{W}rFonts[@{W}ascii]", "ascii") or ""
        text = "".join(self._run_words(run, paragraph, font))
        alignment = self._run_property(properties, f"{W}vertAlign")
        if alignment == "superscript":
            text = md.superscript(text)
        elif alignment == "subscript":
            text = md.subscript(text)
        return md.bold(text) if _is_on(self._run_property(properties, f"{W}b")) else text

    def _run_property(
        self, properties: Element | None, path: str, attribute: str = "val"
    ) -> str | None:
        """Return the value of a run's property; None if neither run nor style has it."""
        value = _value(properties, path, attribute)
        if value is not None:
            return value
        style = _value(properties, f"{W}rStyle")
        return self.styles.find(style, f"{W}rPr/{path}", attribute)

    def _run_words(self, run: Element, paragraph: _OpenParagraph, font: str) -> Iterator[str]:
        """Yield the words of a run, and record fields and boxes in `paragraph`."""
        for child in run:
            name = local_name(child)
            if name == "fldChar":
                paragraph.process_field_mark(child)
                yield "" if paragraph.is_in_outer_code else _form_value(child)
            elif paragraph.is_in_outer_code:
                continue
            elif name == "t":
                yield unicode_text(font, child.text or "").replace("*", _ASTERISK)
            elif name in _CHARACTER_ELEMENTS:
                yield _CHARACTER_ELEMENTS[name]
            elif name == "sym":
                code = child.get(f"{W}char", "")
                if _CHARACTER_CODE.fullmatch(code):
                    yield unicode_character(child.get(f"{W}font", ""), int(code, 16))
            elif name == "ruby":
                for base in child.findall(f"{W}rubyBase"):
                    yield from self._inline(base, paragraph)
            elif name in ("footnoteReference", "endnoteReference", "commentReference"):
                yield self._note(name.removesuffix("Reference"), child.get(f"{W}id", ""))
            elif name == "AlternateContent" and child.find("*/{*}symEx") is not None:
                # An emoji is stored twice. Only the version for old programs is a text.
                yield from self._run_words(child[-1], paragraph, font)
            elif name in ("drawing", "pict", "object", "AlternateContent"):
                # A box is stored twice, for new and for old programs.
                first = child[0] if name == "AlternateContent" and len(child) else child
                descendants = drawing.iterate_drawn(first)
                paragraph.boxes.extend(e for e in descendants if local_name(e) == "txbxContent")
                paragraph.boxes.append(first)

    def _note(self, kind: str, note_id: str) -> str:
        """Add a footnote, an endnote or a comment, each once, and return its mark."""
        note = self.annotations[kind].get(note_id)
        if note is None or (kind, note_id) in self._marks:
            return self._marks.get((kind, note_id), "")
        self._marks[kind, note_id] = ""  # in case that it contains a reference to itself
        text = " ".join(block.text.strip() for block in self.blocks(note))
        if kind == "comment":
            text = md.comment(text, note.get(f"{W}author", ""))
        self._marks[kind, note_id] = self.notes.add(text)
        return self._marks[kind, note_id]

    def _table(self, table: Element) -> Iterator[MarkdownBlock]:
        rows = list(_children_named(table, "tr"))
        texts = [list(self._cells(row)) for row in rows]
        if len(texts) == 1 and len(texts[0]) == 1:
            # A single cell is a frame around text, not a table.
            for cell in _children_named(rows[0], "tc"):
                yield from self.blocks(cell)
            return
        yield md.table(texts)

    def _cells(self, row: Element) -> Iterator[str]:
        """Yield the text of each column; "" for a column in which no cell begins."""
        skipped_columns = whole_number(_value(row, f"{W}trPr/{W}gridBefore"))
        yield from [""] * min(skipped_columns, _MAX_SPAN)
        for cell in _children_named(row, "tc"):
            properties = cell.find(f"{W}tcPr")
            merge = None if properties is None else properties.find(f"{W}vMerge")
            is_continuation = merge is not None and merge.get(f"{W}val") != "restart"
            blocks = () if is_continuation else self.blocks(cell)
            yield " ".join(block.text for block in blocks if block.text).replace("**", "")
            span = whole_number(_value(properties, f"{W}gridSpan"), 1)
            yield from [""] * min(span - 1, _MAX_SPAN)


def _is_drop_cap(paragraph: Element) -> bool:
    """Return True for a drop cap, the large first letter, which Word stores as a paragraph."""
    kind = _value(paragraph, f"{W}pPr/{W}framePr", "dropCap")
    return kind not in (None, "", "none")


def _form_value(field_start: Element) -> str:
    """Return the box or choice that a form field shows; "" for all other fields."""
    box = field_start.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        checked = _value(box, f"{W}checked")
        return "☒" if _is_on(_value(box, f"{W}default") if checked is None else checked) else "☐"
    choice = field_start.find(f"{W}ffData/{W}ddList")
    number = whole_number(_value(choice, f"{W}result") or _value(choice, f"{W}default"))
    entries = () if choice is None else choice.findall(f"{W}listEntry")
    return entries[number].get(f"{W}val", "") if 0 <= number < len(entries) else ""


def _children_named(parent: Element, name: str) -> Iterator[Element]:
    """Yield rows or cells, including those in content controls and tracked insertions."""
    for child in parent:
        if local_name(child) == name:
            yield child
        elif local_name(child) in _CONTAINERS:
            yield from _children_named(child, name)
