"""Splits tables that are too wide for the page into parts, one below the other.

Each part has as many columns as fit without breaking words, and repeats the first column, which
usually names the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PREFERRED_WIDTH: Final = 9
"""The width of a column with wider text, in widths of "m", unless a word needs more."""


def column_groups(
    rows: Sequence[Sequence[str]],
    columns: int,
    measure: Callable[[str], float],
    available_width: float,
) -> list[list[int]]:
    """Return the columns of each part, from the left; one part if no word must be broken.

    Args:
        measure: returns the width of a cell with a text.
        available_width: in the unit of `measure`.
    """
    texts = [[row[column] for row in rows if column < len(row)] for column in range(columns)]
    min_widths = [
        max((measure(word) for text in column_texts for word in text.split()), default=0.0)
        for column_texts in texts
    ]
    if sum(min_widths) <= available_width or columns < 2:
        return [list(range(columns))]
    preferred_width = measure("m" * _PREFERRED_WIDTH)
    widths = []
    for min_width, column_texts in zip(min_widths, texts, strict=True):
        full_width = max(map(measure, column_texts), default=0.0)
        widths.append(max(min_width, min(full_width, preferred_width)))
    groups = [[0]]
    width = widths[0]
    for column in range(1, columns):
        if width + widths[column] > available_width and len(groups[-1]) > 1:
            groups.append([0])
            width = widths[0]
        groups[-1].append(column)
        width += widths[column]
    return groups
