"""Splits long texts into blocks and materializes only those near the viewport.

Each block is a part of the text. A text gap keeps the height of missing parts as a top margin of
the next block. The first part and the last two are always materialized. So each gap lies between
two blocks, and new text is appended at the end of the last block.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtGui import QTextBlockFormat, QTextCursor

from desktop_app.markdown.block_model import Run, Runs
from desktop_app.transcript.document.block_inserter import BlockInserter, remove_blocks
from desktop_app.transcript.layout.item_prefix import prefix_length
from desktop_app.transcript.layout.layout_cost import cost_of_runs
from desktop_app.transcript.layout.long_text_splitter import (
    CONTEXT_UNITS,
    MAX_BLOCK_UNITS,
    LongTextSplitter,
    RunIndex,
    TextFormats,
    last_units,
)
from desktop_app.transcript.layout.message_layout import TextGap
from desktop_app.transcript.transcript_styles import INDENT, Styles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextBlock

    from desktop_app.transcript.message_items import Item

KEPT_END_BLOCKS: Final = 2
"""Blocks at the end of a long text that are always materialized."""

_WHOLE_COST: Final = 12_000
"""The highest cost (see `layout_cost`) of a text that is materialized as a whole."""

_REQUESTED_COST: Final = 60_000
"""The highest cost of a text that is materialized as a whole if the caller requests that.

Without a limit, emphasis that closes far behind its opening would rewrite 1 MB in one step.
"""


class TextParts(NamedTuple):
    """The blocks and gaps of a text.

    Attributes:
        cuts: the start of each block except the first, in UTF-16 units.
        gaps: the missing text between blocks.
    """

    cuts: tuple[int, ...] = ()
    gaps: tuple[TextGap, ...] = ()


class RunIndexCache:
    """A cache of the `RunIndex` of the text requested last.

    It outlives a change of styles, because an index does not depend on them.
    """

    def __init__(self) -> None:
        self._runs: Runs = ()
        self._index = RunIndex(())

    def index_of(self, item: Item) -> RunIndex:
        """Return the index of an item's text."""
        if self._runs is not item.runs:
            self._runs = item.runs
            self._index = RunIndex(item.runs)
        return self._index


class LongTextWriter:
    """A writer of long texts with given styles, for a document of given width in pixels."""

    def __init__(self, styles: Styles, width: float, run_indices: RunIndexCache) -> None:
        self._styles = styles
        self._run_indices = run_indices
        self._splitter = LongTextSplitter(width, styles.theme.px(INDENT))

    def write(
        self, inserter: BlockInserter, item: Item, block_format: QTextBlockFormat, *, whole: bool
    ) -> TextParts:
        """Write a text into the open block, and into more blocks if it is long.

        If the text costs too much, write only its first and last parts. The limit is higher if
        `whole` is set. `block_format` is the format of the open block.
        """
        index = self._run_indices.index_of(item)
        formats = self._formats(item, block_format)
        spans = list(self._spans(index, 0, 1, formats))  # only the first part
        _start, first_end = spans[0]
        height = self._splitter.estimate_height(index.end)
        if cost_of_runs(item.runs) <= (_REQUESTED_COST if whole else _WHOLE_COST):
            spans += self._spans(index, first_end, index.end, formats)
        else:
            spans += self._last_spans(index, first_end, formats)
        gaps: list[TextGap] = []
        written_end = 0
        for number, (first, end) in enumerate(spans):
            gap_height = 0.0
            if first > written_end:
                gap_height = max(1.0, height * (first - written_end) / index.end)
                gaps.append(TextGap(number, written_end, gap_height))
            if number:
                inserter.insert_block(
                    with_space_above(gap_height, formats.rest), formats.of_run(Run(""))
                )
            _insert_runs(inserter.cursor, index.runs_between(first, end), formats)
            written_end = end
        return TextParts(tuple(first for first, _ in spans[1:]), tuple(gaps))

    def split_last_block(
        self, item: Item, block: QTextBlock, cuts: tuple[int, ...], block_format: QTextBlockFormat,
        cursor: QTextCursor,
    ) -> tuple[int, ...]:  # fmt: skip
        """Split the last block of a text if it has become too long. Return all cuts.

        `block_format` is the format of the first block.
        """
        start = cuts[-1] if cuts else 0
        prefix = 0 if cuts else prefix_length(item)  # which the first block begins with
        length = block.length() - 1 - prefix
        context = min(start, CONTEXT_UNITS)
        index = RunIndex(last_units(item.runs, length + context), start - context)
        formats = self._formats(item, block_format)
        spans = list(self._spans(index, start, start + length, formats))
        position = block.position() + prefix
        for first, end in spans[:-1]:
            position += end - first
            cursor.setPosition(position)
            cursor.insertBlock(formats.rest, formats.of_run(Run("")))
            position += 1
        return (*cuts, *(first for first, _ in spans[1:]))

    def fill(
        self, item: Item, block: QTextBlock, parts: TextParts, first: int, end: int,
        block_format: QTextBlockFormat, cursor: QTextCursor,
    ) -> TextParts:  # fmt: skip
        """Materialize UTF-16 units [first, end) of a text.

        `block` is the first block of the text, and `block_format` is its format.
        """
        index = self._run_indices.index_of(item)
        formats = self._formats(item, block_format)
        cuts = list(parts.cuts)
        gaps = list(parts.gaps)
        # From the last gap on, so that the block numbers of earlier gaps stay valid.
        for number, gap in reversed(list(enumerate(parts.gaps))):
            gap_end = cuts[gap.block - 1]
            needed_start = max(first, gap.start)
            needed_end = min(end, gap_end)
            if needed_start >= needed_end:
                continue
            chapter_start = self._splitter.chapter_before(index, needed_start, gap.start, formats)
            spans = [
                (start, min(stop, gap_end))
                for start, stop in self._spans(index, chapter_start, needed_end, formats)
                if stop > needed_start
            ]
            block_below = block.document().findBlockByNumber(block.blockNumber() + gap.block)
            unit_height = gap.height / (gap_end - gap.start)
            filled_start = spans[0][0]
            filled_end = spans[-1][1]
            upper = TextGap(gap.block, gap.start, (filled_start - gap.start) * unit_height)
            lower = TextGap(
                gap.block + len(spans), filled_end, (gap_end - filled_end) * unit_height
            )
            inserter = BlockInserter(cursor, block_below)
            space_above = upper.height
            for span in spans:
                inserter.insert_block(
                    with_space_above(space_above, formats.rest), formats.of_run(Run(""))
                )
                _insert_runs(cursor, index.runs_between(*span), formats)
                space_above = 0
            cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
            cursor.setBlockFormat(with_space_above(lower.height, formats.rest))
            cuts[gap.block - 1 : gap.block - 1] = [start for start, _ in spans]
            remaining = [part for part in (upper, lower) if part.height]
            lower_gaps = [
                lower_gap._replace(block=lower_gap.block + len(spans))
                for lower_gap in gaps[number + 1 :]
            ]
            gaps[number:] = [*remaining, *lower_gaps]
        return TextParts(tuple(cuts), tuple(gaps))

    def erase(
        self, block: QTextBlock, parts: TextParts, ranges: Sequence[tuple[int, int, float]],
        block_format: QTextBlockFormat, cursor: QTextCursor,
    ) -> TextParts:  # fmt: skip
        """Remove blocks of a text and leave gaps of the same height.

        Each of `ranges` is (first block, end block, height in pixels). The height includes the gaps
        directly above, within and directly below the range. No range has the first block or the
        last `KEPT_END_BLOCKS` blocks.
        """
        cuts = list(parts.cuts)
        gaps = list(parts.gaps)
        document = block.document()
        first_number = block.blockNumber()
        continuation = self._styles.continuation_format(block_format)
        for first, end, height in reversed(ranges):
            start = document.findBlockByNumber(first_number + first)
            below = document.findBlockByNumber(first_number + end)
            remove_blocks(cursor, start, below, with_space_above(height, continuation))
            gap_start = next((gap.start for gap in gaps if gap.block == first), cuts[first - 1])
            gaps = [
                *(gap for gap in gaps if gap.block < first),
                TextGap(first, gap_start, height),
                *(gap._replace(block=gap.block - end + first) for gap in gaps if gap.block > end),
            ]
            del cuts[first - 1 : end - 1]
        return TextParts(tuple(cuts), tuple(gaps))

    # ------------------------------------------------------------------ splitting

    def _formats(self, item: Item, block_format: QTextBlockFormat) -> TextFormats:
        continuation = self._styles.continuation_format(block_format)
        return TextFormats(block_format, continuation, partial(self._styles.char_format, item))

    def _last_spans(
        self, index: RunIndex, earliest: int, formats: TextFormats
    ) -> list[tuple[int, int]]:
        last_start = index.end - MAX_BLOCK_UNITS - 1
        start_unit = self._splitter.chapter_before(index, last_start, earliest, formats)
        return list(self._spans(index, start_unit, index.end, formats))[-KEPT_END_BLOCKS:]

    def _spans(
        self, index: RunIndex, start: int, until: int, formats: TextFormats
    ) -> Iterator[tuple[int, int]]:
        """Yield the parts that begin before unit `until`, from the part at unit `start` on."""
        while start < until:
            end = index.end
            if end - start > MAX_BLOCK_UNITS:
                end = self._splitter.part_end(index, start, formats)
            yield start, end
            start = end


def _insert_runs(cursor: QTextCursor, runs: Runs, formats: TextFormats) -> None:
    for run in runs:
        cursor.insertText(run.text, formats.of_run(run))


def with_space_above(height: float, block_format: QTextBlockFormat) -> QTextBlockFormat:
    """Return `block_format` with `height` more pixels above the block."""
    if not round(height):
        return block_format
    lower = QTextBlockFormat(block_format)
    lower.setTopMargin(block_format.topMargin() + round(height))
    return lower
