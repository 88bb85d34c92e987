"""Prepares the text of a document for display, slice by slice.

A text may be tens of megabytes long, so only a few thousand characters are parsed and laid out at a
time. Structured text (Markdown) is cut between paragraphs, or within a long table or fence, whose
first lines are then repeated; everything else is cut between lines. A passage is a range of
characters of the whole text; it is mapped to the words of the blocks that it covers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.documents import document_types, passage_matching
from desktop_app.rendering.block_model import (
    MAX_TABLE_ROWS,
    Block,
    Kind,
    Run,
    clean_text,
    show_invisible,
)
from desktop_app.rendering.incremental.packed_runs import text_of
from desktop_app.rendering.markdown.block_builder import build_blocks, code_line
from desktop_app.rendering.markdown.loose_lists import mark_loose_lists
from desktop_app.rendering.markdown.parser import parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SLICE_LENGTH: Final = 6_000
"""Characters after which a slice ends at the next suitable position."""

_MAX_SLICE_LENGTH: Final = 2 * SLICE_LENGTH
"""Characters after which a slice ends even within a paragraph or a line."""
_LINK_TARGET: Final = re.compile(r"\]\([^()\s]*\)")
_FENCE_OPENING: Final = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})")
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


class PassageMark(NamedTuple):
    """A part of a passage: characters [start, end) of a block, or a row of a table.

    Attributes:
        block: the index of the block in its slice.
        row: the index of the row in the block; -1 if the block is not a table.
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
    """A block and its range of characters in the whole text."""

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
        self._text = text = text.replace("\r\n", " \n").replace("\r", "\n")
        self._form = form
        make_slices = _slice_markdown if form is TextForm.MARKDOWN else _slice_lines
        self.slices = list(make_slices(text))
        self._later_starts = [item.start for item in self.slices[1:]]

    def slice_at(self, offset: int) -> int:
        """Return the index of the slice that contains the character at an offset."""
        return bisect_right(self._later_starts, offset)

    def render_slice(self, number: int, passage: tuple[int, int] | None = None) -> RenderedSlice:
        """Return a slice as blocks, with the marks of a passage.

        Args:
            number: the index of the slice.
            passage: a range of characters of the whole text; None for no marks.
        """
        part = self.slices[number]
        placed = self._place_blocks(part)
        blocks, places = _join_rows(placed)
        marks = () if passage is None else self._find_passage_marks(placed, places, passage)
        return RenderedSlice(tuple(blocks), tuple(marks))

    def _place_blocks(self, part: Slice) -> list[_PlacedBlock]:
        text = self._text[part.start : part.end]
        if self._form is TextForm.MARKDOWN:
            return _parse_slice(text, part)
        placed, start = [], part.start
        for line in _split_lines(text):
            placed.append(
                _PlacedBlock(start, start + len(line), self._build_line_block(line.rstrip("\n")))
            )
            start += len(line)
        return placed

    def _build_line_block(self, line: str) -> Block:
        if self._form is TextForm.CODE:
            return code_line(line, "")
        text = show_invisible(clean_text(line))
        return Block(Kind.PARAGRAPH, (Run(text),) if text else ())

    def _find_passage_marks(
        self,
        placed: Sequence[_PlacedBlock],
        places: Sequence[tuple[int, int]],
        passage: tuple[int, int],
    ) -> Iterator[PassageMark]:
        """Yield the parts of a passage in the blocks, or whole blocks if it cannot be located."""
        start, end = passage
        indexes = [n for n, item in enumerate(placed) if item.start < end and item.end > start]
        if not indexes:
            return
        first = placed[indexes[0]].start
        block_texts = [_shown_text(placed[number].block) for number in indexes]
        starts = [0]
        for block_text in block_texts:
            starts.append(starts[-1] + len(block_text))
        joined_text = "".join(block_texts)
        letters = passage_matching.Letters(enumerate(joined_text))
        sought_text = self._text[max(start, first) : min(end, placed[indexes[-1]].end)]
        preceding_text = self._text[first : max(start, first)]
        if self._form is TextForm.MARKDOWN:  # link targets are not shown
            sought_text = _LINK_TARGET.sub("]", sought_text)
            preceding_text = _LINK_TARGET.sub("]", preceding_text)
        spans = passage_matching.find_passage(
            letters.text, sought_text, len(passage_matching.letters_of(preceding_text))
        )
        shown_ranges = [
            (
                letters.positions[s.start],
                _include_punctuation(joined_text, letters.positions[s.end - 1] + 1),
            )
            for s in spans
        ]
        for number, begin, block_text in zip(indexes, starts, block_texts, strict=False):
            block, row = places[number]
            # The text of a list item lacks the number that it has in the source, so a short item
            # might not match. A block that lies in the passage needs no match.
            is_all = start <= placed[number].start and placed[number].end <= end
            if row >= 0 or not shown_ranges or (is_all and block_text):
                yield PassageMark(block, row, 0, len(block_text))
                continue
            for range_start, range_end in shown_ranges:
                if range_start < begin + len(block_text) and range_end > begin:
                    mark_end = min(len(block_text), range_end - begin)
                    yield PassageMark(block, row, max(0, range_start - begin), mark_end)


def _include_punctuation(text: str, end: int) -> int:
    """Return the end of a range, extended by the punctuation that follows it."""
    while end < len(text) and not text[end].isalnum() and not text[end].isspace():
        end += 1
    return end


def _shown_text(block: Block) -> str:
    """Return the text of a block as shown; the cells of a table are separated by tabs."""
    if block.kind is Kind.TABLE:
        return "\t".join(text_of(cell) for row in block.rows for cell in row)
    return text_of(block.runs)


def _parse_slice(text: str, part: Slice) -> list[_PlacedBlock]:
    """Return the blocks of a slice of Markdown, without those of its repeated head."""
    head_lines = part.head.count("\n")
    offsets = [part.start]
    for written in _split_lines(text):
        offsets.append(offsets[-1] + len(written))
    env: dict[str, Any] = {}
    tokens = parser().parse(part.head + text, env)
    mark_loose_lists(tokens, part.head + text, env)
    blocks_by_line = [
        (p.line - head_lines, p.block) for p in build_blocks(tokens) if p.line >= head_lines
    ]
    lines = {line for line, _ in blocks_by_line} | {len(offsets) - 1}
    next_line = dict(pairwise(sorted(lines)))
    return [
        _PlacedBlock(offsets[line], offsets[next_line.get(line, line)], block)
        for line, block in blocks_by_line
    ]


def _split_lines(text: str) -> list[str]:
    """Return the lines with their line ends. Like the parser, end lines only at line feeds."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _join_rows(placed: Sequence[_PlacedBlock]) -> tuple[list[Block], list[tuple[int, int]]]:
    """Join the rows of each table into blocks.

    Returns:
        The blocks, and for each input its place: the index of its block, and the index of its row
        in that block, or -1 if the input is not a table row.
    """
    blocks: list[Block] = []
    places: list[tuple[int, int]] = []
    for _, _, block in placed:
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and block.kind is Kind.TABLE
            and last.kind is Kind.TABLE
            and not block.head
            and len(last.rows) < MAX_TABLE_ROWS
            and (last.depth, last.quote) == (block.depth, block.quote)
        ):
            blocks[-1] = last._replace(rows=last.rows + block.rows)
        else:
            blocks.append(block)
        row = len(blocks[-1].rows) - 1 if block.kind is Kind.TABLE else -1
        places.append((len(blocks) - 1, row))
    return blocks, places


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
    return text.find("\n", position) + 1 or len(text)


def _slice_markdown(text: str) -> Iterator[Slice]:
    """Cut a text between paragraphs; cut a paragraph that is too long, if possible at a line."""
    start, head = 0, ""
    construct = _OpenConstruct()
    for begin, line in _split_long_lines(text):
        is_long = begin - start >= _MAX_SLICE_LENGTH
        is_suitable = begin - start >= SLICE_LENGTH and construct.is_between_paragraphs
        if is_long or (is_suitable and not line.startswith((" ", "\t", "\n"))):
            yield Slice(start, begin, head)
            start, head = begin, construct.head
        construct.process_line(line)
    if start < len(text):
        yield Slice(start, len(text), head)


def _split_long_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its offset; a line longer than a slice comes in several parts."""
    start = 0
    while start < len(text):
        end = min(_line_end(text, start), start + SLICE_LENGTH)
        yield start, text[start:end]
        start = end


def _begins_table(rows: str) -> bool:
    """Return True if the parser takes two rows for the beginning of a table."""
    return parser().parse(rows, {})[0].type == "table_open"


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
        rows = "".join(self._table)
        return self._fence or (rows if len(self._table) == 2 and _begins_table(rows) else "")

    def process_line(self, line: str) -> None:
        fence = _FENCE_OPENING.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._mark) and not line.strip().strip(self._mark):
                self._fence = ""
        elif fence:
            self._fence, self._mark = line if line.endswith("\n") else f"{line}\n", fence[1]
        is_row = line.lstrip().startswith("|") and not self._fence
        if not is_row:
            self._table = []
        elif len(self._table) < 2:
            self._table.append(line)
        self.is_between_paragraphs = not line.strip() and not self._fence
