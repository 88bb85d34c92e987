"""Finds widgets by their object names, and timers by their parents."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

_Widget = TypeVar("_Widget", bound=QWidget)


def find(parent: QWidget, kind: type[_Widget], name: str) -> _Widget:
    """Return the widget inside `parent` with this class and object name."""
    found = parent.findChild(kind, name)
    assert isinstance(found, kind), name
    return found


def timer_of(parent: QObject) -> QTimer:
    """Return the only timer whose parent is `parent`."""
    (timer,) = parent.findChildren(QTimer, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return timer
