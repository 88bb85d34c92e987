"""Returns a PDF page's text with tables in Markdown and raised digits.

All text stays in the order of the content stream, which is the reading order in files from word
processors, also with two columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.pdf import page_words, raised_digits
from desktop_app.documents.pdf.page_words import RIGHT_TO_LEFT
from desktop_app.documents.pdf.tables import Table, find_tables, page_rulings

Piece = list[int] | Table
"""Character numbers in the content stream, or a table."""

_LINE_END: Final = "\r\n"
_LIGATURE: Final = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def text(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> str:
    """Return a page's text, with tables in Markdown, raised digits and pdfium's line ends."""
    pieces = _pieces(page, textpage)
    stream = character_stream(textpage)
    shown = reversed_ligatures(textpage, stream) | raised_digits.find(textpage, stream)
    if len(pieces) == 1 and not shown:
        return str(textpage.get_text_range())
    text_so_far = ""
    for piece in pieces:
        if isinstance(piece, Table):
            rows = _markdown(piece, textpage, shown)
            text_so_far = f"{text_so_far.rstrip()}{_LINE_END * 2}{rows}{_LINE_END * 2}"
        else:
            piece_text = page_words.join_characters(textpage, piece, shown).strip(_LINE_END + " ")
            text_so_far += f"{piece_text}{_LINE_END}" if piece_text else ""
    return text_so_far


def character_stream(textpage: pdfium.PdfTextPage) -> str:
    """Return one character for each number; in pdfium's text, some have two numbers, or none."""
    found = str(textpage.get_text_range())
    count = textpage.count_chars()
    if len(found) == count:
        return found
    units = (raw.FPDFText_GetUnicode(textpage, index) & 0xFFFF for index in range(count))
    return "".join(map(chr, units))


def order(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> list[int]:
    """Return the numbers of a page's characters in the order of `text`."""
    return [index for piece in _pieces(page, textpage) for index in _characters(piece)]


def _characters(piece: Piece) -> Iterator[int]:
    if not isinstance(piece, Table):
        yield from piece
        return
    for row in piece.rows:
        for cell in row:
            for word in cell:
                yield from word.characters


def _pieces(page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> list[Piece]:
    """Return the tables of a page, and the runs of characters around them."""
    rulings = page_rulings(page)
    tables: list[Table] = []
    if rulings.across and rulings.down:
        found = find_tables(rulings, page_words.words_of_page(textpage))
        tables = [_in_reading_direction(table, textpage) for table in found]
    return list(_insert_tables(tables, textpage))


def reversed_ligatures(textpage: pdfium.PdfTextPage, stream: str) -> dict[int, str]:
    """Return the letters to show for each "lam alef" ligature, by their numbers.

    The ligature is a single glyph, whose letters pdfium reverses together with the line.

    Args:
        stream: the characters in the order of their numbers.
    """
    shown: dict[int, str] = {}
    for match in _LIGATURE.finditer(stream):
        first = match.start()
        boxes = [page_words.character_box(textpage, index) for index in (first, first + 1)]
        if boxes[0] == boxes[1]:
            shown |= {first: match[0][1], first + 1: match[0][0]}
    return shown


def _insert_tables(tables: Sequence[Table], textpage: pdfium.PdfTextPage) -> Iterator[Piece]:
    """Yield each table at the position of its first character, and the other characters."""
    table_of = {index: table for table in tables for index in _characters(table)}
    yielded_ids: set[int] = set()
    outside_indices: list[int] = []
    is_inside = False
    for index in range(textpage.count_chars()):
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


def _markdown(table: Table, textpage: pdfium.PdfTextPage, shown: Mapping[int, str]) -> str:
    rows = [[page_words.join_words(textpage, cell, shown) for cell in row] for row in table.rows]
    return md.table(_without_empty_columns(rows)).replace("\n", _LINE_END)


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    used_columns = [column for column in range(len(rows[0])) if any(row[column] for row in rows)]
    return [[row[column] for column in used_columns] for row in rows]
