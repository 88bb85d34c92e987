"""Undo for what was removed: attachments, keys, passwords, providers, shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPushButton

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret
from tests.gui.app.desk import Desk, until
from tests.gui.app.scenes import DATA
from tests.gui.app.test_choices import SERVER
from tests.helpers.widgets import find
from tests.integration.credentials.conftest import (
    Desktop,
    new_desktop,  # noqa: F401 - a fixture
)

KEY = "sk-undo-0123456789-abcdef"
PROXIED = replace(SERVER, proxy="http://proxy.example:3128")


def undo(desk: Desk) -> None:
    buttons = desk.window.notifications.findChildren(QPushButton)
    next(button for button in buttons if button.text() == "Undo").click()


def names(desk: Desk) -> list[str]:
    return [part.name for part in desk.state.draft.value.attachments]


async def attach(desk: Desk, *files: str) -> None:
    desk.window.files_dropped.emit([DATA / name for name in files])
    await until(lambda: set(files) <= set(names(desk)))


def remove(desk: Desk, name: str) -> None:
    parts = desk.state.draft.value.question_attachments
    sha256 = next(part.sha256 for part in parts if part.name == name)
    desk.window.prompt.attachment_removal_requested.emit(sha256)


async def test_a_removed_attachment_returns_to_its_place() -> None:
    async with Desk() as desk:
        await attach(desk, "notes.md")
        await attach(desk, "utf-8.txt")
        remove(desk, "notes.md")
        assert desk.said.startswith("“notes.md” removed")
        assert names(desk) == ["utf-8.txt"]
        await attach(desk, "figures.csv")
        undo(desk)
        assert names(desk) == ["notes.md", "utf-8.txt", "figures.csv"]


async def test_it_returns_to_the_draft_of_its_conversation() -> None:
    async with Desk() as desk:
        first = await desk.ask_and_answer("Why?", "So.")
        await attach(desk, "notes.md")
        remove(desk, "notes.md")
        desk.controllers.library.open_new()
        undo(desk)
        await desk.written()
        assert names(desk) == []
        await desk.controllers.library.open(first)
        assert names(desk) == ["notes.md"]


async def test_an_attachment_of_the_quick_prompt_returns() -> None:
    async with Desk() as desk:
        desk.ready.quick.open_with("")
        quick, attachments = desk.ready.quick.window, desk.ready.quick.attachments
        quick.files_dropped.emit([DATA / "notes.md"])
        await until(lambda: attachments.parts)
        quick.attachment_removal_requested.emit(attachments.parts[0].sha256)
        assert attachments.parts == ()
        button = find(quick, QPushButton, "way-out")
        assert (button.isVisible(), button.text()) == (True, "Undo")
        button.click()
        await until(lambda: attachments.parts)
        assert not button.isVisible()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_removed_provider_returns_with_its_secrets(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
) -> None:
    new_desktop().start_keyring()
    async with Desk(real=True) as desk:
        vault, panel = desk.backend.vault, desk.window.settings
        token = CustomField("X-Token", is_secret=True)
        profile = replace(PROXIED, custom_fields=(token,))
        panel.profile_add_requested.emit(profile)
        await desk.written()
        where, proxy = origin(profile.base_url), origin(profile.proxy)
        secrets = {
            profile.id: Secret(KEY, where),
            profile.custom_field_id(token): Secret("t-0123456789", where),
            profile.proxy_password_id: Secret("p-0123456789", proxy),
        }
        for name, secret in secrets.items():
            await vault.set(name, secret)
        await desk.state.new_conversation.set_default("default.provider", profile.id)

        panel.profile_removal_requested.emit(profile.id)
        await until(lambda: "removed" in desk.said)
        await desk.written()
        assert not desk.stored("SELECT * FROM keys_in_keyring")
        assert [await vault.get(name, each.origin) for name, each in secrets.items()] == [None] * 3
        undo(desk)
        await until(lambda: desk.setting("default.provider") == profile.id)
        await desk.written()
        assert desk.state.providers.get(profile.id) == profile
        for name, secret in secrets.items():
            assert await vault.get(name, secret.origin) == secret

        panel.key_removal_requested.emit(profile.id)
        await until(lambda: desk.said.startswith(f"Key for {profile.name} removed"))
        assert await vault.get(profile.id, where) is None
        undo(desk)
        await until(lambda: desk.setting("default.provider") == profile.id)
        assert await vault.get(profile.id, where) == secrets[profile.id]

        panel.profile_save_requested.emit(replace(profile, custom_fields=()))
        await until(lambda: desk.said.startswith("“X-Token” removed"))
        assert await vault.get(profile.custom_field_id(token), where) is None
        undo(desk)
        await desk.written()
        assert desk.state.providers.get(profile.id) == profile
        assert await vault.get(profile.custom_field_id(token), where) is not None

        panel.password_removal_requested.emit(profile.proxy_password_id)
        await until(lambda: desk.said.startswith("Password removed"))
        undo(desk)
        await desk.written()
        assert await vault.get(profile.proxy_password_id, proxy) is not None


async def test_a_removed_key_is_in_memory_only_while_undo_is_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desktop_app.app.settings.secret_removal.UNDO_MS", 50)
    async with Desk() as desk:
        panel, vault = desk.window.settings, desk.backend.vault
        panel.key_entered.emit(OPENAI.id, KEY)
        await desk.written()
        panel.key_removal_requested.emit(OPENAI.id)
        await until(lambda: desk.said.startswith("Key for OpenAI removed"))
        await until(lambda: not desk.window.notifications.isVisible())
        assert await vault.get(OPENAI.id, origin(OPENAI.base_url)) is None
        panel.key_removal_requested.emit(OPENAI.id)  # there is none: nothing to bring back
        await desk.written()
        assert not desk.window.notifications.isVisible()


async def test_a_reset_shortcut_returns() -> None:
    async with Desk() as desk:
        changed = desk.window.settings.shortcut_changed
        changed.emit("conversation.new", "Ctrl+Alt+Shift+J")
        await desk.written()
        changed.emit("conversation.new", "Ctrl+N")
        await until(lambda: desk.said.startswith("Shortcut reset"))
        undo(desk)
        await until(lambda: desk.setting("keys.conversation.new") == "Ctrl+Alt+Shift+J")
