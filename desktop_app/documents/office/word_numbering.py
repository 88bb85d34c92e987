"""Computes the numbers that Word shows before paragraphs: "§ 1", "1.2", "(a)", "IV." …

A paragraph's list and level come from itself or from its style; lists with the same definition
count on together, unless one starts again (ISO/IEC 29500-1, 17.9).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office import markdown_text
from desktop_app.documents.office.package import local_name, whole_number
from desktop_app.documents.office.word_styles import WORD, WordStyles, value_of

_MAX_LEVELS: Final = 9
_PLACEHOLDER: Final = re.compile("%([1-9])")
_MAX_CHARS: Final = 255  # of a label, which a hostile file repeats
_MAX_START: Final = 1_000_000
_FORMATS: Final[Mapping[str, Callable[[int], str]]] = {
    "decimalZero": markdown_text.padded,
    "lowerLetter": markdown_text.letters,
    "upperLetter": lambda number: markdown_text.letters(number).upper(),
    "lowerRoman": markdown_text.roman,
    "upperRoman": lambda number: markdown_text.roman(number).upper(),
    "ordinal": markdown_text.ordinal,
    "russianLower": markdown_text.russian_letters,
    "russianUpper": lambda number: markdown_text.russian_letters(number).upper(),
    **dict.fromkeys(
        (
            *("chineseCounting", "chineseCountingThousand", "japaneseCounting"),
            *("ideographDigital", "taiwaneseCounting", "taiwaneseCountingThousand"),
        ),
        markdown_text.chinese,
    ),
}
"""How numbers are written (17.18.59); others become decimal."""


class Label(NamedTuple):
    """What stands before a paragraph of a list.

    Attributes:
        text: the number with its punctuation; "" for a bullet.
        level: from 0.
    """

    text: str
    level: int


class _Level(NamedTuple):
    start: int
    style: str
    text: str
    restarts_after: int  # a paragraph up to this level, from 1, makes it start again; 0: none
    is_legal: bool  # all numbers are decimal


@dataclass
class _Counter:
    """The numbers of the lists with one definition, by level.

    Attributes:
        begun_lists: the lists that have a paragraph.
    """

    numbers: dict[int, int] = field(default_factory=dict)
    begun_lists: set[tuple[str, int]] = field(default_factory=set)


class WordNumbering:
    """The numbers of a document's paragraphs; `label` takes these in their order."""

    def __init__(self, numbering: Element, styles: WordStyles) -> None:
        self._styles = styles
        self._definitions = {
            element.get(f"{WORD}abstractNumId", ""): element
            for element in numbering.iterfind(f"{WORD}abstractNum")
        }
        self._lists = {
            element.get(f"{WORD}numId", ""): element for element in numbering.iterfind(f"{WORD}num")
        }
        self._levels: dict[str, dict[int, _Level]] = {}
        self._style_levels: dict[str, dict[str, int]] = {}
        self._counters: dict[str, _Counter] = {}

    def label(self, paragraph: Element) -> Label | None:
        """Count a paragraph; return what stands before it, None if nothing does."""
        properties = paragraph.find(f"{WORD}pPr")
        style = value_of(properties, "pStyle") or self._styles.default_paragraph
        list_id, level, styled_by = self._styles.numbering(style)
        own = None if properties is None else properties.find(f"{WORD}numPr")
        if own is not None:
            own_id = value_of(own, "numId")
            list_id = own_id or list_id
            if own_id or value_of(own, "ilvl"):
                level, styled_by = value_of(own, "ilvl") or (level if not own_id else "0"), ""
        definition = self._definition_of(list_id)
        if definition is None:
            return None
        definition_id = definition.get(f"{WORD}abstractNumId", "")
        levels = self._levels_of(list_id, definition)
        number = whole_number(level)
        if styled_by:  # the level names the style
            number = self._style_levels[list_id].get(styled_by, number)
        if number not in levels:
            return None
        counter = self._counters.setdefault(definition_id, _Counter())
        self._count(counter, list_id, number, levels)
        return self._text(counter, number, levels)

    def _definition_of(self, list_id: str) -> Element | None:
        """Return the definition of a list; it may refer to that of a style."""
        for _ in range(_MAX_LEVELS):
            found = self._lists.get(list_id)
            definition = (
                None if found is None else self._definitions.get(value_of(found, "abstractNumId"))
            )
            link = "" if definition is None else value_of(definition, "numStyleLink")
            if not link:
                return definition
            list_id = self._styles.numbering(link)[0]
        return None

    def _levels_of(self, list_id: str, definition: Element) -> dict[int, _Level]:
        if list_id in self._levels:
            return self._levels[list_id]
        elements = {_index(each): each for each in definition.iterfind(f"{WORD}lvl")}
        starts: dict[int, int] = {}
        for override in self._lists[list_id].iterfind(f"{WORD}lvlOverride"):
            replaced = override.find(f"{WORD}lvl")
            if replaced is not None:
                elements[_index(override)] = replaced
            if start := value_of(override, "startOverride"):
                starts[_index(override)] = _start(start)
        self._style_levels[list_id] = {
            value_of(each, "pStyle"): index for index, each in elements.items()
        }
        self._levels[list_id] = {
            index: _level(element, index, starts) for index, element in elements.items()
        }
        return self._levels[list_id]

    def _count(
        self, counter: _Counter, list_id: str, level: int, levels: Mapping[int, _Level]
    ) -> None:
        """Count a paragraph, and forget the numbers of the levels that start again."""
        if (list_id, level) not in counter.begun_lists:
            counter.begun_lists.add((list_id, level))
            overrides = self._lists[list_id].iterfind(f"{WORD}lvlOverride")
            if any(_index(each) == level and value_of(each, "startOverride") for each in overrides):
                counter.numbers.pop(level, None)
        start = levels[level].start
        counter.numbers[level] = counter.numbers.get(level, start - 1) + 1
        for deeper in [each for each in counter.numbers if each > level]:
            if deeper not in levels or level < levels[deeper].restarts_after:
                del counter.numbers[deeper]

    def _text(self, counter: _Counter, level: int, levels: Mapping[int, _Level]) -> Label | None:
        own = levels[level]
        if own.style == "bullet":
            return Label("", level)

        def number_of(placeholder: re.Match[str]) -> str:
            index = int(placeholder[1]) - 1
            if index not in levels:
                return ""
            number = counter.numbers.get(index, levels[index].start)
            style = levels[index].style
            if style == "none":
                return ""
            if own.is_legal:
                return str(number)
            if style.isdecimal():  # a number of digits
                return str(number).zfill(len(style))
            return _FORMATS.get(style, markdown_text.decimal)(number)

        text = " ".join(_PLACEHOLDER.sub(number_of, own.text).split())
        return Label(text, level) if text else None


def _index(element: Element) -> int:
    return whole_number(element.get(f"{WORD}ilvl"))


def _start(text: str) -> int:
    return min(max(whole_number(text, 1), 0), _MAX_START)


def _level(element: Element, index: int, starts: Mapping[int, int]) -> _Level:
    style = "decimal"
    text = ""
    for child in _children(element):
        value = child.get(f"{WORD}val", "")
        if local_name(child) == "numFmt":
            # "custom" has the format "001, 002, 003, …" (MS-DOCX, 2.3.4).
            style = value if value != "custom" else child.get(f"{WORD}format", "").split(",")[0]
            style = style[:_MAX_CHARS]
        elif local_name(child) == "lvlText":
            text = value[:_MAX_CHARS]
    restart = whole_number(value_of(element, "lvlRestart"), index)
    start = starts.get(index, _start(value_of(element, "start")))
    is_legal = element.find(f"{WORD}isLgl") is not None
    return _Level(start, style, text, restart, is_legal)


def _children(element: Element) -> Iterable[Element]:
    """Yield the properties of a level, also those that only new programs read."""
    for child in element:
        if local_name(child) == "AlternateContent":
            yield from (grandchild for branch in reversed(child) for grandchild in branch)
        else:
            yield child
