"""Computes the numbers that OpenDocument shows before list items and headings.

A list begins anew unless it continues another (OpenDocument 1.3, part 3, 5.3.3 and 19.880).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office import list_labels
from desktop_app.documents.office.package import local_name, whole_number

_ODF: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = f"{_ODF}text:1.0}}"
_STYLE: Final = f"{_ODF}style:1.0}}"
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_PLACEHOLDER: Final = re.compile("%([0-9]{1,2})%")
_MAX_CHARS: Final = 255  # of a label, which a hostile file repeats
_OUTLINE: Final = "outline-style"
_LEVELS: Final = ("list-level-style-number", "outline-level-style", "list-level-style-bullet")
_FORMATS: Final[Mapping[str, Callable[[int], str]]] = {
    "1": list_labels.decimal,
    "01": list_labels.padded,
    "a": list_labels.counted_letters,
    "A": lambda number: list_labels.counted_letters(number).upper(),
    "i": list_labels.roman,
    "I": lambda number: list_labels.roman(number).upper(),
    "1st": list_labels.ordinal,
    "一, 二, 三, ...": list_labels.chinese,
}
_LETTERS: Final = {
    "a": list_labels.letters,
    "A": lambda number: list_labels.letters(number).upper(),
}
"""How letters go on after the last one, if a style repeats them."""

_Numbers = dict[int, int]


class _Level(NamedTuple):
    format: Callable[[int], str] | None  # None for a bullet, and for no number
    prefix: str
    suffix: str
    shown_levels: int
    start: int
    pattern: str  # with placeholders such as %1%; of newer programs


class ListNumbering:
    """The numbers of a document's lists and headings, which are counted in their order.

    Call `begin_list` and `end_list` around the items of each list, also of inner ones.
    """

    def __init__(self, trees: Iterable[Element]) -> None:
        self._styles: dict[str, dict[int, _Level]] = {}
        for tree in trees:
            for element in tree.iter():
                if local_name(element) in ("list-style", _OUTLINE):
                    is_outline = local_name(element) == _OUTLINE
                    name = _OUTLINE if is_outline else element.get(f"{_STYLE}name", "")
                    self._styles[name] = {
                        whole_number(level.get(f"{_TEXT}level"), 1) - 1: _level(level)
                        for level in element
                        if local_name(level) in _LEVELS
                    }
        self._headings: _Numbers = {}
        self._open: list[str] = []  # the styles of the lists around the next item
        self._numbers: _Numbers = {}
        self._last: dict[str, _Numbers] = {}  # by style
        self._by_id: dict[str, _Numbers] = {}

    def begin_list(self, element: Element) -> None:
        style = element.get(f"{_TEXT}style-name") or (self._open[-1] if self._open else "")
        if not self._open:
            continued = None
            if predecessor := element.get(f"{_TEXT}continue-list"):
                continued = self._by_id.get(predecessor)
            elif element.get(f"{_TEXT}continue-numbering") == "true":
                continued = self._last.get(style)
            self._numbers = {} if continued is None else continued
            self._last[style] = self._numbers
            self._by_id[element.get(_ID, "")] = self._numbers
        self._open.append(style)

    def end_list(self) -> None:
        self._open.pop()

    def end_story(self) -> None:
        """Forget the lists: a text box of a slide continues none of another."""
        self._last.clear()

    @property
    def is_in_list(self) -> bool:
        return bool(self._open)

    def item_label(self, item: Element) -> str:
        """Count an item of the innermost list; return its number, "-" for a bullet."""
        level = len(self._open) - 1
        levels = self._styles.get(self._open[-1], {})
        own = levels.get(level)
        if local_name(item) == "list-header":
            return ""
        number = self._numbers.get(level, (own.start if own else 1) - 1) + 1
        self._count(self._numbers, level, whole_number(item.get(f"{_TEXT}start-value"), number))
        if own is None or (own.format is None and not own.pattern):
            return "-"
        return _label(levels, level, self._numbers)

    def heading_label(self, heading: Element, level: int) -> str:
        """Count a heading outside lists; return its number, "" if it has none."""
        levels = self._styles.get(_OUTLINE, {})
        own = levels.get(level - 1)
        if own is None or heading.get(f"{_TEXT}is-list-header") == "true":
            return ""
        number = self._headings.get(level - 1, own.start - 1) + 1
        if heading.get(f"{_TEXT}restart-numbering") == "true":
            number = whole_number(heading.get(f"{_TEXT}start-value"), own.start)
        self._count(self._headings, level - 1, number)
        return "" if own.format is None else _label(levels, level - 1, self._headings)

    @staticmethod
    def _count(numbers: _Numbers, level: int, number: int) -> None:
        numbers[level] = number
        for deeper in [each for each in numbers if each > level]:
            del numbers[deeper]


def _level(element: Element) -> _Level:
    style = element.get(f"{_STYLE}num-format", "")
    repeats = element.get(f"{_STYLE}num-letter-sync") == "true"
    is_bullet = local_name(element) == "list-level-style-bullet"
    write = (_LETTERS.get(style) if repeats else None) or _FORMATS.get(style)
    if style and write is None:
        write = list_labels.decimal
    pattern = next(
        (value for key, value in element.attrib.items() if key.endswith("}num-list-format")), ""
    )
    return _Level(
        None if is_bullet else write,
        element.get(f"{_STYLE}num-prefix", "")[:_MAX_CHARS],
        element.get(f"{_STYLE}num-suffix", "")[:_MAX_CHARS],
        max(1, whole_number(element.get(f"{_TEXT}display-levels"), 1)),
        whole_number(element.get(f"{_TEXT}start-value"), 1),
        "" if is_bullet or not style else pattern[:_MAX_CHARS],
    )


def _label(levels: Mapping[int, _Level], level: int, numbers: _Numbers) -> str:
    def number_of(index: int) -> str:
        shown = levels.get(index)
        if shown is None or shown.format is None:
            return ""
        return shown.format(numbers.get(index, shown.start))

    own = levels[level]
    if own.pattern:
        text = _PLACEHOLDER.sub(lambda match: number_of(int(match[1]) - 1), own.pattern)
    else:
        first = max(0, level + 1 - own.shown_levels)
        shown_numbers = filter(None, map(number_of, range(first, level + 1)))
        text = f"{own.prefix}{'.'.join(shown_numbers)}{own.suffix}"
    return " ".join(text.split())
