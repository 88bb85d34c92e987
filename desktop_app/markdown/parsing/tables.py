"""Tables by GitHub's rules, but no cell is lost and no code or formula is split.

GitHub drops the cells of a row beyond those of the header, and splits `a|b` in a cell. Here a row
may have more cells, up to MAX_COLUMNS, and a bar within code or a formula belongs to its cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.parsing.formulas import FORMULA, can_precede_formula, is_price, line_at

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

MAX_COLUMNS: Final = 64
"""Tables with more columns are shown as text, because every cell costs as much as a paragraph."""

_MAX_TICKS: Final = 200
"""Backticks of a line; in a line with more, which nobody writes, code is not sought."""

# GitHub checks for these before tables: an item, a quote, a heading, a fence.
_BEGINS_OTHER_BLOCK: Final = lazy_pattern(r"(?:[-+*]|\d{1,9}[.)]|#{1,6})[ \t]|>|`{3}|~{3}")
_RULE_CELL: Final = r"[ \t]*+:?-++:?[ \t]*+"
_RULE: Final = lazy_pattern(rf"(?!-[ \t])\|?{_RULE_CELL}(?:\|{_RULE_CELL})*+\|?[ \t]*+")
_CELL_PART: Final = lazy_pattern(
    r"(?<!`)(?P<ticks>`++).+?(?<!`)(?P=ticks)(?!`)|\\\(.+?\\\)|\\.|\$|(?P<bar>\|)"
)


def split_cells(line: str) -> list[str]:
    """Return the cells of a row, stripped, with escaped bars resolved."""
    line = line.strip(" \t")
    if "|" not in line:
        return [line]
    has_code = line.count("`") <= _MAX_TICKS
    cells: list[str] = []
    begin = position = 0
    while (part := _CELL_PART.search(line, position)) is not None:
        position = part.end()
        if part["bar"]:
            cells.append(line[begin : part.start()])
            begin = position
        elif part["ticks"] and not has_code:
            position = part.start() + len(part["ticks"])
        elif part[0] == "$" and can_precede_formula(line[part.start() - 1 : part.start()]):
            formula = FORMULA.match(line, part.start())
            if formula is not None and not is_price(formula[0].strip("$")):
                position = formula.end()
    cells.append(line[begin:])
    if not cells[0].strip(" \t"):
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return [cell.replace("\\|", "|").strip(" \t") for cell in cells]


def parse_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a table: a header, a rule with as many cells, and the rows below it."""
    if start + 2 > end or state.sCount[start + 1] < state.blkIndent:
        return False
    if state.is_code_block(start) or state.is_code_block(start + 1):
        return False
    head = line_at(state, start)
    # A row of MAX_COLUMNS cells has at most one mark more than cells, unless code has some.
    if "|" not in head or _BEGINS_OTHER_BLOCK.match(head):
        return False
    aligns = _read_rule(line_at(state, start + 1))
    if not aligns or len(aligns) > MAX_COLUMNS:
        return False
    cells = split_cells(head)
    if len(cells) != len(aligns):
        return False
    if silent:
        return True
    old_parent = state.parentType
    state.parentType = "table"
    table = state.push("table_open", "table", 1)
    _push_row(state, start, "th", cells, aligns)
    number = start + 2
    while number < end and not _ends_table(state, number, end):
        cells = split_cells(line_at(state, number))
        if len(cells) > MAX_COLUMNS:
            cells[MAX_COLUMNS - 1 :] = [" | ".join(cells[MAX_COLUMNS - 1 :])]
        _push_row(state, number, "td", cells, aligns)
        number += 1
    state.push("table_close", "table", -1)
    table.map = [start, number]
    state.parentType = old_parent
    state.line = number
    return True


def _read_rule(line: str) -> list[str]:
    """Return the alignment of each column; [] if the line is no rule below a header."""
    line = line.strip(" \t")
    # A line of only hyphens makes the line above a heading.
    if _RULE.fullmatch(line) is None or not line.strip("-"):
        return []
    aligns = []
    for cell in line.strip("|").split("|"):
        begins, ends = cell.strip(" \t")[:1] == ":", cell.strip(" \t")[-1:] == ":"
        aligns.append(("center" if begins else "right") if ends else "left" if begins else "")
    return aligns


def _ends_table(state: StateBlock, number: int, end: int) -> bool:
    if state.sCount[number] < state.blkIndent or state.is_code_block(number):
        return True
    if not line_at(state, number).strip(" \t"):
        return True
    rules = state.md.block.ruler.getRules("blockquote")  # what ends a quote ends a table
    return any(rule(state, number, end, True) for rule in rules)


def _push_row(
    state: StateBlock, number: int, tag: str, cells: list[str], aligns: list[str]
) -> None:
    state.push("tr_open", "tr", 1).map = [number, number + 1]
    for column in range(max(len(cells), len(aligns))):
        cell = state.push(f"{tag}_open", tag, 1)
        if column < len(aligns) and aligns[column]:
            cell.attrs = {"style": f"text-align:{aligns[column]}"}
        text = state.push("inline", "", 0)
        text.map = [number, number + 1]
        text.content = cells[column] if column < len(cells) else ""
        text.children = []
        state.push(f"{tag}_close", tag, -1)
    state.push("tr_close", "tr", -1)
