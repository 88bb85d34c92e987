"""F1 and "?" in every part of every window open the section of the help that describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrintDialog
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QWidget

from desktop_app.app.help.help_places import PLACES, place_of
from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.help.help_window import HelpWindow
from desktop_app.ui.widgets.buttons.help_button import HelpButton
from tests.gui.app import scenes
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Questions:
    """Presses F1 in each part with a section, and each "?", when a scene first shows them."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.by_key: set[str] = set()
        self.by_button: set[HelpPlace] = set()

    async def look(self, scene: str) -> None:
        """Ask for help in each visible part that is new."""
        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog) and window.isVisible():
                if isinstance(window, QFileDialog | QPrintDialog):
                    continue
                name = window.objectName()
                form = window.parentWidget()
                if name == ASKED_OF_A_FORM and form is not None:
                    name = form.objectName()
                assert name in {*PLACES, NO_HELP_YET}, f"no section for {name} in {scene}"
        for widget in list(_visible()):
            if isinstance(widget, HelpButton):
                await self._press(widget)
            elif (name := widget.objectName()) in PLACES and widget.isVisible():
                self.seen.add(name)
                assert place_of(widget) == HelpPlace.parse(PLACES[name])
                await self._ask(name, widget)

    async def _press(self, button: HelpButton) -> None:
        place = place_of(button)
        if place in self.by_button or not button.isVisible():
            return
        self.by_button.add(place)
        await _focused(button)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        await _opened(place, button.window())

    async def _ask(self, name: str, part: QWidget) -> None:
        """Press F1 in a widget that belongs to the part and to no smaller one."""
        if name in self.by_key or name in POPUPS:
            return
        for widget in (part, *part.findChildren(QWidget)):
            takes_focus = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled()
            if takes_focus and widget.isVisible() and _part(widget) is part:
                self.by_key.add(name)
                before = QApplication.focusWidget()
                await _focused(widget)
                QTest.keyClick(widget, Qt.Key.Key_F1)
                await _opened(HelpPlace.parse(PLACES[name]), widget.window())
                if before is not None:
                    before.setFocus()
                return


def _part(widget: QWidget | None) -> QWidget | None:
    while widget is not None and widget.objectName() not in PLACES:
        widget = widget.parentWidget()
    return widget


def _visible() -> Iterator[QWidget]:
    for window in QApplication.topLevelWidgets():
        if window.isVisible() and not isinstance(window, QMenu):
            yield from (w for w in (window, *window.findChildren(QWidget)) if w.isVisible())


async def _focused(widget: QWidget) -> None:
    await _activated(widget.window())
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    await until(widget.hasFocus)


async def _opened(place: HelpPlace, window: QWidget) -> None:
    """Wait for the help at a place, close it and go back to the window."""

    def shown() -> list[HelpWindow]:
        windows = QApplication.topLevelWidgets()
        return [w for w in windows if isinstance(w, HelpWindow) and w.isVisible()]

    await until(lambda: [each.place for each in shown()] == [place])
    if not isinstance(window, HelpWindow):
        shown()[0].close()
        await _activated(window)


async def _activated(window: QWidget) -> None:
    def is_active() -> bool:
        if not window.isActiveWindow():  # a window that closed late activated another
            window.activateWindow()
        return window.isActiveWindow()

    await until(is_active)


# It says why the program, and with it the help, cannot start.
NO_HELP_YET: Final = "cannot-start"
ASKED_OF_A_FORM: Final = "discard-question"
"""Its help is that of the form."""
# The focus stays in the message box while its menu is open, and the list of tools closes.
POPUPS: Final = {"prompt-menu", "tool-picker"}


@pytest.mark.slow
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_part_opens_its_section() -> None:
    asked = Questions()
    async with AppHarness() as app:
        await scenes.empty_state(app, asked.look)
        await scenes.fill(app.backend)
    async with AppHarness(environment=scenes.KEYED) as app:
        for scene in scenes.SCENES:
            await scene(app, asked.look)
    assert asked.seen == set(PLACES)
    assert asked.by_key == set(PLACES) - POPUPS
    assert len(asked.by_button) > 5
