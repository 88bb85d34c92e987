"""Finds out which lists are loose, because the parser's tokens do not say so.

A list is loose if a blank line separates two of its items, or two blocks directly in an item, link
definitions included; then all of its texts are spaced paragraphs. The result is in the `meta` of
the token that opens the list: "loose", and "has_earlier_items" if the list has items in earlier
text. A footnote's definition has "loose", too: there it means that a blank line precedes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from markdown_it.token import Token

DEFINITIONS: Final = "definitions"
"""Key in the parse environment: line and level of each link definition, in order."""

LISTS: Final = ("bullet_list_open", "ordered_list_open")
NOTE: Final = "footnote_reference_open"
"""The type of the token that opens a footnote's definition."""
_CONTAINERS: Final = {
    kind: kind.removesuffix("_open") + "_close"
    for kind in (*LISTS, "list_item_open", "blockquote_open", NOTE)
}
_ONLY_MARKS: Final = lazy_pattern(r"(?:[ \t>]|(?:\d{1,9}[.)]|[-+*])[ \t])*(?:\d{0,9}[.)]?|[-+*])")
_CONTAINER_CLOSERS: Final = frozenset(_CONTAINERS.values())


class ListStart(NamedTuple):
    """The start of a list that continues from earlier text.

    Attributes:
        line: the line of the open tail that opens it again.
        number: the number of its first item there.
        has_earlier_items: it has items in earlier text.
        loose: it is known to be loose.
    """

    line: int
    number: int
    has_earlier_items: bool
    loose: bool


class _OpenContainer:
    """A list, an item, a quote or a footnote's definition, until its closing token.

    Attributes:
        token: the token that opens it.
        list_token: the token of the list, or of the list around the item; None for others.
        definition_lines: of an item: the lines of link definitions directly in it that have not
            been processed yet.
        has_content: a block or definition in it has been processed.
    """

    __slots__ = ("definition_lines", "has_content", "list_token", "token")

    def __init__(self, token: Token, list_token: Token | None, definition_lines: list[int]) -> None:
        self.token = token
        self.list_token = list_token
        self.definition_lines = definition_lines
        self.has_content = False


def count_lone_quote_marks(line: str) -> int | None:
    """Return the number of quote marks on a line with nothing else, None for other lines."""
    marks = "".join(line.split())
    if marks.strip(">"):
        return None
    return len(marks)


def may_become_item(source: str) -> bool:
    """Return True if the last line has only marks of quotes and lists, or beginnings of marks.

    It is not known yet which container such a line belongs to, and so which blocks it separates.
    """
    return _ONLY_MARKS.fullmatch(source, source.rfind("\n") + 1) is not None


def restore_lists(tokens: list[Token], continued_lists: tuple[ListStart, ...]) -> list[Token]:
    """Set the numbers and looseness of the lists that continue, and return their tokens."""
    restored: list[Token] = []
    remaining_starts = iter(continued_lists)
    list_start = next(remaining_starts, None)
    for token in tokens:
        if list_start is None:
            break
        if token.type in LISTS and token.map is not None and token.map[0] == list_start.line:
            token.attrSet("start", list_start.number)
            token.meta.update(
                has_earlier_items=list_start.has_earlier_items, loose=list_start.loose
            )
            restored.append(token)
            list_start = next(remaining_starts, None)
    return restored


def mark_loose_lists(
    tokens: list[Token],
    source: str,
    env: dict[str, Any],
    tail_lines: range | None = None,
    *,
    marks_above: int | None = None,
) -> None:
    """Set `meta["loose"]` of footnotes' definitions and of loose lists.

    Args:
        tail_lines: the complete lines of the open tail. The lines above them only open containers
            again.
        marks_above: the number of quote marks on the line above the open tail, if it has nothing
            else.
    """
    if any(token.type in LISTS or token.type == NOTE for token in tokens):
        lines = source.split("\n")
        definitions = env.get(DEFINITIONS, ())
        tail_lines = range(len(lines)) if tail_lines is None else tail_lines
        _LooseListFinder(lines, definitions, tail_lines, marks_above).mark(tokens)


class _LooseListFinder:
    """Finder of loose lists, in a single pass over the tokens."""

    def __init__(
        self,
        lines: list[str],
        definitions: Sequence[tuple[int, int]],
        tail_lines: range,
        marks_above: int | None,
    ) -> None:
        self._lines = lines
        self._definitions = definitions
        self._tail_lines = tail_lines
        self._marks_above = marks_above
        self._quote_lines: list[int] = []  # the first lines of the open quotes

    def mark(self, tokens: list[Token]) -> None:
        open_containers: list[_OpenContainer] = []
        for token in tokens:
            inner = open_containers[-1] if open_containers else None
            if token.nesting >= 0 and token.map is not None:
                line = token.map[0]
                if token.type == NOTE:
                    token.meta["loose"] = self._is_below_blank(line)
                if inner is not None and token.level == inner.token.level + 1:
                    self._process_definitions(inner, line)
                    if token.meta.get("has_earlier_items"):  # such a list began in earlier text
                        inner.has_content = True
                    else:
                        self._process_content(inner, line)
            if token.type in _CONTAINERS:
                list_token = token if token.type in LISTS else None
                definition_lines = []
                begin, end = token.map or (0, 0)
                if token.type == "list_item_open":
                    list_token = inner.token if inner is not None else None
                    definition_lines = [
                        line
                        for line, level in self._definitions
                        if level == token.level + 1 and begin <= line < end
                    ]
                elif token.type == "blockquote_open":
                    self._quote_lines.append(begin)
                open_containers.append(_OpenContainer(token, list_token, definition_lines))
            elif token.type in _CONTAINER_CLOSERS:
                closed = open_containers.pop()
                if closed.token.type == "blockquote_open":
                    self._quote_lines.pop()
                self._process_definitions(closed, len(self._lines))

    def _process_definitions(self, container: _OpenContainer, line: int) -> None:
        """Process the link definitions of an item above a line."""
        while container.definition_lines and container.definition_lines[0] < line:
            self._process_content(container, container.definition_lines.pop(0))

    def _process_content(self, container: _OpenContainer, line: int) -> None:
        """Mark the list that a blank line above the content at `line` makes loose."""
        list_token = container.list_token
        if container.has_content and list_token is not None and self._is_below_blank(line):
            list_token.meta["loose"] = True
        container.has_content = True

    def _is_below_blank(self, line: int) -> bool:
        """Return True if the line above is blank, apart from the marks of the open quotes."""
        if line not in self._tail_lines:
            return False
        if line == self._tail_lines.start:
            marks = self._marks_above
        else:
            marks = count_lone_quote_marks(self._lines[line - 1])
        quotes_above = sum(first_line < line for first_line in self._quote_lines)
        # More marks than open quotes would be a deeper quote, not a blank line.
        return marks is not None and marks <= quotes_above
