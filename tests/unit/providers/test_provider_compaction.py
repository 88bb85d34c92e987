"""The provider's compaction over HTTP: requests, stored state and learned support.

The server is a stub (tests/helpers/compacted.py). The bodies are checked against the official SDK.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from openai.types.responses import ResponseCompactionItem, ResponseUsage
from openai.types.responses.response_compact_params import ResponseCompactParams
from pydantic import ConfigDict, TypeAdapter, with_config

from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.compacted import compacted, items
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, replies, streams
from tests.unit.providers.recording_memory import RecordingMemory
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI, ask, sse

REPLY = compacted("Why?")
MISSING = replies(404, {"error": {"message": "Not found", "code": None}})
REQUEST = ask(
    effort=Effort.HIGH, instructions="Be brief.", cache_key="c1", temperature=0.2, stream=True
)


@asynccontextmanager
async def open_client(
    *scripts: Script, profile: ProviderProfile = OPENAI, key: str | None = "sk-test", **options: Any
) -> AsyncIterator[tuple[ProviderClient, LoopbackServer]]:
    async with LoopbackServer(*scripts) as server:
        here = replace(profile, base_url=server.base_url)
        client = ProviderClient(
            ProviderAccess(here, key_for(here.base_url, key)), CATALOG, **options
        )
        try:
            yield client, server
        finally:
            await client.aclose()


async def test_a_compaction_request_is_valid_and_its_state_is_stored_whole() -> None:
    async with open_client(replies(200, REPLY)) as (client, server):
        made = await client.compact(REQUEST)
        assert server.requests[0].path.endswith("/responses/compact")
        body = server.requests[0].json
        assert body == {
            "model": "gpt-5.2",
            "instructions": "Be brief.",
            "input": [{"role": "user", "content": "Why?"}],
            "prompt_cache_key": "c1",
        }
        schema = TypeAdapter(with_config(ConfigDict(extra="forbid"))(ResponseCompactParams))
        schema.validate_python(body)
        # The SDK has no type for the questions that come back, which the document's example has.
        ResponseCompactionItem.model_validate(REPLY["output"][1])
        ResponseUsage.model_validate(REPLY["usage"])
        # All fields are kept, including unknown ones.
        assert json.loads(made.items) == REPLY["output"]
        assert made.usage == Usage(42_897, 40_000, 12_000, 0)


async def test_the_state_precedes_the_messages_unchanged() -> None:
    done = sse(
        {"type": "response.output_text.delta", "delta": "So."},
        {"type": "response.completed", "response": {"status": "completed"}},
    )

    async with open_client(streams(done), replies(200, REPLY)) as (client, server):
        request = replace(REQUEST, state=items(REPLY))
        async for _ in client.stream(request):
            pass
        asked = server.requests[0].json["input"]
        assert asked == [*REPLY["output"], {"role": "user", "content": "Why?"}]
        await client.compact(request)
        assert server.requests[1].json["input"] == asked


async def test_a_provider_without_compaction_is_remembered() -> None:
    told: list[tuple[str, frozenset[str]]] = []

    async with open_client(MISSING, memory=RecordingMemory(OPENAI, learned=told)) as (
        client,
        server,
    ):
        for _ in range(2):
            with pytest.raises(errors.EndpointMissingError):
                await client.compact(REQUEST)
        assert len(server.requests) == 1
        assert told == [("gpt-5.2", frozenset({"compact"}))]


@pytest.mark.parametrize(
    ("profile", "request_"),
    [
        (COMETAPI, REQUEST),
        (COMPATIBLE, ask(model="qwen3")),
        (replace(OPENAI, api=Api.CHAT_COMPLETIONS), REQUEST),
    ],
)
async def test_a_provider_known_to_have_no_compaction_gets_no_request(
    profile: ProviderProfile, request_: ChatRequest
) -> None:
    async with open_client(MISSING, profile=profile) as (client, server):
        with pytest.raises(errors.EndpointMissingError):
            await client.compact(request_)
        assert server.requests == []


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (
            replies(200, {"object": "response.compaction", "output": []}),
            errors.UnexpectedReplyError,
        ),
        (replies(200, {"output": "nonsense"}), errors.UnexpectedReplyError),
        (replies(200, []), errors.UnexpectedReplyError),
        (replies(401, {"error": {"code": "invalid_api_key"}}), errors.AuthenticationError),
        (replies(504, {"error": {"message": "late"}}), errors.ProviderError),
    ],
    ids=["no state", "nonsense", "a list", "refused", "late"],
)
async def test_a_failed_compaction_has_a_reason(
    script: Script, kind: type[errors.ProviderError]
) -> None:
    async with open_client(script) as (client, server):
        with pytest.raises(kind):
            await client.compact(REQUEST)
        assert len(server.requests) == 1  # it may have been billed


async def test_without_a_key_there_is_no_request_to_compact() -> None:
    async with open_client(MISSING, key=None) as (client, server):
        with pytest.raises(errors.AuthenticationError):
            await client.compact(REQUEST)
        assert server.requests == []
