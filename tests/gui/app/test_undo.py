"""Undo for what was removed: attachments, keys, passwords, providers, shortcuts, typed texts."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
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
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import DATA, SCHEMA
from tests.gui.app.test_choices import SERVER
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find
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
    app.window.prompt.chips.remove_requested.emit(sha256)


def instructions(app: AppHarness) -> str:
    return app.state.setup.ask_settings.instructions


async def test_a_removed_attachment_returns_to_its_place() -> None:
    async with AppHarness() as app:
        await attach(app, "notes.md")
        await attach(app, "utf-8.txt")
        remove(app, "notes.md")
        assert app.said.startswith("“notes.md” removed")
        assert names(app) == ["utf-8.txt"]
        await attach(app, "figures.csv")
        app.press_action("Undo")
        assert names(app) == ["notes.md", "utf-8.txt", "figures.csv"]


async def test_ctrl_z_in_the_prompt_undoes_removals_that_are_the_last_changes() -> None:
    async with AppHarness() as app:
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


async def test_a_removed_attachment_returns_to_the_draft_of_its_conversation() -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("Why?", "So.")
        await attach(app, "notes.md")
        remove(app, "notes.md")
        app.controllers.sidebar.navigator.open_new()
        app.press_action("Undo")
        await app.written()
        assert names(app) == []
        await app.controllers.sidebar.navigator.open(first)
        assert names(app) == ["notes.md"]


async def test_an_attachment_of_the_quick_prompt_returns() -> None:
    async with AppHarness() as app:
        app.session.quick.open_with("")
        quick, attachments = app.session.quick.window, app.session.quick.attachments
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
    async with AppHarness(has_real_providers=True) as app:
        vault, panel = app.backend.vault, app.window.settings
        token = CustomField("X-Token", is_secret=True)
        profile = replace(PROXIED, custom_fields=(token,))
        panel.pages.provider.page.profile_add_requested.emit(profile)
        await app.written()
        where, proxy = origin(profile.base_url), origin(profile.proxy)
        secrets = {
            profile.id: Secret(KEY, where),
            profile.custom_field_id(token): Secret("t-0123456789", where),
            profile.proxy_password_id: Secret("p-0123456789", proxy),
        }
        for name, secret in secrets.items():
            await vault.set(name, secret)
        await app.state.new_conversation.set_default("default.provider", profile.id)

        panel.pages.provider.page.profile_removal_requested.emit(profile.id)
        await until(lambda: "removed" in app.said)
        await app.written()
        assert not app.stored("SELECT * FROM keys_in_keyring")
        assert [await vault.get(name, each.origin) for name, each in secrets.items()] == [None] * 3
        app.press_action("Undo")
        await until(lambda: app.setting("default.provider") == profile.id)
        await app.written()
        assert app.state.providers.get(profile.id) == profile
        for name, secret in secrets.items():
            assert await vault.get(name, secret.origin) == secret

        panel.pages.provider.page.key_removal_requested.emit(profile.id)
        await until(lambda: app.said.startswith(f"Key for {profile.name} removed"))
        assert await vault.get(profile.id, where) is None
        app.press_action("Undo")
        await until(lambda: app.setting("default.provider") == profile.id)
        assert await vault.get(profile.id, where) == secrets[profile.id]

        panel.pages.provider.page.profile_save_requested.emit(replace(profile, custom_fields=()))
        await until(lambda: app.said.startswith("“X-Token” removed"))
        assert await vault.get(profile.custom_field_id(token), where) is None
        app.press_action("Undo")
        await app.written()
        assert app.state.providers.get(profile.id) == profile
        assert await vault.get(profile.custom_field_id(token), where) is not None

        panel.pages.provider.page.network.password_removal_requested.emit(profile.proxy_password_id)
        await until(lambda: app.said.startswith("Password removed"))
        app.press_action("Undo")
        await app.written()
        assert await vault.get(profile.proxy_password_id, proxy) is not None


def is_in_memory(key: str) -> bool:
    gc.collect()
    return any(isinstance(each, Secret) and each.value == key for each in gc.get_objects())


async def test_a_removed_key_is_in_memory_only_while_undo_is_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desktop_app.app.settings.secret_removal.UNDO_MS", 500)
    async with AppHarness() as app:
        panel, vault = app.window.settings, app.backend.vault
        panel.pages.provider.page.key_entered.emit(OPENAI.id, KEY)
        await app.written()
        panel.pages.provider.page.key_removal_requested.emit(OPENAI.id)
        await until(lambda: app.said.startswith("Key for OpenAI removed"))
        assert is_in_memory(KEY)
        await until(lambda: not app.window.notifications.isVisible())
        await until(lambda: not is_in_memory(KEY))
        assert await vault.get(OPENAI.id, origin(OPENAI.base_url)) is None
        panel.pages.provider.page.key_removal_requested.emit(OPENAI.id)  # there is none any more
        await app.written()
        assert not app.window.notifications.isVisible()


async def test_a_provider_keeps_its_key_if_its_other_secrets_cannot_be_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        panel, vault = app.window.settings, app.backend.vault
        panel.pages.provider.page.profile_add_requested.emit(PROXIED)
        await app.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        pop = vault.pop

        async def pop_key_only(name: str) -> Secret | None:
            if name != PROXIED.id:
                raise CredentialError(Reason.KEYRING_LOCKED)
            return await pop(name)

        monkeypatch.setattr(vault, "pop", pop_key_only)
        panel.pages.provider.page.profile_removal_requested.emit(PROXIED.id)
        await app.written()
        assert app.state.providers.get(PROXIED.id) is not None
        assert await vault.get(PROXIED.id, key.origin) == key


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
async def test_a_key_that_undo_restores_in_memory_only_is_reported(
    new_desktop: Callable[[], Desktop],  # noqa: F811 - pytest's way
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError(Reason.DISK_FULL, place="library.db")

    new_desktop().start_keyring()
    async with AppHarness(has_real_providers=True) as app:
        panel, vault = app.window.settings, app.backend.vault
        panel.pages.provider.page.key_entered.emit(OPENAI.id, KEY)
        await app.written()
        panel.pages.provider.page.key_removal_requested.emit(OPENAI.id)
        await until(lambda: app.said.startswith("Key for OpenAI removed"))
        monkeypatch.setattr(app.backend.settings, "record_key_origin", fail)
        app.press_action("Undo")
        await until(lambda: "disk" in app.said)
        assert await vault.get(OPENAI.id, origin(OPENAI.base_url)) is not None


async def test_a_provider_that_cannot_be_removed_keeps_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_profile_id: str) -> None:
        raise StorageError(Reason.DISK_FULL, place="library.db")

    async with AppHarness() as app:
        panel, vault = app.window.settings, app.backend.vault
        panel.pages.provider.page.profile_add_requested.emit(PROXIED)
        await app.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        monkeypatch.setattr(app.backend.settings, "remove_profile", fail)
        panel.pages.provider.page.profile_removal_requested.emit(PROXIED.id)
        await app.written()
        assert app.state.providers.get(PROXIED.id) is not None
        assert await vault.get(PROXIED.id, key.origin) == key


async def test_a_reset_shortcut_returns() -> None:
    async with AppHarness() as app:
        changed = app.window.settings.pages.shortcut_changed
        changed.emit("conversation.new", "Ctrl+Alt+Shift+J")
        await app.written()
        changed.emit("conversation.new", "Ctrl+N")
        await until(lambda: app.said.startswith("Shortcut reset"))
        app.press_action("Undo")
        await until(lambda: app.setting("keys.conversation.new") == "Ctrl+Alt+Shift+J")


async def test_instructions_of_a_conversation_return() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Why?", "So.")
        panel, here = app.window.settings, app.open_id
        panel.pages.responses.page.override_changed.emit(here, "answer.system_prompt", "Be brief.")
        panel.pages.responses.page.override_removed.emit(here, "answer.system_prompt")
        assert instructions(app) == ""
        assert app.said.startswith("“Instructions” reset to default")
        app.press_action("Undo")
        assert instructions(app) == "Be brief."
        await app.written()


async def test_instructions_of_a_folder_return() -> None:
    async with AppHarness() as app:
        app.controllers.sidebar.folders.create()
        await app.written()
        panel, (folder_id,) = app.window.settings, app.state.folders.by_id
        panel.pages.responses.page.folder_override_changed.emit(
            folder_id, "answer.system_prompt", "Be brief."
        )
        panel.pages.responses.page.folder_override_removed.emit(folder_id, "answer.system_prompt")
        assert app.state.folders.by_id[folder_id].overrides.instructions is None
        app.press_action("Undo")
        assert app.state.folders.by_id[folder_id].overrides.instructions == "Be brief."
        await app.written()


async def test_instructions_of_a_preset_return() -> None:
    async with AppHarness() as app:
        app.controllers.composer.prompts.manage("presets")
        dialog = find(app.window, PromptsDialog, "prompts-dialog")
        preset = app.state.presets.by_id["code-reviewer"]
        assert preset.overrides.instructions
        dialog.presets.override_removed.emit("code-reviewer", "answer.system_prompt")
        assert app.state.presets.by_id["code-reviewer"].overrides.instructions is None
        find(dialog, QPushButton, "undo-prompts").click()
        assert app.state.presets.by_id["code-reviewer"].overrides == preset.overrides
        await app.written()


async def test_undo_keeps_instructions_that_were_typed_since() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Why?", "So.")
        app.controllers.sidebar.folders.create()
        app.controllers.composer.prompts.manage("presets")
        await app.written()
        page, (folder_id,) = app.window.settings.pages.responses.page, app.state.folders.by_id
        dialog, key = find(app.window, PromptsDialog, "prompts-dialog"), "answer.system_prompt"
        page.override_changed.emit(app.open_id, key, "Be brief.")
        page.override_removed.emit(app.open_id, key)
        page.override_changed.emit(app.open_id, key, "Rhyme.")
        app.window.notifications.undo_last()
        assert instructions(app) == "Rhyme."
        page.folder_override_changed.emit(folder_id, key, "Be brief.")
        page.folder_override_removed.emit(folder_id, key)
        page.folder_override_changed.emit(folder_id, key, "Rhyme.")
        app.window.notifications.undo_last()
        assert app.state.folders.by_id[folder_id].overrides.instructions == "Rhyme."
        dialog.presets.override_removed.emit("code-reviewer", key)
        dialog.presets.override_changed.emit("code-reviewer", key, "Rhyme.")
        find(dialog, QPushButton, "undo-prompts").click()
        assert app.state.presets.by_id["code-reviewer"].overrides.instructions == "Rhyme."
        await app.written()


async def test_a_removed_response_format_returns() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Why?", "So.")
        app.state.setup.override(app.open_id, lambda own: with_override(own, "answer.form", SCHEMA))
        app.controllers.composer.tools.choose_form()
        find(app.window, AnswerFormDialog, "answer-form").remove_button.click()
        assert not app.state.setup.ask_settings.parameters.form
        app.press_action("Undo")
        assert app.state.setup.ask_settings.parameters.form == SCHEMA
        await app.written()


async def test_replaced_shortcuts_return(tmp_path: Path) -> None:
    async with AppHarness() as app:
        file = tmp_path / "keys.json"
        keymap = Keymap({"conversation.new": "Ctrl+Alt+Shift+J"})
        file.write_text(shortcuts_to_json(keymap), "utf-8")
        app.window.settings.pages.shortcut_changed.emit("conversation.new", "Ctrl+Alt+Shift+K")
        await app.written()
        app.window.settings.show_page("keys")
        find(app.window.settings, QPushButton, "import-shortcuts").click()
        choose_paths(file)
        await until(lambda: app.said.startswith("1 shortcut was imported."))
        assert app.setting("keys.conversation.new") == "Ctrl+Alt+Shift+J"
        app.press_action("Undo")
        await until(lambda: app.setting("keys.conversation.new") == "Ctrl+Alt+Shift+K")


async def test_a_discarded_edit_returns() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Why?", "So.")
        app.act("edit", at=0)
        app.press(Qt.Key.Key_Escape)
        assert not app.window.notifications.isVisible()  # nothing was changed
        app.act("edit", at=0)
        app.type(" Tell me all about it.")
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == ""
        app.press_action("Undo")
        assert "Tell me all about it." in app.text.toPlainText()
        assert app.state.current.edited_question is not None


async def test_a_discarded_edit_returns_to_its_conversation() -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("Why?", "So.")
        app.type("A draft.")
        app.act("edit", at=0)
        app.type(" Tell me all about it.")
        app.press(Qt.Key.Key_Escape)
        app.controllers.sidebar.navigator.open_new()
        app.press_action("Undo")
        assert app.text.toPlainText() == ""
        await app.open_conversation(first)
        assert "Tell me all about it." in app.text.toPlainText()
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == "A draft."
        await app.written()


async def test_undo_keeps_a_key_that_was_entered_since() -> None:
    async with AppHarness() as app:
        page, vault = app.window.settings.pages.provider.page, app.backend.vault
        page.key_entered.emit(OPENAI.id, KEY)
        await app.written()
        page.key_removal_requested.emit(OPENAI.id)
        await until(lambda: app.said.startswith("Key for OpenAI removed"))
        page.key_entered.emit(OPENAI.id, "sk-newer-0123456789")
        await app.written()
        app.window.notifications.dismiss()  # the offer to use the provider here
        app.press_action("Undo")
        await app.written()
        found = await vault.get(OPENAI.id, origin(OPENAI.base_url))
        assert found is not None
        assert found.value == "sk-newer-0123456789"


async def test_undo_keeps_a_header_that_was_entered_since() -> None:
    async with AppHarness() as app:
        page = app.window.settings.pages.provider.page
        older, newer = CustomField("X-Team", value="a"), CustomField("X-Team", value="b")
        page.profile_add_requested.emit(replace(SERVER, custom_fields=(older,)))
        page.profile_save_requested.emit(replace(SERVER, custom_fields=()))
        await until(lambda: app.said.startswith("“X-Team” removed"))
        page.profile_save_requested.emit(replace(SERVER, custom_fields=(newer,)))
        await app.written()
        app.press_action("Undo")
        await app.written()
        profile = app.state.providers.get(SERVER.id)
        assert profile is not None
        assert profile.custom_fields == (newer,)


async def test_a_provider_that_is_removed_twice_offers_one_undo_with_its_key() -> None:
    async with AppHarness() as app:
        panel, vault = app.window.settings, app.backend.vault
        panel.pages.provider.page.profile_add_requested.emit(PROXIED)
        await app.written()
        key = Secret(KEY, origin(PROXIED.base_url))
        await vault.set(PROXIED.id, key)
        panel.pages.provider.page.profile_removal_requested.emit(PROXIED.id)
        panel.pages.provider.page.profile_removal_requested.emit(PROXIED.id)
        await until(lambda: "removed" in app.said)
        await app.written()
        app.press_action("Undo")
        await app.written()
        assert app.state.providers.get(PROXIED.id) == PROXIED
        assert await vault.get(PROXIED.id, key.origin) == key
        assert not app.said
