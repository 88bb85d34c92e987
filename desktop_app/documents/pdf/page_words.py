"""Groups the characters of a PDF's page into words and lines, with their positions."""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

# A page with more characters is not examined for tables.
_MAX_CHARACTERS: Final = 30_000
# A gap wider than this fraction of the letters' height separates words.
_LETTER_GAP: Final = 0.35
LINE_END_HYPHEN: Final = "\ufffe"
"""pdfium's character for a hyphen with the line end after it, in the text of a page."""
_HYPHEN: Final = "\x02"  # the same hyphen, if pdfium returns one character by its number

NUMBER: Final = re.compile(
    r"[(\[<>≤≥~≈±+\-–−$€£¥]*\s?\d[\d.,:/\s'’%±×x()\-–−eE+]*\s?[%€$£¥)\]*†‡kKMB]*|[-–—−]|n/?a|N/?A"
)
"""A number with its unit, or a placeholder for a missing number."""
RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""A letter of Hebrew, Arabic or a related script."""
_WORD_SPACE: Final = 0.45  # fraction of the line's height
_SAMPLE_WORDS: Final = 60  # words examined for rotation, or up to twice as many
# All words of a page are rotated, or only a few, such as the label of an axis. Any share from 0.05
# to 0.6 gives the same result for the pages of the tests.
_MAX_ROTATED_SHARE: Final = 0.3
# The words of a line that another word is compared with. With 2, a page of the tests is read
# differently. With all, a line of 8,000 words takes 17 s instead of 0.08 s.
_COMPARED_WORDS: Final = 8
_MIN_ROTATION_RAD: Final = 0.1


class Area(NamedTuple):
    """A rectangle in the file's coordinates: points from the lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


class Word(NamedTuple):
    """A word: its characters' numbers in the content stream, and its box in points."""

    left: float
    bottom: float
    right: float
    top: float
    characters: tuple[int, ...]

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def height(self) -> float:
        return self.top - self.bottom


def middle_of(line: Sequence[Word]) -> float:
    """Return the y of a line's middle."""
    return sum(word.middle for word in line) / len(line)


class _Letter(NamedTuple):
    """A visible character: its box in points, and its number in the content stream."""

    left: float
    bottom: float
    right: float
    top: float
    number: int


def bounds(boxes: Sequence[Area | Word | _Letter]) -> Area:
    """Return the smallest rectangle around all boxes."""
    return Area(
        min(box.left for box in boxes),
        min(box.bottom for box in boxes),
        max(box.right for box in boxes),
        max(box.top for box in boxes),
    )


def character_box(textpage: pdfium.PdfTextPage, index: int) -> Area | None:
    """Return the box of a character, as high as its line; None if it has none."""
    rect = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage, index, rect):
        return None
    return Area(rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))


def words_of_page(textpage: pdfium.PdfTextPage) -> list[Word]:
    """Return the words in the order of the content stream; [] for too many characters."""
    count = textpage.count_chars()
    if count > _MAX_CHARACTERS:
        return []
    words: list[Word] = []
    run: list[_Letter] = []
    for index in range(count):
        letter = _letter(textpage, index)
        if run and (letter is None or not _continues_word(run[-1], letter)):
            words.append(_word(run))
            run = []
        if letter is not None:
            run.append(letter)
    if run:
        words.append(_word(run))
    return words


def _letter(textpage: pdfium.PdfTextPage, index: int) -> _Letter | None:
    """Return a visible character; None for a space, a line end, or a character without a box."""
    if is_space(textpage, index):
        return None
    box = character_box(textpage, index)
    return _Letter(*box, index) if box else None


def is_space(textpage: pdfium.PdfTextPage, index: int) -> bool:
    """Return True for a space, a line end or an empty character."""
    unit = raw.FPDFText_GetUnicode(textpage, index)
    return not 0 < unit <= sys.maxunicode or chr(unit).isspace()


def _continues_word(last_letter: _Letter, letter: _Letter) -> bool:
    height = max(last_letter.top - last_letter.bottom, letter.top - letter.bottom)
    overlap = min(last_letter.top, letter.top) - max(last_letter.bottom, letter.bottom)
    gap = max(letter.left - last_letter.right, last_letter.left - letter.right)
    return (
        letter.number == last_letter.number + 1
        and overlap > 0.4 * height
        and gap < _LETTER_GAP * height
    )


def _word(run: Sequence[_Letter]) -> Word:
    return Word(*bounds(run), tuple(letter.number for letter in run))


def split_word(word: Word, borders: Sequence[float], textpage: pdfium.PdfTextPage) -> list[Word]:
    """Split a word at the borders that it crosses; `borders` are the x of vertical lines."""
    borders_inside = [x for x in borders if word.left + 1 < x < word.right - 1]
    if not borders_inside:
        return [word]
    parts: dict[int, list[_Letter]] = {}
    for index in word.characters:
        letter = _letter(textpage, index)
        if letter is not None:
            middle = (letter.left + letter.right) / 2
            parts.setdefault(sum(x < middle for x in borders_inside), []).append(letter)
    return [_word(run) for run in parts.values()]


def group_lines(words: Iterable[Word]) -> list[list[Word]]:
    """Group words into lines, from top to bottom, each line from left to right."""
    grouped: list[list[Word]] = []
    for word in sorted(words, key=lambda word: -word.middle):
        # Raised and lowered characters belong to the line that they overlap.
        if grouped and _is_on_line(grouped[-1], word):
            grouped[-1].append(word)
        else:
            grouped.append([word])
    return [sorted(line) for line in grouped]


def _is_on_line(line: Sequence[Word], word: Word) -> bool:
    last_words = line[-_COMPARED_WORDS:]
    middle = median(other_word.middle for other_word in last_words)
    height = max(word.height, max(other_word.height for other_word in last_words))
    return abs(middle - word.middle) < 0.4 * height


def split_at_gaps(line: Sequence[Word]) -> list[list[Word]]:
    """Split a line at gaps wider than a word space."""
    height = median(word.height for word in line)
    word_runs: list[list[Word]] = []
    run_end = 0.0
    for word in line:
        if word_runs and word.left - run_end < _WORD_SPACE * height:
            word_runs[-1].append(word)
            run_end = max(run_end, word.right)
        else:
            word_runs.append([word])
            run_end = word.right
    return word_runs


def join_words(
    textpage: pdfium.PdfTextPage,
    words: Sequence[Word],
    shown_by_index: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Join the words of a cell to one line, in the given order.

    `shown_by_index` is as in `join_characters`.
    """
    joined = ""
    for word in words:
        word_text = join_characters(textpage, word.characters, shown_by_index)
        if joined.endswith(LINE_END_HYPHEN):
            joined = f"{joined[:-1]}-{word_text}"
        elif (
            not joined
            or word.characters[0] in shown_by_index
            or (_is_chinese_or_japanese(joined[-1]) and _is_chinese_or_japanese(word_text[:1]))
        ):
            joined += word_text
        else:
            joined = f"{joined} {word_text}"
    return joined.replace(LINE_END_HYPHEN, "-").replace("\0", "")


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
        ord(shown_by_index[index])
        if index in shown_by_index
        else raw.FPDFText_GetUnicode(textpage, index)
        for index in indices
        if shown_by_index.get(index) != ""
    )
    # pdfium's numbers may be halves of surrogate pairs.
    text = encode_units(units).decode("utf-16-le", "replace")
    return text.replace(_HYPHEN, LINE_END_HYPHEN)


def encode_units(units: Iterable[int]) -> bytes:
    """Return characters, or halves of them, in UTF-16, without numbers that are no characters."""
    text = "".join(chr(unit) for unit in units if unit <= sys.maxunicode)
    return text.encode("utf-16-le", "surrogatepass")


def is_number(textpage: pdfium.PdfTextPage, line: Sequence[Word]) -> bool:
    """Return True if the words are a number with its unit, or stand for a missing number."""
    return bool(NUMBER.fullmatch(join_words(textpage, line)))


def are_rotated(textpage: pdfium.PdfTextPage, words: Sequence[Word]) -> bool:
    """Return True if many words are rotated: their lines are not lines of the page."""
    sample = words[:: max(1, len(words) // _SAMPLE_WORDS)]
    return sum(_is_rotated(textpage, word) for word in sample) > _MAX_ROTATED_SHARE * len(sample)


def _is_rotated(textpage: pdfium.PdfTextPage, word: Word) -> bool:
    angle = raw.FPDFText_GetCharAngle(textpage, word.characters[0]) % (2 * math.pi)
    return bool(_MIN_ROTATION_RAD < angle < 2 * math.pi - _MIN_ROTATION_RAD)
