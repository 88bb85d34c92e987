"""Where a source that grows may be cut: the lines that no later line can change.

A block is settled when a complete line has begun the next one, when it closes itself (a heading, a
fence with its end), or when a blank line ends it. Of an open fence every complete line is settled,
of an open table every row, of an open list every item but the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.rendering.parser import MATH_OPENERS

if TYPE_CHECKING:
    from markdown_it.token import Token

_LISTS: Final = ("bullet_list_open", "ordered_list_open")
_CLOSED_AT_ONCE: Final = ("heading_open", "hr", "math_block")
_CLOSED_BY_A_BLANK_LINE: Final = ("paragraph_open", "table_open", "blockquote_open")


def settled_lines(tokens: list[Token], source: str, context_lines: int) -> int:
    """How many lines of `source` are settled; at least those of the context."""
    limit = source.count("\n")  # the last line, which is not complete
    tops = [token for token in top_tokens(tokens) if _has_begun(token, limit)]
    lines = source.split("\n", limit)
    if not tops:
        blank = limit > 0 and not lines[limit - 1].strip()
        return limit if blank and not context_lines else context_lines
    return _before_open_math(_end_of_closed(tops[-1], tokens, lines, limit), tops, tokens, lines)


def top_tokens(tokens: list[Token]) -> list[Token]:
    """The tokens that begin top-level blocks."""
    return [t for t in tokens if t.level == 0 and t.nesting >= 0 and t.map]


def is_closed_fence(fence: Token) -> bool:
    start, end = fence.map or (0, 0)
    content = fence.content
    lines = content.count("\n") + (bool(content) and not content.endswith("\n"))
    return end - start == lines + 2


def ends_in_code(tokens: list[Token]) -> bool:
    """Whether the source ends inside an open fence, be it within a list or a quote."""
    last = next((t for t in reversed(tokens) if t.nesting >= 0), None)
    return last is not None and last.type == "fence" and not is_closed_fence(last)


def _has_begun(token: Token, limit: int) -> bool:
    """Whether complete lines (those before `limit`) have begun a block; a formula's opener alone
    begins none."""
    start, end = token.map or (0, 0)
    return start < limit and (token.type != "math_block" or end <= limit)


def first_number(token: Token) -> int:
    start = token.attrGet("start")
    return 1 if start is None else int(start)


def item_lines(tokens: list[Token], top: Token) -> list[int]:
    """The first lines of a top-level list's items."""
    lines = []
    for token in tokens[tokens.index(top) + 1 :]:
        if token.level == 0:
            break
        if token.level == 1 and token.type == "list_item_open" and token.map is not None:
            lines.append(token.map[0])
    return lines


def _end_of_closed(last: Token, tokens: list[Token], lines: list[str], limit: int) -> int:
    """How far the last top-level block is settled: the line that the open end begins with."""
    start, end = last.map or (0, 0)
    if last.type == "fence":
        closed = is_closed_fence(last) and end <= limit
        return end if closed else limit
    if last.type in _CLOSED_AT_ONCE:
        return end if end <= limit else start
    if last.type in _CLOSED_BY_A_BLANK_LINE and end < limit and not lines[end].strip():
        return end
    if last.type == "table_open":
        return limit if start + 2 <= limit <= end else start
    if last.type in _LISTS:
        return max(line for line in item_lines(tokens, last) if line < limit)
    return start


def _before_open_math(cut: int, tops: list[Token], tokens: list[Token], lines: list[str]) -> int:
    """Display mathematics that is not closed yet may still take in the lines below its opener."""
    covered = [
        t.map
        for t in tokens
        if t.type in ("fence", "math_block", "code_block")
        and t.map
        and _has_begun(t, len(lines) - 1)
    ]
    for number in range(cut - 1, -1, -1):
        if not lines[number].strip():
            break
        inside = any(start <= number < end for start, end in covered)
        if lines[number].lstrip()[:2] in MATH_OPENERS and not inside:
            cut = max((t.map[0] for t in tops if t.map and t.map[0] <= number), default=0)
    return cut
