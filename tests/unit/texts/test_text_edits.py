"""The smallest changes between two passages, and where a passage is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.texts.text_edits import (
    PassageError,
    Replacement,
    by_sentence,
    find_once,
    word_edits,
)

PASSAGES = st.lists(st.sampled_from(["sea ", "the ", "moon", ". ", "\n", "é", "😀", "  "]))


@given(PASSAGES.map("".join), PASSAGES.map("".join))
def test_the_replacements_make_the_new_passage(old: str, new: str) -> None:
    changed, end = "", 0
    for edit in word_edits(old, new):
        assert edit.start >= end
        changed += old[end : edit.start] + edit.text
        end = edit.end
    assert changed + old[end:] == new


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("The moon pulls the water.", "The moon draws the water.", [("pulls", "draws")]),
        ("It rises twice a day.", "It falls once a day.", [("rises twice", "falls once")]),
        ("One.\nTwo.\n", "One.\nThree.\n", [("Two", "Three")]),
        ("same", "same", []),
        ("हिन्दी भाषा।", "हिन्दु भाषा।", [("हिन्दी", "हिन्दु")]),
        ("A cafe\u0301 too.", "A cafe too.", [("cafe\u0301", "cafe")]),
        ("👨‍👩‍👧 sleep", "👨‍👩‍👦 sleep", [("👨‍👩‍👧", "👨‍👩‍👦")]),
        ("月は水を引く。", "月は海を引く。", [("水", "海")]),
    ],
)
def test_only_the_words_that_differ_change(
    old: str, new: str, changed: list[tuple[str, str]]
) -> None:
    assert [(old[e.start : e.end], e.text) for e in word_edits(old, new)] == changed


def test_a_long_passage_is_changed_where_it_differs() -> None:
    words = "word " * 5000
    edits = word_edits(f"{words}a {words}", f"{words}b {words}")
    assert edits == [Replacement(25_000, 25_001, "b")]


@pytest.mark.parametrize(("before", "after"), [(5001, 5000), (5000, 5001), (5000, 4000)])
def test_a_long_passage_of_the_same_words_becomes_longer_or_shorter(
    before: int, after: int
) -> None:
    old, new = "word " * before, "word " * after
    (edit,) = word_edits(old, new)
    assert old[: edit.start] + edit.text + old[edit.end :] == new


def test_changes_of_one_sentence_belong_together() -> None:
    old = "One two three four. Five six.\nSeven."
    edits = word_edits(old, "One 2 three really 4. Five 6.\nSeven.")
    assert [len(group) for group in by_sentence(old, edits)] == [1, 1]


@pytest.mark.parametrize(("passage", "count"), [("sea", 2), ("sun", 0), ("", 0)])
def test_a_passage_must_be_there_once(passage: str, count: int) -> None:
    with pytest.raises(PassageError) as raised:
        find_once("The sea and the sea.", passage)
    assert raised.value.count == count
    assert find_once("The sea and the sea.", "The sea") == (0, 7)
    assert find_once("", "") == (0, 0)


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        ("The moon … strongly.", "The moon pulls the water strongly."),
        ("The sun…less.", "The sun pulls it less."),
        ("a … b", "a … b"),
    ],
)
def test_of_a_long_passage_the_beginning_and_the_end_are_enough(passage: str, found: str) -> None:
    text = "The moon pulls the water strongly. The sun pulls it less. a … b"
    start, end = find_once(text, passage)
    assert text[start:end] == found


@pytest.mark.parametrize(
    ("passage", "count"), [("The … x", 2), ("The sun … strongly", 0), ("…", 0), ("moon … pulls", 2)]
)
def test_an_abbreviated_passage_must_be_there_once(passage: str, count: int) -> None:
    with pytest.raises(PassageError) as raised:
        find_once("The moon pulls strongly. The sun pulls less.", passage)
    assert raised.value.count == count
