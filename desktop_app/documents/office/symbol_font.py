"""Converts characters of the fonts Symbol and Wingdings to Unicode.

The codes of these fonts stand for pictures. Word stores them as the characters U+F020 to U+F0FF
(ISO/IEC 29500-1, 17.3.3.30), other programs as the letters with the same codes.
"""

from __future__ import annotations

from typing import Final

_PRIVATE_USE: Final = range(0xF000, 0xF100)
_SYMBOLS: Final = {
    first + offset: char
    for first, chars in (
        (0x20, " !∀#∃%&∋()∗+,−./0123456789:;<=>?"),
        (0x40, "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"),
        (0x60, "‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"),
        (0xA0, "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵"),
        (0xC0, "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"),
        (0xE0, "◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪"),
        (0xF1, "⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"),
    )
    for offset, char in enumerate(chars)
}
# Only pictures with a meaning: hands, faces, bullets, boxes, numbers, arrows, marks.
_WINGDINGS: Final = {
    first + offset: char
    for first, chars in (
        (0x28, "☎✆✉"),
        (0x41, "✌"),
        (0x45, "☜☞☝☟"),
        (0x4A, "☺😐☹"),
        (0x6C, "●❍■□"),
        (0x71, "❑❒⬧⧫◆❖⬥⌧"),
        (0x80, "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿"),
        (0x9E, "·•"),
        (0xA7, "▪◻"),
        (0xAB, "★"),
        (0xD8, "➢"),
        (0xDF, "←→↑↓"),
        (0xE8, "➔"),
        (0xEF, "⇦⇨⇧⇩⬄"),
        (0xFB, "✗✓☒☑"),
    )
    for offset, char in enumerate(chars)
}
_PICTURES: Final = {"symbol": _SYMBOLS, "wingdings": _WINGDINGS}
_LAST_CODE: Final = 0xFF


def is_symbol_font(font: str) -> bool:
    """Return True if `unicode_text` knows the pictures of a font."""
    return font.lower() in _PICTURES


def unicode_text(font: str, text: str) -> str:
    """Replace letters of a symbol font by the Unicode characters that it shows.

    Letters with an unknown picture are dropped. Text in other fonts is returned unchanged.
    """
    if not is_symbol_font(font):
        return text
    return "".join(_in_symbol_font(font, char) for char in text)


def private_text(font: str, text: str) -> str:
    """Replace characters at U+F000 to U+F0FF by those that a symbol font shows; keep letters."""
    if not is_symbol_font(font):
        return text
    return "".join(_in_symbol_font(font, c) if ord(c) in _PRIVATE_USE else c for c in text)


def _in_symbol_font(font: str, char: str) -> str:
    code = ord(char)
    if code in _PRIVATE_USE:
        return unicode_character(font, code)
    if 0x20 <= code <= _LAST_CODE:
        return unicode_character(font, _PRIVATE_USE.start + code)
    return char  # a control character, or a character that the font does not have


def unicode_character(font: str, code: int) -> str:
    """Return the character that a font shows for a code; "" if it is unknown or invalid."""
    if code in _PRIVATE_USE:
        return _PICTURES.get(font.lower(), {}).get(code - _PRIVATE_USE.start, "")
    return chr(code) if 0x20 <= code < 0xD800 or 0xF900 <= code < 0xFFFE else ""
