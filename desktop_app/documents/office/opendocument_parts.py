"""What of an OpenDocument file is hidden or deleted, its forms, and the order of its shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element

from desktop_app.documents.office import shape_order
from desktop_app.documents.office.package import local_name, whole_number
from desktop_app.documents.office.shape_order import EMU_PER_INCH, Shape

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
_EMU_PER_UNIT: Final = {
    "in": EMU_PER_INCH,
    "cm": EMU_PER_INCH / 2.54,
    "mm": EMU_PER_INCH / 25.4,
    "pt": EMU_PER_INCH / 72,
    "pc": EMU_PER_INCH / 6,
    "px": EMU_PER_INCH / 96,
}


class OpenDocumentStyles:
    """What the styles of a document hide."""

    def __init__(self, trees: Iterable[Element]) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        for tree in trees:
            for style in tree.iter(f"{_STYLE}style"):
                key = (style.get(f"{_STYLE}family", ""), style.get(f"{_STYLE}name", ""))
                self._styles.setdefault(key, style)
        self._hides: dict[tuple[str, str], bool] = {}

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
    placed = shape_order.ordered([shape for _, shape in shapes if shape is not None])
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
