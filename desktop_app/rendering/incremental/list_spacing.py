"""A list that turns loose re-spaces what has been closed of it: some blocks at a time, from its end up,
because that is what is on screen. It happens once to a list, so nothing is paid for twice."""

from __future__ import annotations

from typing import Final

from desktop_app.rendering.block_model import NO_TEXTS, Block, Patch

_AT_ONCE: Final = 100


class ListSpacing:
    """What is still to be told that its list is loose."""

    def __init__(self, blocks: list[Block]) -> None:
        """`blocks` are changed in place; none may be added or taken away above the end."""
        self._blocks = blocks
        self._due: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._due)

    def begin(self, end: int, depth: int) -> None:
        """The list so deep in others that is open at index `end` is loose."""
        self._due.append((end, depth))

    def step(self) -> list[Patch]:
        """Tell as many blocks as takes a few milliseconds."""
        left, patches = _AT_ONCE, []
        while self._due and left > 0:
            end, depth = self._due.pop(0)
            first, is_done = self._reach(end, depth, left)
            left -= end - first + 1
            patches += self._loosen(first, end, depth)
            if not is_done:
                self._due.insert(0, (first, depth))
        return patches

    def _reach(self, end: int, depth: int, most: int) -> tuple[int, bool]:
        """Where so many blocks above `end` begin, or their list; whether that is its beginning."""
        for at in range(end - 1, max(-1, end - 1 - most), -1):
            block = self._blocks[at]
            if block.depth < depth:
                return at + 1, True
            if block.depth == depth and block.begins:
                return at, True
        return max(0, end - most), end <= most

    def _loosen(self, first: int, end: int, depth: int) -> list[Patch]:
        """One patch for what stands together: each is an edit of the document."""
        patches: list[Patch] = []
        begin = -1
        last = -1
        for at in range(first, end):
            block = self._blocks[at]
            if block.kind in NO_TEXTS:
                patches += self._patch(begin, last)
                begin = -1
            elif block.depth == depth and not block.loose:
                self._blocks[at] = block._replace(loose=True)
                begin, last = at if begin < 0 else begin, at
        return patches + self._patch(begin, last)

    def _patch(self, first: int, last: int) -> list[Patch]:
        if first < 0:
            return []
        return [Patch(first, last + 1 - first, tuple(self._blocks[first : last + 1]))]
