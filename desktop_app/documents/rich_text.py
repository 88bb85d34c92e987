"""What another program put on the clipboard as HTML, as Markdown.

A browser gives sound HTML. Word writes lists as paragraphs with signs before them; Google Docs puts
all into a <b> that is not bold, what is bold into styles, and lists beside the items that they
belong to; mails lay themselves out with tables. Here that becomes the HTML that was meant, without
scripts, styles, hidden parts and pictures (of which the words that stand for them stay); kreuzberg
makes Markdown of it. Nothing is fetched.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Final

from desktop_app.documents.office import html_to_markdown

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS: Final = frozenset({"ul", "ol"})
_CELLS: Final = frozenset({"td", "th"})
_INLINE: Final = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    **dict.fromkeys(("code", "tt", "kbd", "samp"), "code"),
}
_STRUCK: Final = frozenset({"s", "strike", "del"})
_BLOCKS: Final = frozenset({"p", "blockquote", "dl", "dt", "dd"}) | _HEADINGS
_IN_TABLES: Final = frozenset({"tr", "thead", "tbody", "tfoot"}) | _CELLS
_LINES: Final = frozenset(
    {"div", "section", "article", "header", "footer", "main", "figure", "figcaption", "address"}
)
_LEFT_OUT: Final = frozenset(
    {"script", "style", "noscript", "template", "title", "svg", "math", "iframe", "object"}
    | {"select", "button", "audio", "video", "canvas"}
)
# Where one of the first begins, an open one of the second ends, unless one of the third is between.
_IMPLIED: Final = (
    (
        _BLOCKS | _LISTS | {"pre", "hr"},
        frozenset({"p"}),
        frozenset({"li", "div", "blockquote"}) | _CELLS,
    ),
    (frozenset({"li"}), frozenset({"li"}), _LISTS),
    (_CELLS | {"tr"}, _CELLS, frozenset({"table"})),
    (frozenset({"tr"}), frozenset({"tr"}), frozenset({"table"})),
)
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
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
_WORD_LEVEL: Final = re.compile(r"mso-list:\s*l\d+\s+level(\d+)", re.I)
_WORD_SIGN: Final = re.compile(r"mso-list:\s*ignore", re.I)
_NUMBER: Final = re.compile(r"\s*\(?(?:\d+|[a-zA-Z]{1,5})[.)]")
_LANGUAGE: Final = re.compile(r"(?:language-|lang-|highlight-source-)([\w+#-]+)")
_ADDRESS: Final = re.compile(r"(?:https?|ftp|mailto):", re.I)
_TINY: Final = re.compile(r"[0-3](?:px)?")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_MOST_DEEP: Final = 50
_END_OF_CODE: Final = "</code></pre>"


def to_markdown(source: str) -> str:
    """The Markdown of a piece of HTML; "" where all of it is code, which its plain text says best.

    Raises:
        DocumentDamagedError: it cannot be read.
    """
    tables = _Tables()
    tables.feed(source)
    tables.close()
    cleaner = _Cleaner(tables.are_layout)
    cleaner.feed(source)
    cleaner.close()
    if not cleaner.has_prose:
        return ""
    markdown = html_to_markdown("The text", cleaner.html())
    lines = (line if line.endswith("  ") else line.rstrip() for line in markdown.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


class _Parser(HTMLParser):
    """The library's, but that no piece of a declaration ("<![;") stops it: it fails an assertion
    there. As in browsers, all up to the next ">" is a comment."""

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Where what begins at `i` ends; -1 where it does not."""
        return self.parse_bogus_comment(i, report)


class _Tables(_Parser):
    """Finds the tables that only lay something out, as mails and older pages do.

    Attributes:
        are_layout: of each table, in the order in which they begin.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.are_layout: list[bool] = []
        self._open: list[list[int]] = []  # number, most cells in a row, cells in this row

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            for number, _, _ in self._open[-1:]:
                self.are_layout[number] = True  # another table is in it
            self._open.append([len(self.are_layout), 0, 0])
            self.are_layout.append(dict(attrs).get("role") in ("presentation", "none"))
        elif self._open and tag == "tr":
            self._open[-1][2] = 0
        elif self._open and tag in _CELLS:
            self._open[-1][2] += 1
            self._open[-1][1] = max(self._open[-1][1:])

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == "table":
            number, most, _ = self._open.pop()
            self.are_layout[number] = self.are_layout[number] or most < 2


class _Cleaner(_Parser):
    """Writes the HTML that was meant.

    Attributes:
        has_prose: there are words outside blocks of code.

    Args:
        are_layout: of each table, whether it is none.
    """

    def __init__(self, are_layout: list[bool]) -> None:
        super().__init__(convert_charrefs=True)
        self.has_prose = False
        self._are_layout = iter(are_layout)
        self._out: list[str] = []
        # What is open: the tag as it came, and what closes it here.
        self._open: list[tuple[str, str]] = []
        self._line_keepers: list[int] = []  # how deep those lie that keep the source's lines
        self._left_out = 0
        self._word_lists: list[tuple[int, int]] = []  # where each opens in _out, its level
        self._sign: list[str] | None = None  # what Word writes before an item
        self._language = ""

    def html(self) -> str:
        """What was written."""
        self._end_word_lists(0)
        while self._open:
            self._out.append(self._open.pop()[1])
        return f"<body>{''.join(self._out)}</body>"

    # ------------------------------------------------------------ what comes

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            if not self._left_out:
                self._void(tag, given)
            return
        if self._left_out or self._is_left_out(tag, given):
            self._left_out += 1
            self._open.append((tag, ""))
            return
        self._end_implied(tag)
        if len(self._open) < _MOST_DEEP:
            if _LINES_KEPT.search(given.get("style", "")):
                self._line_keepers.append(len(self._open))
            self._start(tag, given, given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        if all(tag != opened for opened, _ in self._open):
            return
        while True:
            opened, closing = self._open.pop()
            while self._line_keepers and self._line_keepers[-1] >= len(self._open):
                self._line_keepers.pop()
            if self._left_out:
                self._left_out -= 1
            if opened == "span" and self._sign is not None and closing == "sign":
                self._take_sign()
            else:
                self._out.append(closing)
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._left_out:
            return
        if self._sign is not None:
            self._sign.append(data)
            return
        if self._is_code:
            self._out.append(html.escape(data, quote=False))
            return
        self.has_prose = self.has_prose or bool(data.strip())
        text = html.escape(data.replace("\xa0", " "), quote=False)
        if self._keeps_lines:
            self._out.append(text.replace("\n", "<br>"))
        else:
            self._out.append(_SPACE.sub(" ", text))

    def _end_implied(self, tag: str) -> None:
        """Close what ends where `tag` begins, though nothing says so: "<li>one<li>two"."""
        for begins, ends, within in _IMPLIED:
            if tag in begins:
                opened = (name for name, _ in reversed(self._open) if name in ends | within)
                last = next(opened, "")
                if last in ends:
                    self.handle_endtag(last)

    # ------------------------------------------------------------ elements

    def _is_left_out(self, tag: str, given: dict[str, str]) -> bool:
        is_hidden = "hidden" in given or bool(_HIDDEN.search(given.get("style", "")))
        return tag in _LEFT_OUT or is_hidden

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if tag == "br":
            self._out.append("\n" if self._is_code else "<br>")
        elif tag == "hr":
            self._out.append("<hr>")
        elif tag == "img":
            is_tiny = any(_TINY.fullmatch(given.get(side, "")) for side in ("width", "height"))
            if given.get("alt", "").strip() and not is_tiny:
                self.handle_data(given["alt"].strip())
        elif tag == "input" and given.get("type") == "checkbox":
            self.handle_data("[x] " if "checked" in given else "[ ] ")

    def _start(self, tag: str, given: dict[str, str], style: str) -> None:
        if self._is_code:
            self._start_within_code(tag, given)
        elif tag == "pre" or (_PREFORMATTED.search(style) and _MONOSPACED.search(style)):
            self._start_code(tag, given)
        elif self._is_cell and tag in (_BLOCKS | _LISTS | _LINES | {"li", "table"}):
            self._out.append(" ")  # a cell is one line
            self._write(tag, "", " ")
        elif tag in _IN_TABLES:
            self._start_in_table(tag, given)
        elif tag in _LISTS:
            self._start_list(tag)
        elif tag == "li":
            self._write(tag, "<li>", "</li>")
        elif tag in _BLOCKS:
            self._start_block(tag, given, style)
        elif tag in _LINES or tag == "table":
            self._end_word_lists(0)
            self._language = self._language_of(given) or self._language
            is_table = tag == "table" and not next(self._are_layout, True)
            kept = "table" if is_table else "div"
            self._write(tag, f"<{kept}>", f"</{kept}>")
        else:
            self._start_inline(tag, given, style)

    def _start_in_table(self, tag: str, given: dict[str, str]) -> None:
        """A row, a cell; in what is no table, a cell is a paragraph."""
        tables = [closing for opened, closing in self._open if opened == "table"]
        if tables and tables[-1] == "</table>":
            self._write(tag, _cell(tag, given), f"</{tag}>")
        elif tables and tables[-1] == "</div>" and tag in _CELLS:
            self._write(tag, "<div>", "</div>")
        else:
            self._write(tag, "", " ")

    def _start_code(self, tag: str, given: dict[str, str]) -> None:
        """A block of code; editors copy theirs as <div>s with a style."""
        self._end_word_lists(0)
        self._write(tag, _code(self._language_of(given) or self._language), _END_OF_CODE)

    def _start_within_code(self, tag: str, given: dict[str, str]) -> None:
        language = self._language_of(given) if tag == "code" else ""
        if language and self._last_is(_code("")):
            while self._out.pop() != _code(""):
                pass
            self._out.append(_code(language))
        self._write(tag, "", "\n" if tag in ("div", "p") else "")

    def _language_of(self, given: dict[str, str]) -> str:
        found = _LANGUAGE.search(given.get("class", ""))
        return found[1] if found else ""

    def _start_list(self, tag: str) -> None:
        """A list beside the items of another belongs to the last of them."""
        parent = next((opened for opened, _ in reversed(self._open)), "")
        closing = f"</{tag}>"
        if parent in _LISTS and self._last_is("</li>"):
            while self._out.pop() != "</li>":
                pass
            closing += "</li>"
        self._end_word_lists(0)
        self._write(tag, f"<{tag}>", closing)

    def _start_block(self, tag: str, given: dict[str, str], style: str) -> None:
        level = _WORD_LEVEL.search(style)
        if tag == "p" and level and not self._is_in("li"):
            self._start_word_item(min(int(level[1]), 9))
            return
        self._end_word_lists(0)
        is_first = self._open[-1:] and self._open[-1][0] == "li" and self._last_is("<li>")
        self._write(tag, *(("", "") if tag == "p" and is_first else (f"<{tag}>", f"</{tag}>")))

    def _start_inline(self, tag: str, given: dict[str, str], style: str) -> None:
        if tag == "span" and _WORD_SIGN.search(style):
            self._sign = []
            self._open.append((tag, "sign"))
            return
        if tag == "a" and _ADDRESS.match(given.get("href", "").strip()):
            address = html.escape(given["href"].strip().replace(" ", "%20"))
            self._write(tag, f'<a href="{address}">', "</a>")
            return
        wanted = self._marks(tag, style)
        opening = "".join(f"<{mark}>" for mark in wanted)
        self._write(tag, opening, "".join(f"</{mark}>" for mark in reversed(wanted)))

    def _marks(self, tag: str, style: str) -> list[str]:
        """What a piece of a line is meant to be: bold, italic, struck out, code."""
        mark = _INLINE.get(tag, "")
        marks = {mark} if mark else set()
        if _BOLD.search(style):
            marks.add("strong")
        elif _NOT_BOLD.search(style):
            marks.discard("strong")
        if _ITALIC.search(style):
            marks.add("em")
        if tag in _STRUCK or _LINE_THROUGH.search(style):
            marks.add("del")
        if tag in ("span", "font") and _MONOSPACED.search(style):
            marks.add("code")
        if self._is_in("th", *_HEADINGS):
            marks.discard("strong")
        order = ("del", "strong", "em", "code")
        return [mark for mark in order if mark in marks and not self._is_marked(mark)]

    def _is_marked(self, mark: str) -> bool:
        return any(f"</{mark}>" in closing for _, closing in self._open)

    # ------------------------------------------------------------ lists as Word writes them

    def _start_word_item(self, level: int) -> None:
        self._end_word_lists(level)
        if self._word_lists and self._word_lists[-1][1] == level:
            self._out.append("</li>")
        else:
            self._word_lists.append((len(self._out), level))
            self._out.append("<ul>")
        self._out.append("<li>")
        self._open.append(("p", ""))

    def _take_sign(self) -> None:
        """A list whose first item begins with a number is numbered."""
        sign, self._sign = "".join(self._sign or ()), None
        if self._word_lists and _NUMBER.match(sign):
            at = self._word_lists[-1][0]
            if "".join(self._out[at + 1 :]) == "<li>":
                self._out[at] = "<ol>"

    def _end_word_lists(self, level: int) -> None:
        """Close those that lie deeper than `level`."""
        while self._word_lists and self._word_lists[-1][1] > level:
            at, _ = self._word_lists.pop()
            self._out.append(f"</li></{self._out[at][1:]}")

    # ------------------------------------------------------------ writing

    def _write(self, tag: str, opening: str, closing: str) -> None:
        self._out.append(opening)
        self._open.append((tag, closing))

    @property
    def _keeps_lines(self) -> bool:
        return bool(self._line_keepers)

    @property
    def _is_cell(self) -> bool:
        return any(closing in ("</td>", "</th>") for _, closing in self._open)

    @property
    def _is_code(self) -> bool:
        return any(closing == _END_OF_CODE for _, closing in self._open)

    def _is_in(self, *tags: str) -> bool:
        return any(opened in tags for opened, _ in self._open)

    def _last_is(self, written: str) -> bool:
        """Whether nothing but space was written since."""
        return next((text for text in reversed(self._out) if text.strip()), "") == written


def _code(language: str) -> str:
    """What opens a block of code."""
    known = f' class="language-{language}"' if language else ""
    return f"<pre><code{known}>"


def _cell(tag: str, given: dict[str, str]) -> str:
    """A table's tag, with how many columns and rows a cell takes."""
    spans = (
        f' {name}="{given[name]}"' for name in ("colspan", "rowspan") if _is_count(given, name)
    )
    return f"<{tag}{''.join(spans)}>"


def _is_count(given: dict[str, str], name: str) -> bool:
    return given.get(name, "").isdigit() and 1 < int(given[name][:4]) <= 100
