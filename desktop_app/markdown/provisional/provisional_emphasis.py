"""Predicts which open emphasis marks at the end of inline text will be closed.

Such marks are shown as if they were closed there. Others stay as written: the stars of
`*args, **kwargs`, of `*.py`, of `2*3`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from desktop_app.markdown.parsing.parser import CJK_PUNCTUATION

MAX_EMPHASIS_LENGTH: Final = 300
"""Characters after which open emphasis or code is shown as written, unless it begins its block."""

ADDRESS_END_SIGNS: Final = "?!.,:;*_~'\")]"
"""Characters that belong to a bare address only if more characters of the address follow."""

MAX_OPEN_MARKS: Final = 40
"""Maximum number of nested open marks; if more are open, the outermost are ignored."""

_MAX_ADDRESS_LENGTH: Final = 200
"""Characters before a mark in which an address that contains the mark may begin."""
_STARRED_NAMES: Final = ("args", "kwargs", "argv")
_STARRED_NAME: Final = re.compile(rf"(?:{'|'.join(_STARRED_NAMES)})\b|/\*")
_NAME_BEGINNINGS: Final = frozenset(
    ("/", *(name[:length] for name in _STARRED_NAMES for length in range(1, len(name) + 1)))
)
_MAX_NAME_LENGTH: Final = max(map(len, _STARRED_NAMES))
_FACTOR: Final = re.compile("[A-Za-z0-9]")
_PARENTHESIS: Final = re.compile("[()]")
_NO_ADDRESS: Final = re.compile(rf"[\s<>\"'`{CJK_PUNCTUATION}]")
_ADDRESS_CONTINUES: Final = re.compile(
    rf"[{re.escape(ADDRESS_END_SIGNS)}]*[^\s<>{re.escape(ADDRESS_END_SIGNS)}{CJK_PUNCTUATION}]"
)


class EmphasisMark(NamedTuple):
    """An open run of emphasis marks, or an open bracket.

    Attributes:
        unpaired: the number of its characters that have not been paired yet.
        can_also_close: the mark may also end emphasis.
        is_doubtful: the mark is more likely to stay as written than to begin emphasis.
    """

    text: str
    start: int
    unpaired: int = 0
    can_also_close: bool = False
    is_doubtful: bool = False


def push_mark(marks: list[EmphasisMark], mark: EmphasisMark) -> None:
    """Add an open mark. If it has stars, the last earlier mark with as many becomes doubtful."""
    first_index = max(0, len(marks) - MAX_OPEN_MARKS) if mark.text[0] == "*" else len(marks)
    for index in range(len(marks) - 1, first_index - 1, -1):
        if marks[index].text == mark.text:
            marks[index] = marks[index]._replace(is_doubtful=True)
            break
    marks.append(mark)


def find_closable_marks(marks: list[EmphasisMark], content: str) -> list[EmphasisMark]:
    """Return the marks that will probably be closed.

    This includes a doubtful mark within another of the same character, because the closer of the
    outer mark would pair with it first.
    """
    closable: list[EmphasisMark] = []
    for mark in marks[-MAX_OPEN_MARKS:]:
        is_within = any(mark.text[0] == outer.text[0] for outer in closable)
        # A single "~" stays as written: it more often means "about", as in "~10 m".
        if mark.text != "~" and (is_within or not _stays_literal(mark, content)):
            closable.append(mark)
    return closable


def _stays_literal(mark: EmphasisMark, content: str) -> bool:
    """Return True if a mark will probably not be closed.

    That is so if it is doubtful, if a long text follows (unless the mark begins its block), or if a
    bracket opens before the mark and closes after it.
    """
    start = mark.start
    is_long = len(content) - start > MAX_EMPHASIS_LENGTH and start > 0
    if mark.is_doubtful or is_long:
        return True
    search_start = max(0, start - MAX_EMPHASIS_LENGTH)
    if content.rfind("(", search_start, start) <= content.rfind(")", search_start, start):
        return False
    depth = 0
    for parenthesis in _PARENTHESIS.findall(content, start, start + MAX_EMPHASIS_LENGTH):
        depth += 1 if parenthesis == "(" else -1
        if depth < 0:
            return True
    return False


def may_be_name(content: str, mark: str, end: int) -> bool:
    """Return True if stars at the end may become part of a name such as `*args`."""
    return mark[0] == "*" and content[end : end + _MAX_NAME_LENGTH + 1] in _NAME_BEGINNINGS


def is_literal_star(content: str, mark: str, start: int, end: int) -> bool:
    """Return True if stars precede the name of a variable or of files, or are between factors."""
    if mark[0] != "*":
        return False
    if _STARRED_NAME.match(content, end) or (mark == "*" and content[end] in "./"):
        return True
    return bool(_FACTOR.match(content[start - 1 : start]) and _FACTOR.match(content, end))


def is_in_address(content: str, start: int, end: int) -> bool:
    """Return True if a mark is within a bare address that continues after it."""
    slashes = content.rfind("://", max(0, start - _MAX_ADDRESS_LENGTH), start)
    if slashes < 0 or _ADDRESS_CONTINUES.match(content, end) is None:
        return False
    return _NO_ADDRESS.search(content, slashes, start) is None
