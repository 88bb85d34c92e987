"""The Markdown headings of a text, and those that apply at a place in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(\S.*)$", re.M)
_MARKUP: Final = re.compile(r"[*_`]+|\[\^?[^\]]*\](?:\([^)]*\))?")
_MAX_CHARS: Final = 80
_MAX_EXAMINED_CHARS: Final = 1_000
# Each place searches the headings above it, so their number is limited.
_MAX_SEARCHED: Final = 200


class Heading(NamedTuple):
    """A heading: its offset, its level from 1, and its words without markup, cut if long."""

    start: int
    level: int
    words: str


class Headings:
    """The headings of a text, in order."""

    def __init__(self, text: str) -> None:
        self.all = [
            Heading(match.start(), len(match[1]), _plain_text(match[2].rstrip(" \t#")))
            for match in _HEADING.finditer(text)
        ]

    def above(self, offset: int) -> list[Heading]:
        """Return the headings that apply at `offset`, the outermost first; one may begin there."""
        count = bisect_right(self.all, offset, key=lambda heading: heading.start)
        open_headings: list[Heading] = []
        for heading in reversed(self.all[max(0, count - _MAX_SEARCHED) : count]):
            if not open_headings or heading.level < open_headings[-1].level:
                open_headings.append(heading)
        return open_headings[::-1]


def _plain_text(heading: str) -> str:
    # The pattern takes quadratic time for many brackets that do not close.
    return _MARKUP.sub("", heading[:_MAX_EXAMINED_CHARS]).strip()[:_MAX_CHARS]
