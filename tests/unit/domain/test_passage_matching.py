"""A passage is found in another form of its text, or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.documents.passage_matching import (
    Letters,
    TextSpan,
    find_passage,
    letters_of,
)


def test_hyphens_spaces_and_ligatures_do_not_matter() -> None:
    page = "The of\ufb01ce was co-\nordinated (well): caf\u00e9  \u2116 5"
    letters = letters_of(page)
    (span,) = find_passage(letters, "office was coordinated )well( CAF\u00c9 No 5", 3)
    assert letters[span.start : span.end] == letters[3:]


def test_each_letter_has_the_position_of_its_character() -> None:
    letters = Letters(enumerate("a \ufb01-x"))
    assert letters.text == "afix"
    assert letters.positions == [0, 2, 2, 4]


def test_the_nearest_match_wins() -> None:
    letters = letters_of("again and again and again")
    assert find_passage(letters, "again", 0) == [TextSpan(0, 5)]
    assert find_passage(letters, "again", 7) == [TextSpan(8, 13)]
    assert find_passage(letters, "again", 99) == [TextSpan(16, 21)]
    assert find_passage(letters, "again", 4) == [TextSpan(0, 5)], "of two as near, the first"


def test_most_lines_must_be_found_for_any_to_be() -> None:
    page = letters_of(
        "A first line of some length. Something between. A second line of some length."
    )
    text = "A first line of some length.\nA second line of some length."
    first, second = find_passage(page, text, 0)
    assert page[first.start : first.end] == "afirstlineofsomelength"
    assert page[second.start : second.end] == "asecondlineofsomelength"
    assert (
        find_passage(page, f"{text}\nname: somebody whose name is far longer than both of these", 0)
        == []
    )
    assert find_passage(page, "nothing of this stands there", 0) == []
    assert find_passage(page, "", 0) == []


@pytest.mark.parametrize(
    ("line", "count", "is_found"),
    [
        ("abcdefg", 1, False),
        ("abcdefgh", 1, True),
        ("abcdefgh", 2, False),
        ("abcdefghijklmnopqrstuvw", 2, False),
        ("abcdefghijklmnopqrstuvwx", 2, True),
    ],
)
def test_a_line_counts_if_it_is_unlikely_to_be_another(
    line: str, count: int, is_found: bool
) -> None:
    page = "1".join(["", *[line] * count, ""])
    assert find_passage(page, f"{line}\n9", 1) == ([TextSpan(1, 1 + len(line))] if is_found else [])


@pytest.mark.parametrize(("missing", "is_found"), [(16, True), (17, False)])
def test_three_fifths_of_a_passage_must_be_found(missing: int, is_found: bool) -> None:
    line = "abcdefghijklmnopqrstuvwx"
    assert bool(find_passage(f"1{line}1", f"{line}\n{'6' * missing}", 1)) is is_found


def test_the_lines_of_a_passage_are_found_in_their_order() -> None:
    first, second = "abcdefghijklmnopqrstuvwx", "yzabcdefghijklmnopqrstuv"
    page = f"1{first}2{second}3{first}4"
    assert find_passage(page, f"{second}\n{first}\n9", 26) == [TextSpan(26, 50), TextSpan(51, 75)]


@given(st.text(), st.text(), st.text())
def test_a_passage_of_a_text_is_found_in_its_position(before: str, words: str, after: str) -> None:
    letters = letters_of(before) + letters_of(words) + letters_of(after)
    start = len(letters_of(before))
    end = start + len(letters_of(words))
    expected = [TextSpan(start, end)] if end > start else []
    assert find_passage(letters, words, start) == expected


def test_many_short_lines_are_not_found() -> None:
    lines = "ab\n" * 20_000
    assert find_passage("abc" * 20_000, lines, 0) == []
