"""The icon in the tray of a system that always has a tray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMenu

from desktop_app.desktop.ui.tray_controller import TrayController
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.desktop_session.session_bus import SessionBus
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.menus import entry_text

if TYPE_CHECKING:
    from PySide6.QtGui import QAction


# The offscreen platform has no signal systemTrayWindowChanged, so Qt warns.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


def menu(app: AppHarness) -> QMenu:
    """Return the tray's menu."""
    (found,) = app.window.findChildren(QMenu, "tray-menu")
    return found


def entries(app: AppHarness) -> dict[str, QAction]:
    """Return the entries of the tray's menu, by their texts."""
    return {entry_text(entry): entry for entry in menu(app).actions()}


async def test_the_menu_lists_new_conversations_and_a_command_pauses_the_shortcut() -> None:
    async with AppHarness() as app:
        tray = TrayController(app.session, SessionBus(), is_always_there=True)
        await tray.watch()
        await app.ask_and_answer("A first question", "Done.")
        # Qt writes a mark of a D-Bus menu, _, for the first & only; titles have a letter for it.
        app.new_conversation()
        await app.ask_and_answer("Q&A & a_file now", "Done.")
        await until(lambda: "Q&&A & aˍfile now" in [a.text() for a in menu(app).actions()])
        await until(lambda: "A first question" in entries(app))
        entry = entries(app)["A first question"]
        await tray.refresh()
        assert entries(app)["A first question"] is entry
        reports: list[HotkeyReport] = []
        app.session.events.hotkey_reported.connect(reports.append)
        for word, is_paused in (("paused", True), ("resumed", False)):
            app.session.actions["quick.pause"].trigger()
            assert f"Global shortcut {word}" in app.said
            await app.written()
            assert (reports[-1].status is HotkeyStatus.PAUSED) == is_paused
        tray.close()
