"""Long texts are stored and indexed in pieces, with the same result as at once."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from desktop_app.domain.documents.letter_folding import (
    _DROPPED,
    _UNSTORABLE,
    PLAIN_LETTERS,
    _is_starter,
    _split_pieces,
    fold,
    unspaced_run,
)
from desktop_app.storage.search import search_text
from desktop_app.storage.search.search_text import _EMOJI, _FIRST_PRIVATE_CODE, index_text

units = st.text(
    st.sampled_from("aÉł \n\r\u2028漢字かカ한\u1100\u1161\u0301\u0327🙂ßﬁ\u0e33ไ\x00\ud800İ")
    | st.characters(),
    min_size=1,
    max_size=30,
)


def folded_at_once(text: str) -> str:
    plain = unicodedata.normalize("NFKD", _UNSTORABLE.sub(" ", text)).casefold()
    return unicodedata.normalize("NFKC", _DROPPED.sub("", plain).translate(PLAIN_LETTERS))


def indexed_at_once(text: str) -> str:
    """Index as earlier versions did, which remove words by computing them again."""

    def pairs(run: str) -> str:
        made = [run[at : at + 2] for at in range(len(run) - 1)]
        return f" {' '.join([*made, run[-1]])} "

    lines = []
    for line in text.splitlines(keepends=True):
        paired = unspaced_run().sub(lambda run: pairs(run.group()), folded_at_once(line))
        lines.append(
            _EMOJI.sub(
                lambda s: f" {chr(_FIRST_PRIVATE_CODE + (ord(s.group()) & 0xFFFF))} ", paired
            )
        )
    return "".join(lines)


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("unit", ["\u0301\u0316", "\u05b0\u05b7", "🙂", "ж", "\u1161", "\u200b"])
def test_a_text_without_spaces_folds_in_short_pieces(unit: str) -> None:
    """Sorting 50,000 accents at once blocks all threads for 2 s, sorting 16 MB for days."""
    text = unit * 10_000
    pieces = list(_split_pieces(text))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 1_250


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("character", ["\u3316", "\ufdfa"])
def test_a_text_of_single_character_words_is_indexed_up_to_a_limit(
    character: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As words, 16 MB of such characters take 336 MB, and in SQLite as much again."""
    monkeypatch.setattr(search_text, "_MAX_INDEX_BYTES", 0)
    assert len(index_text(character * 20_000)) < 10 * 20_000
    ideographs = "漢字" * 10_000
    assert index_text(ideographs).decode() == indexed_at_once(ideographs)


@pytest.mark.attack("reply-bounds")
@given(units)
@example("漢字")
@example("\u1112\u1161\u11ab")
@example("a🙂")
def test_folding_in_pieces_equals_folding_at_once(unit: str) -> None:
    assume(any(map(_is_starter, unit)))
    text = unit * (20_000 // len(unit))
    assert fold(text) == folded_at_once(text)


@pytest.mark.attack("reply-bounds")
@given(units)
@example("漢字")
@example("\u1112\u1161\u11ab")
@example("a🙂")
def test_indexing_in_pieces_equals_indexing_at_once(unit: str) -> None:
    assume(any(map(_is_starter, unit)))
    text = unit * (20_000 // len(unit))
    assert index_text(text).decode() == indexed_at_once(text)
