"""The transcript of segments with the methods of a QTextEdit, for tests that read one document.

`document` joins the documents of all segments. Cursors are in the joined document, and are
converted to and from places of the conversation.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QPoint, QRect, QUrl, Signal
from PySide6.QtGui import (
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFormat,
    QTextOption,
)
from PySide6.QtWidgets import QTextEdit

from desktop_app.markdown.block_model import Block
from desktop_app.transcript.segment import Place
from desktop_app.transcript.targets import COPY_CODE
from desktop_app.transcript.transcript_styles import INDENT
from desktop_app.transcript.view import TranscriptView

if TYPE_CHECKING:
    from desktop_app.transcript.segment import Segment
    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.widgets.look.theme import Theme


class _Part(NamedTuple):
    """A segment in the joined document, from position `start` on."""

    start: int
    message: ShownMessage
    segment: Segment


_PROPERTIES = int(QTextFormat.Property.UserProperty) + 500
KIND, QUOTES, OPENED, QUOTED_AT, BEGINS_TABLE = range(_PROPERTIES, _PROPERTIES + 5)
"""User properties of a joined document's blocks: the kind of its item, the number of quotes, and of
those that open there, the list depth of each quote, and whether a table begins."""


def _add_facts(block: QTextBlock, segment: Segment) -> None:
    """Set the properties of the blocks of a segment, except for a QTextTable."""
    document = segment.document
    assert document is not None
    for number in range(document.blockCount()):
        item = segment.pieces[0 if document.columns else number].item
        if isinstance(item, Block):
            is_row = document.columns > 0
            is_first = not is_row or (item.head and number == 0)
            facts = block.blockFormat()
            facts.setProperty(KIND, item.kind.value)
            facts.setProperty(QUOTES, item.quote)
            facts.setProperty(QUOTED_AT, list(item.quoted_at))
            facts.setProperty(OPENED, item.opened if is_first else 0)
            facts.setProperty(BEGINS_TABLE, is_row and is_first)
            QTextCursor(block).setBlockFormat(facts)
        block = block.next()


class SegmentView(TranscriptView):
    """The transcript of segments as tests see it."""

    _is_joining = False

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.highlighter.highlighted.connect(self._forget_joined)

    def _forget_joined(self) -> None:
        self._joined = None

    _joined: QTextDocument | None = None
    _joined_key: object = None
    _parts: tuple[_Part, ...] | list[_Part] = ()

    def document(self) -> QTextDocument:
        """Return all text as one document, with the gaps between segments as top margins."""
        self._is_joining = True
        shown = [self.messages.open(index) for index in range(self.messages.count)]
        for message in shown:
            for segment in message.segments:
                if segment.document is None or segment.changed_from is not None:
                    with self.keeping_position():
                        self._write(message, segment)
        key = [
            (segment.document, segment.document.revision(), segment.gap)
            for message in shown
            for segment in message.segments
            if segment.document is not None
        ]
        if self._joined is None or self._joined_key != key:
            self._joined_key = key
            self._joined = self._join(shown)
        self._is_joining = False
        return self._joined

    def _join(self, shown: list[ShownMessage]) -> QTextDocument:
        joined = QTextDocument(self)
        joined.setUndoRedoEnabled(False)
        joined.setDocumentMargin(0)
        joined.setIndentWidth(self.theme.px(INDENT))
        joined.setDefaultFont(self.theme.reading())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        joined.setDefaultTextOption(option)
        cursor = QTextCursor(joined)
        self._parts = []
        for message in shown:
            for segment in message.segments:
                document = segment.document
                assert document is not None
                if self._parts:
                    cursor.insertBlock(QTextBlockFormat())
                start = cursor.position()
                self._parts.append(_Part(start, message, segment))
                cursor.insertFragment(QTextDocumentFragment(document))
                first = QTextCursor(joined.findBlock(start))
                block_format = QTextBlockFormat(document.begin().blockFormat())
                if not document.columns or document.inset < 0:
                    block_format.setTopMargin(segment.gap)
                first.setBlockFormat(block_format)
                first.setBlockCharFormat(document.begin().charFormat())
                block, copied = document.begin(), joined.findBlock(start)
                if not document.columns or document.inset < 0:
                    _add_facts(joined.findBlock(start), segment)
                while block.isValid():  # the colors of code are in the layout
                    if formats := block.layout().formats():
                        copied.layout().setFormats(formats)
                    block, copied = block.next(), copied.next()
                cursor.movePosition(QTextCursor.MoveOperation.End)
        empty = QTextBlockFormat()
        empty.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        char = QTextCharFormat()
        char.setFontPointSize(1)
        cursor.insertBlock(empty, char)
        self.formula_display.register(joined)
        root = joined.rootFrame().frameFormat()
        root.setTopMargin(self.top_space + (self._parts[0].segment.gap if self._parts else 0))
        joined.rootFrame().setFrameFormat(root)
        joined.setTextWidth(self.viewport().width())
        joined.documentLayout().documentSize()
        return joined

    def on_screen(self) -> str:
        """Return the lines of text between the upper and the lower edge."""
        blocks = []
        for shown in self.shown_segments():
            block = shown.document.begin()
            while block.isValid():
                box = shown.document.documentLayout().blockBoundingRect(block)
                layout = block.layout()
                top = shown.origin.y() + box.top()
                lines = [layout.lineAt(number) for number in range(layout.lineCount())]
                visible = [
                    block.text()[line.textStart() : line.textStart() + line.textLength()]
                    for line in lines
                    if top + line.y() + line.height() > 0
                    and top + line.y() < self.viewport().height()
                ]
                if visible:
                    blocks.append("".join(visible))
                block = block.next()
        return "\u2029".join(blocks)

    def is_filled(self) -> bool:
        """Return True if every segment on screen shows its text."""
        height = self.viewport().height()
        shown = list(self.shown_segments())
        edges = [(each.top, each.top + each.segment.height) for each in shown]
        has_gap = any(above[1] != below[0] for above, below in pairwise(edges))
        ends = self.is_at_end or edges[-1][1] >= height
        return not has_gap and edges[0][0] <= max(0, self.top_space - self.scroll_y) and ends

    def loaded_text(self) -> str:
        """Return the text of the documents that exist, in no particular order."""
        documents = [segment.document for segment in self._loaded]
        return "\n".join(each.toPlainText() for each in documents if each is not None)

    def _drop_distant(self) -> None:
        if not self._is_joining:
            super()._drop_distant()

    def copy(self) -> None:
        self.copy_selected()

    def source(self) -> QUrl:
        return QUrl()

    @property
    def anchor(self) -> SegmentView:
        return self

    caret_moved = Signal()

    def on_selection_changed(self) -> None:
        super().on_selection_changed()
        self.caret_moved.emit()

    def moveCursor(self, move: QTextCursor.MoveOperation) -> None:
        cursor = self.textCursor()
        cursor.movePosition(move)
        self.setTextCursor(cursor)

    def toPlainText(self) -> str:
        return self.document().toPlainText()

    # ------------------------------------------------------------------ cursors

    def _place_of(self, position: int) -> Place | None:
        self.document()
        index = bisect_right([part.start for part in self._parts], position) - 1
        if index < 0:
            return None
        start, message, segment = self._parts[index]
        assert segment.document is not None
        found = segment.document.place_at(min(position - start, segment.document.last_position))
        return Place(message.key, *found)

    def _position_of(self, place: Place | None) -> int:
        document = self.document()
        if place is None:
            return document.characterCount() - 1
        for start, message, segment in reversed(self._parts):
            is_before = message.key == place.message_id and segment.first <= place.item
            if is_before and segment.pieces[0].start <= max(place.unit, 0):
                assert segment.document is not None
                return start + segment.document.position_of(place.item, place.cell, place.unit)
        return 0

    def textCursor(self) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position_of(self.selection.anchor))
        cursor.setPosition(self._position_of(self.selection.caret), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def setTextCursor(self, cursor: QTextCursor) -> None:
        self.selection.set(self._place_of(cursor.anchor()), self._place_of(cursor.position()))
        self.show_caret()

    def cursorRect(self, cursor: QTextCursor | None = None) -> QRect:
        position = (cursor or self.textCursor()).position()
        place = self._place_of(position)
        if place is None:
            return QRect()
        y = self.y_of(place)
        rect = self.rect_of(place)
        if rect is None or y is None:
            return QRect()
        rect.moveTop(y - self.scroll_y)
        return rect.toRect()

    def cursorForPosition(self, point: QPoint) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position_of(self.place_near(point)))
        return cursor

    def anchorAt(self, point: QPoint) -> str:
        return self.anchor_at(point)

    def copy_mark(self, head: QTextBlock) -> Any:
        found = self._place_of(head.position())
        assert found is not None
        return SimpleNamespace(area=self.code_mark(found, COPY_CODE))

    def extraSelections(self) -> list[Any]:
        document = self.document()
        made = []
        starts = {id(part.segment): part.start for part in self._parts}
        for shown in self.shown_segments():
            marks = self.find_in_transcript.marks_of(shown)
            if "differences" in self.__dict__:
                marks += self.differences.marks_of(shown)
            for mark in marks:
                extra = QTextEdit.ExtraSelection()
                extra.cursor = QTextCursor(document)
                start = starts[id(shown.segment)]
                extra.cursor.setPosition(start + mark.start)
                extra.cursor.setPosition(start + mark.end, QTextCursor.MoveMode.KeepAnchor)
                extra.format = mark.char_format
                made.append(extra)
        return made
