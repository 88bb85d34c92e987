"""The tool loop, over a real store on disk and a scripted provider."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart, tool_calls
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import SpendingCapError
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.tool import Permission, ToolLimits
from desktop_app.services.answers import answer_clock
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.tools import call_run, tool_loop
from desktop_app.services.tools.call_results import INTERRUPTED
from desktop_app.services.tools.consent import ConsentBroker, ConsentQuestion, Decision
from desktop_app.services.tools.tool_set import ToolCatalog
from desktop_app.storage.conversations.conversation_store import ConversationStore
from tests.helpers.scripted_provider import ScriptedProvider
from tests.helpers.tools import Answers, Permissions, Source
from tests.helpers.waiting import cancel
from tests.unit.services.test_chat_service import ChatSetup, open_chat
from tests.unit.storage.samples import opened

USAGE = Usage(1000, 0, 100, 0)
ANSWER: list[StreamEvent | str] = [TextDelta("Done."), UsageReported(USAGE), Completed()]


def settings(*names: str, **limits: Any) -> AskSettings:
    return AskSettings(parameters=GenerationParameters(tools=names), limits=ToolLimits(**limits))


def asks(*calls: tuple[str, str, str]) -> list[StreamEvent | str]:
    deltas = [ToolCallDelta(n, text, i, name) for n, (i, name, text) in enumerate(calls)]
    return [*deltas, UsageReported(USAGE), Completed()]


async def doubled(arguments: Any) -> str:
    return str(arguments.get("n", 0) * 2)


async def run(
    tmp_path: Path,
    source: Source,
    *scripts: list[Any],
    consent: ConsentBroker | None = None,
    profile: ProviderProfile = OPENAI,
    **limits: Any,
) -> tuple[Message, ScriptedProvider, ChatSetup]:
    """Ask once with all tools of a source. Return the answer as stored."""
    provider = ScriptedProvider(*scripts)
    async with open_chat(tmp_path, provider, tools=ToolCatalog([source]), consent=consent) as chat:
        names = [tool.definition.full_name for tool in await source.tools()]
        began = await chat.begin("Two?", profile, settings=settings(*names, **limits))
        answer = await chat.run(began)
        stored = await chat.store.path(began.conversation.id)
        assert stored[-1] == answer
        spent = await chat.ledger.answer_spending(began.conversation.id, answer.id)
    assert spent.calls == len(provider.requests)
    assert spent.cost == answer.cost
    return answer, provider, chat


def call_of(answer: Message) -> ToolCallPart:
    (call,) = tool_calls(answer.parts)
    return call


def sent_results(provider: ScriptedProvider, number: int = -1) -> list[str]:
    calls = tool_calls(p for m in provider.requests[number].messages for p in m.parts)
    return [call.result for call in calls]


async def test_a_call_runs_and_its_result_goes_back(tmp_path: Path) -> None:
    source = Source(double=doubled)
    answer, provider, _ = await run(tmp_path, source, asks(("c1", "double", '{"n": 2}')), ANSWER)
    assert source.calls == [("double", {"n": 2})]
    call = call_of(answer)
    assert (call.state, call.result, call.round) == (ToolCallState.DONE, "4", 0)
    assert call.seconds is not None
    assert (answer.status, answer.text) == (MessageStatus.COMPLETE, "Done.")
    first, second = provider.requests
    assert [tool.name for tool in first.tools] == ["double"]
    assert first.messages == second.messages[:-1]
    (result,) = sent_results(provider)
    assert result.startswith("<result-")
    assert "\n4\n" in result
    assert answer.usage == USAGE + USAGE
    assert answer.cost is not None
    assert answer.cost > Decimal(0)


async def test_parallel_calls_run_at_the_same_time(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def wait(_arguments: Any) -> str:
        await both.wait()
        return "met"

    answer, _, _ = await run(
        tmp_path, Source(wait=wait), asks(("a", "wait", "{}"), ("b", "wait", "{}")), ANSWER
    )
    assert [call.result for call in tool_calls(answer.parts)] == ["met", "met"]


class Clock:
    """The module `time`, whose clock a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("asked_s", "ran_s", "reason"),
    [(60.0, 1.0, None), (0.0, 60.0, Reason.TOOL_TIME_REACHED), (60.0, 50.0, None)],
)
async def test_the_time_of_a_decision_does_not_count(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked_s: float,
    ran_s: float,
    reason: Reason | None,
) -> None:
    clock = Clock()
    monkeypatch.setattr(tool_loop, "time", clock)
    monkeypatch.setattr(call_run, "time", clock)
    monkeypatch.setattr(answer_clock, "time", clock)

    class Slow(Answers):
        async def decide(self, question: ConsentQuestion, stored: Permission) -> Decision:
            clock.now += asked_s
            return await super().decide(question, stored)

    async def work(_arguments: Any) -> str:
        clock.now += ran_s
        return "done"

    consent = ConsentBroker(Permissions())
    consent.set_source(Slow())
    script = [ReasoningDelta("Hm."), *asks(("1", "work", "{}"))]
    answer, *_ = await run(
        tmp_path, Source(work=work), script, ANSWER, consent=consent, seconds=55.0
    )
    assert answer.duration_s == ran_s
    thought = answer.parts[0]
    assert isinstance(thought, ReasoningPart)
    assert thought.seconds == ran_s
    assert call_of(answer).state is ToolCallState.DONE
    assert (answer.error and answer.error.reason) == reason


async def test_the_monthly_cap_between_rounds_is_named_as_before_the_first(tmp_path: Path) -> None:
    profile = replace(OPENAI, monthly_cap=Decimal("0.003"))  # a round costs $0.00315
    source = Source(double=doubled)
    answer, provider, _ = await run(
        tmp_path, source, asks(("c1", "double", "{}")), ANSWER, profile=profile
    )
    assert (answer.error.reason, answer.error.code) == (Reason.CAP_REACHED, SpendingCapError.code)
    assert len(provider.requests) == 1


async def test_ids_that_are_missing_or_repeated_are_replaced(tmp_path: Path) -> None:
    source = Source(double=doubled)
    answer, _, _ = await run(
        tmp_path,
        source,
        asks(("", "double", '{"n": 1}'), ("x", "double", '{"n": 2}'), ("x", "double", '{"n": 3}')),
        asks(("x", "double", '{"n": 4}')),
        ANSWER,
    )
    calls = tool_calls(answer.parts)
    assert len({call.call_id for call in calls}) == 4
    assert [call.result for call in calls] == ["2", "4", "6", "8"]
    assert [call.round for call in calls] == [0, 0, 0, 1]


async def test_a_permission_is_kept_for_this_definition_alone(tmp_path: Path) -> None:
    source, permissions = Source(double=doubled), Permissions()
    consent, user = ConsentBroker(permissions), Answers(Decision(True, Permission.ALWAYS))
    consent.set_source(user)
    await run(tmp_path, source, asks(("1", "double", "{}")), ANSWER, consent=consent)
    (kept,) = permissions.kept.values()
    assert kept is Permission.ALWAYS
    source.parameters = {"type": "object", "title": "changed"}
    await run(tmp_path / "again", source, asks(("1", "double", "{}")), ANSWER, consent=consent)
    assert len(user.questions) == 2
    assert len(permissions.kept) == 1


async def test_a_step_is_on_disk_before_the_call_runs(tmp_path: Path) -> None:
    seen: list[Message] = []
    ids: list[str] = []

    async def look(_arguments: Any) -> str:
        async with opened(tmp_path / "store.sqlite3") as database:
            (message,) = (await ConversationStore(database).path(ids[0]))[1:]
            seen.append(message)
        return "seen"

    source = Source(look=look)
    provider = ScriptedProvider(asks(("1", "look", "{}")), ANSWER)

    async with open_chat(tmp_path, provider, tools=ToolCatalog([source])) as chat:
        began = await chat.begin("Two?", settings=settings("look"))
        ids.append(began.conversation.id)
        answer = await chat.run(began)
    (message,) = seen
    assert (message.status, call_of(message).state) == (
        MessageStatus.STREAMING,
        ToolCallState.RUNNING,
    )
    assert message.usage == USAGE
    assert message.cost == (answer.cost or 0) / 2, "of the first of two requests"


async def test_a_full_disk_keeps_a_call_from_running(tmp_path: Path) -> None:
    source = Source(double=doubled)
    provider = ScriptedProvider(asks(("1", "double", "{}")), ANSWER)

    async with open_chat(tmp_path, provider, tools=ToolCatalog([source])) as chat:
        began = await chat.begin("Two?", settings=settings("double"))
        chat.store.full = True
        answer = await began.run(chat.listen, chat.store_said.append, retry_writes=False)
        assert answer.status is MessageStatus.FAILED
        assert source.calls == []


async def test_stopping_cancels_what_runs_and_the_next_question_says_so(tmp_path: Path) -> None:
    running = asyncio.Event()

    async def hang(_arguments: Any) -> str:
        running.set()
        await asyncio.Event().wait()
        return ""

    provider = ScriptedProvider(asks(("1", "hang", "{}")), ANSWER)

    async with open_chat(tmp_path, provider, tools=ToolCatalog([Source(hang=hang)])) as chat:
        began = await chat.begin("Two?", settings=settings("hang"))
        task = asyncio.create_task(chat.run(began))
        await running.wait()
        await cancel(task)
        path = await chat.store.path(began.conversation.id)
        assert path[-1].status is MessageStatus.CANCELLED
        assert call_of(path[-1]).state is ToolCallState.INTERRUPTED
        again = await chat.begin("Go on", path=path, conversation=began.conversation)
        await chat.run(again)
        assert sent_results(provider) == [INTERRUPTED]
        assert not provider.requests[-1].tools
        assert "material" in provider.requests[-1].instructions
