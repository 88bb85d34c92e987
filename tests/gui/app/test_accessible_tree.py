"""The accessible tree of every window, dialog, card and page: names, roles, and keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QMenu,
    QScrollBar,
    QWidget,
)

from desktop_app.commands.keymap import Keymap
from tests.gui.app import scenes
from tests.gui.app.desk import Desk
from tests.helpers.translated_texts import is_of_qt

Role = QAccessible.Role
# What a screen reader calls "filler" or nothing.
UNHEARD = (Role.NoRole, Role.Client)


def _takes_keys(widget: QWidget) -> bool:
    return widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _visible_parts(window: QWidget) -> Iterator[QWidget]:
    # Qt's own dialogs belong to the window that opens them. On Linux Qt names their lists by the
    # value and tells a screen reader of the label by a relation: nothing that we could name.
    for widget in (window, *window.findChildren(QWidget)):
        if widget.isVisible() and not is_of_qt(widget):
            yield widget


def _faults(widget: QWidget) -> Iterator[str]:
    """Yield what is wrong with a widget for a screen reader."""
    known = QAccessible.queryAccessibleInterface(widget)
    name = known.text(QAccessible.Text.Name)
    said = f"{type(widget).__name__} {widget.objectName()!r}"
    of_qt = (QAbstractScrollArea, QAbstractSpinBox)
    is_part = isinstance(widget, QScrollBar) or isinstance(widget.parent(), of_qt)
    if _takes_keys(widget) and not is_part:
        if not name.strip():
            yield f"{said} has no name"
        if known.role() in UNHEARD:
            yield f"{said} has no role"
    if isinstance(widget, QComboBox) and name == widget.currentText():
        yield f"{said} is named by its value {name!r}"
    if "\ufffc" in name:
        yield f"{said} has an object character in its name"


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_widget_has_a_name_and_a_role() -> None:
    faults: dict[str, str] = {}
    seen: set[int] = set()

    async def look(scene: str) -> None:
        for window in QApplication.topLevelWidgets():
            if window.isVisible() and not isinstance(window, QMenu):
                for widget in _visible_parts(window):
                    seen.add(id(widget))
                    for fault in _faults(widget):
                        faults.setdefault(fault, scene)

    async with Desk() as desk:
        desk.window.resize(1280, 800)
        await scenes.first_start(desk, look)
        await scenes.fill(desk.backend)
    async with Desk(environment=scenes.KEYED) as desk:
        desk.window.resize(1280, 800)
        for scene in scenes.SCENES:
            await scene(desk, look)
    listed = "\n".join(sorted(f"{scene}: {fault}" for fault, scene in faults.items()))
    assert not listed, listed
    assert len(seen) > 1_000


def test_no_two_commands_share_a_key_by_default() -> None:
    assert Keymap().conflicts() == {}
