"""Re-renders closed text that names links and footnotes once they are defined, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.markdown.block_model import Block, Kind, Patch
from desktop_app.markdown.incremental.table_packing import widen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.markdown.incremental.definitions import Definitions
    from desktop_app.markdown.incremental.open_tail import ParserContext
    from desktop_app.markdown.incremental.shown_blocks import ShownBlocks

_CHARACTERS_PER_STEP: Final = 4_000
"""Source characters that a step renders again, so that it takes a few milliseconds."""
_CHARACTERS_PER_CHUNK: Final = 50
"""The cost of an empty chunk, in source characters: a step renders at most 80 chunks."""


class BlockChunk(NamedTuple):
    """Closed source that names links or footnotes without a definition so far.

    Attributes:
        at: the index of the chunk's first block.
        row: if that block is a table, the index of the chunk's first row in it.
    """

    source: str
    context: ParserContext
    at: int
    row: int


class ReferenceUpdate:
    """The closed chunks that name undefined labels, and the chunks that must be re-rendered."""

    def __init__(self, definitions: Definitions, shown: ShownBlocks) -> None:
        self._definitions = definitions
        self._shown = shown
        self._chunks_by_label: dict[str, list[BlockChunk]] = {}
        self._scheduled_chunks: dict[tuple[int, int], BlockChunk] = {}

    def __bool__(self) -> bool:
        return bool(self._scheduled_chunks)

    def remember(self, chunk: BlockChunk, labels: Iterable[str]) -> None:
        """Record the labels in a chunk that have no definition yet."""
        for label in labels:
            if not self._definitions.is_defined(label):
                self._chunks_by_label.setdefault(label, []).append(chunk)

    def schedule(self, labels: Iterable[str]) -> list[Patch]:
        """Schedule the chunks that name these labels, and re-render the first."""
        for label in labels:
            for chunk in self._chunks_by_label.pop(label, ()):
                self._scheduled_chunks[chunk.at, chunk.row] = chunk
        return self.render_next() if self._scheduled_chunks else []

    def render_undefined_notes(self) -> list[Patch]:
        """Render footnote marks without a definition as text, because none will follow."""
        return self.schedule([label for label in self._chunks_by_label if label.startswith("^")])

    def render_next(self) -> list[Patch]:
        """Re-render scheduled chunks for a few milliseconds."""
        positions: list[tuple[int, int]] = []
        characters_left = _CHARACTERS_PER_STEP
        for position, chunk in self._scheduled_chunks.items():
            positions.append(position)
            characters_left -= len(chunk.source) + _CHARACTERS_PER_CHUNK
            if characters_left <= 0:
                break
        patches: list[Patch] = []
        for position in sorted(positions):
            patches += self._render_again(self._scheduled_chunks.pop(position))
        return _merge_adjacent(patches)

    def _render_again(self, chunk: BlockChunk) -> list[Patch]:
        """Re-render a chunk. Definitions change words, never the number of blocks."""
        changed_blocks: dict[int, Block] = {}
        blocks = self._shown.blocks
        block_index = chunk.at
        row = chunk.row
        parse = self._definitions.parse(chunk.context.source + chunk.source, chunk.context)
        for placed in parse.placed:
            old_block = changed_blocks.get(block_index, blocks[block_index])
            if old_block.kind is Kind.TABLE and (
                row == len(old_block.rows) or (row and placed.block.head)
            ):
                block_index = block_index + 1
                row = 0
                old_block = blocks[block_index]
            if old_block.kind is Kind.TABLE and placed.block.kind is Kind.TABLE:
                new_rows = widen(placed.block, old_block).rows
                rows = (*old_block.rows[:row], *new_rows, *old_block.rows[row + 1 :])
                changed_blocks[block_index] = old_block._replace(rows=rows)
                row += 1
            else:
                if row:
                    block_index = block_index + 1
                    row = 0
                changed_blocks[block_index] = with_spacing_of(placed.block, blocks[block_index])
                block_index += 1
        return self._shown.change(changed_blocks)


def with_spacing_of(block: Block, earlier: Block) -> Block:
    """Return a re-parsed block with the `begins` and `loose` of its earlier version."""
    return block._replace(begins=earlier.begins, loose=earlier.loose)


def can_change_later(blocks: list[Block]) -> bool:
    """Return True if later definitions may change any of the blocks."""
    return any(block.kind not in (Kind.CODE, Kind.CODE_HEAD) for block in blocks)


def _merge_adjacent(patches: list[Patch]) -> list[Patch]:
    """Merge patches of adjacent blocks, because each patch is an edit of the document."""
    merged: list[Patch] = []
    for patch in patches:
        last = merged[-1] if merged else None
        if last is not None and patch.at == last.at + last.removed == last.at + len(last.added):
            merged[-1] = Patch(last.at, last.removed + patch.removed, last.added + patch.added)
        else:
            merged.append(patch)
    return merged
