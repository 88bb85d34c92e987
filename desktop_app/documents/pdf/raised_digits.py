"""Finds the superscript and subscript digits on a PDF's page: "106" may be 10⁶."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.pdf.page_words import character_box

_DIGITS: Final = re.compile(r"[+\-\u2212]?[0-9]+")
_LINE_END: Final = re.compile(r"[\r\n]+")
# Fractions of the height of the character before. Browsers make raised digits 0.83 times as high,
# TeX and Word 0.7 times. TeX lowers digits by 0.15.
_MAX_HEIGHT: Final = 0.9
_LEAST_RAISE, _LEAST_DROP, _MAX_SHIFT = 0.15, 0.05, 0.8
_WIDEST_GAP: Final = 0.3
_LEAST_ANGLE: Final = 0.1  # radians


def find(textpage: pdfium.PdfTextPage, text: str) -> dict[int, str]:
    """Return the characters to show for raised and lowered digits, by their numbers.

    pdfium ends the line before and after digits that are raised far. These line ends are replaced
    by "".

    Args:
        text: the characters of the page in the order of their numbers.
    """
    found: dict[int, str] = {}
    base = last_base = 0
    for digits in _DIGITS.finditer(text):
        start, end = digits.span()
        before = start
        while text[before - 1 : before] in ("\r", "\n"):
            before -= 1
        base = before - 1 if before and not text[before - 1].isspace() else start
        if base - 1 in found:  # the 2 of a raised "1,2"
            base = last_base
        change = _change(textpage, base, end - 1) if base < end - 1 else None
        if change is None or (before < start and not _adjoins(textpage, base, start)):
            continue
        first = next(at for at in range(max(start, base + 1), end) if _change(textpage, base, at))
        found.update(zip(range(first, end), change(text[first:end]), strict=True))
        found.update(dict.fromkeys(range(before, start), ""))
        after = _LINE_END.match(text, end)
        if after and _continues_line(textpage, base, end - 1, after.end()):
            found.update(dict.fromkeys(range(end, after.end()), ""))
        last_base = base
    return found


def _change(textpage: pdfium.PdfTextPage, base: int, index: int) -> Callable[[str], str] | None:
    """Return the function that raises or lowers a digit's character; None if it is to stay.

    The digit is compared with the character `base`.
    """
    on_line, box = character_box(textpage, base), character_box(textpage, index)
    if not on_line or not box or not box.height < _MAX_HEIGHT * on_line.height:
        return None
    raised_by = (_baseline(textpage, index) - _baseline(textpage, base)) / on_line.height
    if abs(raised_by) > _MAX_SHIFT or raw.FPDFText_GetCharAngle(textpage, index) > _LEAST_ANGLE:
        return None
    if raised_by > _LEAST_RAISE:
        return md.superscript
    return md.subscript if raised_by < -_LEAST_DROP else None


def _adjoins(textpage: pdfium.PdfTextPage, left: int, right: int) -> bool:
    """Return True if one character is directly to the right of another."""
    first, second = character_box(textpage, left), character_box(textpage, right)
    if not first or not second:
        return False
    return abs(second.left - first.right) < _WIDEST_GAP * max(first.height, second.height)


def _continues_line(textpage: pdfium.PdfTextPage, base: int, last: int, index: int) -> bool:
    """Return True if a character is on the line of the character `base`, directly after `last`."""
    box = character_box(textpage, base)
    if not box or not _adjoins(textpage, last, index):
        return False
    return abs(_baseline(textpage, index) - _baseline(textpage, base)) < _LEAST_DROP * box.height


def _baseline(textpage: pdfium.PdfTextPage, index: int) -> float:
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, index, x, y)
    return y.value
