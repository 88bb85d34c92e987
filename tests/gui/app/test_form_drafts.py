"""Text typed in open forms outlives the end of the desktop's session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from shiboken6 import isValid

from desktop_app.app.desktop import form_draft_saver
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.storage.settings.settings_store import SettingsStore
from desktop_app.ui.batch.batch_dialog import BatchDialog
from desktop_app.ui.composer.completion.prompt_fields import GrowingTextField, PromptFields
from desktop_app.ui.composer.prompt_editor import PromptEditor
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.settings.sections.custom_field_section import CustomFieldSection
from desktop_app.ui.tools.answer_form_dialog import AnswerFormDialog
from desktop_app.ui.tools.server_form import ServerForm
from desktop_app.ui.widgets.forms.form_dialog import DraftForm, FormValues, restore_form_drafts
from desktop_app.ui.window.review_dialog import ReviewDialog
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.gui.app.scenes import KEYED, dialog_of
from tests.helpers.widgets import find, timer_of

if TYPE_CHECKING:
    import pytest

STORED_FORMS = "SELECT value FROM settings WHERE key = 'window.forms'"


async def review(app: AppHarness) -> ReviewDialog:
    app.session.actions["answer.review"]()
    return await dialog_of(ReviewDialog)


async def test_open_forms_are_filled_in_again_after_a_restart(tmp_path: Path) -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.ask_and_answer("Why is the sky blue?", "Because of dust.")
        (await review(app)).text.setPlainText("Because of air.")
        app.controllers.composer.tools.choose_form()
        (await dialog_of(AnswerFormDialog)).show_text('{"type": "array"}')
        app.window.settings.pages.servers.page.add_requested.emit()
        server = await dialog_of(ServerForm)
        server.name.setText("mail")
        server.command.setText("mail-server --key secret")
        server.url.setText("https://mail.example/?key=secret")
        server.environment.setPlainText("TOKEN=secret")
        app.controllers.dialogs.batches.begin([tmp_path])
        dialog = await dialog_of(BatchDialog)
        dialog.new_page.task.selectAll()
        QTest.keyClicks(dialog.new_page.task, "Which is it?")
    assert DraftForm.drafts == {}

    async with AppHarness(environment=KEYED) as app:
        settings = str(app.stored("SELECT value FROM settings"))
        assert not any(word in settings for word in ("secret", "Because of air"))
        app.controllers.dialogs.batches.show()
        dialog = await dialog_of(BatchDialog)
        dialog.new_page.set_prompts([], "")
        assert dialog.new_page.task.toPlainText() == "Which is it?"
        assert tmp_path.name in dialog.new_page.files.label.text()
        app.controllers.composer.tools.choose_form()
        form = await dialog_of(AnswerFormDialog)
        assert form.source.text == '{"type": "array"}'
        assert form.has_changes
        shown = await review(app)  # a change may be of a conversation that is deleted for good
        assert shown.text.toPlainText() == "Because of dust."
    # A form that was not opened in the meantime is still filled in.
    async with AppHarness(environment=KEYED) as app:
        app.window.settings.pages.servers.page.add_requested.emit()
        server = await dialog_of(ServerForm)
        assert server.name.text() == "mail"
        assert server.command.text() == server.environment.toPlainText() == server.url.text() == ""


async def test_forms_of_a_temporary_conversation_are_not_stored() -> None:
    async with AppHarness(environment=KEYED) as app:
        app.controllers.conversation.temporary.open()
        await app.ask_and_answer("Why is the sky blue?", "Because of dust.")
        app.controllers.composer.tools.choose_form()
        (await dialog_of(AnswerFormDialog)).show_text('{"type": "array"}')
    async with AppHarness(environment=KEYED) as app:
        assert "array" not in str(app.stored("SELECT value FROM settings"))


async def test_the_field_with_the_focus_is_saved_at_the_end() -> None:
    async with AppHarness() as app:
        app.session.actions["prompts.manage"]()
        text = find(await dialog_of(PromptsDialog), QPlainTextEdit, "prompt-text")
        text.setFocus()
        await until(text.hasFocus)
        QTest.keyClicks(text, "Be brief.")
    async with AppHarness() as app:
        app.session.actions["prompts.manage"]()
        text = find(await dialog_of(PromptsDialog), QPlainTextEdit, "prompt-text")
        await until(lambda: "Be brief." in text.toPlainText())


async def test_changes_are_kept_while_the_form_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_draft_saver, "_INTERVAL_MS", 20)
    async with AppHarness(environment=KEYED) as app:
        app.window.settings.pages.servers.page.add_requested.emit()
        dialog = await dialog_of(ServerForm)
        dialog.name.setText("mail")
        await until(lambda: "mail" in str(app.stored(STORED_FORMS)))
        dialog.name.clear()
        dialog.reject()
        await until(lambda: app.stored(STORED_FORMS) == [("{}",)])
        (saver,) = app.window.findChildren(form_draft_saver.FormDraftSaver)
        assert not timer_of(saver).isActive()


async def test_a_half_typed_title_is_shown_again_after_a_kill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_draft_saver, "_INTERVAL_MS", 20)

    def title_editor(app: AppHarness) -> QLineEdit:
        app.session.actions["conversation.rename"]()
        return find(app.window, QLineEdit, "rename")

    async with AppHarness() as app:
        await app.ask_and_answer("Why is the sky blue?", "Because of dust.")
        editor = title_editor(app)
        QTest.keyClicks(editor, "The sk")
        await until(lambda: "The sk" in str(app.stored(STORED_FORMS)))
        ((stored,),) = app.stored(STORED_FORMS)
        QTest.keyClick(editor, Qt.Key.Key_Escape)
        await until(lambda: app.stored(STORED_FORMS) == [("{}",)] and not isValid(editor))
        restore_form_drafts(json.loads(stored))  # as at the start after a kill
        restored = title_editor(app)
        assert restored.text() == "The sk"
        QTest.keyClick(restored, Qt.Key.Key_Return)
        await until(lambda: app.state.current.conversation.title == "The sk")
        assert DraftForm.drafts == {}


async def test_a_half_typed_title_goes_with_its_conversation() -> None:
    async with AppHarness() as app:
        erased = await app.ask_and_answer("Why?", "Because.")
        app.controllers.sidebar.navigator.open_new()
        emptied = await app.ask_and_answer("Where?", "Here.")
        names: dict[str, FormValues] = {
            f"rename {id_}": {"name": "Half"} for id_ in (erased, emptied)
        }
        restore_form_drafts(names)  # as at the start after a kill
        trash = app.controllers.sidebar.trash
        trash.delete([erased, emptied])
        await app.settled()
        assert DraftForm.drafts == names
        await trash.erase([erased])
        await trash.empty()
    assert app.setting("window.forms") in (None, {})


async def test_changes_that_could_not_be_stored_are_stored_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_draft_saver, "_INTERVAL_MS", 20)
    failures: list[str] = []

    async def fail(_store: SettingsStore, key: str, _value: object) -> None:
        failures.append(key)
        raise StoreFullError(DISK_FULL)

    async with AppHarness(environment=KEYED) as app:
        with monkeypatch.context() as full:
            full.setattr(SettingsStore, "set", fail)
            app.window.settings.pages.servers.page.add_requested.emit()
            (await dialog_of(ServerForm)).name.setText("mail")
            await until(lambda: failures)
            await until(lambda: DISK_FULL in app.said)
            app.window.notifications.dismiss()
            await until(lambda: len(failures) > 2)
            assert not app.said  # it is reported once
        await until(lambda: "mail" in str(app.stored(STORED_FORMS)))


async def test_a_change_of_the_focus_after_the_end_stores_nothing() -> None:
    async with AppHarness(environment=KEYED) as app:
        (saver,) = app.window.findChildren(form_draft_saver.FormDraftSaver)
        saver.close()
        app.window.setFocus()
        app.window.findChildren(PromptEditor)[0].setFocus()
        assert not timer_of(saver).isActive()


async def test_fields_of_a_prompt_and_of_the_settings_are_filled_in_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form_draft_saver, "_INTERVAL_MS", 20)
    own = Prompt("tone", "Tone", "In a {{tone=kind|cool}} tone about {{topic}}", "")

    def fields(app: AppHarness) -> PromptFields:
        app.window.prompt.completer.insert_prompt(own)
        return find(app.window, PromptFields, "prompt-fields")

    async with AppHarness(environment=KEYED) as app:
        shown = fields(app)
        QTest.keyClicks(find(shown, GrowingTextField, "field-topic"), "rain")
        await until(lambda: "rain" in str(app.stored(STORED_FORMS)))
        app.window.outer_panes.show_settings(True)
        app.window.settings.show_page("provider")
        section = app.window.findChildren(CustomFieldSection)[0]
        QTest.keyClicks(find(section, QLineEdit, "custom-field-name"), "X-Team")
        QTest.keyClicks(find(section, QLineEdit, "custom-field-value"), "s3cr3t")
        await until(lambda: "X-Team" in str(app.stored(STORED_FORMS)))
    async with AppHarness(environment=KEYED) as app:
        assert "s3cr3t" not in str(app.stored("SELECT value FROM settings"))
        app.window.outer_panes.show_settings(True)
        app.window.settings.show_page("provider")
        section = app.window.findChildren(CustomFieldSection)[0]
        await until(lambda: find(section, QLineEdit, "custom-field-name").text() == "X-Team")
        shown = fields(app)
        assert shown.values() == {"tone": "kind", "topic": "rain"}
        QTest.keyClick(find(shown, GrowingTextField, "field-topic"), Qt.Key.Key_Return)
        await until(lambda: "rain" not in str(app.stored(STORED_FORMS)))
        assert "about rain" in app.text.toPlainText()
        app.controllers.conversation.temporary.open()
        QTest.keyClicks(find(fields(app), GrowingTextField, "field-topic"), "snow")
        assert "snow" not in str(DraftForm.drafts)
