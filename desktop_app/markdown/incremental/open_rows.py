"""Parses rows of an open table without the block parser.

A line that begins with a bar can only be the next row of the open table. In answers with long
tables most lines are rows, and the parser would make three tokens of every cell for each new piece.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.markdown.block_model import Block, Kind, Run, Runs, clean_text, show_invisible
from desktop_app.markdown.parsing.inline_runs import runs_of
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.parsing.tables import split_cells
from desktop_app.markdown.provisional.provisional_inline import complete_inline

if TYPE_CHECKING:
    from typing import Any

_NEEDS_PARSER: Final = re.compile(r"[\\\[]|[^\S \n]")
"""Characters that need the parser: escaped bars, links, notes, unusual white space."""

_INLINE_MARKS: Final = re.compile(r"[`*_~\]<&$!:@]|www\.", re.IGNORECASE)
_MAX_LINE_LENGTH: Final = 800
"""Characters of an incomplete row; a longer one goes through the block parser."""
_MAX_CELLS: Final = 4_000
"""Cells that are parsed at once; more go through the block parser."""


class Rows(NamedTuple):
    """The rows of complete lines, and the row of an incomplete last line, if any."""

    complete: list[Block]
    incomplete: Block | None


def read_rows(source: str, table: Block, env: dict[str, Any]) -> Rows | None:
    """Parse rows that continue a table outside lists and quotes.

    Return None if the block parser is needed.
    """
    lines = source.split("\n")
    columns = len(table.aligns)
    last = lines.pop()
    is_simple = all(line[:1] == "|" for line in lines) and last[:1] in ("", "|")
    if not is_simple or len(last) > _MAX_LINE_LENGTH or len(lines) * columns > _MAX_CELLS:
        return None
    if _NEEDS_PARSER.search(source) or not _is_decided(last):
        return None
    if any(len(split_cells(line)) > columns for line in (*lines, last)):
        return None  # the table gets further columns
    complete = [_parse_row(line, table, env) for line in lines]
    return Rows(complete, _parse_row(last, table, env) if last else None)


def _is_decided(line: str) -> bool:
    """Return True if no markup is open in the last nonempty cell of an incomplete line."""
    cells = [cell for cell in split_cells(line) if cell]
    return not cells or complete_inline(cells[-1]) == (cells[-1], "")


def _parse_row(line: str, table: Block, env: dict[str, Any]) -> Block:
    aligns, from_right = table.aligns, table.from_right
    cells = split_cells(line)
    missing_cells: list[Runs] = [()] * (len(aligns) - len(cells))
    row = (*(_parse_cell(cell, env) for cell in cells), *missing_cells)
    source_chars = sum(map(len, cells))
    return Block(
        Kind.TABLE, rows=(row,), aligns=aligns, source_chars=source_chars, from_right=from_right
    )


def _parse_cell(cell: str, env: dict[str, Any]) -> Runs:
    if _INLINE_MARKS.search(cell):
        return runs_of(parser().parseInline(cell, env)[0].children)
    text = show_invisible(clean_text(cell))
    return (Run(text),) if text else ()
