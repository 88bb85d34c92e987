"""The smallest changes between two passages, and where a passage is."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.texts.text_edits import (
    PassageError,
    Replacement,
    find_once,
    nearest_passages,
    with_typography_of,
    word_edits,
)

PASSAGES = st.lists(st.sampled_from(["sea ", "the ", "moon", ". ", "\n", "é", "😀", "  "]))


@given(PASSAGES.map("".join), PASSAGES.map("".join))
def test_the_replacements_make_the_new_passage(old: str, new: str) -> None:
    assert applied(old, word_edits(old, new)) == new


def applied(old: str, edits: list[Replacement]) -> str:
    changed, end = [], 0
    for edit in edits:
        assert edit.start >= end
        changed += [old[end : edit.start], edit.text]
        end = edit.end
    return "".join([*changed, old[end:]])


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


@pytest.mark.parametrize(
    ("text", "passage", "found"),
    [
        ("He said “It rises.” Then", '"It rises."', "“It rises.”"),
        ('He said "It rises." Then', "“It rises.”", '"It rises."'),
        ("It’s there", "It's there", "It’s there"),
        ("«Oui», dit-il", '"Oui", dit-il', "«Oui», dit-il"),
        ("10\u00a0km away", "10 km", "10\u00a0km"),
        ("a\tb", "a b", "a\tb"),
        ("one  \ntwo", "one\ntwo", "one  \ntwo"),
        ("a  double space", "a double", "a  double"),
        ("hard\nwrapped line", "hard wrapped", "hard\nwrapped"),
        ("one\n\ntwo", "one\r\n\r\ntwo", "one\n\ntwo"),
        ("It rises.", "It rises. ", "It rises."),
        ("cafe\u0301 au lait", "caf\u00e9 au", "cafe\u0301 au"),
        ("caf\u00e9 au lait", "cafe\u0301 au", "caf\u00e9 au"),
        ("re\u2011entry is", "re-entry", "re\u2011entry"),
        ("so\u00adft word", "soft word", "so\u00adft word"),
        ("Wait… now", "Wait... now", "Wait… now"),
        ("Wait... now", "Wait… now", "Wait... now"),
        ("yes—no", "yes--no", "yes—no"),
        ("10–12 km", "10-12 km", "10–12 km"),
        ("The “first” is here. And the last.", 'The "first" ... last.', None),
    ],
)
def test_typography_does_not_decide_whether_a_passage_is_found(
    text: str, passage: str, found: str | None
) -> None:
    start, end = find_once(text, passage)
    assert text[start:end] == (text if found is None else found)
    with pytest.raises(PassageError) as raised:
        find_once(f"{text}\n\n{text}", passage)
    assert raised.value.count == 2


def test_what_is_there_exactly_precedes_other_forms() -> None:
    assert find_once('“so” and "so"', '"so"') == (9, 13)
    with pytest.raises(PassageError):
        find_once("one\n\ntwo", "one two")


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (
            "He said “it rises” at 10\u00a0km.",
            'He said "it falls" at 10 km.',
            "“it falls” at 10\u00a0",
        ),
        ("hard\nwrapped line\nhere", "hard wrapped lines here", "hard\nwrapped lines\nhere"),
        ("one  \ntwo", "one\nthree", "one  \nthree"),
        ("yes—no cafe\u0301 x", "yes--no caf\u00e9 y", "yes—no cafe\u0301 y"),
        # What the model means to change, changes.
        ("“it rises”", '"it rises"', '"it rises"'),
        ('a "b" c', "a “b” d", "a “b” d"),
    ],
)
def test_unchanged_words_keep_their_typography(old: str, new: str, kept: str) -> None:
    assert kept in with_typography_of(old, new)


def test_the_nearest_passage_is_named() -> None:
    text = "The sea rises. The moon pulls the water strongly. It falls.\n\nThe sun pulls it less."
    assert nearest_passages(
        text, ["The Moon draws the water strongly", "The sun pulls it a bit less.", "Quite another"]
    ) == ["The moon pulls the water strongly.", "The sun pulls it less.", ""]


def table(rows: int, chance: random.Random) -> str:
    return "\n".join(
        f"| item {row} | {chance.random()} | {chance.random()} |" for row in range(rows)
    )


def words(count: int, chance: random.Random, prefix: str = "") -> str:
    return " ".join(f"{prefix}{chance.randrange(3000)}" for _ in range(count))


def lines(count: int, chance: random.Random, prefix: str) -> str:
    return "\n".join(
        f"{words(3, chance, prefix)}: {words(4, chance, prefix)}" for _ in range(count)
    )


CHANCE = random.Random("words")
SEA = words(20_000, CHANCE)
MANY = " ".join(CHANCE.choice(["sea", "moon", "sun.", "and\n"]) for _ in range(20_000))


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        pytest.param(table(2000, CHANCE), table(2000, CHANCE), 2000, id="numbers of a table"),
        pytest.param(lines(2000, CHANCE, "a"), lines(2000, CHANCE, "b"), 2000, id="translated"),
        pytest.param(SEA, words(20_000, CHANCE), 1, id="without punctuation"),
        pytest.param(MANY, MANY[7000:] + MANY[:7000], 0, id="few words, often"),
        pytest.param(SEA, SEA.replace(" 7 ", " 7, "), 1, id="a few words"),
    ],
)
def test_long_passages_are_compared_fast_and_in_parts(old: str, new: str, parts: int) -> None:
    started_at = process_time()
    edits = word_edits(old, new)
    assert process_time() - started_at < 1
    assert applied(old, edits) == new
    assert len(edits) >= parts
