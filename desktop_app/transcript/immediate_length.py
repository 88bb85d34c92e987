"""Decides how much of a stored text is parsed and written at once; the rest follows in slices."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from desktop_app.transcript.media.fallback_fonts import few_scripts_length

IMMEDIATE_CHARACTERS: Final = 12_000
"""Maximum characters of a stored text that are parsed and written immediately."""

_IMMEDIATE_MARKUP_CHARACTERS: Final = 800
"""Maximum characters of a stored text that are written immediately if it is dense with markup."""
_DENSE_CHARACTERS_PER_MARK: Final = 4
"""A text is dense with markup if it has a mark for each so many characters, or more marks."""
_IMMEDIATE_LINES: Final = 400
"""Maximum lines of a stored text that are parsed and written immediately."""
_ADDRESS_MARKS: Final = 20
"""The number of marks that take as long to parse as one address."""
_LINE_ENDS: Final = re.compile(r"\r\n?|\n")
_MARKS: Final = re.compile(r"[^\w\s,.;:!?'\"()/-]")


def immediate_length(text: str) -> int:
    """Return the number of characters of a text to parse and write immediately.

    The number is lower if the text is dense with markup, has very short lines or many scripts.
    """
    beginning = text[:IMMEDIATE_CHARACTERS]
    beginning = beginning[: few_scripts_length(beginning)]
    addresses = sum(map(beginning.count, ("www.", "://", "](", "@")))
    ends = [match.end() for match in islice(_LINE_ENDS.finditer(beginning), _IMMEDIATE_LINES)]
    # Each mark makes a run, each line a block.
    marks = len(_MARKS.findall(beginning)) + _ADDRESS_MARKS * addresses + len(ends)
    if marks * _DENSE_CHARACTERS_PER_MARK >= len(beginning):
        return min(len(beginning), _IMMEDIATE_MARKUP_CHARACTERS)
    return ends[-1] if len(ends) == _IMMEDIATE_LINES else len(beginning)
