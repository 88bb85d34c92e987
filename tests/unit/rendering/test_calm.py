"""Half-written Markdown is shown as what it is about to become: almost nothing is taken back."""

from __future__ import annotations

from typing import Final

import pytest

from desktop_app.rendering.block_stream import BlockStream, render
from desktop_app.rendering.model import Block, Kind, Run
from desktop_app.rendering.notes import link_to_note
from tests.helpers.flicker import KINDS, measure

# What nobody can know before: that `me` goes on with an @, that a line is underlined to be a heading,
# that words in brackets are defined as a link below, that a picture follows an exclamation mark, that
# `~5` is no number but struck.
EXPECTED: Final = {
    "autolink": 1,
    "reference": 1,
    "heading": 2,
    "strike": 1,
    "table": 1,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_stays(kind: str) -> None:
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
}


@pytest.mark.parametrize("source", HALF)
def test_half_constructs(source: str) -> None:
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert "".join(block.text for block in stream.blocks).rstrip() == HALF[source]


def test_marks_of_notes_that_never_come_are_text_in_the_end() -> None:
    source = "One[^1] and\n\n- two[^two]\n\n| a[^3] |\n|---|\n| b[^1] |\n\n[^3]: Here.\n"
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert Run("1", note=True, link=link_to_note("1")) in stream.blocks[0].runs
    stream.finish()
    assert stream.blocks == render(source)
    assert stream.blocks[0].runs == (Run("One[^1] and"),)
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
def test_emphasis_in_scripts_without_spaces(source: str, bold: str) -> None:
    [block] = render(source)
    assert Run(bold, bold=True) in block.runs


def test_stars_between_words_of_other_scripts_are_as_they_were() -> None:
    assert render('a**"b"**c') == [Block(Kind.PARAGRAPH, (Run('a**"b"**c'),))]
