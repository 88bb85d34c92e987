"""Finds the first row and the delimiter of a CSV file."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.documents import document_types

CSV_TYPES: Final = (document_types.CSV, document_types.TSV)
DELIMITERS: Final = ";\t,|"
_BLANK: Final = re.compile(r"(?:[ \t]*\n)*")
_STATED: Final = re.compile(r"sep=([;\t,|:])\n", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*(?:"|$)')


def find_first_row(text: str) -> tuple[int, str]:
    """Return the offset of the first row, and the delimiter.

    Empty lines and Excel's line with the delimiter (`sep=;`) are not rows.
    """
    blank = _BLANK.match(text)
    start = blank.end() if blank else 0
    if stated_delimiter := _STATED.match(text, start):
        return stated_delimiter.end(), stated_delimiter[1]
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return start, max(DELIMITERS, key=_QUOTED.sub("", line).count)
