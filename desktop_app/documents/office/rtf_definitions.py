"""The fonts and styles that an RTF document defines, as far as they matter for its text."""

from __future__ import annotations

import codecs
import re
from typing import Final

from desktop_app.documents.office.symbol_font import is_symbol_font

# Python's encodings by the character set number of a font.
_ENCODING_OF_CHARSET: Final = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    255: "cp437",
}
_HEADING: Final = re.compile(r"heading ([1-9])")


class RtfDefinitions:
    """The encodings of fonts, and the levels of heading styles.

    Attributes:
        heading_levels: the level of each heading style by its number; 0 is the highest.
    """

    def __init__(self) -> None:
        self.heading_levels: dict[int | None, int] = {}
        self._encodings: dict[int | None, str] = {}
        self._symbol_fonts: dict[int | None, str] = {}
        self._current = 0  # the number of the font or style that is being defined
        self._name: list[str] = []  # the pieces of its name

    def encoding_of(self, font: int | None) -> str:
        """Return the encoding that a font defines; "" if the document's encoding applies."""
        return self._encodings.get(font, "")

    def symbol_font(self, font: int | None) -> str:
        """Return the name of a font that shows letters as pictures; "" for any other font."""
        return self._symbol_fonts.get(font, "")

    def begin_table(self) -> None:
        """Begin the table of fonts or styles. An entry that states no number has the number 0."""
        self._current = 0
        self._name = []

    def add_to_name(self, text: str) -> None:
        """Add to the name of the current font or style."""
        self._name.append(text)

    def process_font_word(self, word: str, number: int) -> None:
        """Process a control word in the table of fonts."""
        if word == "f":
            self.end_font()
            self._current = number
        elif word in ("fcharset", "cpg"):
            name = f"cp{number}" if word == "cpg" else _ENCODING_OF_CHARSET.get(number, "")
            if name:
                self._encodings[self._current] = known_encoding(name)

    def process_style_word(self, word: str, number: int | None) -> None:
        """Process a control word in the table of styles; `number` is None if it has none."""
        if word == "s":
            self._current = number or 0
            self._name = []
        elif word == "outlinelevel" and number is not None:
            self.heading_levels[self._current] = number

    def end_font(self) -> None:
        """End the current font."""
        name = "".join(self._name).partition(";")[0].strip()
        self._name = []
        if is_symbol_font(name):
            self._symbol_fonts[self._current] = name
            self._encodings[self._current] = "latin-1"  # its bytes are codes of pictures

    def end_style(self) -> None:
        """End the current style."""
        name = "".join(self._name).strip().rstrip(";").casefold()
        self._name = []
        if name == "title":
            self.heading_levels[self._current] = 0
        elif heading := _HEADING.fullmatch(name):
            self.heading_levels.setdefault(self._current, int(heading[1]) - 1)
        if name:
            self._current = 0


def known_encoding(encoding: str) -> str:
    """Return the encoding, or cp1252 if Python does not know it."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        return "cp1252"
    return encoding
