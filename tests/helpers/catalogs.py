"""The model catalog as the program ships it, for tests without a backend."""

from __future__ import annotations

from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.price_list import PriceList
from desktop_app.paths import resource_path

PRICES = PriceList(resource_path("model_prices.json").read_bytes)


def shipped_catalog(*user_texts: str) -> ModelCatalog:
    """Return the shipped catalog, extended by the texts of users' files."""
    own = resource_path("models.toml").read_text("utf-8")
    return ModelCatalog.from_toml(own, *user_texts, prices=PRICES)
