"""The fonts of rare letters are loaded before anything is written with them.

The first letter of a script makes Qt search all fonts of the machine for each size, weight and slope,
and open those that might have it: up to 20 ms with few fonts installed. Where a text of a hundred
scripts came at once, or turned italic, the window would stand still for half a second. So its letters
are laid out apart first, a few at a time, in every font that running text may turn to.
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
"""What is not Latin: the font of the text itself has that."""

_FEW: Final = 6

_OF_MANY_SCRIPTS: Final = (range(0x530, 0x1E00), range(0xA000, 0xAC00), range(0x10000, 0x1F000))


def before_many_scripts(text: str) -> int:
    """How long the beginning of a text is that has letters of few scripts: their fonts may be loaded
    while it is written."""
    if text.isascii() or _are_few(_rare(set(text))):
        return len(text)
    kinds: set[int] = set()
    for match in _RARE.finditer(text):
        kinds.add(_kind(match[0]))
        if len(kinds) > _FEW:
            return match.start()
    return len(text)


class FallbackFonts:
    """Knows which letters can be written in some fonts without anything being loaded.

    It keeps the fonts, and so what Qt has loaded for them.
    """

    def __init__(self, fonts: Iterable[QFont]) -> None:
        self._fonts = list(fonts)
        self._known: set[str] = set()
        self._due: list[tuple[str, QFont]] = []

    def take(self, fonts: Iterable[QFont]) -> None:
        """Text is to be written in these fonts. What has come of many scripts is due in others, too."""
        if (fonts := list(fonts)) != self._fonts:
            known, self._fonts = _rare(self._known), fonts
            self.forget()
            if not _are_few(known):
                self._ask(known)

    def forget(self) -> None:
        """Nothing is written any more of what has come so far."""
        self._known, self._due = set(), []

    def load(self, text: str) -> bool:
        """Load a little of what a text needs, if anything is missing; whether nothing was."""
        if not self._due:
            self._ask(self._new(text))
        if self._due:
            _lay_out(*self._due.pop())
            return False
        return True

    def load_for(self, seconds: float) -> bool:
        """Load what is due, for about so long; whether nothing was."""
        until = time.perf_counter() + seconds
        while self._due:
            _lay_out(*self._due.pop())
            if time.perf_counter() > until:
                return False
        return True

    def _new(self, text: str) -> set[str]:
        """The rare letters of a text that have not come before. (All are counted as known: most are
        sorted out in C.)"""
        if text.isascii():
            return set()
        new = set(text) - self._known
        self._known |= new
        return _rare(new)

    def _ask(self, letters: set[str]) -> None:
        self._known |= letters
        near = ["".join(group) for _, group in groupby(sorted(letters), _block)]
        self._due += [(group, font) for font in self._fonts for group in near]


def _rare(letters: Iterable[str]) -> set[str]:
    return set(filter(_RARE.match, letters))


def _are_few(letters: set[str]) -> bool:
    return len(set(map(_kind, letters))) <= _FEW


def _block(letter: str) -> int:
    """A piece of a page of Unicode, which mostly holds one script."""
    return ord(letter) >> 7


def _kind(letter: str) -> int:
    """The same, but large where many letters are of one script."""
    code = ord(letter)
    return code >> 7 if any(code in pages for pages in _OF_MANY_SCRIPTS) else -1 - (code >> 14)


def _lay_out(letters: str, font: QFont) -> None:
    layout = QTextLayout(letters, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
