"""The settings panel: providers and keys, settings, shortcuts, About."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.settings.parameter_notes import note_text, refusal_text
from desktop_app.app.settings.secret_removal import SecretRemoval
from desktop_app.app.state.open_conversation import OpenConversation
from desktop_app.app.tasks import Tasks
from desktop_app.backend.answer_settings import (
    KEYS,
    overridden_values,
    with_override,
    without_override,
)
from desktop_app.backend.backend import WEIGHTS_SETTING, Backend, use_weights
from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.error_text import WINDOW, error_segments, of_environment
from desktop_app.domain.errors import SettingError, UserFacingError
from desktop_app.domain.models.parameter_support import first_api, notes, refusals
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import host_of, origin
from desktop_app.domain.network.secret import Secret
from desktop_app.domain.places import LinkedText
from desktop_app.domain.spending.cost import FREE, Price, Usage
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.paths import resource_path
from desktop_app.services.models.model_menu import chat_models
from desktop_app.settings.schema import KEYS_PREFIX, setting
from desktop_app.ui.settings.sections.key_state import KeyState

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.dependency_groups import AnswerSettings
    from desktop_app.domain.models.model_listing import ModelListing
    from desktop_app.providers.http.trust import CaFile
    from desktop_app.services.chat.choice_resolution import ResolvedChoice
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.window.cards.notifications import Actions, Notifications


OFFER = "new-provider"  # the topic of the offer to use a new provider


FIRST_REQUEST = "first-request"  # the topic of a notification
_TEST_QUESTION = "Reply with one short greeting."
_TEST_INPUT, _TEST_OUTPUT = 30, 64  # tokens


class SettingsController(QObject):
    """Connects the panel with the settings store and the keyring.

    Signals:
        key_changed(str): a provider's key has changed, by the provider's id.
    """

    key_changed = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        apply_setting: Callable[[str], None],
        *,
        notifications: Notifications,
        panel: SettingsPanel,
        show_settings: Callable[[bool], None],
        current: OpenConversation,
        answer_settings: AnswerSettings,
        tasks: Tasks,
        backend: Backend,
    ) -> None:
        super().__init__(parent)
        self._notifications, self._show_settings = notifications, show_settings
        self._current, self._values = current, answer_settings.values
        self._providers = answer_settings.providers
        self._setup = answer_settings.setup
        self._new_conversation, self._start = answer_settings.new_conversation, tasks.start
        self._backend = backend
        self._panel = panel
        self._removal = SecretRemoval(
            self, vault=backend.vault, notifications=notifications, tasks=tasks
        )
        self._profile_lock, self._secret_lock = asyncio.Lock(), asyncio.Lock()
        self._shown_id = ""  # the provider shown in the panel; "": the open conversation's
        self._apply_setting = apply_setting
        self._connect()

    def _connect(self) -> None:
        panel = self._panel
        panel.profile_selected.connect(self._select_profile)
        panel.profile_save_requested.connect(
            lambda profile: self._start(self._save_profile(profile))
        )
        panel.profile_add_requested.connect(
            lambda profile: self._start(self._save_profile(profile))
        )
        panel.profile_removal_requested.connect(lambda id_: self._start(self._remove_profile(id_)))
        panel.key_entered.connect(lambda id_, key: self._start(self._enter_key(id_, key)))
        panel.key_removal_requested.connect(lambda id_: self._start(self._remove_key(id_)))
        panel.test_requested.connect(lambda id_: self._start(self._test(id_)))
        panel.setting_changed.connect(lambda key, value: self._start(self._set(key, value)))
        panel.shortcut_changed.connect(lambda id_, keys: self._start(self._set_shortcut(id_, keys)))
        panel.model_file_chosen.connect(lambda path: self._start(self._choose_weights(path)))
        panel.password_entered.connect(
            lambda id_, word: self._start(self._save_password(id_, word))
        )
        panel.password_removal_requested.connect(
            lambda id_: self._start(self._save_password(id_, ""))
        )
        panel.custom_field_entered.connect(
            lambda id_, field, value: self._start(self._save_field(id_, field, value))
        )
        panel.ca_file_chosen.connect(lambda id_, path: self._start(self._choose_ca_file(id_, path)))
        panel.opened.connect(self._ask_for_models)
        panel.about_opened.connect(lambda: self._start(self._show_about()))
        self._providers.changed.connect(self._show_profiles)
        self._values.changed.connect(self.show_values)
        # The offer names the open conversation and the default provider.
        for changed in (self._current.opened, self._values.changed):
            changed.connect(lambda: self._notifications.dismiss_topic(OFFER))
        for changed in (self._current.opened, self._setup.choice_changed):
            changed.connect(self._show_overrides)
            changed.connect(self._show_profiles)
        for changed in (
            self._current.opened,
            self._setup.choice_changed,
            self._current.path_changed,
        ):
            changed.connect(lambda: self._start(self._show_refusals()))
        self._values.changed.connect(lambda: self._start(self._show_refusals()))
        panel.override_changed.connect(
            lambda id_, key, value: self._setup.override(
                id_, lambda own: with_override(own, key, value)
            )
        )
        panel.override_removed.connect(self._remove_override)

    def open_at_key(self) -> None:
        """Show the panel at the key field."""
        self._show_settings(True)
        if not self._profile(self._shown_id).needs_key:
            self._select_profile(OPENAI.id)
        self._panel.focus_key_field()

    def open_at_network(self) -> None:
        """Show the panel at the network settings of the provider in use, if it has any."""
        profile = self._setup.resolved.profile
        has_none = profile.kind is ProviderKind.ON_DEVICE or profile.from_environment
        self._show_settings(True)
        self._select_profile(OPENAI.id if has_none else profile.id)
        self._panel.show_section("provider", "network")

    def open_at_cap(self, profile_id: str) -> None:
        """Show the panel at the field for a provider's monthly cap.

        For a key of the environment, that is the cap of its address.
        """
        profile = self._profile(profile_id)
        self._show_settings(True)
        stored = (p for p in self._providers.all if not p.from_environment)
        same = next((p for p in stored if p.base_url == profile.base_url), profile)
        self._select_profile(same.id if profile.from_environment else profile_id)
        self._panel.focus_cap_field()

    # -------------------------------------------------------------- providers

    def _profile(self, profile_id: str) -> ProviderProfile:
        profiles = self._providers.all
        return next((p for p in profiles if p.id == profile_id), self._setup.profile)

    def _select_profile(self, profile_id: str) -> None:
        self._shown_id = profile_id
        self._show_profiles()
        self._ask_for_models()

    def _ask_for_models(self) -> None:
        shown = self._profile(self._shown_id)
        self._start(self._providers.refresh_listing(shown))

    def _show_profiles(self) -> None:
        shown = self._profile(self._shown_id)
        self._panel.set_profiles(self._providers.all, shown.id)
        self._start(self._show_profile(shown.id))

    async def _show_profile(self, profile_id: str) -> None:
        vault, profile = self._backend.vault, self._profile(profile_id)
        where = origin(profile.base_url)
        place = await vault.place(profile_id, where)
        self._panel.set_key_state(profile_id, KeyState(place.value, host_of(where)))
        await self._show_password(profile)
        has_value = {
            field.key: (await vault.place(profile.custom_field_id(field), where)).is_usable
            for field in profile.custom_fields
            if field.is_secret
        }
        self._panel.set_custom_field_states(profile_id, has_value)

    async def _save_field(self, profile_id: str, field: CustomField, value: str) -> None:
        """Add a header or query parameter, or replace the one of its name."""
        async with self._secret_lock:
            profile = await self._saved_profile(lambda p: p.id == profile_id)
            if profile is None:
                return
            if field.is_secret:
                secret = Secret(value, origin(profile.base_url))
                await self._backend.vault.set(profile.custom_field_id(field), secret)
            else:
                field = replace(field, value=value)
            others = (f for f in profile.custom_fields if f.key != field.key)
            await self._save_profile(replace(profile, custom_fields=(*others, field)))

    async def _show_password(self, profile: ProviderProfile) -> None:
        secret_id, where = profile.proxy_password_id, origin(profile.proxy)
        place = await self._backend.vault.place(secret_id, where)
        self._panel.set_password_state(secret_id, KeyState(place.value, host_of(where)))

    async def _save_password(self, secret_id: str, password: str) -> None:
        """Store the password of a proxy for its current address; "" deletes it."""
        vault = self._backend.vault
        async with self._secret_lock:
            profile = await self._saved_profile(lambda p: p.proxy_password_id == secret_id)
            if profile is None:
                return
            try:
                if password:
                    await vault.set(secret_id, Secret(password, origin(profile.proxy)))
                else:
                    if removed := await self._removal.take([secret_id]):
                        self._removal.offer_undo(
                            tr("Password removed"), removed, lambda: self._show_password(profile)
                        )
            finally:
                await self._show_password(profile)

    async def _saved_profile(
        self, is_wanted: Callable[[ProviderProfile], bool]
    ) -> ProviderProfile | None:
        """Return a profile once all earlier changes to it are saved."""
        async with self._profile_lock:
            return next(filter(is_wanted, self._providers.all), None)

    async def _choose_ca_file(self, profile_id: str, path: Path | None) -> None:
        """Trust a file's certificates for a provider; None trusts the system's."""
        found = ""
        try:
            if path is not None:
                found = _ca_file_text(await asyncio.to_thread(_inspect_ca_file, str(path)))
        except SettingError as error:
            self._panel.set_ca_file_result(profile_id, False, error.sentences)
            return
        self._panel.set_ca_file_result(profile_id, True, found)
        profile = self._profile(profile_id)
        await self._save_profile(replace(profile, ca_file=str(path or "")))

    async def _save_profile(self, profile: ProviderProfile) -> None:
        async with self._profile_lock:
            await self._backend.settings.save_profile(profile)
            stored = self._providers.get(profile.id)
            if stored is not None:
                await self._remove_fields(stored, profile)
            self._shown_id = profile.id
            await self._providers.reload()

    async def _remove_profile(self, profile_id: str) -> None:
        profile = self._profile(profile_id)
        was_default = self._values["default.provider"] == profile_id
        names = (profile_id, profile.proxy_password_id, *sorted(profile.secret_field_ids))
        removed = await self._removal.take(names)
        await self._backend.settings.remove_profile(profile_id)
        await self._backend.listings.forget(profile_id)
        self._shown_id = ""
        await self._providers.reload()
        if self._current.is_new and not self._providers.has_provider(self._current.conversation):
            self._setup.choose(self._new_conversation.default_choice)

        async def restore() -> None:
            await self._save_profile(profile)
            if was_default:
                await self._new_conversation.set_default("default.provider", profile_id)

        self._removal.offer_undo(tr("“{name}” removed", name=profile.name), removed, restore)

    async def _remove_fields(self, before: ProviderProfile, after: ProviderProfile) -> None:
        """Remove the secrets of headers and query parameters that a profile lost."""
        keys = {field.key for field in after.custom_fields}
        removed_fields = [field for field in before.custom_fields if field.key not in keys]
        removed = await self._removal.take(sorted(before.secret_field_ids - after.secret_field_ids))
        if not removed_fields:
            return

        async def restore() -> None:
            profile = await self._saved_profile(lambda p: p.id == after.id)
            if profile is not None:
                fields = (*profile.custom_fields, *removed_fields)
                await self._save_profile(replace(profile, custom_fields=fields))

        words = tr("“{name}” removed", name=", ".join(field.name for field in removed_fields))
        self._removal.offer_undo(words, removed, restore)

    # -------------------------------------------------------------- keys

    async def _enter_key(self, profile_id: str, key: str) -> None:
        """Store a key, make its provider the default, and offer it in the open conversation."""
        try:
            async with self._secret_lock:
                # The address that the user sees next to the key may not be saved yet.
                profile = await self._saved_profile(lambda p: p.id == profile_id)
                if profile is None:
                    return
                secret = Secret(key, origin(profile.base_url))
                await self._backend.vault.set(profile_id, secret)
        finally:
            await self._show_profile(profile_id)
        self.key_changed.emit(profile_id)
        await self._new_conversation.set_default("default.provider", profile_id)
        self._offer(self._profile(profile_id))
        await self._providers.refresh_listing(self._profile(profile_id), insist=True)

    def _request_action(self, profile: ProviderProfile) -> Actions:
        """Return the offer of a first request with a new key, which says its cost."""
        backend = self._backend
        own = backend.chat.resolve(profile, backend.default_choice(profile, self._values.all))
        asked = backend.utility_model.model_for(Purpose.TEST, own)
        if asked.price is None or asked.price == FREE:
            return ()
        cost = asked.price.of(Usage(input_tokens=_TEST_INPUT, output_tokens=_TEST_OUTPUT))
        words = tr("Try it for {cost} at most", cost=formatting.money(cost))
        return [(words, lambda: self._start(self._send_request(own)))]

    async def _send_request(self, own: ResolvedChoice) -> None:
        """Send the request, and show the answer. Raises UserFacingError."""
        began, model = time.monotonic(), self._backend.utility_model
        name = model.model_for(Purpose.TEST, own).model.name
        said = await model.ask(
            Purpose.TEST,
            own,
            "",
            _TEST_QUESTION,
            max_output_tokens=_TEST_OUTPUT,
            conversation_id="",
            message_id="",
        )
        words = tr(
            "{model} responded in {duration}: {text}",
            model=name,
            duration=formatting.duration(time.monotonic() - began),
            text=said[:200] or "–",
        )
        self._notifications.notify(words, topic=FIRST_REQUEST)

    def _offer(self, profile: ProviderProfile) -> None:
        trying = self._request_action(profile)
        if self._setup.profile.id == profile.id:
            if trying:
                self._notifications.notify(tr("Key saved."), actions=trying, topic=OFFER)
            return
        choice = self._new_conversation.choice_with(profile.id)
        here, default = self._setup.profile.name, self._providers.default
        if default.id == profile.id:
            words = tr(
                "New conversations will use {new}. This one still uses {old}.",
                new=profile.name,
                old=here,
            )
        else:
            words = tr(
                "Key saved. New conversations still use {name}.",
                name=default.name,
            )
        self._notifications.notify(
            words,
            actions=[
                (
                    tr("Use {provider} here", provider=profile.name),
                    lambda: self._setup.choose(choice),
                ),
                *trying,
            ],
            topic=OFFER,
        )

    async def _remove_key(self, profile_id: str) -> None:
        if not (removed := await self._removal.take([profile_id])):
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
            self.key_changed.emit(profile_id)

        name = self._profile(profile_id).name
        self._removal.offer_undo(tr("Key for {provider} removed", provider=name), removed, restore)

    async def _test(self, profile_id: str) -> None:
        """Request the provider's models, which is free and tests key and address."""
        # A newly entered key or address may not be saved yet.
        async with self._secret_lock, self._profile_lock:
            profile = self._profile(profile_id)
        began = time.monotonic()
        models: tuple[str, ...] = ()
        try:
            listing = await self._providers.fetch_listing(profile)
            models = chat_models(self._backend.catalog, listing)
        except UserFacingError as error:
            result: tuple[bool, str | LinkedText] = (False, _panel_text(error, profile))
        else:
            found = tr_plural(
                "Connected in {duration}, {count} model found.",
                "Connected in {duration}, {count} models found.",
                len(listing.models),
                duration=formatting.duration(time.monotonic() - began),
            )
            result = (True, " ".join(filter(None, (found, _windows(listing)))))
        await self._show_profile(profile_id)  # the keyring has been read by now
        now = self._profile(profile_id)
        if now.base_url != profile.base_url:
            return  # the result is for a former address
        self._panel.set_test_result(profile_id, *result)
        if now.kind is ProviderKind.COMPATIBLE and models and not now.from_environment:
            await self._save_profile(replace(now, models=models))

    # -------------------------------------------------------------- settings

    async def _set(self, key: str, value: object) -> None:
        if key.startswith("default."):
            await self._new_conversation.set_default(key, value)
        else:
            await self._values.set(key, value)
        self._apply_setting(key)

    async def _set_shortcut(self, command_id: str, keys: str) -> None:
        """Change a shortcut. Offer Undo if it is reset, because its keys are then shown nowhere."""
        key = f"{KEYS_PREFIX}{command_id}"
        before = Keymap.from_settings(self._values.all).shortcut_of(command_id)
        await self._set(key, keys)
        if keys != before and keys == Keymap().shortcut_of(command_id):
            self._notifications.notify_undo(
                tr("Shortcut reset"), lambda: self._start(self._set(key, before))
            )

    def _remove_override(self, conversation_id: str, key: str) -> None:
        """Let a setting follow the defaults. Offer Undo: it may be a text that the user wrote."""
        removed = overridden_values(self._current.conversation.overrides).get(key)
        self._setup.override(conversation_id, lambda own: without_override(own, key))
        self._notifications.notify_undo(
            tr("“{name}” reset to default", name=tr(setting(key).label)),
            lambda: self._setup.override(
                conversation_id, lambda own: with_override(own, key, removed)
            ),
        )

    def show_values(self, _key: str = "") -> None:
        """Show the current settings in the panel."""
        self._panel.set_values(self._values.all)

    def _show_overrides(self) -> None:
        conversation = self._current.conversation
        self._panel.set_overrides(conversation.id, overridden_values(conversation.overrides))

    async def _show_refusals(self) -> None:
        """Show the settings that the open conversation's model does not accept, and why."""
        resolved = self._setup.resolved
        profile, model = resolved.profile, resolved.model
        learned = await self._backend.gateway.learned_support(profile, model.id)
        if resolved != self._setup.resolved:
            return  # another model has been chosen; a later call shows its settings
        api = first_api(profile, model, learned.api)
        refused = refusals(profile, model, resolved.effort, api)
        said = {name: note_text(note, profile) for name, note in notes(api).items()}
        tier = self._setup.ask_settings.parameters.service_tier
        if tier and model.price is not None and model.price_at(tier) is None:
            said["service_tier"] = tr("The cost of this tier is unknown and isn’t shown.")
        routine = self._routine_note(resolved)
        self._panel.set_refusals(
            {KEYS[name]: refusal_text(why, model) for name, why in refused.items() if name in KEYS},
            {KEYS[name]: words for name, words in said.items() if name in KEYS} | routine,
        )

    def _routine_note(self, own: ResolvedChoice) -> dict[str, str]:
        """Return the prices of both models for routine work, for the note of its setting."""
        small = self._backend.utility_model.model_for(Purpose.TITLE, own)
        if small.price is None or own.price is None:
            return {}
        words = tr(
            "{model} now: {price} for a million tokens of input and output. {own}: {own_price}.",
            model=small.model.name,
            price=_prices(small.price),
            own=own.model.name,
            own_price=_prices(own.price),
        )
        return {"answer.routine_model": words}

    async def _choose_weights(self, path: Path | None) -> None:
        """Use another GGUF file on this computer, or return to the built-in model."""
        await self._backend.gateway.local_model.aclose()
        await self._values.set(WEIGHTS_SETTING, str(path or ""))
        use_weights(self._backend, self._values.all)
        await self._providers.reload()
        self._setup.report_change()

    # -------------------------------------------------------------- about

    async def _show_about(self) -> None:
        from desktop_app.cli.doctor.doctor import examine, findings_text
        from desktop_app.ui.viewer.paged_text import page_ends

        self._panel.set_about(tr("Loading…"), "", [])
        licences = await asyncio.to_thread(_read_text, resource_path("licences.txt"))
        ends = await asyncio.to_thread(page_ends, licences)
        self._panel.set_about(findings_text(await examine(self._backend)), licences, ends)


def _windows(listing: ModelListing) -> str:
    """Return the context windows that a server reports for its models; "" for none."""
    sizes = sorted(model.window for model in listing.models if model.window)
    if not sizes:
        return ""
    least, most = formatting.tokens(sizes[0]), formatting.tokens(sizes[-1])
    if least == most:
        return tr("Context window: {limit} tokens.", limit=most)
    return tr("Context windows: {least} to {most} tokens.", least=least, most=most)


def _panel_text(error: UserFacingError, profile: ProviderProfile) -> LinkedText:
    """Return an error's text for the panel, which has no Retry and sent no question."""
    surface = of_environment(WINDOW) if profile.from_environment else WINDOW
    return error_segments(error, surface)


def _inspect_ca_file(name: str) -> CaFile:
    from desktop_app.providers.http.trust import inspect_ca_file  # imports ssl

    return inspect_ca_file(name)


def _ca_file_text(found: CaFile) -> str:
    """Return what is in a file of certificates, in a sentence."""
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


def _read_text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _prices(price: Price) -> str:
    return f"{formatting.exact_money(price.input)} / {formatting.exact_money(price.output)}"
