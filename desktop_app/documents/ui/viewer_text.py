"""The text of a document, formatted like an answer, with a passage marked.

The text arrives in slices (markdown/document_text.py) as the user scrolls. Slices far behind the
viewport are removed, so that a book takes no more memory than a chapter.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible, QColor, QTextCharFormat

from desktop_app.markdown.block_model import text_of
from desktop_app.transcript.accessible_messages import AccessibleText
from desktop_app.transcript.copied_text import cell_runs, texts_of_items, words_of
from desktop_app.transcript.segment import PAST_END, Article, Place, is_table
from desktop_app.transcript.segment_area import Mark, ShownSegment
from desktop_app.transcript.segment_document import SegmentWriter
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.transcript.text_area import TextArea
from desktop_app.transcript.transcript_styles import Styles
from desktop_app.widgets.accessibility.accessible_roles import install_roles
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.markdown.document_text import RenderedSlice
    from desktop_app.transcript.message_items import Item
    from desktop_app.widgets.text.clipboard import ClipboardTexts

_MAX_SLICES: Final = 40
"""Slices that are loaded. If one more arrives, the slice at the other end is removed."""


class ShownSlice(Article):
    """A slice of the text.

    Attributes:
        number: the index of the slice in the text.
        marks: the parts of the passage in it.
    """

    def __init__(self, number: int, rendered: RenderedSlice) -> None:
        super().__init__()
        self.number = number
        self.marks = rendered.marks
        self.set_items(rendered.blocks)

    @property
    def key(self) -> str:
        """Return the number as a key."""
        return str(self.number)

    def marked_ranges(self) -> Iterator[tuple[Place, Place]]:
        """Yield the two ends of each marked range, a range for each cell of a table."""
        for mark in self.marks:
            item = self.items[mark.block]
            place = Place(self.key, mark.block)
            if is_table(item):
                columns = max(1, len(item.aligns))
                for cell in range(mark.row * columns, (mark.row + 1) * columns):
                    length = utf16_length(text_of(cell_runs(item, cell)))
                    yield place._replace(cell=cell), place._replace(cell=cell, unit=length)
                continue
            text = text_of(item.runs)
            start = utf16_length(text[: mark.start])
            end = utf16_length(text[: mark.end])
            yield place._replace(unit=start), place._replace(unit=end)


class LoadedSlices:
    """The slices that are loaded, in order. Their heights are those of their segments."""

    def __init__(self) -> None:
        self.slices: list[ShownSlice] = []
        self.scale = 1.0

    @property
    def count(self) -> int:
        """Return the number of slices."""
        return len(self.slices)

    @property
    def total_height(self) -> int:
        """Return the height of all slices."""
        return self.top_of(self.count)

    def open(self, index: int) -> ShownSlice:
        """Return a slice."""
        return self.slices[index]

    def height_of(self, index: int) -> int:
        """Return the height of a slice."""
        return self.slices[index].tops[-1]

    def set_height(self, index: int, height: int) -> None:
        """Set nothing: see the class."""

    def _tops(self) -> list[int]:
        return [0, *accumulate(each.tops[-1] for each in self.slices)]

    def top_of(self, index: int) -> int:
        """Return the y coordinate at which a slice begins; the total height for the count."""
        return self._tops()[index]

    def index_at(self, y: float) -> int:
        """Return the index of the slice at a y coordinate; that of the nearest outside."""
        return max(0, min(bisect_right(self._tops(), y) - 1, self.count - 1))

    def key_at(self, index: int) -> str:
        """Return the key of a slice."""
        return self.slices[index].key

    def index_of(self, key: str) -> int:
        """Return the index of a slice by its key, or -1 if it is not loaded."""
        return next((n for n, each in enumerate(self.slices) if each.key == key), -1)

    def order_of(self, place: Place) -> tuple[int, int, int, int]:
        """Return a key by which places are sorted."""
        return self.index_of(place.message_id), place.item, place.cell, place.unit

    def estimate_heights(self, scale: float) -> None:
        """Set the text size and width for which the view estimates heights."""
        self.scale = scale

    def texts_between(self, start: Place, end: Place) -> ClipboardTexts:
        """Return the clipboard's content for the text between two places."""
        items: list[Item] = []
        first = self.index_of(start.message_id)
        last = self.index_of(end.message_id)
        for index in range(first, last + 1):
            first_item = start.item if index == first else 0
            end_item = end.item + 1 if index == last else PAST_END
            items += self.slices[index].items[first_item:end_item]
        return texts_of_items(items, start, end)

    def words_between(self, start: Place, end: Place) -> str:
        """Return the text between two places of one item; "" for others."""
        index = self.index_of(start.message_id)
        return "" if index < 0 else words_of(self.slices[index].items, start, end)


class ViewerText(TextArea):
    """A view of a text that loads by slices.

    Signals:
        slice_requested(int): the index of the slice to pass to `show_slice`.
    """

    slice_requested = Signal(int)

    def __init__(self) -> None:
        install_roles()  # before Qt asks for the interface of this widget
        theme = current_theme()
        self._loaded_slices = LoadedSlices()
        super().__init__(theme, self._loaded_slices)
        self.setObjectName("viewer-text")
        self._formulas = SegmentFormulas(self)
        self.writer = self._new_writer()
        self._count = 0
        self._awaited: int | None = None
        self._scroll_target: int | None = None
        self._marked_slice: int | None = None
        self._opens_at_end = False
        self.verticalScrollBar().valueChanged.connect(lambda _: self._request_adjacent_slice())
        self.update_theme()

    def _new_writer(self) -> SegmentWriter:
        return SegmentWriter(
            Styles(current_theme()), self.viewport().width(), self._formulas, None, self.viewport()
        )

    def make_accessible(self) -> AccessibleText:
        """Create the interface by which assistive technology reads the loaded text."""
        return AccessibleText(self, QAccessible.Role.StaticText)

    def follow(self, _is_following: bool) -> None:
        """Never follow the end, where slices are added."""

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
        self.selection.forget()
        self.drop_documents()
        with self.keeping_position():
            self._loaded_slices.slices.clear()
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
        slices = self._loaded_slices.slices
        added = ShownSlice(number, rendered)
        with self.keeping_position():
            is_last = not slices or number > slices[-1].number
            slices.insert(len(slices) if is_last else 0, added)
            self._lay_out(added)
            while len(slices) > _MAX_SLICES:
                for segment in slices.pop(0 if is_last else -1).segments:
                    self._drop(segment)
        if number == self._scroll_target:
            QTimer.singleShot(0, self, self._scroll_to_mark)
        if self._opens_at_end:
            self._opens_at_end = False
            self.scroll_to_end()
        QTimer.singleShot(0, self, self._request_adjacent_slice)

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
        slices = self._loaded_slices.slices
        if self.is_loading or not slices:
            return
        bar = self.verticalScrollBar()
        near_px = self.viewport().height()
        if bar.value() > bar.maximum() - near_px and slices[-1].number + 1 < self._count:
            self._request_slice(slices[-1].number + 1)
        elif bar.value() < near_px and slices[0].number > 0:
            self._request_slice(slices[0].number - 1)

    # ------------------------------------------------------------ marks

    def _marked_ranges(self) -> list[tuple[Place, Place]]:
        slices = self._loaded_slices.slices
        return [ends for each in slices for ends in each.marked_ranges()]

    def go_to_mark(self) -> None:
        """Scroll to the marks; load their slice if it was removed."""
        if self._marked_ranges() or self._marked_slice is None:
            self._scroll_to_mark()
        else:
            self._reload_from(self._marked_slice)

    def _scroll_to_mark(self) -> None:
        """Scroll the marks to the middle, or their start to the top if the marks are too tall."""
        self._scroll_target = None
        ranges = self._marked_ranges()
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

    def clear_marks(self) -> None:
        """Remove all marks."""
        self._marked_slice = None
        for each in self._loaded_slices.slices:
            each.marks = ()
        self.viewport().update()

    def marks_of(self, shown: ShownSegment) -> list[Mark]:
        """Return the marks of the passage, and the selection over them."""
        char_format = QTextCharFormat()
        color = QColor(self.theme.accent)
        color.setAlpha(70)
        char_format.setBackground(color)
        marks = []
        for start, end in shown.article.marked_ranges():
            if shown.segment.first <= start.item < shown.segment.end:
                first = shown.document.position_of(*start[1:])
                last = shown.document.position_of(*end[1:])
                if first < last:
                    marks.append(Mark(first, last, char_format))
        return marks + super().marks_of(shown)

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        """Show the slices with the theme; the text on top stays there."""
        with self.keeping_position():
            self._apply_theme(current_theme())
            self._set_margins()
            self.writer = self._new_writer()
            self._forget_heights(keeps_documents=False)

    def scroll_to_start(self) -> None:
        """Scroll to the beginning of the text; load its slice if needed."""
        if self._is_loaded(0):
            super().scroll_to_start()

    def scroll_to_end(self) -> None:
        """Scroll to the end of the text; load its slice if needed."""
        if self._is_loaded(self._count - 1):
            super().scroll_to_end()

    def _is_loaded(self, number: int) -> bool:
        """Return True if a slice is loaded; else load it in place of the others."""
        if not self._count or any(each.number == number for each in self._loaded_slices.slices):
            return True
        self._reload_from(number)
        self._scroll_target = None  # not to the mark
        self._opens_at_end = number > 0
        return False
