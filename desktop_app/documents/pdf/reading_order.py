"""Returns a PDF page's text in reading order, with columns separated and tables in Markdown.

Other text stays in the order of the content stream. Raised and lowered digits are marked, because
"106" may be 10⁶, and what a line strikes out.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.pdf import columns, page_annotations, page_words, strikes
from desktop_app.documents.pdf import tables as tables_of_page
from desktop_app.documents.pdf.page_words import (
    RIGHT_TO_LEFT,
    Word,
    character_box,
    character_height,
)
from desktop_app.documents.pdf.tables import Table

Piece = list[int] | Table
"""Character numbers in the content stream, or a table."""

_LINE_END: Final = "\r\n"
_LIGATURE: Final = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def text(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> str:
    """Return a page's text, with tables in Markdown, raised digits and pdfium's line ends."""
    stream_text: str = textpage.get_text_range()
    indexed_text = _indexed_text(textpage, stream_text)
    rulings = tables_of_page.page_rulings(page)
    pieces = _pieces(page, textpage, indexed_text, rulings)
    shown = find_raised_digits(textpage, indexed_text)
    for struck in strikes.find(textpage, rulings.across):
        for first, last in _runs(struck, indexed_text):
            shown[first] = f"~~{shown.get(first, indexed_text[first])}"
            shown[last] = f"{shown.get(last, indexed_text[last])}~~"
    if pieces is None and not shown:
        return stream_text
    if pieces is None:
        pieces = [list(range(textpage.count_chars()))]
    text_so_far = ""
    for piece in pieces:
        if isinstance(piece, Table):
            rows = _markdown(piece, textpage, shown)
            text_so_far = f"{text_so_far.rstrip()}{_LINE_END * 2}{rows}{_LINE_END * 2}"
        else:
            piece_text = page_words.join_characters(textpage, piece, shown).strip(_LINE_END + " ")
            text_so_far += f"{piece_text}{_LINE_END}" if piece_text else ""
    return text_so_far


def _runs(indices: list[int], indexed_text: str) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of the numbers between which the text is on one line."""
    first = last = indices[0]
    for index in indices[1:]:
        if not set(_LINE_END).isdisjoint(indexed_text[last:index]):
            yield first, last
            first = index
        last = index
    yield first, last


def _indexed_text(textpage: pdfium.PdfTextPage, stream_text: str) -> str:
    """Return the characters of the page in the order of their numbers."""
    count = textpage.count_chars()
    if len(stream_text) == count:
        return stream_text
    # Some characters have two numbers, or none.
    units = (raw.FPDFText_GetUnicode(textpage, index) & 0xFFFF for index in range(count))
    return "".join(map(chr, units))


def order(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> list[int]:
    """Return the numbers of a page's characters in the order of `text`."""
    indexed_text = _indexed_text(textpage, textpage.get_text_range())
    pieces = _pieces(page, textpage, indexed_text, tables_of_page.page_rulings(page))
    if pieces is None:
        return list(range(textpage.count_chars()))
    return [index for piece in pieces for index in _characters(piece)]


def _characters(piece: Piece) -> Iterator[int]:
    if not isinstance(piece, Table):
        yield from piece
        return
    for row in piece.rows:
        for cell in row:
            for word in cell:
                yield from word.characters


def _pieces(
    page: pdfium.PdfPage,
    textpage: pdfium.PdfTextPage,
    indexed_text: str,
    rulings: tables_of_page.Rulings,
) -> list[Piece] | None:
    """Return the pieces of a page; None if its stream is in reading order, without tables."""
    swaps = _reversed_ligatures(textpage) if _LIGATURE.search(indexed_text) else {}
    may_have_tables = bool(rulings.across and rulings.down)
    may_have_columns = columns.may_be_interleaved(textpage, indexed_text)
    # On most pages, looking at each letter would take 20 times as long as all else.
    needs_words = may_have_tables or may_have_columns
    words = page_words.words_of_page(textpage) if needs_words else []
    tables: list[Table] = []
    if may_have_tables and not page_words.are_rotated(textpage, words):
        # Tables with form fields are forms, whose fields are listed by name.
        centers = page_annotations.field_centers(page)
        tables = [
            _in_reading_direction(table, textpage)
            for table in tables_of_page.find_tables(rulings, words)
            if not any(
                table.left < x < table.right and table.bottom < y < table.top for x, y in centers
            )
        ]
    runs = columns.interleaved_order(textpage, words, rulings.across)
    if not tables and not swaps:
        return None if runs is None else list(runs)
    pieces = runs or [list(range(textpage.count_chars()))]
    pieces = [[swaps.get(index, index) for index in piece] for piece in pieces]
    tables = [_with_swapped_letters(table, swaps) for table in tables] if swaps else tables
    return list(_insert_tables(pieces, tables, textpage))


def _reversed_ligatures(textpage: pdfium.PdfTextPage) -> dict[int, int]:
    """Map the two letters of each "lam alef" ligature to each other.

    The ligature is a single glyph, whose letters pdfium reverses together with the line.
    """
    count = textpage.count_chars()
    letters = [chr(raw.FPDFText_GetUnicode(textpage, index) & 0xFFFF) for index in range(count)]
    swaps: dict[int, int] = {}
    for match in _LIGATURE.finditer("".join(letters)):
        first = match.start()
        second = match.start() + 1
        if page_words.character_box(textpage, first) == page_words.character_box(textpage, second):
            swaps |= {first: second, second: first}
    return swaps


def _with_swapped_letters(table: Table, swaps: Mapping[int, int]) -> Table:
    rows = [
        [
            [Word(word.box, tuple(swaps.get(c, c) for c in word.characters)) for word in cell]
            for cell in row
        ]
        for row in table.rows
    ]
    return table._replace(rows=rows)


def _insert_tables(
    pieces: Sequence[list[int]], tables: Sequence[Table], textpage: pdfium.PdfTextPage
) -> Iterator[Piece]:
    """Yield each table at the position of its first character, and the other characters."""
    table_of = {index: table for table in tables for index in _characters(table)}
    yielded_ids: set[int] = set()
    for piece in pieces:
        outside_indices: list[int] = []
        is_inside = False
        for index in piece:
            table = table_of.get(index)
            if table is None and is_inside and page_words.is_space(textpage, index):
                continue
            is_inside = table is not None
            if table is None:
                outside_indices.append(index)
            elif id(table) not in yielded_ids:
                yielded_ids.add(id(table))
                yield outside_indices
                yield table
                outside_indices = []
        yield outside_indices


def _in_reading_direction(table: Table, textpage: pdfium.PdfTextPage) -> Table:
    """Return the table, with its columns reversed if most of its letters are right-to-left."""
    table_text = "".join(
        page_words.join_words(textpage, cell) for row in table.rows for cell in row
    )
    letters = sum(map(str.isalpha, table_text))
    if len(RIGHT_TO_LEFT.findall(table_text)) <= letters / 2:
        return table
    return table._replace(rows=[row[::-1] for row in table.rows])


def _markdown(table: Table, textpage: pdfium.PdfTextPage, shown_by_index: Mapping[int, str]) -> str:
    rows = [
        [page_words.join_words(textpage, cell, shown_by_index) for cell in row]
        for row in table.rows
    ]
    used_columns = [column for column in range(len(rows[0])) if any(row[column] for row in rows)]
    rows = [[row[column] for column in used_columns] for row in rows]
    return md.table(rows).replace("\n", _LINE_END)


_DIGITS: Final = re.compile(r"[+\-\u2212]?[0-9]+")
_ENDING: Final = re.compile(r"[\r\n]+")
# Fractions of the height of the character before. Browsers make raised digits 0.83 times as high,
# TeX and Word 0.7 times. TeX lowers digits by 0.15. The limits around these were chosen by eye.
_MAX_HEIGHT: Final = 0.9
_LEAST_RAISE = 0.15
_LEAST_DROP = 0.05
_MAX_SHIFT = 0.8
_WIDEST_GAP: Final = 0.3  # between two characters that are next to each other
# Baselines are only compared in upright text. 6 degrees, as in page_words.py; chosen by eye.
_MIN_ANGLE_RAD: Final = 0.1


def find_raised_digits(textpage: pdfium.PdfTextPage, text: str) -> dict[int, str]:
    """Return the characters to show for raised and lowered digits, by their numbers.

    pdfium ends the line before and after digits that are raised far. These line ends are replaced
    by "".

    Args:
        text: the characters of the page in the order of their numbers.
    """
    shown_by_index: dict[int, str] = {}
    base = last_base = 0
    for digits in _DIGITS.finditer(text):
        start, end = digits.span()
        end_before = start
        while text[end_before - 1 : end_before] in ("\r", "\n"):
            end_before -= 1
        # The digits are compared with the character before them, or else with the first of them.
        if end_before > 0 and not text[end_before - 1].isspace():
            base = end_before - 1
        else:
            base = start
        if base - 1 in shown_by_index:  # the 2 of a raised "1,2"
            base = last_base
        if base == end - 1:  # a single digit without a character before it
            continue
        shift = _find_shift(textpage, base, end - 1)
        if shift is None:
            continue
        if end_before < start and not _adjoins(textpage, base, start):
            continue  # the digits are on another line
        # The first digits may have the height of the text: "106" for 10⁶.
        first_shifted = next(
            index
            for index in range(max(start, base + 1), end)
            if _find_shift(textpage, base, index)
        )
        shown_by_index.update(
            zip(range(first_shifted, end), shift(text[first_shifted:end]), strict=True)
        )
        shown_by_index.update(dict.fromkeys(range(end_before, start), ""))
        line_end = _ENDING.match(text, end)
        box = character_box(textpage, base)
        if line_end and box and _adjoins(textpage, end - 1, line_end.end()):
            drop = abs(_baseline(textpage, line_end.end()) - _baseline(textpage, base))
            if drop < _LEAST_DROP * box.height:  # what follows is on the same line
                shown_by_index.update(dict.fromkeys(range(end, line_end.end()), ""))
        last_base = base
    return shown_by_index


def _find_shift(textpage: pdfium.PdfTextPage, base: int, index: int) -> Callable[[str], str] | None:
    """Return the function that raises or lowers a digit's character; None if it is to stay.

    The digit is compared with the character `base`.
    """
    base_height = character_height(textpage, base)
    if not 0 < character_height(textpage, index) < _MAX_HEIGHT * base_height:
        return None
    raised_by = (_baseline(textpage, index) - _baseline(textpage, base)) / base_height
    if abs(raised_by) > _MAX_SHIFT or raw.FPDFText_GetCharAngle(textpage, index) > _MIN_ANGLE_RAD:
        return None
    if raised_by > _LEAST_RAISE:
        return md.superscript
    if raised_by < -_LEAST_DROP:
        return md.subscript
    return None


def _adjoins(textpage: pdfium.PdfTextPage, first_index: int, second_index: int) -> bool:
    """Return True if one character is directly to the right of another."""
    first = character_box(textpage, first_index)
    second = character_box(textpage, second_index)
    if not first or not second:
        return False
    return abs(second.left - first.right) < _WIDEST_GAP * max(first.height, second.height)


def _baseline(textpage: pdfium.PdfTextPage, index: int) -> float:
    x = ctypes.c_double()
    y = ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, index, x, y)
    return y.value
