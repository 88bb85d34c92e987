"""The icon in the tray where the system always has one."""

from __future__ import annotations

import pytest

from desktop_app.app.desktop.tray_controller import TrayController
from desktop_app.session.session_bus import SessionBus
from tests.gui.app.desk import Desk


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
            tray.pause_requested.connect(shown.append)
            tray.set_paused(True)
            assert shown == [True, True] * is_there
            await desk.settled()
            tray.close()


async def test_a_command_pauses_and_resumes_the_global_shortcut() -> None:
    async with Desk() as desk:
        for words in ("Global shortcut paused", "Global shortcut resumed"):
            desk.ready._actions_of_the_program()["quick.pause"]()
            assert words in desk.said
