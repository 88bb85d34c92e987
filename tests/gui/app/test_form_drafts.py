"""Text typed in open forms outlives the end of the desktop's session."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtTest import QTest

from desktop_app.ui.batch.batch_dialog import BatchDialog
from desktop_app.ui.tools.answer_form_dialog import AnswerFormDialog
from desktop_app.ui.tools.server_form import ServerForm
from desktop_app.ui.widgets.forms.form_dialog import DraftForm
from desktop_app.ui.window.review_dialog import ReviewDialog
from tests.gui.app.app_harness import AppHarness
from tests.gui.app.scenes import KEYED, dialog_of


async def review(app: AppHarness) -> ReviewDialog:
    app.session.actions["answer.review"]()
    return await dialog_of(ReviewDialog)


@pytest.mark.slow
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
