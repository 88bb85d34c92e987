"""Tables that are too wide for their page: parted into several, one below the other.

Each part has as many columns as fit with their words whole, and repeats the first one, which as a rule
names the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EASY: Final = 9
"""Widths of an m that a column is given where its text is longer than its longest word."""


def column_groups(
    rows: Sequence[Sequence[str]], columns: int, measure: Callable[[str], float], room: float
) -> list[list[int]]:
    """The columns of each part, from the left; one part where all of them fit into `room`, a width
    in the units of `measure`."""
    cells = [[row[n] for row in rows if n < len(row)] for n in range(columns)]
    least = [max((measure(w) for t in c for w in t.split()), default=0.0) for c in cells]
    if sum(least) <= room or columns < 2:
        return [list(range(columns))]
    wanted = [
        max(word, min(max(map(measure, column), default=0.0), measure("m" * EASY)))
        for word, column in zip(least, cells, strict=True)
    ]
    groups, taken = [[0]], wanted[0]
    for column in range(1, columns):
        if taken + wanted[column] > room and len(groups[-1]) > 1:
            groups.append([0])
            taken = wanted[0]
        groups[-1].append(column)
        taken += wanted[column]
    return groups
