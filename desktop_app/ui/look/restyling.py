"""Restyles all widgets with another style sheet, those on screen first.

Of a changed application style sheet, Qt polishes each widget once for itself and once for every
widget above it: 0.9 s for 1,350 widgets. So Qt first forgets all widgets that it would restyle, and
each is polished once, here: 0.13 s, a third of it for those on screen.
"""

from __future__ import annotations

import time
from itertools import chain
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

_SLICE_S: Final = 0.006


class Restyling(QObject):
    """Restyles the widgets of an application, the hidden ones in slices."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._waiting: list[QWidget] = []
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._continue)

    def use(self, sheet: str, *, at_once: bool) -> None:
        """Use another style sheet. Without `at_once`, hidden widgets follow in slices.

        What is shown earlier has its new backgrounds and borders, but the former text color.
        """
        self._application.style().unpolish(self._application)
        self._application.setStyleSheet(sheet)
        widgets = _polished_widgets()
        self._waiting = [] if at_once else [w for w in widgets if not w.isVisible()]
        self._waiting.reverse()  # parents last, because the slices take from the end
        for widget in widgets:
            if at_once or widget.isVisible():
                _restyle(widget)
            if at_once:
                QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
        if self._waiting:
            self._timer.start()

    def _continue(self) -> None:
        until = time.perf_counter() + _SLICE_S
        while self._waiting and time.perf_counter() < until:
            widget = self._waiting.pop()
            if isValid(widget):
                _restyle(widget)
        if not self._waiting:
            self._timer.stop()


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
