"""Settings of a single conversation are stored and sent with it only."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from desktop_app.app.navigator import Navigator
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.variants import Effort
from desktop_app.settings.schema import overridable_settings, settings_of
from desktop_app.settings.setting import Group
from desktop_app.settings.ui.responses_tab import CONVERSATION
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.settings_pages import answer_field
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.helpers.widgets import find

COMET = {"COMETAPI_KEY": "sk-comet"}
SERVER = {
    "OPENAI_API_KEY": "sk-x",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    **FAMILY_ENVIRONMENT,
}


def set_own(app: AppHarness, key: str, value: object) -> None:
    app.state.of(SettingsController).override(app.open_id, key, value)


def own(app: AppHarness) -> Overrides:
    return app.state.current.conversation.overrides


def refused(app: AppHarness) -> set[str]:
    """Return the settings of its answers that the open conversation cannot change."""
    app.window.settings.pages.by_name["answer"].page.show_scope(CONVERSATION)
    keys = [each.key for each in (*settings_of(Group.ANSWER), *overridable_settings())]
    return {key for key in keys if not answer_field(app, key).isEnabled()}


async def test_a_conversations_own_settings_are_kept_and_sent_with_it_alone() -> None:
    async with AppHarness(environment=COMET) as app:
        # Settings that change during a turn or in a conversation just left are kept.
        turn = await app.ask("One")
        left = app.open_id
        set_own(app, "answer.verbosity", "high")
        turn.end("1")
        await app.settled()
        app.controllers.of(Navigator).open_new()
        for key in ("answer.temperature", "answer.top_p"):  # it was a setting earlier
            app.state.of(SettingsController).override(left, key, 0.5)
        await app.written()
        assert own(app) == Overrides()
        await app.open_conversation(left)
        sent = app.state.setup.ask_settings.parameters
        assert (sent.verbosity, sent.temperature, sent.top_p) == ("high", 0.5, 0.5)

        # A conversations own settings are sent with it alone.
        await app.start_over()
        app.window.prompt.row.model_button.effort_requested.emit(Effort.NONE)
        app.window.settings.pages.change("answer.temperature", 0.2)
        set_own(app, "answer.temperature", 1.5)
        set_own(app, "answer.system_prompt", "Rhyme.")
        await app.written()
        turn = await app.ask("One")  # a blank conversation has settings of its own, too
        assert turn.request.parameters.temperature == 1.5
        assert turn.request.instructions == "Rhyme."
        turn.end("1")
        await app.settled()
        first = app.open_id
        app.controllers.of(Navigator).open_new()
        app.window.prompt.row.model_button.effort_requested.emit(Effort.NONE)
        turn = await app.ask("Two")
        assert turn.request.parameters.temperature == 0.2
        assert turn.request.instructions == ""
        turn.end("2")
        await app.settled()
        await app.open_conversation(first)
        app.state.of(SettingsController).remove_override(first, "answer.temperature")
        await app.written()
        turn = await app.ask("Three")
        assert turn.request.parameters.temperature == 0.2
        assert turn.request.instructions == "Rhyme."
        turn.end("3")
        await app.settled()
    async with AppHarness(environment=COMET) as app:
        await app.open_conversation(first)
        assert own(app) == Overrides("Rhyme.")
        shown = answer_field(app, "answer.system_prompt")
        assert isinstance(shown, QPlainTextEdit)
        find(app.window.settings, SegmentedControl, "scope").button("conversation").click()
        assert shown.toPlainText() == "Rhyme."


@pytest.mark.slow
async def test_the_api_of_the_provider_decides_which_settings_are_offered() -> None:
    async with AppHarness(environment=SERVER) as app:
        app.window.prompt.row.model_button.effort_requested.emit(Effort.NONE)
        await until(lambda: not refused(app))
        await app.ask_and_answer("One", "1")
        app.providers.learnt = LearnedSupport(Api.CHAT_COMPLETIONS)
        set_own(app, "answer.stop", "END\n\\n")  # it was a setting earlier
        await until(lambda: "answer.reasoning_summary" in refused(app))
        turn = await app.ask("Two")
        assert turn.request.parameters.stop == ("END", "\n")
        turn.end("2")
        await app.settled()


@pytest.mark.slow
async def test_settings_before_the_first_question_survive_a_restart() -> None:
    async with AppHarness(environment=COMET) as app:
        first = await app.ask_and_answer("One", "1")
        app.controllers.of(Navigator).open_new()
        set_own(app, "answer.system_prompt", "Rhyme.")
        await app.open_conversation(first)  # left, and come back to
        app.controllers.of(Navigator).open_new()
        assert own(app) == Overrides("Rhyme.")
        await app.written()
    async with AppHarness(environment=COMET) as app:
        app.controllers.of(Navigator).open_new()
        assert own(app) == Overrides("Rhyme.")
        turn = await app.ask("Two")
        assert turn.request.instructions == "Rhyme."
        turn.end("2")
        await app.settled()
        app.controllers.of(Navigator).open_new()
        assert own(app) == Overrides()
    async with AppHarness(environment=COMET) as app:
        app.controllers.of(Navigator).open_new()
        assert own(app) == Overrides()
