"""The roles of widgets for assistive technology, if Qt would choose others.

A widget names its role, one of `QAccessible.Role`, in an attribute `accessible_role`. A widget with
parts has a method `make_accessible()` that returns a new interface. It may be called more than
once; Qt owns each interface.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QAccessibleObject,
    QGuiApplication,
    QWindow,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAccessibleWidget,
    QApplication,
    QComboBox,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from desktop_app.i18n.translation import tr

_MIN_PRUNED_COUNT: Final = 256
"""Interfaces that are retained before those that Qt has deleted are dropped."""
_interfaces: list[QAccessibleObject] = []
_is_ending = False


def install_roles(*existing: QWidget) -> None:
    """Have Qt use the interfaces of this module from now on.

    Args:
        existing: widgets for whose parts Qt may already have made interfaces of its own.
    """
    _install()
    if not QAccessible.isActive():
        return
    parts = [part for root in existing for part in root.findChildren(QWidget)]
    targets: list[QObject] = [
        part
        for part in parts
        if getattr(part, "accessible_role", "") or _is_toggle(part) or _is_viewport(part)
    ]
    program = QApplication.instance()
    if program is not None:
        targets.append(program)
    for target in targets:
        renew_interface(target)


def renew_interface(target: QObject) -> None:
    """Have Qt make an interface again that it made before it knew the role."""
    if QAccessible.isActive():
        interface = QAccessible.queryAccessibleInterface(target)
        if not isinstance(interface, AccessibleProgram):
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(interface))


def tell_row(view: QAbstractItemView) -> None:
    """Tell assistive technology the current row once Qt has told that its view has the focus."""
    tell = view.currentChanged
    if QAccessible.isActive() and view.currentIndex().isValid():
        QTimer.singleShot(0, view, lambda: tell(view.currentIndex(), QModelIndex()))


@cache
def _install() -> None:
    QAccessible.installFactory(_interface_of)


def release_roles() -> None:
    """Delete our interfaces before Python ends: Qt's cache would delete them too late."""
    global _is_ending
    _is_ending = True
    for interface in _interfaces:
        _release_nodes(interface)
        if isValid(interface):
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(interface))
    _interfaces.clear()


def _interface_of(_class_name: str, widget: object) -> Any:
    if _is_ending:
        return None
    if isinstance(widget, QApplication):
        program = AccessibleProgram(widget)
        _retain(program)
        return program
    if not isinstance(widget, QWidget):
        return None
    make_interface = getattr(widget, "make_accessible", None)
    role = getattr(widget, "accessible_role", "")
    if make_interface is not None:
        interface = make_interface()
    elif isinstance(widget, QComboBox):
        interface = AccessibleCombo(widget, QAccessible.Role.ComboBox, widget.accessibleName())
    elif isinstance(widget, QStackedWidget):
        interface = AccessibleStack(widget, QAccessible.Role.Client, widget.accessibleName())
    elif role:
        interface = QAccessibleWidget(widget, QAccessible.Role[role], widget.accessibleName())
    elif _is_viewport(widget):
        interface = AccessibleViewport(widget, QAccessible.Role.Client, widget.accessibleName())
    elif _is_toggle(widget):
        assert isinstance(widget, QAbstractButton)
        role = QAccessible.Role.RadioButton if widget.autoExclusive() else QAccessible.Role.Button
        interface = AccessibleToggle(widget, role, widget.accessibleName())
    else:
        return None
    _retain(interface)
    return interface


def _is_toggle(widget: QWidget) -> bool:
    return isinstance(widget, QPushButton | QToolButton) and widget.isCheckable()


def _is_viewport(widget: QWidget) -> bool:
    area = widget.parentWidget()
    if not isinstance(area, QAbstractScrollArea):
        return False
    viewport: QWidget | None = area.viewport()  # None while Qt makes it, and asks for its interface
    return viewport is None or viewport is widget


def _retain(interface: QAccessibleObject) -> None:
    """Keep an interface until Qt deletes it; Qt's cache does not notice if Python deletes it."""
    count = len(_interfaces)
    if count >= _MIN_PRUNED_COUNT and count.bit_count() == 1:  # at each doubling
        for deleted in [each for each in _interfaces if not isValid(each)]:
            _release_nodes(deleted)
            _interfaces.remove(deleted)
    _interfaces.append(interface)


def _release_nodes(interface: QAccessibleObject) -> None:
    # An interface may create interfaces of its own for its parts.
    if release := getattr(interface, "release_nodes", None):
        release()


class AccessibleProgram(QAccessibleObject):
    """The program with its windows and open menus.

    Qt lists neither menus nor the lists of combo boxes, though it names the program as their
    parent. A screen reader that searches from the program down would not find them.
    """

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Application

    def state(self) -> QAccessible.State:
        return QAccessible.State()

    def text(self, kind: QAccessible.Text) -> str:
        return QGuiApplication.applicationName() if kind is QAccessible.Text.Name else ""

    def parent(self) -> Any:
        return None

    def window(self) -> Any:
        return None

    def childCount(self) -> int:
        return len(self._windows())

    def child(self, index: int) -> Any:
        windows = self._windows()
        return windows[index] if 0 <= index < len(windows) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        windows = [window.object() for window in self._windows()]
        return windows.index(child.object()) if child.object() in windows else -1

    def focusChild(self) -> Any:
        window: QWindow | None = QGuiApplication.focusWindow()  # PySide's types forget None
        return None if window is None else window.accessibleRoot()

    def _windows(self) -> list[QAccessibleInterface]:
        roots: list[QAccessibleInterface | None] = [
            window.accessibleRoot()
            for window in QGuiApplication.topLevelWindows()
            if window.type() is not Qt.WindowType.Desktop
            and (window.type() is not Qt.WindowType.Popup or window.isVisible())
        ]
        # A submenu belongs to its entry.
        return [
            root for root in roots if root is not None and root.parent().object() is self.object()
        ]


class AccessibleCombo(QAccessibleWidget):
    """A drop-down list named by its label and its value.

    On Linux, Qt names it by its value alone, and lists the items of the closed list as shown and
    focused.
    """

    def text(self, kind: QAccessible.Text) -> str:
        combo = self._combo()
        value = combo.currentText()
        label = combo.accessibleName()
        if kind is QAccessible.Text.Value or (kind is QAccessible.Text.Name and not label):
            return value
        if kind is QAccessible.Text.Name:
            return tr("{label}: {value}", label=label, value=value) if value else label
        return super().text(kind)

    def state(self) -> QAccessible.State:
        state, combo = super().state(), self._combo()
        state.expandable = state.hasPopup = True
        state.expanded = combo.view().isVisible()
        state.collapsed = not state.expanded
        return state

    def childCount(self) -> int:
        return 0  # the open list is a window of its own

    def actionNames(self) -> list[str]:
        return [self.showMenuAction(), self.pressAction(), *super().actionNames()]

    def doAction(self, name: str) -> None:
        if name in (self.showMenuAction(), self.pressAction()):
            self._combo().showPopup()
        else:
            super().doAction(name)

    def _combo(self) -> QComboBox:
        combo = self.widget()
        assert isinstance(combo, QComboBox)
        return combo


class AccessibleViewport(QAccessibleWidget):
    """The part of a scroll area that scrolls.

    Qt says that it has the focus whenever the area has it, which is its focus proxy.
    """

    def state(self) -> QAccessible.State:
        state = super().state()
        state.focused = state.focusable = False
        return state


class AccessibleStack(QAccessibleWidget):
    """A stack of pages, of which only the visible one is there.

    Qt says of the rows of a hidden list that they are visible. It calls a stack "layered pane",
    which a screen reader speaks at each change of the page.
    """

    def childCount(self) -> int:
        return int(self._stack().isVisible() and self._stack().count() > 0)

    def child(self, index: int) -> Any:
        is_there = 0 <= index < self.childCount()
        page = self._stack().currentWidget() if is_there else None
        return None if page is None else QAccessible.queryAccessibleInterface(page)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        is_shown = bool(self.childCount()) and child.object() is self._stack().currentWidget()
        return 0 if is_shown else -1

    def _stack(self) -> QStackedWidget:
        stack = self.widget()
        assert isinstance(stack, QStackedWidget)
        return stack


class AccessibleToggle(QAccessibleWidget):
    """A button that stays down, such as Archive or a tab.

    Qt calls the former a check box, and its action Toggle changes the look without a click, so that
    nothing else happens.
    """

    def text(self, kind: QAccessible.Text) -> str:
        button = self._button()
        if kind is QAccessible.Text.Name and not button.accessibleName():
            return re.sub(r"&(\S)", r"\1", button.text())
        return super().text(kind)

    def state(self) -> QAccessible.State:
        state, button = super().state(), self._button()
        state.checkable = True
        state.checked = button.isChecked()
        return state

    def actionNames(self) -> list[str]:
        return [self.pressAction(), self.toggleAction(), *super().actionNames()]

    def doAction(self, name: str) -> None:
        if name in (self.pressAction(), self.toggleAction()):
            self._button().click()
        else:
            super().doAction(name)

    def _button(self) -> QAbstractButton:
        button = self.widget()
        assert isinstance(button, QAbstractButton)
        return button
