"""The client against a real llama.cpp server: both APIs, as the on-device model runs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import Failed, StreamEvent, TextDelta
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import RefusalPart, TextPart
from desktop_app.domain.errors import AuthenticationError, ContextTooLongError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.local_model.server import LoadOptions, LocalModel
from desktop_app.providers.gateway.on_device import BASE_URL, LocalEndpoint
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.processors import on_one_processor
from tests.helpers.secrets import key_for
from tests.unit.providers.samples import CATALOG, ask, fold, terminals

BOTH = pytest.mark.parametrize("api", list(Api))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    """Yield a server that all tests here share, on its own event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    with on_one_processor():  # the thread, and the server that it starts, stay on it
        thread.start()
    model = LocalModel(options=LoadOptions(1024))
    try:
        yield asyncio.run_coroutine_threadsafe(model.endpoint(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(model.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def client_of(
    endpoint: LocalEndpoint, api: Api, key: str | None = None
) -> AsyncIterator[ProviderClient]:
    profile = ProviderProfile(
        "here", "On this computer", ProviderKind.COMPATIBLE, BASE_URL, api=api
    )
    client = ProviderClient(
        ProviderAccess(
            profile,
            key_for(profile.base_url, key or endpoint.key),
            socket_path=endpoint.socket_path,
        ),
        CATALOG,
    )
    yield client
    await client.aclose()


async def collect(client: ProviderClient, request: ChatRequest) -> list[StreamEvent]:
    async with aclosing(client.stream(request)) as events:
        return [event async for event in events]


@BOTH
async def test_a_conversation_with_instructions_streams_and_goes_on(
    endpoint: LocalEndpoint, api: Api
) -> None:
    async with client_of(endpoint, api) as client:
        question = ask("Say hello.", model="smollm2", max_output_tokens=16, temperature=0.0)
        first = await collect(client, replace(question, instructions="You are polite."))
        reply = fold(first)
        assert len(terminals(first)) == 1
        assert reply.text
        assert sum(isinstance(event, TextDelta) for event in first) > 2, "it streams"
        assert reply.usage is not None
        assert reply.usage.input_tokens > 20, "with the model's own template"
        assert 1 < reply.usage.output_tokens <= 16
        said = RequestMessage(Role.ASSISTANT, (TextPart(reply.text), RefusalPart("Enough.")))
        again = RequestMessage(Role.USER, (TextPart("And now goodbye."),))
        second = replace(question, messages=(*question.messages, said, again))
        assert fold(await collect(client, second)).text, "earlier turns are taken"


async def test_a_limit_ends_the_answer_as_incomplete(endpoint: LocalEndpoint) -> None:
    async with client_of(endpoint, Api.CHAT_COMPLETIONS) as client:
        request = ask("Tell a long story.", model="smollm2", max_output_tokens=16)
        reply = fold(await collect(client, request))
        assert reply.status is MessageStatus.INCOMPLETE
        assert reply.incomplete_reason == "max_output_tokens"


@BOTH
async def test_a_conversation_longer_than_the_window_is_refused(
    endpoint: LocalEndpoint, api: Api
) -> None:
    async with client_of(endpoint, api) as client:
        (end,) = terminals(await collect(client, ask("word " * 3000, model="smollm2")))
        assert isinstance(end, Failed)
        assert isinstance(end.error, ContextTooLongError)


@pytest.mark.slow
@BOTH
async def test_a_wrong_key_fails_the_authentication(endpoint: LocalEndpoint, api: Api) -> None:
    async with client_of(endpoint, api, key="wrong") as client:
        (end,) = terminals(await collect(client, ask(model="smollm2")))
        assert isinstance(end, Failed)
        assert isinstance(end.error, AuthenticationError)


@pytest.mark.slow
async def test_after_an_answer_that_was_left_another_one_comes(endpoint: LocalEndpoint) -> None:
    async with client_of(endpoint, Api.CHAT_COMPLETIONS) as client:
        assert (await client.listing()).models
        settings = GenerationParameters(max_output_tokens=900)
        request = replace(ask("Count to a thousand.", model="smollm2"), parameters=settings)
        async with aclosing(client.stream(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        assert fold(await collect(client, ask("Hi", max_output_tokens=16))).text


async def test_its_list_of_models_names_the_window(endpoint: LocalEndpoint) -> None:
    async with client_of(endpoint, Api.RESPONSES) as client:
        (model,) = (await client.listing()).models
        assert model.id == endpoint.model == "smollm2-135m-instruct"
        assert model.window == 1024, "what it runs with, not the 8,192 that it was trained on"


async def test_it_counts_tokens_with_the_models_tokenizer(endpoint: LocalEndpoint) -> None:
    async with client_of(endpoint, Api.RESPONSES) as client:
        assert await client.count_tokens("m", "Hello world, how are you?") == 7
        assert await client.count_tokens("m", "half a pair \ud800") is not None
