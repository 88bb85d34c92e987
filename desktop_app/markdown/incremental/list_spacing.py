"""Updates the spacing of closed blocks when their list turns loose.

Each step updates a few blocks, beginning with the last ones, because these are on screen. A list
turns loose only once, so the total cost is linear.
"""

from __future__ import annotations

from typing import Final

from desktop_app.markdown.block_model import NON_PARAGRAPHS, Block, Patch

_BLOCKS_PER_STEP: Final = 100
"""Blocks that a step examines, so that it takes a few milliseconds."""


class ListSpacing:
    """The blocks that remain to be marked as loose."""

    def __init__(self, blocks: list[Block]) -> None:
        """`blocks` are changed in place; others may add and remove blocks only at the end."""
        self._blocks = blocks
        self._scheduled_lists: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._scheduled_lists)

    def schedule(self, end: int, depth: int) -> None:
        """Schedule a list to be marked as loose: at `depth`, and open before block `end`."""
        self._scheduled_lists.append((end, depth))

    def mark_next(self) -> list[Patch]:
        """Mark the next blocks as loose, at most `_BLOCKS_PER_STEP`; return their patches."""
        blocks_left = _BLOCKS_PER_STEP
        patches: list[Patch] = []
        while self._scheduled_lists and blocks_left > 0:
            end, depth = self._scheduled_lists.pop(0)
            first, is_done = self._find_start(end, depth, blocks_left)
            blocks_left -= end - first + 1
            patches += self._mark_loose(first, end, depth)
            if not is_done:
                self._scheduled_lists.insert(0, (first, depth))
        return patches

    def _find_start(self, end: int, depth: int, limit: int) -> tuple[int, bool]:
        """Return the index of the first block to mark, and True if the list begins with it.

        The block is at most `limit` blocks above `end`.
        """
        for index in range(end - 1, max(-1, end - 1 - limit), -1):
            block = self._blocks[index]
            if block.depth < depth:
                return index + 1, True
            if block.depth == depth and block.begins:
                return index, True
        return max(0, end - limit), end <= limit

    def _mark_loose(self, first: int, end: int, depth: int) -> list[Patch]:
        """Mark blocks as loose; return one patch for each group between code and tables.

        Each patch is an edit of the document, so fewer patches are faster.
        """
        patches: list[Patch] = []
        first_loose: int | None = None
        last_loose = first
        for index in range(first, end):
            block = self._blocks[index]
            if block.kind in NON_PARAGRAPHS:
                patches += self._make_patch(first_loose, last_loose)
                first_loose = None
            elif block.depth == depth and not block.loose:
                self._blocks[index] = block._replace(loose=True)
                if first_loose is None:
                    first_loose = index
                last_loose = index
        return patches + self._make_patch(first_loose, last_loose)

    def _make_patch(self, first: int | None, last: int) -> list[Patch]:
        """Return the patch of a group of blocks; [] if there is no group."""
        if first is None:
            return []
        return [Patch(first, last + 1 - first, tuple(self._blocks[first : last + 1]))]
