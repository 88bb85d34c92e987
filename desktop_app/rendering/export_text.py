"""Blocks to Markdown and to plain text, for the clipboard."""

from __future__ import annotations

import re
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Final

from desktop_app.rendering.citations import is_citation
from desktop_app.rendering.model import (
    LINE_BREAK,
    Block,
    Kind,
    Run,
    Runs,
    depths_of_quotes,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Signs in plain words that Markdown would take for its own, or a browser for a tag.
_MEANT: Final = re.compile(
    r"\\(?=[!-/:-@\[-`{-~])|\*(?=\S)|(?<=\S)\*|(?<!\w)_(?=\S)|(?<=\S)_(?!\w)|`|~(?=~)"
    r"|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\[(?=\^|[^\]\n]*\][(\[:])"
)
_BEGINS: Final = re.compile(r"(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|>|={1,}\s*$|-{2,}\s*$|\||~{3})")
_NUMBERED: Final = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_RULE_OF_ALIGN = {"left": ":---", "center": ":---:", "right": "---:"}


def to_markdown(blocks: Iterable[Block]) -> str:
    """Markdown that says the same again; not the very characters of the source."""
    pieces: list[str] = []
    tight = False
    above: Block | None = None
    for is_code, group in groupby(blocks, key=lambda b: b.kind in (Kind.CODE, Kind.CODE_HEAD)):
        members = list(group)
        if is_code:
            pieces += [*_gap(above, members[0], tight=False), *_code(members)]
            tight, above = False, members[-1]
            continue
        for block in members:
            continues = block.kind is Kind.TABLE and not block.head and pieces
            is_next = bool(continues) or (tight and bool(block.marker))
            pieces += _gap(above, block, tight=is_next)
            pieces.append(_indented(_block(block), block))
            tight, above = bool(block.depth), block
    return "".join(pieces)


def to_plain(blocks: Iterable[Block]) -> str:
    """The words as they are read on screen; the cells of a row are apart by tabs."""
    return "\n".join(_plain(block) for block in blocks if block.kind is not Kind.CODE_HEAD)


def _plain(block: Block) -> str:
    if block.kind is Kind.TABLE:
        return "\n".join(
            "\t".join("".join(map(_words, cell)) for cell in row) for row in block.rows
        )
    mark = f"{block.marker} " if block.marker else ""
    text = _block(block) if block.kind is Kind.MATH else "".join(map(_words, block.runs))
    return "  " * max(0, block.depth - 1) + mark + text.replace(LINE_BREAK, "\n")


def _words(run: Run) -> str:
    return f"${words_of(run)}$" if run.math else words_of(run)


def _gap(above: Block | None, below: Block, *, tight: bool) -> list[str]:
    """What parts two blocks; a quote that both stand in goes on in between."""
    if above is None:
        return []
    if tight:
        return ["\n"]
    both = zip(depths_of_quotes(above), depths_of_quotes(below), strict=False)
    common = takewhile(lambda depths: depths[0] == depths[1], both)
    return [f"\n{_quotes([depth for depth, _ in common])[0].rstrip()}\n"]


def _quotes(depths: Sequence[int]) -> tuple[str, int]:
    """What quotes so deep in lists put before a line, and how many lists are passed by that."""
    before, passed = "", 0
    for depth in depths:
        before, passed = f"{before}{'   ' * (depth - passed)}> ", depth
    return before, passed


def _code(members: list[Block]) -> list[str]:
    """Code blocks, each in its fence, longer than any in the code."""
    pieces: list[str] = []
    lines: list[str] = []
    head = members[0]
    for block in [*members, None]:
        if block is None or (block.kind is Kind.CODE_HEAD and block is not members[0]):
            fence = "```"
            while any(line.lstrip().startswith(fence) for line in lines):
                fence += "`"
            body = "\n".join([f"{fence}{head.language}", *lines, fence])
            pieces += ["\n\n"] if pieces else []
            pieces.append(_indented(body, head))
            lines = []
            head = block or head
        elif block.kind is Kind.CODE:
            lines.append(block.text)
    return pieces


def _block(block: Block) -> str:
    text = runs_to_markdown(block.runs)
    if block.kind is Kind.HEADING:
        return f"{'#' * block.level} {text}"
    if block.kind is Kind.RULE:
        return "---"
    if block.kind is Kind.MATH:
        return f"$$\n{block.text.replace(LINE_BREAK, chr(10))}\n$$"
    return _table(block) if block.kind is Kind.TABLE else _begun(text)


def _begun(text: str) -> str:
    """A paragraph whose beginning makes nothing else of it."""
    if _BEGINS.match(text):
        return f"\\{text}"
    return _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text


def _indented(text: str, block: Block) -> str:
    """Text behind the marks of the quotes and lists that it stands in."""
    quotes, passed = _quotes(depths_of_quotes(block))
    mark = _mark(block.marker) if block.marker else ""
    indent = quotes + "   " * max(0, block.depth - passed - (1 if mark else 0))
    lines = text.split("\n")
    first = f"{indent}{mark}{lines[0]}"
    rest = [f"{indent}{' ' * len(mark)}{line}" if line else quotes for line in lines[1:]]
    return "\n".join([first, *rest])


def _mark(marker: str) -> str:
    tasks = {"☐": "- [ ] ", "☑": "- [x] "}
    if marker in tasks:
        return tasks[marker]
    if marker in "•◦▪":
        return "- "
    return f"{marker} " if marker[-1:] in ".)" else f"[^{marker}]: "


def _table(block: Block) -> str:
    lines = []
    for number, row in enumerate(block.rows):
        cells = (runs_to_markdown(cell).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
        if number == 0 and block.head:
            rules = (_RULE_OF_ALIGN.get(align, "---") for align in block.aligns)
            lines.append(f"| {' | '.join(rules)} |")
    return "\n".join(lines)


def runs_to_markdown(runs: Runs) -> str:
    """Inline Markdown."""
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    if run.note and not run.image:
        return f"[^{run.text}]"
    text = words_of(run).replace(LINE_BREAK, "\\\n")
    if run.math:
        return f"${text}$"
    if not run.code and not run.image:
        text = _MEANT.sub(r"\\\g<0>", text)
    if run.code:
        ticks = "`" if "`" not in text else "``"
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        text = f"{ticks}{pad}{text}{pad}{ticks}"
    core = text.strip()
    for is_on, mark in ((run.italic, "*"), (run.bold, "**"), (run.strike, "~~")):
        if is_on and core:
            text = text.replace(core, f"{mark}{core}{mark}", 1)
            core = text.strip()
    if not text:
        return ""
    if run.link and run.link not in (text, f"mailto:{text}") and not is_citation(run.link):
        text = f"{'!' if run.image else ''}[{text}]({run.link})"
    return text
