"""The provider and the price of embeddings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from desktop_app.collections.embedding_service import (
    EmbeddingChoice,
    choose_embedding,
    embedding_model,
)
from desktop_app.domain.answering.chat_request import FAMILY_MODEL, ProviderProfile
from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.providers.models.model_listing import ModelListing
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI

MODEL = "text-embedding-3-small"
USUAL = CATALOG.embedding_price(MODEL)
GATEWAY = replace(COMPATIBLE, models=(FAMILY_MODEL,))
LISTING = ModelListing(
    COMPATIBLE.base_url,
    (ModelFacts(MODEL, input_price=Decimal("0.5")), ModelFacts("other")),
    datetime(2026, 1, 1, tzinfo=UTC),
)
LISTED = Price(Decimal("0.5"), Decimal(0))
assert USUAL is not None


@pytest.mark.parametrize(
    ("ids", "model"),
    [
        (None, MODEL),
        ((), MODEL),
        (("qwen3",), MODEL),
        (("qwen3", "nomic-embed-text", "other-embed"), "nomic-embed-text"),
        (("nomic-embed-text", MODEL), MODEL),
    ],
)
def test_a_server_without_openais_model_uses_the_first_that_it_lists(
    ids: tuple[str, ...] | None, model: str
) -> None:
    listing = None if ids is None else replace(LISTING, models=tuple(map(ModelFacts, ids)))
    assert embedding_model(listing) == model


@pytest.mark.parametrize(
    ("profile", "model", "listing", "price"),
    [
        (OPENAI, MODEL, None, USUAL),
        (OPENAI, MODEL, LISTING, USUAL),
        (replace(OPENAI, price_multiplier=Decimal(2)), MODEL, None, USUAL.times(Decimal(2))),
        (GATEWAY, MODEL, None, USUAL),
        (GATEWAY, MODEL, LISTING, LISTED),
        (COMPATIBLE, MODEL, None, None),
        (COMPATIBLE, MODEL, LISTING, LISTED),
    ],
)
def test_a_price_listed_by_the_server_precedes_that_of_the_catalog(
    profile: ProviderProfile, model: str, listing: ModelListing | None, price: Price | None
) -> None:
    found = choose_embedding("", profile, CATALOG, listing)
    assert found == EmbeddingChoice(profile, model, price)
    other = choose_embedding("an-older-choice", profile, CATALOG, listing)
    assert other is not None
    assert other.model == "an-older-choice"


def test_a_provider_without_embeddings_has_no_choice() -> None:
    assert choose_embedding("", COMETAPI, CATALOG, None) is None
