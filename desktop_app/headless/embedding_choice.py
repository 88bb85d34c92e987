"""Who makes vectors of passages: the provider of new conversations, where the person has switched
that on and it has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.providers.embeddings import is_offered
from desktop_app.services.embeddings import EmbeddingChoice

if TYPE_CHECKING:
    from desktop_app.headless.backend import Backend


async def embedding_choice(backend: Backend) -> EmbeddingChoice | None:
    """None where it is switched off, or nobody makes them. Raises StorageError."""
    values = await backend.values()
    model = str(values["library.embedding_model"]).strip()
    if not values["library.embeddings"] or not model:
        return None
    profile = await backend.default_profile(await backend.profiles(), values)
    if not is_offered(profile):
        return None
    price = backend.catalog.embedding_price(model)
    if price is not None and profile.serves_the_family:  # at OpenAI, or in its place
        return EmbeddingChoice(profile, model, price.times(profile.price_multiplier))
    return EmbeddingChoice(profile, model, None)
