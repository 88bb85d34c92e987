"""Groups the characters of a PDF's page into words and lines, with their positions."""

from __future__ import annotations

import ctypes
import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
import pypdfium2 as pdfium
from pypdfium2 import raw

# A page with more characters is not examined for tables. With exactly this many, its words are
# found in about 0.3 s. The number was chosen by eye.
_MAX_CHARACTERS: Final = 30_000

# These fractions of the height of letters or lines were chosen by eye.
#
# A gap between letters that is at least this wide begins a new word.
_LETTER_GAP: Final = 0.35
# Letters of a word overlap vertically by more than this.
_LETTER_OVERLAP: Final = 0.4

LINE_END_HYPHEN: Final = "\ufffe"
"""pdfium's character for a hyphen at the end of a line, in the text of a whole page.

It stands for both the hyphen and the line end.
"""
# pdfium's character for the same hyphen when a single character is asked for.
_HYPHEN: Final = "\x02"

RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""A letter of Hebrew, Arabic or a related script."""
# At least this many words of a page are examined for rotation, if it has them. Every n-th word is
# taken, so there may be nearly twice as many.
_SAMPLE_WORDS: Final = 60
# All words of a page are rotated, or only a few, such as the label of an axis. Any share from 0.05
# to 0.6 gives the same result for the pages of the tests.
_MAX_ROTATED_SHARE: Final = 0.3
# 6 degrees, chosen by eye. The text of a page that was scanned slightly askew counts as upright.
_MIN_ROTATION_RAD: Final = 0.1


class Area(msgspec.Struct, frozen=True, order=True):
    """A rectangle in the file's coordinates: points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        """Return the y halfway between bottom and top."""
        return (self.bottom + self.top) / 2

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def joined(self, other: Area) -> Area:
        """Return the smallest rectangle around both."""
        return Area(
            min(self.left, other.left),
            min(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self.top, other.top),
        )


class Word(msgspec.Struct, frozen=True):
    """A word: its characters' numbers in the content stream, and the box around them."""

    box: Area
    characters: tuple[int, ...]


def character_box(textpage: pdfium.PdfTextPage, index: int) -> Area | None:
    """Return the box of a character, as high as its line; None if it has none."""
    rect = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage, index, rect):
        return None
    return Area(rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))


def character_height(textpage: pdfium.PdfTextPage, index: int) -> float:
    """Return the height of a character's line; 0 if it has none."""
    rect = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, index, rect)
    return float(abs(rect.top - rect.bottom))


def text_object_boxes(textpage: pdfium.PdfTextPage) -> list[Area]:
    """Return the boxes of the page's text objects, most of them lines or words.

    They take a hundredth of the time of `words_of_page`, but are only as high as their letters.
    """
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    boxes = []
    for index in range(raw.FPDFText_CountRects(textpage, 0, -1)):
        raw.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        boxes.append(Area(left.value, bottom.value, right.value, top.value))
    return boxes


def words_of_page(textpage: pdfium.PdfTextPage) -> list[Word]:
    """Return the words in the order of the content stream; [] for too many characters."""
    count = textpage.count_chars()
    if count > _MAX_CHARACTERS:
        return []
    runs: list[list[Area]] = []
    starts: list[int] = []
    last_letter: Area | None = None
    for index in range(count):
        letter = None if is_space(textpage, index) else character_box(textpage, index)
        if letter is not None:
            if last_letter is not None and _continues_word(last_letter, letter):
                runs[-1].append(letter)
            else:
                runs.append([letter])
                starts.append(index)
        last_letter = letter
    return [
        Word(_around(run), tuple(range(start, start + len(run))))
        for run, start in zip(runs, starts, strict=True)
    ]


def _around(areas: Sequence[Area]) -> Area:
    """Return the smallest rectangle around all."""
    return Area(
        min(area.left for area in areas),
        min(area.bottom for area in areas),
        max(area.right for area in areas),
        max(area.top for area in areas),
    )


def is_space(textpage: pdfium.PdfTextPage, index: int) -> bool:
    """Return True for a space, a line end or a value that is no character."""
    unit = raw.FPDFText_GetUnicode(textpage, index)
    if unit == 0 or unit > sys.maxunicode:
        return True
    return chr(unit).isspace()


def _continues_word(last_letter: Area, letter: Area) -> bool:
    """Return True if a letter belongs to the word of the letter before it in the content stream."""
    height = max(last_letter.height, letter.height)
    overlap = min(last_letter.top, letter.top) - max(last_letter.bottom, letter.bottom)
    # The letter is to the right of the last one, or to its left in Hebrew and Arabic. The other gap
    # is negative.
    gap = max(letter.left - last_letter.right, last_letter.left - letter.right)
    return overlap > _LETTER_OVERLAP * height and gap < _LETTER_GAP * height


def join_words(
    textpage: pdfium.PdfTextPage,
    words: Sequence[Word],
    shown_by_index: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Join the words of a cell to one line, in the given order.

    Args:
        shown_by_index: the characters that replace some, by number; "" removes one.
    """
    joined = ""
    for word in words:
        word_text = join_characters(textpage, word.characters, shown_by_index)
        if joined.endswith(LINE_END_HYPHEN):
            joined = f"{joined[:-1]}-{word_text}"
            continue
        # A word whose first character is replaced is a raised or lowered digit: the 6 of 10⁶.
        is_shifted_digit = shown_by_index.get(word.characters[0], "~")[:1] != "~"
        needs_no_space = _is_chinese_or_japanese(joined[-1:]) and _is_chinese_or_japanese(
            word_text[:1]
        )
        if joined and not is_shifted_digit and not needs_no_space:
            joined += " "
        joined += word_text
    return joined.replace(LINE_END_HYPHEN, "-")


def _is_chinese_or_japanese(char: str) -> bool:
    return bool(char) and unicodedata.name(char, "").startswith(("CJK", "HIRAGANA", "KATAKANA"))


def join_characters(
    textpage: pdfium.PdfTextPage,
    indices: Iterable[int],
    shown_by_index: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Return the characters with these numbers as in the text of the whole page.

    Args:
        shown_by_index: the characters that replace some, by number; "" removes one.
    """
    units = (
        unit
        for index in indices
        for unit in (
            map(ord, shown_by_index[index])
            if index in shown_by_index
            else (raw.FPDFText_GetUnicode(textpage, index),)
        )
    )
    # Two of pdfium's values may be the halves of a surrogate pair, which decoding puts together.
    text = encode_units(units).decode("utf-16-le", "replace")
    return text.replace(_HYPHEN, LINE_END_HYPHEN)


def encode_units(units: Iterable[int]) -> bytes:
    """Encode characters in UTF-16.

    Args:
        units: pdfium's values: code points, or the halves of surrogate pairs. Values that are
            neither are left out.
    """
    text = "".join(chr(unit) for unit in units if unit <= sys.maxunicode)
    return text.encode("utf-16-le", "surrogatepass")


def are_rotated(textpage: pdfium.PdfTextPage, words: Sequence[Word]) -> bool:
    """Return True if many words are rotated; `group_lines` cannot find the lines of such words."""
    sample = words[:: max(1, len(words) // _SAMPLE_WORDS)]
    turn = 2 * math.pi
    angles = (raw.FPDFText_GetCharAngle(textpage, word.characters[0]) % turn for word in sample)
    rotated = sum(_MIN_ROTATION_RAD < angle < turn - _MIN_ROTATION_RAD for angle in angles)
    return bool(rotated > _MAX_ROTATED_SHARE * len(sample))
