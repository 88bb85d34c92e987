"""Long texts are folded, indexed and searched in pieces."""

from __future__ import annotations

import pytest

from desktop_app.domain.documents.letter_folding import _PIECE_CHARS, fold
from desktop_app.storage.search_index import _PIECE_CHARS as _SEARCHED_CHARS
from desktop_app.storage.search_index import MATCH_START, index_text, snippet


@pytest.mark.parametrize("length", [_PIECE_CHARS - 1, _PIECE_CHARS, _PIECE_CHARS + 1])
def test_a_long_text_is_folded_whole(length: int) -> None:
    assert fold("É" * length) == "e" * length


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("unit", ["\u0301\u0316", "\u05b0\u05b7", "\u1161", "\u200b"])
def test_accents_without_a_letter_take_time_in_proportion(unit: str) -> None:
    """Sorting 500,000 accents at once would block all threads for minutes."""
    assert len(fold(unit * 250_000)) in {0, 250_000, 500_000}


def test_ideographs_are_indexed_as_pairs_in_each_piece() -> None:
    words = index_text("漢" * _SEARCHED_CHARS + "字か").split()
    assert words[0] == "漢漢"
    assert words[-3:] == ["漢", "字か", "か"]


@pytest.mark.parametrize("before", [_SEARCHED_CHARS - 2, _SEARCHED_CHARS, _SEARCHED_CHARS + 1])
def test_a_snippet_shows_a_match_anywhere_in_a_long_text(before: int) -> None:
    assert f"{MATCH_START}needle" in snippet("é " * (before // 2) + "needle", "needle")
