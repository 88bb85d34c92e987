"""Keeps the cells of CSV files from becoming formulas.

A model's answer must never become a formula. A cell that a spreadsheet would take for one gets an
apostrophe before it, as OWASP advises ("CSV injection").
"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(r"[+-]\d[\d.,]*%?", re.ASCII)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
# Full-width forms of these signs, which some spreadsheets treat like the signs.
_NARROW: Final = str.maketrans("＝＋－＠", "=+-@")
# Excel separates the columns of a CSV file by the system's list separator, a semicolon in most of
# Europe. With a semicolon as the separator, quotes after a comma do not enclose a cell: a semicolon
# or a line break within the quotes begins a cell. Only a formula that calls a function, or names
# another file or program before "!", can do harm.
_FORMULA_WITHIN: Final = re.compile(
    r"(?<=[;\t\r\n])(?=[ \u00a0]*+[=+\-@＝＋－＠][^;\t\r\n]*?(?:[\w.] *\(|![$\w]))"
)


def escape_cell(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula, without NUL.

    A signed number is returned unchanged. An apostrophe also precedes what would be a formula if
    the spreadsheet had another separator.

    >>> escape_cell("a;=CALL(b)\\n- a list")
    "a;'=CALL(b)\\n- a list"
    >>> [escape_cell(t) for t in ("=1+1", " @SUM(A1)", "-5 °C", "a=b", "-0.25", "＝1")]
    ["'=1+1", "' @SUM(A1)", "'-5 °C", 'a=b', '-0.25', "'＝1"]
    """
    if _NUMBER.fullmatch(text):
        return text
    text = _FORMULA_WITHIN.sub("'", text.replace("\x00", ""))
    first_character = text.lstrip(" \u00a0\ufeff\u3000\u200b")[:1].translate(_NARROW)
    return f"'{text}" if first_character in _FORMULA_STARTS else text
