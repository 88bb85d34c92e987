"""Reports of running calls, which are shown in the line of the call."""

from __future__ import annotations

import asyncio
from typing import Any

from desktop_app.domain.answering.stream_events import ToolCallStep
from desktop_app.domain.conversations.message_facts import call_line
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.domain.tools.tool_context import ToolContext
from desktop_app.services.tools.call_run import CallRun
from desktop_app.services.tools.tool_set import ToolCatalog
from tests.helpers.tools import Source, broker


class Reporting(Source):
    """A source whose tool reports twice, too fast for the second to count."""

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        context.report(1, 4, "work\nin <b>bold</b>")
        context.report(2, 4, "more")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        context.report(float("nan"), 0, "")
        return "done"


async def nothing(_arguments: Any) -> str:
    return ""


async def test_a_progress_report_is_shown_as_the_result_until_the_call_ends() -> None:
    tools = await ToolCatalog([Reporting(slow=nothing)]).choose(["slow"])
    run = CallRun(tools, broker(), ToolContext("c"))
    calls = [ToolCallPart("1", "slow", "{}")]
    steps = [step.call async for step in run.run(calls, 60) if isinstance(step, ToolCallStep)]
    assert [(call.state, call.result) for call in steps[1:]] == [
        (ToolCallState.RUNNING, ""),
        (ToolCallState.RUNNING, "25% · work\nin <b>bold</b>"),
        (ToolCallState.DONE, "done"),
    ]
    assert call_line(steps[2], is_streaming=True) == "slow() · Running · 25% · work in <b>bold</b>"
