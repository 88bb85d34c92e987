"""The number formats of a workbook's cells that python-calamine does not apply.

These are percentages, the padded formats of postal codes and the like, durations that are too long
for it, and negative dates and times, of which it shows the time of day: 18:00 for -6:00.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from desktop_app.documents.spreadsheets import sheet_table

_BUILT_IN_PERCENTAGES: Final = frozenset((9, 10))
_BUILT_IN_DURATION: Final = 46
_BUILT_IN_DATES: Final = frozenset((14, 15, 16, 17, 22))
_BUILT_IN_TIMES: Final = frozenset((18, 19, 20, 21, 45, 47))
_ELAPSED_TIME: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\[[^\]]*\]")
_DATE: Final = re.compile("[dy]", re.IGNORECASE)
# Only hours, minutes and seconds, in any section: "h:mm;-h:mm".
_TIME: Final = re.compile(r"(?=.*[hs])(?:AM/PM|A/P|[hms:.,0;@()_ -])+", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.')
# The formats of postal codes, article numbers and the like: digits and literals. Their sections are
# for positive numbers, negative numbers and zero, or for numbers that meet a condition.
_FORMAT_SECTION: Final = re.compile(r'((?:"[^"]*"|\\.|[^;"\\])*)(?:;|\Z)')
_PADDED_SECTION: Final = re.compile(
    r"(?:\[(?:\$-[0-9A-Fa-f]+|[A-Za-z]+ ?[0-9]*|(<=?|>=?)([0-9]{0,20}\.?[0-9]{1,20}))\])*"
    r'((?:"[^"]*"|\\.|[-+() 0#])*)'
)
_PADDED_PIECE: Final = re.compile(r'"([^"]*)"|\\(.)|([0#])')
_CONDITIONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MAX_FORMAT_LENGTH: Final = 255  # Excel's limit
# Placeholders for a digit in the template of a section. A number without a digit at the place shows
# 0 for the first, and nothing for the second.
_ZERO = "\0"
_OPTIONAL = "\1"
_PLACE: Final = re.compile(f"([{_ZERO}{_OPTIONAL}])")


def displayed_formats(codes: Iterable[tuple[int, str]]) -> dict[int, DisplayedFormat]:
    """Map the ids of number formats to those that are applied here; leave others out."""
    formats: dict[int, DisplayedFormat] = dict.fromkeys(_BUILT_IN_PERCENTAGES, PercentFormat())
    formats[_BUILT_IN_DURATION] = DurationFormat()
    formats |= dict.fromkeys(_BUILT_IN_DATES, DateFormat())
    formats |= dict.fromkeys(_BUILT_IN_TIMES, TimeFormat())
    for number, code in codes:
        if len(code) > _MAX_FORMAT_LENGTH:
            continue
        signs = without_literals(code)
        if "%" in signs:
            formats[number] = PercentFormat()
        elif _ELAPSED_TIME.search(signs):
            formats[number] = DurationFormat()
        elif _DATE.search(_BRACKETED.sub("", signs)):
            formats[number] = DateFormat()
        elif _TIME.fullmatch(_BRACKETED.sub("", signs)):
            formats[number] = TimeFormat()
        elif padded := PaddedFormat.parse(code):
            formats[number] = padded
    return formats


def without_literals(code: str) -> str:
    """Return a number format without its quoted texts and characters."""
    return _QUOTED.sub("", code)


class PercentFormat:
    """The format of percentages."""

    def display(self, number: float) -> str:
        """Return a text such as "97.8%" for 0.978."""
        return f"{round(number * 100, 9):.12g}%"


class DurationFormat:
    """The format of durations in days."""

    def display(self, number: float) -> str | None:
        """Return a number at which python-calamine fails with an OverflowError; None for others."""
        return f"{number:.15g}" if abs(number) >= datetime.timedelta.max.days else None


class DateFormat:
    """The format of dates, with or without a time."""

    def display(self, number: float) -> str | None:
        """Return a negative number, which is no date; None for others."""
        return f"{number:.15g}" if number < 0 else None


class TimeFormat:
    """The format of times without a date, in days."""

    def display(self, number: float) -> str | None:
        """Return a negative time, such as "-6:00:00" for -0.25; None for others."""
        if number >= 0:
            return None
        if number <= datetime.timedelta.min.days:
            return f"{number:.15g}"
        return sheet_table.duration(datetime.timedelta(number))


class PaddedFormat(NamedTuple):
    """A number format of digits and literals.

    Attributes:
        templates: one for each section, with literals, `_ZERO` and `_OPTIONAL`.
        condition: compares a number with `limit`; the first section is for numbers that meet it.
            None if the sections are for positive numbers, negative numbers and zero.
    """

    templates: list[str]
    condition: Callable[[float, float], bool] | None
    limit: float

    @classmethod
    def parse(cls, code: str) -> PaddedFormat | None:
        """Parse a number format; return None if it is of another kind."""
        codes = [text for text in _FORMAT_SECTION.findall(code)[:-1] if "@" not in text][:3]
        sections = [_PADDED_SECTION.fullmatch(text) for text in codes]
        matches = [section for section in sections if section]
        templates = [_PADDED_PIECE.sub(_template_piece, section[3]) for section in matches]
        conditions = [section[1] for section in matches]
        has_others = len(matches) < len(sections) or any(conditions[1:])
        if has_others or not templates or len(_PLACE.findall(templates[0])) < 2:
            return None
        if not conditions[0]:
            return cls(templates, None, 0)
        if len(templates) != 2:
            return None
        return cls(templates, _CONDITIONS[conditions[0]], float(matches[0][2]))

    def display(self, number: float) -> str | None:
        """Return a text such as "02134" for 2134; None for a fraction or a huge number."""
        if number.is_integer() and abs(number) < 1e15:
            return self._display_integer(int(number))
        return None

    def _display_integer(self, number: int) -> str:
        last = len(self.templates) - 1
        if self.condition is not None:
            index = 0 if self.condition(number, self.limit) else 1
        elif number == 0:
            index = 2 if last >= 2 else 0
        else:
            index = 1 if number < 0 else 0
        # Only a section for negative numbers contains their sign.
        has_own_sign = index == 1 <= last and self.condition is None
        sign = "-" if number < 0 and not has_own_sign else ""
        return f"{sign}{_fill(self.templates[min(index, last)], str(abs(number)))}"


DisplayedFormat = PercentFormat | DurationFormat | DateFormat | TimeFormat | PaddedFormat
"""A format that is applied here."""


def _fill(template: str, digits: str) -> str:
    """Put digits into a template; its first place takes all surplus digits."""
    pieces = _PLACE.split(template)
    places = pieces[1::2]
    first_literal, *literals = pieces[::2]
    zeros = len(places) - places.index(_ZERO) if _ZERO in places else 0
    digits = digits.lstrip("0").zfill(zeros)
    first_place_width = max(0, len(digits) - len(places)) + 1
    place_texts = [digits[:first_place_width], *digits[first_place_width:]] if places else []
    place_texts = [*[""] * (len(places) - len(place_texts)), *place_texts]
    pairs = zip(place_texts, literals, strict=True)
    return first_literal + "".join(text + literal for text, literal in pairs)


def _template_piece(piece: re.Match[str]) -> str:
    """Return a literal of a format without its quotes, or the placeholder for a digit."""
    return {"0": _ZERO, "#": _OPTIONAL}.get(piece[3] or "", piece[1] or piece[2] or "")
