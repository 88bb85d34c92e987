"""Parses a growing Markdown source into closed blocks and an open tail.

`BlockStream` keeps only the end of the source that later text can still change: the last block, the
last block in a list or a quote, the last row of a table, the last line of code. Each new piece
parses that end again, and the differences to the current blocks are returned as patches. Later text
changes closed blocks in two cases: a definition of a link or footnote changes the text that names
it, and a list may turn loose. (`[^1]` is shown as a footnote's mark before its definition arrives,
because definitions are nearly always at the end of the answer.)

Closing blocks early is correct because later lines never undo a block construct that a complete
line has begun (see parser.py for the rules that would break this). An incomplete line may still
become another construct, so it closes nothing.

The final blocks equal `render(source)` of the whole source.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_app.markdown.block_model import Block, Kind, Patch, replace_unusable
from desktop_app.markdown.incremental.definitions import Definitions, names_in
from desktop_app.markdown.incremental.list_spacing import ListSpacing
from desktop_app.markdown.incremental.open_rows import read_rows
from desktop_app.markdown.incremental.open_tail import ParserContext, ends_in_text, last_inline
from desktop_app.markdown.incremental.reference_updates import (
    BlockChunk,
    ReferenceUpdate,
    can_change_later,
    with_spacing_of,
)
from desktop_app.markdown.incremental.shown_blocks import ShownBlocks
from desktop_app.markdown.incremental.stable_prefix import (
    Cut,
    context_at,
    ends_in_code,
    filled_quotes_at,
    find_cut,
    line_offset,
)
from desktop_app.markdown.incremental.text_fast_path import find_plain_tail
from desktop_app.markdown.parsing.inline_images import (
    drop_address_rest,
    ends_in_address,
    find_overlong_range,
    move_cut_outside_image,
)
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.provisional import provisional_blocks
from desktop_app.markdown.provisional.provisional_inline import complete_inline

if TYPE_CHECKING:
    from desktop_app.markdown.incremental.open_tail import Parse
    from desktop_app.markdown.incremental.text_fast_path import PlainTail

_LONG_TAIL_CHARS: Final = 800
"""Characters. A longer open tail is examined at steps."""
_MAX_OPEN_CHARS: Final = 6_000
"""Maximum characters of an open tail that is parsed again with each piece.

A longer paragraph is split at a line end or a space, and its rest is a new paragraph. Parsing this
much takes about 10 ms, less than a frame. Paragraphs of answers are shorter.
"""
_MAX_TOKENS: Final = 1_200
"""Maximum tokens of a text whose open marks are closed for display."""
_UNSETTLED_CHARS: Final = 200
"""Characters at the end of a very long line that stay open when the line is split."""
_HEADER_LINES: Final = 2
"""Lines of a table's header: the first row and the rule below it."""
_STEP_CHARS: Final = 1_500
"""Source characters between the positions at which a long open construct may be split.

The positions are fixed, because the result must not depend on how the source is split into pieces.
"""


def render(source: str, cited: frozenset[int] = frozenset()) -> list[Block]:
    """Return the blocks of a whole source."""
    stream = BlockStream(cited)
    stream.feed(source)
    stream.finish()
    return stream.blocks


class BlockStream:
    """The blocks of a growing source.

    Attributes:
        blocks: all blocks so far, with all returned patches applied.
    """

    def __init__(self, cited: frozenset[int] = frozenset()) -> None:
        """`cited` are the numbers of the passages that the source may cite."""
        self._shown = ShownBlocks()
        self.blocks = self._shown.blocks
        self._source = ""
        self._drops_address = self._is_in_address = False
        self._pending_return = ""
        self._length = 0
        self._context = ParserContext()
        self._definitions = Definitions(cited)
        self._reference_updates = ReferenceUpdate(self._definitions, self._shown)
        self._list_spacing = ListSpacing(self.blocks)
        self._plain_end: PlainTail | None = None
        self._overdue_length = 0  # of the open tail that is too expensive to parse again

    def feed(self, text: str) -> list[Patch]:
        """Process the next piece of the source, which may be cut anywhere."""
        text = self._pending_return + text
        self._pending_return = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        patches: list[Patch] = []
        position = 0
        while position < len(text):
            end = position + _STEP_CHARS - self._length % _STEP_CHARS
            patches += self._process_piece(text[position:end])
            position = end
        return patches

    def _process_piece(self, text: str) -> list[Patch]:
        """Process a piece that ends at the next step or before."""
        self._length += len(text)
        text = drop_address_rest(text) if self._drops_address else text
        if not text:
            return []
        self._source += replace_unusable(text)
        self._drops_address = self._shorten_address(len(text))
        self._is_in_address = not self._drops_address and ends_in_address(
            self._source, len(text), ended_in_address=self._is_in_address
        )
        if self._drops_address or self._is_in_address:
            self._plain_end = None
            return []
        patches = self.run_updates()
        if self._context.inside == "code" and self._is_blank_line(text):
            return patches
        if self._overdue_length:
            patches += self._split_open(self._overdue_length)
        if (rows := self._append_rows()) is not None:
            return patches + rows
        growth_patches = self._append_plain_text(text)
        # A step only splits long text, but a line of code is never split. The first step of a
        # long line tells whether the line is code; later steps need not parse it.
        is_newly_long = _LONG_TAIL_CHARS < len(self._source) <= _LONG_TAIL_CHARS + _STEP_CHARS
        is_known_code = self._context.inside == "code" and not is_newly_long
        is_at_step = self._length % _STEP_CHARS == 0 and not is_known_code
        if not growth_patches or is_at_step:
            growth_patches += self._advance(is_final=False, is_at_step=is_at_step)
        return patches + growth_patches

    def _shorten_address(self, added_chars: int) -> bool:
        """Drop the end of an image's overlong address, unless the address is in code.

        A `data:` address can have megabytes. Return True if more of the address may come.
        """
        address_range = find_overlong_range(self._source, added_chars)
        if address_range is None:
            return False
        kept_end, address_end = address_range
        source_before = self._context.source + self._source[:kept_end]
        parse = self._definitions.parse(source_before, self._context, expects_notes=False)
        self._definitions.forget_labels(parse.labels)
        if not ends_in_text(parse.tokens):
            return False
        text_after = self._source[address_end:]
        self._source = self._source[:kept_end] + text_after
        return not text_after

    def finish(self, *, defer_updates: bool = False) -> list[Patch]:
        """Close the open tail, because the source is complete.

        Args:
            defer_updates: leave updates of earlier blocks to later calls of `run_updates`.
        """
        if self._pending_return:
            self._source += "\n"
            self._pending_return = ""
            self._plain_end = None
        self._definitions.mark_complete()
        plain_end = self._plain_end
        patches: list[Patch] = []
        # If only a very long line of code is open, everything is shown already.
        is_code = self._context.inside == "code" and self.blocks[-1].kind is Kind.CODE
        if not is_code or plain_end is None or not plain_end.is_long:
            patches += self._advance(is_final=True)
        self._source = ""
        self._plain_end = None
        patches += self._reference_updates.render_undefined_notes()
        while self.has_pending_updates and not defer_updates:
            patches += self.run_updates()
        return patches

    @property
    def has_pending_updates(self) -> bool:
        """Return True if earlier blocks still wait for updates: see `run_updates`."""
        return bool(self._reference_updates or self._list_spacing)

    @property
    def piece_length(self) -> int:
        """Return the best length of the next piece: one that crosses a step is parsed in two."""
        return _STEP_CHARS - self._length % _STEP_CHARS

    def run_updates(self) -> list[Patch]:
        """Update earlier blocks for definitions or loose lists, for a few milliseconds."""
        if self._reference_updates:
            return self._reference_updates.render_next()
        return self._list_spacing.mark_next() if self._list_spacing else []

    # ------------------------------------------------------------------ the common case

    def _is_blank_line(self, text: str) -> bool:
        """Return True if the text extends a very long blank line of code.

        The line is shown once other text follows it.
        """
        if len(self._source) <= _LONG_TAIL_CHARS:
            return False
        # The end is checked first, because `strip` copies nearly all of a very long line.
        ends_blank = not text.strip(" \t") and not self._source[-_LONG_TAIL_CHARS:].strip(" \t")
        return ends_blank and not self._source.strip(" \t")

    def _append_plain_text(self, text: str) -> list[Patch]:
        """Append words in the middle of plain text, without the parser."""
        if self._plain_end is None:
            return []
        block = self.blocks[-1]
        plain_end = self._plain_end.extended(block, text)
        if plain_end is None:
            return []
        self._plain_end = plain_end
        new_block = block._replace(runs=(*block.runs[:-1], plain_end.run))
        self.blocks[-1] = new_block
        return [Patch(len(self.blocks) - 1, 1, (new_block,))]

    def _append_rows(self) -> list[Patch] | None:
        """Append rows to the open table without the block parser.

        Return None if the block parser is needed.
        """
        context = self._context
        if context.inside != "table" or context.lines != _HEADER_LINES:
            return None
        if context.continued_lists or context.source.lstrip(" ").startswith(">"):
            return None  # the table is in a list or a quote, whose marker is in its header line
        table = self._shown.last_closed
        rows = read_rows(self._source, table, self._definitions.env())
        if rows is None:
            return None
        self._source = self._source[self._source.rfind("\n") + 1 :]
        self._plain_end = None
        last = [] if rows.incomplete is None else [rows.incomplete]
        return self._shown.add_closed(rows.complete, last, in_table=True)

    # ------------------------------------------------------------------ parsing the open end

    def _advance(self, *, is_final: bool, is_at_step: bool = False) -> list[Patch]:
        """Parse the open tail, and close the blocks that later text cannot change.

        Args:
            is_final: the source is complete.
            is_at_step: the piece ends at a step, where long constructs may be split.
        """
        source = self._context.source + self._source
        if is_final:
            parse = self._definitions.parse(source, self._context, is_final=True)
        else:
            parse = self._parse_decided(source)
        patches = self._mark_loose_lists(parse)
        cut = Cut(source.count("\n") + 1) if is_final else self._choose_cut(parse)
        holds_back_text = not is_final and self._close_open_marks(parse, cut.line)
        closed_blocks: list[Block] = []
        # A table or code may have ended right after the last settled line.
        first_line = self._context.lines
        is_at_first_line = cut.line == first_line and cut.open_block is None
        has_ended = self._context.inside != "" and is_at_first_line
        has_closed = is_final or has_ended or cut.line > first_line
        if has_closed:
            renewal_patches, closed_blocks = self._close_above(parse, source, cut)
            patches += renewal_patches
        else:
            self._definitions.forget_labels(parse.labels)
        tail = [p for p in parse.placed if p.line >= cut.line]
        in_table = self._context.inside == "table"
        patches += self._shown.add_closed(closed_blocks, [p.block for p in tail], in_table=in_table)
        may_grow = not (is_final or holds_back_text) and parse.source == source
        self._plain_end = find_plain_tail(self._source, tail) if may_grow else None
        if is_at_step and len(self._source) > _LONG_TAIL_CHARS:
            if has_closed:  # `parse` is of more than the source that is still open
                return patches + self._advance(is_final=False, is_at_step=True)
            if self._is_too_large(parse):
                self._overdue_length = len(self._source)
        return patches

    def _parse_decided(self, source: str) -> Parse:
        """Parse the source without an end that may become another construct."""
        parse = self._definitions.parse(self._without_undecided_end(source), self._context)
        if parse.source == source or not ends_in_code(parse.tokens):
            return parse
        self._definitions.forget_labels(parse.labels)
        return self._definitions.parse(provisional_blocks.without_fence_end(source), self._context)

    def _choose_cut(self, parse: Parse) -> Cut:
        """Return the position to cut the source at.

        A long incomplete line after code counts as complete if it ends the code's container.
        Otherwise all of the line would be parsed with each piece.
        """
        is_single_line = self._context.inside == "code" and "\n" not in self._source
        if (
            is_single_line
            and len(self._source) > _LONG_TAIL_CHARS
            and not ends_in_code(parse.tokens)
        ):
            cut = find_cut(parse.tokens, parse.source + "\n", self._context)
            if cut.line == self._context.lines:
                return cut
        return find_cut(parse.tokens, parse.source, self._context)

    def _mark_loose_lists(self, parse: Parse) -> list[Patch]:
        """Mark lists that turn loose, and update the spacing of their closed blocks."""
        turned_depths = parse.newly_loose_depths
        if not turned_depths:
            return []
        continued_lists = tuple(
            list_start._replace(loose=list_start.loose or depth in turned_depths)
            for depth, list_start in enumerate(self._context.continued_lists, 1)
        )
        self._context = replace(self._context, continued_lists=continued_lists)
        for depth in turned_depths:
            self._list_spacing.schedule(self._shown.closed, depth)
        return self._list_spacing.mark_next()

    def _is_too_large(self, parse: Parse) -> bool:
        """Return True if the open tail is too large to parse with every piece.

        Always return False in code, which is cheap to parse.
        """
        is_code = bool(parse.placed) and parse.placed[-1].block.kind is Kind.CODE
        return len(self._source) > _MAX_OPEN_CHARS and not is_code

    def _split_open(self, length: int) -> list[Patch]:
        """Close the open tail at the last line end before character `length`, whatever is open.

        The rest continues as a new block, or another row. A very long line is split at a space.
        """
        self._overdue_length = 0
        source = self._source[:length]
        end = source.rfind("\n") + 1
        if end < length // 2:
            end = max(source.rfind(" ", 0, -_UNSETTLED_CHARS) + 1, length // 2)
        end = move_cut_outside_image(source, end)
        if not end:
            return []  # there is only an image
        next_context = self._context if self._context.inside == "table" else ParserContext()
        remaining = self._source[end:]
        self._source = self._source[:end]
        patches = self._advance(is_final=True)
        self._source = remaining
        self._context = next_context
        return patches

    def _without_undecided_end(self, source: str) -> str:
        if self._context.inside == "code":
            return provisional_blocks.without_fence_end(source)
        return provisional_blocks.without_undecided_end(
            source, in_table=self._context.inside == "table"
        )

    def _close_open_marks(self, parse: Parse, cut_line: int) -> bool:
        """Close the open marks of the last text for display; return True if text is held back."""
        last = last_inline(parse.tokens, cut_line)
        if last is None or not ends_in_text(parse.tokens):
            return False
        if len(last.children or ()) > _MAX_TOKENS:
            return False  # completing it would take as long as parsing
        may_continue = parse.source[-1:] not in (" ", "\t", "\n", "|")
        text, closers = complete_inline(last.content, may_continue=may_continue)
        if text == last.content and not closers:
            return False
        last.children = parser().parseInline(text + closers, self._definitions.env())[0].children
        if not text and parse.placed[-1].block == Block(Kind.PARAGRAPH):
            parse.placed.pop()  # not a line yet
        return text != last.content

    # ------------------------------------------------------------------ closing

    def _close_above(self, parse: Parse, source: str, cut: Cut) -> tuple[list[Patch], list[Block]]:
        """Settle everything above a cut.

        Returns:
            Patches of earlier blocks that definitions above the cut change, and the settled blocks.
        """
        offset = line_offset(source, cut.line)
        context = self._context
        settled_text = source[len(context.source) : offset]
        filled_quotes = filled_quotes_at(cut, parse.placed, context)
        self._context = replace(context_at(cut, source), filled_quotes=filled_quotes)
        self._source = source[offset:]
        closed_blocks = [p.block for p in parse.placed if p.line < cut.line]
        settled_labels = [label for label, line in parse.labels.items() if line < cut.line]
        open_labels = {label: line for label, line in parse.labels.items() if line >= cut.line}
        self._definitions.forget_labels(open_labels)
        names = names_in(settled_text) if can_change_later(closed_blocks) else set()
        if names & open_labels.keys():
            # These blocks were rendered with definitions that are below the cut, and not settled.
            parse_above = self._definitions.parse(context.source + settled_text, context)
            reparsed = [p.block for p in parse_above.placed]
            closed_blocks = [
                *map(with_spacing_of, reparsed, closed_blocks),
                *reparsed[len(closed_blocks) :],
            ]
        chunk = BlockChunk(settled_text, context, *self._shown.end)
        self._reference_updates.remember(chunk, names)
        return self._reference_updates.schedule(settled_labels), closed_blocks
