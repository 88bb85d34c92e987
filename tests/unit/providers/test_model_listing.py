"""The retirement of models, from a listing and the date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.models.model_listing import (
    ModelAvailability,
    ModelListing,
    with_listed_details,
    with_listed_window,
)

OPENAI = ProviderProfile("o", "OpenAI", ProviderKind.OPENAI, "https://api.openai.com/v1")
COMET = ProviderProfile("c", "CometAPI", ProviderKind.COMETAPI, "https://api.cometapi.com/v1")
END = date(2026, 8, 10)
MODEL = ModelInfo("m", "Model", shutdown=END)
NOON = datetime(2026, 8, 10, 12, tzinfo=UTC)
BEFORE, LONG_BEFORE, AFTER = date(2026, 7, 1), date(2026, 5, 1), date(2026, 8, 10)


def listed(*ids: str, on: date = AFTER, end: date | None = None) -> ModelListing:
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return ModelListing("", tuple(ModelFacts(id_, shutdown=end) for id_ in ids), at)


@pytest.mark.parametrize(
    ("profile", "listing", "today", "served"),
    [
        (OPENAI, None, BEFORE, True),
        (OPENAI, None, AFTER, False),
        (OPENAI, listed("m"), AFTER, True),
        (OPENAI, listed("m", on=BEFORE), AFTER, False),
        (OPENAI, listed("x"), BEFORE, False),
        (OPENAI, listed("x"), AFTER, False),
        (OPENAI, listed("m", on=date(2026, 8, 9)), AFTER, False),
        (OPENAI, None, date(2026, 8, 9), True),
        (COMET, None, AFTER, True),
        (COMET, listed("m", on=BEFORE), AFTER, True),
        (COMET, listed("x"), AFTER, False),
        (COMET, listed("m", on=BEFORE, end=END), AFTER, False),
    ],
    ids=[
        "OpenAI before its date",
        "OpenAI after its date",
        "OpenAI lists it after its date",
        "OpenAI listed it before its date",
        "OpenAI does not list it",
        "OpenAI does not list it after its date",
        "OpenAI listed it on the day before its date",
        "OpenAI on the day before its date",
        "OpenAI’s date does not bind an aggregator",
        "an aggregator lists it",
        "an aggregator does not list it",
        "an aggregator after its own date",
    ],
)
def test_a_model_is_served_until_its_shutdown_or_while_listed(
    profile: ProviderProfile, listing: ModelListing | None, today: date, served: bool
) -> None:
    assert ModelAvailability(profile, MODEL, listing, today).is_served is served


def test_a_notice_and_a_mark_name_the_end_of_a_model() -> None:
    assert ModelAvailability(OPENAI, MODEL, None, LONG_BEFORE).notice == ""
    assert str(ModelAvailability(OPENAI, MODEL, None, BEFORE).notice).startswith(
        "Model ends on August 10, 2026."
    )
    gone = "OpenAI shut down Model on August 10, 2026."
    assert str(ModelAvailability(OPENAI, MODEL, None, AFTER).notice) == gone
    assert "still lists it" in str(ModelAvailability(OPENAI, MODEL, listed("m"), AFTER).notice)
    assert ModelAvailability(COMET, MODEL, None, AFTER).notice == ""
    for day in (LONG_BEFORE, BEFORE):
        mark = ModelAvailability(OPENAI, MODEL, None, day).shutdown_mark
        assert mark == "ends on August 10, 2026"
    assert (
        ModelAvailability(OPENAI, MODEL, None, AFTER).shutdown_mark
        == ModelAvailability(OPENAI, MODEL, listed("x"), AFTER).shutdown_mark
        == "shut down on August 10, 2026"
    )
    assert ModelAvailability(OPENAI, MODEL, listed("m"), AFTER).shutdown_mark == ""


def test_a_shutdown_is_announced_ninety_days_before() -> None:
    assert ModelAvailability(OPENAI, MODEL, None, date(2026, 5, 11)).notice == ""
    assert ModelAvailability(OPENAI, MODEL, None, date(2026, 5, 12)).notice


def test_a_model_without_a_date_has_no_end() -> None:
    plain = ModelInfo("x", "x")
    assert not ModelAvailability(OPENAI, plain, listed("m"), AFTER).is_shut_down
    assert ModelAvailability(OPENAI, plain, listed("m"), AFTER).notice == ""
    announced = ModelAvailability(OPENAI, plain, listed("x", end=END), BEFORE)
    assert announced.shutdown_mark == "ends on August 10, 2026"


OWN, LISTED = Price(Decimal(1), Decimal(2)), Price(Decimal(3), Decimal(4))


@pytest.mark.parametrize(
    ("kind", "known", "said", "price"),
    [
        (ProviderKind.COMPATIBLE, OWN, LISTED, LISTED),
        (ProviderKind.COMPATIBLE, OWN, None, OWN),
        (ProviderKind.OPENAI, OWN, LISTED, OWN),
        (ProviderKind.OPENAI, None, LISTED, LISTED),
        (ProviderKind.OPENAI, None, None, None),
    ],
)
def test_the_price_of_a_compatible_server_replaces_the_catalogs(
    kind: ProviderKind, known: Price | None, said: Price | None, price: Price | None
) -> None:
    tiers = (("flex", Decimal("0.5")),)
    info = ModelInfo("m", "M", price=known, price_tiers=tiers)
    facts = ModelFacts("m", input_price=said and said.input, output_price=said and said.output)
    found = with_listed_details(replace(OPENAI, kind=kind), info, ModelListing("", (facts,), NOON))
    assert found.price == price
    is_listed = price is not None and price == said
    assert (found.price_is_final, found.price_tiers) == (is_listed, () if is_listed else tiers)
    assert with_listed_details(OPENAI, info, None) == info


@pytest.mark.parametrize(
    ("kind", "known", "said", "efforts"),
    [
        (ProviderKind.COMPATIBLE, (Effort.LOW,), (Effort.MAX,), (Effort.MAX,)),
        (ProviderKind.COMPATIBLE, (Effort.LOW,), None, (Effort.LOW,)),
        (ProviderKind.COMPATIBLE, None, (Effort.MAX,), (Effort.MAX,)),
        (ProviderKind.OPENAI, (Effort.LOW,), (Effort.MAX,), (Effort.LOW,)),
    ],
)
def test_the_efforts_that_a_compatible_server_lists_replace_the_catalogs(
    kind: ProviderKind,
    known: tuple[Effort, ...] | None,
    said: tuple[Effort, ...] | None,
    efforts: tuple[Effort, ...],
) -> None:
    info = ModelInfo("m", "M", efforts=known, default_effort=known and known[0])
    facts = ModelFacts("m", efforts=said)
    found = with_listed_details(replace(OPENAI, kind=kind), info, ModelListing("", (facts,), NOON))
    assert found.efforts == efforts
    assert found.default_effort in (None, *efforts)


@pytest.mark.parametrize(
    ("known", "said", "window", "most"),
    [
        ((None, None), None, None, None),
        ((None, None), 8192, 8192, None),
        ((400_000, 272_000), None, 400_000, 272_000),
        ((400_000, 272_000), 400_000, 400_000, 272_000),
        ((400_000, 272_000), 272_000, 400_000, 272_000),
        ((400_000, 272_000), 128_000, 128_000, None),
        ((128_000, None), 16_384, 16_384, None),
        ((128_000, None), 1_000_000, 128_000, None),
    ],
)
def test_a_listed_window_replaces_an_unknown_or_larger_one(
    known: tuple[int | None, int | None], said: int | None, window: int | None, most: int | None
) -> None:
    info = ModelInfo("m", "M", context_window=known[0], max_input=known[1])
    listing = ModelListing("", (ModelFacts("m", window=said), ModelFacts("n", window=512)), NOON)
    found = with_listed_window(info, listing)
    assert (found.context_window, found.max_input) == (window, most)
    assert with_listed_window(info, None) == info
