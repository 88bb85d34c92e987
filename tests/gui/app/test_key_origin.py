"""A changed address takes its key away and gets it back, with a real window and keyring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from desktop_app.domain.network.origin import host_of, origin
from desktop_app.providers.ui import providers_controller
from desktop_app.providers.ui.providers_controller import ProvidersController
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_choices import SERVER
from tests.helpers.widgets import accept_question, find
from tests.integration.credentials.conftest import (
    Desktop,
    new_desktop,  # noqa: F401 - a fixture
)
from tests.unit.providers.loopback import LoopbackServer, replies

KEY = "sk-window-0123456789-abcdef"
REFUSED = replies(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})
LISTED = replies(200, {"data": [{"id": "llama3"}]})


async def enter(app: AppHarness, name: str, text: str) -> None:
    """Type into a field of the settings, and press Enter."""
    field = find(app.window.settings, QLineEdit, name)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    await app.written()


def said(app: AppHarness) -> str:
    labels = app.window.settings.findChildren(QLabel)
    return "\n".join(label.text() for label in labels if label.isVisible())


def is_stored(app: AppHarness) -> bool:
    field = find(app.window.settings, QLineEdit, "key")
    return field.placeholderText() == "Stored in your keyring"


def keys_sent_to(server: LoopbackServer) -> set[str]:
    return {request.headers.get("authorization", "") for request in server.requests}


@pytest.mark.attack("key-origin")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_the_key_follows_the_address(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(providers_controller, "KEYRING_WAITS_S", (1,))
    desktop = new_desktop()
    async with (
        LoopbackServer(LISTED) as mine,
        LoopbackServer(LISTED) as theirs,
        LoopbackServer(REFUSED) as refusing,
        AppHarness(has_real_providers=True) as app,
    ):
        panel = app.window.settings
        app.window.resize(1280, 800)
        app.state.tasks.start(
            app.state.of(ProvidersController).save(replace(SERVER, base_url=mine.base_url))
        )
        await app.written()
        app.window.outer_panes.show_settings(True)
        await enter(app, "key", KEY)
        await until(lambda: "The key is kept until you quit" in app.said)
        assert not is_stored(app)
        desktop.start_keyring()
        await until(lambda: is_stored(app))
        assert "Saved in your keyring" in app.said
        await until(app.text.hasFocus)  # it was tested when it was entered: a question is next
        app.window.outer_panes.show_settings(True)
        assert keys_sent_to(mine) == {f"Bearer {KEY}", ""}

        await enter(app, "base-url", theirs.base_url)
        host = host_of(origin(theirs.base_url))
        await until(lambda: f"Enter the key for {host}." in said(app))
        assert not is_stored(app)
        find(panel, QPushButton, "test").click()
        await until(lambda: theirs.requests)
        await app.written()
        assert keys_sent_to(theirs) == {""}

        await enter(app, "base-url", refusing.base_url)
        await enter(app, "key", "sk-of-nobody-0123456789")
        await until(lambda: "rejected the API key" in said(app))
        assert "rejected the API key" in app.said
        await enter(app, "base-url", mine.base_url)
        await enter(app, "key", KEY)
        await enter(app, "base-url", f"{mine.base_url}/deeper")
        await until(lambda: is_stored(app))
        await enter(app, "base-url", theirs.base_url)
        await enter(app, "key", "sk-of-theirs-0123456789")
        await until(lambda: is_stored(app))
        app.window.outer_panes.show_settings(True)
        find(panel, QPushButton, "test").click()
        await until(lambda: "Bearer sk-of-theirs-0123456789" in keys_sent_to(theirs))
        await enter(app, "base-url", mine.base_url)
        await until(lambda: "belongs to another URL" in said(app))
        find(panel, QPushButton, "remove-key").click()
        accept_question(panel, "confirm-key-removal")
        await until(lambda: "belongs to another URL" not in said(app))
        assert not app.stored("SELECT * FROM keys_in_keyring")
