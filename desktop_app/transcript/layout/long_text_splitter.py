"""Finds where to split a very long paragraph or line of code into blocks.

Qt lays out the whole block on every change, so each new word would cost more the longer the
paragraph is. A paragraph that is split at the start of a line, without a gap, looks the same.
Copying is not affected, because it copies the item.

Line starts are measured in a separate document. They depend only on the text, its fonts and the
width, and not on how the text arrived or which parts are materialized (long_text_writer.py).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtGui import QTextCursor, QTextDocument

from desktop_app.widgets.text.sealed_document import SealedDocument
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QTextBlockFormat, QTextCharFormat

    from desktop_app.markdown.block_model import Run, Runs

MAX_BLOCK_UNITS: Final = 2600
"""Blocks longer than this many UTF-16 units are split."""

_PART_UNITS: Final = 2000
"""A part ends at the last line start within this many UTF-16 units."""

_LOOKAHEAD_UNITS: Final = MAX_BLOCK_UNITS - _PART_UNITS
"""A line starts within this many UTF-16 units after the end of a part or a chapter mark."""

_DENSE_PART_UNITS: Final = 500
"""The `_PART_UNITS` of dense text."""
_DENSE_LOOKAHEAD_UNITS: Final = 150
"""The `_LOOKAHEAD_UNITS` of dense text."""
_DENSE_RUNS: Final = 125
"""A part with more runs than this in its first `_DENSE_PART_UNITS` units is dense.

Those units take as long to lay out as 1,000 letters, so dense parts are shorter.
"""

_CHAPTER_UNITS: Final = 16_000
"""UTF-16 units between chapter marks."""
_DENSE_CHAPTER_UNITS: Final = 2000
"""UTF-16 units between chapter marks in dense text."""

CONTEXT_UNITS: Final = 2000
"""UTF-16 units to lay out before a chapter mark to find the start of the chapter."""

_UNSETTLED_UNITS: Final = 300
"""A change up to this many units after the start of a part may move that start."""


class TextFormats(NamedTuple):
    """The formats of a long text: of its first block, its other blocks, and each of its runs."""

    first: QTextBlockFormat
    rest: QTextBlockFormat
    of_run: Callable[[Run], QTextCharFormat]


class RunIndex:
    """The runs of a long text, indexed by UTF-16 units."""

    def __init__(self, runs: Runs, begin: int = 0) -> None:
        """Index runs that begin at unit `begin` of the text."""
        self._runs = runs
        self._edges = array(
            "I", accumulate([utf16_length(run.text) for run in runs], initial=begin)
        )
        self._encoded_number = -1  # of the run encoded last; -1 for none
        self._encoded_text = b""  # of this run, in UTF-16

    @property
    def end(self) -> int:
        """Return the end of the text."""
        return self._edges[-1]

    def runs_between(self, first: int, end: int) -> Runs:
        """Return the runs of units [first, end)."""
        first_run = max(0, bisect_right(self._edges, first) - 1)
        end_run = min(len(self._runs), bisect_left(self._edges, end, first_run))
        runs = list(self._runs[first_run:end_run])
        if not runs:
            return ()
        for number in {first_run, end_run - 1}:  # the runs that may be only partly within
            begin = self._edges[number]
            stop = self._edges[number + 1]
            if begin < first or end < stop:
                text = self._cut(number, max(0, first - begin), end - begin)
                runs[number - first_run] = self._runs[number]._replace(text=text)
        return tuple(run for run in runs if run.text)

    def count_runs(self, first: int, end: int) -> int:
        """Return the number of runs in units [first, end)."""
        return bisect_left(self._edges, end) - bisect_right(self._edges, first) + 1

    def link_positions(self, first: int, end: int) -> list[int]:
        """Return the positions of links within units [first, end)."""
        first_run = max(0, bisect_right(self._edges, first) - 1)
        nearby_runs = self._runs[first_run : bisect_left(self._edges, end)]
        return [
            max(first, self._edges[n]) for n, run in enumerate(nearby_runs, first_run) if run.link
        ]

    def character_end(self, index: int) -> int:
        """Return `index`, or the next unit if `index` splits a surrogate pair."""
        around = "".join(run.text for run in self.runs_between(index - 1, index + 1))
        return index + (max(around) > "\uffff")

    def _cut(self, number: int, first: int, end: int) -> str:
        text = self._runs[number].text
        if len(text) == self._edges[number + 1] - self._edges[number]:
            return text[first:end]
        if self._encoded_number != number:
            self._encoded_number = number
            self._encoded_text = text.encode("utf-16-le", "replace")
        return self._encoded_text[2 * first : 2 * end].decode("utf-16-le", "replace")


def last_units(runs: Runs, count: int) -> Runs:
    """Return the last `count` UTF-16 units of a text as runs."""
    last_runs: list[Run] = []
    for run in reversed(runs):
        text = run.text[-count:]  # at least as many units, without encoding 1 MB
        size = utf16_length(text)
        if size >= count:
            last_runs.append(run._replace(text=utf16_slice(text, size - count)))
            break
        last_runs.append(run)
        count -= size
    return tuple(reversed(last_runs))


def count_kept_cuts(cuts: tuple[int, ...], unchanged: int, added: int) -> int:
    """Return the number of cuts of a long text that stay when its text changes.

    Only the end of the text is examined, because this runs for each new word of a text, which may
    have a million words.

    Args:
        cuts: the start of each part except the first.
        unchanged: the number of unchanged units at the start of the last part.
        added: the number of units that follow them.
    """
    if not cuts:
        return 0
    unchanged += cuts[-1]
    kept_cuts = bisect_left(cuts, unchanged - _UNSETTLED_UNITS)
    while kept_cuts:
        # Drop the last cut if the text fits into one block from the cut before it.
        start_without = cuts[kept_cuts - 2] if kept_cuts > 1 else 0
        if unchanged + added - start_without > MAX_BLOCK_UNITS:
            break
        kept_cuts -= 1
    return kept_cuts


class LongTextSplitter:
    """A finder of line starts for a given document width and list indent.

    The text is divided into chapters, so that a part can be found without measuring all text before
    it. A chapter begins with the first line that starts at or after its mark. That line is found by
    laying out text from shortly before the mark. Usually the result is the same as for the whole
    text, because earlier text soon stops affecting the line breaks.
    """

    def __init__(self, width: float, indent: float) -> None:
        self.width = width
        self.indent = indent
        self._scratch: QTextDocument | None = None
        self._unit_height = 0.25  # pixels, until a text is measured
        # The text measured last, the ends of its parts by their starts, and the starts of its
        # chapters by their marks.
        self._measured: RunIndex | None = None
        self._part_ends: dict[int, int] = {}
        self._chapter_starts: dict[int, int] = {}

    def estimate_height(self, count: int) -> float:
        """Estimate the height of `count` units in pixels, from the text measured last."""
        return count * self._unit_height

    def part_end(self, index: RunIndex, start: int, formats: TextFormats) -> int:
        """Return the end of the part that begins at unit `start`.

        The end is the last line start within `_PART_UNITS` (`_DENSE_PART_UNITS` in dense text). If
        no line starts there, the part has that many units. The part also ends at the next chapter.
        At least MAX_BLOCK_UNITS units of text must follow `start`.
        """
        self._forget_other_text(index)
        if start not in self._part_ends:
            self._part_ends[start] = self._measure_part_end(index, start, formats)
        return self._part_ends[start]

    def _forget_other_text(self, index: RunIndex) -> None:
        """Forget the measurements of the text measured last if it is not this one."""
        if self._measured is not index:
            self._measured = index
            self._part_ends = {}
            self._chapter_starts = {}

    def _measure_part_end(self, index: RunIndex, start: int, formats: TextFormats) -> int:
        part, lookahead = _PART_UNITS, _LOOKAHEAD_UNITS
        if _is_dense(index, start):
            part, lookahead = _DENSE_PART_UNITS, _DENSE_LOOKAHEAD_UNITS
        runs = index.runs_between(start, start + part + lookahead)
        line_starts = self._line_starts(runs, formats.rest if start else formats.first, formats)
        last_start = max((each for each in line_starts if 0 < each <= part), default=0)
        end = start + last_start if last_start else index.character_end(start + part)
        mark = (start // _DENSE_CHAPTER_UNITS + 1) * _DENSE_CHAPTER_UNITS
        if mark <= end and _begins_chapter(index, mark):
            return self._chapter_start(index, mark, formats)
        return end

    def chapter_before(
        self, index: RunIndex, unit: int, earliest: int, formats: TextFormats
    ) -> int:
        """Return the start of the chapter that contains `unit`, but at least `earliest`."""
        last = min(unit, index.end - MAX_BLOCK_UNITS - 1)
        for mark in range(
            last // _DENSE_CHAPTER_UNITS * _DENSE_CHAPTER_UNITS, earliest, -_DENSE_CHAPTER_UNITS
        ):
            if _begins_chapter(index, mark):
                chapter_start = max(earliest, self._chapter_start(index, mark, formats))
                if chapter_start <= unit:
                    return chapter_start
        return earliest

    def _chapter_start(self, index: RunIndex, mark: int, formats: TextFormats) -> int:
        """Return the first line start at or after a chapter mark."""
        self._forget_other_text(index)
        if mark not in self._chapter_starts:
            begin = mark - CONTEXT_UNITS
            runs = index.runs_between(begin, mark + _LOOKAHEAD_UNITS)
            starts = self._line_starts(runs, formats.rest, formats)
            line_starts = (begin + start for start in starts if begin + start >= mark)
            self._chapter_starts[mark] = next(line_starts, index.character_end(mark))
        return self._chapter_starts[mark]

    def _line_starts(
        self, runs: Runs, block_format: QTextBlockFormat, formats: TextFormats
    ) -> list[int]:
        """Return the line starts of these runs in a block of this format."""
        if self._scratch is None:
            self._scratch = SealedDocument(undoRedoEnabled=False)
            self._scratch.setDocumentMargin(0)
        document = self._scratch
        document.clear()
        document.setTextWidth(self.width)
        document.setIndentWidth(self.indent)
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        cursor.setBlockFormat(block_format)
        for run in runs:
            cursor.insertText(run.text, formats.of_run(run))
        cursor.endEditBlock()
        self._unit_height = document.size().height() / max(1, document.characterCount())
        layout = document.begin().layout()
        return [layout.lineAt(number).textStart() for number in range(layout.lineCount())]


def _begins_chapter(index: RunIndex, mark: int) -> bool:
    """Return True if a chapter begins at `mark`. Chapters of dense text are shorter."""
    return mark % _CHAPTER_UNITS == 0 or _is_dense(index, mark - CONTEXT_UNITS)


def _is_dense(index: RunIndex, start: int) -> bool:
    """Return True if the text at unit `start` has very many runs."""
    return index.count_runs(start, start + _DENSE_PART_UNITS) > _DENSE_RUNS
