"""Removal of attachments and typed texts, which Undo restores, and of providers and secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.app.navigator import Navigator
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.domain.errors import CredentialError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import Secret, origin
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.ui.providers_controller import ProvidersController
from tests.gui.app.app_harness import DATA, AppHarness, until
from tests.gui.app.test_choices import SERVER
from tests.integration.credentials.conftest import (
    Desktop,
    new_desktop,  # noqa: F401 - a fixture
)

KEY = "sk-undo-0123456789-abcdef"
PROXIED = replace(SERVER, proxy="http://proxy.example:3128")


def names(app: AppHarness) -> list[str]:
    return [part.name for part in app.state.current.draft.value.attachments]


async def attach(app: AppHarness, *files: str) -> None:
    app.window.files_dropped.emit([DATA / name for name in files])
    await until(lambda: set(files) <= set(names(app)))


def remove(app: AppHarness, name: str) -> None:
    parts = app.state.current.draft.value.question_attachments
    sha256 = next(part.sha256 for part in parts if part.name == name)
    app.window.prompt.chips.action_requested.emit(sha256, "remove")


async def test_removals_edits_and_keys_are_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        # A removed attachment returns to its place.
        await attach(app, "notes.md")
        await attach(app, "utf-8.txt")
        remove(app, "notes.md")
        assert app.said.startswith("“notes.md” removed")
        assert names(app) == ["utf-8.txt"]
        await attach(app, "figures.csv")
        app.press_action("Undo")
        assert names(app) == ["notes.md", "utf-8.txt", "figures.csv"]

        # Ctrl z in the prompt undoes removals that are the last changes.
        await app.start_over()
        await attach(app, "notes.md")
        await attach(app, "utf-8.txt")
        app.type("Why?")
        remove(app, "notes.md")
        remove(app, "utf-8.txt")
        assert names(app) == []
        QTest.keyClick(app.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert names(app) == ["utf-8.txt"]
        assert "removed" not in app.said
        QTest.keyClick(app.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert names(app) == ["notes.md", "utf-8.txt"]
        assert app.text.toPlainText() == "Why?"
        remove(app, "notes.md")
        app.type("Why not?")
        QTest.keyClick(app.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert names(app) == ["utf-8.txt"]
        assert app.text.toPlainText() != "Why not?"

        # Discarding an unchanged edit keeps the draft from before.
        await app.start_over()
        await app.ask_and_answer("One?", "1")
        app.type("half")
        app.act("edit", at=0)
        app.controllers.of(ChatController).discard_draft()
        assert app.text.toPlainText() == "half"

        # A discarded edit returns to its conversation.
        await app.start_over()
        first = await app.ask_and_answer("Why?", "So.")
        app.type("A draft.")
        app.act("edit", at=0)
        app.type(" Tell me all about it.")
        app.press(Qt.Key.Key_Escape)
        app.controllers.of(Navigator).open_new()
        app.press_action("Undo")
        assert app.text.toPlainText() == ""
        await app.open_conversation(first)
        assert "Tell me all about it." in app.text.toPlainText()
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == "A draft."
        await app.written()

        # A removed key is no longer the default.
        await app.start_over()
        vault = app.backend.vault
        app.state.tasks.start(app.state.of(ProvidersController).enter_key(OPENAI.id, KEY))
        await until(lambda: app.state.values["default.provider"] == OPENAI.id)
        app.state.tasks.start(app.state.of(ProvidersController).remove_key(OPENAI.id))
        await until(lambda: app.said.startswith("Key for OpenAI removed"))
        assert await vault.get(OPENAI.id, origin(OPENAI.base_url)) is None
        assert not app.setting("default.provider")
        await app.written()

        # A provider keeps its key if its other secrets cannot be removed.
        await app.start_over()
        vault = app.backend.vault
        app.state.tasks.start(app.state.of(ProvidersController).save(PROXIED))
        await app.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        remove_secret = vault.remove

        async def remove_key_only(name: str) -> None:
            if name != PROXIED.id:
                raise CredentialError(
                    "The keyring is locked.",
                    hint="Unlock it and try again, or enter the key for this session.",
                )
            await remove_secret(name)

        monkeypatch.setattr(vault, "remove", remove_key_only)
        app.state.tasks.start(app.state.of(ProvidersController).remove_profile(PROXIED.id))
        await app.written()
        assert app.state.providers.get(PROXIED.id) is not None
        assert await vault.get(PROXIED.id, key.origin) == key


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_removed_provider_loses_its_secrets(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
) -> None:
    new_desktop().start_keyring()
    async with AppHarness(has_real_providers=True) as app:
        vault = app.backend.vault
        token = CustomField("X-Token", is_secret=True)
        profile = replace(PROXIED, custom_fields=(token,))
        app.state.tasks.start(app.state.of(ProvidersController).save(profile))
        await app.written()
        where, proxy = origin(profile.base_url), origin(profile.proxy)
        secrets = {
            profile.id: Secret(KEY, where),
            profile.custom_field_id(token): Secret("t-0123456789", where),
            profile.proxy_password_id: Secret("p-0123456789", proxy),
        }
        for name, secret in secrets.items():
            await vault.set(name, secret)
        app.state.tasks.start(
            app.state.of(ProvidersController).remove_password(profile.proxy_password_id)
        )
        await until(lambda: app.said.startswith("Password removed"))
        assert await vault.get(profile.proxy_password_id, proxy) is None
        app.state.tasks.start(
            app.state.of(ProvidersController).save(replace(profile, custom_fields=()))
        )
        await app.written()
        assert await vault.get(profile.custom_field_id(token), where) is None
        app.state.tasks.start(app.state.of(ProvidersController).remove_profile(profile.id))
        await until(lambda: app.said.startswith(f"“{profile.name}” removed"))
        await app.written()
        assert app.state.providers.get(profile.id) is None
        assert not app.stored("SELECT * FROM keys_in_keyring")
        assert [await vault.get(name, each.origin) for name, each in secrets.items()] == [None] * 3


async def test_the_deletion_of_the_only_conversation_is_undone_by_its_key() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Why is the sky blue?", "Rayleigh.")
        app.window.conversations.view.setFocus()
        app.press(Qt.Key.Key_Delete)
        await app.written()
        in_trash = "SELECT count(trashed_at) FROM conversations"
        assert app.stored(in_trash) == [(1,)]
        app.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # no row has the focus now
        await app.written()
        assert app.stored(in_trash) == [(0,)]
