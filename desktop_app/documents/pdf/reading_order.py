"""Returns a PDF page's text in reading order, with columns separated and tables in Markdown.

Other text stays in the order of the content stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.pdf import columns, page_annotations, page_words, raised_digits
from desktop_app.documents.pdf import tables as tables_of_page
from desktop_app.documents.pdf.page_words import RIGHT_TO_LEFT, Word
from desktop_app.documents.pdf.tables import Table

Piece = list[int] | Table
"""Character numbers in the content stream, or a table."""

_LINE_END: Final = "\r\n"
_LIGATURE: Final = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def text(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> str:
    """Return a page's text, with tables in Markdown, raised digits and pdfium's line ends."""
    stream_text: str = textpage.get_text_range()
    indexed_text = _indexed_text(textpage, stream_text)
    pieces = _pieces(page, textpage, indexed_text)
    digits = raised_digits.find(textpage, indexed_text)
    if pieces is None and not digits:
        return stream_text
    if pieces is None:
        pieces = [list(range(textpage.count_chars()))]
    text_so_far = ""
    for piece in pieces:
        if isinstance(piece, Table):
            rows = _markdown(piece, textpage, digits)
            text_so_far = f"{text_so_far.rstrip()}{_LINE_END * 2}{rows}{_LINE_END * 2}"
        else:
            piece_text = page_words.join_characters(textpage, piece, digits).strip(_LINE_END + " ")
            text_so_far += f"{piece_text}{_LINE_END}" if piece_text else ""
    return text_so_far


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
    pieces = _pieces(page, textpage, _indexed_text(textpage, textpage.get_text_range()))
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
    page: pdfium.PdfPage, textpage: pdfium.PdfTextPage, indexed_text: str
) -> list[Piece] | None:
    """Return the pieces of a page; None if its stream is in reading order, without tables."""
    swaps = _reversed_ligatures(textpage) if _LIGATURE.search(indexed_text) else {}
    rulings = tables_of_page.page_rulings(page)
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
