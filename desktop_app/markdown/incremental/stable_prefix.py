"""Finds where a growing source may be cut: below the lines that later text cannot change.

A block is settled when a complete line has begun the next block, when it closes itself (a heading,
a fence with its end), or when a blank line ends it. Every complete line of open code is settled,
and every row of an open table. In the last quote and the last item of a list, however deep,
everything before the last block is settled too: blocks are flat (see block_model.py), and a few
placeholder lines can open a quote or an item again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.incremental.open_tail import ParserContext
from desktop_app.markdown.parsing.block_builder import PlacedBlock
from desktop_app.markdown.parsing.formulas import DISPLAY_OPENER, display_marks
from desktop_app.markdown.parsing.loose_lists import LISTS, ListStart, count_lone_quote_marks
from desktop_app.markdown.parsing.parser import INNER_FENCES

if TYPE_CHECKING:
    from markdown_it.token import Token

_CLOSED_AT_ONCE: Final = ("heading_open", "hr", "math_block")
_CLOSED_BY_A_BLANK_LINE: Final = ("paragraph_open", "table_open", "blockquote_open")
_KIND_OF_OPEN_BLOCK: Final = {"table_open": "table", "fence": "code", "code_block": ""}
"""`ParserContext.inside` by the token's type; "" for code that is indented, not fenced."""
_MAX_DEPTH: Final = 24
"""Maximum nesting of quotes and items to examine, more than anybody writes."""

_OPENERS_OF_CONTAINERS: Final = lazy_pattern(
    r"^(?:[\s>]|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]]*\]:)*"
)


_MAY_OPEN_DISPLAY: Final = lazy_pattern(DISPLAY_OPENER)


class ContainerAtCut(NamedTuple):
    """A list item or a quote that is open at a cut.

    Attributes:
        line: the line that begins it.
        content: the column in that line where its content begins.
        number: an item's number in its list, None for a quote.
        has_earlier_items: True for an item if its list has items before it.
        loose: True for an item if its list is known to be loose (see loose_lists.py).
    """

    line: int
    content: int
    number: int | None
    has_earlier_items: bool = False
    loose: bool = False


class Cut(NamedTuple):
    """A position between two lines of a source.

    Attributes:
        line: everything above it is settled.
        containers: the open items and quotes around it, the outermost first.
        open_block: the open fence, indented code or table around it.
    """

    line: int
    containers: tuple[ContainerAtCut, ...] = ()
    open_block: Token | None = None


def find_cut(tokens: list[Token], source: str, context: ParserContext) -> Cut:
    """Return the last position at which `source` can be cut, below the lines of the context."""
    limit = source.count("\n")  # the last line, which is incomplete
    lines = source.split("\n", limit)
    top_level = [
        index for index in _child_indices(tokens, 0, 0) if _has_begun(tokens[index], limit)
    ]
    if not top_level:
        is_blank = limit > 0 and not lines[limit - 1].strip()
        if is_blank and not context.lines:  # no block at all yet, and nothing to open again
            return Cut(limit)
        return Cut(context.lines)
    cut = _CutFinder(tokens, lines, limit).find()
    top = _start_of_open_math(cut, top_level, tokens, lines, first_line=context.lines)
    return cut if top is None else Cut(top)


def filled_quotes_at(cut: Cut, placed: Sequence[PlacedBlock], context: ParserContext) -> int:
    """Return the depth of the innermost quote, open at a cut, that has a block above the cut."""
    innermost = 0
    quote_lines = (c.line for c in cut.containers if c.number is None and c.line < cut.line)
    for number, begin in enumerate(quote_lines, 1):
        was_filled_before = begin < context.lines and number <= context.filled_quotes
        if was_filled_before or any(
            p.block.quote >= number for p in placed if begin <= p.line < cut.line
        ):
            innermost = number
    return innermost


def context_at(cut: Cut, source: str) -> ParserContext:
    """Return the context that reopens the blocks open at a cut."""
    lines = source.split("\n")
    first = cut.line  # of the open block if there is one, else the line at the cut
    if cut.open_block is not None:
        first = (cut.open_block.map or [0])[0]
    opening_lines: list[str] = []
    continued_lists: list[ListStart] = []
    for container, inner in zip_longest(cut.containers, cut.containers[1:]):
        if container.number is not None:
            has_earlier_items = container.has_earlier_items or container.line < cut.line
            continued_lists.append(
                ListStart(len(opening_lines), container.number, has_earlier_items, container.loose)
            )
        # Containers that begin on the same line are opened by one line, added for the innermost.
        if container.line < first and (inner is None or inner.line != container.line):
            # A line that opens the same item or quote, with an empty heading as its content.
            line = lines[container.line]
            mark = line[: container.content]
            has_content = line[container.content :].strip(" \t")
            opening_lines.append(f"{mark}#" if has_content else f"{mark.rstrip()} #")
    inside = ""
    if cut.open_block is not None:
        inside = _KIND_OF_OPEN_BLOCK[cut.open_block.type]
        header_lines = 2 if inside == "table" else 1  # a table's first row and the rule below it
        opening_lines += lines[first : first + header_lines]
        inner_fences = cut.open_block.meta.get(INNER_FENCES, ())
        opening_lines += [lines[number] for number, _ in inner_fences if number < cut.line]
    marks_above = None
    if 0 < cut.line <= len(lines):
        marks_above = count_lone_quote_marks(lines[cut.line - 1])
    opening = "".join(f"{line}\n" for line in opening_lines)
    return ParserContext(
        opening,
        lines=len(opening_lines),
        continued_lists=tuple(continued_lists),
        inside=inside,
        marks_above=marks_above,
    )


def line_offset(source: str, line: int) -> int:
    """Return the offset of a line; the source's length if it has fewer lines."""
    offset = 0
    for _ in range(line):
        offset = source.find("\n", offset) + 1
        if not offset:
            return len(source)
    return offset


def _is_closed_fence(fence: Token) -> bool:
    start, end = fence.map or (0, 0)
    content = fence.content
    is_last_line_incomplete = bool(content) and not content.endswith("\n")
    content_lines = content.count("\n") + is_last_line_incomplete
    return end - start == content_lines + 2  # the opening and the closing line


def ends_in_code(tokens: list[Token]) -> bool:
    """Return True if the source ends inside an open fence, even within a list or a quote."""
    last = next((t for t in reversed(tokens) if t.nesting >= 0), None)
    return last is not None and last.type == "fence" and not _is_closed_fence(last)


def _child_indices(tokens: list[Token], begin: int, level: int) -> Iterator[int]:
    """Yield the indices of the tokens that open a container's blocks.

    Args:
        tokens: all tokens.
        begin: the index of the container's first content.
        level: the level of its content.
    """
    for index in range(begin, len(tokens)):
        token = tokens[index]
        if token.level < level:
            return
        if token.level == level and token.nesting >= 0 and token.map:
            yield index


def _has_begun(token: Token, limit: int) -> bool:
    """Return True if complete lines (before `limit`) have begun a block.

    The opener of a formula alone does not begin it.
    """
    start, end = token.map or (0, 0)
    return start < limit and (token.type != "math_block" or end <= limit)


class _CutFinder:
    """Finder of the last cut: descends from container to container, into the last block of each."""

    def __init__(self, tokens: list[Token], lines: list[str], limit: int) -> None:
        self._tokens = tokens
        self._lines = lines
        self._limit = limit
        self._containers: list[ContainerAtCut] = []

    def find(self) -> Cut:
        begin = 0
        level = 0
        line = 0
        for _ in range(_MAX_DEPTH):
            last = self._last_begun(begin, level)
            if last < 0:
                break
            token = self._tokens[last]
            start, end = token.map or (0, 0)
            line = max(line, start)
            is_open_quote = token.type == "blockquote_open" and not self._ends_blank(end)
            if is_open_quote:
                container = self._container_at(last, number=None)
            elif token.type in LISTS:
                last, number, has_earlier_items = self._last_item(last)
                line = (self._tokens[last].map or [0])[0]
                container = self._container_at(last, number)._replace(
                    has_earlier_items=has_earlier_items, loose=bool(token.meta.get("loose"))
                )
            else:
                return self._cut_at(token)
            self._containers.append(container)
            if container.content < 0:  # it cannot be opened again
                break
            begin = last + 1
            level = self._tokens[last].level + 1
        return self._cut(line)

    def _last_begun(self, begin: int, level: int) -> int:
        """Return the index of the last block that has begun, -1 for none."""
        last = -1
        for index in _child_indices(self._tokens, begin, level):
            if _has_begun(self._tokens[index], self._limit):
                last = index
        return last

    def _last_item(self, index: int) -> tuple[int, int, bool]:
        """Return the index and number of a list's last begun item, and True if items precede it."""
        list_token = self._tokens[index]
        start = list_token.attrGet("start")
        first_number = 1 if start is None else int(start)
        number = first_number - 1
        last = index
        for child in _child_indices(self._tokens, index + 1, list_token.level + 1):
            if not _has_begun(self._tokens[child], self._limit):
                break
            number += 1
            last = child
        has_earlier_items = number > first_number or bool(list_token.meta.get("has_earlier_items"))
        return last, number, has_earlier_items

    def _container_at(self, index: int, number: int | None) -> ContainerAtCut:
        """Return the open item or quote at a token.

        Its `content` is -1 if a placeholder line cannot open it again: an item whose line has only
        the marker, while the first block below it is open. No closed block shows the marker yet.
        """
        token, first = self._tokens[index : index + 2]
        line = (token.map or [0])[0]
        content = int(token.meta.get("content", -1))
        is_alone = number is not None and (first.map or [-1])[0] != line
        if is_alone and self._last_begun(index + 1, token.level + 1) <= index + 1:
            content = -1
        return ContainerAtCut(line, content, number)

    def _ends_blank(self, end: int) -> bool:
        """Return True if line `end` is complete and blank, except for quote marks."""
        return end < self._limit and count_lone_quote_marks(self._lines[end]) is not None

    def _cut(self, line: int, open_block: Token | None = None) -> Cut:
        # A container that begins below the cut is not open there.
        return Cut(line, tuple(c for c in self._containers if c.line <= line), open_block)

    def _cut_at(self, last: Token) -> Cut:
        """Return the cut at a block that is not an open container."""
        start, end = last.map or (0, 0)
        limit = self._limit
        if last.type == "fence":
            if end > limit or (end == limit and not _is_closed_fence(last)):
                return self._cut(limit, last)
            return self._cut(end)  # closed, or ended by the end of its container
        if last.type == "code_block":  # stays open, because it goes on after blank lines
            return self._cut(min(end, limit), last)
        if last.type in _CLOSED_AT_ONCE:
            is_complete = end <= limit
            return self._cut(end if is_complete else start)
        if last.type in _CLOSED_BY_A_BLANK_LINE and self._ends_blank(end):
            return self._cut(end)
        # Without its first two lines, the first row and the rule, a table cannot be opened again.
        if last.type == "table_open" and start + 2 <= limit <= end:
            return self._cut(limit, last)
        return self._cut(start)


def _start_of_open_math(
    cut: Cut, top_level: list[int], tokens: list[Token], lines: list[str], first_line: int
) -> int | None:
    """Return the line of the top-level block with the first unclosed display formula, if any.

    Later text may close the formula, which then includes the lines below its opener.
    """
    if not any(map(_MAY_OPEN_DISPLAY.search, lines[first_line : cut.line])):
        return None  # the usual case, without the work below
    literal_ranges = [
        t.map
        for t in tokens
        if t.type in ("fence", "math_block", "code_block")
        and t.map
        and (t.info.strip() != "math" or _is_closed_fence(t))
        and _has_begun(t, len(lines) - 1)
    ]
    open_line = None
    quotes = [container.line for container in cut.containers if container.number is None]
    # The fewest marks of a line, so far, that contains only quote marks: it ends deeper quotes.
    fewest_marks = len(quotes) + 1
    # Upward, so that the first open formula is found last.
    for number in range(cut.line - 1, first_line - 1, -1):
        quote_marks = "".join(lines[number].split())
        if not quote_marks:
            break  # a formula cannot contain a blank line
        if not quote_marks.strip(">"):
            fewest_marks = min(fewest_marks, len(quote_marks))
        content = _OPENERS_OF_CONTAINERS.sub("", lines[number], 1)
        is_literal = any(start <= number < end for start, end in literal_ranges)
        # In the quotes around the line, the line of only quote marks is blank: it ends a formula.
        has_ended = fewest_marks <= sum(quote <= number for quote in quotes)
        if display_marks(content) and not is_literal and not has_ended:
            # The last top-level block that begins at the line, or above it.
            ranges = (tokens[index].map for index in top_level)
            open_line = max((m[0] for m in ranges if m and m[0] <= number), default=0)
    return open_line
