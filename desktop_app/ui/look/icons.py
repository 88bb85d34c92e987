"""Lucide's icons, tinted: one SVG file for every colour, size and screen.

`use_folder` is called once at the start with the folder of the SVG files (this room looks for no
folder of its own). An icon is drawn when it is first painted, at the resolution of the screen it
is painted on, and kept.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap

if TYPE_CHECKING:
    from pathlib import Path

_folder: list[Path] = []


def use_folder(folder: Path) -> None:
    """Take the SVG files from this folder."""
    _folder[:] = [folder]


def icon(name: str, color: QColor, size: int = 16, *, disabled: QColor | None = None) -> QIcon:
    """An icon of `size` device-independent pixels; `disabled` is its colour when disabled."""
    made = QIcon(pixmap(name, color, size))
    if disabled is not None:
        made.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, color: QColor, size: int = 16, ratio: float | None = None) -> QPixmap:
    """The same as a pixmap for screens of the given device pixel ratio (None: the sharpest).

    Raises FileNotFoundError where there is no icon of that name.
    """
    if ratio is None:
        application = QGuiApplication.instance()
        ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    return _drawn(name, color.rgba(), size, ratio)


@lru_cache(maxsize=512)
def _drawn(name: str, rgba: int, size: int, ratio: float) -> QPixmap:
    # Imported late: the library is loaded with the first icon, not with the module.
    from PySide6.QtSvg import QSvgRenderer

    color = QColor.fromRgba(rgba)
    source = _source(name).replace(b"currentColor", color.name().encode())
    drawn = QPixmap(round(size * ratio), round(size * ratio))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setOpacity(color.alphaF())
    QSvgRenderer(source).render(painter, QRectF(drawn.rect()))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _source(name: str) -> bytes:
    # Lucide draws with strokes of 2 in 24; at 16 pixels, 1.75 is as heavy as the text beside it.
    return (
        (_folder[0] / f"{name}.svg")
        .read_bytes()
        .replace(b'stroke-width="2"', b'stroke-width="1.75"')
    )
