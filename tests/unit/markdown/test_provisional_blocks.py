"""Partial Markdown is shown as its likely result, so almost nothing is taken back."""

from __future__ import annotations

from typing import Final

import pytest

from desktop_app.markdown.block_model import Block, Kind, Run
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.parsing.own_links import link_to_note
from desktop_app.markdown.provisional.provisional_blocks import without_undecided_end
from tests.unit.markdown.flicker import KINDS, measure

# Unpredictable cases: `me` continues with an @, a line is underlined as a heading, bracketed words
# become a link by a later definition, an image follows an exclamation mark, `~5` is strikethrough
# and not a number, `a*b` is emphasis and not a product, and a bracket closes `(*rest`.
EXPECTED: Final = {
    "autolink": 1,
    "emphasis": 1,
    "program": 1,
    "reference": 1,
    "heading": 2,
    "strike": 1,
    "table": 1,
}


@pytest.mark.parametrize("kind", KINDS)
def test_almost_no_shown_text_is_taken_back(kind: str) -> None:
    found = [measure(source) for source in KINDS[kind]]
    places = [place for flicker in found for place in flicker.places]
    assert len(places) <= EXPECTED.get(kind, 0), places


HALF: Final = {
    "A note[^": "A note",
    "A note[^1]": "A note1",
    "see [the": "see",
    "array[0]": "array",
    "array[0] is": "array[0] is",
    "a <https://exa": "a https://exa",
    "a <b": "a",
    "a < b": "a < b",
    "Fish &am": "Fish",
    "Fish &amp;": "Fish &",
    "R&D is": "R&D is",
    "see https:": "see",
    "see https://example.": "see https://example",
    "Was this 5 or `a": "Was this 5 or a",
    r"so \[x": "so",
    "$$a$$ and so": "a and so",
    "costs $5-$": "costs $5-",
    "Wow!": "Wow",
    "Wow! ": "Wow!",
    "so h": "so",
    "so he": "so he",
    "($x": "(",
    "($x$": "(",
    "($x$)": "(x)",
    "so $ab$$": "so",
    "so $ab$$c": "so",
    "so $ab$$cd$ ": "so abcd",
    "2 in $2 \\ti": "2 in",
    "$5 a month": "$5 a month",
    "costs $5 (US$) and": "costs $5 (US$) and",
    "a ![": "a",
    "takes ~10 m": "takes ~10 m",
    "so ~~that g": "so that g",
    "a ~b~": "a ~b",
    "a ~~b ~c~~": "a b ~c",
    "a ~b ~~c~": "a ~b c",
    "a ~~b ~c~~ d": "a b ~c d",
    "a 5~~b": "a 5b",
    "see <https://a.example/_b/c": "see https://a.example/_b/c",
    "see https://a.example/_b/c": "see https://a.example/_b/c",
    "see https://a.example/b_(c": "see https://a.example/b",
    "see https://a.example/b_(c)": "see https://a.example/b",
    "see https://a.example/b_(c) so": "see https://a.example/b_(c) so",
    "*a": "",
    "*arg": "",
    "*args": "",
    "*args, ": "*args,",
    "*argument": "argument",
    "a **kw": "a",
    "so *1) is": "so 1) is",
    "*argsort": "argsort",
    "see https://a.example/b_(c_": "see https://a.example/b",
    "a ~~~b": "a ~~~b",
    "see [a][b": "see",
    "to me@": "to me",
    "to me@x.": "to me",
    "f(*x": "f(x",
    "f(*x)": "f(*x)",
    "*x (y) z": "x (y) z",
    "a (*x (y) z": "a (x (y) z",
    "the *x and *y": "the *x and y",
    "**a *x and *y and *z": "a x and y and z",
    "**/etc": "/etc",
    "**/*.j": "**/*.j",
    "[^a": "",
    "[^a]: ": "",
    "[^a b": "",
}


@pytest.mark.parametrize("source", HALF)
def test_half_written_constructs_are_shown_as_what_they_become(source: str) -> None:
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert "".join(block.text for block in stream.blocks).rstrip() == HALF[source]


@pytest.mark.parametrize("unit", [" ", "\t", "> ", "- ", "1. "])
def test_many_leading_spaces_and_marks_are_kept(unit: str) -> None:
    source = unit * 60_000 + "x"
    assert without_undecided_end(source) == source


def styles(source: str) -> list[tuple[str, bool, bool]]:
    """Return the unfinished last block's texts, and their bold and italic styles."""
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    return [(run.text, run.bold, run.italic) for run in stream.blocks[-1].runs]


def test_long_unclosed_emphasis_is_text_unless_it_begins_its_block() -> None:
    words = "said, and " * 28 + "said"
    assert styles(f"So *that {words}")[1] == (f"that {words}", False, True)
    assert styles(f"So *that {words}{words}") == [(f"So *that {words}{words}", False, False)]
    assert styles(f"*That {words}{words} and") == [(f"That {words}{words} and", False, True)]
    assert styles(f"So `that {words}{words}") == [(f"So `that {words}{words}", False, False)]


def test_literal_stars_do_not_prevent_later_emphasis() -> None:
    assert styles("*args, **kw") == [("*args, ", False, False)]
    assert styles("*args, **kwargs and **so") == [
        ("*args, **kwargs and ", False, False),
        ("so", True, False),
    ]
    assert styles("2*3 and *.py or *so") == [
        ("2*3 and *.py or ", False, False),
        ("so", False, True),
    ]


def test_three_stars_are_not_paired_across_kinds() -> None:
    assert styles("*a**b") == [("a", False, True), ("b", True, True)]


def test_long_unclosed_links_and_formulas_are_shown_as_text() -> None:
    assert styles("So [" + "said " * 50)[0][0].startswith("So [said said")
    lines = "x = 1\n" * 400
    assert without_undecided_end(f"$$\n{lines[:600]}y") == ""
    assert without_undecided_end(f"$$\n{lines}y") == f"$$\n{lines}y"


def test_a_row_stays_when_a_mark_begins_its_first_cell() -> None:
    stream = BlockStream()
    stream.feed("| a | b |\n|---|---|\n| 1 | 2 |\n")
    for character in "| **b":
        stream.feed(character)
        assert sum(len(block.rows) for block in stream.blocks) == 3


def test_named_footnotes_without_a_definition_end_as_text_and_numbered_as_marks() -> None:
    source = "One[^1] and\n\n- two[^two]\n\n| a[^3] |\n|---|\n| b[^1] |\n\n[^3]: Here.\n"
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert Run("1", note=True) in stream.blocks[0].runs
    assert Run("two", note=True) in stream.blocks[1].runs
    stream.finish()
    assert stream.blocks == render(source)
    assert stream.blocks[0].runs == (Run("One"), Run("1", note=True), Run(" and"))
    assert stream.blocks[1].runs == (Run("two[^two]"),)
    assert Run("3", note=True, link=link_to_note("3")) in stream.blocks[2].rows[0][0]


@pytest.mark.parametrize(
    ("source", "bold"),
    [
        ("これは**「強調」**です。", "「強調」"),
        ("中文**“引号”**后面", "“引号”"),
        ("他说**一次。**然后", "一次。"),
        ("한국어**강조(强调)**입니다", "강조(强调)"),
    ],
)
def test_emphasis_in_scripts_without_spaces_is_recognized(source: str, bold: str) -> None:
    [block] = render(source)
    assert Run(bold, bold=True) in block.runs


def test_stars_between_words_of_other_scripts_are_unchanged() -> None:
    assert render('a**"b"**c') == [Block(Kind.PARAGRAPH, (Run('a**"b"**c'),))]
