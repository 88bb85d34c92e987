"""The menus of the program, the commands of a window in them, and menus by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QAction,
    QActionEvent,
    QContextMenuEvent,
    QCursor,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from shiboken6 import isValid

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.menu_icons import show_icon
from desktop_app.widgets.look.popup_card import card_of, make_card
from desktop_app.widgets.text.foreign_text import menu_text

_FIRST_LETTER: Final = lazy_pattern(r"\b[^\W\d_\u3040-\u30ff\u3400-\u9fff]")
"""Not kana and Han characters, which no single key types."""
STAYS_OPEN: Final = "stays-open"
"""The property of an entry that does not close its menu."""
_CHOICE_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Select)


def mark_menu(menu: QMenu, *, is_marked: bool = True) -> None:
    """Mark the letter that chooses each entry of a menu, the first free one of its words."""
    used = set()
    for action in menu.actions():
        if action.isVisible() and action.isEnabled() and not action.isSeparator():
            # A tab separates the label of an entry from its keys.
            marked, tab, keys = action.text().partition("\t")
            label = re.sub("&(.)", r"\1", marked)
            starts = [(word.start(), word[0].upper()) for word in _FIRST_LETTER.finditer(label)]
            at, letter = next((each for each in starts if each[1] not in used), (len(label), ""))
            used.add(letter)
            mark = "&" if letter and is_marked else ""
            text = label[:at].replace("&", "&&") + mark + label[at:].replace("&", "&&")
            action.setText(text + tab + keys)


class ProgramMenu(QMenu):
    """A menu whose entries letters choose; Alt underlines them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._opener: QWidget | None = None  # the widget under the mouse as it opened
        self._has_marks = False
        make_card(self)
        self.aboutToShow.connect(self._begin)
        self.aboutToHide.connect(self._forget_mouse)
        self.triggered.connect(self._end_choice)

    def _begin(self) -> None:
        self._has_marks = False
        mark_menu(self, is_marked=False)
        self._opener = QApplication.widgetAt(QCursor.pos())
        if QAccessible.isActive():
            self._take_interfaces()

    def actionEvent(self, event: QActionEvent) -> None:
        if event.type() == QEvent.Type.ActionAdded:
            show_icon(event.action())
        super().actionEvent(event)

    def _take_interfaces(self) -> None:
        """Have Qt make the interfaces again that entries got in another menu, maybe gone."""
        for action in self.actions():
            interface = QAccessible.queryAccessibleInterface(action)
            if interface is not None:
                owner = cast("QAccessibleInterface | None", interface.parent())
                if owner is None or owner.object() is not self:
                    QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(interface))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._run_staying(self.actionAt(event.position().toPoint())):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _CHOICE_KEYS and self._run_staying(self.activeAction()):
            return
        if event.key() == Qt.Key.Key_Alt:  # Qt would close the menu
            self._has_marks = True
            mark_menu(self)
        elif self._has_marks or not event.text().isalnum():
            super().keyPressEvent(event)
        else:
            mark_menu(self)  # Qt chooses by the marks, which the style always underlines
            super().keyPressEvent(event)
            if isValid(self):
                mark_menu(self, is_marked=False)

    def _forget_mouse(self) -> None:
        """End the hover of the button that opened the menu: Qt sends it no Leave meanwhile."""
        opener = self._opener
        if opener is not None and isValid(opener):
            at = opener.mapFromGlobal(QCursor.pos())
            opener.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, opener.rect().contains(at))
            opener.update()

    def _stays_open_after(self, action: QAction | None) -> bool:
        return action is not None and bool(action.property(STAYS_OPEN))

    def _run_staying(self, action: QAction | None) -> bool:
        """Run an entry after which the menu stays open. Return False for another."""
        stays = self._stays_open_after(action)
        if stays and action is not None and action.isEnabled():
            action.trigger()
        return stays

    def _end_choice(self, action: QAction) -> None:
        # An action run by assistive technology leaves the menu open.
        if not self._stays_open_after(action):
            self.close()

    def fill_with(self, fill: Callable[[QMenu], object]) -> None:
        """Have `fill` add the entries whenever the menu opens."""

        def refill() -> None:
            self.clear()
            fill(self)

        self.aboutToShow.connect(refill)


class ChecklistMenu(ProgramMenu):
    """A menu that stays open, so that several of its entries can be checked."""

    def _stays_open_after(self, _action: QAction | None) -> bool:
        return True


def popup_above(menu: QMenu, button: QWidget) -> None:
    """Open a menu above a button, at the side where the window begins."""
    top = 2 * card_of(menu).top() - menu.sizeHint().height()
    left = button.width() - menu.sizeHint().width() if is_mirrored() else 0
    menu.popup(button.mapToGlobal(QPoint(left, top)))


def add_choice(menu: QMenu, label: str, is_chosen: bool, choose: Callable[[], object]) -> QAction:
    """Add an entry with a check mark if it is chosen."""
    action = menu.addAction(menu_text(label))
    action.setCheckable(True)
    action.setChecked(is_chosen)
    action.triggered.connect(lambda: choose())
    return action


def command_of(widget: QWidget, command_id: str) -> QAction | None:
    """Return the action of a command of a widget's window; None if the window has no such one."""
    window = widget.window()
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    return window.findChild(QAction, command_id, options=direct)


def add_commands(menu: QMenu, *command_ids: str) -> None:
    """Add the actions of those commands that the window has which opens the menu."""
    parent: QWidget = menu
    while isinstance(parent, QMenu) and (above := parent.parentWidget()):
        parent = above
    menu.addActions([found for id_ in command_ids if (found := command_of(parent, id_))])


def run_command(widget: QWidget, command_id: str) -> None:
    """Run a command of a widget's window, if the window has it."""
    if (action := command_of(widget, command_id)) is not None:
        action.trigger()


def open_context_menu() -> None:
    """Open the context menu of the focused widget; Qt does so only for the Menu key."""
    focused = QApplication.focusWidget()
    if focused is not None:
        cursor = focused.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
        position = (cursor if isinstance(cursor, QRect) else focused.rect()).center()
        reason = QContextMenuEvent.Reason.Keyboard
        event = QContextMenuEvent(reason, position, focused.mapToGlobal(position))
        QApplication.sendEvent(focused, event)
