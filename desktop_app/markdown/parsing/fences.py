"""Fenced code. A fence within a `markdown` fence is code of the Markdown, not its end.

Models that write a whole Markdown file do not lengthen the outer fence as CommonMark wants it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from desktop_app.markdown.parsing.formulas import line_at

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock

INNER_FENCES: Final = "inner_fences"
"""Key in the meta of a fence: the lines that open inner fences without an end, with their text."""

_MARKDOWN: Final = ("markdown", "md", "mdx")
_FENCE: Final = re.compile(r"(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")


def parse_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse fenced code."""
    from markdown_it.rules_block import fence

    opener = _FENCE.fullmatch(line_at(state, start))
    info = opener["info"].split() if opener else []
    if silent or opener is None or not info or info[0].lower() not in _MARKDOWN:
        return fence(state, start, end, silent)
    if state.is_code_block(start):
        return False
    inner: list[tuple[int, str]] = []
    number = start + 1
    is_closed = False
    while number < end and not is_closed:
        line = line_at(state, number)
        if line and state.sCount[number] < state.blkIndent:
            break
        if not state.is_code_block(number):
            is_closed = _closes(line, opener["marks"], inner, number)
        number += 1
    indent = state.sCount[start]
    token = state.push("fence", "code", 0)
    token.info = opener["info"]
    token.content = state.getLines(start + 1, number - is_closed, indent, True)
    token.markup = opener["marks"]
    token.map = [start, number]
    token.meta = {INNER_FENCES: inner}
    state.line = number
    return True


def _closes(line: str, marks: str, inner: list[tuple[int, str]], number: int) -> bool:
    """Return True if a line closes the fence that `marks` opened; else update the open `inner`."""
    fence = _FENCE.fullmatch(line.rstrip(" \t"))
    if fence is None or fence["marks"][0] != marks[0]:
        return False
    if fence["info"]:
        inner.append((number, line))
    elif inner:
        opener = _FENCE.match(inner[-1][1])
        if opener is not None and len(fence["marks"]) >= len(opener["marks"]):
            inner.pop()
    else:
        return len(fence["marks"]) >= len(marks)
    return False
