"""A block parser that counts the leading blanks of a line at once.

markdown-it looks at each blank: a line with a megabyte of leading blanks took 0.2 s per parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LEADING_BLANKS: Final = re.compile(r"[ \t]*")
_TAB_COLUMNS: Final = 4
"""Columns between tab stops, as in CommonMark."""


class _Lines(StateBlock):
    """A source, and the beginnings and ends of its lines."""

    def __init__(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> None:
        super().__init__("", md, env, tokens)
        self.src = src
        begins = self.bMarks
        ends = self.eMarks
        indents = self.tShift
        widths = self.sCount
        for marks in (begins, ends, indents, widths):
            marks.clear()  # the end mark of the empty source; a new one is appended below
        start = 0
        length = len(src)
        while start < length:
            end = src.find("\n", start)
            end = length if end < 0 else end
            indent = width = 0
            if src[start] in " \t":
                indent = _LEADING_BLANKS.match(src, start, end).end() - start  # type: ignore[union-attr]
                width = len(src[start : start + indent].expandtabs(_TAB_COLUMNS))
                if start + indent == end == length:
                    break  # only blanks, and incomplete: no line for markdown-it
            begins.append(start)
            ends.append(end)
            indents.append(indent)
            widths.append(width)
            start = end + 1
        self.lineMax = len(begins)
        begins.append(length)
        ends.append(length)
        indents.append(0)
        widths.append(0)
        self.bsCount = [0] * len(begins)


class BlockParser(ParserBlock):
    """A block parser with the rules of another block parser."""

    def __init__(self, original: ParserBlock) -> None:
        super().__init__()
        self.ruler = original.ruler

    def parse(
        self,
        src: str,
        md: MarkdownIt,
        env: Any,
        outTokens: list[Token],  # noqa: N803 - as the library calls it
    ) -> list[Token] | None:
        """Append the tokens of a source to `outTokens`, and return these; None without a source."""
        if not src:
            return None
        state = _Lines(src, md, env, outTokens)
        self.tokenize(state, state.line, state.lineMax)
        return state.tokens
