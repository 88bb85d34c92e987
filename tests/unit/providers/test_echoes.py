"""Servers that echo the key, in any place and spelling: it is removed before reading."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    ReasoningDelta,
    ReasoningItem,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.apis.redacted_answer import RedactedAnswer
from desktop_app.providers.http.redaction import REMOVED, Redactor
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.secrets import key_for
from tests.helpers.spellings import SPELLINGS
from tests.unit.providers.listings import listed_ids
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI, ask, fold, sse

KEY = "sk-proj-Zx81-ab_cd3fG7hJ2kL9mN4pQ6rS8tV0wX5yZ1"
DONE = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}

pytestmark = pytest.mark.attack("secrets")


@blocking
async def events_of(script: Script, profile: ProviderProfile = OPENAI) -> list[StreamEvent]:
    async with LoopbackServer(script) as server:
        here = replace(profile, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(here, key_for(server.base_url, KEY)), CATALOG)
        events = [event async for event in client.stream(ask())]
        await client.aclose()
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        return events


def texts_of(error: ProviderError) -> str:
    """Return all text that an error holds in any representation."""
    return f"{error.sentences} {error.details} {error!r} {error.args} {vars(error)}"


def assert_is_gone(text: str, spelled: str) -> None:
    assert KEY not in text
    begin = spelled[:100]  # texts of errors are cut at 200 characters
    assert begin not in text
    assert json.dumps(begin)[1:-1] not in text
    assert repr(begin)[1:-1] not in text


def failure(events: list[StreamEvent]) -> ProviderError:
    assert isinstance(events[-1], Failed), events
    return events[-1].error


@pytest.mark.parametrize("name", SPELLINGS)
def test_an_error_names_no_key(name: str) -> None:
    spelled = SPELLINGS[name](KEY)
    for field in ("message", "code", "type", "param"):
        body = {"error": {"message": "No.", "code": "unsupported_value", field: f"a {spelled} b"}}
        said = texts_of(failure(events_of(replies(400, body))))
        assert_is_gone(said, spelled)


@pytest.mark.parametrize(
    "head",
    [
        f"HTTP/1.1 400 {KEY}\r\ncontent-length: 0\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n",
        f"HTTP/1.1 {KEY}\r\n\r\n",
        f"{KEY}\r\n\r\n",
        f"HTTP/1.1 302 X\r\nlocation: https://{KEY}.example/\r\ncontent-length: 0\r\n\r\n",
        f"HTTP/1.1 200 OK\r\ncontent-encoding: {KEY}\r\ncontent-length: 1\r\n\r\nx",
        f"HTTP/1.1 200 OK\r\ncontent-length: {KEY}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{KEY}\r\n",
        f"HTTP/1.1 200 OK\r\ncontent-type: text/html; {KEY}\r\ncontent-length: 5\r\n\r\n<a>12",
    ],
)
def test_malformed_http_shows_no_key(head: str) -> None:
    async def script(_: Received, writer: Any) -> None:
        writer.write(head.encode())
        await writer.drain()
        writer.close()

    said = texts_of(failure(events_of(script)))
    assert_is_gone(said.lower(), KEY.lower())


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_no_answer_shows_the_key(name: str, size: int) -> None:
    spelled = SPELLINGS[name](KEY)
    text = f"Your key is {spelled} I think."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    deltas = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
    events = events_of(streams(sse(*deltas, DONE)))
    reply = fold(events)
    assert isinstance(events[-1], Completed)
    assert REMOVED in reply.text
    assert_is_gone(f"{reply.text} {reply}", spelled)
    assert reply.text.startswith("Your key is ")
    assert reply.text.endswith(" I think.")


def test_chat_completions_show_no_key() -> None:
    def chunk(**delta: Any) -> dict[str, Any]:
        return {"id": KEY, "model": KEY, "choices": [{"index": 0, "delta": delta}]}

    call = {"index": 0, "id": KEY, "function": {"name": KEY, "arguments": KEY[:20]}}
    rest = {"index": 0, "function": {"arguments": KEY[20:]}}
    script = streams(
        sse(
            *(chunk(reasoning_content=letter) for letter in f"Hm. {KEY}"),
            *(chunk(content=letter) for letter in f"It is {KEY}."),
            *(chunk(refusal=letter) for letter in KEY),
            chunk(tool_calls=[call]),
            chunk(tool_calls=[rest]),
            {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            "[DONE]",
        )
    )
    profile = replace(COMPATIBLE, api=Api.CHAT_COMPLETIONS)
    events = events_of(script, profile)
    reply = fold(events)
    assert_is_gone(
        f"{[msgspec.structs.asdict(event) for event in events]} {reply.parts} {reply.model}", KEY
    )
    assert str(reply.parts).count(REMOVED) >= 4


def test_a_stream_that_breaks_within_the_key_loses_no_text() -> None:
    delta = {"type": "response.output_text.delta", "delta": f"It is {KEY[:30]}"}
    events = events_of(streams(sse(delta), end=False))
    assert isinstance(events[-1], Failed)
    assert fold(events).text == f"It is {KEY[:30]}", "nothing that arrived is lost"


async def test_a_list_of_models_shows_no_key() -> None:
    async with LoopbackServer(replies(200, {"data": [{"id": f"m-{KEY}"}]})) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(profile, key_for(server.base_url, KEY)), CATALOG)
        assert listed_ids(await client.listing()) == (f"m-{REMOVED}",)
        await client.aclose()


async def test_a_file_of_results_shows_no_key() -> None:
    answer = {"choices": [{"message": {"content": f"It is {KEY}."}, "finish_reason": "stop"}]}
    rows = [
        {"custom_id": "a", "response": {"status_code": 200, "request_id": KEY, "body": answer}},
        {"custom_id": "b", "error": {"code": KEY, "message": f"The key {KEY}"}},
    ]
    file = "".join(json.dumps(row) + "\n" for row in rows).encode()

    async with LoopbackServer(replies(200, file, "application/jsonl")) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url, offers_batches=True)
        client = ProviderClient(ProviderAccess(profile, key_for(server.base_url, KEY)), CATALOG)
        batches = client.batches()
        found = [row async for row in batches.results("file-1", Api.CHAT_COMPLETIONS)]
        await client.aclose()
        assert len(found) == 2
    assert_is_gone(str(found), KEY)
    assert REMOVED in str(found)


# ------------------------------------------------------------------ deltas of several texts


@given(st.lists(st.integers(1, 9)), st.sampled_from(sorted(SPELLINGS)))
def test_a_key_over_several_deltas_is_found(sizes: list[int], name: str) -> None:
    spelled = SPELLINGS[name](KEY)
    answer, events, left = RedactedAnswer(lambda: Redactor([KEY])), [], f"a {spelled} b"
    for size in [*sizes, len(left)]:
        events += answer.feed(TextDelta(left[:size]))
        left = left[size:]
    events += answer.feed(Completed())
    text = fold(events).text
    assert_is_gone(text, spelled)
    assert REMOVED in text
    assert text.startswith("a ")
    assert text.endswith(" b")


def test_held_back_text_precedes_the_terminal_event() -> None:
    answer = RedactedAnswer(lambda: Redactor([KEY]))
    assert answer.feed(ReasoningDelta(KEY[:12], 1)) == []
    item = ReasoningItem("rs_1")
    assert answer.feed(item) == [ReasoningDelta(KEY[:12], 1), item]
    assert answer.feed(TextDelta(KEY[:12])) == []
    assert answer.feed(Completed()) == [TextDelta(KEY[:12]), Completed()]


@pytest.mark.parametrize("echo", ["ab1\u200bcd2ef3gh", "<b>ab1</b>cd2ef3gh", "Bearer ab1cd2ef3gh"])
async def test_cleaning_a_message_uncovers_no_key(echo: str) -> None:
    body = json.dumps({"error": {"message": f"Wrong: {echo}"}}).encode()
    async with LoopbackServer(replies(400, body, "application/json")) as server:
        here = replace(OPENAI, base_url=server.base_url)
        client = ProviderClient(
            ProviderAccess(here, key_for(server.base_url, "ab1cd2ef3gh")), CATALOG
        )
        events = [event async for event in client.stream(ask())]
        await client.aclose()
        error = failure(events)
    assert "ab1cd2ef3gh" not in texts_of(error)
    assert REMOVED in error.what_happened
