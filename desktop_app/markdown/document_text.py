"""Prepares the text of a document for display, slice by slice.

A text may be tens of megabytes long, so only a slice of a few thousand characters is parsed and
laid out at a time. Structured text (Markdown) is cut between paragraphs, or within a long table or
fence, whose first lines are then repeated; everything else is cut between lines. A passage is a
range of characters of the whole text, which is found again in the text that the blocks show.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import Any, Final, NamedTuple

from desktop_app.domain.documents import document_types, passage_matching
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.block_model import (
    Block,
    Kind,
    Run,
    clean_text,
    follow_lists,
    show_invisible,
    text_of,
)
from desktop_app.markdown.incremental.shown_blocks import pack_rows
from desktop_app.markdown.parsing.block_builder import build_blocks, code_line
from desktop_app.markdown.parsing.loose_lists import mark_loose_lists
from desktop_app.markdown.parsing.parser import parser

SLICE_LENGTH: Final = 3_000
"""Characters after which a slice ends at the next suitable position: parsed in 6 to 20 ms."""

_MAX_SLICE_LENGTH: Final = 2 * SLICE_LENGTH
"""Characters after which a slice ends even within a paragraph or a line."""
_LINK_TARGET: Final = lazy_pattern(r"\]\([^()\s]*\)")
_FENCE_OPENING: Final = lazy_pattern(r" {0,3}(`{3,}(?!.*`)|~{3,})")
_MARKDOWN_TEXTS: Final = (document_types.MARKDOWN, document_types.HTML, document_types.NOTEBOOK)
_CODE_PREFIXES: Final = ("text/x-", "text/javascript", "text/css", "text/csv", "text/tab-")
_CODE: Final = frozenset(
    f"application/{language}" for language in ("json", "jsonl", "sql", "toml", "xml", "yaml")
)


class TextForm(Enum):
    """The form in which a document's text is displayed."""

    MARKDOWN = "markdown"
    LINES = "lines"
    CODE = "code"


def text_form_of(media_type: str) -> TextForm:
    """Return the form in which a document of this media type is displayed."""
    document_format = document_types.DOCUMENT_FORMATS.get(media_type)
    if media_type in _MARKDOWN_TEXTS or (document_format and not document_format.is_plain):
        return TextForm.MARKDOWN
    is_code = media_type in _CODE or media_type.startswith(_CODE_PREFIXES)
    return TextForm.CODE if is_code else TextForm.LINES


class Slice(NamedTuple):
    """The characters [start, end) of a text.

    Attributes:
        head: the first lines of the fence or table that the slice continues; "" for none.
    """

    start: int
    end: int
    head: str = ""


_NO_ROW: Final = -1
"""Instead of the index of a row, for a block that is not a table."""


class PassageMark(NamedTuple):
    """A part of a passage: characters [start, end) of a block, or a row of a table.

    Attributes:
        block: the index of the block in its slice.
        row: the index of the row in the block, or _NO_ROW.
    """

    block: int
    row: int
    start: int
    end: int


class RenderedSlice(NamedTuple):
    """A slice as blocks, and the parts of a passage in it."""

    blocks: tuple[Block, ...]
    marks: tuple[PassageMark, ...]


class _PlacedBlock(NamedTuple):
    """A block, of a table only one row, and its range of characters in the whole text."""

    start: int
    end: int
    block: Block


class DocumentText:
    """A text in slices.

    Attributes:
        slices: the slices of the whole text, in order.
    """

    def __init__(self, text: str, form: TextForm) -> None:
        # Each replacement is as long as the original, because passages are ranges of characters.
        self._text = text.replace("\r\n", " \n").replace("\r", "\n")
        self._form = form
        make_slices = _slice_markdown if form is TextForm.MARKDOWN else _slice_lines
        self.slices = list(make_slices(self._text))
        self._later_starts = [item.start for item in self.slices[1:]]

    def slice_at(self, offset: int) -> int:
        """Return the index of the slice that contains the character at an offset."""
        return bisect_right(self._later_starts, offset)

    def source_of(self, number: int) -> str:
        return self._text[self.slices[number].start : self.slices[number].end]

    def has(self, number: int, passage: tuple[int, int]) -> bool:
        """Return True if a slice has characters of a passage."""
        return self.slices[number].start < passage[1] and self.slices[number].end > passage[0]

    def render_slice(self, number: int, passage: tuple[int, int] | None = None) -> RenderedSlice:
        """Return a slice as blocks, with the marks of a passage.

        Args:
            number: the index of the slice.
            passage: a range of characters of the whole text; None for no marks.
        """
        placed_blocks = self._place_blocks(self.slices[number])
        blocks = pack_rows([], [placed.block for placed in placed_blocks])
        if passage is None:
            return RenderedSlice(tuple(blocks), ())
        places = [
            (index, row)
            for index, block in enumerate(blocks)
            for row in (range(len(block.rows)) if block.kind is Kind.TABLE else (_NO_ROW,))
        ]
        marks = self._find_passage_marks(placed_blocks, places, passage)
        return RenderedSlice(tuple(blocks), tuple(marks))

    def _place_blocks(self, text_slice: Slice) -> list[_PlacedBlock]:
        """Return the blocks of a slice, with their ranges of characters."""
        text = self._text[text_slice.start : text_slice.end]
        if self._form is TextForm.MARKDOWN:
            return _parse_slice(text, text_slice)
        placed_blocks = []
        start = text_slice.start
        for line in _split_lines(text):
            words = line.rstrip("\n")
            if self._form is TextForm.CODE:
                block = code_line(words, "")
            else:
                text = show_invisible(clean_text(words))
                block = Block(Kind.PARAGRAPH, (Run(text),) if text else ())
            placed_blocks.append(_PlacedBlock(start, start + len(line), block))
            start += len(line)
        return placed_blocks

    def _find_passage_marks(
        self,
        placed_blocks: Sequence[_PlacedBlock],
        places: Sequence[tuple[int, int]],
        passage: tuple[int, int],
    ) -> Iterator[PassageMark]:
        """Yield the parts of a passage in the blocks.

        The shown text lacks the marks of Markdown, so the passage is sought by its letters in the
        joined text of the blocks that it touches. If it is not found, these blocks are marked.
        """
        start, end = passage
        touched = [
            (placed, place)
            for placed, place in zip(placed_blocks, places, strict=True)
            if placed.start < end and placed.end > start
        ]
        if not touched:
            return
        first_start = touched[0][0].start
        last_end = touched[-1][0].end
        block_texts = [  # as shown; of a table, the cells, separated by tabs
            "\t".join(text_of(cell) for row in block.rows for cell in row) or text_of(block.runs)
            for (_, _, block), _ in touched
        ]
        joined_text = "".join(block_texts)
        letters = passage_matching.Letters(enumerate(joined_text))
        sought_text = self._text[max(start, first_start) : min(end, last_end)]
        preceding_text = self._text[first_start : max(start, first_start)]
        if self._form is TextForm.MARKDOWN:  # link targets are not shown
            sought_text = _LINK_TARGET.sub("]", sought_text)
            preceding_text = _LINK_TARGET.sub("]", preceding_text)
        spans = passage_matching.find_passage(
            letters.text, sought_text, len(passage_matching.letters_of(preceding_text))
        )
        shown_ranges = [
            (
                letters.positions[span.start],
                _include_punctuation(joined_text, letters.positions[span.end - 1] + 1),
            )
            for span in spans
        ]
        text_start = 0  # of the block, in the joined text
        for (placed, place), block_text in zip(touched, block_texts, strict=True):
            text_end = text_start + len(block_text)
            # A row is marked as a whole. A block that lies in the passage needs no match: the text
            # of a list item lacks the number that it has in the source, so that a short item might
            # not match.
            is_row = place[1] != _NO_ROW
            lies_in_passage = start <= placed.start and placed.end <= end and bool(block_text)
            if is_row or lies_in_passage or not shown_ranges:
                yield PassageMark(*place, 0, len(block_text))
            else:
                for range_start, range_end in shown_ranges:
                    if range_start < text_end and range_end > text_start:
                        mark_start = max(0, range_start - text_start)
                        mark_end = min(len(block_text), range_end - text_start)
                        yield PassageMark(*place, mark_start, mark_end)
            text_start = text_end


def _include_punctuation(text: str, end: int) -> int:
    """Return the end of a range, extended by the punctuation that follows it."""
    while end < len(text) and not text[end].isalnum() and not text[end].isspace():
        end += 1
    return end


def _parse_slice(text: str, text_slice: Slice) -> list[_PlacedBlock]:
    """Return the blocks of a slice of Markdown, without those of its repeated head.

    A block ends where the next one begins. Several blocks can begin on the same line; they have
    the same range.
    """
    offsets = [text_slice.start]  # of each line, and the end of the text
    for line in _split_lines(text):
        offsets.append(offsets[-1] + len(line))
    env: dict[str, Any] = {}
    tokens = parser().parse(text_slice.head + text, env)
    mark_loose_lists(tokens, text_slice.head + text, env)
    head_line_count = text_slice.head.count("\n")
    placed = [built for built in build_blocks(tokens) if built.line >= head_line_count]
    lines = [built.line - head_line_count for built in placed]
    blocks = follow_lists([built.block for built in placed], (), 0)
    blocks_and_lines = list(zip(blocks, lines, strict=True))
    line_after_last = len(offsets) - 1
    first_lines = {line for _, line in blocks_and_lines} | {line_after_last}
    next_first_line = dict(pairwise(sorted(first_lines)))
    placed_blocks = []
    for block, first_line in blocks_and_lines:
        # A block without lines of its own has no range.
        end_line = next_first_line.get(first_line, first_line)
        placed_blocks.append(_PlacedBlock(offsets[first_line], offsets[end_line], block))
    return placed_blocks


def _split_lines(text: str) -> list[str]:
    """Return the lines with their line ends. Like the parser, end lines only at line feeds."""
    *ended_lines, last_line = text.split("\n")
    lines = [f"{line}\n" for line in ended_lines]
    if last_line:
        lines.append(last_line)
    return lines


# ---------------------------------------------------------------------- slices


def _slice_lines(text: str) -> Iterator[Slice]:
    """Cut a text at line ends; cut a line that is too long for a slice, if possible at a space."""
    start = 0
    while start < len(text):
        end = _line_end(text, start + SLICE_LENGTH)
        if end - start > _MAX_SLICE_LENGTH:
            gap = text.rfind(" ", start + SLICE_LENGTH // 2, start + SLICE_LENGTH)
            end = gap + 1 if gap > 0 else start + SLICE_LENGTH
        yield Slice(start, end)
        start = end


def _line_end(text: str, position: int) -> int:
    line_feed = text.find("\n", position)
    return len(text) if line_feed < 0 else line_feed + 1


def _slice_markdown(text: str) -> Iterator[Slice]:
    """Cut a text between paragraphs; cut a paragraph that is too long, if possible at a line."""
    slice_start = 0
    head = ""
    construct = _OpenConstruct()
    for line_start, line in _split_long_lines(text):
        length = line_start - slice_start
        # An indented line may continue a list.
        begins_paragraph = construct.is_between_paragraphs and not line.startswith(
            (" ", "\t", "\n")
        )
        if length >= _MAX_SLICE_LENGTH or (length >= SLICE_LENGTH and begins_paragraph):
            yield Slice(slice_start, line_start, head)
            slice_start = line_start
            head = construct.head
        construct.process_line(line)
    if slice_start < len(text):
        yield Slice(slice_start, len(text), head)


def _split_long_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its offset; a line longer than a slice comes in several parts."""
    start = 0
    while start < len(text):
        end = min(_line_end(text, start), start + SLICE_LENGTH)
        yield start, text[start:end]
        start = end


class _OpenConstruct:
    """The construct that is open after the lines processed so far: a fence, a table, or none.

    Attributes:
        is_between_paragraphs: no fence is open, and the last line was blank.
    """

    def __init__(self) -> None:
        self.is_between_paragraphs = True
        self._fence = ""  # the first line of the open fence
        self._mark = ""  # the backticks or tildes of the open fence
        self._table: list[str] = []  # the first two rows of the open table

    @property
    def head(self) -> str:
        """Return the first lines of the open construct; "" for none."""
        if self._fence:
            return self._fence
        rows = "".join(self._table)
        is_table = len(self._table) == 2 and parser().parse(rows, {})[0].type == "table_open"
        return rows if is_table else ""

    def process_line(self, line: str) -> None:
        """Process the next line, with its line end."""
        fence = _FENCE_OPENING.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._mark) and not line.strip().strip(self._mark):
                self._fence = ""
        elif fence:
            self._fence = line if line.endswith("\n") else f"{line}\n"
            self._mark = fence[1]
        # Only rows that begin with "|" are recognized: a later slice of any other table is shown as
        # text.
        is_row = line.lstrip().startswith("|") and not self._fence
        if not is_row:
            self._table = []
        elif len(self._table) < 2:
            self._table.append(line)
        self.is_between_paragraphs = not line.strip() and not self._fence
