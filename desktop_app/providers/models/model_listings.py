"""Listings of the providers' models, stored with a date and updated in the background.

The request also opens the connection while the user types; it costs nothing.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import Cells, from_micros, read_row, to_json, to_micros

FRESH_FOR: Final = timedelta(hours=1)


class ModelListings:
    """The listings of all providers. The latest of each is stored, for the menu at the start."""

    def __init__(self, database: Database, gateway: ProviderGateway) -> None:
        self._database = database
        self._gateway = gateway
        self._listings: dict[str, ModelListing] = {}

    async def load(self) -> None:
        """Load the stored listings. Raises StorageError."""
        self._listings = {**await self._database.read(_read_all), **self._listings}

    def known_listing(self, profile: ProviderProfile) -> ModelListing | None:
        """Return the known listing of a provider, or None.

        A listing from another address is ignored, and so is an empty listing, as some servers send.
        """
        listing = self._listings.get(profile.id)
        is_usable = listing is not None and listing.base_url == profile.base_url and listing.models
        return listing if is_usable else None

    def is_fresh(self, profile: ProviderProfile) -> bool:
        """Return True if the listing is less than an hour old."""
        listing = self.known_listing(profile)
        return listing is not None and datetime.now(UTC) - listing.listed_at < FRESH_FOR

    async def fetch(self, profile: ProviderProfile) -> ModelListing:
        """Request the listing; store it unless the provider is on-device or of the environment.

        Raises:
            UserFacingError: the request failed, or the listing could not be stored.
        """
        provider = await self._gateway.provider(profile)
        listing = await provider.listing()
        if profile.kind is ProviderKind.ON_DEVICE:
            return listing  # the server's address changes with each run, and its models are files
        self._listings[profile.id] = listing
        if not profile.from_environment:
            await self.save(profile.id, listing)
        return listing

    async def save(self, profile_id: str, listing: ModelListing) -> None:
        """Store a provider's listing, replacing the previous one. Raises StorageError."""
        await self._database.execute(
            "INSERT OR REPLACE INTO model_listings (profile_id, base_url, at, models)"
            " VALUES (?, ?, ?, ?)",
            profile_id,
            listing.base_url,
            to_micros(listing.listed_at),
            to_json([msgspec.to_builtins(model.known) for model in listing.models]),
        )

    async def forget(self, profile_id: str) -> None:
        """Delete the listing of a removed provider. Raises StorageError."""
        self._listings.pop(profile_id, None)
        await self._database.execute("DELETE FROM model_listings WHERE profile_id = ?", profile_id)


def _read_all(connection: sqlite3.Connection) -> dict[str, ModelListing]:
    sql = "SELECT profile_id AS id, base_url, at, models FROM model_listings"
    rows = connection.execute(sql)
    return {row["id"]: read_row(listing_from_row, row) for row in rows}


def listing_from_row(row: Cells) -> ModelListing:
    """Return the listing in a row of `model_listings`."""
    models = msgspec.convert(json.loads(row["models"]), tuple[ModelFacts, ...])
    return ModelListing(row["base_url"], models, from_micros(row["at"]))
