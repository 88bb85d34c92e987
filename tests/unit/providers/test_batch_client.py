"""Files and batches at a provider, over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.jobs import batch_client
from desktop_app.providers.jobs.batch_client import BatchClient, lines_of
from desktop_app.providers.jobs.batch_jobs import BatchStatus, RemoteBatch
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.providers.server_memory import ServerMemory
from tests.helpers.batch_server import answered, lines
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, hangs_up, replies
from tests.unit.providers.samples import CATALOG, OPENAI, ask

NOT_FOUND = replies(404, {"detail": "Not Found"})
BUSY = replies(429, {}, retry_after_ms="1")
FAULT = replies(500, {}, retry_after_ms="1")
BATCH = replies(200, {"id": "b 1", "status": "validating", "input_file_id": "f"})
LARGE = b"x" * 300 * 1024


@asynccontextmanager
async def open_batches(*scripts: Script) -> AsyncIterator[tuple[BatchClient, ProviderClient, Any]]:
    """Yield the client of a server's batches, the client it belongs to, and the server."""
    async with LoopbackServer(*scripts) as server:
        profile = replace(OPENAI, base_url=server.base_url)
        client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
        yield client.batches(), client, server
        await client.aclose()


async def failure_of(script: Script, do: Callable[[BatchClient], Any]) -> str:
    """Return the sentence with which something fails at a server that always answers so."""
    async with open_batches(script) as (batches, _, _):
        with pytest.raises(ProviderError) as caught:
            await do(batches)
    return caught.value.message


def test_a_line_has_no_parameters_that_the_model_refused() -> None:
    memory = ServerMemory(OPENAI)
    memory.add_refusals("gpt-5.2", frozenset({"verbosity"}))
    batches = ProviderClient(
        ProviderAccess(OPENAI, key_for(OPENAI.base_url)), CATALOG, memory=memory
    ).batches()
    request = ask(verbosity="low", max_output_tokens=90)
    assert json.loads(batches.line("one", request, Api.RESPONSES)) == {
        "custom_id": "one",
        "method": "POST",
        "url": "/v1/responses",
        "body": {
            "model": "gpt-5.2",
            "input": [{"role": "user", "content": "Why?"}],
            "max_output_tokens": 90,
            "store": False,
        },
    }


def test_a_line_is_short_and_has_no_line_breaks() -> None:
    batches = ProviderClient(ProviderAccess(OPENAI, key_for(OPENAI.base_url)), CATALOG).batches()
    line = batches.line("one", ask("Wéshalb\u2028\x85\n?"), Api.RESPONSES)
    assert '"content":"Wéshalb\\u2028\\u0085\\n?"'.encode() in line
    assert line.endswith(b"}\n")


@pytest.mark.parametrize("data", [b'{"a": 1}\n', LARGE], ids=["small", "in pieces"])
async def test_a_file_is_uploaded_whole_at_each_attempt(data: bytes) -> None:
    async with open_batches(BUSY, replies(200, {"id": "file-1"})) as (batches, _, server):
        file = io.BytesIO(data)
        file.seek(3)
        assert await batches.upload("job", file) == "file-1"
        for request in server.requests:
            kind, _, boundary = request.headers["content-type"].partition("; boundary=")
            assert (request.path, kind) == ("/v1/files", "multipart/form-data")
            purpose, sent = request.body.split(f"--{boundary}".encode())[1:-1]
            assert purpose.endswith(b'name="purpose"\r\n\r\nbatch\r\n')
            assert b'name="file"; filename="job.jsonl"\r\n' in sent
            assert sent.endswith(b"Content-Type: application/jsonl\r\n\r\n" + data + b"\r\n")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (NOT_FOUND, "support batches, so nothing was"),
        (replies(200, {"object": "file"}), "didn’t confirm the upload"),
        (replies(400, {}), "rejected the request"),
    ],
)
async def test_a_failed_upload_has_a_reason(script: Script, reason: str) -> None:
    assert reason in await failure_of(script, lambda b: b.upload("job", io.BytesIO(b"x")))


@pytest.mark.parametrize(
    ("name", "file", "found"),
    [("n", "f", "b3"), ("", "f2", "b2"), ("n", "f2", "b2"), ("x", "f", None)],
)
async def test_a_batch_is_found_by_its_name_or_its_file(
    name: str, file: str, found: str | None
) -> None:
    rows = [
        {"status": "no id", "input_file_id": "f2"},
        {"id": "b1", "input_file_id": None},
        {"id": "b2", "input_file_id": "f2"},
        {"id": "b3", "metadata": {"repartee": "n"}},
    ]
    async with open_batches(replies(200, {"data": rows})) as (batches, _, server):
        batch = await batches.find(name or "unknown", file)
        assert (batch and batch.id) == found
        assert server.requests[0].path == "/v1/batches?limit=100"


async def test_a_batch_is_created_fetched_and_canceled() -> None:
    expected = RemoteBatch("b 1", BatchStatus.VALIDATING, "f")
    async with open_batches(BATCH) as (batches, _, server):
        assert await batches.create("name", "f", Api.CHAT_COMPLETIONS) == expected
        assert await batches.fetch("b/1") == expected
        assert await batches.cancel("b/1") == expected
        create, fetch, cancel = server.requests
    assert create.json == {
        "input_file_id": "f",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "metadata": {"repartee": "name"},
    }
    assert [(each.method, each.path) for each in (create, fetch, cancel)] == [
        ("POST", "/v1/batches"),
        ("GET", "/v1/batches/b%2F1"),
        ("POST", "/v1/batches/b%2F1/cancel"),
    ]
    assert cancel.json == {}


def create(batches: BatchClient) -> Any:
    return batches.create("name", "f", Api.RESPONSES)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (NOT_FOUND, "support batches, so nothing was"),
        (replies(200, {"object": "batch"}), "sent invalid batch data"),
        (replies(200, b'{"id"', content_length="9999999"), "was lost during a response"),
    ],
)
async def test_a_batch_that_is_not_created_has_a_reason(script: Script, reason: str) -> None:
    async def broken(request: Any, writer: asyncio.StreamWriter) -> None:
        await script(request, writer)
        writer.close()

    assert reason in await failure_of(broken, create)


@pytest.mark.parametrize(
    ("scripts", "do", "asked"),
    [
        ((BUSY, BATCH), create, 2),
        ((FAULT, BATCH), create, 1),  # it may have been created
        ((hangs_up, BATCH), create, 1),
        ((FAULT, BATCH), lambda batches: batches.fetch("b"), 2),
        ((BUSY, BUSY, BUSY, BATCH), create, 3),
    ],
)
async def test_only_a_creation_that_cannot_cost_twice_is_repeated(
    scripts: Sequence[Script], do: Callable[[BatchClient], Any], asked: int
) -> None:
    async with open_batches(*scripts) as (batches, _, server):
        if asked == 2:
            assert (await do(batches)).id == "b 1"
        else:
            with pytest.raises(ProviderError):
                await do(batches)
        assert len(server.requests) == asked


async def test_a_file_is_deleted_by_its_id() -> None:
    async with open_batches(BUSY, replies(200, {"deleted": True})) as (batches, _, server):
        await batches.delete_file("f/1")
        assert [(each.method, each.path) for each in server.requests] == [
            ("DELETE", "/v1/files/f%2F1")
        ] * 2


async def names_of(batches: BatchClient) -> list[str | None]:
    """Return the names of the results of a file."""
    found = batches.results("f/1", Api.RESPONSES)
    return [None if result is None else result.custom_id async for result in found]


async def test_each_line_of_results_is_read() -> None:
    rows = lines(answered("a", "A"), "damaged", " ", answered("b", "B" * 70_000))
    async with open_batches(BUSY, FAULT, replies(200, rows, "text/plain")) as (batches, _, server):
        assert await names_of(batches) == ["a", None, "b"]
        assert [request.path for request in server.requests] == ["/v1/files/f%2F1/content"] * 3


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        (["a\nb\n"], ["a", "b"]),
        (["a\n", "b"], ["a", "b"]),
        (["a", "b\nc", "d", "\n\ne\n"], ["ab", "cd", "e"]),
        (["\n", " \n\t\r\n", "a\r\n", " \r"], ["a\r"]),
        (["a\u2028b\x85c\x0bd\n"], ["a\u2028b\x85c\x0bd"]),
        (["abcde", "fgh", "ij\nkl\n"], ["abcdeij", "kl"]),  # longer than 5 bytes
        (["abcdef", "ghi\n", "kl"], ["abcdeghi", "kl"]),
    ],
)
async def test_lines_end_at_line_feeds(
    pieces: Sequence[str], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_client, "MAX_LINE_BYTES", 5)

    async def arriving() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece.encode()

    assert [line.decode() async for line in lines_of(arriving())] == expected
