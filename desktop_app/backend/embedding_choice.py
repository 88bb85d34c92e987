"""Chooses the embedding model of the provider of new conversations."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from desktop_app.collections.embedding_service import EmbeddingChoice
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.model_listing import ModelListing
from desktop_app.providers.jobs.embeddings import is_offered
from desktop_app.settings.setting import SettingValue


def embedding_model(values: Mapping[str, SettingValue], *, is_wanted: bool) -> str:
    """Return the embedding model that the settings name; "" if embeddings are disabled.

    Args:
        is_wanted: this question uses embeddings even if the setting is off.
    """
    is_on = is_wanted or values["library.embeddings"]
    return str(values["library.embedding_model"]).strip() if is_on else ""


def embedding_choice(
    model: str, profile: ProviderProfile, catalog: ModelCatalog, listing: ModelListing | None
) -> EmbeddingChoice | None:
    """Return the embedding model at `profile`; None if the provider offers none.

    The price is that in a compatible server's list, else the catalog's if the provider serves
    OpenAI's models, else unknown.
    """
    if not is_offered(profile):
        return None
    listed_price = listing.listed_model(model).input_price if listing else None
    if profile.kind is ProviderKind.COMPATIBLE and listed_price is not None:
        return EmbeddingChoice(profile, model, Price(input=listed_price, output=Decimal(0)))
    price = catalog.embedding_price(model)
    if price is not None and profile.serves_gpt_family:
        return EmbeddingChoice(profile, model, price.times(profile.price_multiplier))
    return EmbeddingChoice(profile, model, None)
