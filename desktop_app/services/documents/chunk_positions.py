"""The position of a chunk in its document: its page, its headings and its table header.

Notes name the page, chapter and table of a chunk, even if it begins within them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from desktop_app.services.prompt_delimiter import attribute

_HEADING: Final = re.compile(r"^(#{1,6})[ \t]+(\S)(.*)$", re.M)
_PAGE_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_TABLE_ROW: Final = re.compile(r"[ \t]*\|.*\|[ \t]*")
_TABLE_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
_MAX_HEADING_CHARS: Final = 80
# The number of headings before a chunk that are searched for those above it.
_MAX_SEARCHED_HEADINGS: Final = 200
# A longer table header is left out.
_MAX_HEADER_CHARS: Final = 400


class ChunkPositions:
    """The pages, headings and tables of a document's text, to locate chunks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = [(m.start(), m[1], m[2]) for m in _PAGE_MARK.finditer(text)]
        self._headings = [
            (m.start(), len(m[1]), m[2] + m[3].rstrip(" \t#")) for m in _HEADING.finditer(text)
        ]

    def attributes(self, offset: int) -> str:
        """Return the attributes of a chunk that begins at `offset`, each with a leading space.

        These are the page and the headings above it, outermost first; "" if there are none.
        """
        text = ""
        mark_index = bisect_right(self._marks, offset, key=lambda mark: mark[0]) - 1
        if mark_index >= 0 and self._marks[mark_index][0] < offset:
            text += f' {self._marks[mark_index][1]}="{self._marks[mark_index][2]}"'
        headings = self._headings_above(offset)
        return text + attribute("under", " › ".join(headings)) if headings else text

    def _headings_above(self, offset: int) -> list[str]:
        end = bisect_right(self._headings, offset, key=lambda heading: heading[0])
        level, headings = 7, list[str]()
        for start, depth, words in reversed(
            self._headings[max(0, end - _MAX_SEARCHED_HEADINGS) : end]
        ):
            if depth < level:
                level = depth
                headings += [words[:_MAX_HEADING_CHARS]] if start < offset else []
        return headings[::-1]

    def table_head(self, offset: int) -> str:
        """Return the two header lines of the table that continues at `offset`.

        Return "" if no table continues there, or if its header is too long.
        """
        if not _TABLE_ROW.fullmatch(self._text[offset:].partition("\n")[0]):
            return ""
        start = offset
        while start and _TABLE_ROW.fullmatch(
            self._text, (line_start := _line_before(self._text, start)), start - 1
        ):
            start = line_start
        head, rule = (self._text[start:offset] + "\n").split("\n", 2)[:2]
        is_valid_head = _TABLE_RULE.fullmatch(rule) and len(head) <= _MAX_HEADER_CHARS
        return f"{head}\n{rule}\n" if is_valid_head else ""


def _line_before(text: str, end: int) -> int:
    """Return the start of the line that ends before `end`."""
    return text.rfind("\n", 0, end - 1) + 1
