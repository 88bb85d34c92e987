"""Blocks to HTML for the clipboard: what Word, Teams and spreadsheets paste as text and tables."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from desktop_app.rendering.model import LINE_BREAK, Block, Kind, Run, Runs, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CODE_STYLE = "font-family:monospace"


def to_html(blocks: Iterable[Block]) -> str:
    """A fragment without styles of its own; consecutive parts of one table become one table."""
    return "".join(_Writer().write(list(blocks)))


def runs_to_html(runs: Runs) -> str:
    """The inline markup of runs."""
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    words = f"${words_of(run)}$" if run.math else words_of(run)
    text = escape(words, quote=False).replace(LINE_BREAK, "<br>")
    for is_on, tag in (
        (run.code or run.math, "code"),
        (run.italic, "em"),
        (run.bold, "strong"),
        (run.strike, "s"),
        (run.note, "sup"),
    ):
        if is_on:
            text = f"<{tag}>{text}</{tag}>"
    is_web = run.link.startswith(("http://", "https://", "mailto:"))
    return f'<a href="{escape(run.link)}">{text}</a>' if is_web else text


class _Writer:
    """Opens and closes lists and quotes as the depth of the blocks changes."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def write(self, blocks: Sequence[Block]) -> Iterator[str]:
        for kind, group in groupby(blocks, key=lambda block: block.kind):
            members = list(group)
            if kind in (Kind.CODE, Kind.CODE_HEAD):
                yield from self._code(members)
            elif kind is Kind.TABLE:
                yield from self._nest(members[0])
                yield _table(members)
            else:
                for block in members:
                    yield from self._nest(block)
                    yield _block(block)
        yield from self._close(0)

    def _code(self, members: list[Block]) -> Iterator[str]:
        yield from self._nest(members[0])
        lines = [block.text for block in members if block.kind is Kind.CODE]
        if lines:
            text = escape("\n".join(lines), quote=False)
            yield f'<pre style="{_CODE_STYLE}"><code>{text}</code></pre>'

    def _nest(self, block: Block) -> Iterator[str]:
        """Bring the open lists to the depth of `block`; an item begins where it has a mark."""
        tags = ["blockquote"] * block.quote
        ordered = block.marker[:1].isdigit()
        if block.depth:
            kept = [tag for tag in self._open if tag != "blockquote"][: block.depth]
            tags += kept + ["ol" if ordered else "ul"] * (block.depth - len(kept))
            if block.marker and len(kept) == block.depth:
                tags[-1] = "ol" if ordered else "ul"
        same = 0
        while same < min(len(tags), len(self._open)) and tags[same] == self._open[same]:
            same += 1
        yield from self._close(same)
        for tag in tags[same:]:
            self._open.append(tag)
            yield f"<{tag}>"
        if block.marker:
            yield "<li>"

    def _close(self, depth: int) -> Iterator[str]:
        while len(self._open) > depth:
            yield f"</{self._open.pop()}>"


def _block(block: Block) -> str:
    text = runs_to_html(block.runs)
    if block.kind is Kind.MATH:
        text = f"<code>$${escape(block.text, quote=False).replace(LINE_BREAK, '<br>')}$$</code>"
    if block.kind is Kind.RULE:
        return "<hr>"
    if block.kind is Kind.HEADING:
        return f"<h{block.level}>{text}</h{block.level}>"
    return f"<p>{text}</p>" if not block.marker else text


def _table(parts: list[Block]) -> str:
    rows = []
    for part in parts:
        for number, row in enumerate(part.rows):
            tag = "th" if part.head and number == 0 else "td"
            cells = (
                f'<{tag} align="{align or "left"}">{runs_to_html(cell)}</{tag}>'
                for cell, align in zip(row, part.aligns, strict=False)
            )
            rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"
