"""The client against llmock, a published server of faults, and its verdict."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import IO, Any

import pytest

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ImageData,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.stream_events import Failed, StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.errors import ProviderError, StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.pictures import drawing, packed
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask, fold, terminals

BOTH = pytest.mark.parametrize("api", list(Api))
ANSWER = "Red, yellow and blue: three words that painters know, and žluť too."


class LLMock:
    """A client of the server's control endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_llmock/{path}", data, headers)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def plan(self, *behaviours: dict[str, Any]) -> None:
        self.call("scenario", {"behaviors": list(behaviours)})

    def attempts(self) -> int:
        return len(self.call("requests")["requests"])

    def findings(self) -> set[str]:
        return {finding["code"] for finding in self.call("verdict")["findings"]}


@pytest.fixture(scope="module")
def server() -> Iterator[LLMock]:
    """Yield the server in its own process, on a free port."""
    program = (
        "import socket, sys, uvicorn\n"
        "from llmock.main import create_app\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "uvicorn.Server(uvicorn.Config(create_app(), log_level='error')).run([s])\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield LLMock(f"http://127.0.0.1:{_port(process.stdout)}")
        finally:
            process.terminate()


def _port(out: IO[str]) -> int:
    return int(out.readline())


@pytest.fixture
def llmock(server: LLMock) -> LLMock:
    """Return the server after a reset."""
    server.call("reset", {})
    return server


@blocking
async def send(
    llmock: LLMock, api: Api, request: ChatRequest | None = None, timeouts: Timeouts | None = None
) -> list[StreamEvent]:
    profile = ProviderProfile("m", "Mock", ProviderKind.OPENAI, f"{llmock.url}/v1", api=api)
    client = ProviderClient(
        ProviderAccess(profile, key_for(profile.base_url)), CATALOG, timeouts=timeouts
    )
    async with aclosing(client.stream(request or ask(effort=Effort.NONE))) as events:
        collected = [event async for event in events]
    await client.aclose()
    return collected


def failure(events: list[StreamEvent]) -> ProviderError:
    (end,) = terminals(events)
    assert isinstance(end, Failed)
    return end.error


@BOTH
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_with_its_usage(llmock: LLMock, api: Api, stream: bool) -> None:
    llmock.plan({"type": "reply", "text": ANSWER})
    reply = fold(send(llmock, api, ask(effort=Effort.NONE, stream=stream)))
    assert reply.text == ANSWER
    assert reply.status is MessageStatus.COMPLETE
    assert reply.usage is not None
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert not llmock.findings()


@BOTH
def test_pictures_arrive_with_their_detail(llmock: LLMock, api: Api) -> None:
    llmock.plan({"type": "reply", "text": ANSWER})
    png = packed(drawing(), "PNG")
    parts = (TextPart("What?"), ImageData("image/png", png, "low"))
    request = replace(ask(effort=Effort.NONE), messages=(RequestMessage(Role.USER, parts),))
    assert fold(send(llmock, api, request)).status is MessageStatus.COMPLETE
    (served,) = llmock.call("requests")["requests"]
    messages = served["body"]["input" if api is Api.RESPONSES else "messages"]
    words, image = messages[-1]["content"]
    assert words["text"] == "What?"
    nested = image["image_url"] if api is Api.CHAT_COMPLETIONS else None
    url, detail = (
        (nested["url"], nested["detail"]) if nested else (image["image_url"], image["detail"])
    )
    assert base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True) == png
    assert detail == "low"
    assert not llmock.findings()


@BOTH
def test_an_unreadable_event_does_not_cost_the_answer(llmock: LLMock, api: Api) -> None:
    broken = {"type": "stream_fault", "kind": "malformed", "after_chunks": 7}
    llmock.plan({"type": "reply", "text": ANSWER}, broken)
    events = send(llmock, api)
    reply = fold(events)
    assert reply.status is MessageStatus.COMPLETE
    assert len(reply.text) >= len(ANSWER) - 20


@BOTH
@pytest.mark.parametrize("fault", ["disconnect", "truncate", "stall"])
def test_a_broken_stream_keeps_what_had_arrived(llmock: LLMock, api: Api, fault: str) -> None:
    broken = {"type": "stream_fault", "kind": fault, "after_chunks": 7}
    llmock.plan(
        {"type": "reply", "text": ANSWER},
        {**broken, "stall_seconds": 30} if fault == "stall" else broken,
    )
    events = send(llmock, api, timeouts=Timeouts(read=2.0) if fault == "stall" else Timeouts())
    error = failure(events)
    assert isinstance(error, StreamCutError)
    text = fold(events).text
    assert text
    assert ANSWER.startswith(text)
    # A partial answer may have been billed, so the user decides about a retry. (The server reports
    # every client that does not retry as unaware of the fault.)
    assert llmock.attempts() == 1
