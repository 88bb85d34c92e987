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
_SEPARATOR: Final = r"(?<=[;\t\r\n])"
_CALL: Final = r"(?=[ \u00a0]*+[=+\-@＝＋－＠][^;\t\r\n]*?(?:[\w.] *\(|![$\w]))"
_FORMULA_WITHIN: Final = re.compile(_SEPARATOR + _CALL)
_ESCAPED_WITHIN: Final = re.compile(f"{_SEPARATOR}'{_CALL}")


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
    # A text that has an apostrophe of its own before a formula gets another: see `unescape_cell`.
    first_character = text.lstrip("' \u00a0\ufeff\u3000\u200b")[:1].translate(_NARROW)
    return f"'{text}" if first_character in _FORMULA_STARTS else text


def unescape_cell(text: str) -> str:
    """Return the text of a cell without the apostrophes of `escape_cell`.

    >>> [unescape_cell(t) for t in ("'=1+1", "''=1", "'tis", "-5", "a;'=CALL(b)")]
    ['=1+1', "'=1", "'tis", '-5', 'a;=CALL(b)']
    """
    if "'" not in text:
        return text
    inner = _ESCAPED_WITHIN.sub("", text)
    for found in (inner.removeprefix("'"), inner):
        if escape_cell(found) == text:
            return found
    return text
