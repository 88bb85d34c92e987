"""What lists of models tell: kinds, prices, windows, and malformed values."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import LongPrice, Price
from desktop_app.domain.errors import UnexpectedReplyError
from desktop_app.domain.models.model_facts import ModelFacts, ModelKind
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.model_list import (
    MAX_WINDOW,
    MIN_WINDOW,
    details_of,
    listing_from,
    window_of,
)
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.fragment import Fragment
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, Script, replies, stalls
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
            ModelFacts(
                kind=CHAT,
                input_price=Decimal("1.25"),
                output_price=Decimal(10),
                images=True,
                tools=True,
            ),
        ),
        (
            "OpenRouter, a router of models",
            {"pricing": {"prompt": "-1", "completion": "-1"}, "supported_parameters": []},
            ModelFacts(),
        ),
        (
            "OpenRouter, images",
            {"architecture": {"input_modalities": ["text"], "output_modalities": ["image"]}},
            ModelFacts(kind=ModelKind.IMAGE, images=False, makes_images=True),
        ),
        (
            "LiteLLM, the list",
            {"mode": "embedding", "owned_by": "openai"},
            ModelFacts(kind=EMBEDDING),
        ),
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
            ModelFacts(
                kind=CHAT, input_price=Decimal("2.5"), output_price=Decimal(10), images=True
            ),
        ),
        ("LiteLLM, rerank", {"mode": "rerank"}, ModelFacts(kind=ModelKind.RERANK)),
        ("LiteLLM, audio", {"mode": "audio_speech"}, ModelFacts(kind=ModelKind.AUDIO)),
        ("LM Studio", {"type": "vlm"}, ModelFacts(kind=CHAT, images=True)),
        ("LM Studio", {"type": "embeddings"}, ModelFacts(kind=EMBEDDING)),
        (
            "LM Studio, tools",
            {"type": "llm", "capabilities": ["tool_use"]},
            ModelFacts(kind=CHAT, tools=True),
        ),
        (
            "Together",
            {"type": "chat", "pricing": {"input": 0.18, "output": 0.59, "hourly": 0}},
            ModelFacts(kind=CHAT, input_price=Decimal("0.18"), output_price=Decimal("0.59")),
        ),
        ("Together", {"type": "moderation"}, ModelFacts(kind=ModelKind.MODERATION)),
        (
            "Mistral",
            {"capabilities": {"completion_chat": True, "function_calling": True, "vision": False}},
            ModelFacts(kind=CHAT, images=False, tools=True),
        ),
        (
            "Mistral, OCR",
            {"capabilities": {"completion_chat": False, "vision": True}},
            ModelFacts(kind=ModelKind.OTHER, images=True),
        ),
        (
            "Ollama",
            {"capabilities": ["completion", "tools", "vision"]},
            ModelFacts(kind=CHAT, images=True, tools=True),
        ),
        ("Ollama", {"capabilities": ["embedding"]}, ModelFacts(kind=EMBEDDING)),
        (
            "Fireworks",
            {"supports_chat": True, "supports_image_input": False, "supports_tools": True},
            ModelFacts(kind=CHAT, images=False, tools=True),
        ),
        ("vLLM", {"max_model_len": 32768, "owned_by": "vllm"}, ModelFacts()),
        ("Groq", {"context_window": 131072, "active": True}, ModelFacts()),
        ("OpenAI", {"object": "model", "created": 1, "owned_by": "openai"}, ModelFacts()),
    ],
)
def test_details_are_read_in_the_form_of_each_server(
    server: str, row: dict[str, Any], details: ModelFacts
) -> None:
    assert details_of({"id": "m", **row}) == details, server


@pytest.mark.parametrize(
    ("row", "details"),
    [
        # Several names of one thing: the first that says something counts.
        ({"supports_vision": False, "capabilities": {"vision": True}}, {"images": False}),
        ({"supports_vision": None, "capabilities": {"vision": True}}, {"images": True}),
        ({"features": ["vision"]}, {"images": True}),
        (
            {"architecture": {"input_modalities": ["text"]}, "features": ["vision"]},
            {"images": False},
        ),
        ({"capabilities": ["completion"]}, {"kind": CHAT, "images": False}),
        ({"capabilities": ["completion", "MULTIMODAL"]}, {"kind": CHAT, "images": True}),
        ({"capabilities": ["rerank", "embeddings"]}, {"kind": EMBEDDING}),
        ({"supports_tools": False, "capabilities": {"function_calling": True}}, {"tools": False}),
        ({"supported_parameters": ["top_p"], "features": ["tools"]}, {"tools": False}),
        ({"supports_reasoning": False, "features": ["reasoning"]}, {"reasoning": False}),
        ({"capabilities": ["thinking"]}, {"reasoning": True}),
        (
            {"supported_parameters": ["max_tokens", "reasoning"]},
            {"tools": False, "reasoning": True},
        ),
        ({"supported_parameters": ["reasoning"]}, {"tools": False}),
        ({"supports_response_schema": True}, {"schema": True}),
        ({"supports_response_schema": False}, {}),
        ({"supported_parameters": ["json_schema"]}, {"tools": False, "schema": True}),
        ({"mode": "unheard of", "type": "LLM"}, {"kind": CHAT}),
        ({"architecture": {"output_modalities": ["image", "text"]}}, {
            "kind": CHAT, "makes_images": True
        }),
        ({"architecture": {"output_modalities": ["smell"]}}, {"kind": ModelKind.OTHER}),
        ({"supports_chat": False, "capabilities": {"completion_chat": True}}, {"kind": CHAT}),
        ({"supports_chat": False}, {"kind": ModelKind.OTHER}),
        # The longest answer is the smallest of the listed limits.
        ({"max_output_tokens": 9, "max_completion_tokens": 8}, {"max_output": 8}),
        ({"max_output_tokens": 9, "top_provider": {"max_completion_tokens": 7}}, {"max_output": 7}),
        ({"max_output_tokens": 0, "max_completion_tokens": 1}, {"max_output": 1}),
        ({"max_output_tokens": 100_000_000}, {"max_output": 100_000_000}),
        ({"max_output_tokens": 100_000_001}, {}),
        ({"features": "tools"}, {}),
    ],
)  # fmt: skip
def test_details_are_read_from_a_row(row: dict[str, Any], details: dict[str, Any]) -> None:
    assert details_of(row) == ModelFacts(**details)


@pytest.mark.parametrize(
    ("row", "prices"),
    [
        ({"pricing": {"input": "0"}}, ("0", None, None)),
        ({"pricing": {"input": True}}, (None, None, None)),
        ({"pricing": {"input": 0, "output": 2}}, ("0", "2", None)),
        ({"pricing": {"output": "99999.9999994"}}, (None, "99999.999999", None)),
        ({"pricing": {"input": 100_000}}, (None, None, None)),
        ({"pricing": {"prompt": "0.1"}}, (None, None, None)),
        ({"pricing": {"prompt": "0.09"}}, ("90000", None, None)),
        ({"pricing": {"input": "1", "cached_input": "0.5", "cached": "0.1"}}, ("1", None, "0.5")),
        ({"pricing": {"input": "1", "cached_input": "x", "cached": "0.1"}}, ("1", None, "0.1")),
        (
            {"input_cost_per_token": 1e-6, "cache_read_input_token_cost": 1e-7, "pricing": {
                "input": "7"
            }},
            ("1", None, "0.1"),
        ),
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


LONG = Price(Decimal(4), Decimal(15), Decimal("0.2"), Decimal("2.5"))


@pytest.mark.parametrize(
    ("row", "long"),
    [
        (
            {"pricing": {
                "prompt": "0.000002", "completion": "0.00001", "input_cache_read": "0.0000001",
                "input_cache_write": "0.0000025", "overrides": [
                    {"prompt": "0.000001", "utc_start": "01:00", "min_prompt_tokens": 5},
                    {"min_prompt_tokens": 272_001, "prompt": "0.000004",
                     "completion": "0.000015", "input_cache_read": "0.0000002"},
                    {"min_prompt_tokens": 900_000, "prompt": "0.000009"},
                    {"min_prompt_tokens": 0, "prompt": "0.000009"},
                    "x", {"min_prompt_tokens": 10},
                ],
            }},
            LongPrice(272_000, LONG),
        ),
        (
            {
                "input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5,
                "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 2.5e-6,
                "input_cost_per_token_above_272k_tokens": 4e-6,
                "output_cost_per_token_above_272k_tokens": 1.5e-5,
                "cache_read_input_token_cost_above_272k_tokens": 2e-7,
            },
            LongPrice(272_000, LONG),
        ),
        ({"pricing": {"prompt": "0.000002", "completion": "0.00001", "overrides": {}}}, None),
        ({"pricing": {"prompt": "0.000002", "overrides": [
            {"min_prompt_tokens": 9, "prompt": "0.000004"}
        ]}}, None),
    ],
)  # fmt: skip
def test_the_prices_of_long_prompts_are_read(row: dict[str, Any], long: LongPrice | None) -> None:
    assert details_of(row).long_price == long


def test_the_price_of_cache_writes_and_audio_is_read() -> None:
    prices = {"prompt": "0.000001", "completion": "0.000002", "audio": "0.00003"}
    found = details_of({"pricing": {**prices, "input_cache_write": "0.00000125"}}).price
    assert found is not None
    assert (found.cache_write, found.audio_input) == (Decimal("1.25"), Decimal(30))


@pytest.mark.parametrize(
    ("reasoning", "efforts", "default"),
    [
        ({"supported_efforts": ["max", "none", "low"], "default_effort": "low"},
         "none low max", "low"),
        ({"supported_efforts": ["HIGH", "ultra", 3, "very high"]}, "high ultra", None),
        ({"supported_efforts": ["none", "low"], "mandatory": True, "default_effort": "none"},
         "low", None),
        ({"supported_efforts": None, "mandatory": True},
         "minimal low medium high xhigh max", None),
        ({"supported_efforts": None}, None, None),
        ({"mandatory": True}, None, None),
        ({"supported_efforts": "low"}, None, None),
    ],
)  # fmt: skip
def test_the_efforts_of_a_list_are_read(
    reasoning: dict[str, Any], efforts: str | None, default: str | None
) -> None:
    found = details_of({"reasoning": reasoning})
    expected = None if efforts is None else set(efforts.split())
    assert (found.efforts if found.efforts is None else {*map(str, found.efforts)}) == expected
    assert (found.default_effort, found.reasoning) == (default, True)


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
        assert details_of(row) == ModelFacts()


def test_llama_cpp_has_a_second_list() -> None:
    reply = {
        "models": [{"name": "smol", "capabilities": ["completion", "multimodal"]}],
        "data": [{"id": "smol", "owned_by": "llamacpp", "meta": {"n_ctx": 2048}}],
    }
    found = listing_from(reply, BOX).listed_model("smol")
    assert found == ModelFacts("smol", window=2048, kind=CHAT, images=True)


@pytest.mark.parametrize("reply", [{}, {"data": None}, {"data": {}}, "text", 3, None])
def test_a_reply_without_a_list_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError) as caught:
        listing_from(reply, BOX)
    assert (caught.value.message, caught.value.params) == (
        Fragment("didn’t return a list of models"),
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
    assert model == ModelFacts("m", shutdown=end)


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
    assert listing.listed_model("m") == ModelFacts(
        "m", window=2048, kind=CHAT, input_price=Decimal(1), output_price=Decimal(2)
    )


@pytest.mark.parametrize(
    ("server", "row", "window"),
    [
        ("vLLM, SGLang", {"owned_by": "vllm", "root": "m", "max_model_len": 32768}, 32768),
        ("llama.cpp", {"meta": {"n_vocab": 49152, "n_ctx": 4096, "n_ctx_train": 131072}}, 4096),
        ("an older llama.cpp", {"meta": {"n_ctx_train": 8192}}, 8192),
        ("LM Studio", {"max_context_length": 131072, "loaded_context_length": 4096}, 4096),
        ("LM Studio, not loaded", {"state": "not-loaded", "max_context_length": 32768}, 32768),
        (
            "OpenRouter",
            {"context_length": 200000, "top_provider": {"context_length": 128000}},
            128000,
        ),
        (
            "OpenRouter",
            {"context_length": 1000000, "top_provider": {"context_length": None}},
            1000000,
        ),
        ("LiteLLM", {"max_input_tokens": 128000, "max_output_tokens": 16384}, 128000),
        ("Groq", {"context_window": 131072, "active": True, "max_completion_tokens": 8192}, 131072),
        ("Mistral", {"max_context_length": 32768, "capabilities": {"vision": False}}, 32768),
        ("Together", {"context_length": 16384, "type": "chat"}, 16384),
        ("OpenAI, CometAPI", {"object": "model", "created": 1, "owned_by": "openai"}, None),
    ],
)
def test_the_window_is_read_in_the_list_of_each_server(
    server: str, row: dict[str, Any], window: int | None
) -> None:
    assert window_of({"id": "m", **row}) == window, server


@pytest.mark.parametrize(
    "value", [0, -1, MIN_WINDOW - 1, MAX_WINDOW + 1, 1e300, "8192", None, True, [8192], {}]
)
def test_implausible_windows_are_ignored(value: object) -> None:
    assert window_of({"max_model_len": value}) is None
    assert window_of({"meta": {"n_ctx": value, "n_ctx_train": 8192}}) == 8192
    assert window_of({"top_provider": {"context_length": value}, "context_length": 512}) == 512
    assert window_of({"meta": value, "top_provider": value}) is None


@blocking
async def fetch_windows(
    *scripts: Script, kind: ProviderKind = ProviderKind.COMPATIBLE, timeouts: Timeouts | None = None
) -> tuple[Any, Any]:
    """Return the windows in a listing and the requested paths."""

    async with LoopbackServer(*scripts) as server:
        profile = ProviderProfile("box", "Box", kind, server.base_url)
        client = ProviderClient(
            ProviderAccess(profile, key_for(profile.base_url, "key")), CATALOG, timeouts=timeouts
        )
        listing = await client.listing()
        await client.aclose()
        paths = [request.path for request in server.requests]
        return {model.id: model.window for model in listing.models}, paths


def model_list_reply(*rows: dict[str, Any]) -> Script:
    return replies(200, {"object": "list", "data": list(rows)})


LLAMA = {"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}
STUDIO = {"id": "m", "owned_by": "organization_owner"}
OLLAMA = {"id": "m:latest", "owned_by": "library"}
LITELLM = {"id": "m", "created": 1677610602, "owned_by": "openai"}
LM_STUDIO = {
    "data": [
        {"id": "m", "state": "loaded", "max_context_length": 131072, "loaded_context_length": 4096},
        {"id": "other", "max_context_length": "many"},
    ]
}
DEPLOYMENTS = {
    "data": [
        {"model_name": "m", "model_info": {"max_input_tokens": 128000, "max_tokens": 4096}},
        {"model_name": "m", "model_info": {"max_input_tokens": 8000}},
        {"model_name": "n", "model_info": {"max_input_tokens": None}},
    ]
}


@pytest.mark.parametrize(
    ("row", "path", "reply", "window"),
    [
        (LLAMA, "/props", {"default_generation_settings": {"n_ctx": 4096}}, 4096),
        (LLAMA, "/props", {"default_generation_settings": {"n_ctx": 0}}, 131072),
        (LLAMA, "/props", [], 131072),
        (STUDIO, "/api/v0/models", LM_STUDIO, 4096),
        (STUDIO, "/api/v0/models", {"models": []}, None),
        (OLLAMA, "/api/ps", {"models": [{"name": "m:latest", "context_length": 4096}]}, 4096),
        (OLLAMA, "/api/ps", {"models": []}, None),
        (LITELLM, "/model/info", DEPLOYMENTS, 8000),
    ],
)
def test_a_separate_path_for_windows_is_requested_once(
    row: dict[str, Any], path: str, reply: object, window: int | None
) -> None:
    found, paths = fetch_windows(model_list_reply(row), replies(200, reply))
    assert found == {row["id"]: window}
    assert paths == ["/v1/models", path]


FAILURES = {
    "missing": replies(404, {"error": "no"}),
    "key": replies(401, {}),
    "page": replies(200, b"<html>", kind="text/html"),
    "cut": replies(200, b"{"),
    "moved": replies(302, b"", location="http://elsewhere.example/"),
    "silent": stalls(),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_request_for_windows_leaves_the_listing_unchanged(failure: str) -> None:
    timeouts = Timeouts(windows=0.2)
    found, _ = fetch_windows(model_list_reply(LLAMA), FAILURES[failure], timeouts=timeouts)
    assert found == {"m": 131072}


@pytest.mark.parametrize(
    "rows",
    [
        ({"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_ctx_train": 8192}},),
        ({"id": "m", "owned_by": "vllm", "max_model_len": 8192},),
        ({"id": "m", "owned_by": "someone"},),
        (LITELLM, {"id": "n", "created": 1700000000}),
        (),
    ],
)
def test_other_servers_get_no_second_request(rows: tuple[dict[str, Any], ...]) -> None:
    assert fetch_windows(model_list_reply(*rows))[1] == ["/v1/models"]
