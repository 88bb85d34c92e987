"""Writes Markdown for the document readers: headings, tables, notes, links, marks, numbers.

Markdown's special characters are not escaped, except the bars of tables: escapes cost tokens and
hide words from a search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

# Digits, such as a reference to two notes, and what stands for a number: 2⁻³, 2^n, 2^(n+1), 2^1.5.
_DIGITS: Final = re.compile(r"[0-9+\-\u2212]+(?:, ?[0-9]+)*")
_NUMBER: Final = re.compile(
    r"[ijkmnpqtxyz]|(?=.*[0-9+\-\u2212*/=])[^\W_](?:[\w+\-\u2212*/=. ]*\w)?"
)
_SIGNED: Final = re.compile(r"[+\-\u2212](?=.*[^\W\d_])[\w+\-\u2212*/=. ]*\w")
_ATOM: Final = re.compile(r"[0-9][0-9.,]*")
# Line ends, and characters for private use, which mark places in a text of Rich Text.
_STRUCK: Final = re.compile(r"[^\s\ue000-\uf8ff](?:[^\n\ue000-\uf8ff]*[^\s\ue000-\uf8ff])?")
_SUPERSCRIPT_DIGITS: Final = str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_SUBSCRIPT_DIGITS: Final = str.maketrans("0123456789+-\u2212", "₀₁₂₃₄₅₆₇₈₉₊₋₋")


def comment(text: str, author: str = "") -> str:
    """Return a reviewer's comment on one line, with its author; "" if it has no words."""
    words = " ".join(text.split())
    name = " ".join(author.split())
    by = f" by {name}" if name else ""
    return f"Comment{by}: {words}" if words else ""


def heading(text: str, level: int) -> str:
    """Return a heading; levels count from 1."""
    words = " ".join(text.split())
    return f"{'#' * min(max(level, 1), 6)} {words}" if words else ""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table with the first row as header, without empty rows or empty last columns."""
    filled_rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled_rows:
        return ""
    width = max(n for row in filled_rows for n, cell in enumerate(row, start=1) if cell.strip())
    lines = [_row([*row, *[""] * width][:width]) for row in filled_rows]
    return "\n".join([lines[0], _row(["---"] * width), *lines[1:]])


def table_or_text(rows: Sequence[Sequence[str]]) -> str:
    """Return a table; of one with a single cell, a frame, only the text."""
    cells = [cell for row in rows for cell in row if cell.strip()]
    return cells[0].strip() if len(cells) == 1 else table(rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(table_cell, cells))} |"


def table_cell(text: str) -> str:
    """Return the text of a cell on one line, with its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


class Marks(NamedTuple):
    """What the look of a run of text says: each format states it in its own way."""

    raised: bool = False
    lowered: bool = False
    struck: bool = False


PLAIN: Final = Marks()


def joined(runs: Iterable[tuple[str, Marks]]) -> str:
    """Join runs of text, which programs split anywhere, and write their marks."""
    filled = [run for run in runs if run[0]]
    if all(marks == PLAIN for _, marks in filled):
        return "".join(text for text, _ in filled)
    parts = []
    for is_struck, same in groupby(filled, lambda run: run[1].struck):
        text = "".join(
            script("".join(words for words, _ in group), marks)
            for marks, group in groupby(same, lambda run: run[1])
        )
        parts.append(strike(text) if is_struck else text)
    return "".join(parts)


def strike(text: str) -> str:
    """Strike out the words of each line: what is struck out no longer applies."""
    return _STRUCK.sub(r"~~\g<0>~~", text)


def script(text: str, marks: Marks) -> str:
    if marks.raised == marks.lowered:
        return text
    return superscript(text) if marks.raised else subscript(text)


def superscript(text: str) -> str:
    """Raise what stands for a number, because "106" is another one than "10⁶": "1st" stays."""
    return _script(text, _SUPERSCRIPT_DIGITS, "^")


def subscript(text: str) -> str:
    """Lower what stands for a number: "H₂O"; "Vmax" stays."""
    return _script(text, _SUBSCRIPT_DIGITS, "_")


def _script(text: str, digits: Mapping[int, int], sign: str) -> str:
    words = text.strip()
    if _DIGITS.fullmatch(words):
        return text.translate(digits)
    if _NUMBER.fullmatch(words) or _SIGNED.fullmatch(words):
        return text.replace(words, f"{sign}{operand(words)}")
    return text


def operand(text: str) -> str:
    """Return a part of a formula, in brackets if it has more than one letter or number."""
    if (
        len(text) < 2
        or _ATOM.fullmatch(text)
        or (text[0] + text[-1] == "()" and _is_closed(text[1:-1]))
    ):
        return text
    return f"({text})"


def _is_closed(text: str) -> bool:
    """Return True if no bracket closes that was not opened."""
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return True


def link(text: str, address: str) -> str:
    """Return a link to a web or mail address.

    Return only the words if the address is of another kind, or if the words are the address.
    """
    words = text.strip()
    is_outside = address.lower().startswith(("http://", "https://", "mailto:"))
    if not words or not is_outside or words in (address, address.removeprefix("mailto:")):
        return text
    return f"[{words}]({address})"


def small_number(value: object) -> int:
    """Return how many rows or columns a cell spans; 1 if the number makes no sense."""
    text = str(value)
    return max(1, min(int(text[:9]), 1_000)) if text.isascii() and text.isdigit() else 1


_ROMAN: Final = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN: Final = "абвгдежзиклмнопрстуфхцчшщыэюя"
_CHINESE: Final = "一二三四五六七八九"
_MAX_ROMAN: Final = 4_999  # programs write larger numbers with digits
_MAX_LETTERS: Final = 20


def decimal(number: int) -> str:
    return str(number)


def padded(number: int) -> str:
    """Return a number with at least two digits."""
    return f"{number:02}"


def roman(number: int) -> str:
    if not 0 < number <= _MAX_ROMAN:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text


def letters(number: int, alphabet: str = _LATIN) -> str:
    """Return a letter, repeated after the last one: a, b … z, aa, bb …"""
    times, index = divmod(number - 1, len(alphabet))
    if number < 1 or times >= _MAX_LETTERS:
        return str(number)
    return alphabet[index] * (times + 1)


def russian_letters(number: int) -> str:
    return letters(number, _RUSSIAN)


def counted_letters(number: int) -> str:
    """Return letters that count on like digits after the last one: a, b … z, aa, ab …"""
    text = ""
    while number > 0:
        number, index = divmod(number - 1, len(_LATIN))
        text = _LATIN[index] + text
    return text or str(number)


def ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def chinese(number: int) -> str:
    """Return a number below 100 in Chinese and Japanese, such as 二十一."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    text = f"{_CHINESE[tens - 1] if tens > 1 else ''}{'十' if tens else ''}"
    return text + (_CHINESE[ones - 1] if ones else "")
