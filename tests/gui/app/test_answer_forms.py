"""Answers with a schema or a grammar in the window."""

from __future__ import annotations

import json

from PySide6.QtGui import QGuiApplication

from desktop_app.domain.answering.answer_form import FormKind, FormSource
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.ui.answer_form_dialog import AnswerFormDialog
from desktop_app.tools.ui.tools_controller import ToolsController
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

COMET = {"COMETAPI_KEY": "sk-comet"}
SCHEMA = {
    "type": "object",
    "properties": {"people": {"type": "array", "items": {"type": "object"}}},
    "required": ["people"],
}
FORM = FormSource(FormKind.SCHEMA, json.dumps(SCHEMA), "people").to_setting()
PEOPLE = json.dumps({"people": [{"name": "Ann | <b>", "age": 3}, {"name": "=1+1", "city": "Bonn"}]})


def use(app: AppHarness, form: str) -> None:
    app.state.of(SettingsController).override(app.open_id, "answer.form", form)


def run(app: AppHarness, action: str) -> None:
    app.window.transcript.commands.run(app.state.current.path[-1].id, action)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_a_schema_is_checked_before_use_and_its_answers_after() -> None:
    async with AppHarness(environment=COMET) as app:
        # The dialog checks a schema before use.
        app.controllers.of(ToolsController).choose_form()
        dialog = find(app.window, AnswerFormDialog, "answer-form")
        dialog.form_field.setPlainText('{"type": 3}')
        dialog.save_button.click()
        await until(lambda: "Not valid: $.type" in dialog.problem.text())
        assert not app.state.current.conversation.overrides.parameters.form
        dialog.form_field.setPlainText(json.dumps(SCHEMA))
        dialog.name_field.setText("my people")
        dialog.save_button.click()
        await until(lambda: bool(app.state.current.conversation.overrides.parameters.form))
        turn = await app.ask("Who?")
        assert turn.request.schema is not None
        assert turn.request.schema.name == "my_people"
        turn.end(PEOPLE)
        await app.settled()
        app.controllers.of(ToolsController).choose_form()
        find(app.window, AnswerFormDialog, "answer-form").remove_button.click()
        assert (await app.ask("And?")).request.schema is None

        # A prompt brings its schema.
        await app.start_over()
        mine = Prompt(new_id(), "People", "Who?", form=FORM)
        app.controllers.of(PromptsController).save(mine)
        await app.settled()
        app.window.prompt.set_text("Who?", mine.id)
        app.window.prompt.submit()
        turn = await app.turn(0)
        assert turn.request.schema is not None
        turn.end(PEOPLE)
        await app.settled()
        assert (await app.ask("And?")).request.schema is None

        # An invalid answer names the place.
        await app.start_over()
        use(app, FORM)
        turn = await app.ask("Who?")
        turn.end('{"people": 4}')
        await app.settled()
        assert "doesn’t match the schema. $.people: 4 is not of type" in app.transcript
        assert "Retry" in app.transcript
        assert '{"people": 4}' in app.transcript
        run(app, "retry")
        assert (await app.turn(1)).request.messages[-1] == turn.request.messages[0]
        await until(lambda: not app.controllers.lexer.is_busy)

        # A valid answer is shown as a table or as text.
        await app.start_over()
        use(app, FORM)
        turn = await app.ask("Who?")
        assert turn.request.schema is not None
        turn.say(PEOPLE[:20])
        await until(lambda: PEOPLE[:20] in app.transcript)
        turn.end(PEOPLE[20:])
        await app.settled()
        assert "Ann | <b>" in app.transcript
        assert '"name"' not in app.transcript
        assert "Schema: people · Show JSON · Copy JSON · Copy CSV" in app.transcript
        run(app, "copy-csv")
        assert clipboard() == "name,age,city\nAnn | <b>,3,\n'=1+1,,Bonn\n"
        run(app, "copy-json")
        assert json.loads(clipboard()) == json.loads(PEOPLE)
        run(app, "copy")
        assert clipboard() == PEOPLE
        run(app, "show-json")
        assert PEOPLE in app.transcript
        run(app, "show-value")
        assert PEOPLE not in app.transcript
        assert app.state.current.path[-1].text == PEOPLE
        await until(lambda: not app.controllers.lexer.is_busy)
