"""Converts Word's documents (.docx) to Markdown, with mammoth.

mammoth reads body, notes, comments and text boxes. Page headers and footers, charts, diagrams and
documents that Word has only embedded are added after the body, formulas are written on one line.

mammoth drops elements that it does not know, with the text in them. So these are replaced by their
content, and formulas, drawn text and choices by runs of text. Hidden and deleted text is removed.
The numbers of paragraphs become text, because mammoth knows only lists with and without numbers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import mammoth
from mammoth import html as mammoth_html
from mammoth.docx.dingbats import dingbats

from desktop_app.documents import formulas, refusals
from desktop_app.documents.media_type import part_key
from desktop_app.documents.office import drawing
from desktop_app.documents.office.package import Package, local_name, resolve_part, whole_number
from desktop_app.documents.office.word_numbering import WordNumbering
from desktop_app.documents.office.word_styles import WORD, WordStyles, is_on, value_of
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.text import web_page
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents.document_notes import SkipReason

_MAIN_PART: Final = "word/document.xml"
_NOTES: Final = re.compile(r"word/\w*(?:notes|comments)\.xml")
_BACK_LINK: Final = re.compile(r'\s*<a href="#[^"]*">↑</a>')
_NOTE_LINK: Final = re.compile(
    rf'<sup><a href="#{web_page.NOTE}\w+-[^"]*"[^>]*>\[([0-9]+)\]</a></sup>'
)
_STYLES: Final = """
comment-reference => sup
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
"""
_NOTE_KINDS: Final = ("footnote", "endnote", "comment")
_STYLES_PART: Final = "word/styles.xml"
_PARSER_ERRORS: Final = (ValueError, LookupError, AttributeError, TypeError, OSError)


def read(
    name: str,
    data: bytes,
    limits: Limits,
    read_embedded: Callable[[str, bytes], str],
    left_out: LeftOut,
) -> str:
    """Return a document as Markdown; `read_embedded` returns the text of a document in it."""
    package = Package(name, data, limits)
    main = package.main_part(_MAIN_PART)
    related = dict(package.related(main))
    styles = package.xml_if_readable(related.get("styles", _STYLES_PART))
    for style in styles.iter(f"{WORD}style"):  # mammoth fails without
        style.set(f"{WORD}type", style.get(f"{WORD}type", "paragraph"))
        style.set(f"{WORD}styleId", style.get(f"{WORD}styleId", ""))
    markup = WordMarkup(styles, left_out)
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(_rewritten(package, main, markup, styles, left_out)),
            style_map=_STYLES,
            id_prefix=web_page.NOTE,
            convert_image=lambda image: (
                [mammoth_html.text(image.alt_text)] if image.alt_text else []
            ),
        ).value
    except _PARSER_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    left_out.unread += package.unread_objects(main)
    embedded = (
        read_embedded(target, package.content(target))
        for kind, target in package.related(main)
        if kind == "aFChunk" and target in package
    )
    left_out.unread += (
        (target, SkipReason.MISSING)
        for kind, target in package.related(main)
        if kind == "aFChunk" and target not in package
    )
    texts = [
        web_page.to_markdown(with_labels(_NOTE_LINK.sub(r"[^\1]", _BACK_LINK.sub("", page)))),
        *embedded,
        *drawing.related_blocks(package, main, left_out),
        "\n".join(_repeated_lines(package, main, markup, left_out)),
    ]
    return "\n\n".join(filter(None, texts))


def _rewritten(
    package: Package, main: str, markup: WordMarkup, styles: Element, left_out: LeftOut
) -> bytes:
    """Return the document with the parts that mammoth reads as it needs them.

    mammoth finds a part by exactly the name that refers to it.
    """
    related = {kind: part_key(target) for kind, target in package.related(main)}
    numbering = related.get("numbering", "word/numbering.xml")
    notes = {
        kind: {
            note.get(f"{WORD}id")
            for note in package.xml_if_readable(related.get(f"{kind}s", f"word/{kind}s.xml"))
        }
        for kind in _NOTE_KINDS
    }
    lost_kinds: set[str] = set()
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:
        for part in package.keys:
            if part == numbering:
                archive.writestr(part, LISTS)
            elif part == related.get("styles", _STYLES_PART):
                archive.writestr(part, ElementTree.tostring(styles))
            elif part == part_key(main) or _NOTES.fullmatch(part):
                tree = (
                    package.xml(part) if part == part_key(main) else package.text_of(part, left_out)
                )
                lost_kinds |= _drop_missing_notes(tree, notes)
                markup.rewrite(tree)
                markup.number(tree, package.xml_if_readable(numbering))
                archive.writestr(part, ElementTree.tostring(tree))
            elif part.endswith(".rels"):
                archive.writestr(part, _with_keys(package, part))
            else:
                name = "[Content_Types].xml" if part == "[content_types].xml" else part
                archive.writestr(name, package.content(part))
    left_out.unread += ((f"{kind}s", SkipReason.MISSING) for kind in sorted(lost_kinds))
    return copy.getvalue()


def _drop_missing_notes(tree: Element, notes: Mapping[str, set[str | None]]) -> set[str]:
    """Remove the marks of notes and comments that are not there, at which mammoth fails.

    Return the kinds of those.
    """
    lost_kinds = set()
    names = {f"{WORD}{kind}Reference": kind for kind in _NOTE_KINDS}
    for parent in tree.iter():
        for child in [each for each in parent if each.tag in names]:
            kind = names[str(child.tag)]
            if child.get(f"{WORD}id") not in notes[kind]:
                lost_kinds.add(kind)
                parent.remove(child)
    return lost_kinds


def _with_keys(package: Package, part: str) -> bytes:
    """Return a part of relationships whose targets are named as `part_key` names them."""
    tree = package.xml_if_readable(part)
    folder = part.rpartition("_rels/")[0]
    for element in tree:
        target = resolve_part(folder, element.get("Target", ""))
        if element.get("TargetMode") != "External" and target in package:
            element.set("Target", f"/{part_key(target)}")
    return ElementTree.tostring(tree)


def _repeated_lines(
    package: Package, main: str, markup: WordMarkup, left_out: LeftOut
) -> Iterator[str]:
    """Yield each header and footer once; page numbers alone are left out."""
    lines: dict[str, None] = {}
    for kind, target in package.related(main):
        if kind in ("header", "footer"):
            tree = package.text_of(target, left_out)
            markup.rewrite(tree)
            text = " ".join(drawing.paragraphs(tree).split())
            if any(map(str.isalpha, text)):
                lines[f"Page {kind}: {text}"] = None
    return iter(lines)


_ORDERED: Final = "1"
_UNORDERED: Final = "2"
LISTS: Final = (
    f'<w:numbering xmlns:w="{WORD[1:-1]}">'
    + "".join(
        f'<w:abstractNum w:abstractNumId="{key}">'
        + "".join(
            f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="{kind}"/></w:lvl>' for level in range(9)
        )
        + "</w:abstractNum>"
        for key, kind in ((_ORDERED, "decimal"), (_UNORDERED, "bullet"))
    )
    + "".join(
        f'<w:num w:numId="{key}"><w:abstractNumId w:val="{key}"/></w:num>'
        for key in (_ORDERED, _UNORDERED)
    )
    + "</w:numbering>"
)
"""The definitions of the lists in rewritten parts."""

# Noncharacters around the number of a paragraph.
_LABEL_START: Final = "\ufdd0"
_LABEL_END: Final = "\ufdd1"
_MARKDOWN_LABEL: Final = re.compile(r"[0-9]{1,9}[.)]")
_ITEM_LABEL: Final = re.compile(f"<li>{_LABEL_START}({_MARKDOWN_LABEL.pattern}){_LABEL_END}")

_PROPERTIES: Final = ("pPr", "rPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr", "sectPr")
# The elements with content that mammoth reads.
_READ: Final = frozenset(
    (
        *("document", "body", "p", "r", "tbl", "tr", "tc", "hyperlink", "ins", "moveTo"),
        *("footnotes", "footnote", "endnotes", "endnote", "comments", "comment", "hdr", "ftr"),
        *("object", "pict", "group", "rect", "roundrect", "shape", "textbox", "txbxContent"),
    )
)
_NAMES: Final = {"ptab": "tab", "cr": "br"}
"""The names of elements under which mammoth knows them."""
_MARKS: Final = tuple(f"{WORD}{name}" for name in ("strike", "dstrike", "vertAlign", "position"))
_DROPPED: Final = ("moveFrom", "rt")  # moved elsewhere, and how a word is pronounced
_WITH_TEXT: Final = ("t", "delText", "sym", "textpath", "oMath")
_INVISIBLE: Final = ("visibility:hidden", "display:none")
_UNTICKED: Final = ("0", "false")


def with_labels(page: str) -> str:
    """Put the numbers of paragraphs into the page that mammoth makes of rewritten parts."""
    page = _ITEM_LABEL.sub(r'<li value="\1">', page)
    return page.replace(_LABEL_START, "").replace(_LABEL_END, " ")


@dataclass
class _Field:
    """A field that is open: a choice of an old form has no result, but the chosen `option`."""

    option: str
    has_begun: bool = False
    has_result: bool = False


class WordMarkup:
    """Rewrites parts; `left_out` counts the hidden parts that are removed."""

    def __init__(self, styles: Element, left_out: LeftOut) -> None:
        self._styles = WordStyles(styles)
        self._left_out = left_out
        self._open_fields: list[_Field] = []
        self._style_marks: dict[str, dict[str, Element]] = {}

    def rewrite(self, part: Element) -> None:
        self._open_fields.clear()
        part[:] = self._content(part, "")

    def number(self, part: Element, numbering: Element) -> None:
        """Write the numbers of paragraphs into a part; `numbering` defines the lists."""
        self._number(part, WordNumbering(numbering, self._styles))

    # -------------------------------------------------------------- content

    def _content(self, parent: Iterable[Element], style: str) -> list[Element]:
        """Return what replaces elements; `style` is that of the paragraph around them."""
        content: list[Element] = []
        is_continued = False  # Word splits a text into many runs
        for child in parent:
            name = local_name(child)
            is_hidden = name == "del" or self._is_hidden(child, name, style)
            has_text = is_hidden and _has_text(child)
            if self._left_out.leaves_out(is_hidden, counts=has_text and not is_continued):
                is_continued = is_continued or has_text
                continue
            is_continued = is_continued and not _has_text(child)
            content += self._replaced(child, name, style)
        return content

    def _is_hidden(self, element: Element, name: str, style: str) -> bool:
        match name:
            case "r":
                properties = element.find(f"{WORD}rPr")
                stated = is_on(properties, "vanish")
                if stated is not None:
                    return stated
                run_style = value_of(properties, "rStyle")
                return any(map(self._styles.is_hidden, filter(None, (run_style, style))))
            case "tr":
                properties = element.find(f"{WORD}trPr")
                is_deleted = properties is not None and properties.find(f"{WORD}del") is not None
                return is_deleted or bool(is_on(properties, "hidden"))
            case "drawing":
                return any(e.get("hidden") in ("1", "true") for e in _named(element, "docPr"))
            case "shape" | "rect" | "roundrect" | "group" | "oval" | "line":
                return any(mark in element.get("style", "").replace(" ", "") for mark in _INVISIBLE)
        return False

    def _replaced(self, element: Element, name: str, style: str) -> list[Element]:
        """Return what replaces an element that is not left out."""
        match name:
            case "del":
                return self._content(map(_struck, element.iter(f"{WORD}r")), style)
            case "AlternateContent":
                return self._content(_branch(element), style)
            case "oMath" | "textpath":
                return [_run(element.get("string") or formulas.line(element, self._left_out))]
            case "sdt":
                return self._control(element, style)
            case "drawing":
                return [element, *self._drawn_text(element, style)]
            case "sym":
                return _symbol(element)
            case "t" | "fldChar":
                return self._field_part(element, name)
        if name == "r":
            self._state_marks(element, style)
        if name == "p":
            style = self._begin_paragraph(element)
        if name in _NAMES:
            return [Element(f"{WORD}{_NAMES[name]}")]
        if name in _DROPPED:
            return []
        if name in _READ:
            element[:] = self._content(element, style)
        elif name not in _PROPERTIES and _has_text(element):
            return self._content(element, style)
        return [element]

    def _begin_paragraph(self, paragraph: Element) -> str:
        """Return the paragraph's style."""
        if self._left_out.takes_hidden:
            for marks in paragraph.iterfind(f"{WORD}pPr/{WORD}rPr"):
                for mark in marks.findall(f"{WORD}del"):
                    marks.remove(mark)  # else mammoth joins the paragraph to the next one
        own_style = value_of(paragraph.find(f"{WORD}pPr"), "pStyle")
        return own_style or self._styles.default_paragraph

    def _marks_of(self, style: str) -> dict[str, Element]:
        if style not in self._style_marks:
            stated = self._styles.run_properties(style).values()
            self._style_marks[style] = {each.tag: each for each in stated if each.tag in _MARKS}
        return self._style_marks[style]

    def _state_marks(self, run: Element, style: str) -> None:
        """State on a run how its styles set it, by the properties that mammoth reads."""
        properties = run.find(f"{WORD}rPr")
        own = () if properties is None else properties
        stated = {
            **self._marks_of(style),
            **self._marks_of(value_of(properties, "rStyle")),
            **{each.tag: each for each in own if each.tag in _MARKS},
        }
        if not stated:
            return
        font = Element("rPr")
        font.extend(stated.values())
        if properties is None:
            properties = Element(f"{WORD}rPr")
            run.insert(0, properties)
        for old in [each for each in properties if each.tag in _MARKS]:
            properties.remove(old)
        marks = drawing.font_marks(font)
        if marks.struck:
            SubElement(properties, f"{WORD}strike")
        if marks.raised or marks.lowered:
            place = "superscript" if marks.raised else "subscript"
            SubElement(properties, f"{WORD}vertAlign").set(f"{WORD}val", place)

    def _control(self, control: Element, style: str) -> list[Element]:
        """Return the content of a content control, which states its choice if it shows none."""
        properties = control.find(f"{WORD}sdtPr")
        shown = control.find(f"{WORD}sdtContent")
        content = [] if shown is None else self._content(shown, style)
        if properties is None:
            return content
        for box in _named(properties, "checkbox"):
            ticked = next(_named(box, "checked"), Element("none"))
            value = next(iter(ticked.attrib.values()), "0")
            return [*_boxed("☐" if value in _UNTICKED else "☒", content)]
        if not any(map(_has_text, content)) and (chosen := _chosen(properties)):
            return [*content, _run(chosen)]
        return content

    def _drawn_text(self, shape: Element, style: str) -> Iterator[Element]:
        """Yield the texts of a drawing as boxes that mammoth reads after the paragraph."""
        for box in _boxes(shape):
            text = Element(f"{WORD}pict")
            content = SubElement(text, f"{WORD}txbxContent")
            if local_name(box) == "txbxContent":
                content.extend(self._content(box, style))
            else:
                SubElement(content, f"{WORD}p").append(_run(drawing.joined_text(box)))
            yield text

    def _field_part(self, element: Element, name: str) -> list[Element]:
        """Follow the fields; return the part of one, and the option that was chosen."""
        kind = element.get(f"{WORD}fldCharType")
        if kind == "begin":
            self._open_fields.append(_Field(_chosen(element)))
        elif self._open_fields:
            open_field = self._open_fields[-1]
            if name == "t":
                open_field.has_result = open_field.has_result or open_field.has_begun
            elif kind == "separate":
                open_field.has_begun = True
            elif kind == "end":
                self._open_fields.pop()
                if open_field.option and not open_field.has_result:
                    option = Element(f"{WORD}t")
                    option.text = open_field.option
                    return [element, option]
        return [element]

    # -------------------------------------------------------------- numbers

    def _number(self, parent: Element, numbering: WordNumbering) -> None:
        open_levels: list[int] = []  # of the list items around the next paragraph
        for child in parent:
            if local_name(child) == "p":
                self._number_paragraph(child, numbering, open_levels)
            elif local_name(child) == "tbl":
                open_levels.clear()
            self._number(child, numbering)

    def _number_paragraph(
        self, paragraph: Element, numbering: WordNumbering, open_levels: list[int]
    ) -> None:
        """Replace a paragraph's list by its number, or by a list that Markdown knows."""
        properties = paragraph.find(f"{WORD}pPr")
        style = value_of(properties, "pStyle") or self._styles.default_paragraph
        marks = None if properties is None else properties.find(f"{WORD}rPr")
        if marks is not None and marks.find(f"{WORD}del") is not None:
            return  # mammoth joins it to the next paragraph
        has_text = _has_text(paragraph)
        if not has_text and (is_on(marks, "vanish") or self._styles.is_hidden(style)):
            return  # Word does not count it
        label = numbering.label(paragraph)
        if properties is None:
            properties = Element(f"{WORD}pPr")
            paragraph.insert(0, properties)
        for old in properties.findall(f"{WORD}numPr"):
            properties.remove(old)
        if not has_text:
            return
        if label is None or (label.text and not _MARKDOWN_LABEL.fullmatch(label.text)):
            open_levels.clear()
        else:
            while open_levels and open_levels[-1] >= label.level:
                open_levels.pop()
            reference = SubElement(properties, f"{WORD}numPr")
            SubElement(reference, f"{WORD}ilvl").set(f"{WORD}val", str(len(open_levels)))
            key = _ORDERED if label.text else _UNORDERED
            SubElement(reference, f"{WORD}numId").set(f"{WORD}val", key)
            open_levels.append(label.level)
        if label is not None and label.text:
            index = list(paragraph).index(properties) + 1
            paragraph.insert(index, _run(f"{_LABEL_START}{label.text}{_LABEL_END}"))


def _named(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element.iter() if local_name(child) == name)


def _has_text(element: Element) -> bool:
    return any(local_name(child) in _WITH_TEXT for child in element.iter())


def _run(text: str) -> Element:
    run = Element(f"{WORD}r")
    SubElement(run, f"{WORD}t").text = text
    return run


def _struck(run: Element) -> Element:
    """Return a deleted run as text that is struck through."""
    properties = run.find(f"{WORD}rPr")
    if properties is None:
        properties = Element(f"{WORD}rPr")
        run.insert(0, properties)
    SubElement(properties, f"{WORD}strike")
    for text in run.iter(f"{WORD}delText"):
        text.tag = f"{WORD}t"
    return run


def _branch(alternatives: Element) -> Iterable[Element]:
    """Return the content of the branch to read: that of new programs, if it has text."""
    branches = list(alternatives)
    chosen = next(filter(_has_text, branches), branches[-1] if branches else Element("none"))
    return list(chosen)


def _boxes(element: Element) -> Iterator[Element]:
    """Yield the text boxes of a drawing, and the paragraphs drawn otherwise."""
    for child in _branch(element) if local_name(element) == "AlternateContent" else element:
        if local_name(child) == "txbxContent" or (
            local_name(child) == "p" and drawing.joined_text(child)
        ):
            yield child
        else:
            yield from _boxes(child)


def _boxed(box: str, content: list[Element]) -> Iterator[Element]:
    """Yield the content of a control that shows only a box, with the box as text."""
    text = next((t for child in content for t in _named(child, "t")), None)
    for child in content:
        for symbol in _named(child, "r"):
            for old in symbol.findall(f"{WORD}sym"):
                symbol.remove(old)
    if text is None:
        yield _run(box)
    else:
        text.text = box
    yield from content


def _chosen(properties: Element) -> str:
    """Return the option or the date that a form states, but may not show."""
    for choice in _named(properties, "ddList"):
        entries = [entry.get(f"{WORD}val", "") for entry in choice.iterfind(f"{WORD}listEntry")]
        index = whole_number(value_of(choice, "result") or value_of(choice, "default"))
        return entries[index] if 0 <= index < len(entries) else ""
    for choice in properties:
        if local_name(choice) in ("dropDownList", "comboBox"):
            value = choice.get(f"{WORD}lastValue", "")
            for item in choice:
                if value and item.get(f"{WORD}value") == value:
                    return item.get(f"{WORD}displayText", value)
            return value
        if local_name(choice) == "date":
            return choice.get(f"{WORD}fullDate", "").partition("T")[0]
    return ""


def _symbol(element: Element) -> list[Element]:
    """Return a symbol as mammoth reads it, else as its character, if it has one."""
    try:
        code = int(element.get(f"{WORD}char", ""), 16)
    except ValueError:
        return []
    font = element.get(f"{WORD}font")
    if (font, code) in dingbats or (font, code & 0xFF) in dingbats or 0xE000 <= code <= 0xF8FF:
        return [element]
    text = Element(f"{WORD}t")
    text.text = chr(code)
    return [text]
