"""The fold lines of long blocks of code.

A fold line below the code tells the number of hidden lines, and folds or unfolds it. Code that
streams in is never folded automatically, so that the text does not jump.
"""

from __future__ import annotations

from typing import Final, TypeGuard

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.block_model import Block, Kind, Run
from desktop_app.transcript.message_items import ACTION, Item, Line, LineKind

MAX_UNFOLDED_LINES: Final = 30
"""Blocks of code with up to this many lines are never folded."""

VISIBLE_LINES: Final = 18
"""The number of visible lines of a folded block."""

"""Items that are checked at once, because checking them one by one is slow."""
"""More lines than this are dematerialized before they are hidden or shown."""

TOGGLE_CODE: Final = "fold-code-"
"""The action of a fold line. The number of the code block within the message follows."""


def is_code(item: Item) -> TypeGuard[Block]:
    """Return True if an item is a line of code."""
    return isinstance(item, Block) and item.kind is Kind.CODE


def fold_line(number: int, lines: int, *, is_folded: bool) -> Line:
    """Return the fold line for the code block with this number."""
    hidden_count = lines - VISIBLE_LINES
    label = (
        tr_plural("Show {count} more line", "Show {count} more lines", hidden_count)
        if is_folded
        else tr("Show fewer lines")
    )
    return Line(LineKind.FOLD, (Run(label, link=f"{ACTION}{TOGGLE_CODE}{number}"),))


def fold_number(line: Item) -> int | None:
    """Return the number of the code block that a fold line folds, or None for other items."""
    if not isinstance(line, Line) or line.kind is not LineKind.FOLD:
        return None
    return int(line.runs[0].link.rpartition("-")[2])
