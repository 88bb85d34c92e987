"""Finds what is wrong with the focus: one part has it, and it never passes on without a key.

What can have it has a name and a role.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialogButtonBox, QMenu, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.widgets.forms.form_widgets import FormSection
from desktop_app.widgets.sheet import open_dialogs
from tests.gui.app.test_accessible_tree import faults_of, visible_parts
from tests.helpers.translated_texts import QT_DIALOGS

Role = QAccessible.Role
SLACK = 4


class FocusAudit:
    """A walk through scenes, while assistive technology is active.

    Attributes:
        faults: what was found, with the name of the scene.
        deleting: the names of the buttons that delete.
    """

    def __init__(self) -> None:
        self.faults: set[str] = set()
        self.deleting: set[str] = set()
        self._hidden: set[int] = set()  # the ids of hidden widgets whose nodes were read

    async def look(self, scene: str) -> None:
        """Look at all visible windows."""
        await asyncio.sleep(0)
        for window in QApplication.topLevelWidgets():
            if not window.isVisible() or isinstance(window, (QMenu, *QT_DIALOGS)):
                continue
            if window.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus:
                continue
            shown = visible_parts(_sheet_of(window) or window)
            of_parts = (fault for part in shown for fault in faults_of(part))
            for fault in (*self._focus_faults(window), *order_faults(shown), *of_parts):
                self.faults.add(f"{scene}: {fault}")
            deleting = {part.objectName() for part in shown if part.property("deletes")}
            if buttons := _buttons(window, shown):
                self.deleting |= deleting
                window.activateWindow()
                former = window.focusWidget()
                for button in buttons:
                    loses = (button.setEnabled, button.setVisible)[: 2 if deleting else 1]
                    for lose in loses:
                        self.faults.update(f"{scene}: {f}" for f in faults_after(button, lose))
                if former is not None:
                    former.setFocus()

    def _focus_faults(self, window: QWidget) -> Iterator[str]:
        """Yield what assistive technology is told wrongly about the focus in a window."""
        root = QAccessible.queryAccessibleInterface(window)
        focused = [
            node
            for node in self._nodes(root)
            # Qt's box of buttons has the focus of its default button, too.
            if node.state().focused and not isinstance(node.object(), QDialogButtonBox)
        ]
        # A current row has it together with its view, or with the field whose keys the view gets.
        rows = [node for node in focused if node.role() in (Role.ListItem, Role.Cell)]
        views = [view for row in rows if isinstance(view := row.parent().object(), QWidget)]
        sheet = _sheet_of(window)
        for view in views:
            if sheet is not None and not sheet.isAncestorOf(view):
                continue  # the offscreen platform tells no view of a loss while no window is active
            is_inside = view.hasFocus() or view.isAncestorOf(QApplication.focusWidget() or window)
            if view.focusPolicy() and not is_inside:
                yield f"a row of {view.objectName()!r} has the focus"
        alone = [node for node in focused if node not in rows]
        said = [f"{node.role().name} {node.text(QAccessible.Text.Name)!r}" for node in alone]
        if len(alone) > 1:
            yield f"{said} have the focus"
        for node, name in zip(alone, said, strict=True):
            if node.role() in (Role.NoRole, Role.Client) or not node.text(QAccessible.Text.Name):
                yield f"{name} has the focus, but no role or name"

    def _nodes(self, node: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
        """Yield a node and those below it; those of a hidden widget once, which are most."""
        widget = node.object()
        if isinstance(widget, QWidget) and not widget.isVisible():
            if id(widget) in self._hidden:
                return
            self._hidden.add(id(widget))
        yield node
        for number in range(node.childCount()):
            child: QAccessibleInterface | None = node.child(number)
            if child is not None:
                yield from self._nodes(child)


def _sheet_of(window: QWidget) -> QWidget | None:
    """Return the topmost sheet over a window, which keeps all keys from what is behind it."""
    sheets = [each for each in open_dialogs() if window.isAncestorOf(each)]
    return sheets[-1] if sheets else None


def _buttons(window: QWidget, shown: Iterable[QWidget]) -> list[QAbstractButton]:
    """Return the buttons of a window that can have the focus, without those that an end awaits."""
    if QApplication.activePopupWidget() or window.findChild(QWidget, "rename"):
        return []
    palettes = [part for part in shown if isinstance(part, CommandPalette)]
    return [
        button
        for button in shown
        if isinstance(button, QAbstractButton)
        and button.isEnabled()
        and button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and (not palettes or palettes[0].isAncestorOf(button))
    ]


def faults_after(button: QAbstractButton, lose: Callable[[bool], object]) -> Iterator[str]:
    """Disable or hide a focused button; yield what is wrong with the widget that has it then."""
    button.setFocus(Qt.FocusReason.TabFocusReason)
    if not button.hasFocus():
        return
    lose(False)
    focused: QWidget | None = QApplication.focusWidget()  # PySide's types forget None
    if focused not in (None, button) and focused.property("deletes"):
        yield f"{button.objectName()} → {focused.objectName()} deletes"
    if button.isVisible() and isinstance(focused, QAbstractButton):
        yield f"{button.objectName()}, disabled, leaves the focus to {focused.objectName()}"
    was_disabled = button.isVisible() and not button.isEnabled()  # its owner may enable it at once
    lose(True)
    if was_disabled and not button.hasFocus():
        yield f"{button.objectName()} is enabled again without the focus"


def order_faults(shown: Iterable[QWidget]) -> Iterator[str]:
    """Yield the forms whose parts assistive technology reads in another order than they have."""
    for section in shown:
        if not isinstance(section, FormSection):
            continue
        root = QAccessible.queryAccessibleInterface(section)
        nodes = [root.child(number) for number in range(root.childCount())]
        visible = [node for node in nodes if not node.state().invisible]
        tops = [node.rect().center().y() for node in visible]
        if any(top > below + SLACK for top, below in pairwise(tops)):
            yield f"{[node.text(QAccessible.Text.Name) for node in visible]} is the order of a form"
