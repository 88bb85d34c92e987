"""Providers in the settings panel: their profiles, keys and passwords, and a test."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.error_text import WINDOW, environment_surface, error_segments
from desktop_app.domain.errors import SettingError, StorageError, UserFacingError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import host_of, origin
from desktop_app.domain.network.secret import Secret
from desktop_app.domain.places import LinkedText
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.services.models.model_menu import chat_models
from desktop_app.ui.settings.sections.key_state import KeyState

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.settings.new_key_offer import NewKeyOffer
    from desktop_app.app.settings.secret_removal import SecretRemoval
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.new_conversation import NewConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.credentials.vault import KeyVault
    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.domain.models.model_listing import ModelListing
    from desktop_app.providers.http.trust import CaFile
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.settings.tabs.provider_tab import ProviderTab


class ProvidersController(QObject):
    """Connection of the panel's page of providers with the profiles and the keyring.

    Signals:
        key_stored(str): a key of the provider with this id was entered, or restored by Undo.
    """

    key_stored = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        offer: NewKeyOffer,
        removal: SecretRemoval,
        *,
        panel: SettingsPanel,
        setup: AnswerSetup,
        new_conversation: NewConversation,
        tasks: Tasks,
        vault: KeyVault,
        catalog: ModelCatalog,
    ) -> None:
        super().__init__(parent)
        self._panel, self._page, self._current = panel, panel.pages.provider, setup.current
        self._values, self._providers, self._setup = setup.values, setup.providers, setup
        self._new_conversation = new_conversation
        self._tasks, self._vault, self._catalog = tasks, vault, catalog
        self._removal, self._offer = removal, offer
        self._profile_lock, self._secret_lock = asyncio.Lock(), asyncio.Lock()
        self._shown_id = ""  # the provider shown in the panel; "": the open conversation's
        self._connect()

    def _connect(self) -> None:
        self._page.when_created(self._connect_page)
        self._panel.opened.connect(self._request_models)
        self._providers.changed.connect(self._show_profiles)
        for changed in (self._current.opened, self._setup.choice_changed):
            changed.connect(self._show_profiles)

    def _connect_page(self, page: ProviderTab) -> None:
        page.profile_selected.connect(self._select_profile)
        for requested in (page.profile_save_requested, page.profile_add_requested):
            requested.connect(self._tasks.slot(self._save_profile))
        page.profile_removal_requested.connect(self._tasks.slot(self._remove_profile))
        page.key_entered.connect(self._tasks.slot(self._enter_key))
        page.key_removal_requested.connect(self._tasks.slot(self._remove_key))
        page.test_requested.connect(self._tasks.slot(self._test))
        network = page.network
        network.password_entered.connect(self._tasks.slot(self._save_password))
        network.password_removal_requested.connect(
            lambda id_: self._tasks.start(self._save_password(id_, ""))
        )
        network.custom_field_entered.connect(self._tasks.slot(self._save_field))
        network.ca_file_chosen.connect(self._tasks.slot(self._choose_ca_file))

    def open_at_key(self) -> None:
        """Show the key field of the shown provider, or OpenAI's if that provider needs no key."""
        self._panel.request_show()
        if not self._profile_or_current(self._shown_id).needs_key:
            self._select_profile(OPENAI.id)
        self._panel.focus_key_field()

    def open_at_network(self) -> None:
        """Show the network settings of the provider in use, or OpenAI's if it has none."""
        profile = self._setup.resolved.profile
        has_none = profile.kind is ProviderKind.ON_DEVICE or profile.from_environment
        self._panel.request_show()
        self._select_profile(OPENAI.id if has_none else profile.id)
        self._panel.show_section("provider", "network")

    def open_at_cap(self, profile_id: str) -> None:
        """Show the panel at the field for a provider's monthly cap.

        A key of the environment has the cap of the stored provider with the same base URL.
        """
        profile = self._profile_or_current(profile_id)
        self._panel.request_show()
        stored = (p for p in self._providers.all if not p.from_environment)
        same = next((p for p in stored if p.base_url == profile.base_url), profile)
        self._select_profile(same.id if profile.from_environment else profile_id)
        self._panel.focus_cap_field()

    # -------------------------------------------------------------- providers

    def _profile_or_current(self, profile_id: str) -> ProviderProfile:
        return self._providers.get(profile_id) or self._setup.profile

    def _select_profile(self, profile_id: str) -> None:
        self._shown_id = profile_id
        self._show_profiles()
        self._request_models()

    def _request_models(self) -> None:
        shown = self._profile_or_current(self._shown_id)
        self._tasks.start(self._providers.refresh_listing(shown))

    def _show_profiles(self) -> None:
        shown = self._profile_or_current(self._shown_id)
        profiles = self._providers.all
        self._page.set_content("profiles", lambda page: page.set_profiles(profiles, shown.id))
        self._tasks.start(self._show_profile(shown.id))

    async def _show_profile(self, profile_id: str) -> None:
        vault, profile = self._vault, self._profile_or_current(profile_id)
        key_origin = origin(profile.base_url)
        place = await vault.place(profile_id, key_origin)
        state = KeyState(place.value, host_of(key_origin))
        self._page.set_content(
            ("key", profile_id), lambda page: page.set_key_state(profile_id, state)
        )
        await self._show_password(profile)
        has_value = {
            field.key: (await vault.place(profile.custom_field_id(field), key_origin)).is_usable
            for field in profile.custom_fields
            if field.is_secret
        }
        self._page.set_content(
            ("fields", profile_id),
            lambda page: page.network.set_custom_field_states(profile_id, has_value),
        )

    async def _save_field(self, profile_id: str, field: CustomField, value: str) -> None:
        """Store a custom header or query parameter under its name."""
        async with self._secret_lock:
            profile = await self._saved_profile(lambda p: p.id == profile_id)
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

            await self._change_profile(profile_id, with_field)

    async def _show_password(self, profile: ProviderProfile) -> None:
        secret_id, key_origin = profile.proxy_password_id, origin(profile.proxy)
        place = await self._vault.place(secret_id, key_origin)
        state = KeyState(place.value, host_of(key_origin))
        self._page.set_content(
            ("password", secret_id), lambda page: page.network.set_password_state(secret_id, state)
        )

    async def _save_password(self, secret_id: str, password: str) -> None:
        """Store the password of a proxy for its current address; "" deletes it."""
        vault = self._vault
        async with self._secret_lock:
            profile = await self._saved_profile(lambda p: p.proxy_password_id == secret_id)
            if profile is None:
                return
            try:
                if password:
                    await vault.set(secret_id, Secret(password, origin(profile.proxy)))
                elif removed := await self._removal.remove([secret_id]):
                    self._removal.offer_undo(
                        tr("Password removed"), removed, lambda: self._show_password(profile)
                    )
            finally:
                await self._show_password(profile)

    async def _saved_profile(
        self, is_wanted: Callable[[ProviderProfile], bool]
    ) -> ProviderProfile | None:
        """Wait until earlier changes are saved; return the first wanted profile, None for none."""
        async with self._profile_lock:
            return next(filter(is_wanted, self._providers.all), None)

    async def _choose_ca_file(self, profile_id: str, path: Path | None) -> None:
        """Trust a file's certificates for a provider; None trusts the system's."""
        found = ""
        try:
            if path is not None:
                found = _ca_file_text(await asyncio.to_thread(_inspect_ca_file, str(path)))
        except SettingError as error:
            self._show_ca_file(profile_id, False, error.sentences)
            return
        self._show_ca_file(profile_id, True, found)
        await self._change_profile(profile_id, lambda p: replace(p, ca_file=str(path or "")))

    def _show_ca_file(self, profile_id: str, is_valid: bool, text: str) -> None:
        self._page.set_content(
            ("certificates", profile_id),
            lambda page: page.network.set_ca_file_result(profile_id, is_valid, text),
        )

    async def _save_profile(self, profile: ProviderProfile) -> None:
        async with self._profile_lock:
            await self._store_profile(profile)

    async def _store_profile(self, profile: ProviderProfile) -> None:
        before = self._providers.get(profile.id)
        if before is None:
            self._shown_id = profile.id
        await self._providers.save(profile)
        if before is not None:
            await self._remove_fields(before, profile)

    async def _change_profile(
        self, profile_id: str, change: Callable[[ProviderProfile], ProviderProfile]
    ) -> None:
        """Save a change of a profile, unless it was removed; other changes of it are kept."""
        async with self._profile_lock:
            profile = self._providers.get(profile_id)
            if profile is not None:
                await self._store_profile(change(profile))

    async def _remove_profile(self, profile_id: str) -> None:
        async with self._profile_lock:
            profile = self._providers.get(profile_id)
            if profile is None:
                return  # removed by an earlier click
            was_default = self._values["default.provider"] == profile_id
            names = (profile_id, profile.proxy_password_id, *sorted(profile.secret_field_ids))
            removed = await self._removal.remove(names)
            self._shown_id = ""
            try:
                await self._providers.remove(profile_id)
            except StorageError:
                await self._removal.restore_secrets(removed)
                raise
        if self._current.is_new and not self._providers.has_provider(self._current.conversation):
            self._setup.choose(self._new_conversation.default_choice)

        async def restore() -> None:
            await self._save_profile(profile)
            if was_default:
                await self._new_conversation.set_default("default.provider", profile_id)

        self._removal.offer_undo(tr("“{name}” removed", name=profile.name), removed, restore)

    async def _remove_fields(self, before: ProviderProfile, after: ProviderProfile) -> None:
        """Remove the secrets of custom fields that a profile lost; offer to restore the fields."""
        keys = {field.key for field in after.custom_fields}
        removed_fields = [field for field in before.custom_fields if field.key not in keys]
        removed = await self._removal.remove(
            sorted(before.secret_field_ids - after.secret_field_ids)
        )
        if not removed_fields:
            return

        def with_removed(profile: ProviderProfile) -> ProviderProfile:
            keys = {field.key for field in profile.custom_fields}  # entered again since
            missing = (field for field in removed_fields if field.key not in keys)
            return replace(profile, custom_fields=(*profile.custom_fields, *missing))

        async def restore() -> None:
            await self._change_profile(after.id, with_removed)

        message = tr("“{name}” removed", name=", ".join(field.name for field in removed_fields))
        self._removal.offer_undo(message, removed, restore)

    # -------------------------------------------------------------- keys

    async def _enter_key(self, profile_id: str, key: str) -> None:
        """Store a key, make its provider the default, and offer to use or try that provider."""
        try:
            async with self._secret_lock:
                # The address that the user sees next to the key may not be saved yet.
                profile = await self._saved_profile(lambda p: p.id == profile_id)
                if profile is None:
                    return
                secret = Secret(key, origin(profile.base_url))
                await self._vault.set(profile_id, secret)
        finally:
            await self._show_profile(profile_id)
        self.key_stored.emit(profile_id)
        await self._new_conversation.set_default("default.provider", profile_id)
        self._offer.show(self._profile_or_current(profile_id))
        await self._providers.refresh_listing(self._profile_or_current(profile_id), force=True)

    async def _remove_key(self, profile_id: str) -> None:
        if not (removed := await self._removal.remove([profile_id])):
            await self._show_profile(profile_id)
            return
        await self._show_profile(profile_id)
        was_default = self._values["default.provider"] == profile_id
        if was_default:
            await self._new_conversation.set_default("default.provider", "")
        await self._providers.reload()
        if self._current.is_new and self._setup.profile.id == profile_id:
            self._setup.choose(self._new_conversation.default_choice)

        async def restore() -> None:
            if was_default:
                await self._new_conversation.set_default("default.provider", profile_id)
            await self._providers.reload()
            self.key_stored.emit(profile_id)

        name = self._profile_or_current(profile_id).name
        self._removal.offer_undo(tr("Key for {provider} removed", provider=name), removed, restore)

    async def _test(self, profile_id: str) -> None:
        """Request the provider's models, which is free and tests key and address."""
        # A newly entered key or address may not be saved yet.
        async with self._secret_lock, self._profile_lock:
            profile = self._profile_or_current(profile_id)
        began = time.monotonic()
        models: tuple[str, ...] = ()
        try:
            listing = await self._providers.fetch_listing(profile)
            models = chat_models(self._catalog, listing)
        except UserFacingError as error:
            result: tuple[bool, str | LinkedText] = (False, _panel_text(error, profile))
        else:
            found = tr_plural(
                "Connected in {duration}, {count} model found.",
                "Connected in {duration}, {count} models found.",
                len(listing.models),
                duration=formatting.duration(time.monotonic() - began),
            )
            result = (True, " ".join(filter(None, (found, _windows_text(listing)))))
        await self._show_profile(profile_id)  # the keyring has been read by now
        async with self._profile_lock:
            current = self._providers.get(profile_id)
            if current is None or current.base_url != profile.base_url:
                return  # the result is for a former address
            self._page.set_content(
                ("test", profile_id), lambda page: page.set_test_result(profile_id, *result)
            )
            if current.kind is ProviderKind.COMPATIBLE and models and not current.from_environment:
                await self._providers.save(replace(current, models=models))


def _windows_text(listing: ModelListing) -> str:
    """Return the context windows that a server reports for its models; "" for none."""
    sizes = sorted(model.window for model in listing.models if model.window)
    if not sizes:
        return ""
    least, most = formatting.tokens(sizes[0]), formatting.tokens(sizes[-1])
    if least == most:
        return tr("Context window: {limit} tokens.", limit=most)
    return tr("Context windows: {least} to {most} tokens.", least=least, most=most)


def _panel_text(error: UserFacingError, profile: ProviderProfile) -> LinkedText:
    """Return an error's text for the panel, which has no Retry button and no question."""
    surface = environment_surface(WINDOW) if profile.from_environment else WINDOW
    return error_segments(error, surface)


def _inspect_ca_file(name: str) -> CaFile:
    from desktop_app.providers.http.trust import inspect_ca_file  # imports ssl

    return inspect_ca_file(name)


def _ca_file_text(found: CaFile) -> str:
    """Return a sentence on the contents of a file of certificates."""
    if found.until is not None and found.name:
        day = formatting.day(found.until)
        return tr(
            "Contains the CA certificate {name}, valid until {day}.", name=found.name, day=day
        )
    if not found.authorities:
        return tr("Contains the certificate of a server.")
    return tr_plural(
        "Contains {count} CA certificate.", "Contains {count} CA certificates.", found.authorities
    )
