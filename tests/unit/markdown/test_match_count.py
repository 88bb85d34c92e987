"""Words are counted as often as they are shown."""

from __future__ import annotations

import pytest

from desktop_app.markdown.text_search import (
    count_in_markdown,
    count_matches,
    fold_phrase,
    match_ranges,
)

COUNTED = [
    ("a **needle**", 1),
    ("[x](https://a.b/needle)", 0),
    ("12. needle", 1),
    ("|" + "needle|" * 63 + "\n|" + "-|" * 63, 63),
    ("- x\n" * 29 + "> " * 11 + "needle", 1),
    ("- x\n" * 28 + "> " * 12 + "needle", 1),
    ("```\nneedle\n```\n\nneedle", 2),
    ("```\nneedle", 1),
    ("```needle\nx\n```", 0),
    ("$$ foo $$\n\n```\nneedle\n```", 1),
    ("nee\x01dle", 0),
    ("needleneedle needle", 3),
    ("", 0),
    ("`[needle](https://a.b/needle)`", 2),
    ("    [needle](https://a.b/needle)", 2),
    ("| needle |\n|---|\n| 1 | needle |", 2),
    ("|" + "needle|" * 64 + "\n|" + "-|" * 64, 64),
    ("<foo:needle>", 1),
    ("- x\n" * 29 + "> " * 12 + "needle", 1),
    ("$$\nfoo\n```\nneedle\n$$\n```\nneedle", 2),
    ("- a\n\n  ```\n  needle\n  ```\n\nneedle", 2),
    ("[x]: /needle\n\n[x]", 0),
    ("nee\u00addle", 1),
    ("WWW.a.b/needle", 1),
    ("xn--needle", 1),
    ("needle ~~~", 1),
]


@pytest.mark.parametrize(("source", "expected"), COUNTED)
def test_words_are_counted_as_they_are_shown(source: str, expected: int) -> None:
    assert count_in_markdown(source, fold_phrase("needle")) == expected


@pytest.mark.parametrize(
    ("source", "words", "expected"),
    [
        # Numbers of items and the boxes of tasks are not text.
        ("12. foo", "12", 0),
        ("12) foo 12", "12", 1),
        ("- [x] foo", "x", 0),
        ("foo\nbar", "foo bar", 1),
        ("the foo\\_bar", "FOO_bar", 1),
        ("ne`ed`le", "needle", 1),
        ("```\nfoo\nbar\n```", "foo\nbar", 0),
        ("foo", "", 0),
        ("**Größe** und `Groesse`", "groesse", 2),
    ],
)
def test_words_shown_differently_are_counted(source: str, words: str, expected: int) -> None:
    assert count_in_markdown(source, fold_phrase(words)) == expected


@pytest.mark.parametrize(("phrase", "expected"), [("needle", 3), ("", 0), ("pin", 0)])
def test_words_of_texts_are_counted(phrase: str, expected: int) -> None:
    assert count_matches(["A needle", "NEEDLEneedle"], fold_phrase(phrase)) == expected


@pytest.mark.parametrize(
    ("text", "phrase", "ranges"),
    [
        ("Äb ab", "ab", [(0, 2), (3, 5)]),
        ("aaa", "aa", [(0, 2)]),
        ("aaaa", "aa", [(0, 2), (2, 4)]),
        ("xﬁn", "fi", [(1, 2)]),
        ("xﬁn", "in", [(1, 3)]),
        ("e\u0301a\u00ad b", "ea b", [(0, 6)]),
        ("a\u2028b", "a b", [(0, 3)]),
        ("a", "b", []),
        ("a", "", []),
        ("Größe, Groesse, GRÖSSE, grosse", "groesse", [(0, 5), (7, 14), (16, 22)]),
        ("Größe, Groesse, grosse", "größe", [(0, 5), (7, 14), (16, 22)]),
        ("guest, güst, August", "guest", [(0, 5), (7, 11)]),
        ("gård, gaard", "gaard", [(0, 4), (6, 11)]),
        ("før", "foer", [(0, 3)]),
        ("v1.2.3", "1.2.3", [(1, 6)]),
    ],
)
def test_matches_are_found_where_they_are_shown(
    text: str, phrase: str, ranges: list[tuple[int, int]]
) -> None:
    assert match_ranges(text, fold_phrase(phrase)) == ranges


@pytest.mark.parametrize("end", ["\n" * 200_000, "\n \t" * 60_000, "[foo](" * 20_000])
def test_words_before_long_ends_are_counted(end: str) -> None:
    assert count_in_markdown(f"needle{end}", fold_phrase("needle")) == 1
    assert count_in_markdown(f"needle{end}", fold_phrase("needle needles")) == 0
