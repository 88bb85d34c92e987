"""The structure of a Markdown document without its appearance: a line of text per block.

Two readers produce this form for comparison. One reads the HTML that the specifications expect. The
other reads the transcript's QTextDocument and uses only visible features: texts, fonts, links,
margins, marks and tables. A block is written as

    p 1 2^ '•' plain [italic]{words}     kind, depth of lists, depth of quotes, mark, runs

and a run with styles as `[bold+italic→target]{text}`. A `+` after the kind marks text in a list
with space above it: in a loose list, after or below a heading, or in another list or quote than the
text above. Outside lists every block has space above it. Each `^` after the depth of quotes is a
quote that begins with the block. An empty quote shows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from desktop_app.markdown.block_model import ADDED_MARK, LINE_BREAK, Kind
from desktop_app.transcript.transcript_styles import CELL_PAD, INDENT, PAD, QUOTE
from tests.helpers.segment_views import BEGINS_TABLE, KIND, OPENED, QUOTES

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextDocument, QTextTable

    from desktop_app.widgets.look.theme import Theme

BULLETS: Final = ("•", "◦", "▪")
LEAST_BOLD, LEAST_BOLDER = 501, 800
"""Weights of bold words, and of those among words that are all bold."""
TASKS: Final = ("☐", "☑")

Style = tuple[frozenset[str], str]
_PLAIN: Final[Style] = (frozenset(), "")


class _List:
    """A list of the specification's HTML. It is loose if an item contains a `<p>`."""

    def __init__(self, *, ordered: bool, number: int) -> None:
        self.ordered, self.number, self.is_loose = ordered, number, False


class _Quote:
    """A quote of the specification's HTML."""


@dataclass
class Leaf:
    """A block that holds text; `rows` are those of a table, `aligns` its columns'."""

    kind: str
    depth: int = 0
    quote: int = 0
    mark: str = ""
    runs: list[tuple[str, Style]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)
    within: tuple[_List | _Quote, ...] = ()
    apart: bool = False
    begun: int = 0

    @property
    def is_text(self) -> bool:
        """True if the leaf is a paragraph. Other kinds always have space around them."""
        return self.kind == "p"

    def add(self, text: str, style: Style) -> None:
        """Append text. Adjacent text with the same style becomes a single run."""
        if text and self.runs and self.runs[-1][1] == style:
            text = self.runs.pop()[0] + text
        if text:
            self.runs.append((text, style))

    def __str__(self) -> str:
        head = (
            f"{self.kind}{'+' * self.apart} {self.depth} {self.quote}{'^' * self.begun} "
            f"{self.mark!r}"
        )
        if self.rows:
            return f"{head} {self.aligns} {self.rows}"
        return f"{head} {said(self.runs)}"


def said(runs: list[tuple[str, Style]]) -> str:
    """Return runs as a line of text."""
    return "".join(
        f"[{'+'.join(sorted(styles))}{'→' + link if link else ''}]{{{text}}}"
        if styles or link
        else text
        for text, (styles, link) in runs
    )


# ---------------------------------------------------------------- the specification's HTML

_INLINE: Final = {"em": "italic", "strong": "bold", "code": "code", "del": "strike"}


def _is_apart(above: Leaf, leaf: Leaf) -> bool:
    """Return True if two consecutive leaves in lists have space between them."""
    shared = [one for one in leaf.within if one in above.within]
    parted = leaf.within[len(shared) :], above.within[len(shared) :]
    if not (above.is_text and leaf.is_text and shared) or all(parted):
        return True
    if any(isinstance(one, _Quote) for one in (*parted[0], *parted[1], shared[-1])):
        return True
    return isinstance(shared[-1], _List) and shared[-1].is_loose


class _HtmlReader(HTMLParser):
    """Walks through the HTML of an example."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.leaves: list[Leaf] = []
        self._open: Leaf | None = None
        self._lists: list[_List] = []
        self._holders: list[str] = []
        self._within: list[_List | _Quote] = []
        self._quote = 0
        self._mark = ""
        self._styles: list[str] = []
        self._links: list[str] = []
        self._pre = False
        self._language = ""

    def finish(self) -> list[Leaf]:
        self.close()
        self._close()
        seen: set[_Quote] = set()
        for leaf in self.leaves:
            quotes = {one for one in leaf.within if isinstance(one, _Quote)}
            leaf.begun = len(quotes - seen)
            seen |= quotes
        for above, leaf in pairwise(self.leaves):
            is_listed = above.depth > 0 and leaf.depth > 0 and leaf.kind[0] in "ph"
            leaf.apart = is_listed and _is_apart(above, leaf)
        return self.leaves

    def _leaf(self, kind: str) -> Leaf:
        self._close()
        depth, within = len(self._lists), tuple(self._within)
        made = Leaf(kind, depth, self._quote, self._mark, within=within)
        self._mark = ""
        self.leaves.append(made)
        return made

    def _close(self) -> None:
        leaf, self._open = self._open, None
        if leaf is None or self._pre:
            return
        # White space at the edges is HTML's, not the text's, except in code.
        for at, strip in ((0, str.lstrip), (-1, str.rstrip)):
            while leaf.runs and "code" not in leaf.runs[at][1][0]:
                text, style = leaf.runs.pop(at)
                if stripped := strip(text, f" {LINE_BREAK}"):
                    leaf.runs.insert(at if at == 0 else len(leaf.runs), (stripped, style))
                    break

    def _empty_item(self) -> None:
        """Put the mark on its own line if its item does not begin with text."""
        if self._mark:
            self._leaf("p")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("li", "blockquote"):
            self._holders.append(tag)
        if tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._open = self._leaf(tag)
            if tag == "p" and self._lists and self._holders[-1] == "li":
                self._lists[-1].is_loose = True
        elif tag in ("ul", "ol"):
            self._close()
            self._empty_item()
            made = _List(ordered=tag == "ol", number=int(values.get("start", 1)))
            self._lists.append(made)
            self._within.append(made)
        elif tag == "li":
            self._begin_item()
        elif tag == "blockquote":
            self._close()
            self._empty_item()
            self._quote += 1
            self._within.append(_Quote())
        elif tag == "pre":
            self._close()
            self._empty_item()
            self._pre = True
        elif tag == "code" and self._pre:
            self._language = values.get("class", "").removeprefix("language-")
            self._code = ""
        elif tag == "table":
            self._close()
            self._empty_item()
            self._leaf("table")
        elif tag == "tr":
            self.leaves[-1].rows.append([])
        elif tag in ("td", "th"):
            table = self.leaves[-1]
            align = values.get("align", "left")
            if tag == "th":
                table.aligns.append(align)
            assert align == table.aligns[len(table.rows[-1])]
            self._open = Leaf("cell")
        else:
            self._inline(tag, values)

    def _inline(self, tag: str, values: dict[str, str]) -> None:
        if tag == "br":
            self._text(LINE_BREAK)
        elif tag == "hr":
            self._leaf("hr")
        elif tag == "img":
            words, within = values.get("alt", ""), bool(self._links)
            place = (
                f"{ADDED_MARK} ({values['src']})" if words and values["src"] and not within else ""
            )
            self._links.append(self._links[-1] if within else values["src"])
            self._text((words or values["src"]) + place)
            self._links.pop()
        elif tag == "a":
            self._links.append(values.get("href", ""))
        elif tag == "input":
            self._mark = TASKS["checked" in values]
        elif tag in _INLINE:
            self._styles.append(_INLINE[tag])

    def _begin_item(self) -> None:
        self._close()
        current = self._lists[-1]
        bullet = BULLETS[(len(self._lists) - 1) % 3]
        self._mark = f"{current.number}" if current.ordered else bullet
        current.number += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._close()
            self._lists.pop()
            self._within.pop()
        elif tag == "li":
            self._close()
            self._empty_item()
            self._holders.pop()
        elif tag == "blockquote":
            self._close()
            self._holders.pop()
            self._quote -= 1
            self._within.pop()
        elif tag == "pre":
            self._pre = False
        elif tag == "code" and self._pre:
            leaf = self._leaf(f"code {self._language}".strip())
            leaf.runs = [(self._code.removesuffix("\n"), _PLAIN)]
        elif tag in ("td", "th"):
            cell = self._open
            self._close()
            assert cell is not None
            self.leaves[-1].rows[-1].append(said(cell.runs))
        elif tag == "a":
            self._links.pop()
        elif tag in _INLINE:
            self._styles.reverse()
            self._styles.remove(_INLINE[tag])
            self._styles.reverse()
        elif tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._close()

    def handle_data(self, data: str) -> None:
        if self._pre:
            self._code += data
        else:
            # Each line is a line; two line ends are entities, which are white space.
            self._text(re.sub(" *\n *", LINE_BREAK, data.replace("\n\n", "  ")))

    def _text(self, text: str) -> None:
        if self._open is None:
            if not text.strip(f" {LINE_BREAK}"):
                return
            self._open = self._leaf("p")
        is_line_start = not self._open.runs or self._open.runs[-1][0].endswith(LINE_BREAK)
        if is_line_start and "code" not in self._styles:
            text = text.lstrip(f" {LINE_BREAK}")
        self._open.add(text, (frozenset(self._styles), self._links[-1] if self._links else ""))


def of_html(html: str) -> list[str]:
    """Return the structure of a specification's HTML."""
    reader = _HtmlReader()
    reader.feed(html)
    return [str(leaf) for leaf in reader.finish()]


# ---------------------------------------------------------------- the transcript's document


def of_document(document: QTextDocument, theme: Theme, blocks: int) -> list[str]:
    """Return the structure of the first `blocks` blocks of a document."""
    reader = _DocumentReader(theme)
    block = document.begin()
    while block.isValid() and block.blockNumber() < blocks:
        reader.read(block)
        block = block.next()
    return [str(leaf) for leaf in reader.leaves]


class _DocumentReader:
    """Walks through the blocks of a document."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._table: QTextTable | None = None
        self.leaves: list[Leaf] = []

    def read(self, block: QTextBlock) -> None:
        table: QTextTable | None = QTextCursor(block).currentTable()
        if table is not None:
            if table != self._table:
                self._read_table(table)
            self._table = table
            return
        made, px = block.blockFormat(), self._theme.px
        kind = made.property(KIND)
        is_code = kind in (Kind.CODE.value, Kind.CODE_HEAD.value)
        quote = made.intProperty(QUOTES)
        left = made.leftMargin() - (px(PAD) if is_code else 0) - quote * px(QUOTE)
        depth = made.indent() + round(left / px(INDENT))
        if made.lineHeight() == 1:
            return  # the empty block before a table
        if kind == Kind.TABLE.value:
            self._read_row(block, round((left - px(CELL_PAD)) / px(INDENT)), quote)
        elif kind == Kind.CODE_HEAD.value:
            self.leaves.append(Leaf(f"code {block.text()}".strip(), depth, quote))
        elif is_code:
            code = self.leaves[-1]
            begun = bool(code.runs)
            code.runs = [((code.runs[0][0] + "\n" if begun else "") + block.text(), _PLAIN)]
        else:
            self._read_text(block, "hr" if kind == Kind.RULE.value else "p", depth, quote)
        if opened := made.intProperty(OPENED):
            self.leaves[-1].begun = opened

    def _read_text(self, block: QTextBlock, kind: str, depth: int, quote: int) -> None:
        level = block.blockFormat().headingLevel()
        kind = f"h{level}" if level else kind
        leaf = Leaf(kind, depth, quote)
        self.leaves.append(leaf)
        above = self.leaves[-2] if len(self.leaves) > 1 else None
        if above is not None:
            is_apart = block.blockFormat().topMargin() > self._theme.px(4)
            leaf.apart = is_apart and above.depth > 0 and depth > 0 and kind[0] in "ph"
            assert is_apart or (above.depth > 0 and depth > 0), block.text()
        if block.text().strip(" "):  # else a rule or an empty item
            self._add_runs(leaf, block, bold=LEAST_BOLDER if level else LEAST_BOLD)
        if block.blockFormat().textIndent() < 0:
            mark, rest = leaf.runs[0][0].split("\t", 1)
            leaf.mark = mark.rstrip(".)") if mark[:1].isdigit() else mark
            leaf.runs[0:1] = [(rest, leaf.runs[0][1])] if rest else []

    def _add_runs(self, leaf: Leaf, block: QTextBlock, *, bold: int = LEAST_BOLD) -> None:
        at = block.begin()
        while not at.atEnd():
            made = at.fragment().charFormat()
            styles = frozenset(self._styles(made, bold))
            leaf.add(at.fragment().text(), (styles, made.anchorHref()))
            at += 1

    def _styles(self, made: QTextCharFormat, bold: int) -> set[str]:
        said = {
            "bold": made.fontWeight() >= bold,
            "italic": made.fontItalic(),
            "strike": made.fontStrikeOut(),
            "code": self._theme.code_font.family() in (made.fontFamilies() or []),
        }
        return {name for name, is_so in said.items() if is_so}

    def _read_row(self, block: QTextBlock, depth: int, quote: int) -> None:
        """Read a row that is a line: a tab before each cell except a left-aligned first."""
        is_head = block.blockFormat().boolProperty(BEGINS_TABLE)
        stops = ["left", "right", "center"]
        aligns = [stops[stop.type.value] for stop in block.blockFormat().tabPositions()]
        if is_head:
            aligns = aligns if block.text().startswith("\t") else ["left", *aligns]
            self.leaves.append(Leaf("table", depth, quote, aligns=aligns))
        assert ["left", *aligns][-len(self.leaves[-1].aligns) :] == self.leaves[-1].aligns
        cells, line = [Leaf("cell")], Leaf("row")
        self._add_runs(line, block, bold=LEAST_BOLDER if is_head else LEAST_BOLD)
        for text, style in line.runs:
            first, *others = text.split("\t")
            cells[-1].add(first, style)
            for other in others:
                cells.append(Leaf("cell"))
                cells[-1].add(other, style)
        said_cells = [said(cell.runs) for cell in cells]
        self.leaves[-1].rows.append(said_cells[-len(self.leaves[-1].aligns) :])

    def _read_table(self, table: QTextTable) -> None:
        """Read a table. Consecutive parts of a table are joined."""
        left, px = table.format().toTableFormat().leftMargin(), self._theme.px
        is_head = table.format().toTableFormat().headerRowCount() > 0
        if is_head or not self.leaves or self.leaves[-1].kind != "table":
            self.leaves.append(Leaf("table", round(left / px(INDENT)), 0))
        leaf = self.leaves[-1]
        for row in range(table.rows()):
            cells = []
            aligns = [self._align(table, row, column) for column in range(table.columns())]
            leaf.aligns = aligns if is_head and row == 0 else leaf.aligns
            assert aligns == leaf.aligns
            for column in range(table.columns()):
                block = table.cellAt(row, column).firstCursorPosition().block()
                cell = Leaf("cell")
                least = LEAST_BOLDER if is_head and row == 0 else LEAST_BOLD
                self._add_runs(cell, block, bold=least)
                cells.append(said(cell.runs))
            leaf.rows.append(cells)

    def _align(self, table: QTextTable, row: int, column: int) -> str:
        block = table.cellAt(row, column).firstCursorPosition().block()
        align = block.blockFormat().alignment() & ~Qt.AlignmentFlag.AlignAbsolute
        names = {Qt.AlignmentFlag.AlignRight: "right", Qt.AlignmentFlag.AlignHCenter: "center"}
        return names.get(align, "left")
