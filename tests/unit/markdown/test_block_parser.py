"""Counting the blanks of a line at once finds the lines that the library finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it.rules_block import StateBlock

from desktop_app.markdown.parsing.block_parser import BlockParser
from desktop_app.markdown.parsing.parser import parser

_PIECES = (
    "a",
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "\u00a0",
    "\x0c",
    "\u2028",
    "```\n",
)


class _Seen(BlockParser):
    """A block parser that records what it would tokenize."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        self.seen = state, startLine, endLine


@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=30).map("".join))
def test_lines_have_the_same_positions_as_in_markdown_it(text: str) -> None:
    markdown = parser()
    assert isinstance(markdown.block, BlockParser)
    reader = _Seen(markdown.block)
    reader.parse(text, markdown, {}, [])
    state, first, end = reader.seen
    expected = vars(StateBlock(text, markdown, {}, []))
    assert vars(state) == expected
    assert (first, end) == (0, expected["lineMax"])


def test_an_empty_source_has_no_tokens() -> None:
    assert parser().parse("") == []
