"""Tools that the provider runs: who can use them, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.models.model_catalog import Api, ModelCatalog, ModelInfo
from desktop_app.domain.tools.image_settings import QUALITIES, REQUESTED_IMAGE, SIZES, image_price
from desktop_app.domain.tools.tool import HOSTED_TOOLS, ToolCallState
from desktop_app.paths import resource_path
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls.hosted_tools import (
    HostedTools,
    hosted_cost,
    hosted_refusal,
    search_fields,
)
from tests.helpers.catalogs import shipped_catalog

MODEL = ModelInfo("m", "M", hosted_tools=("web_search",))
SERVER = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1")
PRICES = {
    "web_search": Decimal("0.01"),
    "code_interpreter": Decimal("0.03"),
    "image_generation": Decimal("0.05"),
    "image_generation low wide": Decimal("0.005"),
    "image_generation preview": Decimal("0.003"),
    REQUESTED_IMAGE: Decimal("0.07"),
}


@pytest.mark.parametrize("stores", [[], ["vs_1", "vs_2"]])
async def test_hosted_tools_are_listed_with_their_parameters(stores: Sequence[str]) -> None:
    async def vector_stores() -> Sequence[str]:
        return stores

    async def fields() -> dict[str, Any]:
        return search_fields(["a.example"], "")

    source = HostedTools(vector_stores, fields)
    await source.prepare()
    tools = {tool.definition.name: tool for tool in await source.tools()}
    hosted = {name: tool.definition.hosted for name, tool in tools.items()}
    assert hosted == {
        "web_search": {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}},
        "code_interpreter": {"type": "code_interpreter", "container": {"type": "auto"}},
        "image_generation": {"type": "image_generation", "model": "gpt-image-2"},
        "file_search": {"type": "file_search", "vector_store_ids": stores},
    }  # fmt: skip
    assert [name for name, tool in tools.items() if not tool.is_available] == (
        [] if stores else ["file_search"]
    )
    assert not any(tool.definition.needs_consent for tool in tools.values())


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("", None),
        (" , ", None),
        ("Oslo", {"city": "Oslo"}),
        ("no", {"country": "NO"}),
        ("Oslo , no", {"country": "NO", "city": "Oslo"}),
        ("Austin, Texas, US", {"country": "US", "city": "Austin", "region": "Texas"}),
        ("Oslo, Norway", {"city": "Oslo", "region": "Norway"}),
        ("東京", {"city": "東京"}),
    ],
)
def test_a_place_is_sent_as_the_api_wants_it(location: str, place: dict[str, str] | None) -> None:
    wanted = {} if place is None else {"user_location": {"type": "approximate", **place}}
    assert search_fields((), location) == wanted


@pytest.mark.parametrize(
    ("profile", "name", "refusal"),
    [
        (OPENAI, "web_search", ""),
        (OPENAI, "file_search", "M doesn’t support this tool."),
        (
            replace(OPENAI, api=Api.CHAT_COMPLETIONS),
            "web_search",
            "OpenAI doesn’t run tools itself.",
        ),
        (replace(OPENAI, api=Api.RESPONSES), "web_search", ""),
        (SERVER, "web_search", ""),  # a gateway
        (SERVER, "file_search", "M doesn’t support this tool."),
        (ON_DEVICE, "web_search", "Local models don’t run tools themselves."),
    ],
)
def test_hosted_tools_need_a_provider_and_model_that_support_them(
    profile: ProviderProfile, name: str, refusal: str
) -> None:
    found = hosted_refusal(name, ResolvedChoice(profile, MODEL, None, None))
    assert (found.sentences if found else "") == refusal


@pytest.mark.parametrize(
    ("profile", "model", "is_offered"),
    [
        (SERVER, "gpt-6.2-sol", True),
        (SERVER, "openai/gpt-5.2-2025-12-11", True),
        (SERVER, "qwen3", False),
        (replace(SERVER, key_header="api-key"), "our-deployment", True),  # Azure
        (replace(SERVER, key_header="api-key", api=Api.CHAT_COMPLETIONS), "gpt-5.2", False),
    ],
)
def test_a_gateway_may_run_tools_whatever_models_it_lists(
    profile: ProviderProfile, model: str, is_offered: bool
) -> None:
    choice = ResolvedChoice(profile, shipped_catalog().info(model), None, None)
    assert (hosted_refusal("web_search", choice) is None) is is_offered


def test_a_model_of_which_nothing_is_stated_is_offered_every_tool() -> None:
    unknown = ResolvedChoice(OPENAI, ModelInfo("gpt-9", "gpt-9"), None, None)
    assert [hosted_refusal(name, unknown) for name in HOSTED_TOOLS] == [None] * len(HOSTED_TOOLS)


def call(name: str, arguments: str = "{}", **changes: object) -> ToolCallPart:
    made = ToolCallPart("c", name, arguments, state=ToolCallState.DONE, is_hosted=True)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("calls", "cost"),
    [
        ([], "0"),
        ([call("web_search"), call("web_search")], "0.02"),
        ([call("web_search", state=ToolCallState.FAILED)], "0"),
        ([call("unknown")], "0"),
        ([call("code_interpreter", f'{{"container": "{name}"}}') for name in "aba"], "0.06"),
        ([call("code_interpreter", '{"container": "a"}'), call("web_search")] * 2, "0.05"),
        ([call("image_generation")], "0.07"),
        ([call("image_generation", '{"quality": "low", "size": "1536x1024"}')], "0.005"),
        ([call("image_generation", '{"quality": "medium", "size": "1024x1024"}')], "0.056"),
        ([call("image_generation", '{"quality": "auto", "size": "1024x1024"}')], "0.07"),
        ([call("image_generation", '{"quality": "high", "size": "9x9"}')], "0.07"),
        ([call("image_generation", '{"quality": ["high"], "size": {}}')], "0.07"),
        ([call("image_generation", "[1]")], "0.07"),
    ],
)
def test_each_hosted_call_is_billed_and_each_container_once(
    calls: list[ToolCallPart], cost: str
) -> None:
    assert hosted_cost(calls, PRICES) == Decimal(cost)


@pytest.mark.parametrize(
    ("shape", "quality", "price"),
    [
        (None, None, "0.056"),
        ("square", "medium", "0.056"),
        ("wide", "low", "0.005"),
        ("high", "low", None),
        ("square", "auto", None),
    ],
)
def test_an_image_has_the_price_of_its_shape_and_quality(
    shape: str | None, quality: str | None, price: str | None
) -> None:
    expected = None if price is None else Decimal(price)
    assert image_price(PRICES, shape, quality) == expected


def test_every_image_that_can_be_chosen_has_a_price() -> None:
    prices = ModelCatalog.from_toml(resource_path("models.toml").read_text("utf-8")).hosted_tools
    found = {
        (shape, quality): image_price(prices, shape, quality)
        for shape in SIZES
        for quality in QUALITIES
    }
    assert None not in found.values()
    assert found["wide", "auto"] == found["wide", "high"] == Decimal("0.171")
