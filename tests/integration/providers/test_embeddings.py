"""Embeddings: the body against the official SDK's types, the endpoint against llmock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.embedding_create_params import EmbeddingCreateParams

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import EndpointMissingError
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.jobs.embeddings import body, is_offered
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.secrets import key_for
from tests.integration.providers.test_bodies_against_sdk import adapter
from tests.integration.providers.test_llmock import LLMock, llmock, server
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI

__all__ = ["llmock", "server"]

SMALL = "text-embedding-3-small"
SCHEMA = adapter(EmbeddingCreateParams)


@blocking
async def with_client(
    url: str, test: Callable[[ProviderClient], Awaitable[None]], kind: ProviderKind | None = None
) -> None:
    profile = ProviderProfile("m", "Mock", kind or ProviderKind.OPENAI, f"{url}/v1")
    client = ProviderClient(ProviderAccess(profile, key_for(profile.base_url)), CATALOG)
    try:
        await test(client)
    finally:
        await client.aclose()


@given(st.sampled_from([SMALL, "nomic-embed-text"]), st.lists(st.text(), min_size=1, max_size=9))
def test_the_body_is_what_the_sdk_would_send(model: str, texts: list[str]) -> None:
    made = body(model, texts)
    assert list(SCHEMA.validate_python(made)["input"]) == texts
    assert ("dimensions" in made) == (model == SMALL)


def test_vectors_come_in_the_order_of_the_texts(llmock: LLMock) -> None:
    async def test(client: ProviderClient) -> None:
        texts = ["a lease", "a boat", "a lease"]
        vectors, tokens = await client.embed(SMALL, texts)
        assert vectors[0] == vectors[2] != vectors[1]
        assert tokens
        alone, _ = await client.embed(SMALL, texts[1:2])
        assert alone == [vectors[1]]

    with_client(llmock.url, test)
    assert not llmock.findings()


def test_a_provider_without_embeddings_is_not_asked(llmock: LLMock) -> None:
    assert [is_offered(p) for p in (OPENAI, COMPATIBLE, COMETAPI)] == [True, True, False]

    async def test(client: ProviderClient) -> None:
        with pytest.raises(EndpointMissingError):
            await client.embed(SMALL, ["a lease"])

    with_client(llmock.url, test, ProviderKind.COMETAPI)
    assert llmock.attempts() == 0
