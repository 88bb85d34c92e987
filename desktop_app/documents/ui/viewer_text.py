"""The text of a document, formatted like an answer, with a passage marked.

The text arrives in slices (markdown/document_text.py) as the user scrolls. Slices far behind the
viewport are removed, so that a book takes no more memory than a chapter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
)

from desktop_app.markdown.block_model import text_of
from desktop_app.markdown.document_text import PassageMark, RenderedSlice
from desktop_app.transcript.document.document_writer import DocumentWriter
from desktop_app.transcript.layout.item_prefix import prefix_length
from desktop_app.transcript.layout.message_layout import MessageLayout, is_table
from desktop_app.transcript.layout.text_ranges import highlight, selected_range
from desktop_app.transcript.transcript_styles import Styles
from desktop_app.transcript.viewport.scroll_anchor import scroll_to
from desktop_app.transcript.viewport.transcript_surface import TranscriptSurface
from desktop_app.widgets.look.theme import STANDARD_LINE_WIDTH, current_theme
from desktop_app.widgets.text.utf16 import utf16_length

_MAX_SLICES: Final = 40
"""Slices in the document. If one more arrives, the slice at the other end is removed."""


class ViewerText(TranscriptSurface):
    """A view of a text that loads by slices.

    Signals:
        slice_requested(int): the index of the slice to pass to `show_slice`.
    """

    slice_requested = Signal(int)

    def __init__(self) -> None:
        theme = current_theme()
        super().__init__(theme)
        self.setObjectName("viewer-text")
        self._writer = DocumentWriter(self.document(), Styles(theme), theme.px(STANDARD_LINE_WIDTH))
        self._shown: dict[int, RenderedSlice] = {}
        self._count = 0
        self._awaited: int | None = None
        self._scroll_target: int | None = None
        self._marked_slice: int | None = None
        self._opens_at_end = False
        self.verticalScrollBar().valueChanged.connect(lambda _: self._request_adjacent_slice())
        self.update_theme()

    # ------------------------------------------------------------ content

    def begin_text(self, count: int, first: int = 0) -> None:
        """Start another text of `count` slices, and request slice `first`.

        When the slice arrives, scroll its mark to the middle.
        """
        self._count = count
        self._marked_slice = None
        self._reload_from(first)

    def _reload_from(self, first: int) -> None:
        """Replace the loaded slices by slice `first`."""
        self._shown.clear()
        self._writer.clear()
        self.setExtraSelections([])
        self._scroll_target = first
        self._awaited = None
        self._opens_at_end = False
        if self._count:
            self._request_slice(first)

    def show_slice(self, number: int, rendered: RenderedSlice) -> None:
        """Add a requested slice and its marks."""
        if number != self._awaited:
            return
        self._awaited = None
        if rendered.marks and (self._marked_slice is None or number < self._marked_slice):
            self._marked_slice = number
        if not self._shown or number > max(self._shown):
            self._insert_slice(len(self._writer.layouts), number, rendered)
        else:
            with self._keep_position():
                self._insert_slice(0, number, rendered)
        while len(self._shown) > _MAX_SLICES:
            with self._keep_position():
                layout = self._writer.layouts[0 if number > min(self._shown) else -1]
                self._writer.remove_message(layout)
                del self._shown[int(layout.key)]
        self._apply_marks()
        if number == self._scroll_target:
            QTimer.singleShot(0, self, self._scroll_to_mark)
        if self._opens_at_end:
            self._opens_at_end = False
            self._go_to_end(at_start=False)
        QTimer.singleShot(0, self, self._request_adjacent_slice)

    def _insert_slice(self, index: int, number: int, rendered: RenderedSlice) -> None:
        self._shown[number] = rendered
        self._writer.insert_message(index, str(number), rendered.blocks)
        self._writer.finish_table()

    # ------------------------------------------------------------ loading slices

    @property
    def is_loading(self) -> bool:
        """Return True while a requested slice has not arrived."""
        return self._awaited is not None

    def _request_slice(self, number: int) -> None:
        self._awaited = number
        self.slice_requested.emit(number)

    def _request_adjacent_slice(self) -> None:
        """Request the next or the previous slice if that end of the loaded text is near."""
        if self.is_loading or not self._shown:
            return
        bar = self.verticalScrollBar()
        near_px = self.viewport().height()
        first = min(self._shown)
        last = max(self._shown)
        if bar.value() > bar.maximum() - near_px and last + 1 < self._count:
            self._request_slice(last + 1)
        elif bar.value() < near_px and first > 0:
            self._request_slice(first - 1)

    # ------------------------------------------------------------ marks

    def go_to_mark(self) -> None:
        """Scroll to the marks; load their slice if it was removed."""
        if self.extraSelections() or self._marked_slice is None:
            self._scroll_to_mark()
        else:
            self._reload_from(self._marked_slice)

    def _scroll_to_mark(self) -> None:
        """Scroll the marks to the middle, or their start to the top if the marks are too tall."""
        self._scroll_target = None
        selections = self.extraSelections()
        if not selections:
            return
        layout = self.document().documentLayout()
        cursors = [selection.cursor for selection in selections]
        first = self.document().findBlock(min(cursor.selectionStart() for cursor in cursors))
        last = self.document().findBlock(max(cursor.selectionEnd() for cursor in cursors))
        top = layout.blockBoundingRect(first).top()
        bottom = layout.blockBoundingRect(last).bottom()
        height = self.viewport().height()
        value = (
            (top + bottom - height) / 2 if bottom - top < height else top - current_theme().px(24)
        )
        self.verticalScrollBar().setValue(round(value))

    def clear_marks(self) -> None:
        """Remove all marks."""
        self._marked_slice = None
        self._shown = {
            number: rendered._replace(marks=()) for number, rendered in self._shown.items()
        }
        self._apply_marks()

    def _apply_marks(self) -> None:
        char_format = QTextCharFormat()
        char_format.setBackground(_mark_color())
        self.setExtraSelections(
            [
                highlight(cursor, char_format)
                for layout in self._writer.layouts
                for mark in self._shown[int(layout.key)].marks
                for cursor in self._mark_cursors(layout, mark)
            ]
        )

    def _mark_cursors(self, layout: MessageLayout, mark: PassageMark) -> Iterator[QTextCursor]:
        """Yield cursors that select a mark in the document."""
        item = layout.items[mark.block]
        first = self._writer.layouts.block_of(layout, mark.block)
        if is_table(item):
            for number in layout.row_blocks(mark.block, mark.row):
                block = self.document().findBlockByNumber(first.blockNumber() + number)
                yield _selected_in_block(block, 0, block.length() - 1)
            return
        text = text_of(item.runs)
        mark_start = utf16_length(text[: mark.start])
        mark_end = utf16_length(text[: mark.end])
        cuts = layout.shapes[mark.block]
        block = first
        for part_start, part_end in zip((0, *cuts), (*cuts, utf16_length(text)), strict=True):
            start = max(mark_start, part_start)
            end = min(mark_end, part_end)
            if start < end:
                prefix = prefix_length(item) if part_start == 0 else 0
                offset = prefix - part_start
                yield _selected_in_block(block, start + offset, end + offset)
            block = block.next()

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        """Rewrite the slices with the theme; the text on top stays there."""
        theme = current_theme()
        with self._keep_position():
            self._apply_theme(theme)
            slices = sorted(self._shown.items())
            self._writer.set_styles(Styles(theme))
            self._writer.clear()
            self._shown.clear()
            self._set_margins()
            for number, shown_slice in slices:
                self._insert_slice(len(self._writer.layouts), number, shown_slice)
        self._apply_marks()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Center the column, and fit tables to the new width; the text on top stays there."""
        with self._keep_position():
            self._set_margins()
            super().resizeEvent(event)
            self._writer.set_width(self.viewport().width())

    @contextmanager
    def _keep_position(self) -> Iterator[None]:
        """Keep the text on top in place while slices come and go or are laid out again."""
        top = self.cursorForPosition(self.viewport().rect().topLeft()).block()
        top_place = self._place_of(top)
        above = self.verticalScrollBar().value() - _top_of(top)
        yield
        block = None if top_place is None else self._block_at(*top_place)
        if block is not None:
            scroll_to(self, round(_top_of(block) + above))

    def _place_of(self, block: QTextBlock) -> tuple[str, int, int] | None:
        """Return the key of a block's slice, its item, and its row or number in the item.

        Return None if the block is in no slice.
        """
        place = self._writer.layouts.place_of(block.blockNumber())
        if place is None:
            return None
        layout, index, number = place
        if is_table(layout.items[index]):
            number = layout.row_at(index, number)
        return layout.key, index, number

    def _block_at(self, key: str, index: int, number: int) -> QTextBlock | None:
        """Return the block at a place returned by `_place_of`; None if its slice is gone."""
        layout = next((layout for layout in self._writer.layouts if layout.key == key), None)
        if layout is None:
            return None
        if is_table(layout.items[index]):
            number = layout.row_blocks(index, number).start
        first = self._writer.layouts.block_of(layout, index).blockNumber()
        return self.document().findBlockByNumber(first + min(number, layout.counts[index] - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll to the ends of the text with Home and End, by a page with Page Up and Down."""
        keys = QKeySequence.StandardKey
        bar = self.verticalScrollBar()
        is_start = event.matches(keys.MoveToStartOfDocument) or event.matches(
            keys.MoveToStartOfLine
        )
        is_end = event.matches(keys.MoveToEndOfDocument) or event.matches(keys.MoveToEndOfLine)
        if is_start:
            self._go_to_end(at_start=True)
        elif is_end:
            self._go_to_end(at_start=False)
        elif event.matches(keys.MoveToNextPage):
            bar.setValue(bar.value() + bar.pageStep())
        elif event.matches(keys.MoveToPreviousPage):
            bar.setValue(bar.value() - bar.pageStep())
        else:
            super().keyPressEvent(event)

    def _go_to_end(self, *, at_start: bool) -> None:
        """Scroll to an end of the text; load its slice in place of the others if needed."""
        number = 0 if at_start else self._count - 1
        if number not in self._shown and self._count:
            self._reload_from(number)
            self._scroll_target = None  # not to the mark
            self._opens_at_end = not at_start
        else:
            bar = self.verticalScrollBar()
            bar.setValue(bar.minimum() if at_start else bar.maximum())


def _selected_in_block(block: QTextBlock, start: int, end: int) -> QTextCursor:
    block_start = block.position()
    return selected_range(
        block.document(), block_start + start, block_start + min(end, block.length() - 1)
    )


def _mark_color() -> QColor:
    theme = current_theme()
    ink = QColor(theme.accent)
    ink.setAlpha(70)
    return ink


def _top_of(block: QTextBlock) -> float:
    return block.document().documentLayout().blockBoundingRect(block).top()
