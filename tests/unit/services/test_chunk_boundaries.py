"""The stored borders of a document's parts, and parts cut at the borders of a text."""

from __future__ import annotations

import pytest

from desktop_app.domain.documents.extracted_document import TextChunk
from desktop_app.services.documents.chunk_boundaries import (
    chunks_from_json,
    chunks_to_json,
    even_parts,
)


@pytest.mark.parametrize(
    ("stored", "length", "chunks"),
    [
        (None, 5, None),
        ("[]", 5, None),
        ("[[0, 5, 2]]", 5, [(0, 5, 2)]),
        ("[[0, 5, 2]]", 4, None),
        ("[[1, 5, 2]]", 5, None),
        ("[[0, 2, 1], [2, 5, 3]]", 5, [(0, 2, 1), (2, 5, 3)]),
        ("[[0, 2, 1], [3, 5, 1]]", 5, None),
        ("[[0, 0, 0], [0, 5, 1]]", 5, None),
        ("[[0, 5, 5]]", 5, [(0, 5, 5)]),
        ("[[0, 5, Infinity]]", 5, None),
        ("[" * 100_000, 5, None),
        ("{", 5, None),
        ('[["a", 5, 1]]', 5, None),
    ],
)
def test_chunks_that_do_not_cover_the_text_are_dropped(
    stored: str | None, length: int, chunks: list[tuple[int, int, int]] | None
) -> None:
    found = chunks_from_json(stored, length)
    assert found == (None if chunks is None else [TextChunk(*chunk) for chunk in chunks])
    if found is not None:
        assert chunks_from_json(chunks_to_json(found), length) == found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a" * 11, ["a" * 10, "a"]),
        ("aaaaaaa bb cc", ["aaaaaaa ", "bb cc"]),
        ("aaaaaa bbbb cc", ["aaaaaa bbb", "b cc"]),  # too far back
        ("aaaaaaaaaa bb", ["aaaaaaaaaa", " bb"]),
        ("aaaaaaa\nb bb", ["aaaaaaa\n", "b bb"]),
        ("aaaaaaa bb bb", ["aaaaaaa ", "bb bb"]),
        ("aaaaaaa.\n\nb bb", ["aaaaaaa.\n\n", "b bb"]),
        ("aaaaaaa。b bbb", ["aaaaaaa。", "b bbb"]),
    ],
)
def test_parts_end_at_the_strongest_border_near_their_size(text: str, parts: list[str]) -> None:
    ranges = even_parts(text, 10)
    assert [text[start:end] for start, end in ranges] == parts
    assert "".join(parts) == text
