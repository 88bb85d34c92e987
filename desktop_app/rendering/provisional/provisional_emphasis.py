"""Marks of emphasis that are open at the end of inline text: which of them will probably be closed.

Those are shown as if they were closed there. Of the others it would be wrong for the rest of a
paragraph: the stars of `*args, **kwargs`, of `*.py`, of `2*3`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from desktop_app.rendering.markdown.parser import ENDS_ADDRESS

LONGEST_EMPHASIS: Final = 300
"""Characters that emphasis or code is expected to close within, unless its block begins with it."""

SIGNS: Final = "?!.,:;*_~'\")]"
"""What belongs to a bare address only where more of it follows."""

DEEPEST: Final = 40
"""Marks that are open within each other; of more, the outermost are not looked at."""

_LONGEST_ADDRESS: Final = 200
_NAMES: Final = ("args", "kwargs", "argv")
_IS_NAME: Final = re.compile(rf"(?:{'|'.join(_NAMES)})\b|/\*")
_HALF_NAMES: Final = frozenset(
    ("/", *(name[:length] for name in _NAMES for length in range(1, len(name) + 1)))
)
_LONGEST_NAME: Final = max(map(len, _NAMES))
_FACTOR: Final = re.compile("[A-Za-z0-9]")
_ROUND: Final = re.compile("[()]")
_NO_ADDRESS: Final = re.compile(rf"[\s<>\"'`{ENDS_ADDRESS}]")
_GOES_ON: Final = re.compile(rf"[{re.escape(SIGNS)}]*[^\s<>{re.escape(SIGNS)}{ENDS_ADDRESS}]")


class EmphasisMark(NamedTuple):
    """A run of emphasis, or a bracket, that is open.

    Attributes:
        left: how many signs of it are not used up yet.
        both: whether it may end emphasis, too.
        is_doubtful: whether it is more likely to stay as it is than to begin emphasis.
    """

    text: str
    start: int
    left: int = 0
    both: bool = False
    is_doubtful: bool = False


def begin(marks: list[EmphasisMark], mark: EmphasisMark) -> None:
    """Add one to those that are open; where another of the kind is, that is not likely to be any."""
    least = max(0, len(marks) - DEEPEST) if mark.text[0] == "*" else len(marks)
    for at in range(len(marks) - 1, least - 1, -1):
        if marks[at].text == mark.text:
            marks[at] = marks[at]._replace(is_doubtful=True)
            break
    marks.append(mark)


def expected(marks: list[EmphasisMark], content: str) -> list[EmphasisMark]:
    """Those that will probably be closed. What stays as it is must not stand within others of its
    sign: what closes those would close it first."""
    found: list[EmphasisMark] = []
    for mark in marks[-DEEPEST:]:
        is_within = any(mark.text[0] == outer.text[0] for outer in found)
        if mark.text != "~" and (is_within or not _stays(mark, content)):
            found.append(mark)
    return found


def _stays(mark: EmphasisMark, content: str) -> bool:
    """Whether a mark will probably not be closed: it is doubtful, much stands behind it, or brackets
    close behind it that have opened before."""
    start = mark.start
    is_long = len(content) - start > LONGEST_EMPHASIS and start > 0
    if mark.is_doubtful or is_long:
        return True
    least = max(0, start - LONGEST_EMPHASIS)
    if content.rfind("(", least, start) <= content.rfind(")", least, start):
        return False
    depth = 0
    for found in _ROUND.findall(content, start, start + LONGEST_EMPHASIS):
        depth += 1 if found == "(" else -1
        if depth < 0:
            return True
    return False


def may_be_name(content: str, mark: str, end: int) -> bool:
    """Whether stars that end there, and what follows to the end, may become a name that is none of
    emphasis."""
    return mark[0] == "*" and content[end : end + _LONGEST_NAME + 1] in _HALF_NAMES


def is_none(content: str, mark: str, start: int, end: int) -> bool:
    """Whether stars stand before the name of a variable or of files, or between factors."""
    if mark[0] != "*":
        return False
    if _IS_NAME.match(content, end) or (mark == "*" and content[end] in "./"):
        return True
    return bool(_FACTOR.match(content[start - 1 : start]) and _FACTOR.match(content, end))


def is_in_address(content: str, start: int, end: int) -> bool:
    """Whether a mark is a part of a bare address, which goes on behind it."""
    slashes = content.rfind("://", max(0, start - _LONGEST_ADDRESS), start)
    if slashes < 0 or _GOES_ON.match(content, end) is None:
        return False
    return _NO_ADDRESS.search(content, slashes, start) is None
