"""The contrast of texts in rendered pixels, by WCAG's formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

_ROWS: Final = 12
_LINE: Final = 60  # pixels; this much of a taller text shows at least one of its lines


class Text(NamedTuple):
    """A text that a widget shows, and its place in the window."""

    widget: QWidget
    words: str
    place: QRect

    @property
    def least_contrast(self) -> float:
        """The lowest contrast that WCAG allows: for texts, or for graphics if it is a symbol."""
        return 4.5 if any(map(str.isalnum, self.words)) else 3.0


class Colors(NamedTuple):
    """The most frequent color of a rectangle, and the one that differs most from it."""

    background: int
    text: int

    @property
    def contrast(self) -> float:
        """WCAG's contrast."""
        darker, lighter = sorted((_luminance(self.background), _luminance(self.text)))
        return lighter / darker


def texts_of_window(window: QWidget) -> Iterator[Text]:
    """Yield the uncovered texts of a window.

    Disabled controls are left out: WCAG 1.4.3 asks for no contrast of inactive components.
    """
    if isinstance(window, QMenu):
        for action in window.actions():
            if action.text() and action.isEnabled() and action.isVisible():
                yield Text(window, action.text(), window.actionGeometry(action))
        return
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.window() is window:
            for words, rect in _texts_of(widget):
                visible = rect & widget.visibleRegion().boundingRect()
                place = visible.translated(widget.mapTo(window, QPoint()))
                shown = window.childAt(place.center())
                is_on_top = shown is not None and (shown is widget or widget.isAncestorOf(shown))
                is_there = visible.height() >= min(rect.height(), _LINE) and visible.width() > 6
                # The dots of "…", which stands for a figure being counted, are too thin to measure.
                if any(map(str.isalnum, words)) and is_there and is_on_top:
                    yield Text(widget, words, place)


def _texts_of(widget: QWidget) -> Iterator[tuple[str, QRect]]:
    if isinstance(widget, QLabel | QAbstractButton):
        yield str(widget.property("text")), widget.rect()
    elif isinstance(widget, QLineEdit):
        yield widget.text() or widget.placeholderText(), widget.rect()
    elif isinstance(widget, QComboBox):
        yield widget.currentText(), widget.rect()
    elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
        model, root = widget.model(), widget.rootIndex()
        for row in range(min(model.rowCount(root), _ROWS)):
            index = model.index(row, 0, root)
            place = widget.visualRect(index).translated(widget.viewport().pos())
            yield str(index.data() or ""), place


def colors_in(image: QImage, place: QRect) -> Colors:
    """Return the colors of a text; even antialiased letters have a pixel of the full color."""
    pixels = image.copy(place).convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(memoryview(pixels.constBits()).cast("I").tolist())
    ((background, _),) = counted.most_common(1)
    return max((Colors(background, other) for other in counted), key=lambda colors: colors.contrast)


@cache
def _luminance(pixel: int) -> float:
    """Return WCAG's relative luminance of a pixel, raised by 0.05."""
    shares = ((pixel >> shift & 0xFF) / 255 for shift in (16, 8, 0))
    linear = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05
