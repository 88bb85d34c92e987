"""Undo for what was removed: attachments, keys, passwords, providers, shortcuts, typed texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from desktop_app.backend.answer_settings import with_override
from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.commands.keymap import Keymap
from desktop_app.commands.keymap_file import shortcuts_to_json
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.tools.answer_form_dialog import AnswerFormDialog
from tests.gui.app.desk import Desk, until
from tests.gui.app.scenes import DATA, SCHEMA
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
    desk.window.prompt.chips.remove_requested.emit(sha256)


def instructions(desk: Desk) -> str:
    return desk.state.setup.ask_settings.instructions


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


async def test_a_removed_attachment_returns_to_the_draft_of_its_conversation() -> None:
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
        desk.session.quick.open_with("")
        quick, attachments = desk.session.quick.window, desk.session.quick.attachments
        quick.files_dropped.emit([DATA / "notes.md"])
        await until(lambda: attachments.parts)
        quick.chips.remove_requested.emit(attachments.parts[0].sha256)
        assert attachments.parts == ()
        button = find(quick, QPushButton, "remedy")
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


async def test_a_provider_keeps_its_key_if_its_other_secrets_cannot_be_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Desk() as desk:
        panel, vault = desk.window.settings, desk.backend.vault
        panel.profile_add_requested.emit(PROXIED)
        await desk.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        take = vault.take

        async def take_key_only(name: str) -> Secret | None:
            if name != PROXIED.id:
                raise CredentialError(Reason.KEYRING_LOCKED)
            return await take(name)

        monkeypatch.setattr(vault, "take", take_key_only)
        panel.profile_removal_requested.emit(PROXIED.id)
        await desk.written()
        assert desk.state.providers.get(PROXIED.id) is not None
        assert await vault.get(PROXIED.id, key.origin) == key


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_key_that_undo_restores_in_memory_only_is_reported(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError(Reason.DISK_FULL, place="library.db")

    new_desktop().start_keyring()
    async with Desk(real=True) as desk:
        panel, vault = desk.window.settings, desk.backend.vault
        panel.key_entered.emit(OPENAI.id, KEY)
        await desk.written()
        panel.key_removal_requested.emit(OPENAI.id)
        await until(lambda: desk.said.startswith("Key for OpenAI removed"))
        monkeypatch.setattr(desk.backend.settings, "note_key", fail)
        undo(desk)
        await until(lambda: "disk" in desk.said)
        assert await vault.get(OPENAI.id, origin(OPENAI.base_url)) is not None


async def test_a_provider_that_cannot_be_removed_keeps_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_profile_id: str) -> None:
        raise StorageError(Reason.DISK_FULL, place="library.db")

    async with Desk() as desk:
        panel, vault = desk.window.settings, desk.backend.vault
        panel.profile_add_requested.emit(PROXIED)
        await desk.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        monkeypatch.setattr(desk.backend.settings, "remove_profile", fail)
        panel.profile_removal_requested.emit(PROXIED.id)
        await desk.written()
        assert desk.state.providers.get(PROXIED.id) is not None
        assert await vault.get(PROXIED.id, key.origin) == key


async def test_a_reset_shortcut_returns() -> None:
    async with Desk() as desk:
        changed = desk.window.settings.shortcut_changed
        changed.emit("conversation.new", "Ctrl+Alt+Shift+J")
        await desk.written()
        changed.emit("conversation.new", "Ctrl+N")
        await until(lambda: desk.said.startswith("Shortcut reset"))
        undo(desk)
        await until(lambda: desk.setting("keys.conversation.new") == "Ctrl+Alt+Shift+J")


async def test_instructions_of_a_conversation_return() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Why?", "So.")
        panel, here = desk.window.settings, desk.open_id
        panel.override_changed.emit(here, "answer.system_prompt", "Be brief.")
        panel.override_removed.emit(here, "answer.system_prompt")
        assert instructions(desk) == ""
        assert desk.said.startswith("“Instructions” reset to default")
        undo(desk)
        assert instructions(desk) == "Be brief."
        await desk.written()


async def test_instructions_of_a_folder_return() -> None:
    async with Desk() as desk:
        desk.controllers.folders.create()
        await desk.written()
        panel, (folder_id,) = desk.window.settings, desk.state.folders.by_id
        panel.folder_override_changed.emit(folder_id, "answer.system_prompt", "Be brief.")
        panel.folder_override_removed.emit(folder_id, "answer.system_prompt")
        assert desk.state.folders.by_id[folder_id].overrides.instructions is None
        undo(desk)
        assert desk.state.folders.by_id[folder_id].overrides.instructions == "Be brief."
        await desk.written()


async def test_instructions_of_a_preset_return() -> None:
    async with Desk() as desk:
        desk.controllers.prompts.manage("presets")
        dialog = find(desk.window, PromptsDialog, "prompts-dialog")
        preset = desk.state.presets.by_id["code-reviewer"]
        assert preset.overrides.instructions
        dialog.presets.override_removed.emit("code-reviewer", "answer.system_prompt")
        assert desk.state.presets.by_id["code-reviewer"].overrides.instructions is None
        find(dialog, QPushButton, "undo-prompts").click()
        assert desk.state.presets.by_id["code-reviewer"].overrides == preset.overrides
        await desk.written()


async def test_a_removed_response_format_returns() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Why?", "So.")
        desk.state.setup.override(
            desk.open_id, lambda own: with_override(own, "answer.form", SCHEMA)
        )
        desk.controllers.tools.choose_form()
        find(desk.window, AnswerFormDialog, "answer-form").remove_button.click()
        assert not desk.state.setup.ask_settings.parameters.form
        undo(desk)
        assert desk.state.setup.ask_settings.parameters.form == SCHEMA
        await desk.written()


async def test_replaced_shortcuts_return(tmp_path: Path) -> None:
    async with Desk() as desk:
        file = tmp_path / "keys.json"
        keymap = Keymap({"conversation.new": "Ctrl+Alt+Shift+J"})
        file.write_text(shortcuts_to_json(keymap), "utf-8")
        desk.window.settings.shortcut_changed.emit("conversation.new", "Ctrl+Alt+Shift+K")
        await desk.written()
        await desk.controllers.shortcut_files._import(file)
        assert desk.setting("keys.conversation.new") == "Ctrl+Alt+Shift+J"
        undo(desk)
        await until(lambda: desk.setting("keys.conversation.new") == "Ctrl+Alt+Shift+K")


async def test_a_discarded_edit_returns() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Why?", "So.")
        desk.act("edit", at=0)
        desk.press(Qt.Key.Key_Escape)
        assert not desk.window.notifications.isVisible()  # nothing was changed
        desk.act("edit", at=0)
        desk.type(" Tell me all about it.")
        desk.press(Qt.Key.Key_Escape)
        assert desk.text.toPlainText() == ""
        undo(desk)
        assert "Tell me all about it." in desk.text.toPlainText()
        assert desk.controllers.chat._edited.question is not None


async def test_a_provider_that_is_removed_twice_offers_one_undo_with_its_key() -> None:
    async with Desk() as desk:
        panel, vault = desk.window.settings, desk.backend.vault
        panel.profile_add_requested.emit(PROXIED)
        await desk.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        panel.profile_removal_requested.emit(PROXIED.id)
        panel.profile_removal_requested.emit(PROXIED.id)
        await until(lambda: "removed" in desk.said)
        await desk.written()
        undo(desk)
        await desk.written()
        assert desk.state.providers.get(PROXIED.id) == PROXIED
        assert await vault.get(PROXIED.id, key.origin) == key
        assert not desk.said
