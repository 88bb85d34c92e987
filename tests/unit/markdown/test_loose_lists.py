"""Lists begin, end, and are loose or tight as in the HTML of CommonMark's specification."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.markdown.block_model import Block
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import to_markdown
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.parsing.loose_lists import mark_loose_lists
from desktop_app.markdown.parsing.parser import parser
from tests.helpers.examples import examples
from tests.helpers.nested_markdown import sources
from tests.unit.markdown.streams import streamed_blocks
from tests.unit.markdown.test_block_stream import at_once

DATA = Path(__file__).parents[2] / "data" / "markdown"
SECTIONS = ("Lists", "List items", "Tabs", "Thematic breaks", "Setext headings")
EXAMPLES = {
    f"{one['example']}": one
    for one in json.loads((DATA / "commonmark-0.31.2.json").read_text())
    if one["section"] in SECTIONS and "<!--" not in one["markdown"]
}
_ELEMENTS = re.compile(r"<(/?(?:ul|ol|li|p|blockquote|h[1-6]|pre|hr))\b([^>]*)>")


def elements(html: str) -> list[str]:
    """Return the tags of blocks, with the number that a list begins with."""
    found = _ELEMENTS.finditer(html)
    return [match[1] + "".join(re.findall(r"start=.\d+", match[2])) for match in found]


def nesting(block: Block) -> tuple[object, ...]:
    """Return a block's kind and its place in lists and quotes."""
    return (
        block.kind,
        block.depth,
        block.marker,
        block.quoted_at,
        block.opened,
        block.begins,
        block.loose,
    )


def tightness(source: str) -> list[bool]:
    """Return, for each paragraph of a list item, if the parser hides it in a tight list."""
    holders: list[str] = []
    hidden = []
    for token in parser().parse(source, {}):
        if token.type == "paragraph_open" and holders and holders[-1] == "list_item_open":
            hidden.append(token.hidden)
        if token.nesting > 0:
            holders.append(token.type)
        elif token.nesting < 0:
            holders.pop()
    return hidden


def marked_tightness(source: str) -> list[bool]:
    """Return the same as found by `mark_loose_lists`."""
    env: dict[str, Any] = {}
    tokens = parser().parse(source, env)
    mark_loose_lists(tokens, source, env)
    holders: list[Any] = []
    hidden = []
    for token in tokens:
        holder = holders[-1] if holders else None
        if token.type == "paragraph_open" and holder and holder.type == "list_item_open":
            hidden.append(not holders[-2].meta.get("loose"))
        if token.nesting > 0:
            holders.append(token)
        elif token.nesting < 0:
            holders.pop()
    return hidden


@settings(max_examples=examples(60))
@given(sources)
@example("- a\n- b\n\n  [ref]: /url\n- d\n")
@example("- > a\n  >\n- b\n")
@example("- a\n  > b\n\n- c\n")
@example("-\n\n- a\n")
@example("> - a\n>\n> - b\n")
@example("- a\n\n  [x]: /u\n")
@example("- [x]: /u\n\n  a\n- b\n")
def test_loose_lists_are_found_as_by_the_parser(source: str) -> None:
    assert marked_tightness(source) == tightness(source)


@settings(max_examples=examples(60))
@given(sources, st.integers(1, 9))
@example("- foo\n  - bar\n    - baz\n\n\n      bim\n", 4)
@example("- - words\n\n  - two\n    lines", 1)
@example("- [x]\n  text [y]\n\n- b\n\n[x]: /u\n[y]: /v\n", 3)
def test_lists_in_pieces_render_like_the_whole(source: str, length: int) -> None:
    shown = streamed_blocks(BlockStream(), source, list(range(0, len(source), length)))
    assert shown == at_once(source)
    assert shown == render(source)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_exported_html_has_the_elements_of_the_specification(name: str) -> None:
    one = EXAMPLES[name]
    assert elements(to_html(render(one["markdown"]))) == elements(one["html"])


def test_markdown_keeps_lists_tight_loose_and_apart() -> None:
    for source in (one["markdown"] for one in EXAMPLES.values()):
        once = render(source)
        again = render(to_markdown(once))
        assert list(map(nesting, again)) == list(map(nesting, once)), source
