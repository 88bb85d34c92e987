"""The block model: parsed Markdown as a flat sequence of blocks made of runs.

Nesting is stored as numbers (depth in lists, in quotes), not as a tree, because the transcript lays
out blocks one after another, each with its margins. Whenever a piece of an answer arrives, blocks
are compared with their earlier versions. Therefore, blocks are named tuples, whose equality and
hashing run in C.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import partial
from itertools import chain, takewhile
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

MAX_TABLE_ROWS: Final = 8
"""Maximum rows of a TABLE block; a longer table is several blocks in sequence.

Qt lays out a block at once, so each of these blocks has to be small.
"""

MAX_TABLE_CELLS: Final = 160
"""Maximum cells of a TABLE block, unless a single row has more."""

MAX_TABLE_SOURCE_CHARS: Final = 8_000
"""Maximum characters in the source of a TABLE block, unless a single row has more.

A header and the row below it are in one block even if they exceed these limits, because the two
rows decide the alignment of columns.
"""

FORMULA_START: Final = "\u2061"
FORMULA_END: Final = "\u2062"
"""Invisible characters that enclose a formula's TeX in the text of its run.

They show where the TeX begins or ends, even in a text that contains only a part of the formula.
"""

ADDED_MARK: Final = "\u2063"
"""Invisible mark before text that was not in the source.

It precedes the code of an invisible character, and words that the program adds. If the source
contains this character, it is removed.
"""

PICTURE: Final = "\ufffc"
"""The text of a drawn image's run (see inline_images.py); the image's name is in another run."""

LINE_BREAK: Final = "\u2028"
"""A line break within a block, in the text of a run."""


class Kind(Enum):
    """The kind of a block.

    Many dictionary keys contain a kind, so it is hashed by identity, which runs in C.
    """

    __hash__ = object.__hash__

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    CODE_HEAD = "code-head"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    MATH = "math"


NON_PARAGRAPHS: Final = (Kind.CODE, Kind.CODE_HEAD, Kind.TABLE)
"""The kinds whose spacing in a list does not depend on whether the list is loose."""


class Run(NamedTuple):
    """Text of a single style.

    Attributes:
        math: the text is TeX between FORMULA_START and FORMULA_END (see `formula_run`).
        note: the text is the mark of a footnote; with `image`, the name of the drawn image in the
            run before.
        image: the text is the name of an image, or PICTURE for a drawn image.
        link: the target, "" for none.
        expanded: of a link that folds a section: True if the section is shown. None for other runs.
        element: the innermost element of HTML: "sub", "sup", "kbd", "u" or "mark"; "" for none.
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
    expanded: bool | None = None
    element: str = ""


Runs = tuple[Run, ...]


class Block(NamedTuple):
    """A block: a paragraph, a heading, a line of code, some rows of a table.

    Attributes:
        runs: the text; empty for CODE_HEAD, TABLE and RULE.
        level: 1–6 for headings.
        depth: the number of lists around the block.
        marker: the mark of the list item or footnote, on its first block only.
        note: the marker is a footnote's name, which may look like a list item's.
        quote: the number of quotes around the block.
        quoted_at: the list depth of each quote around the block, the outermost first; empty if no
            quote is in a list.
        opened: the number of quotes that begin with this block. It tells adjacent quotes apart.
        language: of CODE_HEAD and CODE, as written after the fence; invisible characters are shown.
        rows: of TABLE; each row is a tuple of cells, each cell its runs.
        aligns: of TABLE, by column: "", "left", "center" or "right".
        head: of TABLE: the first row is the table's header.
        source_chars: of TABLE: the characters of its cells in the source, which later
            definitions do not change.
        from_right: of TABLE: the first column is on the right. Of text in a list or footnote: it is
            read from the right (see `follow_lists`).
        extra_columns: of TABLE: the number of columns beyond those of the header.
        begins: a list begins with this block. It tells adjacent lists apart.
        loose: of text in a list: the text is a spaced paragraph, because the list is loose, or
            because the text is in a quote within the list. Of a footnote's first text: a blank
            line precedes it.
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
    source_chars: int = 0
    opened: int = 0
    from_right: bool = False
    note: bool = False
    extra_columns: int = 0

    @property
    def text(self) -> str:
        return "".join(map(source_text, self.runs))


def has_gap_between(above: Block, block: Block) -> bool:
    """Return True if a gap separates two adjacent texts in lists.

    A gap separates two texts of a loose list, and the last text of a list from the next list.
    """
    if not block.begins:
        return block.loose
    return above.loose or above.depth >= block.depth


def shared_quotes(above: Block, block: Block) -> int:
    """Return the number of quotes that contain both blocks."""
    depths = zip(depths_of_quotes(above), depths_of_quotes(block), strict=False)
    equal_count = len(list(takewhile(lambda pair: pair[0] == pair[1], depths)))
    older_quotes = block.quote - block.opened  # those that do not begin with the block
    return min(equal_count, older_quotes)


def is_in_other_quote(above: Block, block: Block) -> bool:
    """Return True if a quote ends between the two blocks, and another begins with `block`."""
    return block.opened > 0 and above.quote > shared_quotes(above, block)


def depths_of_quotes(block: Block) -> tuple[int, ...]:
    """Return the list depth of each quote around a block."""
    return block.quoted_at or (0,) * block.quote


def quote_block(block: Block) -> Block:
    """Return the block inside one more quote, around all of its lists and quotes."""
    # Empty depths stay empty: they mean that no quote is in a list, and the new one is in none.
    depths = (0, *block.quoted_at) if block.quoted_at else ()
    return block._replace(quote=block.quote + 1, quoted_at=depths)


def formula_run(tex: str) -> Run:
    inner = clean_text(tex).replace(FORMULA_START, "").replace(FORMULA_END, "")
    return Run(f"{FORMULA_START}{inner}{FORMULA_END}", math=True)


def source_text(run: Run) -> str:
    """Return the text of a run as it was written, without text that the program added."""
    if run.math:
        return run.text.strip(FORMULA_START + FORMULA_END)
    if run.image and run.text == PICTURE:
        return ""
    if ADDED_MARK not in run.text:
        return run.text
    # A code becomes the invisible character that it shows; words of the program become "".
    return _PROGRAM_TEXT.sub(lambda m: chr(int(m["code"], 16)) if m["code"] else "", run.text)


def text_of(runs: Iterable[Run]) -> str:
    return "".join([run.text for run in runs])


TEXT_KINDS: Final = (Kind.PARAGRAPH, Kind.HEADING)
"""The kinds of plain text, in either direction."""


def is_read_from_right(block: Block) -> bool:
    """Return True if a text, with its marker, is read from right to left."""
    if block.depth and block.kind in TEXT_KINDS:
        return block.from_right
    return starting_side((Run(block.marker), *block.runs)) == "right"


def follow_lists(blocks: Sequence[Block], above: Sequence[Block], count: int) -> list[Block]:
    """Return blocks whose texts in lists are read in the direction of the outermost list.

    Otherwise an item that begins with a foreign name or code would stand on the other side, with
    its number. The first text of the list decides: its first letter outside code; but if it only
    begins with letters from the left, the text above the list or most of its letters.

    Args:
        above, count: the blocks above these are the first `count` of `above`.
    """
    result: list[Block] = []
    for block in blocks:
        if block.depth and block.kind in TEXT_KINDS:
            earlier = (above[index] for index in range(count - 1, -1, -1))
            side = _list_side(block, chain(reversed(result), earlier))
            block = block._replace(from_right=side == "right")
        result.append(block)
    return result


def _list_side(block: Block, upwards: Iterable[Block]) -> str:
    """Return the side of a text in a list; `upwards` yields the blocks above it."""
    if block.note:
        return starting_side((*block.runs, Run(block.marker)))
    is_first = block.begins and block.depth == 1
    for other in upwards:
        if other.kind not in TEXT_KINDS:
            if not other.depth:
                is_first = True
            continue
        if is_first or not other.depth:
            return _own_side(block, other)
        if starting_side(_words(other)):
            return "right" if other.from_right else "left"
        is_first = other.begins and other.depth == 1
    return _own_side(block, None)


def _own_side(block: Block, above: Block | None) -> str:
    side = starting_side(_words(block))
    if side != "left" or block.text.isascii():
        return side
    sides = Counter(unicodedata.bidirectional(letter) for letter in text_of(_words(block)))
    from_right = sides["R"] + sides["AL"]
    is_below_such = above is not None and is_read_from_right(above)
    return "right" if from_right and (is_below_such or from_right >= sides["L"]) else "left"


def _words(block: Block) -> list[Run]:
    return [run for run in block.runs if not (run.code or run.math)]


def starting_side(runs: Iterable[Run]) -> str:
    """Return the side at which a text begins: "left", "right", or "" without letters.

    Like `dir="auto"` in browsers: its first letter decides.
    """
    for run in runs:
        for letter in run.text:
            side = unicodedata.bidirectional(letter)
            if side == "L":
                return "left"
            if side in ("R", "AL"):
                return "right"
    return ""


def is_destination(run: Run) -> bool:
    """Return True if a run is the program's note after a link that says where the link leads."""
    return bool(run.link) and run.text.startswith(f"{ADDED_MARK} (")


# Characters with a special meaning in Qt's documents (the end of a paragraph, frames, embedded
# objects) or in this module (ADDED_MARK), and lone surrogates.
_STRUCTURAL: Final = lazy_pattern("[\x00\u2063\r\n\u2029\ufdd0\ufdd1\ufffc\ud800-\udfff]")

# In prose: control characters, and invisible characters that change the direction of other text or
# hide text. Code and links contain no legitimate invisible characters at all: copied to a terminal,
# some of them edit or run a command.
_FLAG: Final = "\U0001f3f4[\U000e0020-\U000e007e]{2,6}\U000e007f"  # England, Scotland, Wales, Texas
_INVISIBLE_IN_PROSE: Final = lazy_pattern(
    f"{_FLAG}|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# Variation selectors choose a variant of the character before them.
_SELECTOR: Final = lazy_pattern("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# The same, and variation selectors after a character without variants: a row of them can encode a
# text. The supplementary selectors (U+E0100 and later) vary only Chinese characters; the others
# vary no ASCII character except "#", "*" and digits, and no selector.
_INVISIBLE_OR_SELECTOR: Final = lazy_pattern(
    f"{_INVISIBLE_IN_PROSE.pattern}|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
    "[\U000e0100-\U000e01ef]|(?<=[\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f]"
)
_INVISIBLE: Final = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Form feeds are not replaced in code, because they separate sections of source files.
_INVISIBLE_IN_CODE: Final = lazy_pattern(f"[{_INVISIBLE}]")
_INVISIBLE_IN_LINKS: Final = lazy_pattern(f"[\x0b\x0c{_INVISIBLE}]")
_JOINERS: Final = "\u200c\u200d"
"""Joiners, which emoji and many scripts need between letters. They stay invisible there."""
_PROGRAM_TEXT: Final = lazy_pattern(
    f"{ADDED_MARK}(?:⟨U\\+(?P<code>[0-9A-F]{{4,6}})⟩| \\([^()]*\\))"
)

replace_unusable: Final = partial(re.compile("[\0\ud800-\udfff]").sub, "\ufffd")
"""Replace NULs and lone surrogates by U+FFFD: parsing an address with a lone surrogate fails."""

_REPLACEMENTS: Final = {"\r": " ", "\n": " ", "\u2029": " ", ADDED_MARK: ""}


def clean_text(text: str) -> str:
    """Return text that is safe in a block.

    Line ends become spaces, and ADDED_MARK is removed. Other characters with a special meaning
    become U+FFFD.
    """
    if _STRUCTURAL.search(text) is None:
        return text
    return _STRUCTURAL.sub(lambda match: _REPLACEMENTS.get(match[0], "\ufffd"), text)


def show_invisible(text: str, *, code: bool = False, link: bool = False) -> str:
    """Replace invisible characters that can disguise text by codes, such as `⟨U+202E⟩`.

    In prose, these are control characters, and characters that hide other text or change its
    direction. Flags of regions and variants of characters contain some, which stay.
    In code and links, these are all invisible characters, except joiners between characters outside
    ASCII; in code, only the character before a joiner is checked. `source_text` restores the
    characters.
    """
    if text.isascii() and text.isprintable():
        return text
    if link:
        pattern = _INVISIBLE_IN_LINKS
    elif code:
        pattern = _INVISIBLE_IN_CODE
    elif _SELECTOR.search(text):
        pattern = _INVISIBLE_OR_SELECTOR  # its look-behinds are slow, and most texts need none
    else:
        pattern = _INVISIBLE_IN_PROSE
    if pattern.search(text) is None:
        return text

    def visible_form(match: re.Match[str]) -> str:
        if len(match[0]) > 1:  # the flag of a region
            return match[0]
        if match[0] in _JOINERS:
            index = match.start()
            beside = [text[max(0, index - 1) : index]]
            if not code:  # the character after a joiner in code may not have arrived yet
                beside.append(text[index + 1 : index + 2])
            if not any(map(str.isascii, beside)):  # "" at an end of the text counts as ASCII
                return match[0]
        return f"{ADDED_MARK}⟨U+{ord(match[0]):04X}⟩"

    return pattern.sub(visible_form, text)


def mark_program_text(note: str) -> str:
    """Return a note that the program adds to a text, in parentheses; `source_text` removes it."""
    return f"{ADDED_MARK} ({note.replace('(', '⟨').replace(')', '⟩')})"
