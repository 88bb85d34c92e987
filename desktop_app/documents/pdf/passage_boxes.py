"""Locates a passage of a PDF's text on its page, as rectangles.

`reading_order` brings the page's characters into reading order, and `passage_matching` finds the
passage in them. The boxes of its characters are then joined to lines.
"""

from __future__ import annotations

import codecs
import ctypes
from collections.abc import Iterable, Iterator
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.pdf import page_words, reading_order
from desktop_app.documents.pdf.page_words import Area
from desktop_app.documents.worker.protocol import Box
from desktop_app.domain.documents import passage_matching

_RESOLUTION: Final = 100_000  # the length of a page's side in device units: pdfium returns integers


def boxes(page: pdfium.PdfPage, text: str, preceding_text: str) -> list[Box]:
    """Return the boxes of a passage's lines on its page; [] unless found with certainty.

    Args:
        text: the part of the passage on this page.
        preceding_text: the part of the page's text that precedes the passage.
    """
    rotation = page.get_rotation()
    # The text was read without rotation: see pdf_reader.py.
    page.set_rotation(0)
    try:
        areas = _areas(page, text, preceding_text)
    finally:
        page.set_rotation(rotation)
    shown: list[Box] = []
    for area in areas:  # on the page as shown, cropped and rotated
        corners = (_to_page(page, area.left, area.bottom), _to_page(page, area.right, area.top))
        left, right = sorted(max(0.0, min(1.0, x)) for x, _ in corners)
        top, bottom = sorted(max(0.0, min(1.0, y)) for _, y in corners)
        if right > left and bottom > top:  # otherwise it is cut off
            shown.append(Box(left, top, right, bottom))
    return shown


def _areas(page: pdfium.PdfPage, text: str, preceding_text: str) -> list[Area]:
    textpage = page.get_textpage()
    try:
        characters = list(_characters(textpage, reading_order.order(page, textpage)))
        letters = passage_matching.Letters(
            (position, char) for position, (_, char) in enumerate(characters)
        )
        spans = passage_matching.find_passage(
            letters.text, text, len(passage_matching.letters_of(preceding_text))
        )
        areas: list[Area] = []
        for span in spans:
            first = letters.positions[span.start]
            last = letters.positions[span.end - 1]
            last = _include_punctuation(characters, last)
            areas += _lines(textpage, [index for index, _ in characters[first : last + 1]])
        return areas
    finally:
        textpage.close()


def _characters(textpage: pdfium.PdfTextPage, indices: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Yield characters with their numbers, without NULs.

    The number of a surrogate pair is that of its second half.
    """
    decode = codecs.getincrementaldecoder("utf-16-le")("replace").decode
    for index in indices:
        text = decode(page_words.encode_units([raw.FPDFText_GetUnicode(textpage, index)]))
        yield from ((index, char) for char in text.strip("\0"))


def _include_punctuation(characters: list[tuple[int, str]], last: int) -> int:
    """Return the position of the last punctuation mark directly after `last`, or else `last`."""
    while last + 1 < len(characters):
        following = characters[last + 1][1]
        if following.isalnum() or following.isspace() or not following.isprintable():
            break
        last += 1
    return last


def _lines(textpage: pdfium.PdfTextPage, indices: Iterable[int]) -> list[Area]:
    """Return the boxes of the characters, joined to lines."""
    lines: list[Area] = []
    for index in indices:
        area = page_words.character_box(textpage, index)
        if area is None or not (area.width > 0 and area.height > 0):
            continue
        line = lines[-1] if lines else area
        overlap = min(line.top, area.top) - max(line.bottom, area.bottom)
        gap = max(area.left - line.right, line.left - area.right)
        height = min(line.height, area.height)
        if lines and overlap > height / 2 and gap < 2 * height:
            lines[-1] = line.joined(area)
        else:
            lines.append(area)
    return lines


def _to_page(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    x_device = ctypes.c_int()
    y_device = ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _RESOLUTION, _RESOLUTION, 0, x, y, x_device, y_device)
    return x_device.value / _RESOLUTION, y_device.value / _RESOLUTION
