"""The surface of the transcript: a readable measure in the middle, grounds behind the text, Copy marks.

It knows blocks and what their formats say is painted with them, nothing of messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from desktop_app.ui import icons
from desktop_app.ui.theme import MARGIN, MEASURE
from desktop_app.ui.transcript.painting import Backdrop, CodeMark
from desktop_app.ui.transcript.place import QuietScrollBar
from desktop_app.ui.transcript.styles import LOOK, Look

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QTextBlock

    from desktop_app.ui.theme import Theme


class TranscriptSurface(QTextBrowser):
    """A read-only text view in the transcript's look."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setAccessibleName("Transcript")
        self._theme = theme
        self._backdrop = Backdrop(theme)
        self._room_above = 0
        self._set_up_view()

    def _set_up_view(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setCursorWidth(0)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBar(QuietScrollBar(Qt.Orientation.Horizontal))
        self.setVerticalScrollBar(QuietScrollBar(Qt.Orientation.Vertical))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        flags = Qt.TextInteractionFlag.TextBrowserInteraction
        self.setTextInteractionFlags(flags | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.viewport().setMouseTracking(True)

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        colours = self.palette()
        colours.setColor(colours.ColorRole.Base, theme.ground)
        colours.setColor(colours.ColorRole.Text, theme.text)
        self.setPalette(colours)
        # Where the application has a style sheet, the viewport keeps the palette it had once.
        self.viewport().setPalette(colours)
        self.document().setDefaultFont(theme.answer())
        self._backdrop = Backdrop(theme)

    def _set_margins(self) -> None:
        """A readable measure in the middle; done before the viewport is resized, so that a wide
        window need not lay out its text again."""
        least = self._theme.px(MARGIN)
        left = max(least, (self.width() - self._theme.px(MEASURE)) // 2)
        # The bar takes its room out of the margin: the text stands in the middle all the same.
        right = max(0, left - self.verticalScrollBar().sizeHint().width())
        margins = self.viewportMargins()
        above = self._room_above
        if (margins.left(), margins.top(), margins.right()) != (left, above, right):
            self.setViewportMargins(left, above, right, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Grounds first, then the text, then the Copy marks."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        offset = self.verticalScrollBar().value()
        area, width = event.rect(), self.viewport().width()
        first = self.cursorForPosition(area.topLeft()).block()
        aside = self.horizontalScrollBar().value()
        self._backdrop.paint(painter, _above(first), offset, area, width, aside)
        painter.end()
        super().paintEvent(event)
        if self._backdrop.marks:
            painter = QPainter(self.viewport())
            for mark in self._backdrop.marks:
                self._paint_mark(painter, mark)
            painter.end()

    def _paint_mark(self, painter: QPainter, mark: CodeMark) -> None:
        theme = self._theme
        size = theme.px(14)
        top = mark.area.top() + (mark.area.height() - size) // 2
        painter.drawPixmap(mark.area.left(), top, icons.pixmap("copy", theme.dim, size))
        painter.setFont(theme.note())
        painter.setPen(theme.dim)
        place = mark.area.adjusted(size + theme.px(5), 0, 0, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, "Copy")

    def _mark_at(self, position: QPoint) -> CodeMark | None:
        block = self.cursorForPosition(position).block()
        if not block.blockFormat().intProperty(LOOK) & Look.HEAD:
            return None
        offset, width = self.verticalScrollBar().value(), self.viewport().width()
        mark = self._backdrop.mark(block, offset, width)
        return mark if mark.area.contains(position) else None

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The caret shows where the keyboard would select from, and blinks for nobody else."""
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.setCursorWidth(1 if event.reason() in reasons else 0)
        super().focusInEvent(event)


def _above(block: QTextBlock) -> QTextBlock:
    """The block above, whose ground may reach down to this one."""
    previous = block.previous()
    return previous if previous.isValid() else block
