"""Providers in the settings panel: their profiles and keys, and a test."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.settings.new_key_offer import NewKeyOffer
from desktop_app.app.settings.profile_changes import ProfileChanges, SecretRemoval
from desktop_app.app.settings.provider_network import ProviderNetwork
from desktop_app.app.state.window_state import WindowState
from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.error_text import WINDOW, environment_surface, error_segments
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.models.model_listing import ModelListing
from desktop_app.domain.network.origin import host_of, origin
from desktop_app.domain.network.secret import Secret
from desktop_app.domain.places import LinkedText
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.services.models.model_menu import chat_models
from desktop_app.ui.settings.sections.key_state import KeyState
from desktop_app.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from desktop_app.ui.settings.tabs.provider_tab import ProviderTab


class ProvidersController(QObject):
    """Connection of the panel's page of providers with the profiles and the keyring.

    Signals:
        key_stored(str): a key of the provider with this id was entered, or restored by Undo.
    """

    key_stored = Signal(str)

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._panel = window.settings
        self._page = window.settings.pages.provider
        self._current = state.current
        self._values = state.values
        self._providers = state.providers
        self._setup = state.setup
        self._new_conversation = state.new_conversation
        self._tasks = state.tasks
        self._vault = state.backend.vault
        self._catalog = state.backend.catalog
        self._removal = SecretRemoval(window, state)
        self._offer = NewKeyOffer(window, state)
        self._changes = ProfileChanges(self._providers, self._removal, self._set_shown)
        self._network = ProviderNetwork(window, state, self._changes, self._removal)
        self._shown_id = ""  # the provider shown in the panel; "": the open conversation's
        self._connect()

    def _connect(self) -> None:
        self._page.on_created(self._connect_page)
        self._panel.opened.connect(self._request_models)
        self._providers.changed.connect(self._show_profiles)
        for signal in (self._current.opened, self._setup.choice_changed):
            signal.connect(self._show_profiles)

    def _connect_page(self, page: ProviderTab) -> None:
        page.profile_selected.connect(self._select_profile)
        for signal in (page.profile_save_requested, page.profile_add_requested):
            signal.connect(self._tasks.slot(self._changes.save))
        page.profile_removal_requested.connect(self._tasks.slot(self._remove_profile))
        page.key_entered.connect(self._tasks.slot(self._enter_key))
        page.key_removal_requested.connect(self._tasks.slot(self._remove_key))
        page.test_requested.connect(self._tasks.slot(self._test))

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
        if profile.from_environment:
            same_server = (p for p in self._providers.all if p.base_url == profile.base_url)
            profile = next((p for p in same_server if not p.from_environment), profile)
        self._panel.request_show()
        self._select_profile(profile.id)
        self._panel.focus_cap_field()

    # -------------------------------------------------------------- providers

    def _profile_or_current(self, profile_id: str) -> ProviderProfile:
        return self._providers.get(profile_id) or self._setup.profile

    def _set_shown(self, profile_id: str) -> None:
        self._shown_id = profile_id

    def _select_profile(self, profile_id: str) -> None:
        self._set_shown(profile_id)
        self._show_profiles()
        self._request_models()

    def _request_models(self) -> None:
        shown_profile = self._profile_or_current(self._shown_id)
        self._tasks.start(self._providers.refresh_listing(shown_profile))

    def _show_profiles(self) -> None:
        shown_profile = self._profile_or_current(self._shown_id)
        profiles = self._providers.all
        self._page.set_content(
            "profiles", lambda page: page.set_profiles(profiles, shown_profile.id)
        )
        self._tasks.start(self._show_profile(shown_profile.id))

    async def _show_profile(self, profile_id: str) -> None:
        profile = self._profile_or_current(profile_id)
        key_origin = origin(profile.base_url)
        key_place = await self._vault.place(profile_id, key_origin)
        state = KeyState(key_place.value, host_of(key_origin))
        self._page.set_content(
            ("key", profile_id), lambda page: page.set_key_state(profile_id, state)
        )
        await self._network.show(profile)

    async def _remove_profile(self, profile_id: str) -> None:
        async with self._changes.lock:
            profile = self._providers.get(profile_id)
            if profile is None:
                return  # removed by an earlier click
            was_default = self._values["default.provider"] == profile_id
            secret_names = (
                profile_id,
                profile.proxy_password_id,
                *sorted(profile.secret_field_ids),
            )
            removed_secrets = await self._removal.remove(secret_names)
            self._shown_id = ""
            try:
                await self._providers.remove(profile_id)
            except StorageError:
                await self._removal.restore_secrets(removed_secrets)
                raise
        if self._current.is_new and not self._providers.has_provider(self._current.conversation):
            self._setup.choose(self._new_conversation.default_choice)

        async def restore() -> None:
            await self._changes.save(profile)
            if was_default:
                await self._new_conversation.set_default("default.provider", profile_id)

        self._removal.offer_undo(
            tr("“{name}” removed", name=profile.name), removed_secrets, restore
        )

    # -------------------------------------------------------------- keys

    async def _enter_key(self, profile_id: str, key: str) -> None:
        """Store a key, make its provider the default, and offer to use or try that provider."""
        try:
            async with self._changes.secret_lock:
                # The address that the user sees next to the key may not be saved yet.
                profile = await self._changes.find_saved(lambda p: p.id == profile_id)
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
        """Remove a provider's key, and reset the default if it was this one; offer Undo."""
        removed_secrets = await self._removal.remove([profile_id])
        await self._show_profile(profile_id)
        if not removed_secrets:
            return
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
        self._removal.offer_undo(
            tr("Key for {provider} removed", provider=name), removed_secrets, restore
        )

    async def _test(self, profile_id: str) -> None:
        """Request the provider's models, which is free and tests key and address."""
        # A newly entered key or address may not be saved yet.
        async with self._changes.secret_lock, self._changes.lock:
            profile = self._profile_or_current(profile_id)
        started_at = time.monotonic()
        models: tuple[str, ...] = ()
        try:
            listing = await self._providers.fetch_listing(profile)
            models = chat_models(self._catalog, listing)
        except UserFacingError as error:
            result: tuple[bool, str | LinkedText] = (False, _panel_text(error, profile))
        else:
            connected_text = tr_plural(
                "Connected in {duration}, {count} model found.",
                "Connected in {duration}, {count} models found.",
                len(listing.models),
                duration=formatting.duration(time.monotonic() - started_at),
            )
            result = (True, " ".join(filter(None, (connected_text, _windows_text(listing)))))
        await self._show_profile(profile_id)  # the keyring has been read by now
        async with self._changes.lock:
            current = self._providers.get(profile_id)
            if current is None or current.base_url != profile.base_url:
                return  # the result is for a former address
            self._page.set_content(
                ("test", profile_id), lambda page: page.test.set_result(profile_id, *result)
            )
            if current.kind is ProviderKind.COMPATIBLE and models and not current.from_environment:
                await self._providers.save(replace(current, models=models))


def _windows_text(listing: ModelListing) -> str:
    """Return the context windows that a server reports for its models; "" for none."""
    sizes = sorted(model.window for model in listing.models if model.window)
    if not sizes:
        return ""
    smallest = formatting.tokens(sizes[0])
    largest = formatting.tokens(sizes[-1])
    if smallest == largest:
        return tr("Context window: {limit} tokens.", limit=largest)
    return tr("Context windows: {least} to {most} tokens.", least=smallest, most=largest)


def _panel_text(error: UserFacingError, profile: ProviderProfile) -> LinkedText:
    """Return an error's text for the panel, which has no Retry button and no question."""
    surface = environment_surface(WINDOW) if profile.from_environment else WINDOW
    return error_segments(error, surface)
