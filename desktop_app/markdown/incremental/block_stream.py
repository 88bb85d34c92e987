"""Parses a growing Markdown source into closed blocks and an open tail.

`BlockStream` keeps only the end of the source that later text can still change: the last block, the
last block in a list or a quote, the last row of a table, the last line of code. Each new piece
parses that end again, and replaces the blocks that differ. Later text
changes closed blocks in two cases: a definition of a link or footnote changes the text that names
it, and a list may turn loose. (`[^1]` is shown as a footnote's mark before its definition arrives,
because definitions are nearly always at the end of the answer.)

Most pieces only continue the last words of prose, or a line of code. They extend the last run, and
nothing is parsed (`_OpenWords`, `_OpenCode`).

Closing blocks early is correct because later lines never undo a block construct that a complete
line has begun (see parser.py for the rules that would break this). An incomplete line may still
become another construct, so it closes nothing.

The final blocks equal `render(source)` of the whole source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.block_model import (
    NON_PARAGRAPHS,
    Block,
    Kind,
    Run,
    replace_unusable,
    text_of,
)
from desktop_app.markdown.incremental.open_tail import (
    Definitions,
    Parse,
    ParserContext,
    ends_in_text,
    last_inline,
    names_in,
)
from desktop_app.markdown.incremental.shown_blocks import ShownBlocks, with_spacing_of
from desktop_app.markdown.incremental.stable_prefix import (
    Cut,
    context_at,
    ends_in_code,
    filled_quotes_at,
    find_cut,
    line_offset,
)
from desktop_app.markdown.parsing.inline_images import (
    drop_address_rest,
    ends_in_address,
    find_overlong_range,
    move_cut_outside_image,
)
from desktop_app.markdown.parsing.own_links import Citable
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.provisional import provisional_blocks
from desktop_app.markdown.provisional.provisional_inline import BEGINS_ADDRESS, complete_inline

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
_CODE_GROWTH: Final = 1.25
"""Factor by which a long line of code grows before it is parsed again."""
_STEP_CHARS: Final = 1_500
"""Source characters between the positions at which a long open construct may be split.

The positions are fixed, because the result must not depend on how the source is split into pieces.
"""


def render(source: str, cited: Citable = frozenset()) -> list[Block]:
    stream = BlockStream(cited)
    stream.feed(source)
    stream.finish()
    return stream.blocks


class _ClosedSource(NamedTuple):
    """Closed source that names links or footnotes without a definition so far.

    Attributes:
        at: the index of its first block.
        row: if that block is a table, the index of its first row in it.
    """

    text: str
    context: ParserContext
    at: int
    row: int


_LETTERS: Final = (
    ",'’A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0386-\u03ff\u0400-\u0481\u048a-\u052f"
    "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
)
"""Characters of prose, which mean nothing else wherever they follow a word of prose."""
_WORDS: Final = lazy_pattern(rf"(?:[ {_LETTERS}]|[.:?](?![^ ]))+")
_LAST_WORD: Final = lazy_pattern(rf"(?<!\S)[{_LETTERS}]+[.:?]?\Z")
_CODE_TEXT: Final = lazy_pattern("[ -_a-}]+")
"""What neither ends a line of code nor belongs to a fence, and is shown as it is."""
_MAX_MARKS: Final = 40
"""Inline tokens of a text that is extended by words; others are near the limits of the parser."""


class _OpenWords(NamedTuple):
    """The words at the end of a source, if more words only extend the last run of the last block.

    That is so if nothing at the end was held back or closed for display, and no address can begin
    with the last word.

    Attributes:
        word: the last word.
        gap: the spaces after it, which are shown once another word follows.
    """

    word: str
    gap: str

    def extended(self, text: str) -> _OpenWords | None:
        """Return what follows if `text` is words, too; else None."""
        if _WORDS.fullmatch(text) is None or "  " in self.gap + text:
            return None
        if self.word[-1] in ".:?" and (self.gap + text)[0] != " ":  # it may become an address
            return None
        words = self.word + self.gap + text
        stripped = words.rstrip(" ")
        word = stripped[stripped.rfind(" ") + 1 :]
        if BEGINS_ADDRESS.search(word):
            return None
        return _OpenWords(word, words[len(stripped) :])


class _OpenCode(NamedTuple):
    """A line of fenced code at the end of a source, if more code only extends its run."""

    gap: str = ""

    def extended(self, text: str) -> _OpenCode | None:
        """Return what follows if `text` only extends the line; else None."""
        return self if _CODE_TEXT.fullmatch(text) else None


class BlockStream:
    """The blocks of a growing source.

    Attributes:
        blocks: all blocks so far.
    """

    def __init__(self, cited: Citable = frozenset()) -> None:
        """`cited` is what the source may cite and link to."""
        self._shown = ShownBlocks()
        self.blocks = self._shown.blocks
        self._source = ""
        self._drops_address = self._is_in_address = False
        self._pending_return = ""
        self._length = 0
        self._context = ParserContext()
        self._definitions = Definitions(cited)
        self._sources_by_label: dict[str, list[_ClosedSource]] = {}
        self._open_words: _OpenWords | _OpenCode | None = None
        self._parsed_length = 0  # of the open tail when it was last parsed
        self._overdue_length = 0  # of the open tail that is too expensive to parse again

    @property
    def cited(self) -> Citable:
        """The numbers that text to come may cite; setting them leaves parsed text as it is."""
        return self._definitions.cited

    @cited.setter
    def cited(self, numbers: Citable) -> None:
        self._definitions.cited = numbers
        self._open_words = None

    @property
    def piece_length(self) -> int:
        """Return the best length of the next piece: a piece that crosses a step is parsed twice."""
        return _STEP_CHARS - self._length % _STEP_CHARS

    def feed(self, text: str) -> int:
        """Process the next piece of the source, which may be cut anywhere.

        Return the index of the first block that changes; the number of blocks if none does.
        """
        if self.add_words(text):
            return len(self.blocks) - 1
        text = self._pending_return + text
        self._pending_return = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
        self._shown.reset_changes()
        self._open_words = None
        position = 0
        while position < len(text):
            end = position + self.piece_length
            self._process_piece(text[position:end])
            position = end
        return min(self._shown.first_changed, len(self.blocks))

    def add_words(self, text: str) -> bool:
        """Extend the last run if a piece is words or code that only do that; else return False."""
        words = self._open_words
        if words is None or self._pending_return or len(text) >= self.piece_length:
            return False
        extended = words.extended(text)
        if extended is None:
            return False
        self._open_words = extended
        self._length += len(text)
        self._source += text
        shown = (words.gap + text).removesuffix(extended.gap)
        block = self.blocks[-1]
        last = block.runs[-1]
        runs = (*block.runs[:-1], last._replace(text=last.text + shown))
        self.blocks[-1] = block._replace(runs=runs)
        return True

    def _process_piece(self, text: str) -> None:
        """Process a piece that ends at the next step or before."""
        self._length += len(text)
        text = drop_address_rest(text) if self._drops_address else text
        if not text:
            return
        self._source += replace_unusable(text)
        self._drops_address = self._shorten_address(len(text))
        self._is_in_address = not self._drops_address and ends_in_address(
            self._source, len(text), ended_in_address=self._is_in_address
        )
        if self._drops_address or self._is_in_address:
            return
        if self._overdue_length:
            self._split_open(self._overdue_length)
        # A step only splits long text, but a line of code is never split. The first step of a
        # long line tells whether the line is code; later steps need not parse it.
        is_newly_long = _LONG_TAIL_CHARS < len(self._source) <= _LONG_TAIL_CHARS + _STEP_CHARS
        is_known_code = self._context.inside == "code" and not is_newly_long
        is_at_step = self._length % _STEP_CHARS == 0 and not is_known_code
        is_long_line = is_known_code and len(self._source) > _LONG_TAIL_CHARS and "\n" not in text
        if not is_long_line or len(self._source) >= _CODE_GROWTH * self._parsed_length:
            self._advance(is_final=False, is_at_step=is_at_step)

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

    def finish(self) -> int:
        """Close the open tail, because the source is complete.

        Return the index of the first block that changes; the number of blocks if none does.
        """
        if self._pending_return:
            self._source += "\n"
            self._pending_return = ""
        self._shown.reset_changes()
        self._open_words = None
        self._definitions.expects_notes = False
        self._advance(is_final=True)
        self._source = ""
        self._render_again([label for label in self._sources_by_label if label.startswith("^")])
        return min(self._shown.first_changed, len(self.blocks))

    # ------------------------------------------------------------------ parsing the open end

    def _advance(self, *, is_final: bool, is_at_step: bool = False) -> None:
        """Parse the open tail, and close the blocks that later text cannot change.

        Args:
            is_final: the source is complete.
            is_at_step: the piece ends at a step, where long constructs may be split.
        """
        source = self._context.source + self._source
        self._parsed_length = len(self._source)
        if is_final:
            parse = self._definitions.parse(source, self._context, is_final=True)
        else:
            parse = self._parse_decided(source)
        self._mark_loose_lists(parse)
        cut = Cut(source.count("\n") + 1) if is_final else self._choose_cut(parse)
        is_as_written = not is_final and self._close_open_marks(parse, cut.line)
        closed_blocks: list[Block] = []
        # A table or code may have ended right after the last settled line.
        first_line = self._context.lines
        is_at_first_line = cut.line == first_line and cut.open_block is None
        has_ended = self._context.inside != "" and is_at_first_line
        has_closed = is_final or has_ended or cut.line > first_line
        if has_closed:
            closed_blocks = self._close_above(parse, source, cut)
        else:
            self._definitions.forget_labels(parse.labels)
        tail = [p.block for p in parse.placed if p.line >= cut.line]
        self._shown.add_closed(closed_blocks, tail, in_table=self._context.inside == "table")
        if is_final or parse.source != source or not tail:
            self._open_words = None
        # Below code or a table, the beginning of a line is not held back at first.
        elif is_as_written and not parse.context.inside:
            self._open_words = self._words_at_end()
        else:
            self._open_words = self._code_at_end(parse)
        if is_at_step and len(self._source) > _LONG_TAIL_CHARS:
            if has_closed:  # `parse` is of more than the source that is still open
                self._advance(is_final=False, is_at_step=True)
            elif len(self._source) > _MAX_OPEN_CHARS and not (
                parse.placed and parse.placed[-1].block.kind is Kind.CODE  # cheap to parse
            ):
                self._overdue_length = len(self._source)
                self._open_words = None

    def _parse_decided(self, source: str) -> Parse:
        """Parse the source without an end that may become another construct."""
        code = provisional_blocks.without_fence_end(source)
        decided = code
        if self._context.inside != "code":
            is_in_table = self._context.inside == "table"
            decided = provisional_blocks.without_undecided_end(source, in_table=is_in_table)
        parse = self._definitions.parse(decided, self._context)
        if decided == source or not ends_in_code(parse.tokens):
            return parse
        self._definitions.forget_labels(parse.labels)
        return self._definitions.parse(code, self._context)

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

    def _mark_loose_lists(self, parse: Parse) -> None:
        """Mark lists with earlier items that turn loose in a parse, and their closed blocks."""
        starts = list(self._context.continued_lists)
        for index, (start, token) in enumerate(zip(starts[:], parse.resumed, strict=False)):
            if start.has_earlier_items and token.meta["loose"] and not start.loose:
                starts[index] = start._replace(loose=True)
                self._shown.mark_loose(index + 1)
        self._context = replace(self._context, continued_lists=tuple(starts))

    def _split_open(self, length: int) -> None:
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
            return  # there is only an image
        next_context = self._context if self._context.inside == "table" else ParserContext()
        remaining = self._source[end:]
        self._source = self._source[:end]
        self._advance(is_final=True)
        self._source = remaining
        self._context = next_context

    def _words_at_end(self) -> _OpenWords | None:
        """Return the words that more words would extend, if the source ends in prose."""
        block = self.blocks[-1]
        last = block.runs[-1] if block.runs else None
        if block.kind in NON_PARAGRAPHS or last is None or last != Run(last.text):
            return None
        if len(block.runs) > 1 and " " not in last.text:
            return None  # it touches a link, whose destination may have to be shown
        stripped = self._source.rstrip(" ")
        word = _LAST_WORD.search(stripped)
        if word is None or not last.text.endswith(word[0]):
            return None
        if BEGINS_ADDRESS.search(word[0]):
            return None
        return _OpenWords(word[0], self._source[len(stripped) :])

    def _code_at_end(self, parse: Parse) -> _OpenCode | None:
        """Return the line that more code would extend, if the source ends in fenced code."""
        block, fence = self.blocks[-1], parse.tokens[-1]
        if block.kind is not Kind.CODE or fence.type != "fence" or fence.level:
            return None
        line = text_of(block.runs)
        may_end_code = not line.strip(" `~") or not self._source.endswith(line)
        if may_end_code or len(self._source) > _LONG_TAIL_CHARS or not ends_in_code(parse.tokens):
            return None
        return _OpenCode()

    def _close_open_marks(self, parse: Parse, cut_line: int) -> bool:
        """Close the open marks of the last text for display. Return True if it has none."""
        last = last_inline(parse.tokens, cut_line)
        if last is None or not ends_in_text(parse.tokens):
            return False
        if len(last.children or ()) > _MAX_TOKENS:
            return False  # completing it would take as long as parsing
        may_continue = parse.source[-1:] not in (" ", "\t", "\n", "|")
        text, closers = complete_inline(last.content, may_continue=may_continue)
        if text == last.content and not closers:
            return len(last.children or ()) <= _MAX_MARKS
        last.children = parser().parseInline(text + closers, self._definitions.env())[0].children
        if not text and parse.placed[-1].block == Block(Kind.PARAGRAPH):
            parse.placed.pop()  # not a line yet
        return False

    # ------------------------------------------------------------------ closing

    def _close_above(self, parse: Parse, source: str, cut: Cut) -> list[Block]:
        """Settle everything above a cut, and return the settled blocks."""
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
        is_code = all(block.kind in (Kind.CODE, Kind.CODE_HEAD) for block in closed_blocks)
        names = set() if is_code else names_in(settled_text)
        if names & open_labels.keys():
            # These blocks were rendered with definitions that are below the cut, and not settled.
            parse_above = self._definitions.parse(context.source + settled_text, context)
            reparsed = [p.block for p in parse_above.placed]
            closed_blocks = [
                *map(with_spacing_of, reparsed, closed_blocks),
                *reparsed[len(closed_blocks) :],
            ]
        closed_source = _ClosedSource(settled_text, context, *self._shown.end)
        for name in names:
            if not self._definitions.is_defined(name):
                self._sources_by_label.setdefault(name, []).append(closed_source)
        self._render_again(settled_labels)
        return closed_blocks

    def _render_again(self, labels: Iterable[str]) -> None:
        """Render closed blocks again that name these labels, once they are settled.

        A definition changes words, never the number of blocks.
        """
        sources = [found for label in labels for found in self._sources_by_label.pop(label, ())]
        for closed in {(one.at, one.row): one for one in sources}.values():
            context = closed.context
            parse = self._definitions.parse(context.source + closed.text, context)
            self._shown.render_again(closed.at, closed.row, [p.block for p in parse.placed])
