"""Where a very long paragraph, or line of code, is parted into several blocks of the document.

Qt lays a block out again as a whole with every change, so the cost of a word would grow with the
paragraph that it is added to. Parted at the beginning of a line, without room between the parts, it
looks the same; copying joins it again, because it copies the item. Where the lines begin is measured
in a document apart: it depends on the words, their fonts and the width, never on how they arrived.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor, QTextDocument

from desktop_app.ui.transcript.words import changed_length, length, units

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QTextBlockFormat, QTextCharFormat

    from desktop_app.rendering.model import Run, Runs

LONGEST: Final = 2600
"""UTF-16 units of a block beyond which it is parted."""

_PART: Final = 2000
"""UTF-16 units of a part, less the rest of its last line."""

_SETTLED: Final = 300
"""A change nearer than this behind the beginning of a part might move that beginning."""


class Rest:
    """What is left of some runs while parts are taken from their beginning."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._number = 0
        self._at = 0

    def take(self, count: int) -> Runs:
        """The next `count` UTF-16 units, and at once behind them."""
        taken, self._number, self._at = self._next(count)
        return taken

    def look(self, count: int) -> Runs:
        """The next `count` UTF-16 units, which are not taken."""
        return self._next(count)[0]

    def _next(self, count: int) -> tuple[Runs, int, int]:
        taken: list[Run] = []
        number, at = self._number, self._at
        while count > 0 and number < len(self._runs):
            run = self._runs[number]
            text = _beginning(run.text[at : at + count], count)
            if text:
                taken.append(run._replace(text=text))
                count -= units(text)
            at += len(text)
            if at < len(run.text):
                break
            number, at = number + 1, 0
        return tuple(taken), number, at


def end_of(runs: Runs, count: int) -> Runs:
    """The last `count` UTF-16 units of some runs."""
    taken: list[Run] = []
    for run in reversed(runs):
        size = units(run.text)
        if size >= count:
            encoded = run.text.encode("utf-16-le", "replace")[2 * (size - count) :]
            taken.append(run._replace(text=encoded.decode("utf-16-le", "replace")))
            break
        taken.append(run)
        count -= size
    return tuple(reversed(taken))


def parts_kept(cuts: tuple[int, ...], old: Runs, new: Runs, found: tuple[int, int]) -> int:
    """How many of the places where a long text is parted stay when its words change from `old` to
    `new`, which are `found` alike."""
    if not cuts:
        return 0
    after, changed = changed_length(new, found), changed_length(old, found)
    alike = length(old) - changed
    kept = bisect_left(cuts, alike - _SETTLED)
    while kept and alike + after - (cuts[kept - 2] if kept > 1 else 0) <= LONGEST:
        kept -= 1
    return kept


def _beginning(text: str, count: int) -> str:
    """The first `count` units of a text of at most as many characters."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "replace")[: 2 * count].decode("utf-16-le", "ignore")


class LongText:
    """Finds the beginnings of lines in a document of one width, and of one indent of lists."""

    def __init__(self, width: float, indent: float) -> None:
        self.width, self.indent = width, indent
        self._scratch: QTextDocument | None = None

    def part(
        self, runs: Runs, made: QTextBlockFormat, format_of: Callable[[Run], QTextCharFormat]
    ) -> int:
        """How much of these runs, LONGEST units of them or more, the first part takes: up to the
        last beginning of a line within _PART, or _PART where there is none."""
        if self._scratch is None:
            self._scratch = QTextDocument(undoRedoEnabled=False)
            self._scratch.setDocumentMargin(0)
        document = self._scratch
        document.clear()
        document.setTextWidth(self.width)
        document.setIndentWidth(self.indent)
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        cursor.setBlockFormat(made)
        for run in runs:
            cursor.insertText(run.text, format_of(run))
        cursor.endEditBlock()
        document.documentLayout().documentSize()
        layout = document.begin().layout()
        starts = (layout.lineAt(number).textStart() for number in range(layout.lineCount()))
        return max((start for start in starts if 0 < start <= _PART), default=_PART)
