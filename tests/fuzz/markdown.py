"""Fuzz target: streamed Markdown must end as the same blocks as the whole source.

The first two bytes set the sizes of the streamed pieces.
"""

from __future__ import annotations

from typing import Final

from desktop_app.markdown.incremental.block_stream import render
from tests.fuzz import files
from tests.unit.markdown.test_block_stream import (
    CODE,
    CONTAINERS,
    LINES,
    PIECES,
    ROWS,
    WORDS,
    at_once,
    streamed,
)

_LONGEST: Final = 4_000


def seeds() -> list[bytes]:
    """Return the documents of the test data and the constructs of the unit tests."""
    made = [body[at : at + 600] for body in files(".md") for at in range(0, 6_000, 600)]
    for parts in (PIECES, WORDS, LINES, ROWS, CODE, list(CONTAINERS)):
        made += ["".join(parts[at : at + 6]).encode() for at in range(len(parts))]
    return [bytes([at % 7, at % 11]) + body for at, body in enumerate(made) if body]


def one_input(data: bytes) -> None:
    """Check that the patches of a stream make the blocks of its whole source."""
    source = data[2:].decode("utf-8", "replace")[:_LONGEST]
    sizes = [1 + size for size in data[:2]] or [1]
    cuts: list[int] = []
    at = 0
    while at < len(source):
        at += sizes[len(cuts) % len(sizes)]
        cuts.append(at)
    whole = at_once(source)
    assert render(source) == whole
    assert streamed(source, [cut for cut in cuts if cut <= len(source)]) == whole
