"""Listings of the providers' models, stored with a date and updated in the background.

The request also opens the connection while the user types; it costs nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_listing import ModelListing

FRESH_FOR: Final = timedelta(hours=1)


class ListingStorage(Protocol):
    """Store of listings by profile id: see providers/models/model_listing_store.py."""

    async def all(self) -> dict[str, ModelListing]: ...
    async def save(self, profile_id: str, listing: ModelListing) -> None: ...
    async def remove(self, profile_id: str) -> None: ...


class ListingProvider(Protocol):
    """A provider that can list its models."""

    async def listing(self) -> ModelListing:
        """Request the listing. Raises ProviderError."""


class ListingGateway(Protocol):
    """Source of providers that can list their models."""

    async def provider(self, profile: ProviderProfile) -> ListingProvider:
        """Return a provider that is ready for a request. Raises UserFacingError."""


class ModelListings:
    """The listings of all providers."""

    def __init__(self, storage: ListingStorage, gateway: ListingGateway) -> None:
        self._storage = storage
        self._gateway = gateway
        self._listings: dict[str, ModelListing] = {}

    async def load(self) -> None:
        """Load the stored listings. Raises StorageError."""
        self._listings = {**await self._storage.all(), **self._listings}

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
            await self._storage.save(profile.id, listing)
        return listing

    async def forget(self, profile_id: str) -> None:
        """Delete the listing of a removed provider. Raises StorageError."""
        self._listings.pop(profile_id, None)
        await self._storage.remove(profile_id)
