"""The time of a call: progress restarts it, and a question to the user stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import ToolCallStep
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState, ToolContext, ToolDefinition, UserReply
from desktop_app.tools.calls import call_run
from desktop_app.tools.calls.call_run import CallRun
from desktop_app.tools.calls.consent import ConsentBroker, ServerQuestion
from desktop_app.tools.calls.tool_set import SourcedTool, ToolSet
from tests.helpers.simulated_time import in_simulated_time
from tests.helpers.tools import Answers, Permissions, Source

Work = Callable[[ToolContext], Awaitable[str]]
DONE, FAILED = ToolCallState.DONE, ToolCallState.FAILED
TOOL = ToolDefinition("work", "Works.", {"type": "object"}, source="demo", timeout_s=60)


class _Clock:
    """The clock of the running loop."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have calls follow the loop's clock."""
    monkeypatch.setattr(call_run, "time", _Clock())


class _SlowUser(Answers):
    async def ask_user(self, question: ServerQuestion) -> UserReply:
        await asyncio.sleep(1000)
        return UserReply("accept", {"text": question.text})


class _Working(Source):
    def __init__(self, work: Work) -> None:
        super().__init__("demo")
        self._work = work

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        return await self._work(context)


async def outcome_of(work: Work, remaining_s: float = 600) -> tuple[ToolCallPart, CallRun]:
    consent = ConsentBroker(Permissions())
    consent.set_source(_SlowUser())
    tools = ToolSet({TOOL.wire_name: SourcedTool(TOOL, _Working(work))})
    run = CallRun(tools, consent, ToolContext("c"))
    call = ToolCallPart("1", TOOL.wire_name, "{}")
    steps = [step async for step in run.run([call], remaining_s) if isinstance(step, ToolCallStep)]
    return steps[-1].call, run


async def reporting(context: ToolContext, seconds: int) -> str:
    for done in range(seconds):
        await asyncio.sleep(1)
        context.report(done, seconds, "")
    return "done"


async def silent(_context: ToolContext) -> str:
    await asyncio.sleep(61)
    return "done"


async def then_silent(context: ToolContext) -> str:
    await reporting(context, 70)
    return await silent(context)


async def asking(context: ToolContext) -> str:
    await asyncio.sleep(59)
    reply = await context.ask_user("Which?", {})
    await asyncio.sleep(59)
    return str(reply.content["text"])


@pytest.mark.parametrize(
    ("work", "remaining_s", "state", "result"),
    [
        (lambda context: reporting(context, 300), 600, DONE, "done"),
        (lambda context: reporting(context, 300), 200, FAILED, "took longer than 200 s"),
        (silent, 600, FAILED, "took longer than 60 s"),
        (silent, 20, FAILED, "took longer than 20 s"),
        (then_silent, 600, FAILED, "reported no progress for 60 s"),
        (asking, 200, DONE, "Which?"),
    ],
    ids=["progress", "total", "silent", "short", "stalled", "asks"],
)
@in_simulated_time
async def test_a_call_ends_without_progress_or_at_the_end_of_the_answers_time(
    work: Work, remaining_s: float, state: ToolCallState, result: str
) -> None:
    call, run = await outcome_of(work, remaining_s)
    assert call.state is state
    assert result in call.result
    assert run.waited_s == (1000 if work is asking else 0)


@in_simulated_time
async def test_a_text_for_the_user_is_kept_apart_from_the_result() -> None:
    async def work(context: ToolContext) -> str:
        context.show_user("PIN 7")
        context.show_user("half \ud800")
        return "done"

    call, _ = await outcome_of(work)
    assert (call.result, call.for_user) == ("done", "PIN 7\n\nhalf ?")
