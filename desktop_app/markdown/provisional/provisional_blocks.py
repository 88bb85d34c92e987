"""Holds back the last lines of half-written Markdown until they show which block they become.

While an answer arrives, its last line is cut anywhere: between the two stars of `**`, in the middle
of an address, before the row of dashes that makes a table. Shown literally, every such construct
would flash up as punctuation first. So undecided lines are held back here; provisional_inline.py
completes open markup. Both change only the display of the open tail: the complete source is shown
as written.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.parsing.formulas import DISPLAY_OPENER, display_marks

_CONTAINER_MARKS: Final = r"(?:(?:[-+*]|\d{1,9}[.)])[ \t]+|>[ \t]*)*"
"""The marks of the items and quotes that a line begins with."""

_LINE_START: Final = r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*"
"""The marks of quotes, then of items, that a line may begin with."""

_UNDECIDED_IN_CONTAINER: Final = (
    r"\d{1,9}[.)]?[ \t]*",  # the number of a list item
    r"[-+*_=#>:]{1,3}[ \t]*",  # the mark of an item, a heading, a rule, a quote or a definition
    r"\[[ xX]?\]?[ \t]*",  # the box of a task
    r"`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*",  # a fence, perhaps with the language of the code
    r"\\",  # the beginning of a display formula, or an escape
    r"\[\^[\w-]{0,24}(?:\]:?)?[ \t]*",  # the label of a footnote
)
_UNDECIDED: Final = lazy_pattern(
    rf"[ \t]*+(?:{_CONTAINER_MARKS}(?:{'|'.join(_UNDECIDED_IN_CONTAINER)})"
    r"|\\\[.*"  # a display formula
    r"|\[[^^\]][^\]]*\]:.*)"  # the definition of a link
    r"|[-+*_=#>|:$ \t]+"  # a rule, or the row below the header of a table
)
"""Matches a last line that may still become a block of another kind, or be hidden."""
_ROW_START: Final = lazy_pattern(rf"{_LINE_START}\|")
_FENCE_END: Final = lazy_pattern(r"[ \t>]*(`+|~+)[ \t]*")

_MAX_FORMULA_LENGTH: Final = 2_000
"""Characters; a longer text after an opener is not held back as a formula."""
_MAX_ROW_LENGTH: Final = 2_000
"""Characters at the end that are searched for the bar of a table's row."""
_DISPLAY_LINE: Final = lazy_pattern(
    rf"^(?P<line>{_LINE_START}(?:(?P<opens>{DISPLAY_OPENER})(?P<rest>.*)|.*))$", re.MULTILINE
)


def without_undecided_end(source: str, *, in_table: bool = False) -> str:
    """Return the open source without undecided lines at its end.

    Args:
        in_table: the source continues a table, so only the last line can be undecided.
    """
    start = source.rfind("\n") + 1
    last_line = source[start:]
    if in_table and last_line.lstrip(" \t>").startswith("|"):
        return source.removesuffix("\\")  # may be the escape of a bar in code
    if last_line and _UNDECIDED.fullmatch(last_line):
        source = source[:start]
    if in_table:
        return source
    source = _without_open_display(source)
    if "|" in source[-_MAX_ROW_LENGTH:]:
        return _without_table_head(source)
    return source


def _without_open_display(source: str) -> str:
    """Hold back a display formula until the line of its end is complete.

    Openers above a blank line, or more than `_MAX_FORMULA_LENGTH` before the end, are ignored.
    """
    start = max(source.rfind("\n\n"), len(source) - _MAX_FORMULA_LENGTH, 0)
    opener: int | None = None
    closer = ""
    for match in _DISPLAY_LINE.finditer(source, start):
        if opener is not None:
            if closer in match["line"]:
                opener = None
        elif match["opens"]:
            marks = display_marks(match["opens"])
            closer = marks.closer if marks else ""
            _, found, text_after = match["rest"].rstrip(" \t").partition(closer)
            # On the last line, more text can still make the formula a part of a sentence.
            is_last_line = match.end() == len(source)
            if not found or (is_last_line and not text_after):
                opener = match.start()
    return source[:opener]


def _without_table_head(source: str) -> str:
    """Hold back a first row until the row below it decides whether it is a table's header."""
    lines = source.split("\n")
    last_index = len(lines) - 1
    if not lines[last_index] and last_index:
        last_index -= 1
    row = lines[last_index]
    above = lines[last_index - 1] if last_index else ""
    if _ROW_START.match(row) and not _ROW_START.match(above):
        return "\n".join(lines[:last_index]) + ("\n" if last_index else "")
    return source


def without_fence_end(source: str) -> str:
    """Return code without a last line that may be the beginning of its closing fence."""
    start = source.rfind("\n") + 1
    return source[:start] if start and _FENCE_END.fullmatch(source, start) else source
