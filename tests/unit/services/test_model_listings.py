"""Model listings are stored with their date and apply only to their address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.models.model_listing import (
    ListedModel,
    ModelDetails,
    ModelKind,
    ModelListing,
)
from desktop_app.services.models.model_listings import FRESH_FOR, ModelListings
from desktop_app.storage.settings.model_listing_store import ListingStore
from tests.unit.storage.samples import opened

PROFILE = ProviderProfile("p", "P", ProviderKind.COMPATIBLE, "https://p.example/v1")


class Provider:
    """A provider that returns or raises its current `answer`."""

    def __init__(self, answer: ModelListing | NetworkError) -> None:
        self.answer = answer

    async def listing(self) -> ModelListing:
        if isinstance(self.answer, NetworkError):
            raise self.answer
        return self.answer


class Gateway:
    """A gateway that returns the same provider for every profile."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def provider(self, _profile: ProviderProfile) -> Provider:
        return self._provider


def listed(*ids: str, ago: timedelta = timedelta()) -> ModelListing:
    said = ModelDetails(
        kind=ModelKind.CHAT,
        input_price=Decimal("1.25"),
        output_price=Decimal(10),
        images=True,
        tools=False,
        cached_price=Decimal("0.125"),
        max_output=4096,
        reasoning=True,
        schema=False,
        makes_images=True,
    )
    models = tuple(ListedModel(id_, date(2026, 8, 10), 8192, said) for id_ in ids)
    return ModelListing(PROFILE.base_url, (*models, ListedModel("x")), datetime.now(UTC) - ago)


async def test_a_listing_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path, answer = tmp_path / "s.sqlite3", listed("a", "b")
    async with opened(path) as database:
        listings = ModelListings(ListingStore(database), Gateway(Provider(answer)))
        assert listings.known_listing(PROFILE) is None
        assert await listings.fetch(PROFILE) == answer
        assert listings.is_fresh(PROFILE)
    async with opened(path) as database:
        again = ModelListings(ListingStore(database), Gateway(Provider(answer)))
        await again.load()
        assert again.known_listing(PROFILE) == answer
        assert again.known_listing(replace(PROFILE, base_url="https://other.example/v1")) is None
        await again.forget(PROFILE.id)
        assert again.known_listing(PROFILE) is None
        assert await ListingStore(database).all() == {}


async def test_a_failed_request_keeps_the_last_listing(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        provider = Provider(listed("a", ago=FRESH_FOR))
        listings = ModelListings(ListingStore(database), Gateway(provider))
        kept = await listings.fetch(PROFILE)
        assert not listings.is_fresh(PROFILE)
        provider.answer = NetworkError("Not now.")
        with pytest.raises(NetworkError):
            await listings.fetch(PROFILE)
        assert listings.known_listing(PROFILE) == kept


@pytest.mark.parametrize(("minutes", "is_fresh"), [(0, True), (59, True), (60, False)])
async def test_a_listing_is_fresh_for_an_hour(tmp_path: Path, minutes: int, is_fresh: bool) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        provider = Provider(listed("a", ago=timedelta(minutes=minutes)))
        listings = ModelListings(ListingStore(database), Gateway(provider))
        assert not listings.is_fresh(PROFILE)
        await listings.fetch(PROFILE)
        assert listings.is_fresh(PROFILE) is is_fresh


async def test_a_listing_of_an_environment_provider_is_not_stored(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        listings = ModelListings(ListingStore(database), Gateway(Provider(listed("a"))))
        of_environment = replace(PROFILE, from_environment=True)
        await listings.fetch(of_environment)
        assert listings.known_listing(of_environment) is not None
        assert await ListingStore(database).all() == {}
