"""Files that the provider's code interpreter made: cited in an answer, and fetched with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.stream_events import Completed, FileArrived, Notice, StreamEvent
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.jobs import code_files
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, streams
from tests.unit.providers.samples import CATALOG, sse

LINK = "Here: [fees.csv](sandbox:/mnt/data/fees.csv)"


def citing(*files: tuple[str, str]) -> Script:
    """Return an answer that cites these files, each by its id and its name."""
    annotations = [
        {"type": "container_file_citation", "container_id": "c/1"}
        | {"file_id": file_id, "filename": name}
        for file_id, name in files
    ]
    part = {"type": "output_text", "text": LINK, "annotations": annotations}
    done = {"type": "response.content_part.done", "content_index": 0, "output_index": 0}
    item: dict[str, Any] = {"type": "message", "id": "m", "content": [part]}
    response = {"id": "r", "model": "gpt-5.2", "status": "completed", "output": [item]}
    return streams(
        sse(done | {"part": part}),
        sse({"type": "response.output_item.done", "output_index": 0, "item": item}),
        sse({"type": "response.completed", "response": response}),
    )


async def events_of(*scripts: Script) -> tuple[list[StreamEvent], list[Received]]:
    async with LoopbackServer(*scripts) as server:
        profile = replace(OPENAI, base_url=server.base_url, api=Api.RESPONSES)
        client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
        request = ChatRequest("gpt-5.2", ())
        try:
            return [event async for event in client.stream(request)], server.requests
        finally:
            await client.aclose()


PAGE = {"kind": "text/html", "body": b"<p>1</p>"}


@pytest.mark.parametrize(
    ("name", "reply", "expected"),
    [
        ("fees.csv", replies(body=b"a,1"), FileArrived("fees.csv", b"a,1")),
        ("fees.csv", replies(body=b""), FileArrived("fees.csv", b"")),
        ("/mnt/data/../fees.csv", replies(body=b"1"), FileArrived("fees.csv", b"1")),
        ("a.html", replies(**PAGE), FileArrived("a.html", b"<p>1</p>")),
        ("fees.csv", replies(**PAGE), NoticeCode.FILE_MISSING),
        ("x/fees.csv", replies(404, {"error": {"message": "No."}}), NoticeCode.FILE_MISSING),
        ("fees.csv", replies(410, {}), NoticeCode.FILE_NOT_FETCHED),
        ("fees.csv", replies(body=bytes((1 << 20) + 1)), NoticeCode.FILE_TOO_LARGE),
        ("", replies(body=b"1"), FileArrived("f 1", b"1")),
    ],
)
async def test_a_cited_file_is_fetched_before_the_answer_ends(
    name: str, reply: Script, expected: FileArrived | NoticeCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_files, "MAX_FILE_BYTES", 1 << 20)
    events, requests = await events_of(citing(("f 1", name)), reply)
    arrived: StreamEvent
    if isinstance(expected, NoticeCode):
        arrived = Notice(notice(expected, name="fees.csv", provider="OpenAI", limit="1"))
        assert "“fees.csv”" in str(arrived.text)
    else:
        arrived = expected
    assert events[-2:] == [arrived, Completed()]
    asked = requests[-1]
    assert (asked.method, asked.path) == ("GET", "/v1/containers/c%2F1/files/f%201/content")
    assert asked.headers["authorization"] == requests[0].headers["authorization"]


async def test_a_fault_is_repeated_and_each_file_is_fetched_once() -> None:
    fault = replies(500, {}, retry_after_ms="1")
    both = citing(("a", "a.txt"), ("a", "a.txt"), ("b", "b.txt"))
    events, requests = await events_of(both, fault, replies(body=b"1"), replies(body=b"2"))
    assert [e for e in events if isinstance(e, FileArrived)] == [
        FileArrived("a.txt", b"1"),
        FileArrived("b.txt", b"2"),
    ]
    assert len(requests) == 4
