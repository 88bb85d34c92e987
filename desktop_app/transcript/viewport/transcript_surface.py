"""The surface of the transcript: centered column, backgrounds and Copy marks.

It knows text blocks and their formats, but no messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QTextCursor
from PySide6.QtWidgets import QFrame, QScrollBar, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.transcript.transcript_styles import DECORATION, Decoration
from desktop_app.transcript.viewport.backdrop import Backdrop, CopyMark
from desktop_app.transcript.viewport.partial_repaint import PartialRepaint
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import MARGIN, Theme
from desktop_app.widgets.text.sealed_document import SealedBrowser

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QResizeEvent, QShowEvent, QTextBlock


_KEYBOARD_REASONS: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)

COPIED_MS: Final = 1_500
"""Milliseconds for which a Copy mark reads "Copied"."""

TEMPORARY_REASONS: Final = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The reasons if another window or a menu takes the focus, which comes back afterwards."""


class TranscriptSurface(SealedBrowser):
    """A read-only text view with the transcript's appearance.

    Attributes:
        theme: the current theme.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("transcript")
        self.setAccessibleName(tr("Transcript"))
        self.theme = theme
        self._backdrop = Backdrop(theme)
        self._repainting = PartialRepaint(self)
        self._focus_frame = FocusFrame(self)
        self._space_above = 0
        self._is_margin_pressed = False
        self._has_keyboard_focus = False
        self._copied: QTextCursor | None = None
        self._copied_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied_timer.timeout.connect(self._forget_copied)
        self._set_up_view()

    def _set_up_view(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setCursorWidth(0)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBar(FixedSpaceScrollBar(Qt.Orientation.Horizontal))
        self.setVerticalScrollBar(FixedSpaceScrollBar(Qt.Orientation.Vertical))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setCornerWidget(QWidget(self))  # else the style draws one
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(
            flags.TextSelectableByMouse
            | flags.TextSelectableByKeyboard
            | flags.LinksAccessibleByMouse  # the keyboard uses focus_targets.py
        )
        self.viewport().setMouseTracking(True)

    def _apply_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._apply_colors()
        self.document().setDefaultFont(theme.reading())
        self._backdrop = Backdrop(theme)

    def _apply_colors(self) -> None:
        theme = self.theme
        colors = self.palette()
        colors.setColor(colors.ColorRole.Base, theme.ground)
        colors.setColor(colors.ColorRole.Text, theme.text)
        self.setPalette(colors)
        # With an application style sheet, the viewport does not inherit later palettes.
        colors.setColor(colors.ColorRole.Link, theme.accent)
        self.viewport().setPalette(colors)
        self._focus_frame.setPalette(colors)

    def changeEvent(self, event: QEvent) -> None:
        """Ignore font changes, because the text uses the theme's font.

        Qt would first lay out all text in the new widget font, and the topmost line would
        change.
        """
        if event.type() not in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Restore the theme's colors: Qt applies the initial palette on the first show."""
        super().showEvent(event)
        if self.palette().base().color() != self.theme.ground:
            self._apply_colors()

    def _set_margins(self) -> None:
        """Center the text column.

        Runs before the viewport is resized, so that a wide window does not lay out its text
        twice.
        """
        left, right = self._side_margins()
        above = self._space_above
        margins = self.viewportMargins()
        if (margins.left(), margins.top(), margins.right()) != (left, above, right):
            self.setViewportMargins(left, above, right, 0)

    def event(self, event: QEvent) -> bool:
        """Select text with a drag that begins beside the text column, too."""
        if isinstance(event, QMouseEvent) and self._follow_margin_press(event):
            position = self.viewport().mapFrom(self, event.position())
            if event.type() == QEvent.Type.MouseMove:  # outside, Qt would scroll without pause
                position.setX(min(max(position.x(), 0), self.viewport().width() - 1))
            return self.viewportEvent(
                QMouseEvent(
                    event.type(),
                    position,
                    event.globalPosition(),
                    event.button(),
                    event.buttons(),
                    event.modifiers(),
                )
            )
        return super().event(event)

    def _follow_margin_press(self, event: QMouseEvent) -> bool:
        """Record a press of the left button in a side margin; return True until its release."""
        was_pressed = self._is_margin_pressed
        if event.button() == Qt.MouseButton.LeftButton:
            column = self.viewport().geometry()
            position = event.position().toPoint()
            self._is_margin_pressed = (
                event.type() == QEvent.Type.MouseButtonPress
                and position.y() >= column.top()
                and not column.left() <= position.x() <= column.right()
            )
        return was_pressed or self._is_margin_pressed

    def _side_margins(self) -> tuple[int, int]:
        px = self.theme.px
        left = max(px(MARGIN), (self.width() - px(self.theme.max_line_width)) // 2)
        # The scroll bar takes its width out of the right margin, so the text stays centered.
        return left, max(0, left - self.verticalScrollBar().sizeHint().width())

    @property
    def _next_width(self) -> int:
        """Return the text width in pixels that results once the margins are set."""
        bar = self.verticalScrollBar().sizeHint().width()
        return self.width() - bar - sum(self._side_margins())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the backgrounds, then the text, then the Copy marks."""
        first_visible = self.cursorForPosition(event.rect().topLeft()).block()
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._backdrop.paint(
                painter,
                first=_block_above(first_visible),
                offset=self.verticalScrollBar().value(),
                area=event.rect(),
                width=self.viewport().width(),
                left=self.horizontalScrollBar().value(),
            )
        super().paintEvent(event)
        if self.cursorWidth() and self.textCursor().atEnd():
            # The last block is one pixel high, and so would be the caret: a dot.
            with QPainter(self.viewport()) as painter:
                painter.fillRect(self.cursorRect(), self.theme.ground)
        if self._backdrop.marks:
            with QPainter(self.viewport()) as painter:
                for mark in self._backdrop.marks:
                    self._paint_mark(painter, mark)

    def show_copied(self, head: int) -> None:
        """Show "Copied" for `COPIED_MS` in the Copy mark of the code whose head is block `head`."""
        self._copied = QTextCursor(self.document().findBlockByNumber(head))
        self._copied_timer.start()
        self.viewport().update()

    def _forget_copied(self) -> None:
        self._copied = None
        self.viewport().update()

    def _paint_mark(self, painter: QPainter, mark: CopyMark) -> None:
        theme = self.theme
        is_copied = self._copied is not None and self._copied.blockNumber() == mark.head
        icon_name, label = ("check", tr("Copied")) if is_copied else ("copy", tr("Copy"))
        size = theme.px(14)
        top = mark.area.top() + (mark.area.height() - size) // 2
        painter.drawPixmap(mark.area.left(), top, icons.pixmap(icon_name, theme.dim, size))
        painter.setFont(theme.note())
        painter.setPen(theme.dim)
        text_rect = mark.area.adjusted(size + theme.px(5), 0, 0, 0)
        painter.drawText(text_rect, Qt.AlignmentFlag.AlignVCenter, label)

    def _mark_at(self, position: QPoint) -> CopyMark | None:
        block = self.cursorForPosition(position).block()
        if not block.blockFormat().intProperty(DECORATION) & Decoration.HEAD:
            return None
        mark = self.copy_mark(block)
        return mark if mark.area.contains(position) else None

    def copy_mark(self, block: QTextBlock) -> CopyMark:
        """Return the Copy mark of a code block's head, in viewport coordinates."""
        offset = self.verticalScrollBar().value()
        width = self.viewport().width()
        return self._backdrop.copy_mark(block, offset, width)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the caret and the focus frame if the focus came by keyboard."""
        if event.reason() not in TEMPORARY_REASONS:
            self._has_keyboard_focus = event.reason() in _KEYBOARD_REASONS
        self.setCursorWidth(1 if self._has_keyboard_focus else 0)
        self._focus_frame.setVisible(self._has_keyboard_focus)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._focus_frame.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._focus_frame.setGeometry(self.rect())


class FixedSpaceScrollBar(QScrollBar):
    """A scroll bar that always takes its space but is painted only if there is a range.

    A bar that appears and disappears changes the width of the text. It would do so during a
    document edit, and Qt crashes if the text is laid out again then.
    """

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class FocusFrame(QWidget):
    """The frame that shows keyboard focus on the text as a whole."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(self.palette().ColorRole.Link), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)


def _block_above(block: QTextBlock) -> QTextBlock:
    """Return the previous block, whose background may reach down to `block`; `block` if first."""
    previous = block.previous()
    return previous if previous.isValid() else block
