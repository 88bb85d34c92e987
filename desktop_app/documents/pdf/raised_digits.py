"""Finds the superscript and subscript digits on a PDF's page: "106" may be 10⁶."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.pdf.page_words import character_box, character_height

_DIGITS: Final = re.compile(r"[+\-\u2212]?[0-9]+")
_LINE_END: Final = re.compile(r"[\r\n]+")
# Fractions of the height of the character before. Browsers make raised digits 0.83 times as high,
# TeX and Word 0.7 times. TeX lowers digits by 0.15. The limits around these were chosen by eye.
_MAX_HEIGHT: Final = 0.9
_LEAST_RAISE = 0.15
_LEAST_DROP = 0.05
_MAX_SHIFT = 0.8
_WIDEST_GAP: Final = 0.3  # between two characters that are next to each other
# Baselines are only compared in upright text. 6 degrees, as in page_words.py; chosen by eye.
_MIN_ANGLE_RAD: Final = 0.1


def find(textpage: pdfium.PdfTextPage, text: str) -> dict[int, str]:
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
        line_end = _LINE_END.match(text, end)
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
