"""What of an OpenDocument file is hidden or deleted, its forms, and the numbers of its lists.

A list begins again unless it continues another (OpenDocument 1.3, part 3, 5.3.3 and 19.880).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office import drawing, markdown_text
from desktop_app.documents.office.drawing import EMU_PER_INCH, Shape
from desktop_app.documents.office.markdown_text import Marks
from desktop_app.documents.office.package import local_name, whole_number

_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_PLACEHOLDER: Final = re.compile("%([0-9]{1,2})%")
_MAX_CHARS: Final = 255  # of a label, which a hostile file repeats
_OUTLINE: Final = "outline-style"
_LEVELS: Final = ("list-level-style-number", "outline-level-style", "list-level-style-bullet")
_FORMATS: Final[Mapping[str, Callable[[int], str]]] = {
    "1": markdown_text.decimal,
    "01": markdown_text.padded,
    "a": markdown_text.counted_letters,
    "A": lambda number: markdown_text.counted_letters(number).upper(),
    "i": markdown_text.roman,
    "I": lambda number: markdown_text.roman(number).upper(),
    "1st": markdown_text.ordinal,
    "一, 二, 三, ...": markdown_text.chinese,
}
_LETTERS: Final = {
    "a": markdown_text.letters,
    "A": lambda number: markdown_text.letters(number).upper(),
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
        write = markdown_text.decimal
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


_ODF: Final = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT: Final = f"{_ODF}text:1.0}}"
_TABLE: Final = f"{_ODF}table:1.0}}"
_STYLE: Final = f"{_ODF}style:1.0}}"
_DRAW: Final = f"{_ODF}drawing:1.0}}"
_FORM: Final = f"{_ODF}form:1.0}}"
_SVG: Final = f"{_ODF}svg-compatible:1.0}}"
_PRESENTATION: Final = f"{_ODF}presentation:1.0}}"
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_IDS: Final = (f"{_FORM}id", _XML_ID)
_MAX_DEPTH: Final = 20  # styles may inherit from each other in a circle
_LENGTH: Final = re.compile(r"(-?[0-9.]{1,12})(cm|mm|in|pt|pc|px)")
_POSITIONS: Final = {"super": 1, "sub": -1}
_EMU_PER_UNIT: Final = {
    "in": EMU_PER_INCH,
    "cm": EMU_PER_INCH / 2.54,
    "mm": EMU_PER_INCH / 25.4,
    "pt": EMU_PER_INCH / 72,
    "pc": EMU_PER_INCH / 6,
    "px": EMU_PER_INCH / 96,
}


class OpenDocumentStyles:
    """What the styles of a document hide, raise, lower and strike out."""

    def __init__(self, trees: Iterable[Element]) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        for tree in trees:
            for style in tree.iter(f"{_STYLE}style"):
                key = (style.get(f"{_STYLE}family", ""), style.get(f"{_STYLE}name", ""))
                self._styles.setdefault(key, style)
        self._hides: dict[tuple[str, str], bool] = {}
        self._marks: dict[tuple[str, str], Marks] = {}

    def is_hidden(self, element: Element) -> bool:
        """Return True for a hidden paragraph, part of a paragraph, section or field."""
        match local_name(element):
            case "p" | "h":
                fields = element.iter(f"{_TEXT}hidden-paragraph")
                return self._is_hidden_by_style("paragraph", element) or any(map(_says_so, fields))
            case "span":
                return self._is_hidden_by_style("text", element)
            case "section":
                display = element.get(f"{_TEXT}display")
                return display == "none" or (display == "condition" and _says_so(element))
            case "hidden-text":
                return _says_so(element)
        return False

    def is_hidden_sheet(self, sheet: Element) -> bool:
        return self._states("table", sheet.get(f"{_TABLE}style-name"), f"{_TABLE}display", "false")

    def is_hidden_slide(self, page: Element) -> bool:
        style = page.get(f"{_DRAW}style-name")
        return self._states("drawing-page", style, f"{_PRESENTATION}visibility", "hidden")

    def hidden_columns(self, table: Element, limit: int) -> set[int]:
        """Return the numbers of a table's hidden columns, from 0."""
        hidden: set[int] = set()
        number = 0
        for column in table.iter(f"{_TABLE}table-column"):
            count = max(1, whole_number(column.get(f"{_TABLE}number-columns-repeated"), 1))
            if is_filtered(column) and number <= limit:
                hidden.update(range(number, min(number + count, limit)))
            number += count
        return hidden

    def _is_hidden_by_style(self, family: str, element: Element) -> bool:
        name = element.get(f"{_TEXT}style-name", "")
        if (family, name) not in self._hides:
            displays = (
                properties.get(f"{_TEXT}display")
                for style in self._bases(family, name)
                for properties in style.iter(f"{_STYLE}text-properties")
            )
            stated = next(filter(None, displays), "")
            self._hides[family, name] = stated == "none"
        return self._hides[family, name]

    def marks(self, family: str, name: str) -> Marks:
        """Return the marks that a style and its bases state for text."""
        if (family, name) not in self._marks:
            stated: dict[str, str] = {}
            for style in reversed(self._bases(family, name)):
                for properties in style.iter(f"{_STYLE}text-properties"):
                    stated |= properties.attrib
            position = stated.get(f"{_STYLE}text-position", "").partition(" ")[0]
            height = _POSITIONS.get(position) or _percentage(position)
            lines = (stated.get(f"{_STYLE}text-line-through-{each}") for each in ("style", "type"))
            is_struck = any(line not in (None, "", "none") for line in lines)
            self._marks[family, name] = Marks(height > 0, height < 0, is_struck)
        return self._marks[family, name]

    def _states(self, family: str, name: str | None, attribute: str, value: str) -> bool:
        bases = self._bases(family, name or "")
        return any(part.get(attribute) == value for style in bases for part in style)

    def _bases(self, family: str, name: str) -> list[Element]:
        """Return a style, and the styles that it inherits from."""
        found: list[Element] = []
        while (family, name) in self._styles and len(found) < _MAX_DEPTH:
            found.append(self._styles[family, name])
            name = found[-1].get(f"{_STYLE}parent-style-name", "")
        return found


def _percentage(text: str) -> int:
    return whole_number(text.rstrip("%").partition(".")[0])


def _says_so(element: Element) -> bool:
    return element.get(f"{_TEXT}is-hidden") == "true"


def is_filtered(element: Element) -> bool:
    """Return True for a hidden row or column."""
    return element.get(f"{_TABLE}visibility") in ("collapse", "filter")


def deletions(content: Element) -> dict[str, Element]:
    """Return the tracked deletions by id."""
    return {
        region.get(key, ""): deletion
        for region in content.iter(f"{_TEXT}changed-region")
        for deletion in region.iterfind(f"{_TEXT}deletion")
        for key in (f"{_TEXT}id", _XML_ID)
    }


def form_values(content: Element) -> dict[str, str]:
    """Return what the controls of forms show, by id."""
    return {
        control.get(key, ""): _value(control)
        for control in content.iter()
        if control.tag.startswith(_FORM)
        for key in _IDS
    }


def _value(control: Element) -> str:
    label = control.get(f"{_FORM}label", "")
    match local_name(control):
        case "checkbox" | "radio":
            ticked = control.get(f"{_FORM}current-state") == "checked"
            ticked = ticked or control.get(f"{_FORM}current-selected") == "true"
            return f"{'☒' if ticked else '☐'} {label}".strip()
        case "listbox":
            options = control.iterfind(f"{_FORM}option")
            return ", ".join(
                f"☒ {option.get(f'{_FORM}label', '')}"
                for option in options
                if option.get(f"{_FORM}current-selected") == "true"
            )
        case "password" | "hidden" | "file":
            return ""
    return control.get(f"{_FORM}current-value") or control.get(f"{_FORM}value") or label


def in_reading_order(page: Element) -> list[Element]:
    """Return the children of a slide in the order in which they are read, notes last."""
    titles = [each for each in page if each.get(f"{_PRESENTATION}class") == "title"]
    shapes = [(element, _shape(element)) for element in page if element not in titles]
    unplaced = [element for element, shape in shapes if shape is None]
    placed = drawing.ordered([shape for _, shape in shapes if shape is not None])
    notes = [element for element in unplaced if local_name(element) == "notes"]
    others = [element for element in unplaced if local_name(element) != "notes"]
    return [*titles, *others, *(shape.element for shape in placed), *notes]


def _shape(element: Element) -> Shape | None:
    x, y, width, height = (
        _emu(element.get(f"{_SVG}{name}", "")) for name in ("x", "y", "width", "height")
    )
    if x is None or y is None:
        return None
    return Shape(element, x, y, x + (width or 0), y + (height or 0))


def _emu(length: str) -> int | None:
    match = _LENGTH.fullmatch(length)
    try:
        return int(float(match[1]) * _EMU_PER_UNIT[match[2]]) if match else None
    except ValueError:
        return None
