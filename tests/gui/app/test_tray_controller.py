"""The icon in the tray where the system always has one."""

from __future__ import annotations

import pytest

from desktop_app.app.desktop.tray_controller import TrayController
from desktop_app.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.session.session_bus import SessionBus
from tests.gui.app.desk import Desk, until


# Qt's plugin without a screen has no such signal.
@pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)
async def test_without_a_bus_the_icon_is_there_if_the_system_has_a_tray() -> None:
    async with Desk() as desk:
        for is_there in (True, False):
            shown: list[bool] = []
            tray = TrayController(
                desk.window,
                desk.backend.conversations,
                bus=SessionBus(),
                tasks=desk.state.tasks,
                is_always_there=is_there,
            )
            tray.shown_changed.connect(shown.append)
            await tray.watch()
            assert shown == [True] * is_there
            assert (tray._icon is not None) is is_there
            await desk.settled()
            tray.close()


@pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)
async def test_a_late_icon_shows_the_state_of_the_global_shortcut() -> None:
    async with Desk() as desk:
        tray = desk.ready.tray
        asked: list[bool] = []
        tray.pause_requested.connect(asked.append)
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.PAUSED))
        tray._take_host(True)
        assert (tray._pause.isVisible(), tray._pause.isChecked()) == (True, True)
        tray._pause.trigger()
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.WORKS))
        assert not tray._pause.isChecked()
        assert asked == [False]
        tray.set_hotkey(HotkeyReport("Ctrl+A", HotkeyStatus.TAKEN))
        assert not tray._pause.isVisible()
        await desk.settled()
        tray.close()


async def test_a_command_pauses_and_resumes_the_global_shortcut() -> None:
    async with Desk() as desk:
        for words in ("Global shortcut paused", "Global shortcut resumed"):
            desk.ready._actions_of_the_program()["quick.pause"]()
            assert words in desk.said


@pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)
async def test_the_menu_knows_new_conversations_before_it_opens() -> None:
    async with Desk() as desk:
        tray = desk.ready.tray
        tray._take_host(True)
        turn = await desk.ask("A first question")
        turn.end("Done.")
        await until(lambda: len(tray._recent) == 1)
        (row,) = tray._recent
        await tray.refresh()
        assert tray._recent == [row]
        tray.close()
