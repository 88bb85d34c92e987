"""Splits tables that are too wide for the page into parts, one below the other.

Each part has as many columns as fit without breaking words, and repeats the first column, which
usually names the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EASY_WIDTH: Final = 9
"""Preferred width, in widths of "m", of a column whose text exceeds its longest word."""


def column_groups(
    rows: Sequence[Sequence[str]], columns: int, measure: Callable[[str], float], room: float
) -> list[list[int]]:
    """Return the columns of each part, from the left; a single part if all columns fit.

    Args:
        room: the available width, in the units of `measure`.
    """
    cells = [[row[n] for row in rows if n < len(row)] for n in range(columns)]
    least = [max((measure(w) for t in c for w in t.split()), default=0.0) for c in cells]
    if sum(least) <= room or columns < 2:
        return [list(range(columns))]
    wanted = [
        max(word, min(max(map(measure, column), default=0.0), measure("m" * EASY_WIDTH)))
        for word, column in zip(least, cells, strict=True)
    ]
    groups, width = [[0]], wanted[0]
    for column in range(1, columns):
        if width + wanted[column] > room and len(groups[-1]) > 1:
            groups.append([0])
            width = wanted[0]
        groups[-1].append(column)
        width += wanted[column]
    return groups
