"""Several answers to one question in the window, streamed at once as versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.answering.answer_status import StatusCode, answer_status
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.answers.candidate_answers import COUNTED_WITH_FIRST, shared_usage_notice
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.family import FAMILY_ENVIRONMENT

if TYPE_CHECKING:
    import pytest

    from desktop_app.domain.conversations.conversation import Message
    from tests.gui.app.scripted_providers import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}
SERVER = {
    "OPENAI_API_KEY": "sk-x",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    **FAMILY_ENVIRONMENT,
}


async def ask_for(app: AppHarness, count: int, question: str = "Why?") -> list[Turn]:
    """Ask for several answers, each of which is a request."""
    app.window.settings.pages.responses.page.override_changed.emit(
        app.open_id, "answer.candidates", count
    )
    before = len(app.providers.turns)
    await app.ask(question)
    await until(lambda: len(app.providers.turns) == before + count)
    return app.providers.turns[before:]


async def test_versions_are_listed_while_they_arrive() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second, third = await ask_for(app, 3)
        await until(lambda: "1/3" in app.transcript)
        first.say("The first.")
        second.say("The second")
        await until(lambda: "The first." in app.transcript)
        assert "The second" not in app.transcript
        app.act("newer-version")
        await until(lambda: "2/3" in app.transcript)
        assert "The second" in app.transcript  # its text so far
        second.say(" goes on.")
        await until(lambda: "The second goes on." in app.transcript)
        assert app.is_shown("stop")
        third.end("The third.")
        second.end()
        await until(lambda: "Response complete." in app.window.notifications.status.text())
        assert app.is_shown("stop")  # the first is still on its way
        assert app.is_marked_as_streaming(app.open_id)
        first.end()
        await app.settled()
        assert not app.is_shown("stop")
        assert not app.is_marked_as_streaming(app.open_id)
        texts = [text for role, _, text in app.messages() if role == "assistant"]
        assert texts == ["The first.", "The second goes on.", "The third."]


async def test_stop_stops_all_and_keeps_all() -> None:
    async with AppHarness(environment=COMET) as app:
        turns = await ask_for(app, 3)
        for number, turn in enumerate(turns):
            turn.say(f"Half {number}")
        await until(lambda: "Half 0" in app.transcript)
        app.window.prompt.stop_requested.emit()
        await app.settled()
        assert all(turn.closed for turn in turns)
        assert app.messages()[1:] == [
            ("assistant", "cancelled", f"Half {number}") for number in range(3)
        ]


async def test_a_stored_answer_does_not_hide_that_another_is_not_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await ask_for(app, 2)
        await until(lambda: "1/2" in app.transcript)
        ids = set(app.state.current.versions[app.state.current.path[-1].id])
        unstorable, save, said = set(ids), app.disk.save_answer, list[object]()
        app.controllers.running.store_error_changed.connect(lambda _id, error: said.append(error))

        async def save_some(answer: Message) -> None:
            if answer.id in unstorable:
                raise StoreFullError(DISK_FULL)
            await save(answer)

        monkeypatch.setattr(app.disk, "save_answer", save_some)
        first.say("One")
        second.say("Two")
        await until(lambda: len(said) == 2)
        unstorable.remove(app.state.current.path[-1].id)
        await until(lambda: None in said)
        assert DISK_FULL in app.said
        unstorable.clear()
        first.end()
        second.end()
        await app.settled()
        assert app.said == ""


async def test_a_queued_question_is_asked_once_all_answers_have_ended() -> None:
    async with AppHarness(environment=COMET) as app:
        first, second = await ask_for(app, 2)
        app.type("And then?")
        app.enter()
        first.end("A")
        await app.written()
        assert len(app.providers.turns) == 2
        second.end("B")
        await until(lambda: len(app.providers.turns) == 4)
        assert app.providers.turns[2].asked == "And then?"
        for turn in app.providers.turns[2:]:
            turn.end("C")
        await app.settled()


async def test_chat_completions_gets_a_single_request() -> None:
    async with AppHarness(environment=SERVER) as app:
        app.providers.learnt = LearnedSupport(Api.CHAT_COMPLETIONS)
        app.window.settings.pages.responses.page.override_changed.emit(
            app.open_id, "answer.candidates", 2
        )
        turn = await app.ask("Why?")
        assert turn.request.parameters.candidates == 2
        turn.give(TextDelta("A"), CandidateEvent(1, TextDelta("B")), CandidateEvent(1, Completed()))
        turn.give(UsageReported(Usage(1000, 0, 400)), Completed())
        await app.settled()
        assert len(app.providers.turns) == 1
        assert str(shared_usage_notice(2)) in app.transcript
        app.act("newer-version")
        await until(lambda: str(COUNTED_WITH_FIRST) in app.transcript)
        assert len(app.stored("SELECT 1 FROM ledger")) == 1


async def test_an_answer_that_waits_for_the_first_one_is_queued_and_has_no_speed() -> None:
    queued = answer_status(StatusCode.QUEUED).sentences
    async with AppHarness(environment=SERVER) as app:
        app.window.settings.pages.responses.page.override_changed.emit(
            app.open_id, "answer.candidates", 2
        )
        first, shown = await app.ask("Why?"), app.window.prompt.row.estimate_label

        def is_fast() -> bool:
            first.say("A ")
            return "tok/s" in shown.text()

        await until(is_fast)
        assert queued not in app.transcript
        app.act("newer-version")
        await until(lambda: queued in app.transcript)
        assert shown.text() == ""
        rates: list[float] = []
        app.controllers.running.rate_changed.connect(lambda *rate: rates.append(rate[2]))
        first.say("B")
        await until(lambda: rates)
        assert shown.text() == ""
        first.end()
        await until(lambda: len(app.providers.turns) == 2)
        await until(lambda: queued not in app.transcript)
        app.providers.turns[1].end("The second.")
        await app.settled()


async def test_the_estimate_shows_the_number_of_answers_and_their_input() -> None:
    async with AppHarness(environment=COMET) as app:
        app.type("one two three four")
        await until(lambda: app.estimate)
        one = app.window.prompt.row.estimate
        app.window.settings.pages.responses.page.override_changed.emit(
            app.open_id, "answer.candidates", 3
        )
        await until(lambda: app.window.prompt.row.estimate != one)
        whole, _short, tip = app.window.prompt.row.estimate
        assert whole.endswith("3 responses")
        assert "3 responses, input billed 3 times" in tip


async def test_regenerating_and_continuing_request_one_answer_each() -> None:
    async with AppHarness(environment=COMET) as app:
        for turn in await ask_for(app, 2):
            turn.end("A")
        await app.settled()
        app.act("retry")
        await until(lambda: len(app.providers.turns) == 3)
        app.providers.turns[-1].end("B")
        await app.settled()
        assert "3/3" in app.transcript
        app.act("continue")
        await until(lambda: len(app.providers.turns) == 4)
        app.providers.turns[-1].end("C")
        await app.settled()
        assert len(app.providers.turns) == 4


async def test_the_quick_prompt_requests_one_answer() -> None:
    async with AppHarness(environment=COMET) as app:
        app.window.settings.pages.setting_changed.emit("answer.candidates", 4)
        await app.written()
        app.session.quick.open_with("")
        app.session.quick.window.submit_requested.emit("Why?")
        await until(lambda: app.providers.turns)
        app.providers.turns[-1].end("Because.")
        await app.settled()
        assert len(app.providers.turns) == 1
        app.session.quick.window.hide()
