"""Finds what the looks of a line of Markdown depend on: its kind, its marks, its inline formats.

Ranges count characters. It is for the editor, in which each key asks for a line; what a text means
is decided by `markdown/`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

_MAX_CHARACTERS: Final = 5_000
"""Longer lines have no inline formats, because each key would search all of the line."""

_HEADING: Final = lazy_pattern(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_RULE: Final = lazy_pattern(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_QUOTE: Final = lazy_pattern(r"(?: {0,3}> ?)+")
_ITEM: Final = lazy_pattern(r"([ \t]*)([-+*]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t])?")
_TABLE: Final = lazy_pattern(r" {0,3}\|")
_PIPE: Final = lazy_pattern(r"\||^[ |:-]+$")
_MAY_HAVE_MARKS: Final = lazy_pattern(r"[*_`~\[\\]|://")
_CODE: Final = lazy_pattern(r"(?<!`)(`{1,20})(?!`)[^`]+(?:`+[^`]+)??(?<!`)(\1)(?!`)")
_ESCAPE: Final = lazy_pattern(r"(\\)[!-/:-@\[-`{-~]")
_LINK: Final = lazy_pattern(r"(!?\[)[^\[\]]{1,500}(\]\([^()\s]{0,2000}(?: \"[^\"]*\")?\))")
_ADDRESS: Final = lazy_pattern(r"<?https?://[^\s<>]*[^\s<>.,;:!?)'\"]>?")
_BOTH: Final = lazy_pattern(r"(\*{3})(?=[^\s*])[^*]+(?<=\S)(\*{3})(?!\*)")
_STRONG: Final = lazy_pattern(
    r"(\*\*)(?=[^\s*])(?:[^*]|\*(?!\*))+?(?<=\S)(\*\*)(?!\*)"
    r"|(?<!\w)(__)(?=[^\s_])(?:[^_]|_(?!_))+?(?<=\S)(__)(?!\w)"
)
_EMPHASIS: Final = lazy_pattern(
    r"(?<!\*)(\*)(?=[^\s*])[^*]+?(?<=[^\s*])(\*)(?!\*)"
    r"|(?<![\w_])(_)(?=[^\s_])[^_]+?(?<=[^\s_])(_)(?![\w_])"
)
_STRIKE: Final = lazy_pattern(r"(~~)(?=[^\s~])[^~]+?(?<=\S)(~~)")


# What a character looks like: the sum of these.
PLAIN: Final = 0
STRONG: Final = 1
EMPHASIS: Final = 2
CODE: Final = 4
LINK: Final = 8
STRIKE: Final = 16
FAINT: Final = 32
QUOTE: Final = 64
MARK: Final = 128
"""Faint in the line of the cursor, else hidden."""


_INLINE: Final = (
    (_CODE, ("`",), CODE, "all"),
    (_ESCAPE, ("\\",), PLAIN, "all"),
    (_LINK, ("](",), LINK, "marks"),
    (_ADDRESS, ("://",), LINK, "all"),
    (_STRIKE, ("~~",), STRIKE, "marks"),
    (_BOTH, ("***",), STRONG | EMPHASIS, "all"),
    (_STRONG, ("**", "__"), STRONG, "marks"),
    (_EMPHASIS, ("*", "_"), EMPHASIS, "marks"),
)
"""In this order: the pattern, the signs without which it finds nothing, its look, what it leaves
out for the next patterns."""


class Span(NamedTuple):
    """Characters [start, end) of a line."""

    start: int
    end: int
    look: int


class LineLooks(NamedTuple):
    """The looks of a line.

    Attributes:
        level: of a heading, 1 to 6; 0 for another line.
        bullet: where the bullet of a list's item is; -1 for none.
        quotes: where the marks of quotes are.
        is_rule: whether it is a thematic break.
        is_table: whether it is a row of a table.
        spans: in order, without overlaps; a character outside is plain.
    """

    level: int = 0
    bullet: int = -1
    quotes: tuple[int, ...] = ()
    is_rule: bool = False
    is_table: bool = False
    spans: tuple[Span, ...] = ()


_PLAIN: Final = LineLooks()


@lru_cache(512)
def looks_of(line: str) -> LineLooks:
    """Return the looks of a line outside of a code block.

    >>> looks_of("- a **b**").bullet
    0
    >>> [tuple(span) for span in looks_of("*a* b").spans]
    [(0, 1, 128), (1, 2, 2), (2, 3, 128)]
    """
    if _RULE.match(line):
        return LineLooks(is_rule=True, spans=(Span(0, len(line), MARK),))
    if _TABLE.match(line):
        pipes = [Span(*pipe.span(), FAINT) for pipe in _PIPE.finditer(line)]
        return LineLooks(is_table=True, spans=tuple(pipes))
    marks: list[Span] = []
    bullet, level, start = -1, 0, 0
    quotes: tuple[int, ...] = ()
    if quote := _QUOTE.match(line):
        start = quote.end()
        quotes = tuple(at for at in range(start) if line[at] == ">")
        marks.append(Span(0, start, MARK))
    if heading := _HEADING.match(line, start):
        level = len(heading[1])
        marks.append(Span(start, heading.end(), MARK))
        start = heading.end()
    elif item := _ITEM.match(line, start):
        if item[2] in "-+*":
            bullet = item.start(2)
        start = item.end()
    spans = _inline_spans(line, start) if _MAY_HAVE_MARKS.search(line, start) else []
    if quotes:
        spans = _over(spans, QUOTE, start, len(line))
    if not (marks or spans or level or bullet >= 0):
        return _PLAIN
    return LineLooks(level, bullet, quotes, spans=(*marks, *spans))


def _inline_spans(line: str, start: int) -> list[Span]:
    if len(line) > _MAX_CHARACTERS:
        return []
    looks = [0] * len(line)
    rest = line

    def find(pattern: re.Pattern[str], look: int, leaves: str) -> None:
        """Format what a pattern finds; its groups are marks.

        The next patterns find nothing in its "marks", or in "all" of it.
        """
        nonlocal rest
        left_out: list[tuple[int, int]] = []
        for match in pattern.finditer(rest, start):
            looks[match.start() : match.end()] = [
                each | look for each in looks[slice(*match.span())]
            ]
            marks = [match.span(group) for group in range(1, (match.lastindex or 0) + 1)]
            marks = [(begin, end) for begin, end in marks if begin >= 0]
            for begin, end in marks:
                looks[begin:end] = [MARK] * (end - begin)
            left_out += [match.span()] if leaves == "all" else marks
        if left_out:
            # Letters, so that what is beside them is still within a word.
            bounds = [0, *(at for span in left_out for at in span), len(rest)]
            pieces = zip(bounds[::2], bounds[1::2], [*bounds[2::2], len(rest)], strict=True)
            rest = "".join(
                rest[begin:end] + "x" * (following - end) for begin, end, following in pieces
            )

    # The search for a sign takes a hundredth of the time that a pattern takes to find nothing.
    for pattern, signs, look, leaves in _INLINE:
        if any(sign in rest for sign in signs):
            find(pattern, look, leaves)
    return _runs(looks, start)


def _runs(looks: list[int], start: int) -> list[Span]:
    spans = []
    for look, run in groupby(looks[start:]):
        end = start + len(list(run))
        if look:
            spans.append(Span(start, end, look))
        start = end
    return spans


def _over(spans: list[Span], look: int, start: int, end: int) -> list[Span]:
    """Return spans that fill a range, each with a look besides its own."""
    filled = []
    for span in [*spans, Span(end, end, PLAIN)]:
        if start < span.start:
            filled.append(Span(start, span.start, look))
        if span.start < span.end:
            filled.append(span._replace(look=span.look | look))
        start = span.end
    return filled
