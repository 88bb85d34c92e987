"""Settings of a single conversation are stored and sent with it only."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.models.model_catalog import Api, Effort
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.i18n.translation import tr
from desktop_app.settings.schema import setting, settings_of
from desktop_app.settings.setting import Group
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl
from tests.gui.app.desk import Desk, until
from tests.gui.app.settings_pages import answer_field, answer_note
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.widgets import find

COMET = {"COMETAPI_KEY": "sk-comet"}
SERVER = {
    "OPENAI_API_KEY": "sk-x",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    **FAMILY_ENVIRONMENT,
}


def set_own(desk: Desk, key: str, value: object) -> None:
    desk.window.settings.override_changed.emit(desk.open_id, key, value)


def own(desk: Desk) -> Overrides:
    return desk.state.current.conversation.overrides


def refused(desk: Desk) -> set[str]:
    """Return the settings of the answers that cannot be changed."""
    keys = [each.key for each in settings_of(Group.ANSWER)]
    return {key for key in keys if not answer_field(desk, key).isEnabled()}


async def test_a_conversations_own_settings_are_sent_with_it_alone() -> None:
    async with Desk(environment=COMET) as desk:
        desk.window.prompt.row.effort_requested.emit(Effort.NONE)
        desk.window.settings.setting_changed.emit("answer.temperature", 0.2)
        set_own(desk, "answer.temperature", 1.5)
        set_own(desk, "answer.system_prompt", "Rhyme.")
        await desk.written()
        turn = await desk.ask("One")  # a blank conversation has settings of its own, too
        assert turn.request.parameters.temperature == 1.5
        assert turn.request.instructions == "Rhyme."
        turn.end("1")
        await desk.settled()
        first = desk.open_id
        desk.controllers.library.open_new()
        desk.window.prompt.row.effort_requested.emit(Effort.NONE)
        turn = await desk.ask("Two")
        assert turn.request.parameters.temperature == 0.2
        assert turn.request.instructions == ""
        turn.end("2")
        await desk.settled()
        await desk.opened(first)
        desk.window.settings.override_removed.emit(first, "answer.temperature")
        await desk.written()
        turn = await desk.ask("Three")
        assert turn.request.parameters.temperature == 0.2
        assert turn.request.instructions == "Rhyme."
        turn.end("3")
        await desk.settled()

    async with Desk(environment=COMET) as desk:
        await desk.opened(first)
        assert own(desk) == Overrides("Rhyme.")
        shown = answer_field(desk, "answer.system_prompt")
        assert isinstance(shown, QPlainTextEdit)
        find(desk.window.settings, SegmentedControl, "scope").button("conversation").click()
        assert shown.toPlainText() == "Rhyme."


async def test_a_later_rename_does_not_bring_the_former_settings_back() -> None:
    async with Desk(environment=COMET) as desk:
        first = await desk.ask_and_answer("One", "1")
        set_own(desk, "answer.verbosity", "low")
        desk.window.conversations.renamed.emit(first, "Other")
        await desk.written()
        found = await desk.backend.conversations.get(first)
        assert found is not None
        assert found.title == "Other"
        assert found.overrides == Overrides().with_parameter("verbosity", "low")


async def test_settings_that_change_while_a_turn_is_written_are_kept() -> None:
    async with Desk(environment=COMET) as desk:
        turn = await desk.ask("One")
        set_own(desk, "answer.verbosity", "high")
        turn.end("1")
        await desk.settled()
        found = await desk.backend.conversations.get(desk.open_id)
        assert found is not None
        assert found.overrides == Overrides().with_parameter("verbosity", "high")


async def test_instructions_typed_in_a_conversation_just_left_are_stored_there() -> None:
    async with Desk(environment=COMET) as desk:
        first = await desk.ask_and_answer("One", "1")
        desk.controllers.library.open_new()
        desk.window.settings.override_changed.emit(first, "answer.system_prompt", "Rhyme.")
        await desk.written()
        assert own(desk) == Overrides()
        await desk.opened(first)
        assert own(desk) == Overrides("Rhyme.")


async def test_the_api_of_the_provider_decides_which_settings_are_offered() -> None:
    async with Desk(environment=COMET) as desk:
        await until(lambda: "answer.stop" in refused(desk))
        assert "Responses API" in answer_note(desk, "answer.stop")
    async with Desk(environment=SERVER) as desk:
        desk.window.prompt.row.effort_requested.emit(Effort.NONE)
        helped = tr(setting("answer.stop").help)
        await until(lambda: not refused(desk) and answer_note(desk, "answer.stop") != helped)
        assert answer_note(desk, "answer.stop").startswith(helped)
        await desk.ask_and_answer("One", "1")
        desk.stage.learnt = LearnedSupport(Api.CHAT_COMPLETIONS)
        set_own(desk, "answer.stop", "END\n\\n")
        await until(lambda: answer_note(desk, "answer.stop") == helped)
        assert "answer.stop" not in refused(desk)
        assert "answer.reasoning_summary" in refused(desk)
        turn = await desk.ask("Two")
        assert turn.request.parameters.stop == ("END", "\n")
        turn.end("2")
        await desk.settled()


async def test_settings_before_the_first_question_survive_a_restart() -> None:
    async with Desk(environment=COMET) as desk:
        first = await desk.ask_and_answer("One", "1")
        desk.controllers.library.open_new()
        set_own(desk, "answer.system_prompt", "Rhyme.")
        await desk.opened(first)  # left, and come back to
        desk.controllers.library.open_new()
        assert own(desk) == Overrides("Rhyme.")
        await desk.written()
    async with Desk(environment=COMET) as desk:
        desk.controllers.library.open_new()
        assert own(desk) == Overrides("Rhyme.")
        turn = await desk.ask("Two")
        assert turn.request.instructions == "Rhyme."
        turn.end("2")
        await desk.settled()
        desk.controllers.library.open_new()
        assert own(desk) == Overrides()
    async with Desk(environment=COMET) as desk:
        desk.controllers.library.open_new()
        assert own(desk) == Overrides()


async def test_two_changes_of_a_conversation_just_left_are_both_kept() -> None:
    async with Desk() as desk:
        left = await desk.ask_and_answer("First", "One")
        desk.controllers.library.open_new()
        for key in ("answer.temperature", "answer.top_p"):
            desk.window.settings.override_changed.emit(left, key, 0.5)
        await desk.written()
        await desk.opened(left)
        parameters = desk.state.setup.ask_settings.parameters
        assert (parameters.temperature, parameters.top_p) == (0.5, 0.5)
