"""Compares lists of blocks: the changes as patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.rendering.block_model import Patch

if TYPE_CHECKING:
    from desktop_app.rendering.block_model import Block


def difference(start: int, blocks: list[Block], new: list[Block]) -> Patch | None:
    """Return the patch that turns blocks[start:] into `new`, None if they are equal."""
    old_end, new_end, at = len(blocks), len(new), 0
    while at < new_end and start + at < old_end and blocks[start + at] == new[at]:
        at += 1
    while new_end > at and old_end > start + at and blocks[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    if at == new_end and start + at == old_end:
        return None
    return Patch(start + at, old_end - start - at, tuple(new[at:new_end]))


def merge_patches(patches: list[Patch]) -> list[Patch]:
    """Merge patches of adjacent blocks, because each patch is an edit of the document."""
    merged: list[Patch] = []
    for patch in patches:
        last = merged[-1] if merged else None
        if last is not None and patch.at == last.at + last.removed == last.at + len(last.added):
            merged[-1] = Patch(last.at, last.removed + patch.removed, last.added + patch.added)
        else:
            merged.append(patch)
    return merged
