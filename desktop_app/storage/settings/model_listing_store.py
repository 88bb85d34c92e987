"""The latest model listing of each provider, so that the model menu is filled at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from desktop_app.domain import bounds
from desktop_app.domain.models.model_listing import (
    ListedModel,
    ModelDetails,
    ModelKind,
    ModelListing,
)
from desktop_app.storage.conversations.row_conversion import (
    Cells,
    from_micros,
    read_row,
    to_json,
    to_micros,
)
from desktop_app.storage.database.database import Database


class ListingStore:
    """The latest listing of each provider. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, ModelListing]:
        """Return the latest listing of each provider, by profile id."""
        return await self._database.read(_read_all)

    async def save(self, profile_id: str, listing: ModelListing) -> None:
        """Save a provider's listing, replacing the previous one."""
        models = [
            [model.id, model.shutdown.isoformat() if model.shutdown else None]
            for model in listing.models
        ]
        windows = {model.id: model.window for model in listing.models if model.window}
        details = {
            model.id: model_details
            for model in listing.models
            if (model_details := _known_details(model.details))
        }
        await self._database.execute(
            "INSERT OR REPLACE INTO model_listings VALUES (?, ?, ?, ?, ?, ?)",
            profile_id,
            listing.base_url,
            to_micros(listing.listed_at),
            to_json(models),
            to_json(windows),
            to_json(details),
        )

    async def remove(self, profile_id: str) -> None:
        """Delete a provider's listing."""
        await self._database.execute("DELETE FROM model_listings WHERE profile_id = ?", profile_id)


def _known_details(details: ModelDetails) -> dict[str, str | bool]:
    """Return the known details as JSON-ready values, by name."""
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in asdict(details).items()
        if value is not None
    }


def _details_from_json(stored: Mapping[str, Any]) -> ModelDetails:
    kind = stored.get("kind")
    return ModelDetails(
        kind=None if kind is None else ModelKind(kind),
        input_price=_parse_price(stored.get("input_price")),
        output_price=_parse_price(stored.get("output_price")),
        images=stored.get("images"),
        tools=stored.get("tools"),
        cached_price=_parse_price(stored.get("cached_price")),
        max_output=stored.get("max_output"),
        reasoning=stored.get("reasoning"),
        schema=stored.get("schema"),
        makes_images=stored.get("makes_images"),
    )


def _parse_price(text: str | None) -> Decimal | None:
    return None if text is None else bounds.checked_money(text)


def _read_all(connection: sqlite3.Connection) -> dict[str, ModelListing]:
    sql = "SELECT profile_id AS id, base_url, at, models, windows, details FROM model_listings"
    rows = connection.execute(sql)
    return {row["id"]: read_row(listing_from_row, row) for row in rows}


def listing_from_row(row: Cells) -> ModelListing:
    """Return the listing in a row of `model_listings`."""
    windows = json.loads(row["windows"])
    details = json.loads(row["details"])
    models = tuple(
        ListedModel(
            model_id,
            shutdown=date.fromisoformat(shutdown) if shutdown else None,
            window=windows.get(model_id),
            details=_details_from_json(details.get(model_id, {})),
        )
        for model_id, shutdown in json.loads(row["models"])
    )
    return ModelListing(row["base_url"], models, from_micros(row["at"]))
