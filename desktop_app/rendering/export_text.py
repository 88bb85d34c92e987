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
    r"|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\[(?=\^|[^\]\n]{0,400}\][(\[:])"
)
_BEGINS: Final = re.compile(r"(?:#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|={1,}\s*$|-{2,}\s*$|\||~{3})")
_NUMBERED: Final = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_TICKS: Final = re.compile("`+")
_TICKS_AT_BEGIN: Final = re.compile(r"\s*(`*)")
_UNSAFE_TARGET: Final = re.compile(r"[\s<>()]")
_INDENT: Final = "    "
"""What stands in a list begins behind this: no mark of two digits is wider, and no narrower one makes
code of it."""
_LINK: Final = "link"
_MARKS: Final = {"bold": "**", "strike": "~~", "italic": "*"}
_RULE_OF_ALIGN = {"left": ":---", "center": ":---:", "right": "---:"}


def to_markdown(blocks: Iterable[Block]) -> str:
    """Markdown that says the same again; not the very characters of the source."""
    pieces: list[str] = []
    above: Block | None = None
    for is_code, group in groupby(blocks, key=lambda b: b.kind in (Kind.CODE, Kind.CODE_HEAD)):
        members = list(group)
        if is_code:
            pieces += [*_gap(above, members[0], tight=False), *_code(members)]
            above = members[-1]
            continue
        for block in members:
            pieces += _gap(above, block, tight=_goes_on(above, block))
            pieces.append(_indented(_block(block), block))
            above = block
    return "".join(pieces)


def _goes_on(above: Block | None, block: Block) -> bool:
    """Whether no blank line parts two blocks: parts of a table, text in a list that had none."""
    if above is None or block.kind is Kind.TABLE:
        return above is not None and above.kind is Kind.TABLE and not block.head
    return bool(above.depth and block.depth) and not block.spaced


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
    if tight or (_is_mark(above) and not below.marker):
        return ["\n"]  # behind a mark that stands alone, a blank line would end its item
    both = zip(depths_of_quotes(above), depths_of_quotes(below), strict=False)
    common = takewhile(lambda depths: depths[0] == depths[1], both)
    return [f"\n{_quotes([depth for depth, _ in common])[0].rstrip()}\n"]


def _is_mark(block: Block) -> bool:
    return bool(block.marker) and block.kind is Kind.PARAGRAPH and not block.runs


def _quotes(depths: Sequence[int]) -> tuple[str, int]:
    """What quotes so deep in lists put before a line, and how many lists are passed by that."""
    before, passed = "", 0
    for depth in depths:
        before, passed = f"{before}{_INDENT * (depth - passed)}> ", depth
    return before, passed


def _code(members: list[Block]) -> list[str]:
    """Code blocks, each in its fence, longer than any in the code."""
    pieces: list[str] = []
    lines: list[str] = []
    head = members[0]
    for block in [*members, None]:
        if block is None or (block.kind is Kind.CODE_HEAD and block is not members[0]):
            begins = (_TICKS_AT_BEGIN.match(line) for line in lines)
            fence = "`" * max(3, 1 + max((len(m[1]) for m in begins if m), default=0))
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
        return "***" if block.marker else "---"
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
    indent = quotes + _INDENT * max(0, block.depth - passed - (1 if mark else 0))
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
    return _styled(runs, frozenset())


def _styled(runs: Runs, opened: frozenset[str]) -> str:
    """Runs within the styles that are `opened`: of those that begin with a run, the one that goes on
    furthest is opened first."""
    pieces: list[str] = []
    at = 0
    while at < len(runs):
        style, end = _furthest(runs, at, opened)
        if style:
            inner = _styled(runs[at:end], opened | {style})
            pieces.append(_wrapped(inner, style, _value(runs[at], style)))
        else:
            pieces.append(_run(runs[at]))
        at = end
    return "".join(pieces)


def _furthest(runs: Runs, at: int, opened: frozenset[str]) -> tuple[str, int]:
    """The style of a run that most of the following ones share, and where that ends."""
    best, reach = "", at + 1
    for style in (_LINK, *_MARKS):
        value = "" if style in opened else _value(runs[at], style)
        end = at + 1
        while value and end < len(runs) and _value(runs[end], style) == value:
            end += 1
        if value and (not best or end > reach):
            best, reach = style, end
    return best, reach


def _value(run: Run, style: str) -> str:
    """What a run has of a style: its mark, a link's target; "" for none."""
    if style != _LINK:
        return _MARKS[style] if getattr(run, style) else ""
    is_address = run.link in (run.text, f"mailto:{run.text}")
    return "" if run.image or is_address or is_citation(run.link) else run.link


def _wrapped(text: str, style: str, value: str) -> str:
    core = text.strip()
    if not core:
        return text
    if style == _LINK:
        return text.replace(core, f"[{core}]({_target(value)})", 1)
    return text.replace(core, f"{value}{core}{value}", 1)


def _target(link: str) -> str:
    return f"<{link}>" if _UNSAFE_TARGET.search(link) else link


def _run(run: Run) -> str:
    """A run without its styles."""
    if run.note and not run.image:
        return f"[^{run.text}]"
    text = words_of(run).replace(LINE_BREAK, "\\\n")
    if run.math:
        return f"${text}$"
    if run.image:
        return f"![{text}]({_target(run.link)})" if text and run.link else text
    if run.code:
        return _code_span(text)
    if run.link and not _value(run, _LINK) and not is_citation(run.link):
        is_bare = text.startswith(("http://", "https://", "www.")) or run.link != text
        return text if is_bare and not _MEANT.search(text) else f"<{text}>"
    return _MEANT.sub(r"\\\g<0>", text)


def _code_span(text: str) -> str:
    """Code between more backticks than there are in it."""
    found = {len(ticks) for ticks in _TICKS.findall(text)}
    ticks = "`" * next(count for count in range(1, len(found) + 2) if count not in found)
    edges = text[:1] + text[-1:]
    pad = " " if "`" in edges or (edges == "  " and text.strip()) else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
