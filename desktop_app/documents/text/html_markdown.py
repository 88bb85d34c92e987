"""Converts HTML to Markdown.

The HTML comes from web pages, books, mails and the clipboard. Word writes list items as paragraphs
that begin with a bullet or number. Google Docs wraps everything in a <b> that is not bold, stores
bold in styles, and puts nested lists beside the items that they belong to. Mails and older pages
lay out their text with tables.

Scripts, styles, hidden parts, images (except their alternative text) and the addresses of relative
links are left out. Nothing is fetched. Markdown's special characters in the text stay as they are,
because escapes cost tokens and hide words from a search.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from xml.etree.ElementTree import TreeBuilder

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office import office_formulas
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.text.html_blocks import InlineMark
from desktop_app.documents.text.html_elements import (
    BLOCKS,
    DIVISIONS,
    HEADINGS,
    LISTS,
    TABLE_PARTS,
    WORD_LIST,
    Element,
    OpenElements,
)
from desktop_app.documents.text.html_flow_writer import HtmlFlowWriter
from desktop_app.documents.text.html_list_writer import HtmlListWriter
from desktop_app.documents.text.html_table_writer import HtmlTableWriter
from desktop_app.domain.code_fence import fenced

_SIGNS: Final = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em"), "*"),
    **dict.fromkeys(("s", "strike", "del"), "~~"),
    **dict.fromkeys(("code", "tt", "kbd", "samp"), "`"),
}
# Browsers draw these apart from the words around them.
_CONTROLS: Final = frozenset({"button", "option", "textarea"})
_NEVER_SHOWN: Final = frozenset(
    {"script", "style", "noscript", "template", "title", "svg", "iframe", "object"}
    | {"audio", "video", "canvas"}
    | {"rp", "rt", "rtc"}  # how a word is pronounced, above it
)
# A page's menus are noise, and so are buttons and choices in text that the user selected.
LEFT_OUT_OF_PAGES: Final = _NEVER_SHOWN | {"nav"}
LEFT_OUT_OF_SELECTIONS: Final = _NEVER_SHOWN | {"button", "select"}
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)
# Without the limits, the patterns of values take quadratic time: 30 s for a style of 100 kB.
_MONOSPACED: Final = re.compile(r"font-family:[^;]{0,300}(?:mono|courier|consolas|menlo)", re.I)
_LINES_KEPT: Final = re.compile(r"white-space:\s*(?:pre-wrap|pre-line|break-spaces)", re.I)
_PREFORMATTED: Final = re.compile(r"white-space:\s*pre\s*(?:;|$)", re.I)
_BOLD: Final = re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.I)
_NOT_BOLD: Final = re.compile(r"font-weight:\s*(?:normal|[1-5]00)", re.I)
_ITALIC: Final = re.compile(r"font-style:\s*(?:italic|oblique)", re.I)
_LINE_THROUGH: Final = re.compile(r"text-decoration[a-z-]{0,9}:[^;]{0,99}line-through", re.I)
_HIDDEN: Final = re.compile(r"display:\s*none|visibility:\s*hidden|mso-hide:\s*all", re.I)
# KaTeX draws each formula a second time next to its MathML.
_DRAWN_FORMULA: Final = re.compile(r"(?:^|\s)katex-html(?:\s|$)")
_WORD_LEVEL: Final = re.compile(r"mso-list:\s*l\d+\s+level(\d{1,2})", re.I)
_WORD_LABEL: Final = re.compile(r"mso-list:\s*ignore", re.I)
_LANGUAGE: Final = re.compile(r"(?:language-|lang-|highlight-source-)([\w+#-]+)")
# Sides of tracking pixels and spacers, whose alternative text nobody sees.
_TINY: Final = re.compile(r"[0-3](?:px)?")
_TAG_START: Final = re.compile("<[a-zA-Z/!?]")
# Each level of lists and quotes costs another copy of the text in it.
_MAX_DEPTH: Final = 50


@dataclass(frozen=True)
class ConvertedHtml:
    """HTML as Markdown; `has_prose` is True if there are words outside code blocks."""

    text: str
    has_prose: bool


def convert(source: str, left_out: frozenset[str]) -> ConvertedHtml:
    """Convert HTML to Markdown; elements of `left_out` are dropped with their content."""
    source = _terminate(source.replace("\r\n", "\n").replace("\r", "\n"))
    parser = _Parser(left_out)
    parser.feed(source)
    return parser.finish()


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


class _Parser(HTMLParser):
    """Parser of HTML that writes Markdown.

    Args:
        left_out: the tags of elements that are dropped with their content.
    """

    def __init__(self, left_out: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._tags_left_out = left_out
        self._elements = OpenElements()
        self._flows = HtmlFlowWriter(self._elements)
        self._lists = HtmlListWriter(self._elements, self._flows)
        self._tables = HtmlTableWriter(self._elements, self._flows)
        self._code: list[str] | None = None  # the pieces of the open code block
        self._language = ""
        self._formula = TreeBuilder()
        self._alternative_text = ""  # of the formula
        self._annotation: list[str] = []  # of the formula

    def finish(self) -> ConvertedHtml:
        """Close the open elements, and return the Markdown."""
        self.close()
        self._elements.close_all()
        self._flows.end_paragraph()
        return ConvertedHtml(self._flows.flow.text(), self._flows.has_prose)

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
            if not self._elements.is_left_out:
                self._add_void(tag, attributes)
            return
        self._elements.close_before_start_tag(tag)
        if self._elements.is_left_out or self._is_left_out(tag, attributes):
            if not self._elements.is_left_out and not _is_hidden(attributes):
                self.handle_data(_image_label(attributes))
            if not self._elements.is_left_out or not self._elements.is_full:
                self._elements.push(Element(tag, is_left_out=True))
        else:
            self._start(tag, attributes, attributes.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._elements.close_at_end_tag(tag)

    def handle_data(self, data: str) -> None:
        if self._elements.is_left_out:
            return
        if self._lists.word_label is not None:
            self._lists.word_label.append(data)
        elif self._elements.has("math"):
            self._add_to_formula(data)
        elif self._code is not None:
            self._code.append(data)
        else:
            self._flows.write(data.replace("\xa0", " "))

    # ------------------------------------------------------------ elements

    def _is_left_out(self, tag: str, attributes: dict[str, str]) -> bool:
        return (
            tag in self._tags_left_out
            or _is_hidden(attributes)
            or bool(_image_label(attributes))
            or bool(_DRAWN_FORMULA.search(attributes.get("class", "")))
        )

    def _add_void(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br" and self._code is not None:
            self._code.append("\n")
        elif tag == "br":
            self._flows.break_line()
        elif tag == "hr" and self._code is None:
            self._elements.close_before_start_tag(tag)
            self._start_block()
            self._flows.flow.blocks.append(MarkdownBlock("---"))
        elif tag == "img":
            is_tiny = any(_TINY.fullmatch(attributes.get(side, "")) for side in ("width", "height"))
            if attributes.get("alt", "").strip() and not is_tiny and not _is_hidden(attributes):
                self.handle_data(attributes["alt"].strip())
        elif tag == "input" and attributes.get("type") == "checkbox":
            self.handle_data("[x] " if "checked" in attributes else "[ ] ")

    def _start(self, tag: str, attributes: dict[str, str], style: str) -> None:
        if self._elements.is_full:
            if tag in BLOCKS | TABLE_PARTS:
                self._flows.break_line()
        elif self._elements.has("math"):
            self._formula.start(tag, {})
            self._elements.push(Element(tag, lambda: self._formula.end(tag)))
        elif tag == "math":
            self._formula = TreeBuilder()
            self._formula.start(tag, {})
            self._annotation = []
            self._alternative_text = attributes.get("alttext", "")
            self._elements.push(Element(tag, self._end_formula))
        elif self._code is not None:
            self._start_in_code(self._code, tag, attributes)
        elif tag == "pre" or (style and _PREFORMATTED.search(style) and _MONOSPACED.search(style)):
            self._start_code(tag, attributes)
        elif self._flows.heading and tag in DIVISIONS and (tag != "p" or not self._flows.flow.line):
            self._flows.write(" ")  # A heading is one line.
            self._elements.push(Element(tag, lambda: self._flows.write(" ")))
        elif tag in BLOCKS:
            self._start_block_element(tag, attributes, style)
        elif tag in TABLE_PARTS:
            self._tables.start_part(tag, attributes)
        else:
            self._start_inline(tag, attributes, style)

    def _start_block(self) -> None:
        """End the paragraph and Word's lists before a block starts."""
        self._elements.close_each(WORD_LIST)
        self._flows.end_paragraph()

    def _start_block_element(self, tag: str, attributes: dict[str, str], style: str) -> None:
        level = _WORD_LEVEL.search(style) if tag == "p" else None
        if level and not self._elements.has("li"):
            self._lists.start_word_item(min(int(level[1]), 9))
            return
        self._start_block()
        self._flows.end_heading()
        is_too_deep = self._flows.depth + self._lists.depth > _MAX_DEPTH
        if tag in HEADINGS:
            self._flows.start_heading(HEADINGS[tag])
            self._elements.push(Element(tag, self._flows.end_heading))
        elif tag == "table":
            self._tables.start_table(tag, attributes)
        elif tag == "blockquote" and not is_too_deep:
            self._flows.open_flow()
            self._elements.push(Element(tag, self._flows.end_quote))
        elif tag in LISTS and not is_too_deep:
            self._lists.start_list(tag, attributes.get("start", ""))
        elif tag == "li" and self._lists.depth and not is_too_deep:
            self._lists.start_item(tag, attributes.get("value", ""))
        else:
            self._language = _language(attributes) or self._language
            self._elements.push(Element(tag, self._flows.end_paragraph, _keeps_lines(style)))

    def _start_code(self, tag: str, attributes: dict[str, str]) -> None:
        """Start a code block: <pre>, or the <div> with a style that editors copy."""
        self._start_block()
        self._code = []
        self._language = _language(attributes) or self._language
        self._elements.push(Element(tag, self._end_code))

    def _start_in_code(self, code: list[str], tag: str, attributes: dict[str, str]) -> None:
        if tag == "code" and not "".join(code).strip():
            self._language = _language(attributes) or self._language
        is_line = tag in ("div", "p")
        self._elements.push(Element(tag, (lambda: code.append("\n")) if is_line else None))

    def _end_code(self) -> None:
        code = "".join(self._code or ()).strip("\n")
        if code.strip():
            self._flows.flow.blocks.append(MarkdownBlock(fenced(code, self._language)))
            self._tables.mark_as_layout()  # Code needs its lines.
        self._code = None
        self._language = ""

    # ------------------------------------------------------------ within a line

    def _start_inline(self, tag: str, attributes: dict[str, str], style: str) -> None:
        line = self._flows.flow.line
        address = attributes.get("href", "").strip()
        if tag == "span" and style and _WORD_LABEL.search(style):
            self._lists.start_word_label()
            self._elements.push(Element(tag, self._lists.apply_word_label))
        # The mark of a link has no sign, and links cannot be nested.
        elif tag == "a" and address and all(mark.sign for mark in self._flows.flow.marks):
            self._start_marks(tag, [InlineMark("", len(line), address.replace(" ", "%20"))])
        elif tag == "q":
            self._flows.write('"')
            self._elements.push(Element(tag, lambda: self._flows.write('"')))
        elif tag in _CONTROLS:
            self._flows.write(" ")
            self._elements.push(Element(tag, lambda: self._flows.write(" ")))
        elif tag in ("sup", "sub"):
            start = len(line)
            change = md.superscript if tag == "sup" else md.subscript

            def end_script() -> None:
                line[start:] = [change("".join(line[start:]))]

            self._elements.push(Element(tag, end_script))
        else:
            signs = self._new_signs(tag, style)
            marks = [InlineMark(sign, len(line)) for sign in signs]
            self._start_marks(tag, marks, keeps_lines=_keeps_lines(style))

    def _new_signs(self, tag: str, style: str) -> list[str]:
        """Return the signs of the marks that an element adds, the outermost first."""
        sign = _SIGNS.get(tag, "")
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
        if self._flows.heading or self._elements.has("th"):
            signs.discard("**")
        signs -= {mark.sign for mark in self._flows.flow.marks}
        return [sign for sign in ("~~", "**", "*", "`") if sign in signs]

    def _start_marks(self, tag: str, marks: list[InlineMark], *, keeps_lines: bool = False) -> None:
        flow = self._flows.flow
        flow.marks.extend(marks)

        def end() -> None:
            for mark in reversed(marks):
                flow.apply_mark(mark)
                flow.marks.remove(mark)

        self._elements.push(Element(tag, end if marks else None, keeps_lines))

    def _add_to_formula(self, data: str) -> None:
        if self._elements.has("annotation"):
            self._annotation.append(data)
        self._formula.data(data)

    def _end_formula(self) -> None:
        """Write a formula as it was typed, else on one line."""
        self._formula.end("math")
        formula = self._formula.close()
        typed = "".join(self._annotation).strip() or self._alternative_text
        line = typed or office_formulas.mathml_line(formula)
        self._flows.write(" ".join(line.split()))


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style", "")))


def _image_label(attributes: dict[str, str]) -> str:
    """Return the label of an element that is presented as an image; "" for any other."""
    return attributes.get("aria-label", "").strip() if attributes.get("role") == "img" else ""


def _language(attributes: dict[str, str]) -> str:
    """Return the programming language in the classes of an element; "" if there is none."""
    match = _LANGUAGE.search(attributes.get("class", ""))
    return match[1] if match else ""


def _keeps_lines(style: str) -> bool:
    return bool(_LINES_KEPT.search(style))
