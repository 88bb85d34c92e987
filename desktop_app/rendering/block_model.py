"""What Markdown becomes before anything draws it: a flat sequence of blocks made of runs.

Nesting is said by numbers (how deep in lists, in quotes), not by a tree, because that is how the
transcript lays it out: one block after another, each with its margins. Named tuples, because they
are compared with every piece that arrives: equality and hashing happen in C.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from itertools import takewhile
from typing import Final, NamedTuple

TABLE_ROWS: Final = 8
"""Rows of one TABLE block at most; a longer table is several blocks one after another."""

TABLE_CELLS: Final = 160
"""And so many cells, if that is more than a row: a block is laid out as a whole."""

TABLE_LETTERS: Final = 8_000
"""And so many letters of its source, if that is more than a row; below a head stands one in any case,
for what its columns are is taken from both."""

FORMULA_BEGINS: Final = "\u2061"
FORMULA_ENDS: Final = "\u2062"
"""Invisible characters, of mathematics, around the TeX of a formula in the text of its run: so a
drawing has a place of its own before the source, and half a formula is known as such."""

ADDED: Final = "\u2063"
"""Stands before what is shown in the place of a character that is not seen, and before words that
were not in the source: invisible itself, and where the source had one it is left out."""

PICTURE: Final = "\ufffc"
"""The text of the run of a picture that is drawn (see raster.py); its words follow in another."""

LINE_BREAK: Final = "\u2028"
"""Stands for a line break inside a block, in the text of a run."""


class Kind(Enum):
    """What a block is. As many keys hold it, its hash is that of the object, which is found in C."""

    __hash__ = object.__hash__

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE_HEAD = "code-head"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    MATH = "math"


NO_TEXTS: Final = (Kind.CODE, Kind.CODE_HEAD, Kind.TABLE)
"""What is no paragraph in a list, whether that is loose or not."""


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


Runs = Sequence[Run]
"""A tuple of them, or `LongRuns`."""


class Block(NamedTuple):
    """One line of thought: a paragraph, a heading, one line of code, some rows of a table.

    Attributes:
        runs: the text; empty for TABLE and RULE.
        level: 1–6 for headings.
        depth: how many lists it stands in.
        marker: the list item's or footnote's own mark, on its first block only.
        quote: how many quotes it stands in.
        quoted_at: how deep in lists each of those quotes stands, the outermost first; empty where
            none stands in a list.
        opened: how many of those quotes begin with it, the innermost ones: two quotes may follow
            each other directly.
        language: of CODE_HEAD and CODE, as it was written after the fence.
        rows: of TABLE; each row is a tuple of cells, each cell its runs.
        aligns: of TABLE, one for each column: "", "left", "center" or "right".
        head: of TABLE, whether the first row is the table's head.
        letters: of TABLE, how many its cells are in the source: whatever a definition that comes
            later makes of them.
        from_right: of TABLE, whether its first column stands at the right.
        begins: whether it begins a list: two lists may follow each other directly.
        loose: of text in a list, whether texts there are paragraphs, which stand apart: in a loose
            list, and in a quote within any. Of a footnote's first text, whether a blank line stands
            above it.
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
    quoted_at: tuple[int, ...] = ()
    begins: bool = False
    loose: bool = False
    letters: int = 0
    opened: int = 0
    from_right: bool = False

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


def is_apart(above: Block, block: Block) -> bool:
    """Whether two texts that follow each other in lists stand apart: in a loose list that both are
    in, and where one list follows another."""
    if not block.begins:
        return block.loose
    return above.loose or above.depth >= block.depth


def shared_quotes(above: Block, block: Block) -> int:
    """How many quotes a block stands in that the one above it stands in, too."""
    depths = zip(depths_of_quotes(above), depths_of_quotes(block), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], depths))
    return min(shared, block.quote - block.opened)


def are_parted(above: Block, block: Block) -> bool:
    """Whether a quote has ended above a block with which another begins."""
    return block.opened > 0 and above.quote > shared_quotes(above, block)


def depths_of_quotes(block: Block) -> tuple[int, ...]:
    """How deep in lists each quote stands that a block is in."""
    return block.quoted_at or (0,) * block.quote


def quoted(block: Block) -> Block:
    """The block within one more quote, around all that it stands in."""
    depths = (0, *block.quoted_at) if block.quoted_at else ()
    return block._replace(quote=block.quote + 1, quoted_at=depths)


def formula(tex: str) -> Run:
    """The run of a formula."""
    inner = clean(tex).replace(FORMULA_BEGINS, "").replace(FORMULA_ENDS, "")
    return Run(f"{FORMULA_BEGINS}{inner}{FORMULA_ENDS}", math=True)


def words_of(run: Run) -> str:
    """The text of a run as it was written: of a formula its TeX alone, without our signs."""
    if run.math:
        return run.text.strip(FORMULA_BEGINS + FORMULA_ENDS)
    if run.image and run.text == PICTURE:
        return ""
    if ADDED not in run.text:
        return run.text
    return _ADDED_BY_US.sub(lambda m: chr(int(m["code"], 16)) if m["code"] else "", run.text)


def is_place(run: Run) -> bool:
    """Return True for the words behind a link that say where it leads."""
    return bool(run.link) and run.text.startswith(f"{ADDED} (")


# Characters that Qt's documents give a meaning of their own (the end of a paragraph, frames,
# embedded objects), and halves of surrogate pairs, which have none.
_STRUCTURAL: Final = re.compile("[\x00\u2063\r\n\u2029\ufdd0\ufdd1\ufffc\ud800-\udfff]")

# Characters that are not seen and change what is seen around them: they turn the direction of
# reading. In code and in a link none that takes no room belongs.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN: Final = (
    "\x80-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f"
)
_UNSEEN_IN_CODE: Final = re.compile(f"[{_UNSEEN}]")
_UNSEEN_IN_LINKS: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f{_UNSEEN}]")
_JOINERS: Final = "\u200c\u200d"
"""Which other scripts and emoji need between their letters: there they stay unseen."""
_ADDED_BY_US: Final = re.compile(f"{ADDED}(?:⟨U\\+(?P<code>[0-9A-F]{{4,6}})⟩| \\([^()]*\\))")


_STANDS_IN: Final = {"\r": " ", "\n": " ", "\u2029": " ", ADDED: ""}


def clean(text: str) -> str:
    """Text that is safe to put into one block: line ends become spaces, the rest U+FFFD."""
    if _STRUCTURAL.search(text) is None:
        return text
    return _STRUCTURAL.sub(lambda match: _STANDS_IN.get(match[0], "\ufffd"), text)


def show_unseen(text: str, *, code: bool = False, link: bool = False, before: str = "") -> str:
    """Make characters visible that serve only to make a text look like another one, as in
    `⟨U+202E⟩`. `words_of` gives the characters back. Of the rest of a line of code, `before` is the
    character that it follows."""
    if text.isascii() and not link:
        return text
    pattern = _UNSEEN_IN_LINKS if link else _UNSEEN_IN_CODE if code else _TURNING
    if pattern.search(text) is None:
        return text
    line = before + text

    def sign(match: re.Match[str]) -> str:
        if match[0] in _JOINERS:
            at = match.start() + len(before)
            beside = [line[max(0, at - 1) : at]]
            if not code:  # where what follows may not have arrived yet
                beside.append(line[at + 1 : at + 2])
            if not any(map(str.isascii, beside)):
                return match[0]
        return f"{ADDED}⟨U+{ord(match[0]):04X}⟩"

    return pattern.sub(sign, text)


def added(words: str) -> str:
    """Words of the program itself within a text; `words_of` leaves them out."""
    return f"{ADDED} ({words.replace('(', '⟨').replace(')', '⟩')})"
