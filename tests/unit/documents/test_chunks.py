"""Chunks of long texts: complete, small enough, and cut at existing boundaries."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.documents.index.chunks import chunks

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
def test_chunks_join_to_the_text_and_keep_the_limit(text: str, limit: int) -> None:
    made = chunks(text, limit, words)
    assert "".join(text[c.start : c.end] for c in made) == text
    assert all(words(text[c.start : c.end]) <= limit for c in made)


@given(st.text(min_size=1), st.integers(1, 9))
def test_a_word_longer_than_a_chunk_is_cut(text: str, limit: int) -> None:
    made = chunks(text, limit, len)
    assert "".join(text[c.start : c.end] for c in made) == text
    assert all(c.end - c.start <= limit for c in made)


def test_chapters_begin_chunks() -> None:
    chapters = parts(BOOK, 60)
    assert len(chapters) > 1
    assert all(part.startswith("# Chapter") for part in chapters)


def test_paragraphs_stay_whole_if_a_chapter_does_not_fit() -> None:
    made = parts(BOOK, 25)
    assert len(made) > len(parts(BOOK, 60))
    for part in made:
        assert part.startswith(("# Chapter", "Paragraph"))
        assert part.rstrip().endswith("another.")


def test_sentences_stay_whole_if_a_paragraph_does_not_fit() -> None:
    made = parts(BOOK, 5)
    assert len(made) > len(parts(BOOK, 25))
    for part in made:
        assert part.rstrip().endswith((".", "1", "2", "3", "4", "0"))


def test_a_table_that_fits_stays_in_one_chunk() -> None:
    (whole,) = [part for part in parts(TABLE, 50) if "|" in part]
    assert whole.count("\n|") + whole.startswith("|") == 10


def test_a_larger_table_is_cut_between_rows() -> None:
    made = parts(TABLE, 12)
    assert len(made) > len(parts(TABLE, 50))
    for part in made:
        assert all(row.endswith("|") for row in part.split("\n") if row.startswith("|"))


@pytest.mark.parametrize("mark", ["[page 2]", "[slide 2]", "[sheet 2: Costs]"])
def test_pages_begin_chunks(mark: str) -> None:
    text = f"one two three four five six\n{mark}\nseven eight nine"
    assert parts(text, 7)[1].startswith(mark)


SENTENCES = (
    "Dr. J. Smith met Prof. Wu on 3. Mai near St. Ives.",
    (
        "The firm, Muster & Co. Ltd. of Bern, paid 4.5 million, cf. Fig. 3 and Art. 12 of the "
        "contract."
    ),
    "„Das gilt bzw. galt am 24. Dezember“, sagte Hr. Keller.",
    "He asked “Why?” and left, e.g. for the U.S. Army (etc.) in Jan. 2026.",
    "Так сказал И. И. Петров.",
)
JAPANESE = ("「行きます。」と彼は言った。", "本当に！？", "次の期限は三月です。")


@pytest.mark.parametrize("sentences", [SENTENCES, JAPANESE])
def test_no_chunk_ends_within_a_sentence(sentences: tuple[str, ...]) -> None:
    apart = " " if sentences is SENTENCES else ""
    text = apart.join(sentences * 9)
    longest = max(map(len, sentences)) + 1
    for limit in range(longest, 5 * longest, 7):
        made = chunks(text, limit, len)
        assert len(made) > 1
        for chunk in made:
            part = text[chunk.start : chunk.end].strip()
            assert part.startswith(sentences)
            assert part.endswith(sentences)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("One two.\n\nThree.", 3, ["One two.\n\nThree."]),
        ("One two.\n\nThree.", 2, ["One two.\n\n", "Three."]),
        # A chunk that is two thirds full ends at a heading.
        ("a b c d e f\n\n# g h\n\ni j k l", 10, ["a b c d e f\n\n", "# g h\n\ni j k l"]),
        ("a b c d e\n\n# g h i\n\nj k l", 10, ["a b c d e\n\n# g h i\n\n", "j k l"]),
        # Headings are stronger borders than pages, and pages than paragraphs.
        ("a b c d\n\n# e\n\n[page 2]\nf g h", 8, ["a b c d\n\n", "# e\n\n[page 2]\nf g h"]),
        ("a b c d e f.\n\n[page 2]\ne\n\nf g h", 9, ["a b c d e f.\n\n", "[page 2]\ne\n\nf g h"]),
        ("a b c d e\nf g\nh i j", 8, ["a b c d e\nf g\n", "h i j"]),
        # Rows are not cut, although they contain sentences.
        ("| One. Two |\n| Three. Four |\n", 4, ["| One. Two |\n", "| Three. Four |\n"]),
        ("Before.\n| a |\n\n| b |", 4, ["Before.\n| a |\n\n", "| b |"]),
        ("[page 1]\n\n# One\n\nTwo three.", 4, ["[page 1]\n\n# One\n\n", "Two three."]),
        ("One.\n\nChapter 2\nTwo.", 3, ["One.\n\n", "Chapter 2\nTwo."]),
        ("", 3, []),
        ("\n", 3, ["\n"]),
    ],
)
def test_text_is_cut_at_the_expected_positions(text: str, limit: int, expected: list[str]) -> None:
    assert parts(text, limit) == expected
