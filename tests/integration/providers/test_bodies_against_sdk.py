"""Every body that the adapters can make, against the types of the official SDK."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types import Batch, BatchCreateParams
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.embedding_create_params import EmbeddingCreateParams
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, with_config

from desktop_app.domain.answering.answer_form import AnswerGrammar, AnswerSchema, FormKind
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import pack_body
from desktop_app.providers.jobs import embeddings
from desktop_app.providers.jobs.batch_client import URLS, request_line
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.tools.calls.hosted_tools import HostedTools, search_fields
from tests.helpers.batch_server import BatchServer
from tests.helpers.blocking import blocking
from tests.helpers.generation import maybe, parameters
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI


async def _stores() -> list[str]:
    return ["vs_1"]


texts = st.text(max_size=20)
parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ReasoningPart, texts, texts, texts),
    st.builds(RefusalPart, texts),
    st.builds(ToolCallPart, texts, texts, texts, st.booleans(), st.integers(0, 2), result=texts),
)
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


async def _search() -> dict[str, Any]:
    return search_fields(["example.org"], "Austin, Texas, US")


HOSTED = [tool.definition for tool in asyncio.run(HostedTools(_stores, _search).tools())]
tools = st.sampled_from(
    [
        ToolDefinition("strict", "Is strict.", SCHEMA),
        ToolDefinition("loose", "Is not.", {"type": "object"}, source="a server"),
        *HOSTED,
    ]
)
images = st.builds(
    ImageData,
    st.sampled_from(["image/png", "image/webp"]),
    st.binary(max_size=9),
    st.sampled_from(["low", "high", "auto", "original"]),
)
files = st.builds(
    FileData,
    st.sampled_from(["a.pdf", 'ü "x".docx']),
    st.sampled_from(["application/pdf", "application/rtf"]),
    st.binary(max_size=9),
)
messages = st.one_of(
    st.builds(RequestMessage, st.just(Role.ASSISTANT), st.tuples(parts, parts, parts)),
    st.builds(RequestMessage, st.just(Role.USER), st.tuples(st.builds(TextPart, texts), images)),
    st.builds(RequestMessage, st.just(Role.USER), st.tuples(files, st.builds(TextPart, texts))),
    st.builds(RequestMessage, st.just(Role.USER), st.tuples(st.builds(TextPart, texts))),
)


# The provider's own items come back as the provider gave them.
states = st.sampled_from(
    ["", json.dumps([{"type": "compaction", "id": "c", "encrypted_content": "x"}])]
)
FORM = AnswerSchema(
    "person",
    {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    },
)
EVERY_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from([*(model.id for model in CATALOG), "unknown"]),
    "messages": st.lists(messages, min_size=1, max_size=4).map(tuple),
    "instructions": texts,
    "effort": maybe(st.sampled_from(Effort)),
    "parameters": parameters,
    "cache_key": texts,
    "store": st.booleans(),
    "background": st.booleans(),
    "state": states,
    "schema": maybe(st.sampled_from([FORM, replace(FORM, schema={"type": "object"})])),
    "grammar": maybe(
        st.builds(AnswerGrammar, st.sampled_from([FormKind.LARK, FormKind.REGEX]), texts)
    ),
    "requested": st.just(frozenset()),
    "tools": st.lists(tools, max_size=3).map(tuple),
    "tool_choice": st.sampled_from(["auto", "none", "required"]),
    "wants_images": st.just(False),  # its field is OpenRouter's, not OpenAI's
}
requests = st.builds(ChatRequest, **EVERY_FIELD)
profiles = st.sampled_from([OPENAI, COMETAPI, COMPATIBLE])


def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return a check that a body has all required fields, no others, and the right types."""
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(kind))


RESPONSES = {
    True: adapter(ResponseCreateParamsStreaming),
    False: adapter(ResponseCreateParamsNonStreaming),
}
CHAT = {
    True: adapter(CompletionCreateParamsStreaming),
    False: adapter(CompletionCreateParamsNonStreaming),
}


def checked(schema: TypeAdapter[Any], body: dict[str, Any]) -> None:
    made = schema.validate_python(body, strict=False)
    # Lists of items come back as lazy iterators: reading them is what validates them.
    for name in ("input", "messages"):
        if name in made and not isinstance(made[name], str):
            assert len(list(made[name])) == len(body[name])


def on_the_wire(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as it is sent, including its files."""
    content = pack_body(body)

    @blocking
    async def collected(pieces: AsyncIterator[bytes]) -> bytes:
        return b"".join([piece async for piece in pieces])

    whole = content if isinstance(content, bytes) else collected(content)
    sent: dict[str, Any] = json.loads(whole)
    return sent


@given(requests, profiles)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_bodies_of_responses_match_the_sdk(request: ChatRequest, profile: Any) -> None:
    body = on_the_wire(responses.body(request, CATALOG.info(request.model), profile))
    checked(RESPONSES[request.parameters.stream], body)
    assert body.get("max_output_tokens", 16) >= 16


@given(requests, profiles)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_bodies_of_chat_completions_match_the_sdk(request: ChatRequest, profile: Any) -> None:
    body = on_the_wire(chat_completions.body(request, CATALOG.info(request.model), profile))
    checked(CHAT[request.parameters.stream], body)
    assert len(body.get("stop") or []) <= 4


@given(requests, profiles, st.sampled_from(Api))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_line_of_a_batch_has_the_body_of_the_sdk(
    request: ChatRequest, profile: Any, api: Api
) -> None:
    info = CATALOG.info(request.model)
    line = request_line("job-1", request, info, profile, api)
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    row = json.loads(line)
    assert (row["custom_id"], row["method"], row["url"]) == ("job-1", "POST", URLS[api])
    schema = RESPONSES[False] if api is Api.RESPONSES else CHAT[False]
    checked(schema, row["body"])
    assert not {"stream", "background", "stream_options", "n"} & set(row["body"])
    if profile.serves_gpt_family and api is Api.RESPONSES:
        assert row["body"]["store"] is False


async def test_a_batch_is_created_as_the_sdk_does() -> None:
    server = BatchServer()
    async with server.http:
        profile = ProviderProfile("o", "OpenAI", ProviderKind.OPENAI, server.base_url)
        client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
        batches = client.batches()
        file_id = await batches.upload("repartee-x-1", io.BytesIO(b"{}\n"))
        made = await batches.create("repartee-x-1", file_id, Api.RESPONSES)
        await client.aclose()
    (created,) = [r.json for r in server.http.requests if r.path == "/v1/batches"]
    adapter(BatchCreateParams).validate_python(created)
    shown = {**server.batches[made.id], "created_at": 1}
    shown.pop("polls")
    assert Batch.model_validate(shown).input_file_id == file_id
    assert server.files[file_id] == ("repartee-x-1.jsonl", b"{}\n")


@given(
    st.sampled_from(["text-embedding-3-small", "nomic-embed-text"]),
    st.lists(st.text(), min_size=1, max_size=9),
)
def test_a_request_for_embeddings_is_that_of_the_sdk(model: str, sent: list[str]) -> None:
    body = embeddings.body(model, sent)
    made = adapter(EmbeddingCreateParams).validate_python(body)
    assert list(made["input"]) == sent
    assert ("dimensions" in body) == model.startswith("text-embedding-3")


@pytest.mark.parametrize(
    "wrong",
    [
        {"reasoning": {"effort": "extreme"}},
        {"text": {"verbosity": 3}},
        {"input": [{"role": "nobody", "content": "x"}]},
        {"max_tokens": 3},
        {"store": "perhaps"},
    ],
)
def test_the_check_refuses_wrong_bodies(wrong: dict[str, Any]) -> None:
    body = {"model": "m", "input": "x", "stream": True}
    checked(RESPONSES[True], body)
    with pytest.raises(ValueError, match="validation error"):
        checked(RESPONSES[True], {**body, **wrong})
