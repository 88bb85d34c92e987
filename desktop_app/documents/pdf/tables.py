"""Finds the ruled tables on a PDF's page, as rows of cells.

Rulings that meet make a grid, and the words between them are its cells. A grid with little text is
a drawing, a grid with much text in a cell is a frame around running text: both stay text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from desktop_app.documents.pdf.page_words import Word
from desktop_app.documents.pdf.rulings import Ruling, Rulings

_MEETING_DISTANCE: Final = 3.5  # points
_SMALLEST_CELL: Final = 6.0
_MAX_RULINGS: Final = 1_000  # of a page: each is compared with each
_MAX_CELLS: Final = 4_000
_MAX_CELL_WORDS: Final = 150
_LEAST_FILLED_SHARE: Final = 0.4


class Table(NamedTuple):
    """The words of each cell, by row and column, and the table's box in points."""

    left: float
    bottom: float
    right: float
    top: float
    rows: list[list[list[Word]]]


def find_tables(rulings: Rulings, words: Sequence[Word]) -> Iterator[Table]:
    """Yield the tables of a page."""
    if len(rulings.across) + len(rulings.down) > _MAX_RULINGS:
        return
    for across, down in _grids(rulings):
        # The top border of a table may be missing, and so may the left and the right one.
        ys = _borders([rule.position for rule in across] + [y for rule in down for y in rule[1:]])
        xs = _borders([rule.position for rule in down] + [x for rule in across for x in rule[1:]])
        table = _table(xs, ys, words)
        if table is not None:
            yield table


def _grids(rulings: Rulings) -> Iterator[tuple[list[Ruling], list[Ruling]]]:
    """Yield the rulings that meet each other, directly or through others."""
    across_left = list(rulings.across)
    down_left = list(rulings.down)
    while down_left:
        across: list[Ruling] = []
        down = [down_left.pop()]
        has_grown = True
        while has_grown:
            new_across = [a for a in across_left if any(_meet(a, d) for d in down)]
            across += new_across
            across_left = [a for a in across_left if a not in new_across]
            new_down = [d for d in down_left if any(_meet(a, d) for a in across)]
            down += new_down
            down_left = [d for d in down_left if d not in new_down]
            has_grown = bool(new_across or new_down)
        if len(across) >= 2:
            yield across, down


def _meet(across: Ruling, down: Ruling) -> bool:
    return (
        across.start - _MEETING_DISTANCE <= down.position <= across.end + _MEETING_DISTANCE
        and down.start - _MEETING_DISTANCE <= across.position <= down.end + _MEETING_DISTANCE
    )


def _borders(positions: Iterable[float]) -> list[float]:
    """Return the borders of columns or rows, without those too close to another."""
    borders: list[float] = []
    for position in sorted(positions):
        if not borders or position - borders[-1] >= _SMALLEST_CELL:
            borders.append(position)
    return borders


def _table(xs: Sequence[float], ys: Sequence[float], words: Sequence[Word]) -> Table | None:
    columns = len(xs) - 1
    rows = len(ys) - 1
    if columns < 2 or rows < 2 or columns * rows > _MAX_CELLS:
        return None
    cells: list[list[list[Word]]] = [[[] for _ in range(columns)] for _ in range(rows)]
    for word in words:
        row = bisect_right(ys, word.box.middle) - 1
        # A word in a merged cell belongs to the column in which it begins.
        column = bisect_right(xs, word.box.left + 1) - 1
        if 0 <= row < rows and 0 <= column < columns:
            cells[rows - 1 - row][column].append(word)
    filled = [cell for row_cells in cells for cell in row_cells if cell]
    is_table = (
        len(filled) >= _LEAST_FILLED_SHARE * columns * rows
        and max(map(len, filled), default=0) <= _MAX_CELL_WORDS
    )
    return Table(xs[0], ys[0], xs[-1], ys[-1], cells) if is_table else None
