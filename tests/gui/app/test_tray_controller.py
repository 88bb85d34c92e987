"""The icon in the tray of a system that always has a tray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop_app.app.desktop.tray_controller import TrayController
from desktop_app.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.session.session_bus import SessionBus
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


# The offscreen platform has no signal systemTrayWindowChanged, so Qt warns.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


def tray_of(app: AppHarness, *, is_always_there: bool = True) -> TrayController:
    """Return a tray controller without a message bus, by default where a tray always exists."""
    return TrayController(
        app.window,
        app.backend.conversations,
        bus=SessionBus(),
        tasks=app.state.tasks,
        is_always_there=is_always_there,
    )


def entries(app: AppHarness) -> dict[str, QAction]:
    """Return the entries of the tray's menu, by their texts."""
    (menu,) = app.window.findChildren(QMenu, "tray-menu")
    return {entry_text(entry): entry for entry in menu.actions()}


async def test_without_a_bus_the_icon_is_shown_if_the_system_has_a_tray() -> None:
    async with AppHarness() as app:
        for is_there in (True, False):
            shown: list[bool] = []
            tray = tray_of(app, is_always_there=is_there)
            tray.shown_changed.connect(shown.append)
            await tray.watch()
            assert shown == [True] * is_there
            assert len(tray.findChildren(QSystemTrayIcon)) == is_there
            await app.settled()
            tray.close()


async def test_a_late_icon_shows_the_state_of_the_global_shortcut() -> None:
    async with AppHarness() as app:
        tray = tray_of(app)
        asked: list[bool] = []
        tray.pause_requested.connect(asked.append)
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.PAUSED))
        await tray.watch()
        pause = entries(app)["Pause global shortcut"]
        assert (pause.isVisible(), pause.isChecked()) == (True, True)
        pause.trigger()
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.WORKS))
        assert not pause.isChecked()
        assert asked == [False]
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.TAKEN))
        assert not pause.isVisible()
        await app.settled()
        tray.close()


async def test_a_command_pauses_and_resumes_the_global_shortcut() -> None:
    async with AppHarness() as app:
        reports: list[HotkeyReport] = []
        app.session.desktop.hotkey.reported.connect(reports.append)
        for words, is_paused in (
            ("Global shortcut paused", True),
            ("Global shortcut resumed", False),
        ):
            app.session.actions["quick.pause"]()
            assert words in app.said
            await app.written()
            assert (reports[-1].status is HotkeyStatus.PAUSED) == is_paused


async def test_the_menu_lists_new_conversations_before_it_opens() -> None:
    async with AppHarness() as app:
        tray = tray_of(app)
        tray.follow(app.window.conversations.model)
        await tray.watch()
        turn = await app.ask("A first question")
        turn.end("Done.")
        await until(lambda: "A first question" in entries(app))
        entry = entries(app)["A first question"]
        await tray.refresh()
        assert entries(app)["A first question"] is entry
        tray.close()
