"""The network settings of a provider: proxy password, custom fields and trusted certificates."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.app.settings.profile_changes import ProfileChanges, SecretRemoval
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.errors import SettingError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import host_of, origin
from desktop_app.domain.network.secret import Secret
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.ui.settings.sections.key_state import KeyState
from desktop_app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from desktop_app.providers.http.trust import CaFile
    from desktop_app.ui.settings.tabs.provider_tab import ProviderTab


class ProviderNetwork:
    """Connection of the panel's network settings with the profiles and the keyring."""

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        changes: ProfileChanges,
        removal: SecretRemoval,
    ) -> None:
        self._page = window.settings.pages.provider
        self._changes = changes
        self._removal = removal
        self._vault = state.backend.vault
        self._tasks = state.tasks
        self._page.on_created(self._connect_page)

    def _connect_page(self, page: ProviderTab) -> None:
        network = page.network
        network.password_entered.connect(self._tasks.slot(self._save_password))
        network.password_removal_requested.connect(
            lambda id_: self._tasks.start(self._save_password(id_, ""))
        )
        network.custom_field_entered.connect(self._tasks.slot(self._save_field))
        network.ca_file_chosen.connect(self._tasks.slot(self._choose_ca_file))

    async def show(self, profile: ProviderProfile) -> None:
        """Show which secrets of a profile are stored."""
        await self._show_password(profile)
        key_origin = origin(profile.base_url)
        has_stored_value = {
            field.key: (
                await self._vault.place(profile.custom_field_id(field), key_origin)
            ).is_usable
            for field in profile.custom_fields
            if field.is_secret
        }
        self._page.set_content(
            ("fields", profile.id),
            lambda page: page.network.set_custom_field_states(profile.id, has_stored_value),
        )

    async def _save_field(self, profile_id: str, field: CustomField, value: str) -> None:
        """Store a custom header or query parameter under its name."""
        async with self._changes.secret_lock:
            profile = await self._changes.find_saved(lambda p: p.id == profile_id)
            if profile is None:
                return
            if field.is_secret:
                secret = Secret(value, origin(profile.base_url))
                await self._vault.set(profile.custom_field_id(field), secret)
            else:
                field = replace(field, value=value)

            def with_field(profile: ProviderProfile) -> ProviderProfile:
                others = (f for f in profile.custom_fields if f.key != field.key)
                return replace(profile, custom_fields=(*others, field))

            await self._changes.change(profile_id, with_field)

    async def _show_password(self, profile: ProviderProfile) -> None:
        secret_id = profile.proxy_password_id
        key_origin = origin(profile.proxy)
        key_place = await self._vault.place(secret_id, key_origin)
        state = KeyState(key_place.value, host_of(key_origin))
        self._page.set_content(
            ("password", secret_id), lambda page: page.network.set_password_state(secret_id, state)
        )

    async def _save_password(self, secret_id: str, password: str) -> None:
        """Store the password of a proxy for its current address; "" deletes it."""
        vault = self._vault
        async with self._changes.secret_lock:
            profile = await self._changes.find_saved(lambda p: p.proxy_password_id == secret_id)
            if profile is None:
                return
            try:
                if password:
                    await vault.set(secret_id, Secret(password, origin(profile.proxy)))
                    return
                removed_secrets = await self._removal.remove([secret_id])
                if removed_secrets:
                    self._removal.offer_undo(
                        tr("Password removed"),
                        removed_secrets,
                        lambda: self._show_password(profile),
                    )
            finally:
                await self._show_password(profile)

    async def _choose_ca_file(self, profile_id: str, path: Path | None) -> None:
        """Trust a file's certificates for a provider; None trusts the system's."""
        description = ""
        try:
            if path is not None:
                description = _ca_file_text(await asyncio.to_thread(_inspect_ca_file, str(path)))
        except SettingError as error:
            self._show_ca_file(profile_id, False, error.sentences)
            return
        self._show_ca_file(profile_id, True, description)
        await self._changes.change(profile_id, lambda p: replace(p, ca_file=str(path or "")))

    def _show_ca_file(self, profile_id: str, is_valid: bool, text: str) -> None:
        self._page.set_content(
            ("certificates", profile_id),
            lambda page: page.network.set_ca_file_result(profile_id, is_valid, text),
        )


def _inspect_ca_file(name: str) -> CaFile:
    from desktop_app.providers.http.trust import inspect_ca_file  # imports ssl

    return inspect_ca_file(name)


def _ca_file_text(ca_file: CaFile) -> str:
    """Return a sentence on the contents of a file of certificates."""
    if ca_file.until is not None and ca_file.name:
        day = formatting.day(ca_file.until)
        return tr(
            "Contains the CA certificate {name}, valid until {day}.", name=ca_file.name, day=day
        )
    if not ca_file.authorities:
        return tr("Contains the certificate of a server.")
    return tr_plural(
        "Contains {count} CA certificate.", "Contains {count} CA certificates.", ca_file.authorities
    )
