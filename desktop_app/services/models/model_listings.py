"""Which models each provider lists: kept with their date, asked for anew in the background.

The question is the one that opens the connection while the person types; it costs nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_listing import ModelListing

HOLDS: Final = timedelta(hours=1)


class ListingBook(Protocol):
    """Where listings are kept, by profile id."""

    async def all(self) -> dict[str, ModelListing]:
        """The newest of each."""

    async def save(self, profile_id: str, listing: ModelListing) -> None:
        """Keep one in place of the earlier."""

    async def remove(self, profile_id: str) -> None:
        """Forget one."""


class ListingProvider(Protocol):
    """A provider that can say what it serves."""

    async def listing(self) -> ModelListing:
        """Ask it. Raises ProviderError."""


class ListingGateway(Protocol):
    """Opens providers."""

    async def provider(self, profile: ProviderProfile) -> ListingProvider:
        """One that is ready to be asked. Raises UserFacingError."""


class ModelListings:
    """The listings of all providers."""

    def __init__(self, book: ListingBook, gateway: ListingGateway) -> None:
        self._book = book
        self._gateway = gateway
        self._known: dict[str, ModelListing] = {}

    async def load(self) -> None:
        """Read what is kept. Raises StorageError."""
        self._known = {**await self._book.all(), **self._known}

    def of(self, profile: ProviderProfile) -> ModelListing | None:
        """What the provider lists, as far as is known; None for another address's, or for one that
        names no model at all, as some servers do."""
        known = self._known.get(profile.id)
        is_its = known is not None and known.base_url == profile.base_url and known.models
        return known if is_its else None

    def is_fresh(self, profile: ProviderProfile) -> bool:
        """Whether asking again would hardly tell news."""
        known = self.of(profile)
        return known is not None and datetime.now(UTC) - known.at < HOLDS

    async def fetch(self, profile: ProviderProfile) -> ModelListing:
        """Ask the provider, and keep what it says; nothing of the environment's is stored.

        Raises:
            UserFacingError: it could not be asked, or what it said not be kept.
        """
        provider = await self._gateway.provider(profile)
        listing = await provider.listing()
        if profile.kind is ProviderKind.ON_DEVICE:
            return listing  # its address is another in each run, and its models are files
        self._known[profile.id] = listing
        if not profile.from_environment:
            await self._book.save(profile.id, listing)
        return listing

    async def forget(self, profile_id: str) -> None:
        """A provider was removed. Raises StorageError."""
        self._known.pop(profile_id, None)
        await self._book.remove(profile_id)
