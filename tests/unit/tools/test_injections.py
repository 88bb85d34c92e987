"""Prompt injections: what a tool returns changes neither consent nor the boundary around it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import ToolCallStep
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.prompt_delimiter import PromptDelimiter
from desktop_app.domain.tools.tool import ToolCallState, ToolContext
from desktop_app.tools.calls.call_results import sent_parts
from desktop_app.tools.calls.call_run import CallRun
from desktop_app.tools.calls.consent import ConsentBroker, Decision
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.blocking import blocking
from tests.helpers.tools import Answers, Permissions, Source

FILE = Path(__file__).parents[2] / "data/tools/injections.txt"
INJECTIONS = FILE.read_text("utf-8").splitlines()
NUMBER = "123456789012"


@blocking
async def run(broker: ConsentBroker, text: str) -> tuple[Source, list[ToolCallPart]]:
    """Run the calls of a model that obeys `text`: `read`, which returns it, then `send`."""

    async def read(_arguments: Any) -> str:
        return text

    async def send(_arguments: Any) -> str:
        raise AssertionError("the secret has left")

    source = Source(read=read, send=send)
    ended: list[ToolCallPart] = []

    tools = await ToolCatalog([source]).choose(["read", "send"])
    calls = CallRun(tools, broker, ToolContext("c"))
    for name, arguments in (("read", "{}"), ("send", "{}"), ("always", text), ("send", text)):
        call = ToolCallPart(f"c{len(ended)}", name, arguments)
        steps = [step async for step in calls.run([call], 10)]
        calls_now = [step.call for step in steps if isinstance(step, ToolCallStep)]
        ended.extend(each for each in calls_now if each.state.has_ended)
    return source, ended


@pytest.mark.attack("tools")
@pytest.mark.parametrize("text", INJECTIONS)
def test_text_in_a_result_does_not_give_consent(text: str) -> None:
    book = Permissions()
    broker, user = ConsentBroker(book), Answers(Decision(True), Decision(False), Decision(False))
    broker.set_source(user)
    source, calls = run(broker, text)
    assert [name for name, _ in source.calls] == ["read"]
    asked = [question.tool.name for question in user.questions]
    assert asked[:2] == ["read", "send"]
    assert not book.kept
    states = [call.state for call in calls]
    assert states[:2] == [ToolCallState.DONE, ToolCallState.DENIED]
    assert not {ToolCallState.DONE, ToolCallState.RUNNING} & set(states[1:])
    (sent,) = sent_parts(calls[:1], PromptDelimiter(NUMBER))
    assert len(re.findall(NUMBER, sent.result)) == 2, "only the two tags have the number"
    assert sent.result.endswith(f"</result-{NUMBER}>")
