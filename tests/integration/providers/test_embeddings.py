"""Embeddings: the body against the official SDK's types, the endpoint against llmock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.embedding_create_params import EmbeddingCreateParams

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.documents.vectors import Vector
from desktop_app.domain.errors import (
    AuthenticationError,
    EndpointMissingError,
    ModelNotFoundError,
    ProviderError,
    UnexpectedReplyError,
)
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.jobs.embeddings import body, is_offered, vectors_from
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.services.collections.embedding_service import MAX_TEXTS_PER_CALL
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


def test_a_call_stays_within_the_limits() -> None:
    assert MAX_TEXTS_PER_CALL <= 2048
    assert MAX_TEXTS_PER_CALL * 320 <= 300_000


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


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "invalid_api_key", AuthenticationError), (404, "model_not_found", ModelNotFoundError)],
)
def test_a_refusal_becomes_its_error(
    llmock: LLMock, status: int, code: str, kind: type[ProviderError]
) -> None:
    llmock.plan({"type": "fail", "status": status, "code": code})

    async def test(client: ProviderClient) -> None:
        with pytest.raises(kind):
            await client.embed(SMALL, ["a lease"])

    with_client(llmock.url, test)


def test_a_provider_without_embeddings_is_not_asked(llmock: LLMock) -> None:
    assert [is_offered(p) for p in (OPENAI, COMPATIBLE, COMETAPI)] == [True, True, False]

    async def test(client: ProviderClient) -> None:
        with pytest.raises(EndpointMissingError):
            await client.embed(SMALL, ["a lease"])

    with_client(llmock.url, test, ProviderKind.COMETAPI)
    assert llmock.attempts() == 0


def test_rows_that_all_have_one_number_are_in_their_order() -> None:
    rows = [{"index": 0, "embedding": [value, 1.0]} for value in (1.0, 2.0, 3.0)]
    vectors, _ = vectors_from({"data": rows}, 3, "Own")
    assert [v.numbers[0] for v in vectors] == sorted(v.numbers[0] for v in vectors)


def test_rows_are_put_in_their_order() -> None:
    rows = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    vectors, tokens = vectors_from({"data": rows, "usage": {"total_tokens": 7}}, 2, "X")
    assert (vectors, tokens) == ([Vector.from_values([1, 0]), Vector.from_values([0, 1])], 7)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"data": []},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": [0.0, 0.0]}]},
        {"data": [{"embedding": [1.0, None]}]},
        {"data": [{"index": 5, "embedding": [1.0]}]},
        {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
    ],
)
def test_a_reply_without_a_valid_vector_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        vectors_from(reply, 1, "X")
