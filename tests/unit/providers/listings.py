"""Model listings, as tests compare them."""

from __future__ import annotations

from desktop_app.providers.models.model_listing import ModelListing


def listed_ids(listing: ModelListing) -> tuple[str, ...]:
    """Return the ids of the models in a listing, in order."""
    return tuple(model.id for model in listing.models)
