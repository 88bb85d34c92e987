"""Restyles all widgets with another style sheet, those on screen first.

Of a changed application style sheet, Qt polishes each widget once for itself and once for every
widget above it: 0.9 s for 1,350 widgets. So Qt first forgets all widgets that it would restyle, and
each is polished once, here: those on screen at once, the hidden ones in slices.
"""

from __future__ import annotations

import time
from itertools import chain
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLICE_S: Final = 0.006


class Restyling(QObject):
    """Restyles the widgets of an application, the hidden ones in slices."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._waiting: list[QWidget] = []
        self._finds_hidden = False
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._continue)

    def use(self, sheet: str, *, at_once: bool) -> None:
        """Use another style sheet. Without `at_once`, hidden widgets follow in slices.

        A widget shown before its slice has the new backgrounds, but the old text color.
        """
        self._application.style().unpolish(self._application)
        self._application.setStyleSheet(sheet)
        self._waiting = []
        for widget in _polished_widgets() if at_once else _visible_widgets():
            _restyle(widget)
            if at_once:
                QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
        self._finds_hidden = not at_once
        if self._finds_hidden:
            self._timer.start()

    def _continue(self) -> None:
        until = time.perf_counter() + _SLICE_S
        if self._finds_hidden:
            self._finds_hidden = False
            self._waiting = [w for w in _polished_widgets() if not w.isVisible()]
            self._waiting.reverse()  # parents last, because the slices take from the end
        while self._waiting and time.perf_counter() < until:
            widget = self._waiting.pop()
            if isValid(widget):
                _restyle(widget)
        if not self._waiting:
            self._timer.stop()


def _visible_widgets() -> Iterator[QWidget]:
    """Yield the widgets on screen, each below its parents."""
    waiting = [window for window in QApplication.topLevelWidgets() if window.isVisible()]
    while waiting:
        widget = waiting.pop()
        yield widget
        flag = Qt.FindChildOption.FindDirectChildrenOnly
        # Dialogs are windows and children.
        waiting += [
            child
            for child in widget.findChildren(QWidget, options=flag)
            if child.isVisible() and not child.isWindow()
        ]


def _polished_widgets() -> list[QWidget]:
    """Return all widgets that have a style, each below its parents."""
    windows = QApplication.topLevelWidgets()
    found = chain.from_iterable((w, *w.findChildren(QWidget)) for w in windows)
    # Dialogs are windows and children.
    return [
        widget
        for widget in dict.fromkeys(found)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished)
    ]


def _restyle(widget: QWidget) -> None:
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.Polish))
    widget.update()
