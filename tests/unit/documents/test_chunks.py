"""Parts of long texts: whole, small enough, and cut where the text is parted already."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.documents.chunks import chunks

BOOK = "\n\n".join(
    f"# Chapter {c}\n\n"
    + "\n\n".join(f"Paragraph {c}.{p}. It says one thing. And another." for p in range(6))
    for c in range(5)
)
TABLE = "Before.\n\n| a | b |\n|---|---|\n" + "| one | two |\n" * 8 + "\nAfter."


def words(text: str) -> int:
    return len(text.split())


def parts(text: str, limit: int) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in chunks(text, limit, words)]


texts = st.lists(
    st.sampled_from(
        [
            "# Head\n",
            "word ",
            "A sentence. ",
            "\n\n",
            "\n",
            "| a | b |\n",
            "[page 3]\n",
            "日本語。",
            "x" * 30,
            "```\n",
        ]
    ),
    max_size=60,
).map("".join)


@given(texts | st.text(), st.integers(1, 40))
@example("", 1)
def test_the_parts_are_the_text_and_none_is_too_large(text: str, limit: int) -> None:
    made = chunks(text, limit, words)
    assert "".join(text[c.start : c.end] for c in made) == text
    assert all(words(text[c.start : c.end]) <= limit for c in made)


@given(st.text(min_size=1), st.integers(1, 9))
def test_even_one_endless_word_is_cut(text: str, limit: int) -> None:
    made = chunks(text, limit, len)
    assert "".join(text[c.start : c.end] for c in made) == text
    assert all(c.end - c.start <= limit for c in made)


def test_tens_of_thousands_of_short_paragraphs_are_soon_cut() -> None:
    text = "One line of a long list.\n\n" * 40_000
    began = time.process_time()
    (first, *_) = chunks(text, 150_000, words)
    assert first.tokens <= 150_000
    assert time.process_time() - began < 10  # a minute where each is added up anew


def test_chapters_begin_parts() -> None:
    assert all(part.startswith("# Chapter") for part in parts(BOOK, 60))


def test_paragraphs_are_whole_where_chapters_do_not_fit() -> None:
    for part in parts(BOOK, 25):
        assert part.startswith(("# Chapter", "Paragraph"))
        assert part.rstrip().endswith("another.")


def test_sentences_are_whole_where_paragraphs_do_not_fit() -> None:
    for part in parts(BOOK, 5):
        assert part.rstrip().endswith((".", "1", "2", "3", "4", "0"))


def test_a_table_that_fits_a_part_is_in_one() -> None:
    (whole,) = [part for part in parts(TABLE, 50) if "|" in part]
    assert whole.count("\n|") + whole.startswith("|") == 10


def test_a_larger_table_is_cut_between_rows() -> None:
    for part in parts(TABLE, 12):
        assert all(row.endswith("|") for row in part.split("\n") if row.startswith("|"))


@pytest.mark.parametrize("mark", ["[page 2]", "[slide 2]", "[sheet 2: Costs]"])
def test_pages_begin_parts(mark: str) -> None:
    text = f"one two three four five six\n{mark}\nseven eight nine"
    assert parts(text, 7)[1].startswith(mark)
