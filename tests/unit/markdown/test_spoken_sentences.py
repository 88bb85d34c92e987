"""Answers split into sentences for speech."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.markdown.spoken_sentences import SentenceSplitter
from tests.helpers.examples import examples


def heard(*pieces: str) -> list[str]:
    sentences = SentenceSplitter()
    said = [words for piece in pieces for words in sentences.feed(piece)]
    return said + sentences.finish()


def test_a_sentence_is_spoken_when_the_next_begins() -> None:
    sentences = SentenceSplitter()
    assert sentences.feed("The **first** one. The sec") == ["The first one."]
    assert sentences.feed("ond, see [here](https://a.b). And") == ["The second, see here."]
    assert sentences.finish() == ["And"]
    assert sentences.finish() == []


def test_abbreviations_and_numbers_do_not_end_a_sentence() -> None:
    assert heard("Take e.g. 3.5 of it, i.e. all. Done.") == [
        "Take e.g. 3.5 of it, i.e. all.",
        "Done.",
    ]


def test_items_headings_and_rows_are_spoken_separately() -> None:
    text = "# Head\n\n1. one\n2. two\n\n- [x] done\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert heard(text) == ["Head", "one", "two", "☑ done", "a, b", "1, 2"]


def test_formulas_are_spoken_in_words() -> None:
    text = "So $x^2$ is.\n\n| $a_1$ |\n|---|\n| $\\sqrt{b}$ |\n\n$$\n\\frac{1}{2}\n$$\n"
    assert heard(text) == ["So x squared is.", "a sub 1", "square root of b", "1 over 2"]


def test_code_is_summarized() -> None:
    text = "Look:\n```python\na. b. c\nd\n```\nThat is it.\n"
    assert heard(text) == ["Look:", "python code, 2 lines", "That is it."]
    assert heard("```\nnever closed\n") == ["Code, 1 line"]


def test_sentence_ends_of_other_scripts_are_recognized() -> None:
    assert heard("これは一つ。これは二つ。") == ["これは一つ。", "これは二つ。"]


def test_a_line_in_pieces_is_one_line() -> None:
    text = "The second one has **bold** words,\nand goes on - here - with 1. things `and` more.\n"
    said = ["The second one has bold words, and goes on - here - with 1. things and more."]
    for at in range(len(text)):
        for length in (1, 3, len(text)):
            assert heard(text[:at], text[at : at + length], text[at + length :]) == said, (
                at,
                length,
            )


def test_footnote_marks_are_not_spoken() -> None:
    text = "It ends here[^1]. Or not[^two].\n\n[^1]: The note.\n"
    assert heard(text) == ["It ends here.", "Or not.", "The note."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~~~\na\n```\n~~~\nb", ["Code, 2 lines", "b"]),
        ("````py\n```\n````", ["py code, 1 line"]),
        ("```\na\n``` b\n````\nc", ["Code, 2 lines", "c"]),
        ("- ```sh\n  x\n  ```\n", ["sh code, 1 line"]),
        ("```\n```", ["Code, 0 lines"]),
        ("> ```py\n> x\n> ```\n\na", ["py code, 1 line", "a"]),
        (">```\n> > x\n>```\n> a", ["Code, 1 line", "a"]),
        ("> ```\n> x\na", ["Code, 1 line", "a"]),
        ("```\n> ```\n```\na", ["Code, 1 line", "a"]),
        ("```pip install x```\n\na", ["pip install x", "a"]),
        ("a\n```\nb", ["a", "Code, 1 line"]),
        ("| a | b |\n|---|:-:|\n| | c |\nd", ["a, b", "c", "d"]),
        (" " * 20_000 + "|x\n", ["x"]),
        ("# a. B\nc", ["a. B", "c"]),
        ("a\n# b\nc. D", ["a", "b", "c. D"]),
        ("a\n\nb\n> c\n1) d", ["a", "b", "c", "d"]),
        ("- [ ] a\n- [x] b", ["☐ a", "☑ b"]),
        ("a\r\nb\r\n\r\nc", ["a b", "c"]),
        ("One two! Then three? \"Yes.\" No… (Four five.) Six", [
            "One two!", "Then three?", '"Yes."',  "No… (Four five.)", "Six",
        ]),
        ("in 2 to. Then", ["in 2 to. Then"]),
        ("x^2 is $x^2$. So it is.", ["x^2 is x squared.", "So it is."]),
        ("word " * 400 + "a" + " word" * 10, ["word " * 399 + "word", "a" + " word" * 10]),
        ("a" * 4_001, ["a" * 2_000, "a" * 2_000, "a"]),
    ],
)  # fmt: skip
def test_markdown_is_spoken_as_words(text: str, expected: list[str]) -> None:
    assert heard(text) == expected


@pytest.mark.parametrize(
    ("begin", "is_said"),
    [
        ("It rains. And", True),
        ("It rains.", False),
        ("2 rain. And", False),
        ("- it rains. And", False),
        ("`it` rains. And", False),
        ("~rain. And", False),
        ("  It rains. And", True),
        ("I. A", False),
        ("Io. A", False),
    ],
)
def test_an_incomplete_line_is_spoken_only_if_it_is_prose(begin: str, is_said: bool) -> None:
    assert bool(SentenceSplitter().feed(begin)) is is_said


TEXT = st.text(st.sampled_from("bx .!?\n`~#|-*1。$[]("), max_size=120)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_no_split_into_pieces_repeats_a_word(pieces: list[str]) -> None:
    said = " ".join(heard(*pieces))
    whole = "".join(pieces)
    for letter in "bx":  # "code", "lines" and the words for signs have neither
        assert said.count(letter) <= whole.count(letter)


def test_a_line_of_code_in_very_many_pieces_is_one_line() -> None:
    splitter = SentenceSplitter()
    splitter.feed("```json\n")
    for _ in range(100_000):
        assert splitter.feed("abcd") == []
    assert splitter.feed("\n```\n") == ["json code, 1 line"]


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("mark", ["*", "- ", "1. ", "[x](", "| "])
def test_a_line_of_any_length_is_spoken_while_it_comes(mark: str) -> None:
    """Otherwise all of it is read at the end at once: 300 KB took seconds."""
    sentences = SentenceSplitter()
    words = [f"{mark}word{number}" for number in range(1_000)]
    said = [each for word in words for each in sentences.feed(f"{word} ")]
    assert len(" ".join(said)) > len(" ".join(words)) / 2
    assert max(map(len, said)) <= 2_000
    rest = sentences.finish()
    assert "word999" in rest[-1]
    assert " ".join([*said, *rest]).count("word") == len(words)
