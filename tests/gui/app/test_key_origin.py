"""A changed address takes its key away and gets it back, with a real window and keyring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from desktop_app.domain.network.origin import host_of, origin
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_choices import SERVER
from tests.helpers.widgets import find
from tests.integration.credentials.conftest import (
    Desktop,
    new_desktop,  # noqa: F401 - a fixture
)
from tests.unit.providers.loopback import LoopbackServer, replies

KEY = "sk-window-0123456789-abcdef"
LISTED = replies(200, {"data": [{"id": "llama3"}]})

pytestmark = [
    pytest.mark.attack("key-origin"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


class Settings:
    """The provider page, used with keyboard and mouse."""

    def __init__(self, app: AppHarness) -> None:
        self._app = app
        self._panel = app.window.settings

    async def enter(self, name: str, text: str) -> None:
        """Type into a field, and press Enter."""
        field = find(self._panel, QLineEdit, name)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        await self._app.written()

    async def press(self, name: str) -> None:
        QTest.mouseClick(find(self._panel, QPushButton, name), Qt.MouseButton.LeftButton)
        await self._app.written()

    @property
    def said(self) -> str:
        """Return the text below the page's fields."""
        labels = self._panel.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def shows(self, name: str) -> bool:
        return find(self._panel, QWidget, name).isVisible()

    @property
    def place(self) -> str:
        field = find(self._panel, QLineEdit, "key-place")
        return field.text() if field.isVisible() else ""


def keys_sent_to(server: LoopbackServer) -> set[str]:
    return {request.headers.get("authorization", "") for request in server.requests}


async def test_the_key_follows_the_address(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
) -> None:
    new_desktop().start_keyring()

    async with (
        LoopbackServer(LISTED) as mine,
        LoopbackServer(LISTED) as theirs,
        AppHarness(has_real_providers=True) as app,
    ):
        settings = Settings(app)
        app.window.settings.pages.provider.page.profile_add_requested.emit(
            replace(SERVER, base_url=mine.base_url)
        )
        await app.written()
        app.window.outer_panes.show_settings(True)
        await settings.enter("key", KEY)
        await until(lambda: settings.place == "Stored in your keyring")
        await settings.press("test")
        await until(lambda: "Connected in" in settings.said)
        assert keys_sent_to(mine) == {f"Bearer {KEY}", ""}

        await settings.enter("base-url", theirs.base_url)
        host = host_of(origin(theirs.base_url))
        await until(lambda: f"Enter the key for {host}." in settings.said)
        assert settings.place == ""
        assert settings.shows("key")
        assert settings.shows("remove-key")
        await settings.press("test")
        await until(lambda: theirs.requests)
        await app.written()
        assert keys_sent_to(theirs) == {""}

        await settings.enter("base-url", f"{mine.base_url}/deeper")
        await until(lambda: settings.place == "Stored in your keyring")
        assert "belongs to another URL" not in settings.said
        await settings.enter("base-url", theirs.base_url)
        await settings.enter("key", "sk-of-theirs-0123456789")
        await until(lambda: settings.place == "Stored in your keyring")
        await settings.press("test")
        await until(lambda: "Bearer sk-of-theirs-0123456789" in keys_sent_to(theirs))
        await settings.enter("base-url", mine.base_url)
        await until(lambda: "belongs to another URL" in settings.said)
        await settings.press("remove-key")
        await until(lambda: "belongs to another URL" not in settings.said)
        assert not settings.shows("remove-key")
        assert not app.stored("SELECT * FROM keys_in_keyring")


async def test_a_key_that_is_being_typed_survives_a_change_of_the_address(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
) -> None:
    new_desktop().start_keyring()

    async with AppHarness() as app:
        settings = Settings(app)
        app.window.settings.pages.provider.page.profile_add_requested.emit(SERVER)
        await app.written()
        app.window.outer_panes.show_settings(True)
        await settings.enter("key", KEY)
        await until(lambda: settings.place == "Stored in your keyring")
        await settings.press("replace-key")
        field = find(app.window.settings, QLineEdit, "key")
        QTest.keyClicks(field, "sk-other")
        await settings.enter("base-url", "https://gateway.example/v1")
        await until(lambda: "Enter the key for gateway.example." in settings.said)
        assert field.text() == "sk-other"
