"""Words are counted without rendering exactly as often as they are shown."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.search import match_count
from desktop_app.rendering.search.match_count import count_in_markdown
from desktop_app.rendering.search.text_search import (
    count_matches,
    fold_text,
    may_contain,
    searchable_texts,
)

DATA = Path(__file__).parents[2] / "data" / "markdown"
EXAMPLES = [
    str(example["markdown"])
    for name in ("commonmark-0.31.2.json", "gfm-extensions.json")
    for example in json.loads((DATA / name).read_text())
]
WORDS = (
    *("foo", "needle", "x", "1", "12", "a", "of", "table", "bar", "url", "title", "e", "image"),
    *("foo bar", "foo needle", "shown", "amp", "link", "uri", "*", "https", "com", "привет"),
)
PIECES = [
    *("foo bar needle", "ne`ed`le"),
    *("[needle](https://a.b/needle)", "a[foo](u)needle"),
    *("[foo]"),
    *("- [x] foo",),
    *("| foo | needle |\n|--|--|\n| foo | x | needle |",),
    *("> needle\n> ```\n> foo", "$$ foo"),
    *("$$\nfoo\n```\n$$", "ne\\edle"),
    *("https://needle.com/foo",),
    *("  ```\n  foo", "~~~\nfoo\n~~~"),
    *("12. foo 12", "    needle"),
    *("- - - foo", "- foo\n  - needle\n    - x", "# foo #"),
]


def shown(source: str, words: str) -> int:
    return (
        count_matches(searchable_texts(render(source)), words) if may_contain(source, words) else 0
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_count_equals_that_in_the_rendered_text(seed: int) -> None:
    chance = random.Random(seed)
    ends = ("\n", "\n\n", "\n\n", "\n\n\n", " ", "\n  ", "\n\n  ", "\r\n\r\n", "\n> ")
    for _ in range(250):
        known = PIECES if chance.random() < 0.6 else EXAMPLES
        pieces = [chance.choice(known) + chance.choice(ends) for _ in range(chance.randint(1, 6))]
        source = "".join(pieces)
        for word in map(fold_text, chance.sample(WORDS, 3)):
            assert count_in_markdown(source, word) == shown(source, word), (source, word)


def test_most_answers_are_not_rendered() -> None:
    match_count._shown_texts.cache_clear()
    source = (
        "A **needle** in [the docs](https://example.com/needle), and a `needle`.\n\n"
        "1. Run it:\n2. A needle.\n\n```py\nneedle = '[needle](x)'\n\nneedle()\n```\n\n"
        "| needle | b |\n|---|---|\n| 1 | needle |\n\n> A needle, array[0], and 2 * 3.\n"
    )
    assert count_in_markdown(source, "needle") == 9
    assert match_count._shown_texts.cache_info().misses == 0
    assert count_in_markdown(source, "example") == 0, "it occurs only in the link's target"


@pytest.mark.parametrize("end", ["\n" * 200_000, "\n \t" * 60_000, "[foo](" * 20_000])
def test_words_before_long_ends_are_counted(end: str) -> None:
    assert count_in_markdown(f"needle{end}", "needle") == 1
    assert count_in_markdown(f"needle{end}", "needle needles") == 0


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
    ("", 0),
]
RENDERED = [
    ("`[needle](https://a.b/needle)`", 2),
    ("    [needle](https://a.b/needle)", 2),
    ("| needle |\n|---|\n| 1 | needle |", 1),
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


def counted(source: str, words: str) -> tuple[int, bool]:
    """Return how often the words occur, and whether anything was rendered to tell that."""
    match_count._shown_texts.cache_clear()
    count = count_in_markdown(source, fold_text(words))
    return count, match_count._shown_texts.cache_info().misses > 0


@pytest.mark.parametrize(("source", "expected"), COUNTED)
def test_text_shown_as_written_is_not_rendered(source: str, expected: int) -> None:
    assert shown(source, "needle") == expected
    assert counted(source, "needle") == (expected, False)


@pytest.mark.parametrize(("source", "expected"), RENDERED)
def test_text_that_may_be_shown_differently_is_rendered(source: str, expected: int) -> None:
    assert shown(source, "needle") == expected
    assert counted(source, "needle") == (expected, True)


@pytest.mark.parametrize(
    ("source", "words", "expected"),
    [
        # Numbers of items and the boxes of tasks are not text.
        ("12. foo", "12", (0, True)),
        ("12) foo 12", "12", (1, True)),
        ("12 foos", "12", (1, False)),
        ("- [x] foo", "x", (0, True)),
        ("- [x] foo", "foo", (1, False)),
        ("foo\nbar", "foo bar", (1, True)),
        ("the foo\\_bar", "foo_bar", (1, True)),
        ("```\nfoo\nbar\n```", "foo\nbar", (0, False)),
        ("foo", "", (0, False)),
        # The program's own words are shown beside what is not parsed.
        ("shown " + "[" * 12, "shown", (1, False)),
        ("shown " + "[" * 13, "shown", (1, True)),
        ("shown " + "<" * 200, "shown", (1, False)),
        ("shown " + "<" * 201, "shown", (2, True)),
        ("shown " + "*" * 201, "shown", (1, True)),
        ("shown " + "|" * 65, "shown", (1, True)),
    ],
)
def test_words_shown_differently_are_counted(
    source: str, words: str, expected: tuple[int, bool]
) -> None:
    assert shown(source, fold_text(words)) == expected[0]
    assert counted(source, words) == expected
