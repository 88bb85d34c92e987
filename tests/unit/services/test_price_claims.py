"""The catalog's prices at a server that the catalog does not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.model_listing import ListedModel, ModelDetails, ModelListing
from desktop_app.domain.spending.cost import FREE, Price
from desktop_app.paths import resource_path
from desktop_app.services.models.choice_resolution import ProviderModels

BUNDLED = resource_path("models.toml").read_text("utf-8")
CATALOG = ModelCatalog.from_toml(BUNDLED)
ADDRESS = "http://127.0.0.1:18080/v1"
OWN = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, ADDRESS)
NAMED = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, ADDRESS, models=("gpt-5.2",))
OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI)
CHOICE = ModelChoice("own", "gpt-5.2", None, None)
TODAY = date(2026, 11, 22)


def listing(*models: str) -> ModelListing:
    return ModelListing(ADDRESS, tuple(map(ListedModel, models)), datetime.now(UTC))


@pytest.mark.parametrize(
    ("profile", "listed", "answered_by", "is_priced"),
    [
        (OPENAI, listing("other"), "other", True),
        (OWN, listing("smollm2"), "", False),
        (OWN, listing("gpt-5.2"), "gpt-5.2-2025-12-11", True),
        (OWN, listing("gpt-5.2"), "smollm2", False),
        (OWN, None, "", True),
        (OWN, None, "smollm2", False),
        (NAMED, listing("smollm2"), "openai/gpt-5.2", True),
        (NAMED, listing("smollm2"), "gpt-5.2-pro", False),
    ],
)
def test_a_price_belongs_to_a_provider_and_model(
    profile: ProviderProfile, listed: ModelListing | None, answered_by: str, is_priced: bool
) -> None:
    resolved = (
        ProviderModels(profile, CATALOG, listed)
        .resolve(CHOICE, TODAY)
        .with_reply_model(answered_by)
    )
    assert (resolved.price is not None) is is_priced
    assert (resolved.counted_price is not None) is is_priced


def test_a_price_in_the_users_file_applies_whichever_model_answers() -> None:
    own = '[models."gpt-5.2"]\nprice = { input = "1", output = "2" }'
    catalog = ModelCatalog.from_toml(BUNDLED, own)
    resolved = ProviderModels(OWN, catalog, listing("smollm2")).resolve(CHOICE, TODAY)
    price = resolved.with_reply_model("smollm2").price
    assert price.input == Decimal(1)


def priced_at(
    own: str, profile: ProviderProfile = OWN, catalog: ModelCatalog = CATALOG, tier: str = ""
) -> Price | None:
    said = ModelDetails(
        input_price=Decimal(own), output_price=Decimal(9), cached_price=Decimal("0.5")
    )
    listed = ModelListing(ADDRESS, (ListedModel("gpt-5.2", details=said),), datetime.now(UTC))
    resolved = ProviderModels(profile, catalog, listed).resolve(CHOICE, TODAY)
    return replace(resolved, service_tier=tier).with_reply_model("smollm2").price


def test_a_price_that_the_server_lists_goes_before_the_catalogs() -> None:
    """It is what the server charges, whatever answers and whatever share the user entered."""
    expected = Price(Decimal(3), Decimal(9), Decimal("0.5"))
    assert priced_at("3") == expected
    assert priced_at("3", replace(OWN, price_multiplier=Decimal(2))) == expected
    assert priced_at("3", tier="flex") is None
    own = '[models."gpt-5.2"]\nprice = { input = "1", output = "2" }'
    stated = priced_at("3", catalog=ModelCatalog.from_toml(BUNDLED, own))
    assert stated.input == Decimal(1)
    free = priced_at("0")
    assert free is not None
    assert free != FREE  # only models on this computer are free


@pytest.mark.parametrize(
    ("requested", "named", "is_same"),
    [
        ("gpt-5.2", "", True),
        ("GPT-5.2", "openai/gpt-5.2-2025-12-11", True),
        ("qwen3", "qwen3:latest", True),
        ("models/qwen3.gguf", "qwen3", True),
        ("gpt-5.2", "gpt-5.2-pro", False),
        ("gpt-5.2", "smollm2", False),
        ("nonsense", "smollm2", False),
    ],
)
def test_a_reply_may_name_a_version_of_the_requested_model(
    requested: str, named: str, is_same: bool
) -> None:
    assert is_same_model(requested, named) is is_same
