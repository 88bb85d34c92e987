"""Splits long text at headings, pages, paragraphs and sentences.

A border is a place at which the text may be split. It precedes a block (a paragraph, table or
heading). A block that is too large for a chunk has further borders inside: a table between rows, a
row between sentences, a sentence at line ends or between words, a word between characters. What
lies between two borders at which the text is split is a piece; a chunk is a series of pieces.

A chunk ends at the strongest border in its last third, for example at the end of a chapter that
nearly fills it. The chunks together are the text, character for character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from itertools import pairwise
from typing import Final, NamedTuple

from desktop_app.domain.documents.extracted_document import TextChunk

TokenCounter = Callable[[str], int]
"""Returns the number of tokens in a text."""

# A chunk may end early at a stronger border if it has this share of the tokens that would fit.
_LEAST_FILLED: Final = 2 / 3

_LINE: Final = re.compile(r"[^\n]*\n?")
_HEADING: Final = re.compile(
    r"(#{1,6})\s|(chapter|part|section|kapitel|teil|chapitre|capítulo)\b", re.I
)
_PAGE: Final = re.compile(r"\[(?:page|slide|sheet|chapter)\b[^\]\n]*\]\s*$", re.I)
_ROW: Final = re.compile(r"\s*\|.*\|\s*$")
# Most scripts put a space after a sentence, Chinese and Japanese do not.
_SENTENCE: Final = re.compile(
    r"(?<=[.!?…؟۔।॥։።])[\"'”’»)\]]*\s+(?=[^\s\da-zß-öø-ÿа-яα-ω])|(?<=[。！？])(?![。！？」』）】》〉”’])"
)
# A full stop after these does not end a sentence: initials, the numbers of days and of sections,
# and abbreviations.
_ABBREVIATION: Final = re.compile(
    r"""(?:\b(?:[^\W\d_]|(?<![\d.])\d{1,2}|dr|mr|mrs|ms|prof|st|jr|sr|hr|fr|mme|no|nos|nr|vol|art|
    abs|fig|abb|tab|ca|
    cf|vgl|approx|etc|usw|bzw|vs|pp|ed|eds|inc|ltd|co|corp|dept|gen|sen|rep|rev|hon|messrs|al|str|
    jan|feb|mar|apr|jun|jul|aug|sept|sep|okt|oct|nov|dez|dec))\.[\"'”’»)\]]*\s+$""",
    re.I | re.X,
)
_LOOK_BACK: Final = 40  # characters to look back for an abbreviation
_SENTENCE_END: Final = re.compile(r"[.!?…:;|。！？؟۔।॥։።][\"'”’»)\]」』）】》〉*_]*$")
# A page that ends with a line of this width, and not with a sentence, continues on the next page.
# Characters of scripts without spaces count double.
_FULL_LINE: Final = 40
_FIRST_WIDE_CHARACTER: Final = 0x2E80  # the first Unicode block of Chinese and Japanese
# Characters to look at before and after a page mark, to see if a sentence continues across it.
_LINE_LOOK_BACK: Final = 400
_LINE_LOOK_AHEAD: Final = 100
_WORD: Final = re.compile(r"(?<=\s)(?=\S)")


class BreakStrength(IntEnum):
    """The strength of a border, from the weakest."""

    CHARACTER = auto()
    WORD = auto()
    ROW = auto()
    SENTENCE = auto()
    LINE = auto()
    PARAGRAPH = auto()
    PAGE = auto()
    HEADING = auto()


def chunks(text: str, limit: int, count: TokenCounter) -> list[TextChunk]:
    """Split text into chunks of at most `limit` tokens each; together they are the text.

    Args:
        count: counts tokens. The sum over pieces must be nearly the count of the whole text.
    """
    result: list[TextChunk] = []
    pieces: list[_Piece] = []
    # The tokens of `pieces`. There may be tens of thousands: a sum for each piece is too slow.
    tokens = 0
    for piece in _split_pieces(text, limit, count):
        pieces.append(piece)
        tokens += piece.tokens
        while tokens > limit and len(pieces) > 1:
            piece_count = _count_for_chunk(pieces)
            result.append(_join_pieces(pieces[:piece_count]))
            pieces = pieces[piece_count:]
            tokens -= result[-1].tokens
    if pieces:
        result.append(_join_pieces(pieces))
    return result


class _Span(NamedTuple):
    """A range of the text, and the strength of the border before it."""

    start: int
    end: int
    border: BreakStrength


@dataclass(frozen=True)
class _Piece:
    """A range of the text that fits in a chunk, and the strength of the border before it.

    A single character is a piece even if it does not fit.
    """

    start: int
    end: int
    border: BreakStrength
    tokens: int


def _count_for_chunk(pieces: list[_Piece]) -> int:
    """Return how many pieces make up the next chunk: all fit in it, except the last one.

    Fewer than fit, if the chunk is nearly full and the border at which it then ends is stronger.
    """
    total = sum(piece.tokens for piece in pieces[:-1])
    best_count = len(pieces) - 1
    filled_tokens = 0
    for count, piece in enumerate(pieces):
        is_filled = count > 0 and filled_tokens >= total * _LEAST_FILLED
        if is_filled and piece.border >= pieces[best_count].border:
            best_count = count
        filled_tokens += piece.tokens
    return best_count


def _join_pieces(pieces: list[_Piece]) -> TextChunk:
    return TextChunk(pieces[0].start, pieces[-1].end, sum(piece.tokens for piece in pieces))


def _split_pieces(text: str, limit: int, count: TokenCounter) -> Iterator[_Piece]:
    """Yield paragraphs, tables and headings; split those that are larger than a chunk."""
    for block in _blocks(text):
        yield from _split(text, block, limit, count)


def _blocks(text: str) -> Iterator[_Span]:
    """Yield each paragraph, table and heading.

    A page mark such as "[page 3]" belongs to the block after it.
    """
    start = 0  # of the block
    position = 0  # of the line
    border = BreakStrength.HEADING
    was_blank = False
    was_row = False
    is_mark_alone = False  # the block has only a page mark so far
    for match in _LINE.finditer(text):
        line = match[0]
        if not line:  # the pattern also matches the end of the text
            break
        is_row = bool(_ROW.match(line))
        line_border = _border_before(line, was_blank=was_blank)
        if line_border is BreakStrength.PAGE and _continues_on_next_page(
            text, position, match.end()
        ):
            line_border = None
        if is_mark_alone and line.strip():
            # The line joins its page mark, and the block begins with the stronger of both borders.
            if line_border is not None:
                border = max(border, line_border)
            line_border = None
            is_mark_alone = False
        if position > start and line_border is not None and not (is_row and was_row):
            yield _Span(start, position, border)
            start = position
            border = line_border
        is_mark_alone = is_mark_alone or (position == start and bool(_PAGE.match(line)))
        was_blank = not line.strip()
        was_row = is_row
        position = match.end()
    if position > start:
        yield _Span(start, position, border)


def _continues_on_next_page(text: str, mark_start: int, mark_end: int) -> bool:
    """Return True if a sentence continues across the page mark at [mark_start, mark_end).

    No sentence continues on another slide or sheet, or in another chapter.
    """
    if not text.startswith("[page", mark_start):
        return False
    line_before = (
        text[max(0, mark_start - _LINE_LOOK_BACK) : mark_start]
        .rstrip()
        .rpartition("\n")[2]
        .rstrip()
    )
    text_after = text[mark_end : mark_end + _LINE_LOOK_AHEAD].lstrip()
    if (
        not line_before
        or not text_after
        or _SENTENCE_END.search(line_before)
        or _HEADING.match(line_before)
    ):
        return False
    width = sum(1 if ord(letter) < _FIRST_WIDE_CHARACTER else 2 for letter in line_before)
    return text_after[0].islower() or width >= _FULL_LINE


def _border_before(line: str, *, was_blank: bool) -> BreakStrength | None:
    # Any line of a paragraph may begin with "part" or "section": these need a blank line before.
    if _HEADING.match(line) and (was_blank or line.startswith("#")):
        return BreakStrength.HEADING
    if _PAGE.match(line):
        return BreakStrength.PAGE
    return BreakStrength.PARAGRAPH if was_blank and line.strip() else None


def _ends_sentence(text: str, end: int) -> bool:
    """Return False if the full stop before `end` belongs to an abbreviation or a number."""
    return _ABBREVIATION.search(text[max(0, end - _LOOK_BACK) : end]) is None


# The borders inside a block that is too large for a chunk; tried in this order.
_BORDER_PATTERNS: Final[tuple[tuple[BreakStrength, re.Pattern[str]], ...]] = (
    (BreakStrength.ROW, re.compile(r"(?<=\n)(?=[ \t]*\|)")),
    (BreakStrength.SENTENCE, _SENTENCE),
    (BreakStrength.LINE, re.compile(r"(?<=\n)")),
    (BreakStrength.WORD, _WORD),
)


def _split(
    text: str, span: _Span, limit: int, count: TokenCounter, *, pattern_index: int = 0
) -> Iterator[_Piece]:
    """Yield the span as one piece, or split by finer patterns until each piece fits.

    Args:
        pattern_index: the index of the first pattern to try. After the last, halve the span.
    """
    start, end, border = span
    tokens = count(text[start:end])
    if tokens <= limit or end - start == 1:
        yield _Piece(start, end, border, tokens)
        return
    if pattern_index == len(_BORDER_PATTERNS):
        middle = (start + end) // 2
        halves = (_Span(start, middle, border), _Span(middle, end, BreakStrength.CHARACTER))
        for half in halves:
            yield from _split(text, half, limit, count, pattern_index=pattern_index)
        return
    inner, pattern = _BORDER_PATTERNS[pattern_index]
    cuts = [match.end() for match in pattern.finditer(text, start, end)]
    if inner is BreakStrength.SENTENCE:
        cuts = [cut for cut in cuts if _ends_sentence(text, cut)]
    cuts = [start, *cuts, end]
    # A pattern may match at the start or the end, too: `dict.fromkeys` drops empty spans.
    for inner_start, inner_end in pairwise(dict.fromkeys(cuts)):
        inner_span = _Span(inner_start, inner_end, border if inner_start == start else inner)
        yield from _split(text, inner_span, limit, count, pattern_index=pattern_index + 1)
