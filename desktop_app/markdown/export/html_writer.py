"""Writes blocks as HTML for the clipboard, so that other programs paste text and tables.

`HtmlWriter` writes plain elements. Its subclass in writers/html_page.py writes web pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import takewhile

from desktop_app.markdown.block_model import (
    ADDED_MARK,
    LINE_BREAK,
    TEXT_KINDS,
    Block,
    Kind,
    Run,
    Runs,
    depths_of_quotes,
    is_destination,
    source_text,
    starting_side,
)
from desktop_app.markdown.parsing.inline_images import is_drawn_image, is_image_name
from desktop_app.markdown.parsing.links import is_openable

_CODE_STYLE = "font-family:monospace"
_BULLET_CHARACTERS = "•◦▪"
_DIRECTIONS = {"": "", "left": ' dir="ltr"', "right": ' dir="rtl"'}
_RIGHT_ALIGNED = ' style="text-align:right"'
"""For Word, in which `dir` sets the direction of the text, but not its alignment."""

_TAG_OF_LIST = {"ul": "ul", "ol": "ol", "notes": "ul"}
"""The HTML element of each kind of list; "notes" are footnotes."""

# Text that a spreadsheet would misread: as a formula, which may fetch any address, or as a number
# that loses its leading zeros or its last digits.
_MISREAD_VALUE = re.compile(r"\s*(?:=|@|[+-](?![\d.,]+\s*%?\Z)|0\d+\Z|\d{16,}\Z)")
_TEXT_CELL = ' style="mso-number-format:\'\\@\'" sdnum="1033;0;@"'
"""Marks a cell as text for Excel and LibreOffice."""


def side_of(block: Block) -> str:
    """Return the side at which a text begins: "left", "right", or "" without letters."""
    side = starting_side(block.runs)
    if side and block.depth and block.kind in TEXT_KINDS:
        return "right" if block.from_right else "left"
    return side


def right_to_left_attributes(text: str) -> str:
    """Return the attributes of an element if its text reads from right to left, else ""."""
    if starting_side((Run(text),)) != "right":
        return ""
    return _DIRECTIONS["right"] + _RIGHT_ALIGNED


def to_html(blocks: Iterable[Block]) -> str:
    """Return an HTML fragment as `HtmlWriter` writes it."""
    return HtmlWriter().write(blocks)


def group_blocks(blocks: Iterable[Block], kinds: Sequence[Kind]) -> Iterator[list[Block]]:
    """Group the blocks of one listing of code, and of one table, if their kind is in `kinds`.

    A listing has a CODE_HEAD, and a CODE block for each line; a long table has several blocks.
    Every other block is alone in its group.
    """
    group: list[Block] = []
    for block in blocks:
        is_first = block.kind is Kind.CODE_HEAD or (block.kind is Kind.TABLE and block.head)
        may_continue = block.kind in kinds and not is_first
        if group and not (may_continue and group[-1].kind in (block.kind, Kind.CODE_HEAD)):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


class HtmlWriter:
    """Writer of blocks, which opens and closes lists and quotes as their depth changes.

    It uses no style sheet. The blocks of a long table become one table.
    """

    table_attributes = (
        ' border="1" cellspacing="0" cellpadding="4" style="border-collapse:collapse"'
    )
    """Borders in the color of the text: word processors draw none on their own."""

    def __init__(self) -> None:
        # The open containers: kinds of lists, "li" and "blockquote", the outermost first.
        self._open: list[str] = []
        self._has_right_to_left = False  # True once a text reads from right to left

    def write(self, blocks: Iterable[Block]) -> str:
        return "".join(self.pieces(blocks))

    def pieces(self, blocks: Iterable[Block]) -> Iterator[str]:
        for group in group_blocks(blocks, (Kind.CODE, Kind.TABLE)):
            first = group[0]
            yield from self._adjust_containers(first)
            if first.kind in (Kind.CODE, Kind.CODE_HEAD):
                lines = [
                    "".join(map(self.text_of_run, block.runs))
                    for block in group
                    if block.kind is Kind.CODE
                ]
                yield self.render_code(first.language, "\n".join(lines))
            elif first.kind is Kind.TABLE:
                yield self.render_table(group)
            else:
                yield self._render_block(first)
        yield from self._close_containers(0)

    # ------------------------------------------------------------------ overridden for web pages

    def text_of_run(self, run: Run) -> str:
        """Return the text of a run as it was written."""
        return source_text(run)

    def render_code(self, _language: str, text: str) -> str:
        direction = _DIRECTIONS["left"] if self._has_right_to_left else ""
        return (
            f'<pre{direction} style="{_CODE_STYLE}"><code>{escape(text, quote=False)}</code></pre>'
        )

    def direction_attribute(self, block: Block, *, of_container: bool) -> str:
        """Return the direction attribute of a text, or of a list or quote that begins with it.

        Word processors do not detect directions. After the first right-to-left text, every element
        states its direction, because it may be inside the element of that text.
        """
        side = side_of(block)
        self._has_right_to_left |= side == "right"
        return _DIRECTIONS[side] if self._has_right_to_left else ""

    def render_image(self, run: Run) -> str:
        return f'<img src="{escape(run.link)}" alt="{escape(run.text)}">'

    def render_mark(self, _run: Run, text: str) -> str:
        """Return the mark of a footnote."""
        return text

    def render_label(self, marker: str) -> str:
        """Return the name that precedes the definition of a footnote."""
        return escape(marker)

    def cell_attributes(self, cell: Runs) -> str:
        """Return a cell's attributes for spreadsheets."""
        return _TEXT_CELL if _MISREAD_VALUE.match("".join(map(source_text, cell))) else ""

    def render_formula(self, tex: str, *, display: bool) -> str:
        mark = "$$" if display else "$"
        return f"<code>{mark}{_escape_lines(tex)}{mark}</code>"

    def render_table(self, blocks: list[Block]) -> str:
        rows = []
        is_from_right = blocks[0].from_right
        first_side = "right" if is_from_right else "left"
        for block in blocks:
            for number, row in enumerate(block.rows):
                is_header = block.head and number == 0
                tag = "th" if is_header else "td"
                cells = (
                    f'<{tag} align="{align or first_side}"{self.cell_attributes(cell)}>'
                    f"{self.render_runs(cell)}</{tag}>"
                    for cell, align in zip(row, block.aligns, strict=True)
                )
                rows.append(f"<tr>{''.join(cells)}</tr>")
        needs_direction = is_from_right or self._has_right_to_left
        direction = _DIRECTIONS[first_side] if needs_direction else ""
        return f"<table{direction}{self.table_attributes}>{''.join(rows)}</table>"

    # ------------------------------------------------------------------ blocks

    def _adjust_containers(self, block: Block) -> Iterator[str]:
        """Open and close elements until those around `block` are open.

        A block with a marker begins a new item. Its `begins` and `opened` tell whether it also
        begins a list or quotes, although the same elements are open.
        """
        containers = self._containers_of(block)
        pairs = zip(containers, self._open, strict=False)
        shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        if block.opened:  # nothing from the first new quote on is shared
            older_quotes = block.quote - block.opened
            quotes = [index for index, name in enumerate(containers) if name == "blockquote"]
            shared = min(shared, quotes[older_quotes])
        if block.marker:
            new_count = 2 if block.begins else 1  # the item, and perhaps the list around it
            shared = min(shared, len(containers) - new_count)
        yield from self._close_containers(shared)
        for number, name in enumerate(containers[shared:], shared + 1):
            self._open.append(name)
            # The innermost list and its item are the last two containers.
            is_innermost = number >= len(containers) - 1
            yield self._opening_tag(name, block, is_innermost=is_innermost)

    def _containers_of(self, block: Block) -> list[str]:
        """Return the lists, items and quotes around a block, the outermost first."""
        names: list[str] = []
        quotes = depths_of_quotes(block)
        for depth in range(block.depth + 1):
            if block.marker and depth == block.depth:
                names += [_kind_by_marker(block), "li"]
            elif depth:
                kind = self._open[len(names)] if len(names) < len(self._open) else ""
                # No list is open there if the first block to write is in the middle of an item.
                names += [kind if kind in _TAG_OF_LIST else "ul", "li"]
            names += ["blockquote"] * quotes.count(depth)
        return names

    def _opening_tag(self, name: str, block: Block, *, is_innermost: bool) -> str:
        """Return the tag that opens a container.

        Args:
            block: the first block in the container.
            is_innermost: True for the innermost list and item, which the block's marker describes.
        """
        if is_innermost and block.marker and name == "li":
            has_mark = _mark_in_text(block) and _kind_by_marker(block) != "ol"
            look = ' style="list-style-type:none"' if has_mark else ""
            return f"<li{self.direction_attribute(block, of_container=block.note)}{look}>"
        if name == "li":
            return "<li>"
        direction = self.direction_attribute(block, of_container=True)
        number = block.marker.split(" ")[0][:-1]  # without its "." or ")" and a task's box
        # HTML counts from 1 automatically.
        if is_innermost and name == "ol" and number not in ("1", ""):
            return f'<ol start="{number}"{direction}>'
        return f"<{_TAG_OF_LIST.get(name, name)}{direction}>"

    def _close_containers(self, depth: int) -> Iterator[str]:
        while len(self._open) > depth:
            name = self._open.pop()
            yield f"</{_TAG_OF_LIST.get(name, name)}>"

    def _render_block(self, block: Block) -> str:
        mark = f"{self.render_label(block.marker)} " if block.note else _mark_in_text(block)
        if block.kind is Kind.MATH:
            formulas = (self.render_formula(source_text(run), display=True) for run in block.runs)
            return f"<p>{mark}{''.join(formulas)}</p>"
        if block.kind is Kind.RULE:
            return f"{mark}<hr>"
        text = mark + self.render_runs(block.runs)
        direction = self.direction_attribute(block, of_container=False)
        is_from_right = direction == _DIRECTIONS["right"]
        if is_from_right:
            direction += _RIGHT_ALIGNED
        if block.kind is Kind.HEADING:
            return f"<h{block.level}{direction}>{text}</h{block.level}>"
        is_mark_alone = bool(block.marker) and not block.runs
        is_tight_item = self._open[-1:] == ["li"] and not block.loose
        # A text from the right needs the element, which has its alignment for Word.
        if is_mark_alone or (is_tight_item and not is_from_right):
            return text
        return f"<p{direction}>{text}</p>"

    # ------------------------------------------------------------------ runs

    def render_runs(self, runs: Runs) -> str:
        return "".join(map(self._render_run, runs))

    def _render_run(self, run: Run) -> str:
        if is_drawn_image(run):
            return ""
        if is_image_name(run):
            return self.render_image(run)
        if is_destination(run):  # as plain text, because the link before it leads there
            return _escape_lines(run.text.removeprefix(ADDED_MARK))
        if run.math:
            text = self.render_formula(source_text(run), display=False)
        else:
            text = _escape_lines(self.text_of_run(run))
        for is_on, tag in (
            (run.code, "code"),
            (run.italic, "em"),
            (run.bold, "strong"),
            (run.strike, "s"),
            (run.note, "sup"),
            (run.element, run.element),
        ):
            if is_on:
                text = f"<{tag}>{text}</{tag}>"
        if run.note and run.link:
            return self.render_mark(run, text)
        if text and is_openable(run.link):
            return f'<a href="{escape(run.link)}">{text}</a>'
        return text


def _kind_by_marker(block: Block) -> str:
    """Return the kind of list for an item that begins with this block, a key of `_TAG_OF_LIST`."""
    if block.note:
        return "notes"
    return "ol" if block.marker[:1].isdigit() else "ul"


def _mark_in_text(block: Block) -> str:
    """Return a mark to write as text, a task's box or a footnote's name; "" for a list's mark."""
    # `in` is True for no marker at all, too, because "" is a part of every text.
    mark = block.marker if block.note else block.marker.rpartition(" ")[2]
    is_list_mark = mark in _BULLET_CHARACTERS or mark[-1:] in ".)"
    if is_list_mark and not block.note:
        return ""
    return f"{escape(mark)} "


def _escape_lines(text: str) -> str:
    return escape(text, quote=False).replace(LINE_BREAK, "<br>")
