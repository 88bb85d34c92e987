"""The focus in every scene: one part has it, and it never passes to one that deletes of itself.

What can have it has a name and a role.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenu, QPushButton, QWidget

from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.collections.ui.collections_dialog import CollectionsPage
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.forms.form_widgets import FormSection
from tests.gui.app import scenes
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_accessible_tree import faults_of, visible_parts
from tests.helpers.translated_texts import QT_DIALOGS
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


Role = QAccessible.Role
SLACK = 4


def buttons_of(window: QWidget) -> list[QAbstractButton]:
    """Return the buttons of a window that can have the focus, without those that an end awaits."""
    if QApplication.activePopupWidget() or window.findChild(QWidget, "rename"):
        return []
    palettes = [p for p in window.findChildren(CommandPalette) if p.isVisible()]
    return [
        button
        for button in (palettes or [window])[0].findChildren(QAbstractButton)
        if button.isVisible()
        and button.isEnabled()
        and button.window() is window
        and button.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


def faults_after(button: QAbstractButton, lose: Callable[[bool], object]) -> Iterator[str]:
    """Disable or hide a focused button; yield what is wrong with the widget that has it then."""
    button.setFocus(Qt.FocusReason.TabFocusReason)
    if not button.hasFocus():
        return
    lose(False)
    focused: QWidget | None = QApplication.focusWidget()  # PySide's types forget None
    if focused not in (None, button):
        passed = f"{button.objectName()} → {focused.objectName()}"
        if focused.property("deletes"):
            yield f"{passed} deletes"
    lose(True)


def nodes_of(node: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield node
    for number in range(node.childCount()):
        child: QAccessibleInterface | None = node.child(number)
        if child is not None:
            yield from nodes_of(child)


def focus_faults(window: QWidget) -> Iterator[str]:
    """Yield what assistive technology is told wrongly about the focus in a window."""
    focused = [n for n in nodes_of(interface_of(window)) if n.state().focused]
    # A current row has it together with its view, or with the field whose keys the view gets.
    rows = [n for n in focused if n.role() in (Role.ListItem, Role.Cell)]
    views = [view for row in rows if isinstance(view := row.parent().object(), QWidget)]
    for view in views:
        is_inside = view.hasFocus() or view.isAncestorOf(QApplication.focusWidget() or window)
        if view.focusPolicy() and not is_inside:
            yield f"a row of {view.objectName()!r} has the focus"
    alone = [n for n in focused if n not in rows]
    said = [f"{n.role().name} {n.text(QAccessible.Text.Name)!r}" for n in alone]
    if len(alone) > 1:
        yield f"{said} have the focus"
    for node, name in zip(alone, said, strict=True):
        if node.role() in (Role.NoRole, Role.Client) or not node.text(QAccessible.Text.Name):
            yield f"{name} has the focus, but no role or name"


def order_faults(window: QWidget) -> Iterator[str]:
    """Yield the forms whose parts assistive technology reads in another order than they have."""
    for section in window.findChildren(FormSection):
        if not section.isVisible():
            continue
        root = interface_of(section)
        nodes = [root.child(number) for number in range(root.childCount())]
        shown = [node for node in nodes if not node.state().invisible]
        tops = [node.rect().center().y() for node in shown]
        if any(top > below + SLACK for top, below in pairwise(tops)):
            yield f"{[node.text(QAccessible.Text.Name) for node in shown]} is the order of a form"


def interface_of(window: QWidget) -> QAccessibleInterface:
    return QAccessible.queryAccessibleInterface(window)


@pytest.fixture
def screen_reader() -> Iterator[None]:
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
@pytest.mark.usefixtures("screen_reader")
async def test_one_part_has_the_focus_which_never_passes_to_one_that_deletes() -> None:
    faults: set[str] = set()
    deleting: set[str] = set()

    async def look(scene: str) -> None:
        await asyncio.sleep(0)
        for window in QApplication.topLevelWidgets():
            if not window.isVisible() or isinstance(window, (QMenu, *QT_DIALOGS)):
                continue
            of_parts = (fault for part in visible_parts(window) for fault in faults_of(part))
            for fault in (*focus_faults(window), *order_faults(window), *of_parts):
                faults.add(f"{scene}: {fault}")
            buttons = buttons_of(window)
            if buttons:
                window.activateWindow()
            former = window.focusWidget()
            for button in buttons:
                if button.property("deletes"):
                    deleting.add(button.objectName())
                for lose in (button.setEnabled, button.setVisible):
                    faults.update(f"{scene}: {fault}" for fault in faults_after(button, lose))
            if buttons and former is not None:
                former.setFocus()

    async with AppHarness() as app:
        await scenes.fill(app.backend)
    async with AppHarness(environment=scenes.KEYED) as app:
        install_roles(app.window)
        for scene in scenes.SCENES:
            await scene(app, look)
    assert not faults, "\n".join(sorted(faults))
    assert {"delete-collection", "delete-preset", "remove-attachment"} <= deleting


async def test_a_palette_passes_its_focus_on_when_it_is_hidden() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        palette = await app.search("Hello")
        palette.filters.attachment_button.setFocus()
        palette.filters.order_button.setEnabled(False)
        QTest.keyClick(palette.filters.attachment_button, Qt.Key.Key_Tab)
        assert palette.field.hasFocus()
        palette.filters.attachment_button.setFocus()
        palette.hide()
        focused: QWidget | None = QApplication.focusWidget()  # PySide's types forget None
        assert focused is None or focused.isVisible()


async def test_a_dialog_that_chose_a_folder_leaves_the_focus_where_enter_asks(
    tmp_path: Path,
) -> None:
    for number in range(10):
        (tmp_path / f"letter{number}.txt").write_text(f"Letter {number}.")
    async with AppHarness(environment=scenes.KEYED) as app:
        controller = app.controllers.of(CollectionsController)
        controller.create([])
        page = await scenes.dialog_of(CollectionsPage)
        await until(lambda: bool(page.current_id) and page.isVisible())
        page.add_folder_button.setFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        controller.add(page.current_id, [tmp_path])
        dialog.close()
        app.window.activateWindow()
        await until(lambda: not controller.is_busy and page.ask_button.isEnabled())
        await until(page.ask_button.hasFocus)


async def test_the_user_can_go_to_a_button_that_deletes_and_come_back_to_it() -> None:
    async with AppHarness(environment=scenes.KEYED) as app:
        app.controllers.of(CollectionsController).create([])
        page = await scenes.dialog_of(CollectionsPage)
        await until(lambda: bool(page.current_id))
        delete = find(page, QPushButton, "delete-collection")
        page.refresh_button.setFocus()
        QTest.keyClick(page.refresh_button, Qt.Key.Key_Tab)
        assert delete.hasFocus()
        dialog = QDialog(app.window)
        dialog.show()
        dialog.activateWindow()
        await until(dialog.isActiveWindow)
        dialog.close()
        app.window.activateWindow()
        await until(delete.hasFocus)
