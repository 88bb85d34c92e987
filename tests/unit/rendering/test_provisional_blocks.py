"""Partial Markdown is shown as its likely result, so almost nothing is taken back."""

from __future__ import annotations

from typing import Final

import pytest

from desktop_app.rendering.block_model import Run
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.rendering.markdown.footnote_links import link_to_note
from desktop_app.rendering.provisional.provisional_blocks import without_undecided_end
from tests.helpers.flicker import KINDS, measure

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
    "array[0]": "array",
    "array[0] is": "array[0] is",
    "Fish &am": "Fish",
    "see https:": "see",
    "Was this 5 or `a": "Was this 5 or a",
    r"so \[x": "so",
    "Wow! ": "Wow!",
    "($x": "(",
    "($x$)": "(x)",
    "so $ab$$": "so",
    "a ![": "a",
    "takes ~10 m": "takes ~10 m",
    "a ~~b ~c~~ d": "a b ~c d",
    "a 5~~b": "a 5b",
    "*a": "",
    "a **kw": "a",
    "so *1) is": "so 1) is",
    "to me@": "to me",
    "a (*x (y) z": "a (x (y) z",
    "**a *x and *y and *z": "a x and y and z",
    "[^a]: ": "",
    "[^a b": "",
}


@pytest.mark.parametrize("source", HALF)
def test_half_written_constructs_are_shown_as_what_they_become(source: str) -> None:
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert "".join(block.text for block in stream.blocks).rstrip() == HALF[source]


@pytest.mark.parametrize("unit", [" ", "> "])
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
    words = "said, and " * 29
    assert styles(f"So *that {words}")[1] == (f"that {words}", False, True)
    assert styles(f"So *that {words}{words}") == [(f"So *that {words}{words}", False, False)]
    assert styles(f"*That {words}{words} and") == [(f"That {words}{words} and", False, True)]
    assert styles(f"So `that {words}{words}") == [(f"So `that {words}{words}", False, False)]


def test_long_unclosed_links_and_formulas_are_shown_as_text() -> None:
    assert styles("So [" + "said " * 50)[0][0].startswith("So [said said")
    lines = "x = 1\n" * 400
    assert without_undecided_end(f"$$\n{lines[:600]}y") == ""
    assert without_undecided_end(f"$$\n{lines}y") == f"$$\n{lines}y"


def test_footnote_marks_without_a_definition_end_as_text() -> None:
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
def test_emphasis_in_scripts_without_spaces_is_recognized(source: str, bold: str) -> None:
    [block] = render(source)
    assert Run(bold, bold=True) in block.runs
