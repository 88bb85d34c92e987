"""The available providers, and the default for new conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import N_
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.provider_registry import ProviderRegistry
from desktop_app.providers.models.choice_resolution import ProviderModels
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_listings import ModelListings
from desktop_app.settings.setting import SettingValue
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.values import with_defaults

KeyPlace = Literal["keyring", "session", "environment", "none", "unknown", "elsewhere"]


class KeyState(NamedTuple):
    """The place where a profile's key or a proxy's password is stored.

    `place` is "unknown" until the keyring has been asked, which may open a dialog. `place` is
    "elsewhere" if the stored secret belongs to another address than the current one. `host` is
    the host of the current address; "" if it is unknown.
    """

    place: KeyPlace
    host: str = ""


PROVIDER_REMOVED = N_("Provider removed. Choose another.")


class Providers(QObject):
    """The provider profiles and their model listings.

    Attributes:
        all: all profiles, those of the environment first.
        default: the profile that new conversations use.
        asked: the ids of providers whose models are requested for the first time.

    Signals:
        changed(): the providers or their keys have changed.
        listings_changed(): a listing has changed, or a request for a first one begins or ends.
    """

    changed = Signal()
    listings_changed = Signal()

    def __init__(
        self,
        registry: ProviderRegistry,
        listings: ModelListings,
        settings_store: SettingsStore,
        values: SettingValues,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._registry = registry
        self._listings = listings
        self._settings_store = settings_store
        self._values = values
        self.all: list[ProviderProfile] = []
        self.default: ProviderProfile = ON_DEVICE
        self.asked: set[str] = set()
        self._tried: set[str] = set()
        self._load_lock = asyncio.Lock()

    def get(self, profile_id: str) -> ProviderProfile | None:
        """Return a profile by its id, None if it was removed."""
        return next((p for p in self.all if p.id == profile_id), None)

    def has_provider(self, conversation: Conversation) -> bool:
        """Return False if a conversation's provider was removed; an imported one may have none.

        Nothing is sent in that case until the user has chosen another, which may cost more.
        """
        provider_id = conversation.choice.provider_id
        return not provider_id or self.get(provider_id) is not None

    async def usable(self) -> list[ProviderProfile]:
        """Return the profiles that have a key or need none."""
        return [profile for profile in self.all if await self._registry.is_usable(profile)]

    def models_of(self, profile: ProviderProfile) -> ProviderModels:
        """Return the models of a provider, as last listed."""
        return self._registry.models_of(profile)

    @property
    def on_device_model(self) -> str:
        return self._registry.on_device_model

    def has_local_model(self, path: str) -> bool:
        """Return True if a model's file is on this computer."""
        listing = self._registry.models_of(ON_DEVICE).listing
        return listing is not None and listing.has(path)

    def default_choice(self, profile: ProviderProfile) -> ModelChoice:
        """Return the initial model choice of a new conversation with `profile`."""
        return self._registry.default_choice(profile, self._values.all)

    async def save(self, profile: ProviderProfile) -> None:
        """Store a new or changed profile. Raises StorageError."""
        await self._settings_store.save_profile(profile)
        await self.reload()

    async def choose_for_variant(self, variant: Variant, model: str) -> None:
        """Let a model stand for a variant from now on. Raises StorageError."""
        await self._registry.choose_for_variant(variant, model)
        await self.reload()

    async def remove(self, profile_id: str) -> None:
        """Remove a stored profile and its listing. Raises StorageError."""
        await self._settings_store.remove_profile(profile_id)
        await self._listings.forget(profile_id)
        await self.reload()

    async def reload(self) -> None:
        async with self._load_lock:  # the store may answer two readers in any order
            profiles = await self._registry.profiles()
            self.default = await self._registry.default_profile(self._values.all, profiles)
            self.all = profiles
        self.changed.emit()

    async def refresh_listing(self, profile: ProviderProfile, *, force: bool = False) -> None:
        """Request a provider's models unless the listing is fresh, or always with `force`.

        The request also opens the connection for the next question. The local model has no listing,
        and a provider without its key is not asked. Failed requests are not reported here; sending
        a question reports them.

        Raises:
            StorageError: the store does not tell if the provider has a key.
        """
        is_on_device = profile.kind is ProviderKind.ON_DEVICE
        if is_on_device or (self._listings.is_fresh(profile) and not force):
            return
        if not await self._registry.is_usable(profile):
            return
        # What is shown stays while a list is renewed, or asked for again after it was refused.
        is_first = self._listings.known_listing(profile) is None and profile.id not in self._tried
        if is_first:
            self._tried.add(profile.id)
            self.asked.add(profile.id)
            self.listings_changed.emit()
        try:
            with suppress(UserFacingError):
                await self.fetch_listing(profile)
        finally:
            if is_first:
                self.asked.discard(profile.id)
                self.listings_changed.emit()

    async def fetch_listing(self, profile: ProviderProfile) -> ModelListing:
        """Request a provider's models. Raises UserFacingError."""
        listing = await self._listings.fetch(profile)
        if profile.from_environment:  # its listing shows if it serves the GPT family
            await self.reload()
        self.listings_changed.emit()
        return listing


class SettingValues(QObject):
    """The values of all settings, including defaults.

    Attributes:
        all: all values by key.

    Signals:
        changed(str): the setting with this key has changed.
    """

    changed = Signal(str)

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.all: Mapping[str, SettingValue] = with_defaults({})
        self._load_lock = asyncio.Lock()

    async def load(self) -> None:
        async with self._load_lock:  # the store may answer two readers in any order
            self.all = with_defaults(await self._store.all())

    def __getitem__(self, key: str) -> SettingValue:
        return self.all[key]

    async def set(self, key: str, value: Any) -> None:
        """Store a value, then report it."""
        await self._store.set(key, value)
        await self.load()
        self.changed.emit(key)
