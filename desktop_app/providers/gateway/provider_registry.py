"""The providers to choose from: their profiles, and the initial model choice of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.origin import canonical_base_url, origin
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, all_profiles
from desktop_app.providers.models.choice_resolution import (
    ON_DEVICE_MODEL,
    ProviderModels,
    default_choice,
)
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_menu import (
    VARIANTS,
    proposed_model,
    variants_in,
    with_listed_models,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.providers.gateway.on_device import OnDeviceModels
    from desktop_app.providers.keys.vault import KeyVault
    from desktop_app.providers.models.model_listings import ModelListings
    from desktop_app.settings.setting import SettingValue
    from desktop_app.settings.settings_store import SettingsStore


_NO_DATE: Final = datetime.fromtimestamp(0, UTC)


class ProviderRegistry:
    """All providers: stored, built-in, and from the environment.

    Attributes:
        environment_profiles: the providers of this run's environment.
    """

    def __init__(
        self,
        settings: SettingsStore,
        vault: KeyVault,
        catalog: ModelCatalog,
        listings: ModelListings,
        local_models: OnDeviceModels,
        environment_profiles: tuple[ProviderProfile, ...],
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._catalog = catalog
        self._listings = listings
        self._local_models = local_models
        self.environment_profiles = environment_profiles
        self._variants: dict[Variant, str] = {}

    def set_models(self, profile: ProviderProfile, models: tuple[str, ...]) -> ProviderProfile:
        """Let a provider of the environment have some models in this process; return it."""
        changed = replace(profile, models=models)
        self.environment_profiles = tuple(
            changed if each.id == profile.id else each for each in self.environment_profiles
        )
        return changed

    async def profiles(self) -> list[ProviderProfile]:
        """Return all providers: the environment's, then built-in, then custom ones.

        A stored profile replaces the built-in one of the same id. A provider from the environment
        gets the monthly cap and the facts about models that the user entered for its address.
        """
        self._variants = variants_in((await self._settings.all()).get(VARIANTS, {}))
        stored_profiles = await self._settings.profiles()
        own_models_by_url = {
            canonical_base_url(p.base_url): p.own_models for p in stored_profiles if p.own_models
        }
        from_environment = [
            replace(
                with_listed_models(self.models_of(p)),
                own_models=own_models_by_url.get(canonical_base_url(p.base_url), p.own_models),
            )
            for p in self.environment_profiles
        ]
        return all_profiles(from_environment, stored_profiles)

    async def default_profile(
        self, values: Mapping[str, SettingValue], profiles: Iterable[ProviderProfile] | None = None
    ) -> ProviderProfile:
        """Return the provider of new conversations, among `profiles` or all.

        It is the first from the environment, else the user's choice if it is usable, else the first
        with a key, else the on-device model.
        """
        by_id = {p.id: p for p in (await self.profiles() if profiles is None else profiles)}
        if self.environment_profiles:
            return by_id[self.environment_profiles[0].id]
        chosen_profile = by_id.get(str(values["default.provider"]))
        if chosen_profile is not None and await self.is_usable(chosen_profile):
            return chosen_profile
        for profile in by_id.values():
            if profile.needs_key and await self.is_usable(profile):
                return profile
        return by_id[ON_DEVICE.id]

    async def choose_for_variant(self, variant: Variant, model: str) -> None:
        """Let a model stand for a variant wherever it is listed; "" for the program's own.

        Raises:
            StorageError: the choice is not stored.
        """
        chosen = variants_in((await self._settings.all()).get(VARIANTS, {})) | {variant: model}
        stored = {each.value: model for each, model in chosen.items() if model}
        await self._settings.set(VARIANTS, stored)

    async def usable(self) -> list[ProviderProfile]:
        """Return the profiles that have a key or need none."""
        return [profile for profile in await self.profiles() if await self.is_usable(profile)]

    async def is_usable(self, profile: ProviderProfile) -> bool:
        """Return True if the profile needs no key, or if a key for its address may be stored.

        This does not ask the keyring, which may have lost the key.
        """
        if not profile.needs_key:
            return True
        return (await self._vault.place(profile.id, origin(profile.base_url))).is_usable

    def default_choice(
        self, profile: ProviderProfile, values: Mapping[str, SettingValue]
    ) -> ModelChoice:
        """Return the initial model choice of a new conversation with `profile`."""
        return default_choice(
            profile,
            variant=Variant(str(values["default.variant"])),
            effort=Effort(str(values["default.effort"])),
            on_device_model=self.on_device_model,
            proposed=proposed_model(self.models_of(profile)),
        )

    def models_of(self, profile: ProviderProfile) -> ProviderModels:
        """Return the models of a provider, as last listed, or as their files say."""
        if profile.kind is ProviderKind.ON_DEVICE:
            facts = self._local_models.facts()
            return ProviderModels(profile, self._catalog, ModelListing("", facts, _NO_DATE))
        listing = self._listings.known_listing(profile)
        return ProviderModels(profile, self._catalog, listing, self._variants)

    @property
    def on_device_model(self) -> str:
        """Return the id of the on-device model: the built-in id, or a file's path."""
        weights = self._local_models.weights
        return ON_DEVICE_MODEL if weights is None else str(weights)
