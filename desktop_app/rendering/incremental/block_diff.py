"""Helpers of the block stream: comparing and packing blocks, finding lines and labels."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from desktop_app.rendering.block_model import (
    TABLE_CELLS,
    TABLE_LETTERS,
    TABLE_ROWS,
    Block,
    Kind,
    Patch,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

# Escapes are matched first: searching a line of escaped brackets from each of them would read it a
# thousand times.
_LABEL: Final = re.compile(r"\\.|\[((?:\\.|[^\[\]\\]){1,999})\]", re.DOTALL)

replace_unusable: Final = partial(re.compile("[\0\ud800-\udfff]").sub, "\ufffd")
"""Replaces NULs and lone surrogates by U+FFFD: lone surrogates make addresses fail."""


def difference(start: int, blocks: list[Block], new: list[Block]) -> Patch | None:
    """Return the patch that turns blocks[start:] into `new`, None if they are equal."""
    old_end, new_end, at = len(blocks), len(new), 0
    while at < new_end and start + at < old_end and blocks[start + at] == new[at]:
        at += 1
    while new_end > at and old_end > start + at and blocks[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    if at == new_end and start + at == old_end:
        return None
    return Patch(start + at, old_end - start - at, tuple(new[at:new_end]))


def joined(patches: list[Patch]) -> list[Patch]:
    """Merge patches of adjacent blocks, because each patch is an edit of the document."""
    made: list[Patch] = []
    for patch in patches:
        last = made[-1] if made else None
        if last is not None and patch.at == last.at + last.removed == last.at + len(last.added):
            made[-1] = Patch(last.at, last.removed + patch.removed, last.added + patch.added)
        else:
            made.append(patch)
    return made


def pack(packed: list[Block], blocks: list[Block]) -> list[Block]:
    """Append blocks to `packed`, joining table rows up to the block limits, and return it."""
    rows: list[Any] = []
    letters = 0
    for block in blocks:
        last = packed[-1] if packed else None
        joins = block.kind is Kind.TABLE and not block.head and last is not None
        if (
            joins
            and last is not None
            and same_table(last, block)
            and _has_room(last, rows, letters, block)
        ):
            rows += block.rows
            letters += block.letters
            continue
        if rows:
            packed[-1] = _with_rows(packed[-1], rows, letters)
            rows, letters = [], 0
        packed.append(block)
    if rows:
        packed[-1] = _with_rows(packed[-1], rows, letters)
    return packed


def _has_room(table: Block, rows: list[Any], letters: int, row: Block) -> bool:
    """Return True if a table block with these pending rows has room for another."""
    count = len(table.rows) + len(rows)
    is_short = table.letters + letters + row.letters <= TABLE_LETTERS
    return count < most_rows(table) and (is_short or (table.head and count < 2))


def _with_rows(table: Block, rows: list[Any], letters: int) -> Block:
    return table._replace(rows=table.rows + tuple(rows), letters=table.letters + letters)


def most_rows(table: Block) -> int:
    """Return the maximum number of rows of a table's blocks."""
    return max(1, min(TABLE_ROWS, TABLE_CELLS // max(1, len(table.aligns))))


def same_table(last: Block, row: Block) -> bool:
    """Return True if a row continues the table that a block is a part of."""
    return last.kind is Kind.TABLE and (last.depth, last.quote) == (row.depth, row.quote)


def last_inline(tokens: list[Token], cut: int) -> Token | None:
    """Return the last inline token if it begins at line `cut` or below.

    Of a table row, this is the last cell with words; the parser completes rows with empty cells.
    """
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.type == "inline" and (token.content or tokens[at - 1].type != "td_open"):
            line = token.map or next((t.map for t in reversed(tokens[:at]) if t.map), None)
            return token if line is not None and line[0] >= cut else None
    return None


def line_offset(source: str, line: int) -> int:
    """Return the offset of a line; the source's length if it has fewer lines."""
    offset = 0
    for _ in range(line):
        offset = source.find("\n", offset) + 1
        if not offset:
            return len(source)
    return offset


def lines_of_notes(tokens: list[Token]) -> dict[str, int]:
    """Return the line of each footnote's first definition."""
    lines: dict[str, int] = {}
    for token in tokens:
        if token.type == "footnote_reference_open" and token.map is not None:
            lines.setdefault(token.meta["label"], token.map[0])
    return lines


def names_in(text: str) -> set[str]:
    """Return the labels that a text may refer to, normalized as the parser does."""
    from markdown_it.common.utils import normalizeReference

    names = set()
    for match in _LABEL.finditer(text) if "[" in text else ():
        name = match[1]
        if name is None:
            continue
        names.add(name if name.startswith("^") else normalizeReference(name))
        if name.startswith("^"):
            names.add(normalizeReference(name))
    return names


def can_change_later(blocks: list[Block]) -> bool:
    """Return True if later definitions may change any of the blocks."""
    return any(block.kind not in (Kind.CODE, Kind.CODE_HEAD) for block in blocks)
