"""Rows of a table in blocks of limited size."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.incremental.shown_blocks import max_rows_of, pack_rows


def row(source_chars: int = 1, columns: int = 2, **more: Any) -> Block:
    cells = ((),) * columns
    return Block(
        Kind.TABLE, rows=(cells,), aligns=("",) * columns, source_chars=source_chars, **more
    )


def sizes(blocks: list[Block]) -> list[tuple[int, int]]:
    return [(len(block.rows), block.source_chars) for block in blocks]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [(0, 8), (1, 8), (20, 8), (21, 7), (22, 7), (23, 6), (80, 2), (81, 1), (160, 1), (500, 1)],
)
def test_blocks_of_wide_tables_have_fewer_rows(columns: int, rows: int) -> None:
    assert max_rows_of(row(columns=columns)) == rows
    packed = pack_rows([], [row(columns=columns) for _ in range(2 * rows + 1)])
    assert [len(block.rows) for block in packed] == [rows, rows, 1]


@pytest.mark.parametrize(
    ("source_chars", "packed"),
    [
        ([4000, 4000, 1], [(2, 8000), (1, 1)]),
        ([4000, 3999, 1, 1], [(3, 8000), (1, 1)]),
        ([8001, 1, 1], [(1, 8001), (2, 2)]),
        ([1, 8000, 1], [(1, 1), (1, 8000), (1, 1)]),
    ],
)
def test_blocks_have_a_limited_number_of_letters(
    source_chars: list[int], packed: list[tuple[int, int]]
) -> None:
    assert sizes(pack_rows([], [row(each) for each in source_chars])) == packed
    below = pack_rows([row(source_chars[0])], [row(each) for each in source_chars[1:]])
    assert sizes(below) == packed


def test_a_header_block_has_a_row_below() -> None:
    head = row(9000, head=True)
    assert sizes(pack_rows([], [head, row(9000), row()])) == [(2, 18000), (1, 1)]
    assert sizes(pack_rows([], [row(), head, row()])) == [(1, 1), (2, 9001)]


@pytest.mark.parametrize("apart", [row(depth=1), row(quote=1), Block(Kind.PARAGRAPH)])
def test_only_rows_of_the_same_table_are_joined(apart: Block) -> None:
    assert pack_rows([], [row(), apart, row()]) == [row(), apart, row()]
