"""The size of a text is independent of how it is split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.text_size import TextSize


@pytest.mark.parametrize(
    ("pieces", "size"),
    [
        ((), 0),
        (("abc", "d\n"), 5),
        (("abc", "é"), 12),
        (("abc", "漢", "d"), 15),
        (("abc", "🙂", "d"), 20),
        (("a\x00", "\x01"), 13),
        (("\x1f ",), 7),
        (("\t\r\n",), 3),
        (("\b\f",), 2),
    ],
)
def test_the_widest_character_counts(pieces: tuple[str, ...], size: int) -> None:
    counted = TextSize()
    for piece in pieces:
        counted.add(piece)
    assert counted.bytes == size


@pytest.mark.parametrize(
    ("text", "limit", "kept"), [("abc", 3, "abc"), ("abcd", 3, ""), ("é", 3, "é"), ("é", 2, "")]
)
def test_a_text_as_large_as_the_limit_fits(text: str, limit: int, kept: str) -> None:
    assert TextSize().add_up_to(text, limit) == kept


@pytest.mark.attack("reply-bounds")
@given(st.lists(st.text()))
def test_pieces_count_as_the_whole(pieces: list[str]) -> None:
    whole, cut = TextSize(), TextSize()
    whole.add("".join(pieces))
    for piece in pieces:
        cut.add(piece)
    assert whole.bytes == cut.bytes


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("text", ["a", "é", "🙂", "\x00", "a" * 70_000 + "🙂"])
def test_the_part_that_fits_is_near_the_limit(text: str) -> None:
    size, limit = TextSize(), 1_000_000
    text *= 2 * limit // len(text)
    kept = size.add_up_to(text, limit)
    assert text.startswith(kept)
    whole = TextSize()
    whole.add(kept)
    assert limit - 6 * 70_000 < whole.bytes <= limit
    assert size.add_up_to(text, limit) == "", "it stays full"
