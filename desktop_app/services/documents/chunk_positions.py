"""The position of a chunk in its document: its page, its headings and its table header.

Notes name the page, chapter and table of a chunk, even if it begins within them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.documents.headings import Headings
from desktop_app.services.prompt_delimiter import attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE_MARK: Final = re.compile(r"^\[(page|slide|chapter) (\d+)\][ \t]*$", re.M)
_TABLE_ROW: Final = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.M)
_TABLE_RULE: Final = re.compile(r"[ \t]*\|[-| :\t]+\|[ \t]*")
# A longer table header is left out.
_MAX_HEADER_CHARS: Final = 400


class _PageMark(NamedTuple):
    """A line that begins a page, such as "[page 3]": its unit is "page", its number "3"."""

    start: int
    unit: str
    number: str


class ChunkPositions:
    """The pages, headings and tables of a document's text, to locate chunks."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = [_PageMark(m.start(), m[1], m[2]) for m in _PAGE_MARK.finditer(text)]
        self._headings = Headings(text)
        self._table_starts = list(_table_starts(text))

    def attributes(self, offset: int) -> str:
        """Return the attributes of a chunk that begins at `offset`, each with a leading space.

        These are the page and the headings above it, outermost first; "" if there are none.
        """
        text = ""
        mark_count = bisect_right(self._marks, offset, key=lambda mark: mark.start)
        if mark_count:
            mark = self._marks[mark_count - 1]
            if mark.start < offset:  # a mark at `offset` is in the chunk itself
                text = attribute(mark.unit, mark.number)
        # A heading at `offset` is in the chunk itself.
        headings = [each.words for each in self._headings.above(offset) if each.start < offset]
        return text + attribute("under", " › ".join(headings)) if headings else text

    def table_head(self, offset: int) -> str:
        """Return the two header lines of the table that continues at `offset`.

        Return "" if no table continues there, or if its header is too long.
        """
        text = self._text
        line_end = text.find("\n", offset)
        first_line = text[offset:] if line_end < 0 else text[offset:line_end]
        if not offset or not _TABLE_ROW.fullmatch(first_line):
            return ""
        line_above = text.rfind("\n", 0, offset - 1) + 1
        if not _TABLE_ROW.fullmatch(text, line_above, offset - 1):
            return ""
        start = self._table_starts[bisect_right(self._table_starts, line_above) - 1]
        head_end = text.find("\n", start, offset)
        if head_end < 0:
            return ""
        rule_end = text.find("\n", head_end + 1, offset)
        head = text[start:head_end]
        rule = text[head_end + 1 : offset if rule_end < 0 else rule_end]
        is_valid_head = _TABLE_RULE.fullmatch(rule) and len(head) <= _MAX_HEADER_CHARS
        return f"{head}\n{rule}\n" if is_valid_head else ""


def _table_starts(text: str) -> Iterator[int]:
    """Yield the offset of each row that has no row above it."""
    last_end: int | None = None
    for row in _TABLE_ROW.finditer(text):
        if last_end is None or row.start() != last_end + 1:
            yield row.start()
        last_end = row.end()
