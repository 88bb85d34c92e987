"""Skipping rules that cannot match at a character changes no parse result."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.parser_inline import ParserInline

from desktop_app.markdown.parsing.inline_parser import InlineParser
from desktop_app.markdown.parsing.parser import EXPECTS_NOTES, parser

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_PIECES = (
    "word ", "a", "é", "*", "**", "_", "~", "~~", "~~~", "`", "``", "[", "]", "](u)", "![", "[a]",
    "[^1]", "[1]", "<", "<a>", "<http://a.b>", "&", "&amp;", "&#35;", "$x$", "$", "\\", "\\(x\\)",
    "\\*", "\n", "  \n", ":", "http://a.b", "www.a.b", "a@b.c", "-", "{", "=", "\u4e2d",
)  # fmt: skip


def asking_every_rule() -> MarkdownIt:
    markdown = copy(parser())
    markdown.inline = ParserInline()
    markdown.inline.ruler, markdown.inline.ruler2 = parser().inline.ruler, parser().inline.ruler2
    return markdown


def found(markdown: MarkdownIt, text: str) -> list[Token]:
    env = {
        "references": {"A": {"title": "", "href": "/a", "map": [0, 1]}},
        "footnotes": {"refs": {":1": -1}, "list": {}},
        "cited": frozenset({1}),
        EXPECTS_NOTES: True,
    }
    return markdown.parseInline(text, env)


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
def test_the_parser_equals_one_that_tries_every_rule(text: str) -> None:
    assert found(parser(), text) == found(asking_every_rule(), text)


def test_deep_nesting_parses_as_with_every_rule() -> None:
    for text in (
        "[" * 12 + "x" + "](u)" * 12,
        "*a " * 200 + "a* " * 200,
        "[a *b " * 11 + "c* d](u) " * 11,
    ):
        assert found(parser(), text) == found(asking_every_rule(), text)


def test_an_unknown_rule_raises_an_error() -> None:
    other = ParserInline()
    other.ruler.disable("strikethrough")
    other.ruler.push("unheard_of", lambda _state, _silent: False)
    with pytest.raises(KeyError, match="unheard_of"):
        InlineParser(other)
