"""When a list turns loose, its closed blocks are marked in steps, the last blocks first."""

from __future__ import annotations

import pytest

from desktop_app.markdown.block_model import Block, Kind, Patch
from desktop_app.markdown.incremental import list_spacing
from desktop_app.markdown.incremental.list_spacing import ListSpacing


def block(depth: int, *, begins: bool = False, kind: Kind = Kind.PARAGRAPH) -> Block:
    return Block(kind, (), depth=depth, begins=begins)


def depths(*given: int) -> list[Block]:
    """Return blocks at these depths; a list begins where the depth grows."""
    above = (0, *given[:-1])
    return [block(depth, begins=depth > before) for depth, before in zip(given, above, strict=True)]


def loose(blocks: list[Block]) -> list[int]:
    return [number for number, one in enumerate(blocks) if one.loose]


def applied(blocks: list[Block], end: int, depth: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Mark a list as loose; return the loose blocks, and the place and size of each patch."""
    spacing = ListSpacing(blocks)
    spacing.schedule(end, depth)
    patches: list[Patch] = []
    while spacing:
        patches += spacing.mark_next()
    for patch in patches:
        assert patch.added == tuple(blocks[patch.at : patch.at + patch.removed])
    return loose(blocks), [(patch.at, patch.removed) for patch in patches]


@pytest.mark.parametrize(
    ("given", "end", "depth", "expected"),
    [
        ((1, 1, 1), 3, 1, ([0, 1, 2], [(0, 3)])),
        ((1, 1, 1), 2, 1, ([0, 1], [(0, 2)])),
        ((0, 1, 1), 3, 1, ([1, 2], [(1, 2)])),
        ((1, 0, 1), 3, 1, ([2], [(2, 1)])),
        ((1, 2, 2, 1), 4, 1, ([0, 3], [(0, 4)])),
        ((1, 2, 2, 1), 3, 2, ([1, 2], [(1, 2)])),
        ((1, 2, 1, 2, 2), 5, 2, ([3, 4], [(3, 2)])),
        ((0, 0), 2, 1, ([], [])),
        ((1,), 0, 1, ([], [])),
    ],
)
def test_only_blocks_of_the_loose_list_are_marked(
    given: tuple[int, ...], end: int, depth: int, expected: tuple[list[int], list[tuple[int, int]]]
) -> None:
    assert applied(depths(*given), end, depth) == expected


def test_a_list_that_follows_another_begins_with_its_own_block() -> None:
    blocks = [block(1, begins=True), block(1, begins=True), block(1)]
    assert applied(blocks, 3, 1) == ([1, 2], [(1, 2)])


def test_code_and_loose_blocks_divide_the_patches() -> None:
    blocks = depths(1, 1, 1, 1, 1)
    blocks[2] = block(1, kind=Kind.CODE)
    assert applied(blocks, 5, 1) == ([0, 1, 3, 4], [(0, 2), (3, 2)])
    assert applied(blocks, 5, 1) == ([0, 1, 3, 4], [])


@pytest.mark.parametrize("size", [2, 4, 5, 6, 9])
def test_long_lists_are_marked_in_steps(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(list_spacing, "_BLOCKS_PER_STEP", 4)
    blocks = depths(0, *[1] * size)
    spacing = ListSpacing(blocks)
    spacing.schedule(size + 1, 1)
    marked = [[(patch.at, patch.removed) for patch in spacing.mark_next()]]
    while spacing:
        marked.append([(patch.at, patch.removed) for patch in spacing.mark_next()])
    assert marked[0] == ([(1, size)] if size < 4 else [(size - 3, 4)])
    assert loose(blocks) == list(range(1, size + 1))
    assert sum(removed for step in marked for _, removed in step) == size
