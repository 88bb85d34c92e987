"""Highlights the code of segments near the viewport, by a lexer in a child process.

Highlighting uses additional formats of the block layout, which change neither text nor width. While
code grows, only its new lines are lexed, with some lines above as context. Complete code is lexed
again from its first line, and differences are corrected.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QTextCharFormat, QTextLayout

from desktop_app.markdown.block_model import Block, Kind, text_of
from desktop_app.markdown.processes import highlight
from desktop_app.transcript.message_items import Item
from desktop_app.transcript.segment import Article, Segment
from desktop_app.transcript.segment_document import SegmentDocument
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from desktop_app.transcript.media.json_process import JsonProcess

_CONTEXT_LINES: Final = 12
"""Lines above a new line of growing code that are lexed with it."""
_MAX_CONTEXT_LINES: Final = 300
"""Maximum lines above a segment of complete code that are lexed with it."""
_MAX_CHARACTERS: Final = 20_000
"""Maximum characters of code that are lexed at once, a fifth of which is in the segment."""
_CACHED_CODES: Final = 64
"""Codes whose colors are kept, because the user scrolls back to them."""

_Colors = dict[int, list[highlight.ColoredSpan]]


class _Job(NamedTuple):
    """Code to lex for a document.

    Attributes:
        segment: the segment, whose document may have been dropped meanwhile.
        document: the document of the code.
        first: the piece with the first line to highlight.
        items: the lines to highlight.
        context: the number of lines in `code` above them.
        language: the language, in lower case.
        code: all lines to lex.
    """

    segment: Segment
    document: SegmentDocument
    first: int
    items: list[Item]
    context: int
    language: str
    code: str


class CodeHighlighter(QObject):
    """The highlighter of one view.

    Signals:
        highlighted(): colors have changed.
    """

    highlighted = Signal()

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs: deque[_Job] = deque()
        self._lexer: JsonProcess | None = None
        self._request = -1  # the number of the request that is not answered; -1 for none
        self._unlexable: set[str] = set()
        self._cache: OrderedDict[tuple[str, str], _Colors] = OrderedDict()
        self.set_theme(theme)

    @property
    def is_busy(self) -> bool:
        """Return True if code is still to be highlighted."""
        return bool(self._jobs)

    def set_lexer(self, lexer: JsonProcess) -> None:
        """Set the lexer process. Without it, code is not highlighted."""
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
        """Drop all jobs, because other messages are shown."""
        self._jobs.clear()
        self._request = -1
        self._unlexable.clear()

    def highlight_segment(self, article: Article, segment: Segment, *, is_growing: bool) -> None:
        """Highlight the code of a segment that was just written.

        With `is_growing`, text may still be added to its last line.
        """
        document = segment.document
        if document is None or self._lexer is None:
            return
        pieces = document.pieces
        if document.open_code >= 0 and not (is_growing and _is_code(pieces[-1].item)):
            document.colored_to = min(document.colored_to, document.open_code)
            document.open_code = -1
        index = document.colored_to
        while index < len(pieces):
            if not _is_code(pieces[index].item):
                index += 1
                continue
            end = index
            while end < len(pieces) and _is_code(pieces[end].item):
                end += 1
            is_open = is_growing and end == len(pieces)
            if is_open:
                if document.open_code < 0:
                    document.open_code = index
                end -= 1
            if index < end:
                lines = _CONTEXT_LINES if is_open else _MAX_CONTEXT_LINES
                self._queue(article, segment, document, index, end, lines)
            index = end
            if is_open:
                break
        document.colored_to = index

    def _queue(
        self,
        article: Article,
        segment: Segment,
        document: SegmentDocument,
        first: int,
        end: int,
        context_lines: int,
    ) -> None:
        line = document.pieces[first].item
        assert isinstance(line, Block)
        language = line.language.lower()
        if not language or language in self._unlexable:
            return
        top = start = segment.first + first
        items = article.items[start : segment.first + end]
        texts = [text_of(item.runs) for item in items]
        length = sum(map(len, texts))
        while start and top - start < context_lines and _is_code(article.items[start - 1]):
            text = text_of(article.items[start - 1].runs)
            length += len(text)
            if length > _MAX_CHARACTERS:
                break
            texts.insert(0, text)
            start -= 1
        if max(map(len, texts)) > highlight.MAX_LINE_LENGTH:
            return
        code = "".join(f"{text}\n" for text in texts)
        job = _Job(segment, document, first, list(items), top - start, language, code)
        cached = self._cache.get((language, code))
        if cached is not None:
            self._apply(job, cached)
            return
        self._jobs.append(job)
        self._request_next()

    # ------------------------------------------------------------------ lexing

    def _request_next(self) -> None:
        while self._jobs and self._request < 0 and self._lexer is not None:
            job = self._jobs[0]
            if job.segment.document is job.document:
                self._request = self._lexer.ask({"language": job.language, "code": job.code})
            else:
                self._jobs.popleft()

    def _on_answered(self, number: int, answer: dict[str, Any] | None) -> None:
        """Apply the spans that the lexer found. After an invalid answer, give up the language."""
        if number != self._request:
            return
        self._request = -1
        job = self._jobs.popleft()
        spans = highlight.parse_colored_spans(answer)
        if spans is None:
            self._unlexable.add(job.language)
            self._jobs = deque(other for other in self._jobs if other.language != job.language)
        else:
            colors: _Colors = {}
            for span in spans:
                colors.setdefault(span.line, []).append(span)
            self._cache[job.language, job.code] = colors
            if len(self._cache) > _CACHED_CODES:
                self._cache.popitem(last=False)
            self._apply(job, colors)
        self._request_next()

    def _apply(self, job: _Job, colors: _Colors) -> None:
        document = job.document
        if job.segment.document is not document:
            return
        for line, item in enumerate(job.items):
            index = job.first + line
            if index < len(document.pieces) and document.pieces[index].item == item:
                block = document.block_at(index)
                text = block.text()
                ranges = []
                for span in colors.get(job.context + line, ()):
                    part = QTextLayout.FormatRange()
                    part.start = utf16_length(text[: span.start])
                    part.length = utf16_length(text[span.start : span.start + span.length])
                    part.format = self._formats[span.color]
                    ranges.append(part)
                if ranges or block.layout().formats():
                    block.layout().setFormats(ranges)
                    # Else the block has no lines until it is laid out for another reason.
                    document.markContentsDirty(block.position(), block.length())
        self.highlighted.emit()


def _is_code(item: Item) -> bool:
    return isinstance(item, Block) and item.kind is Kind.CODE
