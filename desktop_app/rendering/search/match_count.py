"""Counts how often words occur in rendered Markdown, without rendering most of it.

Rendering twenty megabytes takes a quarter of a minute; searching them, a tenth of a second. A
source is therefore cut into parts, at positions where the text above cannot change the text below:
at fences that begin their line, and at an unindented line after a blank line. A part is not
rendered if it is certainly shown as written: it has no link target, no entity, no image, no
shortened row, and removing its marks does not create the words. Each part that may be shown
otherwise, and may contain the words, is rendered separately. If a line may define a link or a note,
or a character is invisible, the whole source is rendered.

The words are what the user searches for, as `fold_text` folds them: a single string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile
from operator import itemgetter
from typing import Final, NamedTuple

from desktop_app.i18n.translation import language
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.markdown.inline_runs import unparsed_note, wide_table_note
from desktop_app.rendering.markdown.parser import MAX_ADDRESSES, MAX_BRACKET_DEPTH, MAX_COLUMNS
from desktop_app.rendering.search.text_search import (
    count_matches,
    fold_text,
    may_contain,
    remove_characters,
    searchable_texts,
)

_MAX_CONTAINER_MARKS: Final = 40
"""Marks of lists and quotes; a part with more is checked for deep nesting."""
_COUNTED_MARKS: Final = "*_~`\\$&"
"""Marks that are counted: a text with too many of them is not parsed."""
_HIDDEN_MARKS: Final = "*_~`\\["
"""The marks that rendering may remove from between the letters of a word."""
_PLAIN_WORDS: Final = re.compile(r"[^\W_]+(?: [^\W_]+)*")
_NO_WORD: Final = re.compile(r"[\W_]+")
# Signs that a source must be rendered as a whole: definitions, and characters that are not shown as
# they are.
_MAY_DEFINE: Final = re.compile(r"^[ \t>*+\-\d.)]*\[", re.MULTILINE)
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffc\ufdd0\ufdd1"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|[\x00-\x7f\ufe00-\ufe0f][\ufe00-\ufe0f]"
)

_INVISIBLE_ASCII: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")

_FENCE: Final = re.compile(r"^(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)$", re.MULTILINE)
_INNER_FENCE: Final = re.compile(r"^( {1,3})(?:`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_DISPLAY_MARKS: Final = ("$$", "\\[")
_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*\n)+")

# Signs in a part of text that is shown differently than it is written, or not at all, or twice.
_DIFFERING_SIGNS: Final = ("](", "![", "://", "@", "```", "~~~", " " * 60)
_DIFFERING_SIGNS_FOLDED: Final = ("www.", "xn--")  # in lower case
_ENTITY: Final = re.compile(r"&#?\w+;")
_AUTOLINK: Final = re.compile(r"<[a-z][a-z0-9+.-]{1,31}:", re.IGNORECASE)
_DEEP_NESTING: Final = re.compile(r"^[ \t]*(?:(?:[>*+-]|\d+[.)])[ \t]*){12}", re.MULTILINE)
_PLAIN_LINK: Final = re.compile(
    r"(?<![\]!\\])\[([a-z0-9 ,'-]+)\]\(https?://[a-z0-9./#?=&-]+\)", re.I
)
_INDENTED_LINE: Final = re.compile(r"^(?: {4}| {0,3}\t)", re.MULTILINE)
_NUMBERED_ITEM: Final = re.compile(r"^[ \t>*+-]*\d+[.)]", re.MULTILINE)
_TABLE_RULE: Final = re.compile(r"^[ \t>]*[|:-][ \t|:-]*$", re.MULTILINE)


def count_in_markdown(source: str, words: str) -> int:
    """Count the folded `words` in what Markdown shows."""
    if not words or not may_contain(source, words):
        return 0
    if "\r" in source:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    invisible = _INVISIBLE_ASCII if source.isascii() else _INVISIBLE
    if invisible.search(source) or ("]:" in source and _MAY_DEFINE.search(source)):
        return _count_rendered(source, words)
    parts = list(_split_source(source))
    if any(part is None for part in parts):
        return _count_rendered(source, words)
    return sum(_count_in_part(part, words) for part in parts if part is not None)


def _count_rendered(source: str, words: str) -> int:
    return count_matches(_shown_texts(source), words)


@lru_cache(maxsize=2048)
def _shown_texts(source: str) -> tuple[str, ...]:
    """Return the shown texts; cached, because words are typed letter by letter."""
    return tuple(searchable_texts(render(source)))


# ---------------------------------------------------------------------- parts


class _Part(NamedTuple):
    """A part of a source.

    Attributes:
        is_code: True if it is all the text inside a fence.
    """

    text: str
    is_code: bool


def _split_source(source: str) -> Iterator[_Part | None]:
    """Yield the parts of a source. Yield None for a part that may continue in the next one."""
    position = 0
    while position <= len(source):
        fence = _FENCE.search(source, position)
        prose = source[position:] if fence is None else source[position : fence.start()]
        if fence is not None and not _closes_formulas(prose):
            yield None
        for text in _split_at_blank_lines(prose):
            if text:
                yield _Part(text, is_code=False) if _closes_inner_fences(text) else None
        if fence is None:
            return
        fence_mark = fence[1] or fence[2]
        closer = re.compile(rf"^ {{0,3}}{fence_mark[0]}{{{len(fence_mark)},}}[ \t]*$", re.MULTILINE)
        end = closer.search(source, fence.end() + 1)
        code_end = len(source) if end is None else end.start()
        yield _Part(source[fence.end() + 1 : code_end], is_code=True)
        if end is None:
            return
        position = end.end() + 1


def _split_at_blank_lines(prose: str) -> Iterator[str]:
    """Yield the parts of a text, split at blank lines above an unindented line."""
    begin = 0
    for gap in _BLANK_LINES.finditer(prose):
        if prose[gap.end() : gap.end() + 1].strip(" \t"):
            yield prose[begin : gap.start()]
            begin = gap.end()
    yield prose[begin:]


def _closes_formulas(prose: str) -> bool:
    """Return True if no display formula in the last paragraph may continue over the fence."""
    lines = takewhile(str.strip, reversed(prose.split("\n")[:-1]))
    return not any(sign in line for line in lines for sign in _DISPLAY_MARKS)


def _closes_inner_fences(part: str) -> bool:
    """Return True if the indented fences in a part are closed in it."""
    if "```" not in part and "~~~" not in part:
        return True
    fences = list(_INNER_FENCE.finditer(part))
    for opener, closer in zip(fences[::2], fences[1::2], strict=False):
        lines = part[opener.end() : closer.start()].split("\n")
        if opener[1] != closer[1] or closer[2].strip(" \t") or not _are_indented(lines, opener[1]):
            return False
    return len(fences) % 2 == 0


def _are_indented(lines: list[str], indent: str) -> bool:
    return all(line.startswith(indent) for line in lines if line.strip(" \t"))


# ---------------------------------------------------------------------- one part


def _count_in_part(part: _Part, words: str) -> int:
    folded_text = fold_text(part.text)
    if part.is_code:
        # Each line of code is a text of its own, so no match spans two of them.
        return 0 if "\n" in words else folded_text.count(words)
    if words not in folded_text and not may_contain(part.text, words):
        return 0
    count = _count_if_certain(part.text, folded_text, words)
    return count if count is not None else _count_rendered(part.text, words)


def _count_if_certain(part: str, folded_part: str, words: str) -> int | None:
    """Count the words in a part; return None if only rendering it can tell their number."""
    if "](" in part:
        part = _without_targets(part)
        folded_part = fold_text(part)
    if _may_differ(part, folded_part):
        return None
    # The words may be in a note that the program adds.
    if words in _program_words(language()) and _may_be_unparsed(part):
        return None
    max_count = _maximum_count(folded_part, words)
    if max_count == 0:
        return 0
    if words.isdigit() and _NUMBERED_ITEM.search(part):  # an item's number is not text
        return None
    if words == "x" and "[x]" in folded_part:  # a task's box is not text
        return None
    if _PLAIN_WORDS.fullmatch(words) is None:  # the words may contain marks
        return None
    if "|" in part and not _has_equal_rows(part):
        return None
    # Without the marks, the text may have more matches. The true count is between the two.
    count = folded_part.count(words)
    return count if count == max_count else None


def _may_differ(part: str, folded_part: str) -> bool:
    """Return True if a part may be shown differently than written, or not at all, or twice."""
    if any(sign in part for sign in _DIFFERING_SIGNS):
        return True
    if any(sign in folded_part for sign in _DIFFERING_SIGNS_FOLDED):
        return True
    # The patterns take longer than the counts and the search for a sign before them.
    if "&" in part and _ENTITY.search(part) is not None:
        return True
    if "<" in part and _AUTOLINK.search(part) is not None:
        return True
    has_many_marks = sum(map(part.count, ">*+-.)")) > _MAX_CONTAINER_MARKS
    return has_many_marks and _DEEP_NESTING.search(part) is not None


def _maximum_count(folded_part: str, words: str) -> int:
    """Return the count in the text without its marks, which is the maximum; -1 if unknown.

    Words of several kinds of characters are counted without punctuation, because marks may stand
    beside it.
    """
    if " " not in words and words.isalnum():
        return remove_characters(_HIDDEN_MARKS, folded_part).count(words)
    bare_words = _NO_WORD.sub(" ", remove_characters(_HIDDEN_MARKS, words)).strip()
    if not bare_words:
        return -1
    return _NO_WORD.sub(" ", remove_characters(_HIDDEN_MARKS, folded_part)).count(bare_words)


def _without_targets(part: str) -> str:
    """Return the part without the targets of plain links, which are not shown.

    A part in which a link may be code or escaped is returned unchanged.
    """
    if any(sign in part for sign in ("``", "\\", "$", "<", "|")) or _INDENTED_LINE.search(part):
        return part
    lines = part.split("\n")
    if any(line.count("`") % 2 for line in lines):
        return part
    return "\n".join(_without_targets_in(line) for line in lines)


def _without_targets_in(line: str) -> str:
    pieces = line.split("`")  # every second piece is code
    pieces[::2] = [_PLAIN_LINK.sub(itemgetter(1), piece) for piece in pieces[::2]]
    return "`".join(pieces)


def _has_equal_rows(part: str) -> bool:
    """Return True if certainly no table row has more cells than are shown.

    A row shows as many cells as the header has, so rows of the same shape are safe. A backslash may
    make a mark a part of a cell.
    """
    if _TABLE_RULE.search(part) is None:
        return True
    rows = [line.strip(" \t>") for line in part.split("\n") if "|" in line]
    shapes = {(row.count("|"), row.startswith("|"), row.endswith("|")) for row in rows}
    return len(shapes) == 1 and "\\" not in part and rows[0].count("|") <= MAX_COLUMNS


@lru_cache(maxsize=1)
def _program_words(_language: str) -> str:
    """Return the words that the program adds to text that is not shown as Markdown.

    They are translated, so the language is the key of the cache.
    """
    return fold_text(f"{unparsed_note().text} {wide_table_note().text}")


def _may_be_unparsed(part: str) -> bool:
    """Return True if the part may be shown as written, with a note that says so.

    This counts fewer signs than the parser's limits, so it may be True for a part that is parsed.
    """
    return (
        part.count("[") > MAX_BRACKET_DEPTH
        or part.count("|") > MAX_COLUMNS
        or part.count("<") > MAX_ADDRESSES
        or sum(map(part.count, _COUNTED_MARKS)) > MAX_ADDRESSES
    )
