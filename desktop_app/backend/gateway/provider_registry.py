"""The providers to choose from: their profiles, and the initial model choice of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.backend.environment_profiles import BUILT_IN, ON_DEVICE, USUAL_ENVIRONMENT_IDS
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import tr
from desktop_app.services.models.choice_resolution import (
    ON_DEVICE_MODEL,
    ProviderModels,
    default_choice,
)
from desktop_app.services.models.model_menu import proposed_model, with_listed_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_app.credentials.vault import KeyVault
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.conversations.conversation import ModelChoice
    from desktop_app.local_model.server import LocalModel
    from desktop_app.services.models.model_listings import ModelListings
    from desktop_app.settings.setting import SettingValue
    from desktop_app.storage.settings.settings_store import SettingsStore


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
        local_model: LocalModel,
        environment_profiles: tuple[ProviderProfile, ...],
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._catalog = catalog
        self._listings = listings
        self._local_model = local_model
        self.environment_profiles = environment_profiles

    async def profiles(self) -> list[ProviderProfile]:
        """Return all providers: the environment's, then built-in, then custom ones.

        A stored profile replaces the built-in one of the same id. A provider from the environment
        gets the monthly cap and the facts about models that the user entered for its address.
        """
        stored_profiles = {profile.id: profile for profile in await self._settings.profiles()}
        own_models_by_url = {
            p.base_url: p.own_models for p in stored_profiles.values() if p.own_models
        }
        built_in = [stored_profiles.pop(profile.id, profile) for profile in BUILT_IN]
        # The names of the other built-in providers are those of companies: not translated.
        built_in = [
            replace(p, name=tr(ON_DEVICE.name)) if p.id == ON_DEVICE.id else p for p in built_in
        ]
        from_environment = [
            replace(
                with_listed_models(self.models_of(p)),
                own_models=own_models_by_url.get(p.base_url, p.own_models),
            )
            for p in self.environment_profiles
        ]
        return _with_shared_caps([*from_environment, *built_in, *stored_profiles.values()])

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
        """Return the models of a provider, as last listed."""
        return ProviderModels(profile, self._catalog, self._listings.known_listing(profile))

    @property
    def on_device_model(self) -> str:
        """Return the id of the on-device model: the built-in id, or a file's path."""
        weights = self._local_model.weights
        return ON_DEVICE_MODEL if weights is None else str(weights)


def _with_shared_caps(profiles: Sequence[ProviderProfile]) -> list[ProviderProfile]:
    """Give providers of the environment the cap of the stored provider with the same address.

    The usual id of an environment's provider shares the cap even if its variables are not set now:
    earlier runs may have spent under it. If a gateway with another address once had that id, its
    spending counts, too, because the ledger stores no addresses.
    """
    cap_owners = {
        p.base_url: p for p in profiles if p.monthly_cap is not None and not p.from_environment
    }

    def with_shared_cap(profile: ProviderProfile) -> ProviderProfile:
        owner = cap_owners.get(profile.base_url)
        if owner is None or not (profile is owner or profile.from_environment):
            return profile
        sharing_ids = [
            p.id
            for p in profiles
            if p.base_url == owner.base_url
            and (p is owner or p.from_environment)
            and p is not profile
        ]
        absent_id = USUAL_ENVIRONMENT_IDS.get(owner.base_url, "")
        if absent_id and absent_id not in {p.id for p in profiles}:
            sharing_ids.append(absent_id)
        return replace(profile, monthly_cap=owner.monthly_cap, shares_cap_with=tuple(sharing_ids))

    return [with_shared_cap(profile) for profile in profiles]
