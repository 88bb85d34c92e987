"""The roles of widgets for assistive technology, where Qt would give others.

A widget names its role in an attribute `accessible_role` (see role_names.py). If it has parts,
`make_accessible()` returns a new interface: Qt may ask more than once, and owns each.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QAccessibleObject,
    QGuiApplication,
    QWindow,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAccessibleWidget,
    QApplication,
    QComboBox,
    QStackedWidget,
    QWidget,
)
from shiboken6 import isValid

from desktop_app.i18n.translation import tr

_PRUNED_FROM: Final = 256
_made: list[QAccessibleObject] = []
_is_ending = False


def use_roles(*older: QWidget) -> None:
    """Answer Qt's questions for interfaces from now on.

    Args:
        older: widgets that were made before: Qt may have been asked about their parts.
    """
    _install()
    if not QAccessible.isActive():
        return
    parts = [part for root in older for part in root.findChildren(QWidget)]
    shown = [part for part in parts if getattr(part, "accessible_role", "")]
    for one in (*shown, *filter(None, [QApplication.instance()])):
        known = QAccessible.queryAccessibleInterface(one)
        if not isinstance(known, (AccessibleProgram, AccessibleChoice)):
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(known))


@cache
def _install() -> None:
    QAccessible.installFactory(_interface_of)


def release_roles() -> None:
    """Empty Qt's cache of our interfaces at the end: it would delete them after Python is gone."""
    global _is_ending
    _is_ending = True
    for made in _made:
        getattr(made, "forget_nodes", bool)()
        if isValid(made):
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(made))
    _made.clear()


def _interface_of(_class_name: str, widget: object) -> Any:
    if _is_ending:
        return None
    if isinstance(widget, QApplication):
        _keep(program := AccessibleProgram(widget))
        return program
    if not isinstance(widget, QWidget):
        return None
    make = getattr(widget, "make_accessible", None)
    role = getattr(widget, "accessible_role", "")
    if make is not None:
        made = make()
    elif isinstance(widget, QComboBox):
        made = AccessibleCombo(widget, QAccessible.Role.ComboBox, widget.accessibleName())
    elif isinstance(widget, QStackedWidget):
        # Qt calls it "layered pane", which a screen reader speaks at each change of the page.
        made = QAccessibleWidget(widget, QAccessible.Role.Client, widget.accessibleName())
    elif role:
        kind = AccessibleChoice if isinstance(widget, QAbstractButton) else QAccessibleWidget
        made = kind(widget, QAccessible.Role[role], widget.accessibleName())
    else:
        return None
    _keep(made)
    return made


def _keep(made: QAccessibleObject) -> None:
    """Keep an interface until Qt has deleted it: Qt's cache does not notice if Python does."""
    if len(_made) >= _PRUNED_FROM and len(_made) & (len(_made) - 1) == 0:
        for gone in [one for one in _made if not isValid(one)]:
            getattr(gone, "forget_nodes", bool)()
            _made.remove(gone)
    _made.append(made)


class AccessibleProgram(QAccessibleObject):
    """The program with its windows and open menus.

    Qt lists neither menus nor the lists of combo boxes, though it names the program as their
    parent: a screen reader could not find them from above.
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
        shown = [window.object() for window in self._windows()]
        return shown.index(child.object()) if child.object() in shown else -1

    def focusChild(self) -> Any:
        window: QWindow | None = QGuiApplication.focusWindow()  # PySide's types forget None
        return None if window is None else window.accessibleRoot()

    def _windows(self) -> list[QAccessibleInterface]:
        shown: list[QAccessibleInterface | None] = [
            window.accessibleRoot()
            for window in QGuiApplication.topLevelWindows()
            if window.type() is not Qt.WindowType.Desktop
            and (window.type() is not Qt.WindowType.Popup or window.isVisible())
        ]
        # A submenu belongs to its entry.
        return [one for one in shown if one is not None and one.parent().object() is self.object()]


class AccessibleChoice(QAccessibleWidget):
    """A button of several that exclude each other: a page tab or a radio button."""

    def state(self) -> QAccessible.State:
        state, button = super().state(), self._button()
        is_on = button.isChecked()
        state.checkable = True
        state.checked = is_on
        state.selectable = True
        state.selected = is_on
        return state

    def text(self, kind: QAccessible.Text) -> str:
        button = self._button()
        if kind is QAccessible.Text.Name:
            return button.accessibleName() or button.text()
        return super().text(kind)

    def actionNames(self) -> list[str]:
        return [self.pressAction(), *super().actionNames()]

    def doAction(self, name: str) -> None:
        if name == self.pressAction():
            self._button().click()
        else:
            super().doAction(name)

    def _button(self) -> QAbstractButton:
        button = self.widget()
        assert isinstance(button, QAbstractButton)
        return button


class AccessibleCombo(QAccessibleWidget):
    """A drop-down list that says what it is for, not its value alone.

    Qt names it by its value on Linux, and lists the items of the closed list as shown and focused.
    """

    def text(self, kind: QAccessible.Text) -> str:
        combo = self._combo()
        value, label = combo.currentText(), combo.accessibleName()
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
