"""The latest model listing of each provider, so that the model menu is filled at once."""

from __future__ import annotations

import json
import sqlite3

import msgspec

from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.model_listing import ModelListing
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import Cells, from_micros, read_row, to_json, to_micros


class ListingStore:
    """The latest listing of each provider. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, ModelListing]:
        """Return the latest listing of each provider, by profile id."""
        return await self._database.read(_read_all)

    async def save(self, profile_id: str, listing: ModelListing) -> None:
        """Save a provider's listing, replacing the previous one."""
        await self._database.execute(
            "INSERT OR REPLACE INTO model_listings (profile_id, base_url, at, models)"
            " VALUES (?, ?, ?, ?)",
            profile_id,
            listing.base_url,
            to_micros(listing.listed_at),
            to_json([msgspec.to_builtins(model.known) for model in listing.models]),
        )

    async def remove(self, profile_id: str) -> None:
        """Delete a provider's listing."""
        await self._database.execute("DELETE FROM model_listings WHERE profile_id = ?", profile_id)


def _read_all(connection: sqlite3.Connection) -> dict[str, ModelListing]:
    sql = "SELECT profile_id AS id, base_url, at, models FROM model_listings"
    rows = connection.execute(sql)
    return {row["id"]: read_row(listing_from_row, row) for row in rows}


def listing_from_row(row: Cells) -> ModelListing:
    """Return the listing in a row of `model_listings`."""
    models = msgspec.convert(json.loads(row["models"]), tuple[ModelFacts, ...])
    return ModelListing(row["base_url"], models, from_micros(row["at"]))
