"""The open elements of HTML, and the end tags that HTML may leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
"""The level of each heading, by its tag."""
LISTS: Final = frozenset({"ul", "ol"})
CELLS: Final = frozenset({"td", "th"})
DIVISIONS: Final = frozenset(
    {"p", "dt", "dd", "summary", "figcaption", "legend", "caption"}
    | {"div", "section", "article", "header", "footer", "main", "nav", "aside", "figure", "address"}
    | {"center", "details", "dialog", "dl", "fieldset", "form", "hgroup", "search"}
)
BLOCKS: Final = DIVISIONS | HEADINGS.keys() | LISTS | {"blockquote", "hr", "li", "pre", "table"}
TABLE_PARTS: Final = frozenset({"tr", "thead", "tbody", "tfoot"}) | CELLS
WORD_LIST, WORD_ITEM = "#list", "#item"
"""Tags for Word's lists and their items, which have no elements of their own."""
# Tags search the open elements, so without a limit deep nesting takes quadratic time.
_MAX_OPEN_ELEMENTS: Final = 1_000


@dataclass(frozen=True)
class _ImpliedEnd:
    """A rule: a start tag in `starting` ends the innermost open element in `ended`.

    It does not if an element in `barriers` is between them.
    """

    starting: frozenset[str]
    ended: frozenset[str]
    barriers: frozenset[str]


_IMPLIED_ENDS: Final = (
    _ImpliedEnd(BLOCKS - {"li"}, frozenset({"p"}), frozenset({"li", "div", "blockquote"}) | CELLS),
    _ImpliedEnd(frozenset({"li"}), frozenset({"li"}), LISTS),
    _ImpliedEnd(frozenset({"dt", "dd"}), frozenset({"dt", "dd"}), frozenset({"dl"})),
    _ImpliedEnd(CELLS | {"tr"}, CELLS, frozenset({"table"})),
    _ImpliedEnd(frozenset({"tr"}), frozenset({"tr"}), frozenset({"table"})),
    _ImpliedEnd(frozenset({"rb", "rt", "rp"}), frozenset({"rt", "rp"}), frozenset({"ruby"})),
)


@dataclass(frozen=True, slots=True)
class Element:
    """An open element.

    Attributes:
        tag: its name, or `WORD_LIST` or `WORD_ITEM`.
        on_end: called at its end.
        keeps_lines: line ends in its text are line breaks.
        is_left_out: its content is not written.
    """

    tag: str
    on_end: Callable[[], object] | None = None
    keeps_lines: bool = False
    is_left_out: bool = False


class OpenElements:
    """The elements that have begun and not ended, from the outermost to the innermost."""

    def __init__(self) -> None:
        self._elements: list[Element] = []
        # Counts of open elements; each piece of text needs them.
        self._tags: Counter[str] = Counter()
        self._left_out = 0
        self._line_keepers = 0

    def has(self, tag: str) -> bool:
        """Return True if an element of this tag is open."""
        return self._tags[tag] > 0

    @property
    def innermost_tag(self) -> str:
        """Return the tag of the innermost element; "" if none is open."""
        return self._elements[-1].tag if self._elements else ""

    @property
    def is_left_out(self) -> bool:
        """Return True if text is in an element whose content is not written."""
        return self._left_out > 0

    @property
    def keeps_lines(self) -> bool:
        """Return True if line ends in the text are line breaks."""
        return self._line_keepers > 0

    @property
    def is_full(self) -> bool:
        """Return True if no more elements should be opened."""
        return len(self._elements) >= _MAX_OPEN_ELEMENTS

    def push(self, element: Element) -> None:
        """Open an element in the innermost one."""
        self._elements.append(element)
        self._tags[element.tag] += 1
        self._left_out += element.is_left_out
        self._line_keepers += element.keeps_lines

    def close_through(self, tag: str) -> None:
        """Close the innermost element of this tag, which must be open, and the elements in it."""
        while self._close_innermost() != tag:
            pass

    def close_each(self, tag: str) -> None:
        """Close all elements of this tag, and the elements in them."""
        while self.has(tag):
            self.close_through(tag)

    def close_all(self) -> None:
        """Close every element."""
        while self._elements:
            self._close_innermost()

    def close_at_end_tag(self, tag: str) -> None:
        """Close the element that an end tag ends.

        In a cell, the end tag of an element around the table ends nothing.
        """
        if not self.has(tag):
            return
        for element in reversed(self._elements):
            if element.tag == tag:
                self.close_through(tag)
                break
            if element.tag in CELLS and tag not in TABLE_PARTS | {"table"}:
                break

    def close_before_start_tag(self, tag: str) -> None:
        """Close the elements that a start tag ends without an end tag: "<li>a<li>b".

        A tag inside an element that is left out ends nothing outside it.
        """
        for rule in _IMPLIED_ENDS:
            if tag in rule.starting and any(self.has(ended) for ended in rule.ended):
                for element in reversed(self._elements):
                    if self.is_left_out and not element.is_left_out:
                        break
                    if element.tag in rule.ended:
                        self.close_through(element.tag)
                        break
                    if element.tag in rule.barriers:
                        break

    def _close_innermost(self) -> str:
        """Close the innermost element, and return its tag."""
        element = self._elements.pop()
        self._tags[element.tag] -= 1
        self._left_out -= element.is_left_out
        self._line_keepers -= element.keeps_lines
        if element.on_end:
            element.on_end()
        return element.tag
