"""Aligns the cells of RTF tables to common columns; each row states its own cell edges."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock

# In twentieths of a point. Edges this close are meant to be the same: programs round them.
_SAME_EDGE: Final = 60
# Word allows 63 in a table. Above this limit, rows are not aligned.
_MAX_COLUMNS: Final = 256


@dataclass
class Row:
    """A table row.

    Attributes:
        edges: the right edge of each cell in twentieths of a point.
        merged: the indexes of the cells that continue the cell above or before them.
    """

    texts: list[str] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    merged: set[int] = field(default_factory=set)


def table_block(rows: Sequence[Row]) -> MarkdownBlock:
    """Return the rows as a table; a single cell is a frame around text, and becomes text."""
    if len(rows) == 1 and len(rows[0].texts) == 1:
        return MarkdownBlock(rows[0].texts[0])
    column_edges = _column_edges(rows)
    return md.table([_cells(row, column_edges) for row in rows])


def _column_edges(rows: Sequence[Row]) -> list[int]:
    """Return the right edge of each column, which cells of any row may end at."""
    edges: list[int] = []
    for edge in sorted({edge for row in rows for edge in row.edges}):
        if not edges or edge - edges[-1] > _SAME_EDGE:
            edges.append(edge)
    return edges


def _cells(row: Row, column_edges: Sequence[int]) -> list[str]:
    """Return the texts in their columns; "" for a cell that continues another.

    Cells may be too narrow for a column of their own, or their edge may not be beyond the previous
    edge. They then share a column with the next cell, and the texts are joined. A row that does not
    state an edge for each cell is not aligned.
    """
    if len(row.edges) != len(row.texts) or len(column_edges) > _MAX_COLUMNS:
        return row.texts
    cells = [""] * len(column_edges)
    next_column = 0
    for number, (text, edge) in enumerate(zip(row.texts, row.edges, strict=True)):
        if number not in row.merged:
            column = min(next_column, len(column_edges) - 1)
            cells[column] = f"{cells[column]} {text}".strip()
        next_column = max(next_column, bisect_left(column_edges, edge - _SAME_EDGE) + 1)
    return cells
