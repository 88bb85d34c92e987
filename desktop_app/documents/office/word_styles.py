"""What Word's styles say about numbers and hidden text; a style inherits from its base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from desktop_app.documents.office.package import local_name

WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
OFF: Final = ("0", "false", "off")
_MAX_DEPTH: Final = 20  # styles may be based on each other in a circle


def value_of(parent: Element | None, name: str) -> str:
    """Return the value of a property; "" if there is none."""
    element = None if parent is None else parent.find(f"{WORD}{name}")
    return "" if element is None else element.get(f"{WORD}val", "")


def is_on(parent: Element | None, name: str) -> bool | None:
    """Return whether a property is on; None if it is not stated."""
    element = None if parent is None else parent.find(f"{WORD}{name}")
    return None if element is None else element.get(f"{WORD}val", "1") not in OFF


class StyleNumbering(NamedTuple):
    """The list of a style's paragraphs; `style` is the style that states it, "" if none does."""

    list_id: str = ""
    level: str = "0"
    style: str = ""


class WordStyles:
    """The styles of a document by id.

    Attributes:
        default_paragraph: the style of paragraphs that name none.
    """

    def __init__(self, tree: Element) -> None:
        self._styles: dict[str, Element] = {}
        self.default_paragraph = ""
        for style in tree.iterfind(f"{WORD}style"):
            name = style.get(f"{WORD}styleId", "")
            self._styles.setdefault(name, style)
            is_default = style.get(f"{WORD}default", "0") not in OFF
            if is_default and style.get(f"{WORD}type") == "paragraph":
                self.default_paragraph = name
        self._properties: dict[str, dict[str, Element]] = {}
        self._numbering: dict[str, StyleNumbering] = {}

    def run_properties(self, style: str) -> Mapping[str, Element]:
        """Return what a style and its bases state for runs, by name."""
        if style not in self._properties:
            self._properties[style] = {
                local_name(each): each
                for base in reversed(self._bases(style))
                for each in base.iterfind(f"{WORD}rPr/*")
            }
        return self._properties[style]

    def is_hidden(self, style: str) -> bool:
        vanish = self.run_properties(style).get("vanish")
        return vanish is not None and vanish.get(f"{WORD}val", "1") not in OFF

    def numbering(self, name: str) -> StyleNumbering:
        if name not in self._numbering:
            self._numbering[name] = self._find_numbering(name)
        return self._numbering[name]

    def _find_numbering(self, name: str) -> StyleNumbering:
        level = ""
        for style in self._bases(name):
            properties = style.find(f"{WORD}pPr")
            own = None if properties is None else properties.find(f"{WORD}numPr")
            level = level or value_of(own, "ilvl")
            if list_id := value_of(own, "numId"):
                return StyleNumbering(list_id, level or "0", style.get(f"{WORD}styleId", ""))
        return StyleNumbering()

    def _bases(self, name: str) -> list[Element]:
        found: list[Element] = []
        while name in self._styles and len(found) < _MAX_DEPTH:
            found.append(self._styles[name])
            name = value_of(found[-1], "basedOn")
        return found
