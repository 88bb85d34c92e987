"""What Markdown becomes before anything draws it: a flat sequence of blocks made of runs.

Nesting is said by numbers (how deep in lists, in quotes), not by a tree, because that is how the
transcript lays it out: one block after another, each with its margins. Named tuples, because they
are compared with every piece that arrives: equality and hashing happen in C.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

TABLE_ROWS: Final = 8
"""Rows of one TABLE block at most; a longer table is several blocks one after another."""

FORMULA_BEGINS: Final = "\u2061"
FORMULA_ENDS: Final = "\u2062"
"""Invisible characters, of mathematics, around the TeX of a formula in the text of its run: so a
drawing has a place of its own before the source, and half a formula is known as such."""

LINE_BREAK: Final = "\u2028"
"""Stands for a line break inside a block, in the text of a run."""


class Kind(Enum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE_HEAD = "code-head"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    MATH = "math"


class Run(NamedTuple):
    """Text of one style.

    `link` is the target, "" for none; `image` marks a picture that is named, never fetched;
    `note` a footnote's mark; `math` TeX between FORMULA_BEGINS and FORMULA_ENDS (see `formula`).
    """

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    math: bool = False
    note: bool = False
    image: bool = False
    link: str = ""


Runs = tuple[Run, ...]


class Block(NamedTuple):
    """One line of thought: a paragraph, a heading, one line of code, some rows of a table.

    Attributes:
        runs: the text; empty for TABLE and RULE.
        level: 1–6 for headings.
        depth: how many lists it stands in.
        marker: the list item's or footnote's own mark, on its first block only.
        quote: how many quotes it stands in.
        language: of CODE_HEAD and CODE, as it was written after the fence.
        rows: of TABLE; each row is a tuple of cells, each cell its runs.
        aligns: of TABLE, one for each column: "", "left", "center" or "right".
        head: of TABLE, whether the first row is the table's head.
    """

    kind: Kind
    runs: Runs = ()
    level: int = 0
    depth: int = 0
    marker: str = ""
    quote: int = 0
    language: str = ""
    rows: tuple[tuple[Runs, ...], ...] = ()
    aligns: tuple[str, ...] = ()
    head: bool = False

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(map(words_of, self.runs))


class Patch(NamedTuple):
    """`removed` blocks from index `at` on give way to `added`."""

    at: int
    removed: int
    added: tuple[Block, ...]


def apply(patches: list[Patch], blocks: list[Block]) -> None:
    """Bring a list of blocks up to date, in place."""
    for at, removed, added in patches:
        blocks[at : at + removed] = added


def formula(tex: str) -> Run:
    """The run of a formula."""
    inner = clean(tex).replace(FORMULA_BEGINS, "").replace(FORMULA_ENDS, "")
    return Run(f"{FORMULA_BEGINS}{inner}{FORMULA_ENDS}", math=True)


def words_of(run: Run) -> str:
    """The text of a run as it is written: of a formula its TeX alone."""
    return run.text.strip(FORMULA_BEGINS + FORMULA_ENDS) if run.math else run.text


# Characters that Qt's documents give a meaning of their own (the end of a paragraph, frames,
# embedded objects), and halves of surrogate pairs, which have none.
_STRUCTURAL: Final = re.compile("[\x00\r\n\u2029\ufdd0\ufdd1\ufffc\ud800-\udfff]")
_OVERRIDES: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Text that is safe to put into one block: line ends become spaces, the rest U+FFFD."""
    if _STRUCTURAL.search(text) is None:
        return text
    return _STRUCTURAL.sub(lambda match: " " if match[0] in "\r\n\u2029" else "\ufffd", text)


def show_overrides(text: str) -> str:
    """Make characters that turn the reading direction around visible, as in `⟨U+202E⟩`.

    In code and in links they serve only to make a text look like another one.
    """
    if text.isascii() or _OVERRIDES.search(text) is None:
        return text
    return _OVERRIDES.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
