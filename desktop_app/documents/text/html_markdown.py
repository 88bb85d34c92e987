"""Converts HTML to Markdown.

The HTML comes from web pages, books, mails and the clipboard. Word writes list items as paragraphs
that begin with a bullet or number. Google Docs wraps everything in a <b> that is not bold, stores
bold in styles, and puts nested lists beside the items that they belong to. Mails and older pages
lay out their text with tables.

Scripts, styles, hidden parts, images (except their alternative text) and links into the page are
left out. Nothing is fetched. Markdown's special characters in the text stay as they are, because
escapes cost tokens and hide words from a search.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import whole_number
from desktop_app.documents.text.html_blocks import (
    BlockFlow,
    HtmlCell,
    HtmlList,
    HtmlTable,
    InlineMark,
)
from desktop_app.domain.code_fence import fenced

_HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LISTS: Final = frozenset({"ul", "ol"})
_CELLS: Final = frozenset({"td", "th"})
_MARKS: Final = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em"), "*"),
    **dict.fromkeys(("s", "strike", "del"), "~~"),
    **dict.fromkeys(("code", "tt", "kbd", "samp"), "`"),
}
_DIVISIONS: Final = frozenset(
    {"p", "dt", "dd", "summary", "figcaption", "legend", "caption"}
    | {"div", "section", "article", "header", "footer", "main", "nav", "aside", "figure", "address"}
    | {"center", "details", "dialog", "dl", "fieldset", "form", "hgroup", "search"}
)
_BLOCKS: Final = _DIVISIONS | _HEADINGS.keys() | _LISTS | {"blockquote", "hr", "li", "pre", "table"}
_TABLE_PARTS: Final = frozenset({"tr", "thead", "tbody", "tfoot"}) | _CELLS
# Browsers draw these apart from the words around them.
_CONTROLS: Final = frozenset({"button", "option", "textarea"})
_NEVER_SHOWN: Final = frozenset(
    {"script", "style", "noscript", "template", "title", "svg", "iframe", "object"}
    | {"audio", "video", "canvas"}
)
# A page's menus are noise, and so are buttons and choices in text that the user selected.
LEFT_OUT_OF_PAGES: Final = _NEVER_SHOWN | {"nav"}
LEFT_OUT_OF_SELECTIONS: Final = _NEVER_SHOWN | {"button", "select"}
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)


@dataclass(frozen=True)
class _ImpliedEnd:
    """A rule: a start tag in `starting` ends an element in `ended`, unless a barrier is between."""

    starting: frozenset[str]
    ended: frozenset[str]
    barriers: frozenset[str]


_IMPLIED_ENDS: Final = (
    _ImpliedEnd(
        _BLOCKS - {"li"}, frozenset({"p"}), frozenset({"li", "div", "blockquote"}) | _CELLS
    ),
    _ImpliedEnd(frozenset({"li"}), frozenset({"li"}), _LISTS),
    _ImpliedEnd(frozenset({"dt", "dd"}), frozenset({"dt", "dd"}), frozenset({"dl"})),
    _ImpliedEnd(_CELLS | {"tr"}, _CELLS, frozenset({"table"})),
    _ImpliedEnd(frozenset({"tr"}), frozenset({"tr"}), frozenset({"table"})),
)
_MONOSPACED: Final = re.compile(r"font-family:[^;]*(?:mono|courier|consolas|menlo)", re.I)
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_LINES_KEPT: Final = re.compile(r"white-space:\s*(?:pre-wrap|pre-line|break-spaces)", re.I)
_PREFORMATTED: Final = re.compile(r"white-space:\s*pre\s*(?:;|$)", re.I)
_BOLD: Final = re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.I)
_NOT_BOLD: Final = re.compile(r"font-weight:\s*(?:normal|[1-5]00)", re.I)
_ITALIC: Final = re.compile(r"font-style:\s*(?:italic|oblique)", re.I)
_LINE_THROUGH: Final = re.compile(r"text-decoration[a-z-]*:[^;]*line-through", re.I)
_HIDDEN: Final = re.compile(r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all", re.I)
# KaTeX draws each formula a second time next to its MathML.
_DRAWN_FORMULA: Final = re.compile(r"(?:^|\s)katex-html(?:\s|$)")
_WORD_LEVEL: Final = re.compile(r"mso-list:\s*l\d+\s+level(\d+)", re.I)
_WORD_LABEL: Final = re.compile(r"mso-list:\s*ignore", re.I)
_NUMBER: Final = re.compile(r"\s*\(?(?:\d+|[a-zA-Z]{1,5})[.)]")
_LANGUAGE: Final = re.compile(r"(?:language-|lang-|highlight-source-)([\w+#-]+)")
_TINY: Final = re.compile(r"[0-3](?:px)?")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_TAG_START: Final = re.compile("<[a-zA-Z/!?]")
_BULLETS: Final = "-*+"
# Each level of lists and quotes costs another copy of the text in it.
_MAX_DEPTH: Final = 50
_MAX_OPEN_ELEMENTS: Final = 1_000
_MOST_SPANNED: Final = 100
# Word's lists have no elements of their own.
_WORD_LIST, _WORD_ITEM = "#list", "#item"


@dataclass(frozen=True)
class ConvertedHtml:
    """HTML as Markdown; `has_prose` is True if there are words outside code blocks."""

    text: str
    has_prose: bool


def convert(source: str, left_out: frozenset[str]) -> ConvertedHtml:
    """Convert HTML to Markdown; elements of `left_out` are dropped with their content."""
    source = _terminate(source.replace("\r\n", "\n").replace("\r", "\n"))
    writer = _Writer(left_out)
    writer.feed(source)
    writer.close()
    return ConvertedHtml(writer.text(), writer.has_prose)


def convert_selection(source: str) -> str:
    """Convert HTML from the clipboard to Markdown.

    Returns "" if all of it is code: then the plain text on the clipboard is better.
    """
    converted = convert(source, LEFT_OUT_OF_SELECTIONS)
    return converted.text if converted.has_prose else ""


def _terminate(source: str) -> str:
    """Terminate an unterminated comment or tag at the end, as browsers do.

    The library's parser would search for the end again from every following "<": 80 kB take 5 s.
    """
    if source.rfind("<!--") > source.rfind("-->"):
        return source + "-->"
    return source + ">" if _TAG_START.search(source, source.rfind(">") + 1) else source


@dataclass(frozen=True, slots=True)
class _Element:
    """An open element.

    Attributes:
        tag: its name, or `_WORD_LIST` or `_WORD_ITEM`.
        on_end: called at its end.
        keeps_lines: line ends in its text are line breaks.
        is_left_out: its content is not written.
    """

    tag: str
    on_end: Callable[[], None] | None = None
    keeps_lines: bool = False
    is_left_out: bool = False


class _Writer(HTMLParser):
    """Parser of HTML that writes Markdown.

    Attributes:
        has_prose: there are words outside code blocks.
    """

    def __init__(self, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.has_prose = False
        self._elements_left_out = left_out
        self._flows = [BlockFlow()]
        self._lists: list[HtmlList] = []
        self._tables: list[HtmlTable] = []
        self._cell_texts: list[list[str]] = []  # the paragraphs of each open cell
        self._open: list[_Element] = []
        # Counts of open elements; each piece of text needs them.
        self._tags: Counter[str] = Counter()
        self._left_out = 0
        self._line_keepers = 0
        self._is_after_space = True
        self._heading = 0
        self._code: list[str] | None = None
        self._language = ""
        # The bullet or number that Word writes before an item, while its element is open.
        self._word_label: list[str] | None = None
        self._formula: list[str] = []
        self._annotation: list[str] = []

    def text(self) -> str:
        """Finish, and return the Markdown."""
        while self._open:
            self._close_last()
        self._end_paragraph()
        return self._flows[0].text()

    # ------------------------------------------------------------ tags and text

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Return the end of the declaration at `i`; -1 if it has none.

        As in browsers, everything up to the next ">" is a comment. The library's version fails with
        an AssertionError at an incomplete declaration ("<![;").
        """
        return self.parse_bogus_comment(i, report)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            if not self._left_out:
                self._add_void(tag, attributes)
        elif self._left_out or self._is_left_out(tag, attributes):
            if not self._left_out and not _is_hidden(attributes):
                self.handle_data(_image_label(attributes))
            if not self._left_out or len(self._open) < _MAX_OPEN_ELEMENTS:
                self._push(_Element(tag, is_left_out=True))
        else:
            self._end_implied(tag)
            self._start(tag, attributes, attributes.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        # In a cell, the end tag of an element around the table ends nothing.
        for element in reversed(self._open) if self._tags[tag] else ():
            if element.tag == tag:
                self._close_through(tag)
                break
            if element.tag in _CELLS and tag not in _TABLE_PARTS | {"table"}:
                break

    def _close_through(self, tag: str) -> None:
        """Close the innermost element of this tag, and the elements in it."""
        while self._close_last() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._left_out:
            return
        if self._word_label is not None:
            self._word_label.append(data)
        elif self._tags["math"]:
            self._add_to_formula(data)
        elif self._code is not None:
            self._code.append(data)
        else:
            self._write(data.replace("\xa0", " "))

    def _write(self, text: str) -> None:
        lines = [text]
        if self._line_keepers:
            lines = _EMPTY_LINES.sub("\n\n", text).split("\n")
        for number, line in enumerate(lines):
            if number:
                self._break_line()
            line = _SPACE.sub(" ", line)
            if self._is_after_space:
                line = line.lstrip(" ")
            if line:
                self._is_after_space = line.endswith(" ")
                self.has_prose = self.has_prose or line != " "
                self._flows[-1].line.append(line)

    def _break_line(self) -> None:
        """End the line, or the paragraph if the line is empty."""
        line = self._flows[-1].line
        if self._heading:
            self._write(" ")
        elif line[-1:] == ["\n"]:
            self._end_paragraph()
        elif line:
            line[-1] = line[-1].rstrip(" ")
            line.append("\n")
            self._is_after_space = True

    def _end_paragraph(self) -> None:
        """Finish the current paragraph or heading, if there is any."""
        flow = self._flows[-1]
        text = flow.end_line()
        self._is_after_space = True
        if text:
            flow.blocks.append(
                md.heading(text, self._heading) if self._heading else MarkdownBlock(text)
            )
            if self._cell_texts:
                self._cell_texts[-1].append(text)

    def _end_implied(self, tag: str) -> None:
        """Close the elements that `tag` ends without an end tag: "<li>a<li>b"."""
        for rule in _IMPLIED_ENDS:
            if tag in rule.starting and any(self._tags[ended] for ended in rule.ended):
                for element in reversed(self._open):
                    if element.tag in rule.ended:
                        self._close_through(element.tag)
                        break
                    if element.tag in rule.barriers:
                        break

    # ------------------------------------------------------------ elements

    def _is_left_out(self, tag: str, attributes: dict[str, str]) -> bool:
        return (
            tag in self._elements_left_out
            or _is_hidden(attributes)
            or bool(_image_label(attributes))
            or bool(_DRAWN_FORMULA.search(attributes.get("class", "")))
        )

    def _add_void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br" and self._code is not None:
            self._code.append("\n")
        elif tag == "br":
            self._break_line()
        elif tag == "hr" and self._code is None:
            self._end_implied(tag)
            self._start_block()
            self._flows[-1].blocks.append(MarkdownBlock("---"))
        elif tag == "img":
            is_tiny = any(_TINY.fullmatch(attributes.get(side, "")) for side in ("width", "height"))
            if attributes.get("alt", "").strip() and not is_tiny and not _is_hidden(attributes):
                self.handle_data(attributes["alt"].strip())
        elif tag == "input" and attributes.get("type") == "checkbox":
            self.handle_data("[x] " if "checked" in attributes else "[ ] ")

    def _start(self, tag: str, attributes: dict[str, str], style: str) -> None:
        if len(self._open) >= _MAX_OPEN_ELEMENTS:
            if tag in _BLOCKS | _TABLE_PARTS:
                self._break_line()
        elif self._tags["math"]:
            self._push(_Element(tag))
        elif tag == "math":
            self._formula, self._annotation = [], [attributes.get("alttext", "")]
            self._push(_Element(tag, self._end_formula))
        elif self._code is not None:
            self._start_in_code(self._code, tag, attributes)
        elif tag == "pre" or (style and _PREFORMATTED.search(style) and _MONOSPACED.search(style)):
            self._start_code(tag, attributes)
        elif self._heading and tag in _DIVISIONS and (tag != "p" or not self._flows[-1].line):
            self._write(" ")  # A heading is one line.
            self._push(_Element(tag, lambda: self._write(" ")))
        elif tag in _BLOCKS:
            self._start_block_element(tag, attributes, style)
        elif tag in _TABLE_PARTS:
            self._start_in_table(tag, attributes)
        else:
            self._start_inline(tag, attributes, style)

    def _start_block(self) -> None:
        """End the paragraph and Word's lists before a block starts."""
        while self._tags[_WORD_LIST]:
            self._close_through(_WORD_LIST)
        self._end_paragraph()

    def _start_block_element(self, tag: str, attributes: dict[str, str], style: str) -> None:
        level = _WORD_LEVEL.search(style) if tag == "p" else None
        if level and not self._tags["li"]:
            self._start_word_item(min(int(level[1]), 9))
            return
        self._start_block()
        self._heading = 0
        is_too_deep = len(self._flows) + len(self._lists) > _MAX_DEPTH
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
            self._push(_Element(tag, self._end_heading))
        elif tag == "table":
            for outer in self._tables:
                outer.treat_as_layout()
            self._tables.append(HtmlTable(attributes.get("role") in ("presentation", "none")))
            self._push(_Element(tag, self._end_table))
        elif tag == "blockquote" and not is_too_deep:
            self._flows.append(BlockFlow())
            self._push(_Element(tag, self._end_quote))
        elif tag in _LISTS and not is_too_deep:
            self._start_list(tag, attributes.get("start", ""))
        elif tag == "li" and self._lists and not is_too_deep:
            self._start_item(tag)
        else:
            self._language = _language(attributes) or self._language
            self._push(_Element(tag, self._end_paragraph, _keeps_lines(style)))

    def _end_heading(self) -> None:
        self._end_paragraph()
        self._heading = 0

    def _end_quote(self) -> None:
        self._end_paragraph()
        text = self._flows.pop().text()
        if text:
            lines = (f"> {line}".rstrip() for line in text.split("\n"))
            self._flows[-1].blocks.append(MarkdownBlock("\n".join(lines)))

    def _start_code(self, tag: str, attributes: dict[str, str]) -> None:
        """Start a code block: <pre>, or the <div> with a style that editors copy."""
        self._start_block()
        self._code = []
        self._language = _language(attributes) or self._language
        self._push(_Element(tag, self._end_code))

    def _start_in_code(self, code: list[str], tag: str, attributes: dict[str, str]) -> None:
        if tag == "code" and not "".join(code).strip():
            self._language = _language(attributes) or self._language
        is_line = tag in ("div", "p")
        self._push(_Element(tag, (lambda: code.append("\n")) if is_line else None))

    def _end_code(self) -> None:
        code = "".join(self._code or ()).strip("\n")
        if code.strip():
            self._flows[-1].blocks.append(MarkdownBlock(fenced(code, self._language)))
            for table in self._tables:
                table.treat_as_layout()  # Code needs its lines.
        self._code, self._language = None, ""

    # ------------------------------------------------------------ within a line

    def _start_inline(self, tag: str, attributes: dict[str, str], style: str) -> None:
        line, address = self._flows[-1].line, attributes.get("href", "").strip()
        if tag == "span" and style and _WORD_LABEL.search(style):
            self._word_label = []
            self._push(_Element(tag, self._apply_word_label))
        elif tag == "a" and address and all(mark.sign for mark in self._flows[-1].marks):
            self._start_marks(tag, [InlineMark("", len(line), address.replace(" ", "%20"))])
        elif tag == "q":
            self._write('"')
            self._push(_Element(tag, lambda: self._write('"')))
        elif tag in _CONTROLS:
            self._write(" ")
            self._push(_Element(tag, lambda: self._write(" ")))
        elif tag in ("sup", "sub"):
            start, change = len(line), md.superscript if tag == "sup" else md.subscript

            def end_script() -> None:
                line[start:] = [change("".join(line[start:]))]

            self._push(_Element(tag, end_script))
        else:
            signs = self._new_signs(tag, style)
            marks = [InlineMark(sign, len(line)) for sign in signs]
            self._start_marks(tag, marks, keeps_lines=_keeps_lines(style))

    def _new_signs(self, tag: str, style: str) -> list[str]:
        """Return the marks that an element adds: strikethrough, bold, italic, code."""
        sign = _MARKS.get(tag, "")
        if not sign and not style:
            return []
        signs = {sign}
        if style:
            if _BOLD.search(style):
                signs.add("**")
            elif _NOT_BOLD.search(style):
                signs.discard("**")
            if _ITALIC.search(style):
                signs.add("*")
            if _LINE_THROUGH.search(style):
                signs.add("~~")
            if tag in ("span", "font") and _MONOSPACED.search(style):
                signs.add("`")
        if self._heading or self._tags["th"]:
            signs.discard("**")
        signs -= {mark.sign for mark in self._flows[-1].marks}
        return [sign for sign in ("~~", "**", "*", "`") if sign in signs]

    def _start_marks(self, tag: str, marks: list[InlineMark], *, keeps_lines: bool = False) -> None:
        flow = self._flows[-1]
        flow.marks.extend(marks)

        def end() -> None:
            for mark in reversed(marks):
                flow.apply_mark(mark)
                flow.marks.remove(mark)

        self._push(_Element(tag, end if marks else None, keeps_lines))

    def _add_to_formula(self, data: str) -> None:
        if self._tags["annotation"]:
            self._annotation.append(data)
        elif not self._tags["annotation-xml"]:
            self._formula.append(data)

    def _end_formula(self) -> None:
        """Write a formula as it was typed, else its symbols in order."""
        typed = "".join(self._annotation[1:]).strip() or self._annotation[0]
        self._write(" ".join((typed or " ".join(self._formula)).split()))

    # ------------------------------------------------------------ tables

    def _start_in_table(self, tag: str, attributes: dict[str, str]) -> None:
        """Start a row or a cell. A cell outside a table is a paragraph."""
        self._end_paragraph()
        if not self._tables or tag not in _CELLS | {"tr"}:
            self._push(_Element(tag, self._end_paragraph))
            return
        table = self._tables[-1]
        if tag == "tr" or not table.rows:
            table.rows.append([])
        if tag == "tr":
            self._push(_Element(tag))
            return
        columns, rows = _span(attributes, "colspan"), _span(attributes, "rowspan")
        self._flows.append(BlockFlow())
        self._cell_texts.append([])
        self._push(_Element(tag, lambda: self._end_cell(table, columns, rows)))

    def _end_cell(self, table: HtmlTable, columns: int, rows: int) -> None:
        self._end_paragraph()
        text = " ".join(self._cell_texts.pop())
        table.rows[-1].append(HtmlCell(text, self._flows.pop().blocks, columns, rows))

    def _end_table(self) -> None:
        self._end_paragraph()
        self._flows[-1].blocks.extend(self._tables.pop().blocks())

    # ------------------------------------------------------------ lists

    def _start_list(self, tag: str, start: str) -> None:
        """Start a list. A list directly in another list belongs to its last item."""
        outer = self._lists[-1] if self._open and self._open[-1].tag in _LISTS else None
        bullet = self._next_bullet() if tag == "ul" else ""
        number = int(start) if start.isdecimal() and len(start) < 10 else 1
        self._lists.append(HtmlList(bullet, number))
        item = outer.items[-1] if outer and outer.items else None
        self._push(_Element(tag, lambda: self._end_list(item)))

    def _next_bullet(self) -> str:
        """Return the bullet of a list in the open lists; it differs from that around it."""
        depth = sum(bool(list_.bullet) for list_ in self._lists)
        return _BULLETS[depth % len(_BULLETS)]

    def _start_item(self, tag: str) -> None:
        self._flows.append(BlockFlow())
        self._lists[-1].items.append(self._flows[-1])
        self._push(_Element(tag, self._end_item))

    def _end_item(self) -> None:
        self._end_paragraph()
        self._flows.pop()

    def _end_list(self, item: BlockFlow | None = None) -> None:
        self._end_paragraph()
        text = self._lists.pop().text()
        if text:
            (item or self._flows[-1]).blocks.append(MarkdownBlock(text, is_item=True))

    def _start_word_item(self, level: int) -> None:
        """Start an item of a list from Word: a paragraph that states its level."""
        while self._tags[_WORD_LIST] and self._lists[-1].level > level:
            self._close_through(_WORD_LIST)
        if self._tags[_WORD_LIST] and self._lists[-1].level == level:
            self._close_through(_WORD_ITEM)
        else:
            self._end_paragraph()
            self._lists.append(HtmlList(self._next_bullet(), level=level))
            self._push(_Element(_WORD_LIST, self._end_list))
        self._start_item(_WORD_ITEM)
        self._push(_Element("p", self._end_paragraph))

    def _apply_word_label(self) -> None:
        """Make a list numbered if its first item begins with a number."""
        sign, self._word_label = "".join(self._word_label or ()), None
        if self._tags[_WORD_LIST] and len(self._lists[-1].items) == 1 and _NUMBER.match(sign):
            self._lists[-1].use_numbers()

    # ------------------------------------------------------------ open elements

    def _push(self, element: _Element) -> None:
        self._open.append(element)
        self._tags[element.tag] += 1
        self._left_out += element.is_left_out
        self._line_keepers += element.keeps_lines

    def _close_last(self) -> str:
        """Close the innermost element, and return its tag."""
        element = self._open.pop()
        self._tags[element.tag] -= 1
        self._left_out -= element.is_left_out
        self._line_keepers -= element.keeps_lines
        if element.on_end:
            element.on_end()
        return element.tag


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style", "")))


def _image_label(attributes: dict[str, str]) -> str:
    """Return the label of an element that is presented as an image; "" if it is none."""
    return attributes.get("aria-label", "").strip() if attributes.get("role") == "img" else ""


def _language(attributes: dict[str, str]) -> str:
    """Return the programming language in the classes of an element; "" if there is none."""
    found = _LANGUAGE.search(attributes.get("class", ""))
    return found[1] if found else ""


def _keeps_lines(style: str) -> bool:
    return bool(_LINES_KEPT.search(style))


def _span(attributes: dict[str, str], name: str) -> int:
    """Return the number of columns or rows of a cell."""
    count = whole_number(attributes.get(name))
    return count if 1 <= count <= _MOST_SPANNED else 1
