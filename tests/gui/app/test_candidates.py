"""Several answers to one question in the window, streamed at once as versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.answering.stream_events import (
    Completed,
    OfCandidate,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.candidate_answers import COUNTED_WITH_FIRST, shared_usage_notice
from tests.gui.app.desk import Desk, until
from tests.helpers.family import FAMILY_ENVIRONMENT

if TYPE_CHECKING:
    from tests.gui.app.stage import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}
SERVER = {
    "OPENAI_API_KEY": "sk-x",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    **FAMILY_ENVIRONMENT,
}


async def ask_for(desk: Desk, count: int, question: str = "Why?") -> list[Turn]:
    """Ask for several answers, each of which is a request."""
    desk.window.settings.override_changed.emit(desk.open_id, "answer.candidates", count)
    before = len(desk.stage.turns)
    await desk.ask(question)
    await until(lambda: len(desk.stage.turns) == before + count)
    return desk.stage.turns[before:]


async def test_versions_are_listed_while_they_arrive() -> None:
    async with Desk(environment=COMET) as desk:
        first, second, third = await ask_for(desk, 3)
        await until(lambda: "1/3" in desk.transcript)
        first.say("The first.")
        second.say("The second")
        await until(lambda: "The first." in desk.transcript)
        assert "The second" not in desk.transcript
        desk.act("newer-version")
        await until(lambda: "2/3" in desk.transcript)
        assert "The second" in desk.transcript  # what has come of it so far
        second.say(" goes on.")
        await until(lambda: "The second goes on." in desk.transcript)
        assert desk.is_shown("stop")
        third.end("The third.")
        second.end()
        await until(lambda: "Response complete." in desk.window.notifications.status.text())
        assert desk.is_shown("stop")  # the first is still on its way
        assert desk.has_dot(desk.open_id)
        first.end()
        await desk.settled()
        assert not desk.is_shown("stop")
        assert not desk.has_dot(desk.open_id)
        texts = [text for role, _, text in desk.messages() if role == "assistant"]
        assert texts == ["The first.", "The second goes on.", "The third."]


async def test_stop_stops_all_and_keeps_all() -> None:
    async with Desk(environment=COMET) as desk:
        turns = await ask_for(desk, 3)
        for number, turn in enumerate(turns):
            turn.say(f"Half {number}")
        await until(lambda: "Half 0" in desk.transcript)
        desk.window.prompt.stop_requested.emit()
        await desk.settled()
        assert all(turn.closed for turn in turns)
        assert desk.messages()[1:] == [
            ("assistant", "cancelled", f"Half {number}") for number in range(3)
        ]


async def test_a_queued_question_is_asked_once_all_answers_have_ended() -> None:
    async with Desk(environment=COMET) as desk:
        first, second = await ask_for(desk, 2)
        desk.type("And then?")
        desk.enter()
        first.end("A")
        await desk.written()
        assert len(desk.stage.turns) == 2
        second.end("B")
        await until(lambda: len(desk.stage.turns) == 4)
        assert desk.stage.turns[2].asked == "And then?"
        for turn in desk.stage.turns[2:]:
            turn.end("C")
        await desk.settled()


async def test_chat_completions_gets_a_single_request() -> None:
    async with Desk(environment=SERVER) as desk:
        desk.stage.learnt = LearnedSupport(Api.CHAT_COMPLETIONS)
        desk.window.settings.override_changed.emit(desk.open_id, "answer.candidates", 2)
        turn = await desk.ask("Why?")
        assert turn.request.parameters.candidates == 2
        turn.give(TextDelta("A"), OfCandidate(1, TextDelta("B")), OfCandidate(1, Completed()))
        turn.give(UsageReported(Usage(1000, 0, 400)), Completed())
        await desk.settled()
        assert len(desk.stage.turns) == 1
        assert str(shared_usage_notice(2)) in desk.transcript
        desk.act("newer-version")
        await until(lambda: str(COUNTED_WITH_FIRST) in desk.transcript)
        assert len(desk.stored("SELECT 1 FROM ledger")) == 1


async def test_the_estimate_shows_the_number_of_answers_and_their_input() -> None:
    async with Desk(environment=COMET) as desk:
        desk.type("one two three four")
        await until(lambda: desk.estimate)
        one = desk.window.prompt.row.estimate
        desk.window.settings.override_changed.emit(desk.open_id, "answer.candidates", 3)
        await until(lambda: desk.window.prompt.row.estimate != one)
        whole, _short, tip = desk.window.prompt.row.estimate
        assert whole.endswith("3 responses")
        assert "3 responses, input billed 3 times" in tip


async def test_regenerating_and_continuing_request_one_answer_each() -> None:
    async with Desk(environment=COMET) as desk:
        for turn in await ask_for(desk, 2):
            turn.end("A")
        await desk.settled()
        desk.act("retry")
        await until(lambda: len(desk.stage.turns) == 3)
        desk.stage.turns[-1].end("B")
        await desk.settled()
        assert "3/3" in desk.transcript
        desk.act("continue")
        await until(lambda: len(desk.stage.turns) == 4)
        desk.stage.turns[-1].end("C")
        await desk.settled()
        assert len(desk.stage.turns) == 4


async def test_the_quick_prompt_requests_one_answer() -> None:
    async with Desk(environment=COMET) as desk:
        desk.window.settings.setting_changed.emit("answer.candidates", 4)
        await desk.written()
        desk.session.quick.open_with("")
        desk.session.quick.window.submit_requested.emit("Why?")
        await until(lambda: desk.stage.turns)
        desk.stage.turns[-1].end("Because.")
        await desk.settled()
        assert len(desk.stage.turns) == 1
        desk.session.quick.window.hide()
