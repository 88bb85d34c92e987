"""Splits long text into chunks, and documents into passages that can be found and cited.

The borders are headings, pages, paragraphs, rows, sentences and words. A block that is too large
for a chunk is split at the next finer kind of border. A chunk ends at the strongest border in its
last third, for example at the end of a chapter that nearly fills it. The chunks together are the
text, character for character.

Passages are chunks, each with its place in the document. The place tells users where to look: the
page, slide or chapter by the marks in the text ("[page 3]"), or the sheet of a workbook. In other
texts, it is the heading above the passage.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import PurePath
from typing import Final, NamedTuple

from desktop_app.domain.documents.collections import place_code
from desktop_app.domain.documents.document_sections import (
    UNITS,
    DocumentSection,
    Headings,
    find_sections,
)
from desktop_app.domain.documents.extracted_document import IndexedPassage, TextChunk
from desktop_app.domain.documents.passage_words import index_terms

TokenCounter = Callable[[str], int]
"""Returns the number of tokens in a text."""

# A chunk may end early at a stronger border if it has this share of the tokens that would fit.
_LEAST_FILLED: Final = 2 / 3

_HEADING: Final = re.compile(
    r"(?<!\]\n\n)^#{1,6}\s|(?:(?<=\n\n)|\A)(?:chapter|part|section|kapitel|teil|chapitre|capítulo)\b",
    re.I | re.M,
)
_PAGE: Final = re.compile(r"^\[(?:page|slide|sheet|chapter)\b[^\]\n]*\][ \t]*$", re.I | re.M)
# Not after a page mark, which stays with its page; the same holds for a heading.
_PARAGRAPH: Final = re.compile(r"(?<!\]\n\n)(?<=\n\n)(?!\s)|(?<=\n[ \t]\n)(?!\s)")
_ROW: Final = re.compile(r"(?<=\n)(?=[ \t]*\|)")
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
_LINE: Final = re.compile(r"(?<=\n)")
_WORD: Final = re.compile(r"(?<=\s)(?=\S)")
# The borders between blocks, from the weakest, and those within a block, in the order in which they
# are tried: each with its strength.
_BLOCK_BORDERS: Final = ((5, _PARAGRAPH), (6, _PAGE), (7, _HEADING))
_INNER_BORDERS: Final = ((2, _ROW), (3, _SENTENCE), (4, _LINE), (1, _WORD))


class _Piece(NamedTuple):
    """A range of the text that fits in a chunk, and the strength of the border before it.

    A single character is a piece even if it does not fit.
    """

    start: int
    end: int
    border: int
    tokens: int


def chunks(text: str, limit: int, count: TokenCounter) -> list[TextChunk]:
    """Split text into chunks of at most `limit` tokens each; together they are the text.

    Args:
        count: counts tokens. The sum over pieces must be nearly the count of the whole text.
    """
    result: list[TextChunk] = []
    pieces: list[_Piece] = []
    # The tokens of `pieces`. There may be tens of thousands: a sum for each piece is too slow.
    tokens = 0
    for piece in _pieces(text, limit, count):
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


def _pieces(text: str, limit: int, count: TokenCounter) -> Iterator[_Piece]:
    """Yield the blocks of the text, those that are too large in pieces."""
    borders = {
        match.start(): strength
        for strength, pattern in _BLOCK_BORDERS
        for match in pattern.finditer(text)
        if match.start() < len(text)
    } | {0: 7}
    for start, end in pairwise([*sorted(borders), len(text)]):
        yield from _split(text, start, end, borders[start], limit, count)


def _split(
    text: str, start: int, end: int, border: int, limit: int, count: TokenCounter, level: int = 0
) -> Iterator[_Piece]:
    """Yield a range as one piece, or split until each piece fits.

    Args:
        level: the first of `_INNER_BORDERS` to try. After the last, halve the range.
    """
    if start == end:
        return
    tokens = count(text[start:end])
    if tokens <= limit or end - start == 1:
        yield _Piece(start, end, border, tokens)
        return
    if level < len(_INNER_BORDERS):
        strength, pattern = _INNER_BORDERS[level]
        cuts = [match.end() for match in pattern.finditer(text, start, end)]
        if pattern is _SENTENCE:
            cuts = [
                cut
                for cut in cuts
                if not _ABBREVIATION.search(text[max(0, cut - _LOOK_BACK) : cut])
            ]
        level += 1
    else:
        strength, cuts = 0, [(start + end) // 2]
    # A pattern may match at the start or the end, too.
    for inner_start, inner_end in pairwise(dict.fromkeys([start, *cuts, end])):
        inner_border = border if inner_start == start else strength
        yield from _split(text, inner_start, inner_end, inner_border, limit, count, level)


# Maximum tokens of a passage. `python -m tests.benchmarks retrieval` measures its effect.
PASSAGE_TOKENS: Final = 320


def passages(
    text: str, name: str, kind: str, count: TokenCounter, limit: int = PASSAGE_TOKENS
) -> Iterator[IndexedPassage]:
    """Yield the passages of a document's extracted text, in order.

    Args:
        name: the document's name, whose words are part of each passage's title.
        kind: the document's media type.
        count: counts tokens.
        limit: the maximum number of tokens in a passage.
    """
    unit = UNITS.get(kind, "")
    sections = find_sections(text, unit) if unit else []
    headings = Headings(text)
    title = " ".join(re.split(r"[\W_]+", PurePath(name).stem))
    for chunk in chunks(text, limit, count):
        body = text[chunk.start : chunk.end]
        above = [heading.words for heading in headings.above(chunk.start)]
        if not above and headings.all and headings.all[0].start < chunk.end:
            above = [headings.all[0].words]  # the first passage may begin before it
        page, place = _locate(unit, sections, chunk.start, chunk.end)
        yield IndexedPassage(
            start=chunk.start,
            end=chunk.end,
            tokens=chunk.tokens,
            page=page,
            place=place or (above[-1] if above else ""),
            title=" ".join([title, *above]),
            terms=index_terms(body),
        )


def _locate(
    unit: str, sections: list[DocumentSection], start: int, end: int
) -> tuple[int | None, str]:
    """Return the number of a passage's first section, and the code of the passage's place.

    Return None and "" if the passage is in no section.
    """
    first = bisect_right(sections, start, key=lambda section: section.start) - 1
    last = bisect_right(sections, end - 1, key=lambda section: section.start) - 1
    if last < 0:
        return None, ""
    first_section = sections[max(first, 0)]
    code = place_code(unit, first_section.number, sections[last].number, first_section.name)
    return first_section.number, code
