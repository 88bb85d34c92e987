"""Feeds a block stream, and checks the changes that it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.markdown.block_model import Block
    from desktop_app.markdown.incremental.block_stream import BlockStream


def streamed_blocks(stream: BlockStream, source: str, cuts: list[int]) -> list[Block]:
    """Return the blocks of a source cut at these places, as a reader of the changes has them."""
    shown: list[Block] = []
    last = 0
    for cut in [*sorted(cut % (len(source) + 1) for cut in cuts), len(source)]:
        first = stream.feed(source[last:cut])
        shown[first:] = stream.blocks[first:]
        assert shown == stream.blocks
        last = cut
    first = stream.finish()
    shown[first:] = stream.blocks[first:]
    assert shown == stream.blocks
    return shown
