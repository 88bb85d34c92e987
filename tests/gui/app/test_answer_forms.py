"""Answers with a schema or a grammar in the window."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from desktop_app.app.answers.structured_answers import text_to_copy
from desktop_app.domain.answering.answer_form import MAX_FORM_CHARS, FormKind, FormSource
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.settings.dialog_field import EditRequest
from desktop_app.ui.tools.answer_form_dialog import AnswerFormDialog
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_spending import KEYED, set_cap
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.messages import answer
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pathlib import Path

COMET = {"COMETAPI_KEY": "sk-comet"}
SCHEMA = {
    "type": "object",
    "properties": {"people": {"type": "array", "items": {"type": "object"}}},
    "required": ["people"],
}
FORM = FormSource(FormKind.SCHEMA, json.dumps(SCHEMA), "people").to_setting()
PEOPLE = json.dumps({"people": [{"name": "Ann | <b>", "age": 3}, {"name": "=1+1", "city": "Bonn"}]})


def use(app: AppHarness, form: str) -> None:
    app.window.settings.pages.responses.page.override_changed.emit(app.open_id, "answer.form", form)


def run(app: AppHarness, action: str) -> None:
    app.window.transcript.commands.run(app.state.current.path[-1].id, action)


def text_of(message: object) -> str:
    return "".join(part.text for part in message.parts)  # type: ignore[attr-defined]


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_a_valid_answer_is_shown_as_a_table_or_as_text() -> None:
    async with AppHarness(environment=COMET) as app:
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
        assert clipboard() == "name,age,city\r\nAnn | <b>,3,\r\n'=1+1,,Bonn\r\n"
        run(app, "copy-json")
        assert json.loads(clipboard()) == json.loads(PEOPLE)
        run(app, "copy")
        assert clipboard() == PEOPLE
        run(app, "show-json")
        assert PEOPLE in app.transcript
        run(app, "show-value")
        assert PEOPLE not in app.transcript
        assert app.state.current.path[-1].text == PEOPLE
        await until(lambda: not app.controllers.conversation.lexer.is_busy)


async def test_undo_of_a_removal_keeps_a_format_that_was_chosen_since() -> None:
    other = FormSource(FormKind.SCHEMA, "{}", "other").to_setting()

    def form() -> str:
        return app.state.setup.ask_settings.parameters.form

    async with AppHarness(environment=COMET) as app:
        app.session.actions["settings.toggle"]()
        page = app.window.settings.pages.responses.page
        page.show_scope("conversation")
        for choose in (
            app.controllers.composer.tools.choose_form,
            find(page, QPushButton, "answer.form").click,
        ):
            use(app, FORM)
            choose()
            app.window.findChildren(AnswerFormDialog, "answer-form")[-1].remove_button.click()
            assert form() == ""
            app.press_action("Undo")
            assert form() == FORM
            choose()
            app.window.findChildren(AnswerFormDialog, "answer-form")[-1].remove_button.click()
            use(app, other)
            app.press_action("Undo")
            assert form() == other
        await app.written()


async def test_a_format_is_stored_in_the_preset_that_it_was_requested_for() -> None:
    async with AppHarness(environment=COMET) as app:
        app.controllers.composer.prompts.manage("presets")
        page, requests = find(app.window, PromptsDialog, "prompts-dialog").presets, list[Any]()
        first, second = [*app.state.presets.by_id][:2]
        page.edit(first)
        page.edit_requested.connect(requests.append)
        find(page, QPushButton, "answer.form").click()
        page.edit(second)
        requests[0].on_changed(FORM)  # for example an Undo
        assert requests[0].value_now() == FORM
        presets = app.state.presets.by_id
        assert presets[first].overrides.parameters.form == FORM
        assert not presets[second].overrides.parameters.form
        await app.written()


async def test_each_of_two_open_forms_can_be_used() -> None:
    async with AppHarness(environment=COMET) as app:
        tools, chosen = app.controllers.composer.tools, list[str]()
        tools.choose_form()
        first = find(app.window, AnswerFormDialog, "answer-form")
        request = EditRequest("answer.form", "", chosen.append, app.window.settings)
        tools.edit(request)
        second = next(
            each
            for each in app.window.findChildren(AnswerFormDialog, "answer-form")
            if each is not first
        )
        for dialog in (first, second):
            dialog.show_text(json.dumps(SCHEMA))
            dialog.save_button.click()
        await until(lambda: app.state.setup.ask_settings.parameters.form)
        await until(lambda: chosen)


async def test_a_repair_that_was_asked_about_its_price_is_still_a_repair() -> None:
    async with AppHarness(environment=KEYED) as app:
        await app.state.values.set("answer.repair", True)
        use(app, FORM)
        await set_cap(app, "5")
        turn = await app.ask("Who?")
        setup = app.state.setup
        setup.choose(replace(setup.choice, variant=None, model="somebody-elses"))
        turn.end('{"people": 3}')
        await until(lambda: "price" in app.said)
        app.press_action("Use anyway")
        repair = await app.turn(1)
        assert "$.people: 3 is not of type 'array'" in text_of(repair.request.messages[-1])
        repair.end(PEOPLE)
        await app.settled()


async def test_the_focus_stays_on_the_action_that_toggles_the_text() -> None:
    async with AppHarness(environment=COMET) as app:
        use(app, FORM)
        turn = await app.ask("Who?")
        turn.end(PEOPLE)
        await app.settled()
        transcript = app.window.transcript
        transcript.moveCursor(QTextCursor.MoveOperation.Start)
        transcript.setFocus(Qt.FocusReason.TabFocusReason)
        focused = app.window.focusWidget()
        for _ in range(8):
            if focused.accessibleName() == "Show JSON":
                break
            QTest.keyClick(focused, Qt.Key.Key_Tab)
            focused = app.window.focusWidget()
        QTest.keyClick(focused, Qt.Key.Key_Return)
        assert PEOPLE in app.transcript
        await until(lambda: app.window.focusWidget().accessibleName() == "Show as table")
        await until(lambda: not app.controllers.conversation.lexer.is_busy)


async def test_an_object_is_shown_as_a_tree() -> None:
    async with AppHarness(environment=COMET) as app:
        use(app, FORM)
        turn = await app.ask("Who?")
        place = {"city": "*Bonn* (Rhine)", "zip": [5, None]}
        turn.end(json.dumps({"people": [{"tags": ["a", "b"]}], "place": place}))
        await app.settled()
        for words in ('["a", "b"]', "place", "city: *Bonn* (Rhine)", "zip", "5", "–"):
            assert words in app.transcript
        run(app, "copy-csv")
        assert clipboard().splitlines()[0] == "people,place"


@pytest.mark.parametrize("as_csv", [False, True])
def test_an_answer_of_any_depth_is_copied_or_not(as_csv: bool) -> None:
    """A value that can just be read takes more levels of recursion to be written."""
    texts = set()
    for depth in range(900, 1_000):
        deep = answer("[" * depth + "]" * depth)
        texts.add(text_to_copy(deep, as_csv=as_csv) is None)
    assert texts == {False, True}


async def test_an_invalid_answer_names_the_place_and_is_repaired_once() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.state.values.set("answer.repair", True)
        use(app, FORM)
        turn = await app.ask("Who?")
        turn.end('{"people": 3}')
        repair = await app.turn(1)
        assert "$.people: 3 is not of type 'array'" in text_of(repair.request.messages[-1])
        assert text_of(repair.request.messages[-2]) == '{"people": 3}'
        repair.end('{"people": 4}')
        await app.settled()
        assert "doesn’t match the schema. $.people: 4 is not of type" in app.transcript
        assert "Retry" in app.transcript
        assert "Asked again" in app.transcript
        assert '{"people": 4}' in app.transcript
        run(app, "retry")
        assert (await app.turn(2)).request.messages[-1] == repair.request.messages[0]
        await until(lambda: not app.controllers.conversation.lexer.is_busy)


async def test_the_dialog_checks_a_schema_before_use() -> None:
    async with AppHarness(environment=COMET) as app:
        app.controllers.composer.tools.choose_form()
        dialog = find(app.window, AnswerFormDialog, "answer-form")
        dialog.show_text('{"type": 3}')
        dialog.save_button.click()
        await until(lambda: "Not valid: $.type" in dialog.problem.text())
        assert not app.state.current.conversation.overrides.parameters.form
        dialog.show_text(json.dumps(SCHEMA))
        dialog.name_field.setText("my people")
        dialog.save_button.click()
        await until(lambda: bool(app.state.current.conversation.overrides.parameters.form))
        turn = await app.ask("Who?")
        assert turn.request.schema is not None
        assert turn.request.schema.name == "my_people"
        turn.end(PEOPLE)
        await app.settled()
        app.controllers.composer.tools.choose_form()
        find(app.window, AnswerFormDialog, "answer-form").remove_button.click()
        assert (await app.ask("And?")).request.schema is None


async def test_a_prompt_brings_its_schema() -> None:
    async with AppHarness(environment=COMET) as app:
        mine = Prompt(new_id(), "People", "Who?", form=FORM)
        app.controllers.composer.prompts.save(mine)
        await app.settled()
        app.window.prompt.set_text("Who?", mine.id)
        app.window.prompt.send_action.submit()
        turn = await app.turn(0)
        assert turn.request.schema is not None
        turn.end(PEOPLE)
        await app.settled()
        assert (await app.ask("And?")).request.schema is None


async def test_a_grammars_answer_is_shown_as_code_and_an_unsupported_syntax_is_refused() -> None:
    grammar = FormSource(FormKind.LARK, 'start: "SELECT 1"', "sql").to_setting()
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        use(app, grammar)
        turn = await app.ask("Count.")
        assert turn.request.grammar is not None
        turn.end("SELECT 1")
        await app.settled()
        assert "sql\nselect 1" in app.transcript.lower()
        assert "Grammar: lark" in app.transcript
        app.controllers.composer.tools.choose_form()
        dialog = find(app.window, AnswerFormDialog, "answer-form")
        dialog.kind_box.setCurrentIndex(dialog.kind_box.findData(FormKind.GBNF))
        dialog.kind_box.activated.emit(3)
        assert "doesn’t support GBNF grammars" in dialog.hint.text()
        assert not dialog.save_button.isEnabled()
        await until(lambda: not app.controllers.conversation.lexer.is_busy)


async def test_a_file_that_is_too_large_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.lark"
    path.write_text("x" * (MAX_FORM_CHARS + 1))
    async with AppHarness(environment=COMET) as app:
        app.controllers.composer.tools.choose_form()
        dialog = find(app.window, AnswerFormDialog, "answer-form")
        dialog.file_requested.emit(path)
        await app.written()
        assert dialog.source.text == ""
        assert "Can’t read large.lark" in dialog.problem.text()
        dialog.reject()


async def test_spaces_of_a_regular_expression_are_kept_without_the_end_of_its_line() -> None:
    async with AppHarness(environment=COMET) as app:
        app.controllers.composer.tools.choose_form()
        dialog = find(app.window, AnswerFormDialog, "answer-form")
        dialog.kind_box.setCurrentIndex(dialog.kind_box.findData(FormKind.REGEX))
        dialog.show_text(" a+ \n")
        assert dialog.source == FormSource(FormKind.REGEX, " a+ ", "")
        dialog.reject()


async def test_a_schema_is_opened_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "people.schema.json"
    file.write_text(json.dumps(SCHEMA))
    async with AppHarness() as app:
        dialog = AnswerFormDialog(app.theme.current, app.window)
        dialog.file_requested.connect(lambda path: dialog.show_text(path.read_text()))
        dialog.open()
        dialog.open_file_button.click()
        choose_paths(file)
        assert dialog.source == FormSource(FormKind.SCHEMA, json.dumps(SCHEMA), "people")
        dialog.done(0)
