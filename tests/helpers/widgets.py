"""Finds widgets that are visible, or by their object names, and timers by their parents."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QMessageBox, QWidget

_Widget = TypeVar("_Widget", bound=QWidget)


def find(parent: QWidget, kind: type[_Widget], name: str) -> _Widget:
    """Return the widget inside `parent` with this class and object name."""
    found = parent.findChild(kind, name) or parent.window().findChild(kind, name)  # in a sheet
    assert isinstance(found, kind), name
    return found


def shown_widgets(window: QWidget) -> list[QWidget]:
    """Return a visible window and the visible widgets in it.

    Most widgets of the main window are on hidden pages, which are not entered.
    """
    found = [window]
    for widget in found:
        found += [
            child
            for child in widget.children()
            if isinstance(child, QWidget) and child.isVisible() and not child.isWindow()
        ]
    return found


def accept_question(parent: QWidget, name: str, label: str = "Remove") -> None:
    """Press a button in the question with this object name."""
    buttons = find(parent, QMessageBox, name).buttons()
    next(button for button in buttons if button.text() == label).click()


def timer_of(parent: QObject) -> QTimer:
    """Return the only timer whose parent is `parent`."""
    (timer,) = parent.findChildren(QTimer, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return timer
