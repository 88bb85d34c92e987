"""Colours the code in the document: lines as they arrive, a whole block once it is closed.

Colours are additional formats of the block's layout, which change neither the text nor its width.
While a block grows, only its new lines are coloured, with some lines above them for the lexer to
find its way; when it is whole, it is lexed from its first line, in slices of a few milliseconds, and
what differs is corrected. Lexers are loaded in a thread.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextCharFormat, QTextLayout

from desktop_app.rendering import highlight
from desktop_app.rendering.model import Block, Kind
from desktop_app.ui.transcript.whole_layout import finish_layout
from desktop_app.ui.transcript.words import units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.ui.theme import Theme
    from desktop_app.ui.transcript.document import DocumentWriter
    from desktop_app.ui.transcript.items import Item
    from desktop_app.ui.transcript.section import Section

_SLICE_S: Final = 0.004
_ARRIVALS_MS: Final = 10
_CONTEXT_LINES: Final = 12
_FAR_LINES: Final = 300
_LINES_AT_ONCE: Final = 24


@dataclass
class _Job:
    """Lines [first, end) of the items of a section, to be lexed from item `start` on."""

    section: Section
    start: int
    first: int
    end: int
    language: str
    work: Iterator[highlight.Span | None] | None = None
    line: int = -1
    pending: dict[int, list[highlight.Span]] = field(default_factory=dict)


class CodeHighlighter(QObject):
    """Works through the code lines that it is told of, a little with each turn of the event loop."""

    def __init__(self, writer: DocumentWriter, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._writer = writer
        self._jobs: deque[_Job] = deque()
        self._loaded: set[str] = set()
        self._loading: set[str] = set()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._work)
        # A thread knows this deque alone, never a QObject that may be gone when it is done.
        self._arrived: deque[str] = deque()
        self._arrivals = QTimer(self, interval=_ARRIVALS_MS)
        self._arrivals.timeout.connect(self._take_arrived)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """The colours to use from now on."""
        self._formats = {}
        for colour in highlight.Colour:
            made = QTextCharFormat()
            made.setForeground(getattr(theme, colour.value))
            self._formats[colour] = made

    def clear(self) -> None:
        """Forget all work: the document has been emptied."""
        self._jobs.clear()

    def forget(self, section: Section) -> None:
        """Forget the work on a section: its items have moved."""
        self._jobs = deque(job for job in self._jobs if job.section is not section)

    def colour_block(self, section: Section, at: int) -> None:
        """Colour the whole code block whose head is item `at`."""
        end = at + 1
        items = section.items
        while end < len(items) and _is_code(items[end]):
            end += 1
        for first, stop in section.runs(at + 1, end):
            self.colour_part(section, first, stop)

    def colour_part(self, section: Section, first: int, end: int) -> None:
        """Colour lines that have been written in the middle of a block, or all of it."""
        start = first
        while start and first - start < _FAR_LINES and _is_code(section.items[start - 1]):
            start -= 1
        self._add(section, start, first, end)

    def colour_lines(self, section: Section, head: int, first: int, end: int) -> None:
        """Colour new lines of a block that still grows."""
        last = self._jobs[-1] if self._jobs else None
        if last is not None and last.section is section and last.end == first and not last.work:
            last.end = end
            return
        self._add(section, max(head + 1, first - _CONTEXT_LINES), first, end)

    def _add(self, section: Section, start: int, first: int, end: int) -> None:
        block = section.items[start - 1] if start else None
        line = section.items[first] if first < end else None
        if not isinstance(line, Block) or not line.language or block is None:
            return
        language = line.language.lower()
        self._jobs.append(_Job(section, start, first, end, language))
        if language in self._loaded:
            self._timer.start()
        elif language not in self._loading:
            self._loading.add(language)
            Thread(target=_load, args=(language, self._arrived), daemon=True).start()
            self._arrivals.start()

    def _take_arrived(self) -> None:
        while self._arrived:
            self._loaded.add(self._arrived.popleft())
        if self._loaded >= self._loading:
            self._arrivals.stop()
        self._timer.start()

    # ------------------------------------------------------------------ in slices

    def _work(self) -> None:
        until = time.perf_counter() + _SLICE_S
        waiting = 0
        while self._jobs and waiting < len(self._jobs):
            job = self._jobs[0]
            if job.language not in self._loaded:
                self._jobs.rotate(-1)
                waiting += 1
            elif self._work_on(job, until):
                self._jobs.popleft()
            else:
                break
        if any(job.language in self._loaded for job in self._jobs):
            self._timer.start()

    def _work_on(self, job: _Job, until: float) -> bool:
        """Whether the job is done before time is up."""
        if job.work is None:
            found = highlight.lexer(job.language)
            items = job.section.items[job.start : job.end]
            # As they are shown, signs for unseen characters included: colours have their place.
            texts = ["".join(run.text for run in i.runs) for i in items if isinstance(i, Block)]
            moved = any(not isinstance(i, Block) or i.kind is not Kind.CODE for i in items)
            if found is None or moved or max(map(len, texts), default=0) > highlight.LONGEST_LINE:
                return True
            job.work, job.line = highlight.steps("\n".join(texts), found), job.first - job.start
        for span in job.work:
            if span is not None and span.line >= job.line:
                job.pending.setdefault(span.line, []).append(span)
                if not self._paint_to(job, span.line - _LINES_AT_ONCE, until):
                    return False
            if time.perf_counter() > until:
                return False
        return self._paint_to(job, job.end - job.start - 1, until)

    def _paint_to(self, job: _Job, line: int, until: float) -> bool:
        """Paint the job's lines from its next up to `line`, or a few more; False where time is up."""
        while job.line <= line:
            self._paint(job)
            if time.perf_counter() > until:
                return False
        return True

    def _paint(self, job: _Job) -> None:
        """Give the job's next lines the spans collected for them."""
        last = min(job.line + _LINES_AT_ONCE, job.end - job.start)
        block, start, end = None, -1, -1
        for number in range(job.line, last):
            if not job.section.counts[job.start + number]:
                block = None
                continue
            block = block or self._writer.block_of(job.section, job.start + number)
            found = job.pending.pop(number, ())
            text = block.text() if found else ""
            mine = [_in_units(span, text) for span in found]
            if self._set_formats(block.layout(), mine):
                start = block.position() if start < 0 else start
                end = block.position() + block.length()
            # Of a line that is written in several blocks, the first one is coloured.
            is_one = job.section.counts[job.start + number] == 1
            block = block.next() if is_one else None
        if start >= 0:
            finish_layout(self._writer.document)
            # Else the next edit, wherever it is, would lay out everything in between.
            self._writer.document.markContentsDirty(start, end - start)
        job.line = last

    def _set_formats(self, layout: QTextLayout, mine: list[highlight.Span]) -> bool:
        """Whether this changed anything."""
        old = [(r.start, r.length, r.format.foreground().color().rgb()) for r in layout.formats()]
        new = [
            (s.start, s.length, self._formats[s.colour].foreground().color().rgb()) for s in mine
        ]
        if old == new:
            return False
        ranges = []
        for span in mine:
            made = QTextLayout.FormatRange()
            made.start, made.length = span.start, span.length
            made.format = self._formats[span.colour]
            ranges.append(made)
        layout.setFormats(ranges)
        return True


def _is_code(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE


def _in_units(span: highlight.Span, text: str) -> highlight.Span:
    """A span of a text counted in UTF-16 units, as Qt counts."""
    if text.isascii():
        return span
    start, end = span.start, span.start + span.length
    return span._replace(start=units(text[:start]), length=units(text[start:end]))


def _load(language: str, arrived: deque[str]) -> None:
    highlight.lexer(language)
    arrived.append(language)
