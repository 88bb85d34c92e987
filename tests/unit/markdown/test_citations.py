"""Bracketed numbers become links only if a passage has that number."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.documents.collections import passage_link
from desktop_app.markdown.block_model import Block
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import plain_pieces, to_markdown
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from tests.helpers.examples import examples
from tests.unit.markdown.streams import streamed_blocks
from tests.unit.markdown.test_block_stream import PIECES, WORDS

CITED = frozenset((1, 2, 3, 4, 12))
CITATIONS = [
    "[1]", "[1, 2]", "[2–4]", "[1][4]", "[99]", "[3, 99]", "[12].", "[1](u)", "[3]: /u\n", "[2][x]",
    "`[1]`", "$[1]$", "\\[1]", "![1](u)", "[see [3]](u)", "[1] (2)", "[^1]", "[ 1 ]", "**[2]**",
    "[1;2]", "[4-2]", "[1", "[1,", "]", "[0]", "[a1]",
]  # fmt: skip


def links(source: str, cited: frozenset[int] = CITED) -> list[tuple[str, str]]:
    """Return the words and targets of the links in a source."""
    runs = [run for block in render(source, cited) for run in block.runs]
    cells = [c for block in render(source, cited) for row in block.rows for c in row]
    return [(run.text, run.link) for run in (*runs, *(r for c in cells for r in c)) if run.link]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("so it is [3].", [("[3]", 3)]),
        ("so it is [1, 2].", [("1", 1), ("2", 2)]),
        ("so it is [1; 2].", [("1", 1), ("2", 2)]),
        ("so it is [2–4].", [("2", 2), ("4", 4)]),
        ("so it is [2-4].", [("2", 2), ("4", 4)]),
        ("so it is [1][4].", [("[1]", 1), ("[4]", 4)]),
        ("so it is [3, 99].", [("3", 3)]),
        ("| a [1] |\n|---|\n| b [2] |", [("[1]", 1), ("[2]", 2)]),
        ("- **so it is [3]**\n\n> quoted [12]", [("[3]", 3), ("[12]", 12)]),
        ("# A heading [1]", [("[1]", 1)]),
        ("[3]", [("[3]", 3)]),
        ("nothing [99] here", []),
        ("array[x] [a1] [0] [^1]", []),
        ("`[3]` and ``a [1]``", []),
        ("```\n[3]\n```", []),
        ("    [3]", []),
        (r"$a[1]$ and \(b[2]\) and \[3]", []),
    ],
)
def test_citations_become_links_to_their_passages(
    source: str, found: list[tuple[str, int]]
) -> None:
    assert links(source) == [(words, passage_link(number)) for words, number in found]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("[3](https://example.org)", "https://example.org"),
        ("[3]\n\n[3]: https://example.org", "https://example.org"),
        ("[words][3]\n\n[3]: https://example.org", "https://example.org"),
        ("[see [3] there](https://example.org)", "https://example.org"),
        ("![3](https://example.org)", "https://example.org"),
    ],
)
def test_markdown_links_take_precedence(source: str, target: str) -> None:
    assert {link for _, link in links(source)} == {target}


@pytest.mark.parametrize(
    "source", ["[x](repartee:passage/3)", "<repartee:passage/3>", "![x](Repartee:passage/3)"]
)
def test_an_answer_cannot_imitate_a_citation_link(source: str) -> None:
    assert links(source) == []


def test_without_passages_nothing_is_a_citation() -> None:
    assert links("so it is [3].", frozenset()) == []


def streamed(source: str, cuts: list[int]) -> list[Block]:
    return streamed_blocks(BlockStream(CITED), source, cuts)


@settings(max_examples=examples(80))
@given(
    st.lists(st.sampled_from(PIECES + 2 * CITATIONS), max_size=16).map("".join),
    st.lists(st.integers(0, 10_000), max_size=40),
)
def test_citations_in_pieces_render_like_the_whole(source: str, cuts: list[int]) -> None:
    assert streamed(source, cuts) == render(source, CITED)
    assert streamed(source, list(range(len(source)))) == render(source, CITED)


@pytest.mark.slow
@settings(max_examples=examples(12))
@given(
    st.lists(st.sampled_from(WORDS + CITATIONS), min_size=80, max_size=250).map("".join),
    st.sampled_from(["", "\n\n[3]: /u\n", "\n\n[1]: /u\n[x]: /v\n"]),
)
def test_a_long_paragraph_with_citations_renders_like_the_whole(words: str, end: str) -> None:
    source = words + end
    assert streamed(source, list(range(0, len(source), 5))) == render(source, CITED)


@pytest.mark.parametrize("citation", ["[3]", "[1, 2]", "[2–4]", "[1][4]"])
def test_incomplete_citations_do_not_flicker(citation: str) -> None:
    """Check that nothing shown is taken back and no bracket is shown half open."""
    source, stream, before = f"It is so {citation}. And on.", BlockStream(CITED), ""
    for character in source:
        stream.feed(character)
        shown = "".join(block.text for block in stream.blocks)
        assert shown.startswith(before.rstrip())
        assert shown.count("[") == shown.count("]")
        before = shown


@given(st.lists(st.sampled_from([*CITATIONS, "word ", "**b** ", "\n\n"]), max_size=12).map("".join))
def test_copies_contain_citations_without_their_links(source: str) -> None:
    blocks = render(source, CITED)
    for text in (to_markdown(blocks), "".join(plain_pieces(blocks)), to_html(blocks)):
        assert "repartee:" not in text
    assert "".join(plain_pieces(blocks)) == "".join(plain_pieces(render(source)))
