"""Changes of providers' profiles, which are saved one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from desktop_app.app.settings.secret_removal import SecretRemoval
from desktop_app.app.state.providers import Providers
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.i18n.translation import tr


class ProfileChanges:
    """Changes of profiles.

    Attributes:
        lock: held while a profile is changed.
        secret_lock: held while a secret of a profile is stored.

    Args:
        on_new: called with the id of a new profile before it is saved.
    """

    def __init__(
        self, providers: Providers, removal: SecretRemoval, on_new: Callable[[str], None]
    ) -> None:
        self._providers = providers
        self._removal = removal
        self._on_new = on_new
        self.lock = asyncio.Lock()
        self.secret_lock = asyncio.Lock()

    async def find_saved(
        self, is_wanted: Callable[[ProviderProfile], bool]
    ) -> ProviderProfile | None:
        """Wait until earlier changes are saved; return the first wanted profile, None for none."""
        async with self.lock:
            return next(filter(is_wanted, self._providers.all), None)

    async def save(self, profile: ProviderProfile) -> None:
        """Save a new or changed profile."""
        async with self.lock:
            await self._store(profile)

    async def _store(self, profile: ProviderProfile) -> None:
        former = self._providers.get(profile.id)
        if former is None:
            self._on_new(profile.id)
        await self._providers.save(profile)
        if former is not None:
            await self._remove_fields(former, profile)

    async def change(
        self, profile_id: str, change: Callable[[ProviderProfile], ProviderProfile]
    ) -> None:
        """Save a change of a profile, unless it was removed; other changes of it are kept."""
        async with self.lock:
            profile = self._providers.get(profile_id)
            if profile is not None:
                await self._store(change(profile))

    async def _remove_fields(self, former: ProviderProfile, current: ProviderProfile) -> None:
        """Remove the secrets of custom fields that a profile lost; offer to restore the fields."""
        keys = {field.key for field in current.custom_fields}
        removed_fields = [field for field in former.custom_fields if field.key not in keys]
        removed_secrets = await self._removal.remove(
            sorted(former.secret_field_ids - current.secret_field_ids)
        )
        if not removed_fields:
            return

        def with_removed(profile: ProviderProfile) -> ProviderProfile:
            keys = {field.key for field in profile.custom_fields}  # entered again since
            missing_fields = (field for field in removed_fields if field.key not in keys)
            return replace(profile, custom_fields=(*profile.custom_fields, *missing_fields))

        async def restore() -> None:
            await self.change(current.id, with_removed)

        message = tr("“{name}” removed", name=", ".join(field.name for field in removed_fields))
        self._removal.offer_undo(message, removed_secrets, restore)
