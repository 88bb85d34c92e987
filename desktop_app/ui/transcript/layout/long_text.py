"""Where a very long paragraph, or line of code, is parted into several blocks of the document.

Qt lays a block out again as a whole with every change, so the cost of a word would grow with the
paragraph that it is added to. Parted at the beginning of a line, without room between the parts, it
looks the same; copying joins it again, because it copies the item. Where the lines begin is measured
in a document apart: it depends on the words, their fonts and the width, never on how they arrived, nor
on which parts are written (long_items.py).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor, QTextDocument

from desktop_app.rendering.incremental.packed_runs import texts_of_runs
from desktop_app.ui.transcript.document.run_changes import units
from desktop_app.ui.widgets.sealed_document import SealedDocument

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QTextBlockFormat, QTextCharFormat

    from desktop_app.rendering.block_model import Run, Runs

LONGEST: Final = 2600
"""UTF-16 units of a block beyond which it is parted."""

_PART: Final = 2000
"""UTF-16 units of a part, less the rest of its last line."""

_AROUND: Final = LONGEST - _PART
"""Of so many behind its mark, a line begins."""

_DENSE_PART: Final = 500
_DENSE_AROUND: Final = 150
_MANY: Final = 125
"""Runs in the beginning of a part, as long as a dense one, that make it one: what takes as long to
lay out as a thousand letters is to be less of the text."""

_CHAPTER: Final = 16_000
_DENSE_CHAPTER: Final = 2000

BEFORE: Final = 2000
"""UTF-16 units before a chapter that are looked at to find where it begins."""

_SETTLED: Final = 300
"""A change nearer than this behind the beginning of a part might move that beginning."""


class Words:
    """The words of a long text, by where they stand in it: in UTF-16 units."""

    def __init__(self, runs: Runs, begin: int = 0) -> None:
        """`begin` is where the first of these runs begins, of a text whose beginning is left out."""
        self._runs = runs
        self._edges = array("I", accumulate(map(units, texts_of_runs(runs)), initial=begin))
        self._encoded: tuple[int, bytes] = (-1, b"")

    @property
    def end(self) -> int:
        """Where the text ends."""
        return self._edges[-1]

    def between(self, first: int, end: int) -> Runs:
        """The words of units [first, end)."""
        least = max(0, bisect_right(self._edges, first) - 1)
        most = min(len(self._runs), bisect_left(self._edges, end, least))
        taken = list(self._runs[least:most])
        for number in {least, most - 1} if taken else ():
            begin, stop = self._edges[number], self._edges[number + 1]
            if begin < first or end < stop:
                words = self._cut(number, max(0, first - begin), end - begin)
                taken[number - least] = taken[number - least]._replace(text=words)
        return tuple(run for run in taken if run.text)

    def runs_within(self, first: int, end: int) -> int:
        """In how many runs units [first, end) are."""
        return bisect_left(self._edges, end) - bisect_right(self._edges, first) + 1

    def links(self, first: int, end: int) -> list[int]:
        """Where links are within units [first, end)."""
        least = max(0, bisect_right(self._edges, first) - 1)
        near = self._runs[least : bisect_left(self._edges, end)]
        return [max(first, self._edges[n]) for n, run in enumerate(near, least) if run.link]

    def whole(self, at: int) -> int:
        """The same place, but behind a character that is in the midst of it."""
        halves = "".join(run.text for run in self.between(at, at + 1))
        return at + (halves == "\ufffd")

    def _cut(self, number: int, first: int, end: int) -> str:
        text = self._runs[number].text
        if len(text) == self._edges[number + 1] - self._edges[number]:
            return text[first:end]
        if self._encoded[0] != number:
            self._encoded = number, text.encode("utf-16-le", "replace")
        return self._encoded[1][2 * first : 2 * end].decode("utf-16-le", "replace")


def end_of(runs: Runs, count: int) -> Runs:
    """The last `count` UTF-16 units of some runs."""
    taken: list[Run] = []
    for run in reversed(runs):
        text = run.text[-count:]  # no fewer units, and not a megabyte to be encoded
        size = units(text)
        if size >= count:
            encoded = text.encode("utf-16-le", "replace")[2 * (size - count) :]
            taken.append(run._replace(text=encoded.decode("utf-16-le", "replace")))
            break
        taken.append(run)
        count -= size
    return tuple(reversed(taken))


def parts_kept(cuts: tuple[int, ...], alike: int, added: int) -> int:
    """How many of the places where a long text is parted stay when its words change: `alike` of the
    last part's units stay, and `added` come behind them. The rest of a text may be a million words,
    which nobody counts for each of the next."""
    if not cuts:
        return 0
    alike += cuts[-1]
    kept = bisect_left(cuts, alike - _SETTLED)
    while kept and alike + added - (cuts[kept - 2] if kept > 1 else 0) <= LONGEST:
        kept -= 1
    return kept


class LongText:
    """Finds the beginnings of lines in a document of one width, and of one indent of lists.

    So that a part can be found without all that is before it, a text has chapters. Each begins with
    the first line that begins behind a certain place, as it is found a little before that: mostly
    where it would be anyway, for what is before it does not matter for long.
    """

    def __init__(self, width: float, indent: float) -> None:
        self.width, self.indent = width, indent
        self._scratch: QTextDocument | None = None
        self._unit_height = 0.25
        self._measured: tuple[Words | None, dict[int, int]] = (None, {})

    def height(self, count: int) -> float:
        """The pixels that so many units take, about, like those that were measured last."""
        return count * self._unit_height

    def next(
        self,
        words: Words,
        at: int,
        made: QTextBlockFormat,
        format_of: Callable[[Run], QTextCharFormat],
    ) -> int:
        """Where the part behind that which begins at unit `at` begins, LONGEST units of it or more
        before the end: at the last beginning of a line within _PART, or at _PART where there is
        none; or else with the next chapter."""
        known = self._known(words)
        if at not in known:
            known[at] = self._next(words, at, made, format_of)
        return known[at]

    def _known(self, words: Words) -> dict[int, int]:
        """What has been measured of this text: of a part where it ends; negative, of a chapter's
        mark where it begins."""
        if self._measured[0] is not words:
            self._measured = words, {}
        return self._measured[1]

    def _next(
        self,
        words: Words,
        at: int,
        made: QTextBlockFormat,
        format_of: Callable[[Run], QTextCharFormat],
    ) -> int:
        is_dense = _is_dense(words, at)
        part, around = (_DENSE_PART, _DENSE_AROUND) if is_dense else (_PART, _AROUND)
        starts = self._starts(words.between(at, at + part + around), made, format_of)
        start = max((start for start in starts if 0 < start <= part), default=0)
        cut = at + start if start else words.whole(at + part)
        mark = (at // _DENSE_CHAPTER + 1) * _DENSE_CHAPTER
        if mark <= cut and _begins_chapter(words, mark):
            return self._chapter(words, mark, made, format_of)
        return cut

    def chapter_before(
        self,
        words: Words,
        unit: int,
        least: int,
        made: QTextBlockFormat,
        format_of: Callable[[Run], QTextCharFormat],
    ) -> int:
        """Where the chapter begins that a unit is in, if that is behind `least`; else that."""
        last = min(unit, words.end - LONGEST - 1)
        for mark in range(last // _DENSE_CHAPTER * _DENSE_CHAPTER, least, -_DENSE_CHAPTER):
            if _begins_chapter(words, mark):
                found = max(least, self._chapter(words, mark, made, format_of))
                if found <= unit:
                    return found
        return least

    def _chapter(
        self,
        words: Words,
        mark: int,
        made: QTextBlockFormat,
        format_of: Callable[[Run], QTextCharFormat],
    ) -> int:
        begin, known = mark - BEFORE, self._known(words)
        if -mark not in known:
            starts = self._starts(words.between(begin, mark + _AROUND), made, format_of)
            found = (begin + start for start in starts if begin + start >= mark)
            known[-mark] = next(found, words.whole(mark))
        return known[-mark]

    def _starts(
        self, runs: Runs, made: QTextBlockFormat, format_of: Callable[[Run], QTextCharFormat]
    ) -> list[int]:
        """Where the lines of these words begin."""
        if self._scratch is None:
            self._scratch = SealedDocument(undoRedoEnabled=False)
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
        self._unit_height = document.size().height() / max(1, document.characterCount())
        layout = document.begin().layout()
        return [layout.lineAt(number).textStart() for number in range(layout.lineCount())]


def _begins_chapter(words: Words, mark: int) -> bool:
    """Whether a chapter begins there: they are short where many runs make them take long."""
    return mark % _CHAPTER == 0 or _is_dense(words, mark - BEFORE)


def _is_dense(words: Words, at: int) -> bool:
    """Whether what begins there is of very many runs."""
    return words.runs_within(at, at + _DENSE_PART) > _MANY
