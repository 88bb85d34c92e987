"""Writes the lists of HTML, and Word's lists, which are paragraphs with a bullet or number."""

from __future__ import annotations

import re
from typing import Final

from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.package import whole_number
from desktop_app.documents.text.html_blocks import BlockFlow, HtmlList
from desktop_app.documents.text.html_elements import (
    LISTS,
    WORD_ITEM,
    WORD_LIST,
    Element,
    OpenElements,
)
from desktop_app.documents.text.html_flow_writer import HtmlFlowWriter

_NUMBER: Final = re.compile(r"\s*\(?(?:\d+|[a-zA-Z]{1,5})[.)]")
_BULLETS: Final = "-*+"


class HtmlListWriter:
    """A writer of the open lists.

    Attributes:
        word_label: the pieces of the bullet or number that Word writes before an item; None outside
            its element.
    """

    def __init__(self, elements: OpenElements, flows: HtmlFlowWriter) -> None:
        self.word_label: list[str] | None = None
        self._elements = elements
        self._flows = flows
        self._lists: list[HtmlList] = []

    @property
    def depth(self) -> int:
        """Return the number of open lists."""
        return len(self._lists)

    def start_list(self, tag: str, start: str) -> None:
        """Start a list. A list directly in a list belongs to the last item of the outer list."""
        outer = self._lists[-1] if self._elements.innermost_tag in LISTS else None
        bullet = self._next_bullet() if tag == "ul" else ""
        self._lists.append(HtmlList(bullet, whole_number(start, 1)))
        item = outer.items[-1] if outer and outer.items else None
        self._elements.push(Element(tag, lambda: self._end_list(item)))

    def _next_bullet(self) -> str:
        """Return the bullet for a new list; it differs from that of the list around it."""
        depth = sum(bool(list_.bullet) for list_ in self._lists)
        return _BULLETS[depth % len(_BULLETS)]

    def _end_list(self, item: BlockFlow | None = None) -> None:
        """Add the innermost list to `item`, or else to the innermost flow."""
        self._flows.end_paragraph()
        text = self._lists.pop().text()
        if text:
            (item or self._flows.flow).blocks.append(MarkdownBlock(text, is_item=True))

    def start_item(self, tag: str, value: str = "") -> None:
        """Start an item of the innermost list; `value` is the number that it states, if any."""
        if value:
            stated_numbers = self._lists[-1].stated
            stated_numbers[len(self._lists[-1].items)] = whole_number(value, 1)
        self._lists[-1].items.append(self._flows.open_flow())
        self._elements.push(Element(tag, self._flows.close_flow))

    def start_word_item(self, level: int) -> None:
        """Start an item of a list from Word: a paragraph that states its level."""
        while self._elements.has(WORD_LIST) and self._lists[-1].level > level:
            self._elements.close_through(WORD_LIST)
        if self._elements.has(WORD_LIST) and self._lists[-1].level == level:
            self._elements.close_through(WORD_ITEM)
        else:
            self._flows.end_paragraph()
            self._lists.append(HtmlList(self._next_bullet(), level=level))
            self._elements.push(Element(WORD_LIST, self._end_list))
        self.start_item(WORD_ITEM)
        self._elements.push(Element("p", self._flows.end_paragraph))

    def start_word_label(self) -> None:
        """Begin the bullet or number that Word writes before an item."""
        self.word_label = []

    def apply_word_label(self) -> None:
        """End the label; number the list if the label of its first item is a number."""
        label = "".join(self.word_label or ())
        self.word_label = None
        is_first = self._elements.has(WORD_LIST) and len(self._lists[-1].items) == 1
        if is_first and _NUMBER.match(label):
            self._lists[-1].use_numbers()
