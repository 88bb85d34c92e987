"""The lists of models: kept listings, the menu, and the table.

Each reply in tests/data/model_lists.json is an example in a server's public documentation. Its
field `source` says in which part.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.cost import LongPrice, Price
from desktop_app.domain.errors import NetworkError, UnexpectedReplyError
from desktop_app.domain.models.model_entry import ModelEntry, ModelRow
from desktop_app.domain.models.model_facts import ModelFacts, ModelKind
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.models.choice_resolution import ProviderModels
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_listings import FRESH_FOR, ModelListings
from desktop_app.providers.models.model_menu import menu_entries, model_rows, proposed_model
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.providers.samples import CATALOG
from tests.unit.storage.samples import opened

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


def _page(*names: str, **fields: object) -> dict[str, object]:
    return {"data": [{"id": name} for name in names], **fields}


@pytest.mark.parametrize(
    ("replies", "names"),
    [
        (
            {
                "/v1/models": _page("a", "b", has_more=True, first_id="a", last_id="b"),
                "/v1/models?after_id=b": _page("c", has_more=False, first_id="c", last_id="c"),
            },
            ["a", "b", "c"],
        ),
        (
            {
                "/v1/models": _page("a", has_more=True),
                "/v1/models?after=a": _page("b", has_more=True),
                "/v1/models?after=b": _page("c", "b"),
            },
            ["a", "b", "c"],
        ),
        (
            {
                "/v1/models": {"models": [{"name": "a"}], "nextPageToken": "x/1"},
                "/v1/models?pageToken=x%2F1": {"models": [{"name": "b"}]},
            },
            ["a", "b"],
        ),
        (
            {
                "/v1/models": _page("a", next="https://elsewhere.example/v1/models?page=2"),
                "/v1/models?page=2": _page("b"),
            },
            ["a", "b"],
        ),
        # A server that knows no pages repeats its list, or refuses the parameter.
        ({"/v1/models": _page("a", has_more=True), "/v1/models?after=a": _page("a")}, ["a"]),
        ({"/v1/models": _page("a", has_more=True)}, ["a"]),
    ],
)
def test_a_list_is_read_to_its_last_page(replies: dict[str, object], names: list[str]) -> None:
    _, listing = _listed({"replies": replies})
    assert [model.id for model in listing.models] == names


def test_a_list_without_names_is_no_list_of_models() -> None:
    with pytest.raises(UnexpectedReplyError):
        _listed({"replies": {"/v1/models": {"data": [{"title": "a"}]}}})


def test_a_listed_price_overrides_the_catalogs_at_a_gateway_but_not_at_openai() -> None:
    details = ModelFacts(input_price=Decimal(9), output_price=Decimal(9))
    listing = ModelListing(GATEWAY.base_url, (replace(details, id="gpt-5.2"),), _now())
    choice = ModelChoice(GATEWAY.id, "gpt-5.2", None, None)
    at_gateway = ProviderModels(GATEWAY, CATALOG, listing).resolve(choice, TODAY).price
    openai = replace(GATEWAY, kind=ProviderKind.OPENAI)
    at_openai = ProviderModels(openai, CATALOG, listing).resolve(choice, TODAY).price
    assert at_gateway == Price(Decimal(9), Decimal(9))
    assert at_openai.input == Decimal("1.75")


def test_the_users_facts_about_a_model_override_all_others() -> None:
    own = ModelFacts(
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
    details = ModelFacts(input_price=Decimal(3), output_price=Decimal(15), images=True)
    listing = ModelListing(GATEWAY.base_url, (replace(details, id="m", window=100_000),), _now())
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
    assert profile.with_own_model(ModelFacts("m")).own_models == ()


def _now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


# ---------------------------------------------------------------- kept listings

PROFILE = ProviderProfile("p", "P", ProviderKind.COMPATIBLE, "https://p.example/v1")


class Provider:
    """A provider that returns or raises its current `answer`."""

    def __init__(self, answer: ModelListing | NetworkError) -> None:
        self.answer = answer

    async def listing(self) -> ModelListing:
        if isinstance(self.answer, NetworkError):
            raise self.answer
        return self.answer


class Gateway:
    """A gateway that returns the same provider for every profile."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def provider(self, _profile: ProviderProfile) -> Provider:
        return self._provider


def listed(*ids: str, ago: timedelta = timedelta()) -> ModelListing:
    said = ModelFacts(
        kind=ModelKind.CHAT,
        input_price=Decimal("1.25"),
        output_price=Decimal(10),
        images=True,
        tools=False,
        cached_price=Decimal("0.125"),
        write_price=Decimal("1.5"),
        long_price=LongPrice(200_000, Price(Decimal(2), Decimal(20))),
        efforts=(Effort.LOW, Effort("default")),
        default_effort=Effort.LOW,
        max_output=4096,
        reasoning=True,
        schema=False,
        makes_images=True,
    )
    models = tuple(replace(said, id=id_, shutdown=date(2026, 8, 10), window=8192) for id_ in ids)
    return ModelListing(PROFILE.base_url, (*models, ModelFacts("x")), datetime.now(UTC) - ago)


async def test_a_listing_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path, answer = tmp_path / "s.sqlite3", listed("a", "b")
    async with opened(path) as database:
        listings = ModelListings(database, Gateway(Provider(answer)))
        assert listings.known_listing(PROFILE) is None
        assert await listings.fetch(PROFILE) == answer
        assert listings.is_fresh(PROFILE)
    async with opened(path) as database:
        again = ModelListings(database, Gateway(Provider(answer)))
        await again.load()
        assert again.known_listing(PROFILE) == answer
        assert again.known_listing(replace(PROFILE, base_url="https://other.example/v1")) is None
        await again.forget(PROFILE.id)
        assert again.known_listing(PROFILE) is None
        assert not await database.rows("SELECT * FROM model_listings")


async def test_a_failed_request_keeps_the_last_listing(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        provider = Provider(listed("a", ago=FRESH_FOR))
        listings = ModelListings(database, Gateway(provider))
        kept = await listings.fetch(PROFILE)
        assert not listings.is_fresh(PROFILE)
        provider.answer = NetworkError("Not now.")
        with pytest.raises(NetworkError):
            await listings.fetch(PROFILE)
        assert listings.known_listing(PROFILE) == kept


@pytest.mark.parametrize(("minutes", "is_fresh"), [(0, True), (59, True), (60, False)])
async def test_a_listing_is_fresh_for_an_hour(tmp_path: Path, minutes: int, is_fresh: bool) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        provider = Provider(listed("a", ago=timedelta(minutes=minutes)))
        listings = ModelListings(database, Gateway(provider))
        assert not listings.is_fresh(PROFILE)
        await listings.fetch(PROFILE)
        assert listings.is_fresh(PROFILE) is is_fresh


async def test_a_listing_of_an_environment_provider_is_not_stored(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        listings = ModelListings(database, Gateway(Provider(listed("a"))))
        of_environment = replace(PROFILE, from_environment=True)
        await listings.fetch(of_environment)
        assert listings.known_listing(of_environment) is not None
        assert not await database.rows("SELECT * FROM model_listings")


# ---------------------------------------------------------------- menu

OPENAI = ProviderProfile("o", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com/v1")
COMET = ProviderProfile("c", "CometAPI", ProviderKind.COMETAPI, "https://api.cometapi.com/v1")
BOX = ProviderProfile("b", "Box", ProviderKind.COMPATIBLE, "http://localhost:1/v1")
MENU_DAY = date(2026, 11, 20)
FAMILY = ["gpt-5.2-chat-latest", "gpt-5.2", "gpt-5.2-pro"]


def listing_of(*ids: str) -> ModelListing:
    models = tuple(ModelFacts(model_id) for model_id in ids)
    return ModelListing("", models, datetime(2026, 11, 20, tzinfo=UTC))


def ids(found: list[ModelEntry]) -> list[str]:
    return [entry.model for entry in found]


def test_without_a_listing_known_models_are_offered() -> None:
    found = ids(menu_entries(ProviderModels(OPENAI, CATALOG), MENU_DAY))
    assert found[:3] == FAMILY
    assert {"gpt-5-mini", "gpt-5-nano"} <= set(found)
    assert "gpt-5.2-codex" not in found, "shut down in July"
    assert ids(menu_entries(ProviderModels(BOX, CATALOG), MENU_DAY)) == []


def test_listed_chat_models_are_offered_after_the_known_ones() -> None:
    listing = listing_of("zeta", "gpt-5-nano", "Alpha", "gpt-5.2", "text-embedding-3-small")
    found = menu_entries(
        ProviderModels(replace(COMET, models=("mine",)), CATALOG, listing), MENU_DAY
    )
    assert ids(found) == [*FAMILY, "mine", "gpt-5-nano", "Alpha", "zeta"]
    assert found[4].name == "GPT-5 nano"
    assert found[5].name == "Alpha"


def dated(*models: tuple[str, str]) -> ModelListing:
    facts = (ModelFacts(id_, created=date.fromisoformat(day)) for id_, day in models)
    return ModelListing("", tuple(facts), datetime(2026, 11, 20, tzinfo=UTC))


MANY = tuple((f"filler-{n}", "2026-05-01") for n in range(18))


@pytest.mark.parametrize(
    ("listing", "current", "older"),
    [
        # A dated form of a listed model, and one that ends.
        (
            listing_of("m", "m-2026-01-01", "n-20260101", "mistral-2508", "mistral-latest"),
            ["m", "mistral-latest", "n-20260101"],
            ["m-2026-01-01", "mistral-2508"],
        ),
        (listing_of("gpt-5-mini", "x"), ["x"], ["gpt-5-mini"]),
        # Since when the server has them, of a short list and of a long one.
        (dated(("a", "2024-01-01"), ("b", "2026-11-01"), ("c", "2026-10-01")), ["b", "c", "a"], []),
        (
            dated(("gpt-4o", "2024-05-10"), *MANY, ("new", "2026-11-01")),
            ["new", *(f"filler-{n}" for n in reversed(range(18)))],
            ["gpt-4o"],
        ),
        # Without a date, the highest version is the first.
        (
            listing_of("claude-4", "claude-5.5", "claude-5"),
            ["claude-5.5", "claude-5", "claude-4"],
            [],
        ),
    ],
)
def test_current_models_are_first_and_older_ones_apart(
    listing: ModelListing, current: list[str], older: list[str]
) -> None:
    entries = menu_entries(ProviderModels(OPENAI, CATALOG, listing), MENU_DAY)
    others = [entry for entry in entries if entry.variant is None]
    assert [entry.model for entry in others if not entry.is_older] == current
    assert [entry.model for entry in others if entry.is_older] == older
    assert [entry.is_older for entry in others] == sorted(entry.is_older for entry in others)


def test_a_model_that_the_user_named_is_no_older_one() -> None:
    listing = listing_of("m", "m-2026-01-01")
    named = replace(BOX, models=("m-2026-01-01",))
    assert not any(
        e.is_older for e in menu_entries(ProviderModels(named, CATALOG, listing), MENU_DAY)
    )
    all_listed = replace(BOX, models=("m-2026-01-01", "m"))  # saved by Test
    entries = menu_entries(ProviderModels(all_listed, CATALOG, listing), MENU_DAY)
    assert [(e.model, e.is_older) for e in entries] == [("m", False), ("m-2026-01-01", True)]


@pytest.mark.parametrize(
    "model",
    [
        "text-embedding-3-large", "whisper-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-image-1",
        "dall-e-3", "omni-moderation-latest", "gpt-4o-transcribe", "gpt-4o-realtime-preview",
        "gpt-4o-audio-preview", "sora-2", "black-forest-labs/flux-dev", "mj_imagine", "davinci-002",
        "TEXT-EMBEDDING-ADA-002", "gemini-2.5-flash-image", "nano-banana-pro",
    ],
)  # fmt: skip
def test_models_that_cannot_chat_are_recognized(model: str) -> None:
    assert not CATALOG.can_chat(model)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5.2", "gpt-4o", "gpt-4o-mini", "o3", "o4-mini", "chatgpt-4o-latest", "gpt-3.5-turbo",
        "claude-opus-4", "gemini-2.5-pro", "deepseek-v3", "qwen3:8b", "llama3", "mistral-large",
        "grok-4", "codex-mini-latest", "llava", "gpt-oss-120b", "ft:gpt-4o:acme::x",
    ],
)  # fmt: skip
def test_models_that_can_chat_are_recognized(model: str) -> None:
    assert CATALOG.can_chat(model)


def test_models_that_a_server_lists_as_not_chatting_are_hidden() -> None:
    models = (
        ModelFacts("vectors", kind=ModelKind.EMBEDDING),
        ModelFacts("whisper-that-chats", kind=ModelKind.CHAT),
        ModelFacts("plain", input_price=Decimal("0.5"), output_price=Decimal(2)),
    )
    listing = ModelListing("", models, datetime(2026, 11, 20, tzinfo=UTC))
    box = replace(BOX, models=("vectors", "plain"))
    found = {
        entry.model: entry.note
        for entry in menu_entries(ProviderModels(box, CATALOG, listing), MENU_DAY)
    }
    assert found == {"plain": "$0.5 / $2", "whisper-that-chats": ""}


def test_a_server_offers_the_models_of_the_family_that_it_or_the_user_names() -> None:
    box = replace(BOX, models=("gpt-5.2",))
    found = menu_entries(ProviderModels(box, CATALOG, listing_of("gpt-5.2-pro", "x")), MENU_DAY)
    assert [(entry.model, entry.variant) for entry in found] == [
        ("gpt-5.2", Variant.THINKING),
        ("gpt-5.2-pro", Variant.PRO),
        ("x", None),
    ]
    assert ids(menu_entries(ProviderModels(box, CATALOG), MENU_DAY)) == FAMILY
    assert ids(menu_entries(ProviderModels(COMET, CATALOG, listing_of("x")), MENU_DAY)) == [
        *FAMILY,
        "x",
    ]


def test_the_first_model_that_can_chat_is_proposed() -> None:
    listing = listing_of("whisper-1", "zeta", "alpha")
    azure = replace(BOX, key_header="api-key")
    assert proposed_model(ProviderModels(BOX, CATALOG, listing)) == "zeta"
    assert proposed_model(ProviderModels(BOX, CATALOG, listing_of("whisper-1"))) == ""
    assert (
        proposed_model(ProviderModels(BOX, CATALOG))
        == proposed_model(ProviderModels(azure, CATALOG, listing))
        == ""
    )
