"""The open tail, its parses, and its context, which the parser needs from earlier text."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from desktop_app.domain.value import Value
from desktop_app.markdown.parsing.block_builder import PlacedBlock, build_blocks
from desktop_app.markdown.parsing.loose_lists import ListStart

if TYPE_CHECKING:
    from markdown_it.token import Token

_WITHOUT_INLINE: Final = ("fence", "code_block", "math_block", "hr")


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

    @property
    def newly_loose_depths(self) -> list[int]:
        """Return the depths of the lists with earlier items that turned loose in this parse."""
        both = zip(self.context.continued_lists, self.resumed, strict=False)
        return [
            depth
            for depth, (start, token) in enumerate(both, 1)
            if start.has_earlier_items and token.meta["loose"] and not start.loose
        ]

    @cached_property
    def placed(self) -> list[PlacedBlock]:
        """Return the blocks, built from the tokens when they are first needed."""
        return place_blocks(self.tokens, self.context)


def place_blocks(tokens: list[Token], context: ParserContext) -> list[PlacedBlock]:
    """Return the blocks after the context."""
    placed = [p for p in build_blocks(tokens) if p.line >= context.lines]
    if placed and placed[0].block.quote > context.filled_quotes:
        # The context opens quotes again that have no block yet, so this block begins them.
        block = placed[0].block
        opened = max(block.opened, block.quote - context.filled_quotes)
        placed[0] = placed[0]._replace(block=block._replace(opened=opened))
    return placed


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
