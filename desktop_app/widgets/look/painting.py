"""Shapes that several widgets paint: rounded backgrounds, focus rings, icons, key caps.

Widgets paint by hand only shapes that a style sheet cannot express, such as several texts
and marks in one button. Everything else is in the theme's style sheet.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.look.icons import pixmap
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.foreign_text import one_line

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter


def painter_of(widget: QWidget) -> QPainter:
    """Return an antialiased painter of a widget."""
    painter = QPainter(widget)
    antialias(painter)
    return painter


def antialias(painter: QPainter) -> None:
    """Turn on antialiasing."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def fill_background(painter: QPainter, rect: QRect, color: QColor, radius: int) -> None:
    """Fill a rounded rectangle."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, radius, radius)


def draw_outline(
    painter: QPainter, rect: QRect, color: QColor, radius: int, width: float = 1
) -> None:
    """Paint a rounded border inside `rect`."""
    inset = width / 2
    painter.setPen(QPen(color, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(inset, inset, -inset, -inset), radius, radius)


def draw_text(
    painter: QPainter,
    rect: QRect,
    text: str,
    font: QFont,
    color: QColor,
    elide_mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    alignment: Qt.AlignmentFlag = LEFT,
) -> None:
    """Paint a single line, elided to `rect`, by default at the side where reading begins."""
    painter.setFont(font)
    painter.setPen(color)
    elided = painter.fontMetrics().elidedText(one_line(text), elide_mode, rect.width())
    painter.drawText(rect, alignment, elided)


def draw_icon(painter: QPainter, rect: QRect, name: str, color: QColor, size: int) -> None:
    """Paint a Lucide icon at the center of `rect`."""
    ratio = painter.device().devicePixelRatioF()
    icon_rect = QRect(0, 0, size, size)
    icon_rect.moveCenter(rect.center())
    painter.drawPixmap(icon_rect.topLeft(), pixmap(name, color, size, ratio))


def text_width(text: str, font: QFont) -> int:
    """Return the width of a single line of text."""
    return QFontMetrics(font).horizontalAdvance(one_line(text))


def key_size(theme: Theme, text: str) -> tuple[int, int]:
    """Return the width and height of a key cap."""
    font = key_font(theme)
    return text_width(text, font) + theme.px(17), QFontMetrics(font).height() + theme.px(5)


def key_font(theme: Theme) -> QFont:
    """Return the font of a key cap."""
    font = theme.note()
    font.setPointSizeF(theme.points(11))
    return font


def draw_key(painter: QPainter, theme: Theme, rect: QRect, text: str, color: QColor) -> None:
    """Paint a key cap like QLabel[role="key"]: the key's name in a rounded border."""
    draw_outline(painter, rect, theme.line, theme.px(5))
    painter.setFont(key_font(theme))
    painter.setPen(color)
    painter.drawText(rect, CENTER, text)
