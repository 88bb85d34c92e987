"""The quick prompt pastes by the desktop's portal if no program may type by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.quick.ui import paste_back
from desktop_app.quick.ui.paste_back import TOKEN_KEY
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.settings.schema import PASTE_BACK, PasteBackChoice
from desktop_app.widgets.text.foreign_text import ElidedLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_quick_conversation import answered
from tests.helpers.bus_service import message_bus_daemon, session_bus
from tests.helpers.keyboard_portal import CTRL_V, KeyboardPortal
from tests.helpers.widgets import find


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(paste_back, "FETCH_S", 0.0)
    with message_bus_daemon() as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", found)
        yield found


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
            assert not portal.typed
            portal.service.wait_for("Close")
            held.append(Qt.KeyboardModifier.NoModifier)
            quick.run("quick.paste")
            await until(lambda: portal.typed == CTRL_V)
            await until(lambda: not quick.isVisible())
            await until(lambda: not app.session.of(QuickPromptController).paste_back.is_pasting)
