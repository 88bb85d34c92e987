"""Files for the provider's code interpreter: uploaded before an answer, and deleted after it."""

from __future__ import annotations

import asyncio

import pytest

from desktop_app.domain.answering.chat_request import ChatRequest, FileData
from desktop_app.domain.answering.stream_events import Completed, Failed, StreamEvent, TextDelta
from desktop_app.domain.errors import EndpointMissingError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, replies, stalls, streams
from tests.unit.providers.samples import CATALOG, sse

CODE = ToolDefinition(
    "code_interpreter", "", hosted={"type": "code_interpreter", "container": {"type": "auto"}}
)
FILES = (FileData("fees.csv", "text/csv", b"a,1\n"), FileData("b.txt", "text/plain", b"b"))
REQUEST = ChatRequest("gpt-5.2", (), tools=(CODE,), code_files=FILES)
TEXT = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "1"}
ENDED = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
ANSWER = streams(sse(TEXT), sse(ENDED))
DELETED = replies(200, {"deleted": True})


def uploaded(file_id: str) -> Script:
    return replies(200, {"id": file_id})


async def run(
    server: LoopbackServer, *, stops: bool = False
) -> tuple[list[StreamEvent], list[tuple[str, str]]]:
    """Return the events of an answer, stopped at its first text or not, and the requests."""
    from dataclasses import replace

    profile = replace(OPENAI, base_url=server.base_url, api=Api.RESPONSES)
    client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
    events: list[StreamEvent] = []

    async def read() -> None:
        stream = client.stream(REQUEST)
        try:
            async for event in stream:
                events.append(event)
                if stops and isinstance(event, TextDelta):
                    task.cancel()
        finally:
            await stream.aclose()

    task = asyncio.ensure_future(read())
    await asyncio.wait([task])
    await client.aclose()
    return events, [(request.method, request.path) for request in server.requests]


UPLOAD = ("POST", "/v1/files")
ASK = ("POST", "/v1/responses")


async def test_files_are_uploaded_given_and_deleted() -> None:
    fault = replies(500, {}, retry_after_ms="1")
    script = (uploaded("f/1"), fault, uploaded("f2"), ANSWER, DELETED, replies(404, {}))
    async with LoopbackServer(*script) as server:
        events, asked = await run(server)
        body = server.requests[3].json
        form = server.requests[0].body
    assert events[-1] == Completed()
    assert body["tools"] == [
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f/1", "f2"]}}
    ]
    for word in (b"a,1\n", b'filename="fees.csv"', b"user_data", b"3600"):
        assert word in form
    deletions = [("DELETE", "/v1/files/f%2F1"), ("DELETE", "/v1/files/f2")]
    assert asked == [UPLOAD, UPLOAD, UPLOAD, ASK, *deletions]


async def test_files_of_a_stopped_answer_are_deleted() -> None:
    async with LoopbackServer(
        uploaded("f1"), uploaded("f2"), stalls(sse(TEXT)), DELETED, DELETED
    ) as server:
        _, asked = await run(server, stops=True)
    assert asked[3:] == [("DELETE", "/v1/files/f1"), ("DELETE", "/v1/files/f2")]


@pytest.mark.parametrize(
    "refusal", [replies(404, {}), replies(200, {"no": "id"})], ids=["missing", "no id"]
)
async def test_without_the_upload_nothing_is_asked(refusal: Script) -> None:
    async with LoopbackServer(uploaded("f1"), refusal, DELETED) as server:
        events, asked = await run(server)
    assert asked == [UPLOAD, UPLOAD, ("DELETE", "/v1/files/f1")]
    (failed,) = events
    assert isinstance(failed, Failed)
    assert "Give to code" in failed.error.what_to_do
    if isinstance(failed.error, EndpointMissingError):
        assert "takes no files" in failed.error.what_happened
