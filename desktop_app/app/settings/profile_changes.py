"""Changes of providers' profiles, and removals of keys and passwords, which Undo restores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.state.providers import Providers
from desktop_app.app.state.window_state import WindowState
from desktop_app.credentials.vault import KeyPlace
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.network.secret import Secret
from desktop_app.i18n.translation import tr
from desktop_app.ui.window.main_window import MainWindow


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


UNDO_MS: Final = 60_000


class SecretRemoval(QObject):
    """Removal of secrets from the keyring; they stay in memory while Undo is offered.

    If the program crashes meanwhile, they are lost. Only the notification refers to them.
    """

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._vault = state.backend.vault
        self._notifications = window.notifications
        self._tasks = state.tasks

    async def remove(self, names: Iterable[str]) -> dict[str, Secret]:
        """Remove the secrets of these names. Return those that existed.

        Raises:
            CredentialError: the keyring does not work; no secret was removed.
            StorageError: the store does not work; no secret was removed.
        """
        removed_secrets: dict[str, Secret] = {}
        try:
            for name in names:
                if secret := await self._vault.pop(name):
                    removed_secrets[name] = secret
        except (CredentialError, StorageError):
            await self.restore_secrets(removed_secrets)
            raise
        return removed_secrets

    async def restore_secrets(self, secrets: dict[str, Secret]) -> None:
        """Store removed secrets again.

        Raises:
            StorageError: the store cannot record a secret, which stays in memory for this session.
        """
        failure: StorageError | None = None
        for name, secret in secrets.items():
            try:
                await self._vault.set(name, secret)
            except StorageError as error:
                failure = error
        if failure is not None:
            raise failure

    async def _is_gone(self, name: str, secret: Secret) -> bool:
        """Return False if another secret of this name was entered since."""
        try:
            return await self._vault.place(name, secret.origin) is KeyPlace.NONE
        except StorageError:  # then `restore_secrets` can still keep the removed secret in memory
            return True

    def offer_undo(
        self,
        message: str,
        secrets: dict[str, Secret],
        restore: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Notify of a removal. Undo stores the secrets again, and then runs `restore`.

        A secret that was entered since stays.
        """
        topic = f"removed-{new_id()}"

        async def undo() -> None:
            try:
                missing_names = [
                    name for name in secrets if await self._is_gone(name, secrets[name])
                ]
                await self.restore_secrets({name: secrets[name] for name in missing_names})
            finally:
                await restore()

        self._notifications.notify(
            message, [(tr("Undo"), lambda: self._tasks.start(undo()))], topic=topic, stays=True
        )
        QTimer.singleShot(UNDO_MS, self, partial(self._notifications.dismiss_topic, topic))
