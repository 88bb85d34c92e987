"""The text of a document, formatted like an answer, with a passage or what a search found marked.

The text is cut into slices (markdown/document_text.py), which are parsed when they come near the
viewport. Slices that were used long ago are forgotten, so that a book takes no more memory than a
chapter.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QColor, QTextCharFormat
from shiboken6 import isValid

from desktop_app.app.tasks import Tasks
from desktop_app.markdown.block_model import Block, text_of
from desktop_app.markdown.document_text import DocumentText, PassageMark
from desktop_app.markdown.text_search import fold_phrase, match_ranges
from desktop_app.transcript.accessible_messages import AccessibleText
from desktop_app.transcript.find_bar import FindBar
from desktop_app.transcript.segment import Article, ArticleList, Place, is_table, runs_at
from desktop_app.transcript.segment_document import SegmentWriter
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.transcript.shown_segment import Mark, ShownSegment
from desktop_app.transcript.text_area import TextArea
from desktop_app.transcript.transcript_styles import Styles
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.utf16 import utf16_length

PAGE_MARK: Final = re.compile(r"^\[page (\d{1,6})\]$", re.MULTILINE)
"""The line before each page in the text of a PDF, which belongs to no page."""
_MAX_MATCHES: Final = 10_000  # the search ends there, and the bar shows that there may be more


class TextSearch(QObject):
    """Connection of a find bar with a text.

    Args:
        show: shows a match in the text; None if there is none.
        skips_marks: find no words in the marks between pages.
    """

    def __init__(
        self,
        bar: FindBar,
        tasks: Tasks,
        show: Callable[[Span | None], Awaitable[None]],
        *,
        skips_marks: bool,
    ) -> None:
        super().__init__(bar)
        self._bar = bar
        self._show_match = show
        self._skips_marks = skips_marks
        self._text = ""
        self._start_position = 0
        self._search_number = 0
        self._matches: list[Span] = []
        self._index = -1  # of the current match; -1 for none
        bar.changed.connect(tasks.slot(self._search))
        bar.step_requested.connect(tasks.slot(self._step))

    def begin(self, text: str, first_position: int = 0) -> None:
        """Set the text to search; the first match shown is at or after `first_position`."""
        self._text = text
        self._start_position = first_position
        self._search_number += 1
        self._matches = []
        self._index = -1
        if text and self._bar.isVisible():
            self._bar.changed.emit(self._bar.field.text())

    async def _search(self, query: str) -> None:
        self._search_number += 1
        search_number = self._search_number
        matches = await asyncio.to_thread(
            _find_matches, self._text, query, skips_marks=self._skips_marks
        )
        if not isValid(self._bar):  # the window was closed meanwhile
            return
        if search_number != self._search_number or self._bar.isHidden():
            return
        if self._index >= 0:  # continue from the current match
            self._start_position = self._matches[self._index][0]
        self._matches = matches
        next_match = bisect_left(matches, (self._start_position, 0))
        self._index = next_match % len(matches) if matches else -1
        await self._show_current()

    async def _step(self, step: int) -> None:
        if self._matches:
            self._index = (self._index + step) % len(self._matches)
            await self._show_current()

    async def _show_current(self) -> None:
        count = len(self._matches)
        self._bar.show_count(self._index + 1, count, count < _MAX_MATCHES)
        await self._show_match(self._matches[self._index] if self._matches else None)


def _find_matches(text: str, query: str, *, skips_marks: bool) -> list[Span]:
    """Return the ranges of the words, without those that overlap a mark if `skips_marks`."""
    marks = [mark.span() for mark in PAGE_MARK.finditer(text)] if skips_marks else []
    mark_ends = [end for _, end in marks]
    matches = []
    for start, end in match_ranges(text, fold_phrase(query)):
        mark_index = bisect_left(mark_ends, start + 1)  # the mark that the match may overlap
        if mark_index == len(marks) or end <= marks[mark_index][0]:
            matches.append((start, end))
        if len(matches) == _MAX_MATCHES:
            break
    return matches


Span = tuple[int, int]
_MAX_PARSED: Final = 40
"""Slices that stay parsed, besides those near the viewport."""
# For the heights of slices that are not parsed, at the default text size and width.
_CHARACTERS_PER_PIXEL: Final = 4
_LINE_HEIGHT: Final = 22


class ShownSlice(Article):
    """A slice of the text; its number in the text is its key."""

    def __init__(self, number: int, blocks: tuple[Block, ...]) -> None:
        super().__init__()
        self._key = str(number)
        self.replace(0, 0, blocks, head=0, foot=0)

    @property
    def key(self) -> str:
        return self._key


class TextSlices(ArticleList):
    """The slices of a text, with the marks of a passage.

    Attributes:
        document: the text; None for none.
        span: the range of characters that is marked; None for none.
        parsed: the slices that are parsed, by the time of their last use.
    """

    def __init__(self) -> None:
        super().__init__()
        self.document: DocumentText | None = None
        self.span: Span | None = None
        self.parsed: dict[int, ShownSlice] = {}

    def begin(self, document: DocumentText | None) -> None:
        """Show another text, of which nothing is marked."""
        self.document = document
        self.span = None
        self.parsed.clear()
        self.estimate_heights(self.scale)

    def key_at(self, index: int) -> str:
        return str(index)

    def index_of(self, key: str) -> int:
        return int(key) if key.isdigit() and int(key) < self.count else -1

    def open(self, index: int) -> ShownSlice:
        assert self.document is not None
        shown = self.parsed.pop(index, None)
        shown = shown or ShownSlice(index, self.document.render_slice(index).blocks)
        self.parsed[index] = shown  # as the last
        return shown

    def source_of(self, index: int) -> str:
        assert self.document is not None
        return self.document.source_of(index)

    def markdown_of(self, index: int) -> str:
        return self.source_of(index)

    def estimate_heights(self, scale: float) -> None:
        self.scale = scale
        sources = map(self.source_of, range(len(self.document.slices) if self.document else 0))
        self._heights = [
            round(max(len(text) / _CHARACTERS_PER_PIXEL, text.count("\n") * _LINE_HEIGHT) * scale)
            for text in sources
        ]
        self._tops = None


def _ends_of(shown: ShownSlice, mark: PassageMark) -> Iterable[tuple[Place, Place]]:
    item = shown.items[mark.block]
    place = Place(shown.key, mark.block)
    if is_table(item):
        columns = max(1, len(item.aligns))
        for cell in range(mark.row * columns, (mark.row + 1) * columns):
            length = utf16_length(text_of(runs_at(item, cell)))
            yield place._replace(cell=cell), place._replace(cell=cell, unit=length)
    else:
        text = text_of(item.runs)
        start = utf16_length(text[: mark.start])
        yield place._replace(unit=start), place._replace(unit=utf16_length(text[: mark.end]))


class ViewerText(TextArea):
    """A view of a text of any length."""

    def __init__(self, name: str = "viewer-text") -> None:
        install_roles()  # before Qt asks for the interface of this widget
        self._slices = TextSlices()
        super().__init__(current_theme(), self._slices)
        self.setObjectName(name)
        self._formulas = SegmentFormulas(self)
        self._marks: dict[str, list[tuple[Place, Place]]] = {}  # by slice
        self.writer = self._new_writer()
        self.update_theme()

    def _new_writer(self) -> SegmentWriter:
        styles = Styles(self.theme)
        return SegmentWriter(styles, self._formulas, None, self.viewport())

    def make_accessible(self) -> AccessibleText:
        """Create the interface by which assistive technology reads the text."""
        return AccessibleText(self, QAccessible.Role.EditableText)

    def show_document(self, document: DocumentText | None, span: Span | None = None) -> None:
        """Show another text with a range of characters marked; None for none."""
        self.selection.forget()
        self.drop_documents()
        self._marks.clear()
        self._slices.begin(None)
        with self.keeping_position():
            self._slices.scale = self._estimation_scale()
            self._slices.begin(document)
        self.verticalScrollBar().setValue(0)
        if span is not None:
            self.mark(span)

    def update_theme(self) -> None:
        """Show the text with the theme; the line on top stays there."""
        with self.keeping_position():
            self._apply_theme(current_theme())
            self._set_margins()
            self.writer = self._new_writer()
            self._forget_heights()

    def follow(self, _is_following: bool) -> None:
        """Never follow the end, as no text is added there."""

    def scroll_to_end(self) -> None:
        for _ in range(3):  # it may turn out longer than estimated
            super().scroll_to_end()

    # ------------------------------------------------------------ parsed slices

    def _is_open(self, index: int) -> bool:
        return index in self._slices.parsed

    def _drop_distant(self) -> None:
        super()._drop_distant()
        kept = {shown.key for shown in self.shown_segments(self.viewport().height())}
        for index in list(self._slices.parsed)[:-_MAX_PARSED]:  # not used for long
            if str(index) not in kept:
                del self._slices.parsed[index]

    # ------------------------------------------------------------ marks

    def mark(self, span: Span | None) -> None:
        """Mark a range of characters, and scroll to it; None marks nothing."""
        self._slices.span = span
        self._marks.clear()
        self.viewport().update()
        if span is not None:  # scroll after the layout of a window that was just shown
            QTimer.singleShot(0, self, self.go_to_mark)

    def _marked_ranges(self, key: str) -> list[tuple[Place, Place]]:
        """Return the two ends of each marked range of a slice, one range for each table cell."""
        document, span, index = self._slices.document, self._slices.span, int(key)
        if document is None or span is None or not document.has(index, span):
            return []
        if key not in self._marks:
            shown = self._slices.open(index)
            marks = document.render_slice(index, span).marks
            self._marks[key] = [ends for mark in marks for ends in _ends_of(shown, mark)]
        return self._marks[key]

    def go_to_mark(self) -> None:
        """Scroll the mark to the middle, or its start to the top if the mark is too tall."""
        document, span = self._slices.document, self._slices.span
        if document is None or span is None:
            return
        first = document.slice_at(span[0])
        last = document.slice_at(max(span[0], span[1] - 1))
        ranges = self._marked_ranges(str(first)) + self._marked_ranges(str(last))
        height = self.viewport().height()
        for _ in range(3 if ranges else 0):  # text above may turn out shorter than estimated
            top = self.y_of(ranges[0][0])
            bottom = self.y_of(ranges[-1][1])
            rect = self.rect_of(ranges[-1][1])
            if top is None or bottom is None or rect is None:
                return
            bottom += round(rect.height())
            is_short = bottom - top < height
            self.scroll_to((top + bottom - height) // 2 if is_short else top - self.theme.px(24))

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the passage, and the selection over them."""
        char_format = QTextCharFormat()
        color = QColor(self.theme.accent)
        color.setAlpha(70)
        char_format.setBackground(color)
        marks = []
        for start, end in self._marked_ranges(shown.key):
            if shown.segment.first <= start.item < shown.segment.end:
                first = shown.document.position_of(*start[1:])
                last = shown.document.position_of(*end[1:])
                if first < last:
                    marks.append(Mark(first, last, char_format))
        return marks + super().marks_of(shown)
