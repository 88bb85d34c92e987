"""What several hand-painted widgets draw alike: rounded grounds, the focus ring, a key's cap.

Painting by hand is for what a style sheet cannot say (several texts and marks in one button);
everything else takes its look from the theme's style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from desktop_app.ui.look.icons import pixmap
from desktop_app.ui.widgets.foreign_text import one_line

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QFocusEvent, QFont

    from desktop_app.ui.look.theme import Theme

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


def comes_by_key(event: QFocusEvent) -> bool:
    """Whether the keyboard brought the focus, so that a ring should show where it is."""
    return event.reason() in _BY_KEY


def smooth(painter: QPainter) -> None:
    """Draw curves without steps."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def ground(painter: QPainter, rect: QRect, color: QColor, radius: int) -> None:
    """A rounded surface."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, radius, radius)


def outline(painter: QPainter, rect: QRect, color: QColor, radius: int, width: float = 1) -> None:
    """A rounded line that stays inside `rect`."""
    inset = width / 2
    painter.setPen(QPen(color, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(inset, inset, -inset, -inset), radius, radius)


def text(
    painter: QPainter,
    rect: QRect,
    words: str,
    font: QFont,
    color: QColor,
    cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """One line from the left, cut with … where it does not fit."""
    painter.setFont(font)
    painter.setPen(color)
    shown = painter.fontMetrics().elidedText(one_line(words), cut, rect.width())
    painter.drawText(rect, LEFT, shown)


def mark(painter: QPainter, rect: QRect, name: str, color: QColor, size: int) -> None:
    """A Lucide icon in the middle of `rect`."""
    ratio = painter.device().devicePixelRatioF()
    at = QRect(0, 0, size, size)
    at.moveCenter(rect.center())
    painter.drawPixmap(at.topLeft(), pixmap(name, color, size, ratio))


def width_of(words: str, font: QFont) -> int:
    """The width of one line of text."""
    return QFontMetrics(font).horizontalAdvance(one_line(words))


def key_size(theme: Theme, words: str) -> tuple[int, int]:
    """Width and height of a key's cap."""
    font = key_font(theme)
    return width_of(words, font) + theme.px(17), QFontMetrics(font).height() + theme.px(5)


def key_font(theme: Theme) -> QFont:
    """The font on a key's cap."""
    font = theme.note()
    font.setPointSizeF(theme.points(11))
    return font


def key(painter: QPainter, theme: Theme, rect: QRect, words: str, color: QColor) -> None:
    """A key's cap: its name in a rounded line, as QLabel[role="key"] has it."""
    outline(painter, rect, theme.line, theme.px(5))
    painter.setFont(key_font(theme))
    painter.setPen(color)
    painter.drawText(rect, CENTRE, words)
