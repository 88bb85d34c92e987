"""Chooses the embedding model of the provider of new conversations."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from desktop_app.collections.embedding_service import EmbeddingChoice
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.cost import Price
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.providers.jobs.embeddings import is_offered
from desktop_app.providers.models.model_listing import ModelListing

OPENAI_MODEL: Final = "text-embedding-3-small"


def embedding_model(listing: ModelListing | None) -> str:
    """Return OpenAI's small embedding model, or the first that a server lists instead of it."""
    ids = [model.id for model in listing.models] if listing else []
    return next((id_ for id_ in ids if OPENAI_MODEL not in ids and "embed" in id_), OPENAI_MODEL)


def choose_embedding(
    chosen: str, profile: ProviderProfile, catalog: ModelCatalog, listing: ModelListing | None
) -> EmbeddingChoice | None:
    """Return the embedding model at `profile`; None if the provider offers none.

    The price is that in a compatible server's list, else the catalog's if the provider serves
    OpenAI's models, else unknown.

    Args:
        chosen: the model that an earlier version stored, for which vectors exist; "" for none.
    """
    if not is_offered(profile):
        return None
    model = chosen or embedding_model(listing)
    listed_price = listing.listed_model(model).input_price if listing else None
    if profile.kind is ProviderKind.COMPATIBLE and listed_price is not None:
        return EmbeddingChoice(profile, model, Price(input=listed_price, output=Decimal(0)))
    price = catalog.embedding_price(model)
    if price is not None and profile.serves_gpt_family:
        return EmbeddingChoice(profile, model, price.times(profile.price_multiplier))
    return EmbeddingChoice(profile, model, None)
