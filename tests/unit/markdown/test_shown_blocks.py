"""When a list turns loose, its closed blocks are marked."""

from __future__ import annotations

import pytest

from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.incremental.shown_blocks import ShownBlocks


def depths(*given: int) -> list[Block]:
    """Return blocks at these depths; a list begins where the depth grows."""
    above = (0, *given[:-1])
    return [
        Block(Kind.PARAGRAPH, (), depth=depth, begins=depth > before)
        for depth, before in zip(given, above, strict=True)
    ]


def marked(blocks: list[Block], depth: int) -> tuple[list[int], int]:
    """Mark a list as loose; return the loose blocks and the first changed block."""
    shown = ShownBlocks()
    shown.add_closed(blocks, depths(1), in_table=False)
    shown.reset_changes()
    shown.mark_loose(depth)
    first = min(shown.first_changed, len(blocks))
    return [number for number, one in enumerate(shown.blocks) if one.loose], first


@pytest.mark.parametrize(
    ("given", "depth", "expected"),
    [
        ((1, 1, 1), 1, ([0, 1, 2], 0)),
        ((0, 1, 1), 1, ([1, 2], 1)),
        ((1, 0, 1), 1, ([2], 2)),
        ((1, 2, 2, 1), 1, ([0, 3], 0)),
        ((1, 2, 2), 2, ([1, 2], 1)),
        ((1, 2, 1, 2, 2), 2, ([3, 4], 3)),
        ((0, 0), 2, ([], 2)),
    ],
)
def test_only_blocks_of_the_loose_list_are_marked(
    given: tuple[int, ...], depth: int, expected: tuple[list[int], int]
) -> None:
    assert marked(depths(*given), depth) == expected


def test_a_list_that_follows_another_begins_with_its_own_block() -> None:
    first, second = (Block(Kind.PARAGRAPH, (), depth=1, begins=True) for _ in range(2))
    assert marked([first, second, *depths(1)], 1) == ([2], 2)
    assert marked([first, second], 1) == ([1], 1)


def test_code_stays_as_it_is_in_a_loose_list() -> None:
    blocks = depths(1, 1, 1)
    blocks[1] = Block(Kind.CODE, (), depth=1)
    assert marked(blocks, 1) == ([0, 2], 0)
