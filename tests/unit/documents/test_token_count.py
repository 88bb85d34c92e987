"""Token counts equal those of tiktoken, and no text makes the counting fail."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.index import token_count
from desktop_app.documents.index.token_count import count_tokens, pieces
from desktop_app.domain.models.token_counts import guessed_tokens
from desktop_app.paths import resource_path

# Fragments of real documents, which the tests join in random order.
FRAGMENTS = st.sampled_from(
    [
        "word",
        "Don't",
        "we'LL",
        "ÉTÉ",
        "naïve",
        "東京",
        "。",
        "，字",
        "12345",
        "½",
        "²",
        "_x_",
        "a_b",
    ]
    + [" ", "  ", "\n", "\r\n", "\n\n  ", "\t", "\u00a0", "\u2003", "\u200b", "e\u0301", "ق\u064e"]
    + ["...", "./", "//\n", "/", "(", ")", "{", '"', "'", "'s", "!?", "’", "—", "😀", "👩\u200d💻"]
    + ["<|endoftext|>", "\x00", "ʼn", "ﬁ", "१२", "ſ", "'ſ"]
)
TEXTS = st.one_of(st.lists(FRAGMENTS, max_size=40).map("".join), st.text(max_size=80))


def plain_count(text: str) -> int:
    return len(token_count._encoding().encode_ordinary(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("Hello, world!", 4), ("<|endoftext|>", 7), ("日本語テキスト", 5)],
)
def test_known_texts_have_known_counts(text: str, expected: int) -> None:
    assert count_tokens(text) == expected


@given(TEXTS)
def test_pieces_do_not_change_the_count(text: str) -> None:
    whole = plain_count(text)
    for cut in token_count._CUT.finditer(text):
        at = cut.start()
        assert plain_count(text[:at]) + plain_count(text[at:]) == whole, (text[:at], text[at:])


@given(TEXTS, st.integers(min_value=2, max_value=30))
def test_pieces_join_to_the_text_and_keep_the_limit(text: str, size: int) -> None:
    parts = list(pieces(text, size))
    assert "".join(parts) == text
    assert all(len(part) <= size for part in parts)


@given(st.lists(FRAGMENTS, min_size=5, max_size=20).map("".join))
def test_a_long_text_has_the_count_of_tiktoken(text: str) -> None:
    long = (text + " and so on, ") * (3 * token_count.PIECE_LENGTH // (len(text) + 12))
    assert count_tokens(long) == plain_count(long)


def test_a_lone_surrogate_is_counted() -> None:
    assert count_tokens("a\ud800b") > 0


def test_the_shipped_ranks_have_the_name_tiktoken_expects() -> None:
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    name = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    assert resource_path(f"tokenizer/{name}").is_file()
    assert resource_path("tokenizer/LICENSE").is_file()


@pytest.mark.parametrize("language", ["", "de", "fr", "nb", "nl", "pl"])
def test_a_guess_is_off_by_a_third_at_most(language: str) -> None:
    text = resource_path(f"help/{language}/privacy.md").read_text("utf-8")[:2_000]
    assert 2 / 3 < guessed_tokens(text) / count_tokens(text) < 4 / 3
