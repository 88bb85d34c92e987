"""The kind, price, images and tools of listed models, and malformed values."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import UnexpectedReplyError
from desktop_app.domain.models.model_listing import ListedModel, ModelDetails, ModelKind
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.models.model_details import details_of
from desktop_app.providers.models.model_list import listing_from
from desktop_app.providers.provider_client import ProviderClient
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.providers.samples import CATALOG

BOX = ProviderProfile("box", "Box", ProviderKind.COMPATIBLE, needs_key=False)
CHAT, EMBEDDING = ModelKind.CHAT, ModelKind.EMBEDDING


@pytest.mark.parametrize(
    ("server", "row", "details"),
    [
        (
            "OpenRouter",
            {
                "architecture": {
                    "input_modalities": ["text", "image"],
                    "output_modalities": ["text"],
                },
                "pricing": {"prompt": "0.00000125", "completion": "0.00001"},
                "supported_parameters": ["temperature", "tools"],
            },
            ModelDetails(CHAT, Decimal("1.25"), Decimal(10), images=True, tools=True),
        ),
        (
            "OpenRouter, a router of models",
            {"pricing": {"prompt": "-1", "completion": "-1"}, "supported_parameters": []},
            ModelDetails(),
        ),
        (
            "OpenRouter, images",
            {"architecture": {"input_modalities": ["text"], "output_modalities": ["image"]}},
            ModelDetails(ModelKind.IMAGE, images=False, makes_images=True),
        ),
        ("LiteLLM, the list", {"mode": "embedding", "owned_by": "openai"}, ModelDetails(EMBEDDING)),
        (
            "LiteLLM, /model/info",
            {
                "model_name": "m",
                "model_info": {
                    "mode": "chat",
                    "input_cost_per_token": 2.5e-06,
                    "output_cost_per_token": 1e-05,
                    "supports_vision": True,
                    "supports_function_calling": None,
                },
            },
            ModelDetails(CHAT, Decimal("2.5"), Decimal(10), images=True),
        ),
        ("LiteLLM, rerank", {"mode": "rerank"}, ModelDetails(ModelKind.RERANK)),
        ("LiteLLM, audio", {"mode": "audio_speech"}, ModelDetails(ModelKind.AUDIO)),
        ("LM Studio", {"type": "vlm"}, ModelDetails(CHAT, images=True)),
        ("LM Studio", {"type": "embeddings"}, ModelDetails(EMBEDDING)),
        (
            "LM Studio, tools",
            {"type": "llm", "capabilities": ["tool_use"]},
            ModelDetails(CHAT, tools=True),
        ),
        (
            "Together",
            {"type": "chat", "pricing": {"input": 0.18, "output": 0.59, "hourly": 0}},
            ModelDetails(CHAT, Decimal("0.18"), Decimal("0.59")),
        ),
        ("Together", {"type": "moderation"}, ModelDetails(ModelKind.MODERATION)),
        (
            "Mistral",
            {"capabilities": {"completion_chat": True, "function_calling": True, "vision": False}},
            ModelDetails(CHAT, images=False, tools=True),
        ),
        (
            "Mistral, OCR",
            {"capabilities": {"completion_chat": False, "vision": True}},
            ModelDetails(ModelKind.OTHER, images=True),
        ),
        (
            "Ollama",
            {"capabilities": ["completion", "tools", "vision"]},
            ModelDetails(CHAT, images=True, tools=True),
        ),
        ("Ollama", {"capabilities": ["embedding"]}, ModelDetails(EMBEDDING)),
        (
            "Fireworks",
            {"supports_chat": True, "supports_image_input": False, "supports_tools": True},
            ModelDetails(CHAT, images=False, tools=True),
        ),
        ("vLLM", {"max_model_len": 32768, "owned_by": "vllm"}, ModelDetails()),
        ("Groq", {"context_window": 131072, "active": True}, ModelDetails()),
        ("OpenAI", {"object": "model", "created": 1, "owned_by": "openai"}, ModelDetails()),
    ],
)
def test_details_are_read_in_the_form_of_each_server(
    server: str, row: dict[str, Any], details: ModelDetails
) -> None:
    assert details_of({"id": "m", **row}) == details, server


@pytest.mark.parametrize(
    ("row", "details"),
    [
        # Several names of one thing: the first that says something counts.
        ({"supports_vision": False, "capabilities": {"vision": True}}, {"images": False}),
        ({"supports_vision": None, "capabilities": {"vision": True}}, {"images": True}),
        ({"features": ["vision"]}, {"images": True}),
        ({"features": ["other"]}, {}),
        (
            {"architecture": {"input_modalities": ["text"]}, "features": ["vision"]},
            {"images": False},
        ),
        ({"capabilities": ["completion"]}, {"kind": CHAT, "images": False}),
        ({"capabilities": ["multimodal"]}, {}),
        ({"capabilities": ["completion", "MULTIMODAL"]}, {"kind": CHAT, "images": True}),
        ({"capabilities": ["rerank", "embeddings"]}, {"kind": EMBEDDING}),
        ({"supports_tools": False, "capabilities": {"function_calling": True}}, {"tools": False}),
        ({"supports_function_calling": True, "supports_tools": False}, {"tools": True}),
        ({"supported_parameters": ["top_p"], "features": ["tools"]}, {"tools": False}),
        ({"features": ["function_calling"]}, {"tools": True}),
        ({"capabilities": ["tool_use"]}, {"tools": True}),
        ({"supports_reasoning": False, "features": ["reasoning"]}, {"reasoning": False}),
        ({"capabilities": {"reasoning": True}}, {"reasoning": True}),
        ({"capabilities": ["thinking"]}, {"reasoning": True}),
        ({"features": ["reasoning"]}, {"reasoning": True}),
        (
            {"supported_parameters": ["max_tokens", "reasoning"]},
            {"tools": False, "reasoning": True},
        ),
        ({"supported_parameters": ["max_tokens"]}, {"tools": False, "reasoning": False}),
        ({"supported_parameters": ["reasoning"]}, {"tools": False}),
        ({"supports_response_schema": True}, {"schema": True}),
        ({"supports_response_schema": False}, {}),
        ({"supported_parameters": ["json_schema"]}, {"tools": False, "schema": True}),
        ({"features": ["structured_outputs"]}, {"schema": True}),
        ({"mode": "unheard of", "type": "LLM"}, {"kind": CHAT}),
        ({"type": "image", "supports_chat": True}, {"kind": ModelKind.IMAGE}),
        ({"architecture": {"output_modalities": ["image", "text"]}}, {
            "kind": CHAT, "makes_images": True
        }),
        ({"architecture": {"output_modalities": ["smell"]}}, {"kind": ModelKind.OTHER}),
        ({"architecture": {"output_modalities": ["speech", "smell"]}}, {"kind": ModelKind.AUDIO}),
        ({"supports_chat": False, "capabilities": {"completion_chat": True}}, {"kind": CHAT}),
        ({"supports_chat": False}, {"kind": ModelKind.OTHER}),
        # The longest answer is the smallest of the listed limits.
        ({"max_output_tokens": 9, "max_completion_tokens": 8}, {"max_output": 8}),
        ({"max_output_tokens": 9, "top_provider": {"max_completion_tokens": 7}}, {"max_output": 7}),
        ({"max_output_tokens": 0, "max_completion_tokens": 1}, {"max_output": 1}),
        ({"max_output_tokens": 100_000_000}, {"max_output": 100_000_000}),
        ({"max_output_tokens": 100_000_001}, {}),
        # Only the first hundred words count.
        ({"features": ["x"] * 99 + ["tools"]}, {"tools": True}),
        ({"features": ["x"] * 100 + ["tools"]}, {}),
        ({"features": [1, None, "tools"]}, {"tools": True}),
        ({"features": "tools"}, {}),
    ],
)  # fmt: skip
def test_details_are_read_from_a_row(row: dict[str, Any], details: dict[str, Any]) -> None:
    assert details_of(row) == ModelDetails(**details)


@pytest.mark.parametrize(
    ("row", "prices"),
    [
        ({"pricing": {"input": "0"}}, ("0", None, None)),
        ({"pricing": {"input": "-0"}}, ("0", None, None)),
        ({"pricing": {"input": True}}, (None, None, None)),
        ({"pricing": {"input": 0, "output": 2}}, ("0", "2", None)),
        ({"pricing": {"output": "99999.9999994"}}, (None, "99999.999999", None)),
        ({"pricing": {"output": "99999.9999996"}}, (None, None, None)),
        ({"pricing": {"input": 100_000}}, (None, None, None)),
        ({"pricing": {"input": "100000"}}, (None, None, None)),
        ({"pricing": {"prompt": "0.1"}}, (None, None, None)),
        ({"pricing": {"prompt": "0.09"}}, ("90000", None, None)),
        ({"pricing": {"input": "1." + "0" * 38}}, ("1", None, None)),
        ({"pricing": {"input": "1." + "0" * 39}}, (None, None, None)),
        ({"pricing": {"input": "1", "cached_input": "0.5", "cached": "0.1"}}, ("1", None, "0.5")),
        ({"pricing": {"input": "1", "cached_input": "x", "cached": "0.1"}}, ("1", None, "0.1")),
        (
            {"pricing": {"prompt": "0.000001", "input_cache_read": "0.0000001", "input": "7"}},
            ("1", None, "0.1"),
        ),
        (
            {"input_cost_per_token": 1e-6, "cache_read_input_token_cost": 1e-7, "pricing": {
                "input": "7"
            }},
            ("1", None, "0.1"),
        ),
        ({"input_cost_per_token": True, "pricing": {"input": "7"}}, ("7", None, None)),
    ],
)  # fmt: skip
def test_prices_are_those_of_a_million_tokens(
    row: dict[str, Any], prices: tuple[str | None, ...]
) -> None:
    found = details_of(row)
    told = (found.input_price, found.output_price, found.cached_price)
    assert [None if price is None else str(price) for price in told] == [
        None if price is None else str(Decimal(price).normalize() + 0) for price in prices
    ]


@pytest.mark.parametrize(
    "value",
    [10**4000, -1, "1e999999", "nan", "Infinity", "9" * 100_000, 1e300, True, None, [], {}, "x"],
)
def test_invalid_prices_are_ignored(value: object) -> None:
    for row in (
        {"input_cost_per_token": value, "output_cost_per_token": value},
        {"pricing": {"prompt": value, "completion": value}},
        {"pricing": {"input": value, "output": value}},
        {"pricing": value},
    ):
        assert details_of(row) == ModelDetails()


_NAMES = (
    *("id", "mode", "type", "capabilities", "architecture", "pricing", "model_info"),
    *("supported_parameters", "input_modalities", "output_modalities", "prompt", "input"),
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals().map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5)
    ),
)


@given(st.dictionaries(st.sampled_from(_NAMES), _values))
def test_any_row_leaves_valid_prices_in_the_listing(row: dict[str, Any]) -> None:
    listing = listing_from({"data": [{**row, "id": "m"}], "models": [row]}, BOX)
    details = listing.listed_model("m").details
    for price in (details.input_price, details.output_price):
        assert price is None or 0 <= price < 10**11


def test_llama_cpp_has_a_second_list() -> None:
    reply = {
        "models": [{"name": "smol", "capabilities": ["completion", "multimodal"]}],
        "data": [{"id": "smol", "owned_by": "llamacpp", "meta": {"n_ctx": 2048}}],
    }
    assert listing_from(reply, BOX).listed_model("smol").details == ModelDetails(CHAT, images=True)


@pytest.mark.parametrize(
    "reply", [["a", " ", "b"], {"data": ["a", "b"]}, {"data": ["a", {"id": ""}, {"id": "b"}]}]
)
def test_models_may_be_names_alone(reply: object) -> None:
    assert [model.id for model in listing_from(reply, BOX).models] == ["a", "b"]


@pytest.mark.parametrize("reply", [{}, {"data": None}, {"data": {}}, "text", 3, None])
def test_a_reply_without_a_list_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError) as caught:
        listing_from(reply, BOX)
    assert (caught.value.reason, caught.value.params) == (
        Reason.MODELS_UNREADABLE,
        {"provider": "Box"},
    )


@pytest.mark.parametrize(
    ("row", "end"),
    [
        ({"shutdown_date": "2026-08-10"}, date(2026, 8, 10)),
        ({"shutdown_date": "2026-08-10T12:00:00Z"}, date(2026, 8, 10)),
        ({"expiration_date": 86_400}, date(1970, 1, 2)),
        ({"deprecation": "soon", "deprecation_date": "2026-08-10"}, date(2026, 8, 10)),
        ({"shutdown_date": "2026-08-10", "deprecation": "2026-01-01"}, date(2026, 8, 10)),
        ({"shutdown_date": 1e300}, None),
        ({"shutdown_date": float("nan")}, None),
        ({"shutdown_date": None}, None),
        ({"deprecation": False, "shutdown_date": 0}, None),
        ({"deprecation": True}, None),
        ({"shutdown_date": ["2026-08-10"]}, None),
    ],
)
def test_the_last_day_of_a_model_is_read(row: dict[str, Any], end: date | None) -> None:
    (model,) = listing_from({"data": [{"id": "m", **row}]}, BOX).models
    assert model == ListedModel("m", end)


async def test_litellm_is_asked_for_prices() -> None:
    rows = [{"id": "m", "created": 1677610602, "mode": "chat", "max_input_tokens": 2048}]
    info = {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "mode": "chat"}
    more = {"data": [{"model_name": "m", "model_info": info}]}

    async def answers(request: Received, writer: asyncio.StreamWriter) -> None:
        body = more if request.path == "/model/info" else {"data": rows}
        await replies(200, body)(request, writer)

    async with LoopbackServer(answers) as server:
        client = ProviderClient(ProviderAccess(replace(BOX, base_url=server.base_url)), CATALOG)
        listing = await client.listing()
        await client.aclose()
    assert listing.listed_model("m").window == 2048
    assert listing.listed_model("m").details == ModelDetails(CHAT, Decimal(1), Decimal(2))
