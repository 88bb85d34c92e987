"""Windows: in front, and fitting into a small window with large text."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSlider,
    QApplication,
    QFrame,
    QScrollArea,
    QScrollBar,
    QWidget,
)

from desktop_app.widgets.look.theme import current_theme

# Pixels at the default text size.
_MARGIN: Final = 24
_SMALL_HEIGHT: Final = 400
"""In a window below this height, a dialog may cover all of the window."""


def fitting_size(wanted: tuple[int, int], parent: QWidget | None) -> QSize:
    """Return the size for a dialog, bounded by its parent's window.

    `wanted` is the preferred width and height in pixels at the default text size.
    """
    theme = current_theme()
    size = QSize(theme.px(wanted[0]), theme.px(wanted[1]))
    if parent is None:
        return size
    window_size = parent.window().size()
    margin = theme.px(_MARGIN) if window_size.height() >= theme.px(_SMALL_HEIGHT) else 0
    return size.boundedTo(window_size - QSize(margin, margin))


def scroll_area_of(page: QWidget) -> QScrollArea:
    """Return an area in which a page scrolls vertically if it does not fit."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(page)
    for surface in (area.viewport(), page):
        surface.setAutoFillBackground(False)
    return area


def has_focus_within(widget: QWidget) -> bool:
    """Return True if a part of a widget has the focus."""
    focus = QApplication.focusWidget()
    return focus is not None and widget.isAncestorOf(focus)


def bring_to_front(window: QWidget) -> None:
    """Show a window, minimized or not, in front of the others, and give it the focus."""
    state = window.windowState()
    window.setWindowState(state ^ (state & Qt.WindowState.WindowMinimized))
    window.show()
    window.raise_()
    window.activateWindow()


def is_session_ending() -> bool:
    """Return True while the desktop session ends, when a question would block the logout."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()


class FixedSpaceScrollBar(QScrollBar):
    """A scroll bar that always takes its space but is painted only if there is a range.

    A bar that appears and disappears changes the width of the text. It would do so during a
    document edit, and Qt crashes if the text is laid out again then.

    An answer that grows below the window changes the range at each of its frames, and moves the
    thumb by a pixel much less often: the bar is painted only then.
    """

    _thumb: tuple[int, ...] = ()

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        page, low, high = self.pageStep(), self.minimum(), self.maximum()
        length = 2 * max(self.width(), self.height())  # in halves of a pixel
        share = length / max(1, high - low + page)
        thumb = (length, int(page * share), int((self.value() - low) * share), high > low)
        if thumb != self._thumb or change == self.SliderChange.SliderOrientationChange:
            self._thumb = thumb
            super().sliderChange(change)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.maximum() > self.minimum():
            super().paintEvent(event)
