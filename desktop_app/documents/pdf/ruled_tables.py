"""Finds the ruled tables on a PDF's page, as rows of cells.

A ruling is a drawn line; "line" alone is a line of text. Rulings that meet make a grid; cells
without a ruling between them are merged. The content decides whether a grid is a table. Forms are
irregular; frames around columns of running text have much text in few cells; drawings and charts
have little text. If in doubt, the grid is not a table.

`unruled_tables` finds tables without rulings between their columns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.documents.pdf import page_words
from desktop_app.documents.pdf.page_words import Word, middle_of
from desktop_app.documents.pdf.rulings import Ruling, Rulings

if TYPE_CHECKING:
    import pypdfium2 as pdfium

# In points. A ruling that ends this close to another ruling meets it. A vertical ruling this close
# to the left or right end of the grid is its outer border.
_MEETING_DISTANCE: Final = 3.5
_SMALLEST_CELL: Final = 6.0  # minimum width of a column and height of a row
# Arbitrary limits of the time: each horizontal ruling is compared with each vertical ruling.
_MAX_PAIRS: Final = 400_000
_MAX_CELLS: Final = 4_000
# The fraction of a border that must be drawn.
_DRAWN_SHARE: Final = 0.6
_MAX_CELL_CHARS: Final = 1_200
# The number of cells as a fraction of the grid's positions: a merged cell covers several positions.
_LEAST_CELL_SHARE: Final = 0.5
# The fraction of cells that contain words.
_LEAST_FILLED_SHARE: Final = 0.4
# The fraction of words that cross a border.
_MAX_CUT_SHARE: Final = 0.1
# A cell of numbers tells that lines are rows, if it has this share of the longest cell's lines.
_LEAST_NUMBER_LINES: Final = 0.6
# In a table with so few rows between rulings, each of so many lines may be a row.
_MAX_FEW_ROWS: Final = 3
_MIN_LINES_AS_ROWS: Final = 4
_EDGE_TOLERANCE: Final = 1  # points that a word's middle may lie beside the table

Position = tuple[int, int]
"""Row and column, from 0."""


@dataclass(frozen=True)
class Table:
    """The words of each cell, by row and column, and the table's box in points.

    The words of a cell are in the order of the content stream; those of a row that was split at
    its lines are line by line.
    """

    left: float
    bottom: float
    right: float
    top: float
    rows: list[list[list[Word]]]

    def contains(self, word: Word) -> bool:
        x = (word.left + word.right) / 2
        is_level = self.bottom <= word.middle <= self.top
        return is_level and self.left - _EDGE_TOLERANCE <= x <= self.right + _EDGE_TOLERANCE


class _Grid(NamedTuple):
    """Borders from left to right and from top to bottom, and the rulings on each.

    The outer borders may have no rulings.

    Attributes:
        xs: the vertical borders.
        ys: the horizontal borders.
        down: the rulings on each vertical border.
        across: the rulings on each horizontal border.
    """

    xs: list[float]
    ys: list[float]
    down: list[list[Ruling]]
    across: list[list[Ruling]]


def find_ruled(
    rulings: Rulings, words: Sequence[Word], textpage: pdfium.PdfTextPage
) -> tuple[list[Table], Rulings]:
    """Return the ruled tables of a page, and the rulings that are not part of a grid.

    Both are empty if the page has too many rulings.
    """
    tables = []
    other_rulings = Rulings()
    for group in _connected_groups(rulings):
        grid = _find_grid(group)
        if grid is None:
            other_rulings.across += group.across
            other_rulings.down += group.down
        elif (table := _find_table(grid, words, textpage)) is not None:
            tables.append(table)
    return tables, other_rulings


def _connected_groups(rulings: Rulings) -> Iterator[Rulings]:
    """Group rulings that meet, directly or through others; none if there are too many."""
    across = rulings.across
    down = rulings.down
    if len(across) * len(down) > _MAX_PAIRS:
        return
    parents = list(range(len(across) + len(down)))

    def root(member: int) -> int:
        """Return the member that stands for its group: this is a union-find."""
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    for row, horizontal in enumerate(across):
        for column, vertical in enumerate(down, len(across)):
            if _reaches(horizontal, vertical.position) and _reaches(vertical, horizontal.position):
                parents[root(row)] = root(column)
    group_by_root: dict[int, Rulings] = {}
    for row, horizontal in enumerate(across):
        group_by_root.setdefault(root(row), Rulings()).across.append(horizontal)
    for column, vertical in enumerate(down, len(across)):
        group_by_root.setdefault(root(column), Rulings()).down.append(vertical)
    yield from group_by_root.values()


def _reaches(ruling: Ruling, position: float) -> bool:
    return ruling.start - _MEETING_DISTANCE <= position <= ruling.end + _MEETING_DISTANCE


def _find_grid(rulings: Rulings) -> _Grid | None:
    """Return the grid of rulings that meet; None for one row or column, or too many cells."""
    if not rulings.across or not rulings.down:
        return None
    left = min(ruling.start for ruling in rulings.across)
    right = max(ruling.end for ruling in rulings.across)
    bottom = min(ruling.start for ruling in rulings.down)
    top = max(ruling.end for ruling in rulings.down)
    xs = _borders([*(ruling.position for ruling in rulings.down), left, right])
    ys = _borders([*(ruling.position for ruling in rulings.across), bottom, top])
    if len(ys) < 3 or len(xs) * len(ys) > _MAX_CELLS:  # two borders enclose a single row
        return None
    # Without a ruling between the outer borders, there is a single column.
    if not any(
        xs[0] + _MEETING_DISTANCE < ruling.position < xs[-1] - _MEETING_DISTANCE
        for ruling in rulings.down
    ):
        return None
    ys.reverse()
    return _Grid(xs, ys, _on_borders(rulings.down, xs), _on_borders(rulings.across, ys))


def _on_borders(rulings: Sequence[Ruling], borders: Sequence[float]) -> list[list[Ruling]]:
    return [
        [ruling for ruling in rulings if abs(ruling.position - border) < _SMALLEST_CELL]
        for border in borders
    ]


def _borders(positions: Iterable[float]) -> list[float]:
    """Merge positions that are meant to be the same; return them in ascending order."""
    groups: list[list[float]] = []
    for position in sorted(positions):
        if groups and position - groups[-1][-1] < _SMALLEST_CELL:
            groups[-1].append(position)
        else:
            groups.append([position])
    return [sum(group) / len(group) for group in groups]


def _find_table(grid: _Grid, words: Sequence[Word], textpage: pdfium.PdfTextPage) -> Table | None:
    """Return the table in a grid; None unless its words are those of a table."""
    frame = Table(grid.xs[0], bottom=grid.ys[-1], right=grid.xs[-1], top=grid.ys[0], rows=[])
    words_inside = [word for word in words if frame.contains(word)]
    if not words_inside or page_words.are_rotated(textpage, words_inside):
        return None
    cell_starts = _cell_starts(grid)
    if cell_starts is None:
        return None
    cells: dict[Position, list[Word]] = {cell: [] for cell in cell_starts.values()}
    cut_count = 0
    for word in words_inside:
        row = sum(y > word.middle for y in grid.ys[1:-1])
        parts = _split_word(word, row, grid, cell_starts, textpage)
        if len(parts) > 1:
            cut_count += 1
        for cell, part in parts:
            cells[cell].append(part)
    max_cut_count = max(1, _MAX_CUT_SHARE * len(words_inside))  # one, even in a small table
    if cut_count > max_cut_count or not _is_table(cells, grid):
        return None
    words_at = dict(_words_by_position(cells, cell_starts, grid))
    rows = [
        [words_at.get((row, column), []) for column in range(len(grid.xs) - 1)]
        for row in range(len(grid.ys) - 1)
    ]
    split_rows = _split_rows(rows, textpage)
    return Table(frame.left, frame.bottom, frame.right, frame.top, rows=split_rows)


def _words_by_position(
    cells: dict[Position, list[Word]], cell_starts: dict[Position, Position], grid: _Grid
) -> Iterator[tuple[Position, list[Word]]]:
    """Yield words by position.

    The words of a merged cell move to the columns they align with, unless a piece crosses a border.
    """
    for (row, column), words in cells.items():
        last_column = max(c for (_, c), cell in cell_starts.items() if cell == (row, column))
        borders = grid.xs[column + 1 : last_column + 1]
        pieces = [
            piece
            for line in page_words.group_lines(words)
            for piece in page_words.split_at_gaps(line)
        ]
        crosses = any(
            piece[0].left < border < piece[-1].right for piece in pieces for border in borders
        )
        columns = {bisect_right(borders, piece[0].left) for piece in pieces}
        if crosses or len(columns) < 2:
            yield (row, column), words
            continue
        for offset in columns:
            column_words = [word for word in words if bisect_right(borders, word.left) == offset]
            yield (row, column + offset), column_words


def _split_word(
    word: Word,
    row: int,
    grid: _Grid,
    cell_starts: dict[Position, Position],
    textpage: pdfium.PdfTextPage,
) -> list[tuple[Position, Word]]:
    """Split a word at the cells it crosses; return the parts with their cells."""

    def cell_at(x: float) -> Position:
        return cell_starts[row, bisect_right(grid.xs[1:-1], x)]

    borders = [
        x
        for column, x in enumerate(grid.xs[1:-1])
        if cell_starts[row, column] != cell_starts[row, column + 1]
    ]
    parts = page_words.split_word(word, borders, textpage)
    return [(cell_at((part.left + part.right) / 2), part) for part in parts]


def _cell_starts(grid: _Grid) -> dict[Position, Position] | None:
    """Map grid positions to the first position of their cell; None unless cells are rectangles."""
    rows = len(grid.ys) - 1
    columns = len(grid.xs) - 1
    cell_starts: dict[Position, Position] = {}
    for row in range(rows):
        for column in range(columns):
            if (row, column) in cell_starts:
                continue
            width = 1
            while column + width < columns and not _has_ruling_left(grid, row, column + width):
                width += 1
            height = 1
            while row + height < rows and not _has_ruling_above(grid, row + height, column, width):
                height += 1
            for r in range(row, row + height):
                for c in range(column, column + width):
                    if (r, c) in cell_starts:  # two cells overlap: one is not a rectangle
                        return None
                    cell_starts[r, c] = (row, column)
    return cell_starts


def _has_ruling_left(grid: _Grid, row: int, border: int) -> bool:
    """Return True if a ruling is drawn along this part of a vertical border."""
    return _is_drawn(grid.down[border], grid.ys[row + 1], grid.ys[row])


def _has_ruling_above(grid: _Grid, border: int, column: int, width: int) -> bool:
    """Return True if a ruling is drawn along this part of a horizontal border."""
    start = grid.xs[column]
    end = grid.xs[column + width]
    return _is_drawn(grid.across[border], start, end)


def _is_drawn(rulings: Iterable[Ruling], start: float, end: float) -> bool:
    drawn_length = sum(
        max(0.0, min(ruling.end, end) - max(ruling.start, start)) for ruling in rulings
    )
    return drawn_length >= _DRAWN_SHARE * (end - start)


def _is_table(cells: dict[Position, list[Word]], grid: _Grid) -> bool:
    rows = len(grid.ys) - 1
    columns = len(grid.xs) - 1
    filled_cells = {cell for cell, words in cells.items() if words}
    lengths = [sum(len(word.characters) for word in words) for words in cells.values()]
    return (
        len({row for row, _ in filled_cells}) >= 2
        and len({column for _, column in filled_cells}) >= 2
        and len(cells) >= _LEAST_CELL_SHARE * rows * columns
        and len(filled_cells) >= _LEAST_FILLED_SHARE * len(cells)
        and max(lengths) <= _MAX_CELL_CHARS
    )


def _split_rows(
    rows: list[list[list[Word]]], textpage: pdfium.PdfTextPage
) -> list[list[list[Word]]]:
    """Split each row whose lines of text are rows of their own, with no rulings between them."""
    has_few_rows = len(rows) <= _MAX_FEW_ROWS
    return [part for row in rows for part in _split_row(row, textpage, has_few_rows=has_few_rows)]


def _split_row(
    row: list[list[Word]], textpage: pdfium.PdfTextPage, *, has_few_rows: bool
) -> Iterator[list[list[Word]]]:
    """Split a row into its lines if the lines of all cells are level with each other.

    Lines of numbers are always rows. Lines of words may be continued text: they count as rows only
    in a table of few rows.
    """
    lines_by_cell = [page_words.group_lines(cell) for cell in row if cell]
    longest = max(lines_by_cell, key=len, default=[])
    has_number_cell = any(
        len(cell_lines) >= max(2, _LEAST_NUMBER_LINES * len(longest))
        and all(page_words.is_number(textpage, line) for line in cell_lines)
        for cell_lines in lines_by_cell
    )
    is_row_per_line = (
        has_few_rows
        and len(longest) >= _MIN_LINES_AS_ROWS
        and len(lines_by_cell) == len(row)
        and all(len(cell_lines) == len(longest) for cell_lines in lines_by_cell)
    )
    may_split = len(lines_by_cell) >= 2 and (has_number_cell or is_row_per_line)
    if not may_split or not _are_aligned(lines_by_cell, longest):
        yield row
        return
    borders = [(middle_of(a) + middle_of(b)) / 2 for a, b in pairwise(longest)]
    split_rows: list[list[list[Word]]] = [[[] for _ in row] for _ in longest]
    for column, cell in enumerate(row):
        for word in cell:
            number = sum(border > word.middle for border in borders)
            split_rows[number][column].append(word)
    yield from split_rows


def _are_aligned(
    cells: Iterable[Sequence[Sequence[Word]]], longest: Sequence[Sequence[Word]]
) -> bool:
    """Return True if every line of the cells is level with a line of the longest cell."""
    levels = [(middle_of(line), line[0].height / 2) for line in longest]
    return all(
        any(abs(middle_of(line) - level) < max_distance for level, max_distance in levels)
        for cell_lines in cells
        for line in cell_lines
    )
