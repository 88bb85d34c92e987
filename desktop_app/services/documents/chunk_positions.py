"""The position of a chunk in its document: its page, its headings and its table header.

Notes name the page, chapter and table of a chunk, even if it begins within them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from desktop_app.services.prompt_delimiter import attribute

_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(\S)(.*)$", re.M)
_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_ROW: Final = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
_MAX_HEADING_CHARS: Final = 80
# The number of headings before a chunk that are searched for those above it.
_MAX_SEARCHED: Final = 200
# A longer table header is left out.
_MAX_HEADER_CHARS: Final = 400


class ChunkPositions:
    """The pages, headings and tables of a document's text, to locate chunks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = [(m.start(), m[1], m[2]) for m in _MARK.finditer(text)]
        self._headings = [
            (m.start(), len(m[1]), m[2] + m[3].rstrip(" \t#")) for m in _HEADING.finditer(text)
        ]

    def attributes(self, at: int) -> str:
        """Return the attributes of a chunk that begins at `at`, each with a leading space.

        These are the page and the headings above it, outermost first; "" if there are none.
        """
        found = ""
        number = bisect_right(self._marks, at, key=lambda mark: mark[0]) - 1
        if number >= 0 and self._marks[number][0] < at:
            found += f' {self._marks[number][1]}="{self._marks[number][2]}"'
        above = self._headings_above(at)
        return found + attribute("under", " › ".join(above)) if above else found

    def _headings_above(self, at: int) -> list[str]:
        last = bisect_right(self._headings, at, key=lambda heading: heading[0])
        level, above = 7, list[str]()
        for start, depth, words in reversed(self._headings[max(0, last - _MAX_SEARCHED) : last]):
            if depth < level:
                level = depth
                above += [words[:_MAX_HEADING_CHARS]] if start < at else []
        return above[::-1]

    def table_head(self, at: int) -> str:
        """Return the two header lines of the table that continues at `at`.

        Return "" if no table continues there, or if its header is too long.
        """
        if not _ROW.fullmatch(self._text[at:].partition("\n")[0]):
            return ""
        start = at
        while start and _ROW.fullmatch(
            self._text, (line := _line_before(self._text, start)), start - 1
        ):
            start = line
        head, rule = (self._text[start:at] + "\n").split("\n", 2)[:2]
        is_head = _RULE.fullmatch(rule) and len(head) <= _MAX_HEADER_CHARS
        return f"{head}\n{rule}\n" if is_head else ""


def _line_before(text: str, at: int) -> int:
    """Return the start of the line that ends before `at`."""
    return text.rfind("\n", 0, at - 1) + 1
