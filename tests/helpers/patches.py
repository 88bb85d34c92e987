"""Applies the patches of a block stream, as the transcript does."""

from __future__ import annotations

from collections.abc import Iterable

from desktop_app.markdown.block_model import Block, Patch


def apply_patches(patches: Iterable[Patch], blocks: list[Block]) -> None:
    """Apply patches to a list of blocks, in place."""
    for at, removed, added in patches:
        blocks[at : at + removed] = added
