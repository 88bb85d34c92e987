"""Where a part of a document stands in it: what a part that begins in the middle of a page, a chapter or a
table does not tell by itself, and notes on it are to name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from desktop_app.services.fence import attribute

_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t#]*$", re.M)
_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_ROW: Final = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
_LONGEST_HEADING: Final = 80
# So many headings before a part are looked at for those that it stands under.
_LOOKED_AT: Final = 200
# A table's head is not told where it is longer.
_LONGEST_HEAD: Final = 400


class ChunkPositions:
    """The places of a document's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = [(m.start(), m[1], m[2]) for m in _MARK.finditer(text)]
        self._headings = [(m.start(), len(m[1]), m[2]) for m in _HEADING.finditer(text)]

    def attributes(self, at: int) -> str:
        """What a part that begins at `at` is told of itself, each with a blank before it: the page
        that it begins on, and the headings above it, the widest first; "" for its own."""
        found = ""
        number = bisect_right(self._marks, at, key=lambda mark: mark[0]) - 1
        if number >= 0 and self._marks[number][0] < at:
            found += f' {self._marks[number][1]}="{self._marks[number][2]}"'
        above = self._above(at)
        return found + attribute("under", " › ".join(above)) if above else found

    def _above(self, at: int) -> list[str]:
        last = bisect_right(self._headings, at, key=lambda heading: heading[0])
        level, above = 7, list[str]()
        for start, depth, words in reversed(self._headings[max(0, last - _LOOKED_AT) : last]):
            if depth < level:
                level = depth
                above += [words[:_LONGEST_HEADING]] if start < at else []
        return above[::-1]

    def table_head(self, at: int) -> str:
        """The head of the table whose rows go on at `at`, as two lines; "" where none does."""
        lines = self._text[at:].partition("\n")[0], self._text[:at].rpartition("\n")[0]
        if not _ROW.fullmatch(lines[0]) or not lines[1]:
            return ""
        start = at
        while start and _ROW.fullmatch(
            self._text, (line := _line_before(self._text, start)), start - 1
        ):
            start = line
        if start == at:
            return ""
        head, rule = (self._text[start:at] + "\n").split("\n", 2)[:2]
        is_head = _RULE.fullmatch(rule) and len(head) <= _LONGEST_HEAD
        return f"{head}\n{rule}\n" if is_head else ""


def _line_before(text: str, at: int) -> int:
    """Where the line begins that ends before `at`."""
    return text.rfind("\n", 0, at - 1) + 1
