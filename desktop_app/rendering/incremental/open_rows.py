"""Rows of an open table, read without the parser of blocks.

A line that begins with a bar can be nothing but the next row of a table that is open above it: none of
what may end a table begins so. Rows are what a long answer has most lines of, and the parser makes
three tokens of every cell, each time that anything is added to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.rendering.block_model import Block, Kind, Run, Runs, clean, show_unseen
from desktop_app.rendering.markdown.inline_runs import runs_of
from desktop_app.rendering.markdown.parser import parser
from desktop_app.rendering.provisional.provisional_inline import closers_of

if TYPE_CHECKING:
    from typing import Any

_OTHERS: Final = re.compile(r"[\\\[]|[^\S \n]")
"""What makes a row one for the parser: bars that part no cells, links and notes that later text may
define, white space that is trimmed in ways of its own."""

_MARKS: Final = re.compile(r"[`*_~\]<&$!:@]|www\.", re.IGNORECASE)
_LONGEST: Final = 800
_MOST_CELLS: Final = 4_000


class Rows(NamedTuple):
    """The rows of complete lines, and that of the last line if anything of it is there."""

    complete: list[Block]
    half: Block | None


def read_rows(source: str, table: Block, env: dict[str, Any]) -> Rows | None:
    """The rows that go on with a table, in no list or quote; None where the parser is to read them."""
    lines, columns = source.split("\n"), len(table.aligns)
    half = lines.pop()
    is_simple = all(line[:1] == "|" for line in lines) and half[:1] in ("", "|")
    if not is_simple or len(half) > _LONGEST or len(lines) * columns > _MOST_CELLS:
        return None
    if _OTHERS.search(source) or not _is_calm(half, columns):
        return None
    complete = [_row(line, table, env) for line in lines]
    return Rows(complete, _row(half, table, env) if half else None)


def _is_calm(half: str, columns: int) -> bool:
    """Whether the last row is shown as it stands: nothing in its last words is open."""
    words = [cell for cell in _cells(half)[:columns] if cell]
    return not words or closers_of(words[-1]) == (words[-1], "")


def _cells(line: str) -> list[str]:
    parts = line.strip(" ").split("|")[1:]
    if parts and not parts[-1]:
        parts.pop()
    return [part.strip(" ") for part in parts]


def _row(line: str, table: Block, env: dict[str, Any]) -> Block:
    aligns, from_right = table.aligns, table.from_right
    cells = _cells(line)[: len(aligns)]
    row = (*(_runs(cell, env) for cell in cells), *[()] * (len(aligns) - len(cells)))
    letters = sum(map(len, cells))
    return Block(Kind.TABLE, rows=(row,), aligns=aligns, letters=letters, from_right=from_right)


def _runs(cell: str, env: dict[str, Any]) -> Runs:
    if _MARKS.search(cell):
        return runs_of(parser().parseInline(cell, env)[0].children)
    text = show_unseen(clean(cell))
    return (Run(text),) if text else ()
