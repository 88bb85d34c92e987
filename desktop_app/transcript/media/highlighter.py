"""Highlights code in the document: first new lines, then each block once it is complete.

Highlighting uses additional formats of the block layout, which change neither text nor width. While
a block grows, only its new lines are highlighted, with some lines above as context for the lexer.
The complete block is lexed again from its first line, and differences are corrected.

A child process (markdown/processes/json_server.py) lexes one part at a time. Its spans are
applied in slices of a few milliseconds.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextCharFormat, QTextLayout

from desktop_app.markdown.block_model import Block, text_of
from desktop_app.markdown.processes import highlight
from desktop_app.transcript.layout.full_layout import finish_layout
from desktop_app.transcript.layout.message_layout import MessageLayout, flag_ranges
from desktop_app.transcript.media.code_folds import is_code
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.media.json_process import JsonProcess
    from desktop_app.transcript.message_items import Item
    from desktop_app.widgets.look.theme import Theme

_SLICE_S: Final = 0.004
"""Seconds for which lines are highlighted in one iteration of the event loop."""
_CONTEXT_LINES: Final = 12
"""Lines above a new line of a growing block that are lexed with it."""
_MAX_CONTEXT_LINES: Final = 300
"""Maximum lines above a range of a complete block that are lexed with it."""
_LINES_AT_ONCE: Final = 24
"""Lines that are highlighted before the time is checked."""


class _Request(NamedTuple):
    """A request to the lexer that it has not answered yet.

    Attributes:
        number: the number of the request.
        job: the job that the code belongs to.
        code: the part of the job's code to lex.
    """

    number: int
    job: _Job
    code: str


@dataclass
class _Job:
    """A job to highlight items [first, end) of a message; lexing starts at item `start`.

    Attributes:
        parts: the parts of the code still to be lexed; None before the first request.
        lexed_lines: the number of lines from `start` whose spans are all pending or applied.
        line: the next line to highlight, counted from `start`.
        pending: the spans to apply, by line counted from `start`.
    """

    layout: MessageLayout
    start: int
    first: int
    end: int
    language: str
    parts: Iterator[str] | None = None
    lexed_lines: int = 0
    line: int = 0
    pending: dict[int, list[highlight.ColoredSpan]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.line = self.first - self.start


class CodeHighlighter(QObject):
    """A queue of lines of code, which are highlighted a few at a time."""

    def __init__(self, writer: DocumentWriter, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._writer = writer
        self._jobs: deque[_Job] = deque()
        self._lexer: JsonProcess | None = None
        self._request: _Request | None = None
        self._unlexable_languages: set[str] = set()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._run_jobs)
        self.set_theme(theme)

    @property
    def is_busy(self) -> bool:
        """Return True if code is still to be highlighted."""
        return bool(self._jobs)

    def set_lexer(self, lexer: JsonProcess) -> None:
        """Set the lexer process (see json_server.py). Without it, code is not highlighted."""
        self._lexer = lexer
        lexer.answered.connect(self._on_answered)

    def set_theme(self, theme: Theme) -> None:
        """Use the colors of a theme from now on."""
        self._formats = {}
        for color in highlight.CodeColor:
            char_format = QTextCharFormat()
            char_format.setForeground(getattr(theme, color.value))
            self._formats[color] = char_format

    def clear(self) -> None:
        """Drop all jobs, because the document is empty."""
        self._jobs.clear()
        self._unlexable_languages.clear()

    def forget(self, layout: MessageLayout) -> None:
        """Drop the jobs of a message, because its items have moved."""
        self._jobs = deque(job for job in self._jobs if job.layout is not layout)

    def highlight_block(self, layout: MessageLayout, index: int) -> None:
        """Highlight the materialized lines of the code block whose head is item `index`."""
        end = index + 1
        items = layout.items
        while end < len(items) and is_code(items[end]):
            end += 1
        for first, stop in layout.materialized_ranges(index + 1, end):
            self._highlight_range(layout, first, stop)

    def highlight_items(self, layout: MessageLayout, first: int, end: int) -> None:
        """Highlight the code among items [first, end), which were just written."""
        for begin, stop in flag_ranges(bytes(map(is_code, layout.items[first:end])), 1):
            self._highlight_range(layout, first + begin, first + stop)

    def _highlight_range(self, layout: MessageLayout, first: int, end: int) -> None:
        """Highlight lines [first, end) of a block, with the lines above as context."""
        start = first
        while start and first - start < _MAX_CONTEXT_LINES and is_code(layout.items[start - 1]):
            start -= 1
        self._queue(layout, start, first, end)

    def highlight_lines(self, layout: MessageLayout, head: int, first: int, end: int) -> None:
        """Highlight new lines of a growing block."""
        last = self._jobs[-1] if self._jobs else None
        if last is not None and last.layout is layout and last.end == first and last.parts is None:
            last.end = end  # the job has not begun: lex these lines with it
            return
        self._queue(layout, max(head + 1, first - _CONTEXT_LINES), first, end)

    def _queue(self, layout: MessageLayout, start: int, first: int, end: int) -> None:
        line = layout.items[first] if first < end else None
        if not start or not isinstance(line, Block) or not line.language:
            return
        language = line.language.lower()
        if self._lexer is not None and language not in self._unlexable_languages:
            self._jobs.append(_Job(layout, start=start, first=first, end=end, language=language))
            self._timer.start()

    # ------------------------------------------------------------------ lexing

    def _request_next(self, job: _Job) -> bool:
        """Request the next part of a job. Return False if nothing is left."""
        if job.parts is None:
            job.parts = highlight.lexing_parts(_shown_code(job.layout.items[job.start : job.end]))
        code = next(job.parts, "")
        if self._lexer is None or not code:
            return False
        number = self._lexer.ask({"language": job.language, "code": code})
        self._request = _Request(number, job, code)
        return True

    def _on_answered(self, number: int, answer: dict[str, Any] | None) -> None:
        """Collect the spans that the lexer found. After an invalid answer, give up the language."""
        request = self._request
        if request is None or request.number != number:
            return
        job = request.job
        self._request = None
        self._timer.start()
        spans = highlight.parse_colored_spans(answer)
        if spans is None:
            self._unlexable_languages.add(job.language)
            self._jobs = deque(other for other in self._jobs if other.language != job.language)
            return
        for span in spans:
            line = job.lexed_lines + span.line
            if line >= job.line:  # the lines above are only context for the lexer
                job.pending.setdefault(line, []).append(span._replace(line=line))
        job.lexed_lines += request.code.count("\n")

    # ------------------------------------------------------------------ painting

    def _run_jobs(self) -> None:
        deadline = time.perf_counter() + _SLICE_S
        while self._jobs and self._request is None:
            job = self._jobs[0]
            if not self._paint_to(job, deadline):
                self._timer.start()
                return
            if not self._request_next(job):
                self._jobs.popleft()

    def _paint_to(self, job: _Job, until: float) -> bool:
        """Highlight the lexed lines of a job. Return False if time runs out first."""
        while job.line < job.lexed_lines:
            self._paint(job)
            if time.perf_counter() > until:
                return False
        return True

    def _paint(self, job: _Job) -> None:
        """Apply the collected spans to the next lines of a job."""
        end_line = min(job.line + _LINES_AT_ONCE, job.lexed_lines)
        block = None
        changed_start = changed_end = -1  # the changed positions of the document; -1 for none
        for line in range(job.line, end_line):
            index = job.start + line
            if not _is_written_code(job.layout, index):
                block = None
                continue
            block = block or self._writer.layouts.block_of(job.layout, index)
            colored_spans = job.pending.pop(line, ())
            text = block.text() if colored_spans else ""
            spans = [_in_utf16(span, text) for span in colored_spans]
            if self._set_formats(block.layout(), spans):
                if changed_start < 0:
                    changed_start = block.position()
                changed_end = block.position() + block.length()
            # If a line takes several blocks, only the first one is highlighted.
            has_one_block = job.layout.counts[index] == 1
            block = block.next() if has_one_block else None
        if changed_start >= 0:
            finish_layout(self._writer.document)
            # `setFormats` leaves a pending change. Unless the layout gets it now, the next edit
            # lays out everything from these lines to the place of that edit.
            self._writer.document.markContentsDirty(changed_start, changed_end - changed_start)
        job.line = end_line

    def _set_formats(self, layout: QTextLayout, spans: list[highlight.ColoredSpan]) -> bool:
        """Apply spans to a block. Return True if they changed."""
        old_spans = [
            (r.start, r.length, r.format.foreground().color().rgb()) for r in layout.formats()
        ]
        new_spans = [
            (s.start, s.length, self._formats[s.color].foreground().color().rgb()) for s in spans
        ]
        if old_spans == new_spans:
            return False
        ranges = []
        for span in spans:
            format_range = QTextLayout.FormatRange()
            format_range.start = span.start
            format_range.length = span.length
            format_range.format = self._formats[span.color]
            ranges.append(format_range)
        layout.setFormats(ranges)
        return True


def _is_written_code(layout: MessageLayout, index: int) -> bool:
    """Return True if the item is materialized code. A fold may have removed a job's items."""
    return index < len(layout.items) and layout.counts[index] > 0 and is_code(layout.items[index])


def _shown_code(items: Sequence[Item]) -> str:
    """Return lines of code as shown, including signs for invisible characters.

    Spans are positions in this text. Return "" if an item is not code or a line is too long.
    """
    if not all(is_code(item) for item in items):
        return ""
    texts = [text_of(item.runs) for item in items]
    if max(map(len, texts), default=0) > highlight.MAX_LINE_LENGTH:
        return ""
    return "".join(f"{text}\n" for text in texts)


def _in_utf16(span: highlight.ColoredSpan, text: str) -> highlight.ColoredSpan:
    """Convert a span of a text to UTF-16 units, which Qt uses."""
    if text.isascii():
        return span
    start = span.start
    end = span.start + span.length
    return span._replace(start=utf16_length(text[:start]), length=utf16_length(text[start:end]))
