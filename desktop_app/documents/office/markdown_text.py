"""Writes Markdown for the document readers: blocks, lists, tables, notes, numbering.

Markdown's special characters are not escaped, except the bars of tables: escapes cost tokens and
hide words from a search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_DEEPEST_HEADING: Final = 6
_ITEM_INDENT: Final = 3
_ITEM_NUMBER: Final = re.compile(r"[0-9]{1,9}[.)]")
_DIGITS: Final = re.compile(r"[+\-\u2212]?[0-9]+")
_SUPERSCRIPT_DIGITS: Final = str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_SUBSCRIPT_DIGITS: Final = str.maketrans("0123456789+-\u2212", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_LAST_LETTER: Final = 780  # 30 times "z"; Word begins again after that
_ROMAN: Final = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)


@dataclass(frozen=True)
class MarkdownBlock:
    """A paragraph, heading, table or list item.

    Adjacent list items are separated by single newlines. An item's depth counts from 0; the
    items nested in it begin `indent` columns further right.
    """

    text: str
    is_item: bool = False
    depth: int = 0
    indent: int = _ITEM_INDENT


@dataclass
class FootnoteList:
    """Footnotes, endnotes and comments, numbered in order."""

    texts: list[str] = field(default_factory=list)

    def add(self, text: str) -> str:
        """Add a note, and return the mark that refers to it; "" if the note has no words."""
        if not text:
            return ""
        self.texts.append(text)
        return f"[^{len(self.texts)}]"

    def blocks(self) -> list[MarkdownBlock]:
        """Return the notes for the end of the document."""
        return [
            MarkdownBlock(f"[^{n}]: {text}", is_item=True)
            for n, text in enumerate(self.texts, start=1)
        ]


def comment(text: str, author: str = "") -> str:
    """Return a reviewer's comment on one line, with its author; "" if it has no words."""
    words = " ".join(text.split())
    name = " ".join(author.split())
    by = f" by {name}" if name else ""
    return f"Comment{by}: {words}" if words else ""


def cell_comment(cell: str, text: str) -> MarkdownBlock:
    """Return a comment on a cell of a sheet; `cell` is the name of the cell, such as "B7"."""
    return MarkdownBlock(f"{cell}: {text}" if text else "")


def repeated_lines(label: str, texts: Iterable[str]) -> Iterator[MarkdownBlock]:
    """Yield a line for each header or footer, each text once; page numbers alone are left out."""
    for line in dict.fromkeys(" ".join(text.split()) for text in texts):
        if any(map(str.isalpha, line)):
            yield MarkdownBlock(f"{label}: {line}")


def join_blocks(blocks: Iterable[MarkdownBlock]) -> str:
    """Return the Markdown of a document, with empty lines between blocks except list items."""
    texts: list[str] = []
    columns = [0]  # of the items at each depth
    previous = None
    for block in blocks:
        if not block.text.strip():
            continue
        if previous is not None:
            texts.append("\n" if previous.is_item and block.is_item else "\n\n")
        del columns[block.depth + 1 :]
        while len(columns) <= block.depth:  # no items at the outer depths
            columns.append(columns[-1] + _ITEM_INDENT)
        space = " " * columns[block.depth]
        columns.append(len(space) + block.indent)
        texts.append(space + block.text.replace("\n", f"\n{space}"))
        previous = block
    return "".join(texts)


def heading(text: str, level: int) -> MarkdownBlock:
    """Return a heading; levels count from 1."""
    words = " ".join(text.split())
    return MarkdownBlock(f"{'#' * min(max(level, 1), _DEEPEST_HEADING)} {words}" if words else "")


def item(label: str, text: str, depth: int) -> MarkdownBlock:
    """Return a list item; the label is "-" or its number, depth counts from 0."""
    # CommonMark nests only what begins below the words: "10. " is wider than "1. ".
    width = len(label) + 1 if _ITEM_NUMBER.fullmatch(label) else _ITEM_INDENT
    lines = f"\n{' ' * width}".join(text.strip().split("\n"))
    return MarkdownBlock(f"{label} {lines}", is_item=True, depth=depth, indent=width)


def table(rows: Sequence[Sequence[str]]) -> MarkdownBlock:
    """Return a table with the first row as header, without empty rows or empty last columns."""
    filled_rows = [list(row) for row in rows if any(cell.strip() for cell in row)]
    width = max((_width(row) for row in filled_rows), default=0)
    if not width:
        return MarkdownBlock("")
    lines = [_row([*row, *[""] * width][:width]) for row in filled_rows]
    return MarkdownBlock("\n".join([lines[0], _row(["---"] * width), *lines[1:]]))


def _width(row: Sequence[str]) -> int:
    return max(n for n, cell in enumerate(row, start=1) if cell.strip())


def _row(cells: Iterable[str]) -> str:
    escaped = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def number(value: int, style: str) -> str:
    """Format a list number in the style "a", "A", "i", "I" or "01", otherwise in digits."""
    if style in ("a", "A") and 0 < value <= _LAST_LETTER:
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if style == "a" else letter.upper()
    if style in ("i", "I") and 0 < value < 4000:
        roman = _roman(value)
        return roman if style == "i" else roman.upper()
    return f"{value:02}" if style == "01" else str(value)


def _roman(value: int) -> str:
    text = ""
    for size, numeral in _ROMAN:
        text += numeral * (value // size)
        value %= size
    return text


def bold(text: str) -> str:
    """Make a line bold, except the spaces around it; leave text of several lines plain."""
    words = text.strip()
    if not words or "\n" in words:
        return text
    start = text.index(words)
    return f"{text[:start]}**{words}**{text[start + len(words) :]}"


def merge_bold(text: str) -> str:
    """Merge adjacent bold words: "**a****b**" becomes "**ab**"."""
    return text.replace("****", "")


def superscript(text: str) -> str:
    """Raise digits, because "106" is another number than "10⁶"; letters stay: "1st"."""
    return text.translate(_SUPERSCRIPT_DIGITS) if _DIGITS.fullmatch(text) else text


def subscript(text: str) -> str:
    """Lower digits: "H₂O"; letters stay."""
    return text.translate(_SUBSCRIPT_DIGITS) if _DIGITS.fullmatch(text) else text


def link(text: str, address: str) -> str:
    """Return a link to a web or mail address.

    Return only the words if the address is of another kind, or if the words are the address.
    """
    words = text.strip()
    is_outside = address.lower().startswith(("http://", "https://", "mailto:"))
    if not words or not is_outside or words in (address, address.removeprefix("mailto:")):
        return text
    return f"[{words}]({address})"


def small_number(value: object) -> int:
    """Return how many rows or columns a cell spans; 1 if the number makes no sense."""
    text = str(value)
    return max(1, min(int(text[:9]), 1_000)) if text.isascii() and text.isdigit() else 1
