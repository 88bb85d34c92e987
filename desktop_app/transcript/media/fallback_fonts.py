"""Loads the fonts of rare letters before text is written with them.

For the first letter of a script, Qt searches all installed fonts for each size, weight and slope,
and opens the candidates. That takes up to 20 ms with few fonts installed. Text in a hundred
scripts, or its change to italics, would freeze the window for half a second. So its letters are
first laid out separately, a few at a time, in each font that text may use.
"""

from __future__ import annotations

import re
import time
from itertools import groupby
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextLayout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QFont

_RARE: Final = re.compile("[^\0-\u02ff\u2000-\u206f\ud800-\udfff]")
"""A letter of another script than Latin. The text font itself covers Latin letters."""

_MAX_FEW_SCRIPTS: Final = 6
"""The maximum number of scripts whose fonts may load while text is written."""

_SMALL_SCRIPT_RANGES: Final = (range(0x530, 0x1E00), range(0xA000, 0xAC00), range(0x10000, 0x1F000))
"""Ranges of code points whose scripts are small: each 128 code points count as a script."""


def few_scripts_length(text: str) -> int:
    """Return the length of the longest start of a text with letters of only a few scripts.

    The fonts of so few scripts may load while the text is written.
    """
    if text.isascii() or _has_few_scripts(_rare_letters(set(text))):
        return len(text)
    scripts: set[int] = set()
    for match in _RARE.finditer(text):
        scripts.add(_script_key(match[0]))
        if len(scripts) > _MAX_FEW_SCRIPTS:
            return match.start()
    return len(text)


class FallbackFonts:
    """A loader of the fallback fonts for the rare letters of a view's text.

    The text fonts are kept, because Qt unloads the fallback fonts of a font that is gone.
    """

    def __init__(self, fonts: Iterable[QFont]) -> None:
        self._fonts = list(fonts)
        self._known_letters: set[str] = set()
        self._scheduled: list[tuple[str, QFont]] = []

    def set_fonts(self, fonts: Iterable[QFont]) -> None:
        """Use other text fonts from now on.

        If the letters so far belong to many scripts, schedule their fallback fonts in the new sizes
        and styles.
        """
        new_fonts = list(fonts)
        if new_fonts != self._fonts:
            self._fonts = new_fonts
            rare_letters = _rare_letters(self._known_letters)
            self.forget()
            if not _has_few_scripts(rare_letters):
                self._schedule(rare_letters)

    def forget(self) -> None:
        """Forget all letters, because their text is gone."""
        self._known_letters = set()
        self._scheduled = []

    def load(self, text: str) -> bool:
        """Load a few of the missing letters of a text. Return True if none was missing."""
        if not self._scheduled:
            self._schedule(self._new_rare_letters(text))
        if self._scheduled:
            _lay_out(*self._scheduled.pop())
            return False
        return True

    def load_for(self, seconds: float) -> bool:
        """Load scheduled letters for about `seconds`. Return True if none is left."""
        until = time.perf_counter() + seconds
        while self._scheduled:
            _lay_out(*self._scheduled.pop())
            if time.perf_counter() > until:
                return False
        return True

    def _new_rare_letters(self, text: str) -> set[str]:
        """Return the rare letters of a text that are new.

        All letters are recorded as known. So a set operation drops most letters of later texts
        before the slower search for rare letters.
        """
        if text.isascii():
            return set()
        new_letters = set(text) - self._known_letters
        self._known_letters |= new_letters
        return _rare_letters(new_letters)

    def _schedule(self, letters: set[str]) -> None:
        self._known_letters |= letters
        groups = ["".join(group) for _, group in groupby(sorted(letters), _code_page)]
        self._scheduled += [(group, font) for font in self._fonts for group in groups]


def _rare_letters(letters: Iterable[str]) -> set[str]:
    return set(filter(_RARE.match, letters))


def _has_few_scripts(letters: set[str]) -> bool:
    return len(set(map(_script_key, letters))) <= _MAX_FEW_SCRIPTS


def _code_page(letter: str) -> int:
    """Return the number of a letter's page: 128 code points, mostly of the same script."""
    return ord(letter) >> 7


def _script_key(letter: str) -> int:
    """Return a key for the script of a letter. Scripts with many letters have few keys."""
    code = ord(letter)
    if any(code in pages for pages in _SMALL_SCRIPT_RANGES):
        return _code_page(letter)
    return -1 - (code >> 14)  # negative, so that it equals no page


def _lay_out(letters: str, font: QFont) -> None:
    layout = QTextLayout(letters, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
