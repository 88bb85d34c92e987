"""Providers in the settings panel: profiles, keys, the network, and a test of the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop_app.app.provider_list import KeyState
from desktop_app.app.session import Controller, Session
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.error_text import WINDOW, environment_surface, error_segments
from desktop_app.domain.errors import AuthenticationError, SettingError, UserFacingError
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import Secret, canonical_base_url, host_of, origin
from desktop_app.domain.places import LinkedText
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.keys.vault import KeyPlace
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_menu import chat_models
from desktop_app.providers.ui.local_server_offer import LocalServerOffer
from desktop_app.widgets.cards.notifications import Actions

if TYPE_CHECKING:
    from desktop_app.providers.http.trust import CaFile

OFFER_TOPIC: Final = "new-provider"  # the topic of the offer to use a new provider
_KEPT_TOPIC: Final = "kept-secret"  # the topic of secrets that the keyring did not take

# The waits before an absent keyring is tried again; the last one repeats. A daemon that restarts is
# back within seconds, one that the user has to start within minutes.
KEYRING_WAITS_S: Final = (2, 10, 60, 300)


class ProvidersController(Controller):
    """Connection of the panel's page of providers with the profiles and the keyring."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._panel = session.window.settings
        self._page = session.window.settings.pages.by_name["provider"]
        self._vault = session.backend.vault
        self._profile_lock = asyncio.Lock()  # held while a profile is changed
        self._secret_lock = asyncio.Lock()  # held while a secret of a profile is stored
        self._shown_id = ""  # the provider shown in the panel; "": the open conversation's
        self._keyring_timer = QTimer(self, singleShot=True)
        self._keyring_timer.timeout.connect(self._tasks.slot(self._store_waiting))
        self._keyring_waits = iter(KEYRING_WAITS_S)
        self._vault.on_wait = self._wait_for_keyring
        self._providers.changed.connect(self._show_profiles)
        for signal in (self._current.opened, self._setup.choice_changed):
            signal.connect(self._show_profiles)
        # The offer names the open conversation and the default provider.
        for signal in (self._current.opened, self._values.changed):
            signal.connect(lambda: self._notifications.dismiss_topic(OFFER_TOPIC))

    def open_at_key(self) -> None:
        """Show the key field of the shown provider, or OpenAI's if that provider needs no key."""
        self._panel.request_show()
        if not self._profile_or_current(self._shown_id).needs_key:
            self.select_profile(OPENAI.id)
        self._panel.focus_key_field()

    def open_at_network(self) -> None:
        """Show the network settings of the provider in use, or OpenAI's if it has none."""
        profile = self._setup.resolved.profile
        has_none = profile.kind is ProviderKind.ON_DEVICE or profile.from_environment
        self._panel.request_show()
        self.select_profile(OPENAI.id if has_none else profile.id)
        self._panel.show_setting("advanced", "network")

    def open_at_cap(self, profile_id: str) -> None:
        """Show the panel at the field for a provider's monthly cap; see `owner_of_cap`."""
        self._panel.request_show()
        self.select_profile(self.owner_of_cap(profile_id).id)
        self._panel.show_setting("provider", "monthly-cap")

    def owner_of_cap(self, profile_id: str = "") -> ProviderProfile:
        """Return the provider with the monthly cap of another one, "" for the one in use.

        A key of the environment has the cap of the stored provider with the same base URL; OpenAI
        stands for a model on this computer, which costs nothing.
        """
        profile = self._profile_or_current(profile_id)
        if profile.from_environment:
            address = canonical_base_url(profile.base_url)
            same_server = (
                p for p in self._providers.all if canonical_base_url(p.base_url) == address
            )
            profile = next((p for p in same_server if not p.from_environment), profile)
        elif profile.kind is ProviderKind.ON_DEVICE:
            return OPENAI
        return profile

    # -------------------------------------------------------------- showing

    def _profile_or_current(self, profile_id: str) -> ProviderProfile:
        return self._providers.get(profile_id) or self._setup.profile

    def select_profile(self, profile_id: str) -> None:
        self._shown_id = profile_id
        self._show_profiles()
        self.request_models()

    def request_models(self) -> None:
        """Update the models of the provider in the panel."""
        shown_profile = self._profile_or_current(self._shown_id)
        self._tasks.start(self._providers.refresh_listing(shown_profile))

    def _show_profiles(self) -> None:
        shown_profile = self._profile_or_current(self._shown_id)
        profiles = self._providers.all
        self._page.set_content(
            "profiles", lambda page: page.set_profiles(profiles, shown_profile.id)
        )
        self._tasks.start(self._show_secrets(shown_profile.id))

    async def _show_secrets(self, profile_id: str) -> None:
        """Show where the secrets of a profile are stored, without reading the keyring."""
        profile = self._profile_or_current(profile_id)
        key_origin, proxy_origin = origin(profile.base_url), origin(profile.proxy)
        key_place = await self._vault.place(profile_id, key_origin)
        key = KeyState(key_place.value, host_of(key_origin))
        password_place = await self._vault.place(profile.proxy_password_id, proxy_origin)
        password = KeyState(password_place.value, host_of(proxy_origin))
        has_value = {
            field.key: (
                await self._vault.place(profile.custom_field_id(field), key_origin)
            ).is_usable
            for field in profile.custom_fields
            if field.is_secret
        }

        self._page.set_content(
            "secrets", lambda page: page.show_secrets(profile_id, key, password, has_value)
        )

    # -------------------------------------------------------------- profiles

    async def save(self, profile: ProviderProfile) -> None:
        async with self._profile_lock:
            await self._store(profile)

    async def _change(
        self, profile_id: str, change: Callable[[ProviderProfile], ProviderProfile]
    ) -> None:
        """Save a change of a profile, unless it was removed; other changes of it are kept."""
        async with self._profile_lock:
            profile = self._providers.get(profile_id)
            if profile is not None:
                await self._store(change(profile))

    async def _store(self, profile: ProviderProfile) -> None:
        """Save a new or changed profile; remove the secrets of custom fields that it lost."""
        former = self._providers.get(profile.id)
        if former is None:
            self._shown_id = profile.id
        await self._providers.save(profile)
        if former is None:
            self._tasks.start(self._session.of(LocalServerOffer).look_after_adding())
        else:
            for name in sorted(former.secret_field_ids - profile.secret_field_ids):
                await self._vault.remove(name)

    async def _find_saved(
        self, is_wanted: Callable[[ProviderProfile], bool]
    ) -> ProviderProfile | None:
        """Wait until earlier changes are saved; return the first wanted profile, None for none."""
        async with self._profile_lock:
            return next(filter(is_wanted, self._providers.all), None)

    async def remove_profile(self, profile_id: str) -> None:
        """Remove a provider with all its secrets."""
        async with self._profile_lock:
            profile = self._providers.get(profile_id)
            if profile is None:
                return  # removed by an earlier click
            # The key last: if the keyring refuses, the provider can still be used.
            fields = sorted(profile.secret_field_ids)
            for name in (*fields, profile.proxy_password_id, profile_id):
                await self._vault.remove(name)
            self._shown_id = ""
            await self._providers.remove(profile_id)
        current = self._session.current
        if current.is_new and not self._providers.has_provider(current.conversation):
            self._setup.choose(self._session.new_conversation.default_choice)
        self._notifications.notify(tr("“{name}” removed", name=profile.name))

    # -------------------------------------------------------------- keys

    async def enter_key(self, profile_id: str, key: str) -> None:
        """Store a key, make its provider the default, test it, and offer to use that provider."""
        try:
            async with self._secret_lock:
                # The address that the user sees next to the key may not be saved yet.
                profile = await self._find_saved(lambda p: p.id == profile_id)
                if profile is None:
                    return
                secret = Secret(key, origin(profile.base_url))
                is_stored = await self._vault.set(profile_id, secret) is KeyPlace.KEYRING
        finally:
            await self._show_secrets(profile_id)
        self._session.running.retry_with_key(profile_id)
        await self._session.new_conversation.set_default("default.provider", profile_id)
        error = await self.test(profile_id)
        if is_stored and isinstance(error, AuthenticationError):
            self._notifications.notify(error, topic=OFFER_TOPIC)
        else:
            self._offer_provider(self._profile_or_current(profile_id), is_stored=is_stored)
        if error is None and self._setup.profile.id == profile_id:
            self._continue_at_prompt()

    def _continue_at_prompt(self) -> None:
        """Show the prompt, which can be answered now, if the user is still at the key."""
        focused = QApplication.focusWidget()
        if focused is not None and focused.objectName() == "key":
            self._session.window.outer_panes.show_settings(False)

    async def remove_key(self, profile_id: str) -> None:
        """Remove a provider's key; a default of this provider is reset."""
        await self._vault.remove(profile_id)
        await self._show_secrets(profile_id)
        new_conversation = self._session.new_conversation
        if self._session.values["default.provider"] == profile_id:
            await new_conversation.set_default("default.provider", "")
        await self._providers.reload()
        if self._session.current.is_new and self._setup.profile.id == profile_id:
            self._setup.choose(new_conversation.default_choice)
        name = self._profile_or_current(profile_id).name
        self._notifications.notify(tr("Key for {provider} removed", provider=name))

    async def test(self, profile_id: str) -> UserFacingError | None:
        """Request the provider's models, which is free and tests key and address.

        Show the result on the page, and return what is wrong.
        """
        self._page.page.show_testing(profile_id)
        # A newly entered key or address may not be saved yet.
        async with self._secret_lock, self._profile_lock:
            profile = self._profile_or_current(profile_id)
        started_at = time.monotonic()
        problem: UserFacingError | None = None
        models: tuple[str, ...] = ()
        try:
            listing = await self._providers.fetch_listing(profile)
            models = chat_models(self._session.backend.catalog, listing)
        except UserFacingError as error:
            problem = error
            # The panel has no Retry button and no question.
            surface = environment_surface(WINDOW) if profile.from_environment else WINDOW
            text: str | LinkedText = error_segments(error, surface)
        else:
            connected_text = tr_plural(
                "Connected in {duration}, {count} model found.",
                "Connected in {duration}, {count} models found.",
                len(listing.models),
                duration=formatting.duration(time.monotonic() - started_at),
            )
            text = paragraph(connected_text, _windows_text(listing))
        await self._show_secrets(profile_id)  # the keyring has been read by now
        async with self._profile_lock:
            current = self._providers.get(profile_id)
            if current is None or current.base_url != profile.base_url:
                # The result is for a former address.
                self._page.page.show_test_result(profile_id, "", has_passed=None)
                return None
            self._page.page.show_test_result(profile_id, text, has_passed=problem is None)
            if current.kind is ProviderKind.COMPATIBLE and models and not current.from_environment:
                await self._providers.save(replace(current, models=models))
        return problem

    def _offer_provider(self, profile: ProviderProfile, *, is_stored: bool) -> None:
        """Offer to use a provider in the open conversation; tell if its key is not stored."""
        uses_it_here = self._setup.profile.id == profile.id
        default_profile = self._providers.default
        if uses_it_here:
            message = tr("Key saved.")
        elif default_profile.id == profile.id:
            message = tr(
                "New conversations will use {new}. This one still uses {old}.",
                new=profile.name,
                old=self._setup.profile.name,
            )
        else:
            message = tr(
                "Key saved. New conversations still use {name}.", name=default_profile.name
            )
        choice = self._session.new_conversation.choice_with(profile.id)
        use_label = tr("Use {provider} here", provider=profile.name)
        actions = [] if uses_it_here else [(use_label, lambda: self._setup.choose(choice))]
        if is_stored:
            self._notifications.notify(message, actions=actions, topic=OFFER_TOPIC)
        else:
            self._tell_kept(tr("The key is kept until you quit."), actions)

    async def _keep(self, name: str, secret: Secret) -> None:
        if await self._vault.set(name, secret) is not KeyPlace.KEYRING:
            self._tell_kept(tr("The value is kept until you quit."))

    def _tell_kept(self, text: str, actions: Actions = ()) -> None:
        why = "" if self._vault.last_probe is None else self._vault.last_probe.why
        self._notifications.notify(paragraph(why, text), actions, topic=_KEPT_TOPIC, stays=True)

    def _wait_for_keyring(self) -> None:
        """Try an absent keyring again in a while, soon at first."""
        self._keyring_waits = iter(KEYRING_WAITS_S)
        self._keyring_timer.start(1_000 * next(self._keyring_waits))

    async def _store_waiting(self) -> None:
        """Store what was kept because the keyring was absent, if it is there by now."""
        if await self._vault.store_waiting():
            self._notifications.dismiss_topic(_KEPT_TOPIC)
            self._notifications.notify(tr("Saved in your keyring."), topic=_KEPT_TOPIC)
            self._show_profiles()
        if self._vault.is_waiting:
            self._keyring_timer.start(1_000 * next(self._keyring_waits, KEYRING_WAITS_S[-1]))

    # -------------------------------------------------------------- network

    async def save_password(self, secret_id: str, password: str) -> None:
        """Store the password of a proxy for the proxy's current address."""
        async with self._secret_lock:
            profile = await self._find_saved(lambda p: p.proxy_password_id == secret_id)
            if profile is None:
                return
            try:
                await self._keep(secret_id, Secret(password, origin(profile.proxy)))
            finally:
                await self._show_secrets(profile.id)

    async def remove_password(self, secret_id: str) -> None:
        async with self._secret_lock:
            profile = await self._find_saved(lambda p: p.proxy_password_id == secret_id)
            if profile is None:
                return
            try:
                await self._vault.remove(secret_id)
            finally:
                await self._show_secrets(profile.id)
        self._notifications.notify(tr("Password removed"))

    async def save_field(self, profile_id: str, field: CustomField, value: str) -> None:
        """Store a custom header or query parameter under its name."""
        async with self._secret_lock:
            profile = await self._find_saved(lambda p: p.id == profile_id)
            if profile is None:
                return
            if field.is_secret:
                secret = Secret(value, origin(profile.base_url))
                await self._keep(profile.custom_field_id(field), secret)
            else:
                field = replace(field, value=value)

            def with_field(profile: ProviderProfile) -> ProviderProfile:
                others = (f for f in profile.custom_fields if f.key != field.key)
                return replace(profile, custom_fields=(*others, field))

            await self._change(profile_id, with_field)

    async def choose_ca_file(self, profile_id: str, path: Path | None) -> None:
        """Trust a file's certificates for a provider; None trusts the system's."""

        from desktop_app.providers.http.trust import inspect_ca_file  # imports ssl

        show = self._page.page.network.show_ca_file_note
        try:
            file = None if path is None else await asyncio.to_thread(inspect_ca_file, str(path))
        except SettingError as error:
            show(profile_id, error.sentences, is_valid=False)
            return
        show(profile_id, "" if file is None else _ca_file_text(file))
        await self._change(profile_id, lambda p: replace(p, ca_file=str(path or "")))


def _windows_text(listing: ModelListing) -> str:
    """Return the context windows that a server reports for its models; "" for none."""
    sizes = sorted(model.window for model in listing.models if model.window)
    if not sizes:
        return ""
    smallest, largest = formatting.tokens(sizes[0]), formatting.tokens(sizes[-1])
    if smallest == largest:
        return tr("Context window: {limit} tokens.", limit=largest)
    return tr("Context windows: {least} to {most} tokens.", least=smallest, most=largest)


def _ca_file_text(ca_file: CaFile) -> str:
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
