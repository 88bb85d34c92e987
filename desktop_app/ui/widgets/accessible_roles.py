"""The roles of widgets for assistive technology, where Qt would give others.

A widget says its role by an attribute `accessible_role` (see role_names.py). One that has parts of
its own returns a new interface by `make_accessible()`: Qt may ask more than once, and owns each.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAccessibleWidget, QComboBox, QStackedWidget, QWidget
from shiboken6 import isValid

from desktop_app.i18n.translation import tr

_LEAST_KEPT: Final = 256
_made: list[QAccessibleWidget] = []
_is_ending = False


def use_roles(*older: QWidget) -> None:
    """Answer Qt's questions for interfaces from now on.

    Args:
        older: widgets that were made before, whose parts Qt may have been asked about.
    """
    _install()
    if not QAccessible.isActive():
        return
    for root in older:
        for widget in root.findChildren(QWidget):
            if getattr(widget, "accessible_role", ""):
                known = QAccessible.queryAccessibleInterface(widget)
                if not isinstance(known, AccessibleChoice):
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
    if _is_ending or not isinstance(widget, QWidget):
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


def _keep(made: QAccessibleWidget) -> None:
    """Keep an interface until Qt has deleted it: Qt's cache does not notice if Python does."""
    if len(_made) >= _LEAST_KEPT and len(_made) & (len(_made) - 1) == 0:
        for gone in [one for one in _made if not isValid(one)]:
            getattr(gone, "forget_nodes", bool)()
            _made.remove(gone)
    _made.append(made)


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
