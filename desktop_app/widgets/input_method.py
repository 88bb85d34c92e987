"""Input methods, which write Chinese, Japanese or Korean: found, and shown at the cursor."""

from __future__ import annotations

import os

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication, QTransform, QWindow
from PySide6.QtWidgets import QApplication


def find_fcitx() -> None:
    """Let Qt reach Fcitx as IBus, whose protocol Fcitx 5 speaks, too; call it before Qt starts.

    The Qt of PyPI has a plug-in for IBus only. Fcitx's own belongs to the Qt of a distribution.
    """
    names = os.environ.get("QT_IM_MODULES") or os.environ.get("QT_IM_MODULE", "")
    if "fcitx" in names and "ibus" not in names:
        os.environ["QT_IM_MODULES"] = f"{names};ibus"


def follow_cursor() -> None:
    """Keep the window of candidates at the cursor.

    Qt 6.11 learns where a field is when the field itself moves, or gets the focus: not if what
    surrounds it moves, nor if a list opens, from whose window the place is then counted.
    """
    QGuiApplication.inputMethod().cursorRectangleChanged.connect(_tell_place)


def _tell_place() -> None:
    field, window = QApplication.focusWidget(), QGuiApplication.focusWindow()
    # PySide may return what a deleted object of the same address was for Python.
    if field is not None and isinstance(window, QWindow):
        place = window.mapFromGlobal(field.mapToGlobal(QPoint()))
        method = QGuiApplication.inputMethod()
        method.setInputItemTransform(QTransform.fromTranslate(place.x(), place.y()))
