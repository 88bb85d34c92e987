"""The open tail, its parses, and what they need from other text: context and definitions."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import Value
from desktop_app.markdown.parsing.block_builder import PlacedBlock, build_blocks
from desktop_app.markdown.parsing.loose_lists import (
    NOTE,
    ListStart,
    mark_loose_lists,
    may_become_item,
    restore_lists,
)
from desktop_app.markdown.parsing.own_links import CITED, Citable
from desktop_app.markdown.parsing.parser import EXPECTS_NOTES, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

_WITHOUT_INLINE: Final = ("fence", "code_block", "math_block", "hr")

# Escapes are matched first. Otherwise each escaped bracket would start a search of its own, which
# reads a thousand characters.
_LABEL: Final = lazy_pattern(r"\\.|\[((?:\\.|[^\[\]\\]){1,999})\]", re.DOTALL)


class ParserContext(Value, frozen=True):
    """The open blocks from earlier text that the parser must know of.

    Attributes:
        source: lines that open the blocks again: the first lines of a fence or a table, or an item
            or quote with an empty heading. They are parsed with each piece, but not shown.
        lines: the number of lines in `source`.
        continued_lists: the lists that continue, in the order in which they open.
        inside: "code" or "table" if the open tail continues one.
        marks_above: the number of quote marks on the line above the open tail, if the line has
            nothing else.
        filled_quotes: the depth of the innermost open quote that has a closed block.
    """

    source: str = ""
    lines: int = 0
    continued_lists: tuple[ListStart, ...] = ()
    inside: str = ""
    marks_above: int | None = None
    filled_quotes: int = 0


class Parse(Struct, dict=True):
    """A parse of the open tail.

    Attributes:
        source: the parsed source, including the lines of the context.
        resumed: the tokens of the lists that continue from earlier text.
        labels: the labels of new definitions, with their lines.
    """

    tokens: list[Token]
    context: ParserContext
    source: str
    resumed: list[Token] = []
    labels: dict[str, int] = {}

    @cached_property
    def placed(self) -> list[PlacedBlock]:
        """Return the blocks after the context, built from the tokens when they are first needed."""
        placed = [p for p in build_blocks(self.tokens) if p.line >= self.context.lines]
        if placed and placed[0].block.quote > self.context.filled_quotes:
            # The context opens quotes again that have no block yet, so this block begins them.
            block = placed[0].block
            opened = max(block.opened, block.quote - self.context.filled_quotes)
            placed[0] = placed[0]._replace(block=block._replace(opened=opened))
        return placed


class Definitions:
    """The definitions so far, which every parse of a part of the source uses and extends.

    Attributes:
        expects_notes: whether definitions may still follow the marks of footnotes.
    """

    def __init__(self, cited: Citable) -> None:
        """`cited` is what the source may cite and link to."""
        self.cited = cited
        self._references: dict[str, Any] = {}
        self._notes: set[str] = set()  # the labels of footnotes after ":", as the parser has them
        self.expects_notes = True

    def parse(
        self,
        source: str,
        context: ParserContext,
        *,
        expects_notes: bool = True,
        is_final: bool = False,
    ) -> Parse:
        """Parse a part of the source, and record the definitions that it adds."""
        known_count = len(self._references)
        env = self.env(expects_notes=expects_notes)
        tokens = parser().parse(source, env)
        resumed = restore_lists(tokens, context.continued_lists)
        is_undecided = not is_final and (context.inside or may_become_item(source))
        end = source.count("\n") if is_undecided else len(source)
        tail_lines = range(context.lines, end)
        mark_loose_lists(tokens, source, env, tail_lines, marks_above=context.marks_above)
        parse = Parse(tokens, context, source, resumed)
        for label in islice(reversed(self._references), len(self._references) - known_count):
            parse.labels[label] = self._references[label]["map"][0]
        if len(env["footnotes"]["refs"]) > len(self._notes):
            for token in tokens:
                if (
                    token.type == NOTE
                    and token.map
                    and ":" + token.meta["label"] not in self._notes
                ):
                    self._notes.add(":" + token.meta["label"])
                    parse.labels["^" + token.meta["label"]] = token.map[0]
        return parse

    def env(self, *, expects_notes: bool = True) -> dict[str, Any]:
        """Return the known definitions as the parser's environment."""
        footnotes = {"refs": dict.fromkeys(self._notes, -1), "list": {}}
        return {
            "references": self._references,
            "footnotes": footnotes,
            CITED: self.cited,
            EXPECTS_NOTES: expects_notes and self.expects_notes,
        }

    def is_defined(self, name: str) -> bool:
        """Return True if a link, or a footnote ("^" and its label), is defined."""
        return name in self._references or (name[:1] == "^" and f":{name[1:]}" in self._notes)

    def forget_labels(self, labels: dict[str, int]) -> None:
        """Remove definitions that are not settled yet, because they are parsed again."""
        for label in labels:
            if label.startswith("^"):
                self._notes.discard(":" + label[1:])
            self._references.pop(label, None)


def names_in(text: str) -> set[str]:
    """Return the labels that a text may name: normalized, and for footnotes also as written."""
    from markdown_it.common.utils import normalizeReference

    names: set[str] = set()
    if "[" not in text:
        return names
    for match in _LABEL.finditer(text):
        if name := match[1]:  # None for an escape
            names.add(normalizeReference(name))
            if name.startswith("^"):
                names.add(name)
    return names


def ends_in_text(tokens: list[Token]) -> bool:
    """Return True if the last block is neither code nor a formula nor a rule."""
    last = next((token for token in reversed(tokens) if token.nesting >= 0), None)
    return last is not None and last.type not in _WITHOUT_INLINE


def last_inline(tokens: list[Token], cut_line: int) -> Token | None:
    """Return the last inline token if it begins at line `cut_line` or below.

    In a table row, this is the last cell with words; the parser completes rows with empty cells.
    """
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token.type == "inline" and (token.content or tokens[index - 1].type != "td_open"):
            line = token.map or next((t.map for t in reversed(tokens[:index]) if t.map), None)
            return token if line is not None and line[0] >= cut_line else None
    return None
