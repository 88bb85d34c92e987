"""Model lists of tests/data/model_lists.json, as the table of models shows them.

Each reply is an example in a server's public documentation; the field `source` says in which part.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_listing import ListedModel, ModelDetails, ModelListing
from desktop_app.domain.models.model_row import ModelRow
from desktop_app.domain.models.own_model import OwnModel, own_model_from_json, own_model_to_json
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.spending.cost import Price
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.services.models.choice_resolution import ProviderModels
from desktop_app.services.models.model_table import model_rows
from tests.helpers.blocking import blocking
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.providers.samples import CATALOG

SERVERS = json.loads((Path(__file__).parents[2] / "data/model_lists.json").read_text("utf-8"))
TODAY = date(2026, 3, 1)
GATEWAY = ProviderProfile(
    "gate", "Gate", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1", needs_key=False
)
UNKNOWN: dict[str, Any] = dict.fromkeys(
    ("window", "max_output", "input", "cached", "output", "images", "tools", "reasoning", "ends")
)


def _shown(row: ModelRow) -> dict[str, Any]:
    price = row.price
    return {
        "window": row.window,
        "max_output": row.max_output,
        "input": price and str(price.input),
        "cached": (price and price.cached_input is not None and str(price.cached_input)) or None,
        "output": price and str(price.output),
        "images": row.images,
        "tools": row.tools,
        "reasoning": row.reasoning,
        "ends": row.end_date and row.end_date.isoformat(),
    }


@blocking
async def _listed(server: dict[str, Any]) -> tuple[ProviderProfile, ModelListing]:
    async def answers(request: Received, writer: asyncio.StreamWriter) -> None:
        body = server["replies"].get(request.path)
        await replies(404 if body is None else 200, body or {})(request, writer)

    async with LoopbackServer(answers) as running:
        base = running.base_url.removesuffix("/v1") + server.get("base", "/v1")
        kind = ProviderKind(server.get("kind", "compatible"))
        profile = replace(GATEWAY, kind=kind, base_url=base)
        client = ProviderClient(ProviderAccess(profile), CATALOG)
        try:
            return profile, await client.listing()
        finally:
            await client.aclose()


@pytest.mark.parametrize("server", SERVERS, ids=[server["server"] for server in SERVERS])
def test_the_table_shows_the_facts_that_each_server_lists(server: dict[str, Any]) -> None:
    profile, listing = _listed(server)
    rows = model_rows(ProviderModels(profile, CATALOG, listing), TODAY, on_device_model="")
    found = {row.model: row for row in rows}
    for model, expected in server["rows"].items():
        wanted = {**UNKNOWN, **{n: v for n, v in expected.items() if n in UNKNOWN}}
        shown = _shown(found[model])
        # The catalog adds facts that the server did not list; they are not compared.
        if CATALOG.knows(model) and profile.kind is not ProviderKind.COMPATIBLE:
            shown = {name: value for name, value in shown.items() if name in expected}
            wanted = {name: wanted[name] for name in shown}
        assert shown == wanted, (server["server"], model)
        if "schema" in expected:
            assert found[model].schema is expected["schema"]
    assert not set(server["hidden"]) & set(found), server["server"]


def test_a_listed_price_overrides_the_catalogs_at_a_gateway_but_not_at_openai() -> None:
    details = ModelDetails(input_price=Decimal(9), output_price=Decimal(9))
    listing = ModelListing(GATEWAY.base_url, (ListedModel("gpt-5.2", details=details),), _now())
    choice = ModelChoice(GATEWAY.id, "gpt-5.2", None, None)
    at_gateway = ProviderModels(GATEWAY, CATALOG, listing).resolve(choice, TODAY).price
    openai = replace(GATEWAY, kind=ProviderKind.OPENAI)
    at_openai = ProviderModels(openai, CATALOG, listing).resolve(choice, TODAY).price
    assert at_gateway == Price(Decimal(9), Decimal(9))
    assert at_openai.input == Decimal("1.75")


def test_the_users_facts_about_a_model_override_all_others() -> None:
    own = OwnModel(
        "m",
        window=9000,
        max_output=500,
        input_price=Decimal("0.5"),
        output_price=Decimal(2),
        efforts=(Effort.LOW, Effort.HIGH),
        images=False,
        tools=False,
        schema=True,
    )
    profile = replace(GATEWAY, price_multiplier=Decimal("0.2")).with_own_model(own)
    details = ModelDetails(input_price=Decimal(3), output_price=Decimal(15), images=True)
    listing = ModelListing(GATEWAY.base_url, (ListedModel("m", None, 100_000, details),), _now())
    info = ProviderModels(profile, CATALOG, listing).info("m")
    assert (info.input_limit, info.max_output) == (9000, 500)
    assert info.efforts == (Effort.LOW, Effort.HIGH)
    assert (info.sees_images, info.takes_tools, info.takes_schema) == (False, False, True)
    resolved = ProviderModels(profile, CATALOG, listing).resolve(
        ModelChoice("gate", "m", None, Effort.MEDIUM), TODAY
    )
    assert resolved.effort is Effort.HIGH
    own_price = Price(Decimal("0.5"), Decimal(2))
    assert resolved.price == own_price, "the price multiplier is not applied"
    assert ProviderModels(GATEWAY, CATALOG, listing).info("m").efforts is None
    assert own_model_from_json(json.loads(json.dumps(own_model_to_json(own)))) == own
    assert profile.with_own_model(OwnModel("m")).own_models == ()


def _now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)
