"""The quick prompt pastes by the desktop's portal if no program may type."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_app.app.pasting import TOKEN_KEY
from desktop_app.quick.core import PASTE_BACK, PasteBackChoice
from desktop_app.quick.ui import paste_back
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.voice.core import DICTATES_ANYWHERE
from desktop_app.voice.ui.dictation_anywhere import DictationAnywhere
from desktop_app.widgets.text.foreign_text import ElidedLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_dictation import prepare, provisional
from tests.gui.app.test_quick_conversation import answered
from tests.helpers.bus_service import session_bus
from tests.helpers.keyboard_portal import CTRL_V, KeyboardPortal
from tests.helpers.widgets import find
from tests.integration.session.test_portal_shortcut import ShortcutsPortal


@pytest.fixture(autouse=True)
def fetch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paste_back, "FETCH_S", 0.0)


async def test_the_desktop_asks_the_first_time_only(address: str) -> None:
    portal = KeyboardPortal(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            quick = await answered(app)
            pasting = app.session.of(QuickPromptController).paste_back
            for count in (1, 2):
                quick.show_again()
                quick.run("quick.paste")
                quick.run("quick.paste")  # one at a time
                await until(lambda: not pasting.is_pasting)
                assert portal.typed == CTRL_V * count
                assert not quick.isVisible()
                assert QGuiApplication.clipboard().text() == "Because *so*."
                assert app.state.values[PASTE_BACK] == PasteBackChoice.PASTE
            assert portal.asked == 1
            assert (await app.backend.settings.all())[TOKEN_KEY]


@pytest.mark.parametrize(("code", "kept"), [(1, PasteBackChoice.COPY), (2, PasteBackChoice.ASK)])
async def test_after_a_refusal_the_answer_is_only_copied(
    address: str, code: int, kept: PasteBackChoice
) -> None:
    portal = KeyboardPortal(address, code=code)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            quick = await answered(app)
            quick.run("quick.paste")
            await until(lambda: find(quick, ElidedLabel, "figures").text() == "Copied")
            await until(lambda: app.state.values[PASTE_BACK] == kept)
            assert quick.isVisible()
            assert not app.session.of(QuickPromptController).paste_back.is_pasting
            assert not portal.typed


async def test_nothing_is_typed_while_a_key_is_held(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [Qt.KeyboardModifier.ShiftModifier]
    monkeypatch.setattr(QGuiApplication, "queryKeyboardModifiers", lambda: held[-1])
    monkeypatch.setattr(paste_back, "_RELEASE_TIMEOUT_S", 0.1)
    portal = KeyboardPortal(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            quick = await answered(app)
            await until(quick.isActiveWindow)
            quick.run("quick.paste")
            await until(lambda: "Nothing was pasted" in quick.notifications.status.text())
            assert quick.isVisible()
            app.state.providers.changed.emit()
            assert quick.notifications.isVisible(), "until the prompt is closed"
            assert not portal.typed
            portal.service.wait_for("Close")
            held.append(Qt.KeyboardModifier.NoModifier)
            quick.run("quick.paste")
            await until(lambda: portal.typed == CTRL_V)
            await until(lambda: not quick.isVisible())
            assert not quick.notifications.isVisibleTo(quick)
            await until(lambda: not app.session.of(QuickPromptController).paste_back.is_pasting)


async def test_dictated_words_are_pasted_or_on_the_clipboard(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = KeyboardPortal(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            prepare(app, tmp_path)
            monkeypatch.setattr(QApplication, "activeWindow", lambda: None)
            held = app.session.events.hotkey_held
            window = app.session.of(DictationAnywhere).window
            for code in (0, 1):
                portal.code = code
                held.emit(True)
                await until(lambda: provisional(window.field.editor))
                held.emit(False)
                await until(lambda: "summary" in QGuiApplication.clipboard().text())
                await until(lambda: portal.typed == CTRL_V)
                await until(lambda code=code: window.field.notices.isVisible() is bool(code))
                QGuiApplication.clipboard().clear()
            window.hide()


async def test_the_shortcut_of_the_portal_is_held_to_dictate(address: str) -> None:
    portal = ShortcutsPortal(address)
    with portal.service:
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await app.session.values.set(DICTATES_ANYWHERE, True)
            held: list[bool] = []
            opened: list[str] = []
            app.session.events.hotkey_held.disconnect()
            app.session.events.hotkey_held.connect(held.append)
            app.session.events.quick_requested.disconnect()
            app.session.events.quick_requested.connect(opened.append)
            await until(lambda: portal.asked)
            await app.settled()
            portal.press()
            await until(lambda: held == [True])
            portal.release()
            await until(lambda: held == [True, False])
            assert not opened
            portal.press()
            portal.release()
            await until(lambda: opened)
            assert held == [True, False]
            # A desktop that tells of no release ends it by the next press.
            portal.press()
            await until(lambda: held[2:] == [True])
            portal.press()
            await until(lambda: held[2:] == [True, False])
