"""Runs in the background: left, stopped, and picked up by a later process."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.budget.ledger import from_nanos, record_lost_calls, to_nanos
from desktop_app.chat.answers import answer_measures
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.run_resumption import ResumedRun, runs_to_resume
from desktop_app.chat.send_context import AskSettings, offers_background
from desktop_app.domain.answering.answer_status import StatusCode, answer_status, status_text
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, RemoteRun
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import AuthenticationError, RunLostError
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending_report import Grouping
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.providers.gateway.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from tests.helpers.scripted_provider import ScriptedProvider
from tests.helpers.waiting import cancel
from tests.unit.chat.test_chat_service import ChatSetup, open_chat
from tests.unit.providers.samples import CATALOG

HELD = ScriptedProvider.HOLD
USAGE = Usage(1_000, 0, 2_000, 0)
COST = Decimal("0.357")  # of Pro: 1,000 × 21 + 2,000 × 168, a million tokens each


RUN = RemoteRun("resp_1")
NAMED: tuple[StreamEvent | str, ...] = (Started("resp_1"), RunAdvanced(RUN))
BEGINNING: tuple[StreamEvent | str, ...] = (*NAMED, TextDelta("One, "))
END: tuple[StreamEvent | str, ...] = (TextDelta("two."), UsageReported(USAGE), Completed())
IN_BACKGROUND = AskSettings(background=True)


async def begin_in_background(chat: ChatSetup, **more: Any) -> AnswerRun:
    return await chat.begin("?", variant=Variant.PRO, settings=IN_BACKGROUND, **more)


async def interrupted_answer(chat: ChatSetup, provider: ScriptedProvider, **more: Any) -> Message:
    """Return an answer whose process ended before it was complete."""
    began = await begin_in_background(chat, **more)
    task = asyncio.ensure_future(chat.run(began))
    await provider.holding.wait()
    began.leave_running()
    await cancel(task)
    for table in ("messages", "spending_holds"):
        sql = f"UPDATE {table} SET owner_started = 'earlier'"
        await chat.database.execute(sql)
    kept = await chat.store.message(began.answer.id)
    assert kept is not None
    return kept


async def run_to_resume(chat: ChatSetup, profile: ProviderProfile = OPENAI) -> AnswerRun:
    """Return the only run that an earlier process has left."""
    [found] = await runs_to_resume(chat.store, chat.service, [profile])
    return found


async def spent(chat: ChatSetup, answer: Message) -> Decimal:
    return (await chat.ledger.conversation_spending(answer.conversation_id)).cost


async def test_a_resumed_run_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    provider = ScriptedProvider([*BEGINNING, HELD], [*BEGINNING, *END])

    async with open_chat(tmp_path, provider) as chat:
        await interrupted_answer(chat, provider)
        earlier = "UPDATE messages SET created_at = created_at - 3600000000"
        await chat.database.write(lambda c: c.execute(earlier))
        answering = await run_to_resume(chat)
        assert await runs_to_resume(chat.store, chat.service, [OPENAI]) == []
        chat.heard.clear()
        answer = await chat.run(answering)
        assert (answer.text, answer.status) == ("One, two.", MessageStatus.COMPLETE)
        assert (answer.usage, answer.cost, answer.remote_run) == (USAGE, COST, None)
        assert answer.duration_s is not None
        assert 3600 < answer.duration_s < 7200, "with the time of the earlier process"
        assert await chat.store.message(answer.id) == answer
        assert await spent(chat, answer) == COST
        assert [e for e in chat.heard if isinstance(e, TextDelta)] == [
            TextDelta("One, "),
            TextDelta("two."),
        ]
        assert chat.heard[0] == StatusChanged(
            0, answer_status(StatusCode.RECONNECTING, provider="OpenAI")
        )
        assert provider.resumed == [RUN]


@pytest.mark.parametrize("cap", [None, Decimal(100)])
@pytest.mark.parametrize("is_lost_recorded", [False, True])
@pytest.mark.parametrize("end", ["usage", "no usage", "lost"])
async def test_a_resumed_run_is_one_call_of_the_month(
    tmp_path: Path, cap: Decimal | None, is_lost_recorded: bool, end: str
) -> None:
    ends = {
        "usage": [*BEGINNING, *END],
        "no usage": [*BEGINNING, Completed()],
        "lost": [Failed(RunLostError("It is no longer there."))],
    }
    provider = ScriptedProvider([*BEGINNING, HELD], ends[end])
    profile = replace(OPENAI, monthly_cap=cap)

    async with open_chat(tmp_path, provider) as chat:
        await interrupted_answer(chat, provider, profile=profile)
        [held] = await chat.database.rows("SELECT amount FROM spending_holds")
        assert bool(held["amount"]) is (cap is not None)
        if is_lost_recorded:
            await chat.database.write(record_lost_calls)
        await chat.run(await run_to_resume(chat, profile))
        [row] = await chat.ledger.group_spending(Grouping.PURPOSE)  # records lost calls
        known = to_nanos(COST) if end == "usage" else held["amount"]
        assert (row.spent.calls, row.spent.cost) == (1, from_nanos(known))
        is_estimated = end != "usage" and cap is not None
        assert (row.spent.estimated, row.spent.uncounted) == (is_estimated, not known)


async def test_fees_of_a_search_in_the_background_are_recorded_once(tmp_path: Path) -> None:
    def search(number: int) -> HostedCall:
        done = ToolCallState.DONE
        return HostedCall(
            ToolCallPart(f"s{number}", "web_search", "{}", state=done, is_hosted=True)
        )

    provider = ScriptedProvider(
        [*NAMED, search(1), HELD], [*NAMED, search(1), search(2), *BEGINNING[-1:], *END]
    )
    async with open_chat(tmp_path, provider) as chat:
        answer = await interrupted_answer(chat, provider)
        fee = chat.service.models.tool_prices(chat.service.resolve(OPENAI, answer.choice))
        assert await spent(chat, answer) == fee["web_search"] > 0
        answer = await chat.run(await run_to_resume(chat))
        assert await spent(chat, answer) == answer.cost == COST + 2 * fee["web_search"]


async def test_a_lost_run_is_interrupted_and_keeps_its_text(tmp_path: Path) -> None:
    lost = RunLostError("It is no longer there.")
    provider = ScriptedProvider([*BEGINNING, HELD], [Failed(lost)])

    async with open_chat(tmp_path, provider) as chat:
        await interrupted_answer(chat, provider)
        answering = await run_to_resume(chat)
        answer = await chat.run(answering)
        assert (answer.text, answer.status) == ("One, ", MessageStatus.INTERRUPTED)
        assert answer.error.what_happened == "It is no longer there."
        assert answer.remote_run is None


async def test_a_resumed_run_stopped_early_is_canceled_at_the_provider(tmp_path: Path) -> None:
    provider = ScriptedProvider([*BEGINNING, HELD], [HELD])
    provider.cancel_result = USAGE

    async with open_chat(tmp_path, provider) as chat:
        await interrupted_answer(chat, provider)
        provider.holding.clear()
        answering = await run_to_resume(chat)
        task = asyncio.ensure_future(chat.run(answering))
        await provider.holding.wait()
        await cancel(task)
        assert (answering.answer.text, answering.answer.notices) == ("One, ", ())
        assert answering.answer.status is MessageStatus.CANCELLED
        assert await answering.cancel_remote()
        assert provider.cancelled == [RUN]


async def test_a_run_whose_provider_was_removed_is_interrupted(tmp_path: Path) -> None:
    provider = ScriptedProvider([*BEGINNING, HELD])

    async with open_chat(tmp_path, provider) as chat:
        kept = await interrupted_answer(chat, provider)
        assert await runs_to_resume(chat.store, chat.service, [ON_DEVICE]) == []
        answer = await chat.store.message(kept.id)
        assert (answer.text, answer.status) == ("One, ", MessageStatus.INTERRUPTED)
        assert "no longer set up" in answer.error.what_happened


def test_the_background_is_offered_for_long_answers_of_openai_only() -> None:
    pro, thinking = (CATALOG.for_variant(v) for v in (Variant.PRO, Variant.THINKING))

    def offered(profile: ProviderProfile, info: ModelInfo, effort: Effort | None) -> bool:
        return offers_background(ResolvedChoice(profile, info, info.variant, effort))

    assert offered(OPENAI, pro, Effort.MEDIUM)
    assert offered(OPENAI, thinking, Effort.XHIGH)
    assert offered(OPENAI, thinking, Effort.MEDIUM)
    assert not offered(OPENAI, thinking, Effort.LOW)
    assert not offered(COMETAPI, pro, Effort.XHIGH)
    assert not offered(replace(OPENAI, api=Api.CHAT_COMPLETIONS), thinking, Effort.XHIGH)
    assert not offered(ON_DEVICE, CATALOG.info("smollm2-135m-instruct"), Effort.XHIGH)
    server = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE)
    unknown = ModelInfo("m", "M")
    assert offered(server, unknown, Effort.XHIGH)
    assert not offered(server, unknown, None)
    assert not offered(server, replace(unknown, apis=(Api.CHAT_COMPLETIONS,)), Effort.XHIGH)
    # A Pro model that the catalog doesn't know as one.
    assert offered(server, replace(unknown, apis=(Api.RESPONSES,)), None)
    researched = ResolvedChoice(OPENAI, thinking, thinking.variant, Effort.LOW)
    assert offers_background(researched, is_research=True)


@pytest.mark.parametrize("begun_before", [False, True])
async def test_a_run_without_a_key_waits_for_it(
    tmp_path: Path, begun_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The text that is read again counts once.
    monkeypatch.setattr(answer_measures, "MAX_ANSWER_BYTES", len("One, two."))
    refused = Failed(AuthenticationError("OpenAI needs an API key."))
    first = [*BEGINNING, TextDelta("tw"), refused] if begun_before else [refused]
    whole = [*BEGINNING, *END]
    provider = ScriptedProvider([*BEGINNING, HELD], first, whole)

    async with open_chat(tmp_path, provider) as chat:
        await interrupted_answer(chat, provider)
        answering = await run_to_resume(chat)
        assert isinstance(answering, ResumedRun)
        chat.heard.clear()
        waits = asyncio.Event()

        def listen(event: StreamEvent, _reply: Reply) -> None:
            chat.heard.append(event)
            if isinstance(event, StatusChanged) and "Enter the key" in status_text(event.status):
                waits.set()

        task = asyncio.ensure_future(answering.run(listen, lambda _: None))
        await waits.wait()
        assert answering.answer_so_far.text == ("One, tw" if begun_before else "One, ")
        assert answering.answer_so_far.status is MessageStatus.STREAMING
        sentence = "OpenAI needs an API key. The response continues there. Enter the key to get it."
        assert isinstance(chat.heard[-1], StatusChanged)
        assert status_text(chat.heard[-1].status) == sentence
        answering.retry_with_key("another")
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(provider.resumed) == 1
        answering.retry_with_key(OPENAI.id)
        answer = await task
        assert (answer.text, answer.status) == ("One, two.", MessageStatus.COMPLETE)
        assert provider.resumed[-1] == RUN
