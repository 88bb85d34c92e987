"""Shapes that several widgets paint: rounded backgrounds, focus rings, icons, key caps.

Widgets paint by hand only shapes that a style sheet cannot express, such as several texts
and marks in one button. Everything else is in the theme's style sheet.

Shapes are computed as if all text were read from left to right. In a window of a language that is
read from right to left, they are painted through a mirror, and texts and icons upright.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.look.direction import is_right_to_left
from desktop_app.widgets.look.icons import pixmap
from desktop_app.widgets.look.theme import Theme, current_theme
from desktop_app.widgets.text.foreign_text import one_line

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter

_SHADOW_OPACITY = 0.22


def painter_of(widget: QWidget) -> QPainter:
    """Return an antialiased painter of a widget."""
    painter = QPainter(widget)
    antialias(painter)
    mirror(painter, widget.rect())
    return painter


def mirror(painter: QPainter, rect: QRect) -> None:
    """Exchange left and right of `rect` in a mirrored window."""
    if painter.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        _reflect(painter, rect)


@contextmanager
def upright(painter: QPainter, rect: QRect) -> Iterator[None]:
    """Paint within `rect` what can be read, although the painter may be mirrored."""
    painter.save()
    if painter.worldTransform().m11() < 0:
        _reflect(painter, rect)
    yield
    painter.restore()


def _reflect(painter: QPainter, rect: QRect) -> None:
    painter.translate(2 * rect.x() + rect.width(), 0)
    painter.scale(-1, 1)


def antialias(painter: QPainter) -> None:
    """Turn on antialiasing."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def fill_background(painter: QPainter, rect: QRect, color: QColor, radius: int) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, radius, radius)


def draw_outline(
    painter: QPainter, rect: QRect, color: QColor, radius: int, width: float = 1
) -> None:
    inset = width / 2
    painter.setPen(QPen(color, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(inset, inset, -inset, -inset), radius, radius)


def draw_shadow(painter: QPainter, card: QRect, radius: int, width: int) -> None:
    """Paint the shadow of a card, which ends `width` pixels from it, smaller above it."""
    antialias(painter)
    painter.setPen(Qt.PenStyle.NoPen)
    color, opacity = QColor(0, 0, 0), _SHADOW_OPACITY * (1 + 2 * current_theme().is_dark)
    # Layers of a faint black add up, so that the shadow fades outwards.
    for layer in range(1, width):
        color.setAlphaF(opacity * (1 - layer / width) / width * 2)
        painter.setBrush(color)
        layer_rect = card.adjusted(-layer, max(-layer, 2 - layer), layer, layer)
        painter.drawRoundedRect(layer_rect, radius + layer, radius + layer)


def draw_text(
    painter: QPainter,
    rect: QRect,
    text: str,
    font: QFont,
    color: QColor,
    alignment: Qt.AlignmentFlag = LEFT,
) -> None:
    """Paint a single line, elided to `rect`, by default at the side where the window begins.

    The words of the line are in the order of its own language.
    """
    painter.setFont(font)
    painter.setPen(color)
    elided = painter.fontMetrics().elidedText(
        one_line(text), Qt.TextElideMode.ElideRight, rect.width()
    )
    if painter.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        alignment = {LEFT: RIGHT, RIGHT: LEFT}.get(alignment, alignment)
    flags = int(alignment | Qt.AlignmentFlag.AlignAbsolute)
    from_right = is_right_to_left(elided)
    flags |= int(
        Qt.TextFlag.TextForceRightToLeft if from_right else Qt.TextFlag.TextForceLeftToRight
    )
    with upright(painter, rect):
        painter.drawText(rect, flags, elided)


def draw_icon(painter: QPainter, rect: QRect, name: str, color: QColor, size: int) -> None:
    """Paint a Lucide icon at the center of `rect`."""
    ratio = painter.device().devicePixelRatioF()
    icon_rect = QRect(0, 0, size, size)
    icon_rect.moveCenter(rect.center())
    with upright(painter, icon_rect):
        painter.drawPixmap(icon_rect.topLeft(), pixmap(name, color, size, ratio))


def text_width(text: str, font: QFont) -> int:
    """Return the width of a single line of text."""
    return QFontMetrics(font).horizontalAdvance(one_line(text))


def key_size(theme: Theme, text: str) -> tuple[int, int]:
    """Return the width and height of a key cap."""
    font = key_font(theme)
    return text_width(text, font) + theme.px(17), QFontMetrics(font).height() + theme.px(5)


def key_font(theme: Theme) -> QFont:
    font = theme.note()
    font.setPointSizeF(theme.points(11))
    return font


def draw_key(painter: QPainter, theme: Theme, rect: QRect, text: str, color: QColor) -> None:
    """Paint a key cap like QLabel[role="key"]: the key's name in a rounded border."""
    draw_outline(painter, rect, theme.line, theme.px(5))
    painter.setFont(key_font(theme))
    painter.setPen(color)
    with upright(painter, rect):
        painter.drawText(rect, CENTER, text)
