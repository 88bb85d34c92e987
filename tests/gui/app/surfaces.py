"""The windows on screen, and every surface that the program lists.

A surface is a page, a tab, a page of the settings, a dialog, a menu or a card. All are found by
what the program itself lists, so that a new one is walked without a change here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QListWidget,
    QMenu,
    QPushButton,
    QTextEdit,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from tests.helpers.translated_texts import QT_DIALOGS
from tests.helpers.widgets import shown_widgets

if TYPE_CHECKING:
    from desktop_app.app.feature import Action
    from desktop_app.app.window.main_window import MainWindow
    from desktop_app.app.window_session import WindowSession

LONGEST_S: Final = 20.0
LONG_S: Final = 1.0
PAUSE_S: Final = 0.004
ENDS: Final = ("app.quit",)
"""Commands that end the program."""
Seen = tuple[object, ...]
"""What is visible: for each widget its class, its name and its place in its window."""


class Surface(NamedTuple):
    """A surface.

    Attributes:
        open: opens it as a user does.
        missing: says what is wrong with it once it should be shown, "" for nothing.
        must_open: False for a command or button of which only its trial says what it opens.
    """

    name: str
    open: Callable[[], object]
    missing: Callable[[], str] = str
    must_open: bool = True


# ---------------------------------------------------------------- what is on screen


def visible_windows(first: QWidget) -> list[QWidget]:
    """Return the visible windows, `first` before the others."""
    found = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    return sorted(found, key=lambda w: w is not first)


async def laid_out(window: QWidget) -> None:
    """Wait until no widget moves: layouts pass changes of heights on, one after the other."""
    before: list[object] = []
    while before != (places := [w.geometry() for w in _widgets(window)]):
        before = list(places)
        await asyncio.sleep(0.015)


def _widgets(window: QWidget) -> list[QWidget]:
    return [widget for each in visible_windows(window) for widget in shown_widgets(each)]


async def settled(session: WindowSession) -> Seen:
    """Wait until nothing moves, and all work but answers and the like is done; return what is seen.

    Work that takes longer waits for a provider, or for a time.
    """
    before: Seen = ()
    end = time.monotonic() + LONGEST_S
    while True:
        await asyncio.sleep(PAUSE_S)
        now = seen(session.window)
        if now == before and not any(map(_is_new, session.tasks._running)):
            return now
        if time.monotonic() > end:
            raise TimeoutError(difference(before, now))
        before = now


_began: Final[WeakKeyDictionary[asyncio.Task[object], float]] = WeakKeyDictionary()


def _is_new(task: asyncio.Task[object]) -> bool:
    return time.monotonic() < _began.setdefault(task, time.monotonic()) + LONG_S


def seen(window: QWidget) -> Seen:
    return tuple(_look(window))


def _look(main: QWidget) -> Iterator[object]:
    for window in visible_windows(main):
        is_menu = isinstance(window, QMenu)
        # Qt lays out its own dialogs, by what they showed last.
        for widget in [window] if isinstance(window, QT_DIALOGS) else shown_widgets(window):
            if type(widget).__name__ == "_FocusFrame":
                continue  # there after a key, not after a click
            if isinstance(widget.parent(), QTextEdit):
                continue  # its bar comes once a long text is laid out
            at = QPoint() if is_menu else widget.mapTo(window, QPoint())
            yield type(widget).__name__, widget.objectName(), at.toTuple(), widget.size().toTuple()
        if is_menu:
            yield tuple(action.text() for action in window.actions() if action.isVisible())


def difference(first: Seen, later: Seen) -> str:
    """Say how what is seen differs from the first time."""
    gone = [each for each in first if each not in later]
    new = [each for each in later if each not in first]
    return f"first {gone[:4]}, later {new[:4]}"


def focus_fault() -> str:
    """Say what is wrong with the focus: nothing has it, or a widget that has no name."""
    focused: QWidget | None = QApplication.focusWidget()  # PySide's types forget None
    if QApplication.activePopupWidget() is not None:
        return ""
    if focused is None:
        # No window manager activates another window when one is closed.
        active: QWidget | None = QApplication.activeWindow()
        return "nothing has the focus" if active is not None else ""
    known = QAccessible.queryAccessibleInterface(focused)
    said = f"{type(focused).__name__} {focused.objectName()!r}"
    if not focused.isVisible():
        return f"{said} has the focus and is hidden"
    return "" if known.text(QAccessible.Text.Name).strip() else f"{said} without a name is focused"


def showing_though_hidden(window: QWidget) -> list[str]:
    """Return what assistive technology takes for visible in a part of a window that is hidden."""
    found: list[str] = []

    def walk(node: QAccessibleInterface, is_hidden: bool) -> None:
        widget = node.object()
        is_invisible = bool(node.state().invisible)
        if is_hidden and not is_invisible:
            name = widget.objectName() if widget is not None else node.text(QAccessible.Text.Name)
            found.append(f"{node.role().name} {name!r}")
        for number in range(node.childCount()):
            child: QAccessibleInterface | None = node.child(number)
            if child is not None:
                walk(child, is_hidden or is_invisible)

    walk(QAccessible.queryAccessibleInterface(window), False)
    return found


# ---------------------------------------------------------------- leaving


async def leave(session: WindowSession) -> Seen:
    """Close everything over the conversation: menus, dialogs, palettes, pages, the settings.

    Return what is seen then.
    """
    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.transcript.find_bar import FindBar
    from desktop_app.widgets.sheet import open_dialogs

    window = session.window
    close_popups()
    for other in visible_windows(window):
        if other is not window:
            other.reject() if isinstance(other, QDialog) else other.close()
    for sheet in list(open_dialogs()):
        sheet.reject()
    for palette in window.findChildren(CommandPalette):
        if palette.isVisible():
            palette.dismiss()
    for bar in window.findChildren(FindBar):
        if bar.isVisible():
            bar.close_requested.emit()
    window.pane.close_page()
    if window.settings.isVisible():
        window.outer_panes.show_settings(False)
    window.outer_panes.close_drawer()
    while window.notifications.isVisible():
        window.notifications.dismiss()
    window.activateWindow()
    return await settled(session)


def close_popups() -> None:
    while (popup := QApplication.activePopupWidget()) is not None:
        QTest.keyClick(popup, Qt.Key.Key_Escape)
        popup.close()


# ---------------------------------------------------------------- the surfaces


def surfaces(  # noqa: C901 — one part for each kind
    session: WindowSession, *, everything: bool = False
) -> Iterator[Surface]:
    """Yield every surface; with `everything`, also each command and button that may open one."""
    from desktop_app.app.features import ACTIONS
    from desktop_app.app.window.page_tabs import GROUPS
    from desktop_app.app.window.settings_panel import LISTED, PAGES

    window = session.window
    for button in menu_buttons(window):
        yield Surface(f"menu {button.objectName()}", partial(_open_menu, window, button))
    for action in ACTIONS:
        if action.page:
            run = session.actions[action.id].trigger
            yield Surface(f"page {action.page}", run, partial(_page_fault, window, action))
    for group in GROUPS:
        tabs = [
            action for action in ACTIONS if action.tab is not None and action.tab.group == group
        ]
        first = session.actions[tabs[0].id]
        for action in tabs:

            async def choose(action: Action = action, first: object = first) -> None:
                first.trigger()
                await settled(session)
                tab = window.pane.tabs.findChild(QPushButton, f"tab-{action.page}")
                QTest.mouseClick(tab, Qt.MouseButton.LeftButton)

            fault = partial(_page_fault, window, action)
            yield Surface(f"tab {action.page}", choose, fault)
    toggle = session.actions["settings.toggle"].trigger
    yield Surface("settings", toggle, partial(_sides_fault, window))
    sides = {page for page, _ in LISTED}
    for page, _ in PAGES:

        async def show(page: str = page) -> None:
            if not window.settings.isVisible():
                session.run("settings.toggle")
                await settled(session)
            if page in sides:
                number = [side for side, _ in LISTED].index(page)
                listed = window.settings.findChild(QListWidget, "settings-pages")
                place = listed.visualItemRect(listed.item(number)).center()
                QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=place)
            else:
                window.settings.show_page(page)

        yield Surface(f"settings {page}", show, partial(_settings_fault, window, page))
    for text in ("a note", "an error"):
        yield Surface(f"card {text}", partial(_notify, window, text == "an error"))
    dialogs = [a for a in ACTIONS if a.title.endswith("…")]
    listed = [a for a in ACTIONS if a.menu is not None and a not in dialogs and not a.page]
    for action in dialogs:
        yield Surface(f"dialog {action.id}", session.actions[action.id].trigger)
    for action in listed:
        yield Surface(f"command {action.id}", session.actions[action.id].trigger, must_open=False)
    if everything:
        named = {action.id for action in (*dialogs, *listed)}
        for button in pressable(window):
            yield Surface(f"button {button.objectName()}", partial(_press, button), must_open=False)
        for action in ACTIONS:
            if action.id not in (*named, *ENDS) and not action.page:
                run = session.actions[action.id].trigger
                yield Surface(f"command {action.id}", run, must_open=False)


def menu_buttons(window: QWidget) -> list[QAbstractButton]:
    return [
        widget
        for widget in shown_widgets(window)
        if isinstance(widget, QPushButton | QToolButton)
        and "menu" not in vars(type(widget))  # made when it opens
        and widget.menu() is not None
    ]


def pressable(window: QWidget) -> list[QAbstractButton]:
    """Return the buttons of a window that show or do something and delete nothing."""
    return [
        widget
        for widget in shown_widgets(window)
        if isinstance(widget, QAbstractButton)
        and widget.isEnabled()
        and not widget.property("deletes")
        and getattr(widget, "menu", lambda: None)() is None
    ]


def _press(button: QAbstractButton) -> None:
    if isValid(button) and button.isVisible():  # an earlier command may have hidden it
        button.click()


def _open_menu(window: QWidget, button: QPushButton | QToolButton) -> None:
    assert isValid(button)
    button.menu().popup(window.mapToGlobal(QPoint(20, 20)))


def _notify(window: MainWindow, is_error: bool) -> None:
    from desktop_app.domain.errors import StorageError

    message = StorageError("Your library isn’t open.", hint="Restart Repartee.")
    window.notifications.notify(message if is_error else "Undone", topic="walk")


def _page_fault(window: MainWindow, action: Action) -> str:
    from desktop_app.app.features import ACTIONS

    page = window.pane.page
    if page is None or page.objectName() != action.page:
        return f"{None if page is None else page.objectName()} is shown"
    if not page.isVisible() or page.visibleRegion().isEmpty():
        return "the page is not visible"
    if action.tab is None:
        return "tabs are shown" if window.pane.tabs.isVisible() else ""
    for other in ACTIONS:
        if other.tab is not None and other.tab.group == action.tab.group:
            tab = window.pane.tabs.findChild(QPushButton, f"tab-{other.page}")
            if tab is None or tab.visibleRegion().isEmpty():
                return f"the tab {other.page} is not visible"
            if tab.isChecked() != (other is action):
                return f"the tab {other.page} is {'' if tab.isChecked() else 'not '}checked"
    return ""


def _settings_fault(window: MainWindow, page: str) -> str:
    panel = window.settings
    if panel.page != page or not panel.isVisible():
        return f"{panel.page} is shown"
    if panel.pages.by_name[page].page.visibleRegion().isEmpty():
        return "the page is not visible"
    return _sides_fault(window)


def _sides_fault(window: MainWindow) -> str:
    sides = window.settings.findChild(QListWidget, "settings-pages")
    room = sides.viewport().rect()
    for number in range(sides.count()):
        place = sides.visualItemRect(sides.item(number))
        if place.isEmpty() or not room.contains(place):
            return f"the row {sides.item(number).text()} is cut off"
    return ""
