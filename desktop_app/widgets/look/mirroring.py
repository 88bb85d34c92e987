"""Geometry of right-to-left windows, mirrored from that of left-to-right windows.

Qt mirrors its layouts, but not margins, fixed positions or painted shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QPainter


def is_mirrored() -> bool:
    """Return True if the windows run from right to left."""
    return QGuiApplication.layoutDirection() is Qt.LayoutDirection.RightToLeft


def margins(leading: int, top: int, trailing: int, bottom: int) -> tuple[int, int, int, int]:
    """Return margins in Qt's order; lines of text begin at the leading margin."""
    left, right = (trailing, leading) if is_mirrored() else (leading, trailing)
    return left, top, right, bottom


def mirrored_rect(rect: QRect, within: QRect) -> QRect:
    """Return `rect`, mirrored within a widget or cell if the windows are."""
    if not is_mirrored():
        return rect
    return QRect(within.left() + within.right() - rect.right(), rect.top(), *rect.size().toTuple())


def mirror(painter: QPainter, area: QRect) -> None:
    """Mirror all later painting in `area` if the windows are mirrored.

    `keep_upright` keeps texts and icons readable.
    """
    if is_mirrored():
        _flip(painter, area)


@contextmanager
def keep_upright(painter: QPainter, rect: QRect) -> Iterator[None]:
    """Keep text or an icon in `rect` from being flipped; `mirror` still moves it."""
    if painter.worldTransform().m11() >= 0:
        yield
        return
    painter.save()
    _flip(painter, rect)
    yield
    painter.restore()


def _flip(painter: QPainter, area: QRect) -> None:
    painter.translate(2 * area.x() + area.width(), 0)
    painter.scale(-1, 1)
