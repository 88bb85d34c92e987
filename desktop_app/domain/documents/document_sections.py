"""Sections of a document's text: pages, slides, sheets and chapters, and choices of them.

The document readers write a mark before each section: a line such as "[page 3]", or a sheet's name
as a heading. Empty sheets have numbers, too, as in the workbook.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents.document_types import DOCUMENT_FORMATS
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, Param
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_

Span = tuple[int, int]
"""The numbers of the first and the last of several consecutive sections."""

UNITS: Final[Mapping[str, str]] = {
    kind: known.unit for kind, known in DOCUMENT_FORMATS.items() if known.unit
}
"""The unit that documents of a media type are divided into."""

_SHEET: Final = "## "
_ITEM: Final = lazy_pattern(r"""\s*("[^"]*"|“[^”]*”|[^,;]+)""")
_NUMBERS: Final = lazy_pattern(r"([0-9]{1,9})(?:\s*[-\u2010-\u2015]\s*([0-9]{1,9}))?")
_QUOTES: Final = '"“”'


class DocumentSection(NamedTuple):
    """A section: its number, from 1; a sheet's name or ""; the offset of its mark in the text."""

    number: int
    name: str
    start: int


def unit_of(part: DocumentPart) -> str:
    """Return the unit of a document's sections, in the singular.

    Return "" if it has no sections, or if its only section is not a sheet.
    """
    unit = UNITS.get(part.media_type, "")
    return unit if unit == "sheet" or (part.pages or 0) > 1 else ""


def find_sections(text: str, unit: str) -> list[DocumentSection]:
    """Find the sections of a document's text, in order, by their marks.

    A mark follows an empty line, unless it begins the text. A number in a mark must be the next
    one, because a page may quote a mark.
    """
    if unit == "sheet":
        return _find_sheets(text)
    sections: list[DocumentSection] = []
    offset = 0
    while True:
        mark = f"[{unit} {len(sections) + 1}]"
        offset = _find_line(text, mark, offset, is_whole=True)
        if offset < 0:
            return sections
        sections.append(DocumentSection(len(sections) + 1, "", offset))
        offset += len(mark)


def _find_sheets(text: str) -> list[DocumentSection]:
    sections: list[DocumentSection] = []
    offset = _find_line(text, _SHEET, 0, is_whole=False)
    while offset >= 0:
        line_end = text.find("\n", offset)
        name = text[offset + len(_SHEET) : len(text) if line_end < 0 else line_end].strip()
        sections.append(DocumentSection(len(sections) + 1, name, offset))
        offset = _find_line(text, _SHEET, offset + 1, is_whole=False)
    return sections


def _find_line(text: str, beginning: str, start: int, *, is_whole: bool) -> int:
    """Return the offset of the next line that begins with `beginning`, or -1.

    The search begins at offset `start`. The line follows an empty line or is the first of the text.
    If `is_whole`, it contains nothing else.
    """
    offset = start - 1
    # `str.find` scans megabytes in a millisecond.
    while (offset := text.find(beginning, offset + 1)) >= 0:
        mark_end = offset + len(beginning)
        is_line = not is_whole or mark_end == len(text) or text[mark_end] == "\n"
        if is_line and (offset == 0 or text.endswith("\n\n", 0, offset)):
            return offset
    return -1


def parse_spans(
    text: str, count: int, unit: str = "page", names: Sequence[str] = ()
) -> tuple[Span, ...]:
    """Parse a choice of sections such as "3-10, 15" into sorted, disjoint spans.

    Args:
        count: the number of sections.
        names: of sheets, in order. They can be used instead of numbers, in quotation marks if they
            contain a comma or a semicolon, or are numbers.

    Raises:
        IllegalChoiceError: nothing is chosen, a section does not exist or a range is backwards.
    """
    items = [match[1].strip() for match in _ITEM.finditer(text)]
    spans = [_parse_span(item, count, unit, names) for item in items if item]
    if not spans:
        raise _choice_error(N_("Nothing is selected."), unit, count, names)
    return merge_spans(spans)


def _parse_span(item: str, count: int, unit: str, names: Sequence[str]) -> Span:
    """Parse a number, a range or the name of a sheet. Raises IllegalChoiceError."""
    given = item.strip(_QUOTES)
    match = _NUMBERS.fullmatch(item)
    first = int(match[1]) if match else 0
    last = int(match[2] or first) if match else 0
    for number, name in enumerate(names, 1):
        # A sheet may be named like a year.
        if name.strip().casefold() == given.strip().casefold() and not 1 <= first <= count:
            return number, number
    if match is None:
        raise _choice_error(
            N_("“{given}” isn’t a valid selection."), unit, count, names, given=given
        )
    if first > last:
        raise _choice_error(N_("“{given}” isn’t a valid range."), unit, count, names, given=item)
    for number in (first, last):
        if not 1 <= number <= count:
            raise _choice_error(
                N_("“{number}” isn’t in this file."), unit, count, names, number=number
            )
    return first, last


def _choice_error(
    message: str, unit: str, count: int, names: Sequence[str], **params: Param
) -> IllegalChoiceError:
    """Return the error with a hint for this document, and an example of a choice."""
    hint = N_("Enter numbers from 1 to {count}, such as {example}.")
    if count <= 1:
        hint = N_("Only {example} is available.")
    elif names:
        hint = N_("Enter numbers from 1 to {count} or names, such as {example} or {section}.")
    example = "1" if count < 3 else f"1-{min(count - 1, 3)}"
    if count > 4:
        example += f", {count}"
    return IllegalChoiceError(
        message,
        hint,
        params=params,
        unit=unit,
        count=count,
        example=example,
        section=names[0] if names else "",
    )


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort the spans, and merge those that overlap or are adjacent."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def format_spans(spans: Iterable[Span], dash: str = "-") -> str:
    """Format spans as the user writes them.

    >>> format_spans(((3, 10), (15, 15)))
    '3-10, 15'
    """
    return ", ".join(
        f"{first}" if first == last else f"{first}{dash}{last}" for first, last in spans
    )


def chosen_text(part: DocumentPart, text: str) -> str:
    """Return the chosen sections of a document's text, with their marks; without a choice, all.

    Raises:
        DocumentError: the marks of the sections are not in the text.
    """
    chosen = part.chosen
    if chosen is None:
        return text
    sections = find_sections(text, chosen.unit)
    if len(sections) != chosen.of or max(last for _, last in chosen.spans) > chosen.of:
        raise DocumentError(
            N_("Can’t find the selected parts of “{name}”."),
            hint=hints.ATTACH_AGAIN,
            unit=chosen.unit,
            name=part.name,
        )
    starts = [section.start for section in sections] + [len(text)]
    pieces = [text[starts[first - 1] : starts[last]].strip() for first, last in chosen.spans]
    return "\n\n".join(pieces)


_HEADING: Final = lazy_pattern(r"^(#{1,6})[ \t]+(\S.*)$", re.M)
_MARKUP: Final = lazy_pattern(r"[*_`]+|\[\^?[^\]]*\](?:\([^)]*\))?")
_MAX_CHARS: Final = 80
_MAX_EXAMINED_CHARS: Final = 1_000
# Each place searches the headings above it, so their number is limited.
_MAX_SEARCHED: Final = 200


class Heading(NamedTuple):
    """A heading: its offset, its level from 1, and its words without markup, cut if long."""

    start: int
    level: int
    words: str


class Headings:
    """The headings of a text, in order."""

    def __init__(self, text: str) -> None:
        self.all = [
            Heading(match.start(), len(match[1]), _plain_text(match[2].rstrip(" \t#")))
            for match in _HEADING.finditer(text)
        ]

    def above(self, offset: int) -> list[Heading]:
        """Return the headings that apply at `offset`, the outermost first; one may begin there."""
        count = bisect_right(self.all, offset, key=lambda heading: heading.start)
        open_headings: list[Heading] = []
        for heading in reversed(self.all[max(0, count - _MAX_SEARCHED) : count]):
            if not open_headings or heading.level < open_headings[-1].level:
                open_headings.append(heading)
        return open_headings[::-1]


def _plain_text(heading: str) -> str:
    # The pattern takes quadratic time for many brackets that do not close.
    return _MARKUP.sub("", heading[:_MAX_EXAMINED_CHARS]).strip()[:_MAX_CHARS]
