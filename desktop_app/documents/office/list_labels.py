"""Writes the numbers of lists and headings as documents show them: 3, c, iii, 3rd …"""

from __future__ import annotations

from typing import Final

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
    """Return an English ordinal number."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def chinese(number: int) -> str:
    """Return a number below 100 in Chinese and Japanese, such as 二十一."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    text = f"{_CHINESE[tens - 1] if tens > 1 else ''}{'十' if tens else ''}"
    return text + (_CHINESE[ones - 1] if ones else "")
