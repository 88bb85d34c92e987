"""Blocks to HTML: for the clipboard, what Word, Teams and spreadsheets paste as text and tables.

`HtmlWriter` writes plain elements; a page of its own (exchange/html_page.py) writes code and formulas
another way.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from desktop_app.rendering.links import is_opened
from desktop_app.rendering.model import (
    LINE_BREAK,
    Block,
    Kind,
    Run,
    Runs,
    depths_of_quotes,
    words_of,
)
from desktop_app.rendering.raster import is_drawn, is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CODE_STYLE = "font-family:monospace"
_BULLETS = "•◦▪"


def to_html(blocks: Iterable[Block]) -> str:
    """A fragment without styles of its own; consecutive parts of one table become one table."""
    return HtmlWriter().write(list(blocks))


def parts_of(blocks: Iterable[Block], kinds: Sequence[Kind]) -> Iterator[list[Block]]:
    """Blocks that belong together: all of one block of code, all parts of one table, else one."""
    together: list[Block] = []
    for block in blocks:
        begins = block.kind is Kind.CODE_HEAD or (block.kind is Kind.TABLE and block.head)
        goes_on = block.kind in kinds and not begins
        if together and not (goes_on and together[-1].kind in (block.kind, Kind.CODE_HEAD)):
            yield together
            together = []
        together.append(block)
    if together:
        yield together


class HtmlWriter:
    """Opens and closes lists and quotes as the depth of the blocks changes."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def write(self, blocks: Sequence[Block]) -> str:
        """The elements of these blocks, one after the other."""
        return "".join(self._pieces(blocks))

    def _pieces(self, blocks: Sequence[Block]) -> Iterator[str]:
        for members in parts_of(blocks, (Kind.CODE, Kind.TABLE)):
            first = members[0]
            yield from self._nest(first)
            if first.kind in (Kind.CODE, Kind.CODE_HEAD):
                lines = ["".join(map(self.words, b.runs)) for b in members if b.kind is Kind.CODE]
                yield self.code(first.language, "\n".join(lines)) if lines else ""
            elif first.kind is Kind.TABLE:
                yield self._table(members)
            else:
                yield self._block(first)
        yield from self._close(0)

    # ------------------------------------------------------------------ what a page does otherwise

    def words(self, run: Run) -> str:
        """The text of a run: as it was written."""
        return words_of(run)

    def code(self, _language: str, text: str) -> str:
        """A block of code."""
        return f'<pre style="{_CODE_STYLE}"><code>{escape(text, quote=False)}</code></pre>'

    def formula(self, tex: str, *, display: bool) -> str:
        """A formula."""
        mark = "$$" if display else "$"
        return f"<code>{mark}{_lines(tex)}{mark}</code>"

    # ------------------------------------------------------------------ blocks

    def _nest(self, block: Block) -> Iterator[str]:
        """Bring the open lists to the depth of `block`; an item begins where it has a mark."""
        tags: list[str] = []
        ordered = block.marker[:1].isdigit() and block.marker[-1:] in ".)"
        if block.depth:
            kept = [tag for tag in self._open if tag != "blockquote"][: block.depth]
            tags = kept + ["ol" if ordered else "ul"] * (block.depth - len(kept))
            if block.marker and len(kept) == block.depth:
                tags[-1] = "ol" if ordered else "ul"
        for number, depth in enumerate(depths_of_quotes(block)):
            tags.insert(depth + number, "blockquote")
        same = 0
        while same < min(len(tags), len(self._open)) and tags[same] == self._open[same]:
            same += 1
        yield from self._close(same)
        for number, tag in enumerate(tags[same:], same + 1):
            self._open.append(tag)
            is_start = ordered and number == len(tags) and block.marker[:-1] != "1"
            yield f'<{tag} start="{block.marker[:-1]}">' if is_start else f"<{tag}>"
        if block.marker:
            yield _item(block.marker, ordered=ordered)

    def _close(self, depth: int) -> Iterator[str]:
        while len(self._open) > depth:
            yield f"</{self._open.pop()}>"

    def _block(self, block: Block) -> str:
        if block.kind is Kind.MATH:
            return f"<p>{''.join(self.formula(words_of(r), display=True) for r in block.runs)}</p>"
        if block.kind is Kind.RULE:
            return "<hr>"
        text = self.runs(block.runs)
        if block.kind is Kind.HEADING:
            return f"<h{block.level}>{text}</h{block.level}>"
        return f"<p>{text}</p>" if not block.marker else text

    def _table(self, parts: list[Block]) -> str:
        rows = []
        for part in parts:
            for number, row in enumerate(part.rows):
                tag = "th" if part.head and number == 0 else "td"
                cells = (
                    f'<{tag} align="{align or "left"}">{self.runs(cell)}</{tag}>'
                    for cell, align in zip(row, part.aligns, strict=False)
                )
                rows.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table>{''.join(rows)}</table>"

    # ------------------------------------------------------------------ runs

    def runs(self, runs: Runs) -> str:
        """The inline markup of runs."""
        return "".join(map(self._run, runs))

    def _run(self, run: Run) -> str:
        if is_drawn(run):
            return ""
        if is_name(run):
            return f'<img src="{escape(run.link)}" alt="{escape(run.text)}">'
        text = self.formula(words_of(run), display=False) if run.math else _lines(self.words(run))
        for is_on, tag in (
            (run.code, "code"),
            (run.italic, "em"),
            (run.bold, "strong"),
            (run.strike, "s"),
            (run.note, "sup"),
        ):
            if is_on:
                text = f"<{tag}>{text}</{tag}>"
        return f'<a href="{escape(run.link)}">{text}</a>' if text and is_opened(run.link) else text


def _item(marker: str, *, ordered: bool) -> str:
    """The beginning of a list's item; a task's box and a footnote's name stand in its text."""
    if ordered or marker in _BULLETS:
        return "<li>"
    return f'<li style="list-style-type:none">{escape(marker)} '


def _lines(text: str) -> str:
    return escape(text, quote=False).replace(LINE_BREAK, "<br>")
