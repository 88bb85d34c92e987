"""Finds tables on a PDF's page whose columns are separated by space only.

They may lie between horizontal rules, as in journals, or have no lines at all. In both cases,
hardly any word may cross the borders of a column. Between three rules of equal width, two columns
are enough; without rules there must be three columns, one of them with numbers. So prose in
columns, code, addresses and tables of contents stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from desktop_app.documents.pdf import page_words
from desktop_app.documents.pdf.page_words import Word, middle_of
from desktop_app.documents.pdf.ruled_tables import Table
from desktop_app.documents.pdf.rulings import Ruling, Rulings

if TYPE_CHECKING:
    import pypdfium2 as pdfium

# In points.
_SAME_END: Final = 4.0
_NARROWEST_TABLE: Final = 60.0
_NARROWEST_TEXT: Final = 100.0
# In line heights.
_MIN_GUTTER: Final = 0.45
_MIN_WIDE_GUTTER: Final = 0.9
_MAX_LINE_DISTANCE: Final = 2.6
_MAX_RULES: Final = 80
_MAX_COLUMNS: Final = 40
_MAX_CELL_CHARS: Final = 400
# The largest mean number of lines in a row, if every row is ruled.
_MAX_LINES_PER_RULED_ROW: Final = 2.5
_LEAST_NUMBER_WORDS: Final = 0.3  # share of a line's words
# Shares of a table's lines.
_LEAST_NUMBER_LINES: Final = 0.6  # with a number in a column of numbers
_LEAST_FULL_LINES: Final = 0.6  # with words in all columns
_LEAST_FILLED_LINES: Final = 0.6  # with words in two columns or more
_MAX_LEADER_LINES: Final = 0.3  # with dots up to a page number
# Running text: the share of full lines, and the width of a full line relative to the column.
_LEAST_PROSE_LINES: Final = 0.5
_FULL_LINE_WIDTH: Final = 0.7
_RULE_TOLERANCE: Final = 2  # points that words may lie beyond the ends of the rules
_FEWEST_ROWS: Final = 4  # of a table without rules
_FEWEST_RULED_ROWS: Final = 3  # rows of a table between rules
_MAX_STEP: Final = 60  # between the numbers of lines or pages in a list
_FEWEST_RULED_BANDS: Final = 4  # between rules, if every row is ruled
_MIN_GUTTER_POINTS: Final = 2.0
# In a table of this many lines, one line in eight may cover a gutter, and at least one.
_LINES_WITH_COVERING: Final = 5
_LINES_PER_COVERING: Final = 8
# Minimum shares of filled cells. Rules are a sign of a table, so fewer are enough.
_LEAST_FILLED_RULED: Final = 0.4
_LEAST_FILLED_UNRULED: Final = 0.6
_MIN_CAPTION_WORDS: Final = 6
_MAX_HEADER_LINES: Final = 4
_LEADER: Final = re.compile(r"(?:\.\s?){4,}|…{2,}|_{4,}")
_BULLETS: Final = re.compile(r"[^\w\-–—−✓✔✗×]*")
_NUMBER: Final = re.compile(r"(?<!\S)[^\s\w]*\d[\d.,:/%]*[^\s\w]*(?!\S)")

Line = list[Word]
Cells = list[list[Word]]
"""The words of each cell of a row, by column."""


def find_between_rules(
    rulings: Rulings, words: Sequence[Word], textpage: pdfium.PdfTextPage
) -> list[Table]:
    """Return tables between at least three rules of equal width, one below the other."""
    tables: list[Table] = []
    for rules in _group_by_width(rulings.across):
        # A figure may have thousands of pairs of rules, and each pair is a possible frame.
        left = min(rule.start for rule in rules)
        right = max(rule.end for rule in rules)
        outer_frame = _frame(rules, left=left, right=right)
        words_inside = [word for word in words if outer_frame.contains(word)]
        first = 0
        while first + 2 < len(rules):
            # The largest table first, because its parts would be tables, too.
            for last in range(len(rules) - 1, first + 1, -1):
                if table := _table_between_rules(rules[first : last + 1], words_inside, textpage):
                    tables.append(table)
                    first = last
                    break
            first += 1
    return tables


def _frame(rules: Sequence[Ruling], *, left: float, right: float) -> Table:
    """Return a table without rows between the first and the last of `rules`."""
    return Table(
        left=left - _RULE_TOLERANCE,
        bottom=rules[-1].position,
        right=right + _RULE_TOLERANCE,
        top=rules[0].position,
        rows=[],
    )


def _group_by_width(across: Sequence[Ruling]) -> Iterator[list[Ruling]]:
    """Yield groups of at least three rules with the same ends, from top to bottom."""
    groups: list[list[Ruling]] = []
    for rule in sorted(across, key=lambda rule: -rule.position):
        if rule.end - rule.start < _NARROWEST_TABLE:
            continue
        for group in groups:
            first = group[0]
            if (
                abs(first.start - rule.start) <= _SAME_END
                and abs(first.end - rule.end) <= _SAME_END
            ):
                group.append(rule)
                break
        else:
            groups.append([rule])
    yield from (group for group in groups if 3 <= len(group) <= _MAX_RULES)


def _table_between_rules(
    rules: Sequence[Ruling], words: Sequence[Word], textpage: pdfium.PdfTextPage
) -> Table | None:
    frame = _frame(rules, left=rules[0].start, right=rules[0].end)
    words_inside = [word for word in words if frame.contains(word)]
    lines = page_words.group_lines(words_inside)
    if len(lines) < _FEWEST_RULED_ROWS or page_words.are_rotated(textpage, words_inside):
        return None
    borders = _gutters(lines, _MIN_GUTTER)
    if not 1 <= len(borders) <= _MAX_COLUMNS:
        return None
    rows = [_cells(line, borders) for line in lines]
    # A caption or a note above or below the table shows that these rules do not frame it alone.
    full_rows = [number for number, row in enumerate(rows) if sum(map(bool, row)) > len(row) / 2]
    outer_lines = lines
    if full_rows:
        outer_lines = [*lines[: full_rows[0]], *lines[full_rows[-1] + 1 :]]
    if any(_is_caption(line, borders) for line in outer_lines):
        return None
    if not _is_table(rows, lines, textpage, least_filled=_LEAST_FILLED_RULED, max_prose_columns=1):
        return None
    joined_rows = _join_rows(rows, lines, rules)
    if len(joined_rows) < _FEWEST_RULED_ROWS:
        return None
    return replace(frame, rows=joined_rows)


def _is_caption(line: Line, borders: Sequence[float]) -> bool:
    """Return True if several words of a line cross a border: it is a caption or note."""
    return any(
        len(piece) >= _MIN_CAPTION_WORDS
        and any(piece[0].left < border < piece[-1].right for border in borders)
        for piece in page_words.split_at_gaps(line)
    )


def _join_rows(rows: list[Cells], lines: Sequence[Line], rules: Sequence[Ruling]) -> list[Cells]:
    """Join the lines of each row.

    The header is a row. If every row is ruled, the lines between two rules are a row. Otherwise a
    row is a line and the lines below it that lack the first cell and continue its other cells.
    """
    # The number of rules above a line is the same for all lines between two rules.
    bands = [sum(rule.position > middle_of(line) for rule in rules) for line in lines]
    row_count = len(set(bands))
    is_ruled = (
        row_count >= _FEWEST_RULED_BANDS and len(lines) <= _MAX_LINES_PER_RULED_ROW * row_count
    )
    has_header = bands.count(bands[0]) <= _MAX_HEADER_LINES and len(rules) > 2
    joined_rows: list[Cells] = []
    for number, (row, band) in enumerate(zip(rows, bands, strict=True)):
        is_same_band = bool(joined_rows) and bands[number - 1] == band
        is_header = has_header and band == bands[0]
        continues = bool(joined_rows) and not row[0] and _is_continuation(joined_rows[-1], row)
        if is_same_band and (is_header or is_ruled or continues):
            joined_rows[-1] = [
                [*upper, *lower] for upper, lower in zip(joined_rows[-1], row, strict=True)
            ]
        else:
            joined_rows.append(row)
    return joined_rows


def _is_continuation(upper_row: Cells, row: Cells) -> bool:
    """Return True if a line without a first cell continues the cells above: one or two of them."""
    is_filled = [bool(cell) for cell in row]
    return sum(is_filled) <= 2 and all(
        is_above or not is_here
        for is_here, is_above in zip(is_filled, map(bool, upper_row), strict=True)
    )


def find_unruled(
    words: Sequence[Word], ruled: Sequence[Table], textpage: pdfium.PdfTextPage
) -> list[Table]:
    """Return tables without rules, outside the ruled ones: adjacent lines with aligned numbers."""
    free_words = [word for word in words if not any(table.contains(word) for table in ruled)]
    tables: list[Table] = []
    if not free_words or page_words.are_rotated(textpage, free_words):
        return []
    for run in _runs(page_words.group_lines(free_words)):
        borders = _gutters(run, _MIN_WIDE_GUTTER)
        if not 2 <= len(borders) <= _MAX_COLUMNS:
            continue
        rows = [_cells(line, borders) for line in run]
        is_table = _is_table(
            rows, run, textpage, least_filled=_LEAST_FILLED_UNRULED, max_prose_columns=0
        )
        if is_table and _has_numbers(rows, textpage):
            frame = page_words.bounds([word for line in run for word in line])
            tables.append(Table(*frame, rows))
    return tables


def may_contain_table(text: str) -> bool:
    """Return True if enough lines of a page have many numbers for a table without rules."""
    return sum(map(_has_many_numbers, text.split("\n"))) >= _FEWEST_ROWS


def _has_many_numbers(line: str) -> bool:
    count = len(_NUMBER.findall(line))
    return count > 0 and count >= _LEAST_NUMBER_WORDS * len(line.split())


def split_number_columns(table: Table, textpage: pdfium.PdfTextPage) -> Table:
    """Split those columns of a ruled table that have several columns of numbers."""
    # From the right, because a split shifts the columns after it.
    for column in reversed(range(len(table.rows[0]))):
        lines = [page_words.group_lines(row[column]) for row in table.rows]
        all_lines = [line for cell in lines for line in cell]
        if len(all_lines) < _FEWEST_ROWS:
            continue
        borders = _gutters(all_lines, _MIN_WIDE_GUTTER)
        if not borders:
            continue
        rows = [_cells(line, borders) for line in all_lines]
        is_full = sum(all(row) for row in rows) >= _LEAST_FULL_LINES * len(rows)
        if is_full and _has_numbers(rows, textpage):
            split_cells = [_merge_lines([_cells(line, borders) for line in cell]) for cell in lines]
            table = replace(
                table,
                rows=[
                    [*row[:column], *(split_cell or [[] for _ in rows[0]]), *row[column + 1 :]]
                    for row, split_cell in zip(table.rows, split_cells, strict=True)
                ],
            )
    return table


def _merge_lines(lines: Sequence[Cells]) -> Cells:
    """Join the lines of a row, cell by cell."""
    return [[word for cell in column for word in cell] for column in zip(*lines, strict=True)]


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield runs of adjacent lines of at least three pieces, with gaps between the pieces."""
    run: list[Line] = []
    for line in lines:
        height = median(word.height for word in line)
        is_near = not run or middle_of(run[-1]) - middle_of(line) <= _MAX_LINE_DISTANCE * height
        piece_count = 1 + sum(
            b.left - a.right > _MIN_WIDE_GUTTER * height for a, b in pairwise(line)
        )
        if piece_count >= 3 and is_near:
            run.append(line)
            continue
        if len(run) >= _FEWEST_ROWS:
            yield run
        run = [line] if piece_count >= 3 else []
    if len(run) >= _FEWEST_ROWS:
        yield run


def _gutters(lines: Sequence[Line], least_width: float) -> list[float]:
    """Return the x of the middle of each vertical gap that hardly any line's words cover.

    Args:
        least_width: minimum width of a gap, in line heights.
    """
    height = median(word.height for line in lines for word in line)
    max_covering_lines = 0
    if len(lines) >= _LINES_WITH_COVERING:
        max_covering_lines = max(1, len(lines) // _LINES_PER_COVERING)
    # The x at which a piece of a line begins (+1) or ends (-1), from left to right.
    edges = sorted(
        edge
        for line in lines
        for piece in page_words.split_at_gaps(line)
        for edge in ((piece[0].left, 1), (max(word.right for word in piece), -1))
    )
    gutters: list[float] = []
    covering_lines = 0
    gap_start = None
    for x, step in edges:
        previous_lines = covering_lines
        covering_lines += step
        if previous_lines > max_covering_lines >= covering_lines:
            gap_start = x
        elif previous_lines <= max_covering_lines < covering_lines and gap_start is not None:
            if x - gap_start >= max(least_width * height, _MIN_GUTTER_POINTS):
                gutters.append((gap_start + x) / 2)
            gap_start = None
    return gutters


def _cells(line: Line, borders: Sequence[float]) -> Cells:
    """Assign the words of a line to columns; a piece across a border stays together."""
    cells: Cells = [[] for _ in range(len(borders) + 1)]
    for piece in page_words.split_at_gaps(line):
        middle = (piece[0].left + piece[0].right) / 2
        cells[sum(border < middle for border in borders)] += piece
    return cells


def _is_table(
    rows: Sequence[Cells],
    lines: Sequence[Line],
    textpage: pdfium.PdfTextPage,
    *,
    least_filled: float,
    max_prose_columns: int,
) -> bool:
    """Return True if the cells look like a table, not like prose, bullets or a list of contents.

    Args:
        least_filled: minimum share of cells that contain words.
        max_prose_columns: maximum number of columns with running text.
    """
    columns = len(rows[0])
    filled_counts = [sum(map(bool, row)) for row in rows]
    if sum(filled_counts) < least_filled * columns * len(rows):
        return False
    if sum(count >= 2 for count in filled_counts) < _LEAST_FILLED_LINES * len(rows):
        return False
    if any(sum(len(w.characters) for w in cell) > _MAX_CELL_CHARS for row in rows for cell in row):
        return False
    prose_columns = sum(_is_running_text([row[index] for row in rows]) for index in range(columns))
    if prose_columns > max_prose_columns:
        return False
    texts = [
        [page_words.join_words(textpage, row[index]) for row in rows] for index in range(columns)
    ]
    if any(_are_bullets(column) for column in texts):
        return False
    leaders = sum(bool(_LEADER.search(page_words.join_words(textpage, line))) for line in lines)
    return leaders < _MAX_LEADER_LINES * len(lines)


def _are_bullets(column: Sequence[str]) -> bool:
    """Return True if at least half of a column's cells contain only bullets."""
    filled_texts = [text for text in column if text]
    return sum(bool(_BULLETS.fullmatch(text)) for text in filled_texts) >= len(filled_texts) / 2


def _is_running_text(column: Sequence[Line]) -> bool:
    """Return True if a column contains running text: lines of several words that fill it."""
    cells = [cell for cell in column if cell]
    if not cells:
        return False
    width = max(cell[-1].right for cell in cells) - min(cell[0].left for cell in cells)
    full_count = sum(
        cell[-1].right - cell[0].left > _FULL_LINE_WIDTH * width and len(cell) >= 3
        for cell in cells
    )
    return width >= _NARROWEST_TEXT and full_count >= _LEAST_PROSE_LINES * len(cells)


def _has_numbers(rows: Sequence[Cells], textpage: pdfium.PdfTextPage) -> bool:
    """Return True if a column after the first has numbers that are not line or page numbers."""
    for column in range(1, len(rows[0])):
        texts = [page_words.join_words(textpage, row[column]) for row in rows if row[column]]
        numbers = [text for text in texts if page_words.NUMBER.fullmatch(text)]
        if len(numbers) >= max(3, _LEAST_NUMBER_LINES * len(rows)) and not _is_sequence(numbers):
            return True
    return False


def _is_sequence(texts: Sequence[str]) -> bool:
    """Return True if all texts are integers that grow by small steps, like page numbers."""
    numbers = [int(text) for text in texts if text.isdecimal()]
    steps = [b - a for a, b in pairwise(numbers)]
    return len(numbers) == len(texts) and all(0 <= step <= _MAX_STEP for step in steps)
