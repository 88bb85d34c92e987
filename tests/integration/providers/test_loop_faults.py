"""Every fault at every moment of a tool loop: the call never runs twice, and its result is kept.

Each case runs over both APIs, and the outcomes must be equal.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import Draft, Message, MessageStatus
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.blocking import blocking
from tests.helpers.tools import Source
from tests.integration.providers.asking import asker_of, event, stored_path
from tests.integration.providers.test_faults import (
    BEFORE,
    BEFORE_HEADERS,
    DIALECTS,
    FAULTS,
    MOMENTS,
    TIMES,
    Dialect,
)
from tests.unit.providers.loopback import LoopbackServer, Script, replies, stalls, streams

ARGUMENTS = ('{"n": ', "2}")


def _responses_call() -> tuple[bytes, ...]:
    item = {"type": "function_call", "call_id": "c", "name": "count", "arguments": ""}
    kind = "response.function_call_arguments.delta"
    deltas = [event({"type": kind, "output_index": 0, "delta": piece}) for piece in ARGUMENTS]
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    end = {"type": "response.completed", "response": {"status": "completed"}}
    return (event(added), *deltas, event(end))


def _chat_call() -> tuple[bytes, ...]:
    def chunk(call: dict[str, Any], reason: str | None = None) -> bytes:
        delta = {"tool_calls": [{"index": 0, **call}]} if call else {}
        return event({"id": "c", "choices": [{"delta": delta, "finish_reason": reason}]})

    named = {"id": "c", "type": "function", "function": {"name": "count", "arguments": ""}}
    deltas = [chunk({"function": {"arguments": piece}}) for piece in ARGUMENTS]
    return (chunk(named), *deltas, chunk({}, "tool_calls") + b"data: [DONE]\n\n")


CALLS: dict[Api, tuple[bytes, ...]] = {
    Api.RESPONSES: _responses_call(),
    Api.CHAT_COMPLETIONS: _chat_call(),
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a loop.

    Attributes:
        ran: how often the tool ran.
        said: each wait for another attempt.
    """

    requests: int
    ran: int
    said: tuple[str, ...]
    answer: Message

    @property
    def states(self) -> list[tuple[ToolCallState, str]]:
        """Return the state and the result of each stored call."""
        return [(call.state, call.result) for call in tool_calls(self.answer.parts)]

    @property
    def seen(self) -> str:
        """Return what the user sees, and what is stored, in one line."""
        note = self.answer.error
        sees = f"[{self.answer.status}]" if note is None else note.sentences
        shown = [f"“{self.answer.text}”"] if self.answer.text else []
        calls = ", ".join(f"{state} “{result}”" for state, result in self.states)
        kept = f"answer {self.answer.status}, calls: {calls or 'none'}, ran {self.ran} times"
        return " / ".join([str(self.requests), *shown, *self.said, sees, kept])


async def outcome(
    folder: Path, api: Api, scripts: Sequence[Script], *, stops_tool: bool = False
) -> Outcome:
    """Ask with a tool that counts, and return what another run of the program finds."""
    ran: list[Any] = []
    runs = asyncio.Event()

    async def count(arguments: Any) -> str:
        ran.append(arguments)
        runs.set()
        if stops_tool:
            await asyncio.Event().wait()
        return f"counted {len(ran)}"

    catalog = ToolCatalog([Source(count=count)])
    async with (
        LoopbackServer(*scripts) as server,
        asker_of(folder, server.base_url, api=api, timeouts=TIMES, tools=lambda: catalog) as asker,
    ):
        asker.settings = AskSettings(parameters=GenerationParameters(tools=("count",)))
        began = await asker.begin(Draft("How many?"), [])
        run = asyncio.ensure_future(began.run(asker.listen, lambda _: None))
        if stops_tool:
            await runs.wait()
            run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        requests = len(server.requests)
        replayed = [replay_in(request.json) for request in server.requests[1:]]
        assert replayed == (requests - 1) * [("c", {"n": 2}, "counted 1")], (
            "the next request has it"
        )
        said = tuple(words for words in asker.said if "Trying again" in words)
    _, answer = await stored_path(folder, began.conversation.id)
    assert all(arguments == {"n": 2} for arguments in ran)
    return Outcome(requests, len(ran), said, answer)


def replay_in(body: dict[str, Any]) -> tuple[str, Any, str]:
    """Return the call, its arguments and its result in a request, without its tags."""
    if "input" in body:
        (call,) = (item for item in body["input"] if item.get("type") == "function_call")
        (out,) = (item for item in body["input"] if item.get("type") == "function_call_output")
        assert body["input"].index(call) < body["input"].index(out)
        number, arguments, result = call["call_id"], call["arguments"], out["output"]
        assert out["call_id"] == number
    else:
        *_, said, out = body["messages"]
        (call,) = said["tool_calls"]
        number, arguments = call["id"], call["function"]["arguments"]
        result = out["content"]
        assert (out["role"], out["tool_call_id"]) == ("tool", number)
    first, kept, last = result.splitlines()
    assert first.startswith("<result-")
    assert last == f"</{first[1:]}"
    return number, json.loads(arguments), kept


@blocking
async def over_both(
    folder: Path, scripts: Callable[[Api, Dialect], Sequence[Script]], *, stops_tool: bool = False
) -> Outcome:
    for api in DIALECTS:
        (folder / api.name).mkdir()

    runs = (
        outcome(folder / api.name, api, scripts(api, dialect), stops_tool=stops_tool)
        for api, dialect in DIALECTS.items()
    )
    first, second = list(await asyncio.gather(*runs))
    assert first.seen == second.seen, "which API it was cannot be told"
    return first


def calling(api: Api) -> Script:
    return streams(*CALLS[api])


def whole(dialect: Dialect) -> Script:
    return streams(dialect.opening, dialect.text, dialect.end)


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "Garbage"])
def test_a_call_that_is_cut_never_runs(fault: str, tmp_path: Path) -> None:
    result = over_both(tmp_path, lambda api, d: [FAULTS[fault](d.opening, *CALLS[api][:2])])
    assert (result.requests, result.ran) == (1, 0)
    assert result.states == [(ToolCallState.REQUESTED, "")]
    assert result.answer.status is MessageStatus.FAILED


CASES = [
    (fault, moment)
    for fault in FAULTS
    for moment in (BEFORE, "mid-text")
    if moment != BEFORE or fault in BEFORE_HEADERS
]


@pytest.mark.parametrize(("fault", "moment"), CASES)
def test_a_fault_of_the_second_request(fault: str, moment: str, tmp_path: Path) -> None:
    pieces, text = MOMENTS.get(moment, (lambda _: (), ""))

    def scripts(api: Api, dialect: Dialect) -> Sequence[Script]:
        before = moment == BEFORE
        return [calling(api), BEFORE_HEADERS[fault] if before else FAULTS[fault](*pieces(dialect))]

    result = over_both(tmp_path, scripts)
    assert (result.requests, result.ran) == (2, 1), "neither is repeated"
    assert result.states == [(ToolCallState.DONE, "counted 1")], "its result is kept"
    assert (result.answer.text, result.answer.status) == (text, MessageStatus.FAILED)
    assert result.answer.error is not None
    if fault != "Garbage":
        assert "but you may be charged twice" in result.answer.error.hint


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize("times", [1, 3])
def test_a_refused_second_request_is_sent_again_but_no_call(
    status: int, times: int, tmp_path: Path
) -> None:
    refused = replies(status, {}, retry_after_ms="10")
    result = over_both(tmp_path, lambda api, d: [calling(api), *times * [refused], whole(d)])
    has_failed = times == 3
    assert (result.requests, result.ran) == (4 if has_failed else 3, 1)
    assert result.states == [(ToolCallState.DONE, "counted 1")]
    ended = MessageStatus.FAILED if has_failed else MessageStatus.COMPLETE
    assert result.answer.status is ended
    assert len(result.said) == (2 if has_failed else 1), "each wait is said"


def test_stop_while_a_tool_runs(tmp_path: Path) -> None:
    result = over_both(tmp_path, lambda api, d: [calling(api), stalls()], stops_tool=True)
    assert (result.requests, result.ran) == (1, 1), "nothing is sent after Stop"
    assert result.answer.status is MessageStatus.CANCELLED
    assert [state for state, _ in result.states] == [ToolCallState.INTERRUPTED]
