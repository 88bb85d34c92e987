"""Tinted Lucide icons: one SVG file for every color, size and screen.

Call `use_folder` once at start-up with the folder of the SVG files. An icon is rendered when it is
first painted, and cached: of fifty at the start, a dozen are visible.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from desktop_app.widgets.look.direction import is_mirrored

_folder: list[Path] = []  # the folder of the SVG files; empty until `use_folder`
_MIRRORED: Final = {
    "chevron-left": "chevron-right",
    "chevron-right": "chevron-left",
    "panel-left": "panel-right",
    "panel-right": "panel-left",
}
"""The icons of a direction, and what stands for them in a mirrored window."""
_TRAY_SIZES: Final = (16, 22, 32, 48, 64)


def use_folder(folder: Path) -> None:
    """Set the folder of the SVG files."""
    _folder[:] = [folder]


def sheet_image_path(name: str) -> str:
    """Return the path of an image of the style sheet, such as "chevron"; "" without a folder."""
    return (_folder[0].parent / f"{name}.svg").as_posix() if _folder else ""


def icon(name: str, color: QColor, size: int = 16, *, disabled: QColor | None = None) -> QIcon:
    """Return an icon of `size` device-independent pixels, tinted with `color`.

    Args:
        disabled: the color of the icon's disabled state.
    """
    return QIcon(_Engine(name, color, size, disabled))


_copies: Final[list[QIconEngine]] = []
"""The sources of changed icons, which Python would delete; no icon of the program is changed."""


class _Engine(QIconEngine):
    """The source of an icon's pixmaps."""

    def __init__(self, name: str, color: QColor, size: int, disabled: QColor | None) -> None:
        super().__init__()
        self._values = name, color, size, disabled

    def clone(self) -> QIconEngine:
        """Return the source of a changed copy of the icon, which has only a pointer to it."""
        _copies.append(_Engine(*self._values))
        return _copies[-1]

    def actualSize(self, size: QSize, _mode: QIcon.Mode, _state: QIcon.State) -> QSize:
        own_size = self._values[2]
        return size.boundedTo(QSize(own_size, own_size))

    def scaledPixmap(
        self, _size: QSize, mode: QIcon.Mode, _state: QIcon.State, ratio: float
    ) -> QPixmap:
        name, color, size, disabled = self._values
        if mode is QIcon.Mode.Disabled and disabled is not None:
            return pixmap(name, disabled, size, ratio)
        usual = pixmap(name, color, size, ratio)
        if mode in (QIcon.Mode.Normal, QIcon.Mode.Active):
            return usual
        return QIcon(usual).pixmap(QSize(size, size), ratio, mode)  # as the style changes it

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(rect, self.scaledPixmap(rect.size(), mode, state, ratio))


def set_icon(
    button: QAbstractButton, name: str, color: QColor, size: int, *, disabled: QColor | None = None
) -> None:
    """Show an icon on a button; see `icon`."""
    button.setIcon(icon(name, color, size, disabled=disabled))
    button.setIconSize(QSize(size, size))


def pixmap(name: str, color: QColor, size: int = 16, ratio: float | None = None) -> QPixmap:
    """Return an icon as a pixmap for a device pixel ratio (None: the highest of all screens).

    Raises:
        FileNotFoundError: there is no icon of that name.
    """
    if ratio is None:
        application = QGuiApplication.instance()
        ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    if is_mirrored():
        name = _MIRRORED.get(name, name)
    return _render(name, color.rgba(), size, ratio)


def program_icon() -> QIcon:
    """Return the program's own icon, in the sizes of trays."""

    renderer = QSvgRenderer(str(_folder[0].parent / "repartee.svg"))
    result = QIcon()
    for size in _TRAY_SIZES:
        tray_pixmap = QPixmap(size, size)
        tray_pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(tray_pixmap)
        renderer.render(painter, QRectF(tray_pixmap.rect()))
        painter.end()
        result.addPixmap(tray_pixmap)
    return result


@lru_cache(maxsize=512)
def _render(name: str, rgba: int, size: int, ratio: float) -> QPixmap:
    color = QColor.fromRgba(rgba)
    source = (_folder[0] / f"{name}.svg").read_bytes()
    # Lucide's strokes are 2 wide in a box of 24. At 16 pixels, 1.75 matches the text's weight.
    source = source.replace(b'stroke-width="2"', b'stroke-width="1.75"')
    source = source.replace(b"currentColor", color.name().encode())
    result = QPixmap(round(size * ratio), round(size * ratio))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setOpacity(color.alphaF())
    QSvgRenderer(source).render(painter, QRectF(result.rect()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result
