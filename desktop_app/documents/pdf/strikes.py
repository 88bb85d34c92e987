"""Finds the text of a PDF's page that a drawn line strikes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from desktop_app.documents.pdf import page_words
from desktop_app.documents.pdf.page_words import Area
from desktop_app.documents.pdf.tables import Ruling

if TYPE_CHECKING:
    import pypdfium2 as pdfium

# Fractions of the height of a line, by eye: word processors draw at 0.4 to 0.5, and underline
# at 0.1. What a line strikes out is about as wide as the line: rules of tables are wider.
_LOWEST: Final = 0.28
_HIGHEST: Final = 0.68
_WIDEST_END: Final = 0.5
_MAX_RULINGS: Final = 300  # a page with more is a drawing


def find(textpage: pdfium.PdfTextPage, rulings: Sequence[Ruling]) -> Iterator[list[int]]:
    """Yield the numbers of the characters of each text that is struck out, in their order."""
    if not 0 < len(rulings) <= _MAX_RULINGS:
        return
    # Looking at each letter would take 20 times as long as all else.
    objects = page_words.text_object_boxes(textpage)
    crossing = [line for line in rulings if any(_may_cross(line, box) for box in objects)]
    if not crossing:
        return
    letters = [
        (index, box)
        for index in range(textpage.count_chars())
        if not page_words.is_space(textpage, index)
        and (box := page_words.character_box(textpage, index))
    ]
    for line in crossing:
        struck = [(index, box) for index, box in letters if _crosses(line, box)]
        if struck and _is_as_wide(line, [box for _, box in struck]):
            yield [index for index, _ in struck]


def _may_cross(line: Ruling, box: Area) -> bool:
    return box.bottom < line.position < box.top and line.start < box.right and line.end > box.left


def _crosses(line: Ruling, box: Area) -> bool:
    middle = (box.left + box.right) / 2
    height = (line.position - box.bottom) / (box.height or 1)
    return line.start < middle < line.end and _LOWEST < height < _HIGHEST


def _is_as_wide(line: Ruling, boxes: Sequence[Area]) -> bool:
    around = boxes[0]
    for box in boxes[1:]:
        around = around.joined(box)
    rest = around.height * _WIDEST_END
    return around.left - line.start < rest and line.end - around.right < rest
