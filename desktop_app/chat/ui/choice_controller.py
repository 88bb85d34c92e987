"""The choice of a model in the row under the prompt, and the models to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Controller, ConversationSession, Session
from desktop_app.backend.backend import WEIGHTS_SETTING
from desktop_app.chat.ui.answer_setup import AnswerSetup
from desktop_app.composer.choice import ChoiceView, ModelButton, ModelEntry, VariantOffer, no_choice
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import IllegalChoiceError, filled
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.local_model.catalog import CatalogModel
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.models.choice_resolution import (
    ON_DEVICE_MODEL,
    ProviderModels,
    ResolvedChoice,
    shutdown_note,
)
from desktop_app.providers.models.model_menu import menu_entries, on_device_entries
from desktop_app.providers.ui.providers import PROVIDER_REMOVED

NO_BACKGROUND = N_(
    "Running in the background needs at least medium effort, and a provider that supports it."
)


class ConversationChoice(QObject):
    """Connection of a conversation's model button with the choice of its model."""

    def __init__(
        self, session: Session, conversation: ConversationSession, button: ModelButton
    ) -> None:
        super().__init__(conversation.window)
        self._session = session
        self._setup = conversation.setup
        self._notices = conversation.notices
        button.variant_requested.connect(self.choose_variant)
        button.effort_requested.connect(self._choose_effort)
        button.model_requested.connect(self.choose_model)
        button.offer_requested.connect(session.tasks.slot(self._accept_offer))
        button.listing_requested.connect(
            lambda: session.tasks.start(session.providers.refresh_listing(self._setup.profile))
        )

    def choose_variant(self, variant: Variant) -> None:
        """Choose another variant, if the provider offers it."""
        available = self._session.choices
        has_provider = self._session.providers.has_provider(self._setup.current.conversation)
        if has_provider and variant in _variants_at(self._setup.profile, available.models):
            effort = self._setup.choice.effort or available.default_effort
            self._choose(replace(self._setup.choice, variant=variant, model="", effort=effort))

    def step_effort(self, step: int) -> None:
        """Choose the next higher (+1) or lower (-1) effort among those that the model takes."""
        next_effort = self._session.choices.view_of(self._setup).effort_beside(step)
        if next_effort is None:
            self._announce_choice()  # the unchanged choice
        else:
            self._choose_effort(next_effort)

    def _choose_effort(self, effort: Effort) -> None:
        self._choose(replace(self._setup.choice, effort=effort))

    def choose_model(self, entry: ModelEntry) -> None:
        """Choose a model of the menu or of the table."""
        self._choose(self._session.choices.choice_with(entry, self._setup))

    async def _accept_offer(self, offer: VariantOffer) -> None:
        """Let a model stand for a variant from now on, and answer with that variant."""
        await self._session.providers.choose_for_variant(offer.variant, offer.model)
        self.choose_variant(offer.variant)

    def _choose(self, choice: ModelChoice) -> None:
        # The first conversation opens a moment after the window, with a choice of its own.
        if self._setup.current.opening_number:
            self._setup.choose(choice)
            self._announce_choice()

    def _announce_choice(self) -> None:
        """Tell screen readers the choice, because the focus is elsewhere."""
        view = self._session.choices.view_of(self._setup)
        announcement = view.short_name
        if view.display_effort is not None:
            announcement = tr(
                "{model}, effort {effort}", model=announcement, effort=tr(view.display_effort.label)
            )
        self._notices.announce(announcement)


class ChoiceController(ConversationChoice):
    """The choice in the main window, with the row under the prompt that shows it."""

    def __init__(self, session: Session) -> None:
        prompt = session.window.prompt
        super().__init__(session, session.main, prompt.row.model_button)
        self._prompt = prompt
        self._connected_profiles: set[ProviderProfile] = set()
        self._is_parser_loaded = False
        prompt.text_changed.connect(self._on_text_changed)
        prompt.row.background_requested.connect(self._setup.choose_background)
        session.current.opened.connect(session.estimates.forget)
        for signal in (
            session.current.opened,
            session.current.path_changed,
            self._setup.choice_changed,
            session.choices.changed,
        ):
            signal.connect(self._show_choice)
        self._setup.choice_changed.connect(session.estimates.show_choice)
        # A question with an attachment may be sent without typing.
        session.current.draft.changed.connect(
            lambda: self._open_connection() if session.current.draft.value.attachments else None
        )

    def toggle_background(self) -> None:
        """Turn background answers on or off in the open conversation."""
        background = self._setup.background
        if background is None:
            self._notices.notify(tr(NO_BACKGROUND))
        else:
            self._setup.choose_background(not background)

    def _show_choice(self) -> None:
        if not self._session.current.opening_number:
            return  # the first conversation may have another model
        self._prompt.set_choice(self._session.choices.view)
        if self._prompt.isVisible():  # httpx would double the memory of a program in the background
            self.propose_model()
        self._session.estimates.update_soon()

    def propose_model(self) -> None:
        """Read the provider's list to propose a model, unless one is chosen."""
        if not self._setup.resolved.model.id:
            self._open_connection()

    def _on_text_changed(self) -> None:
        if not self._is_parser_loaded:
            self._is_parser_loaded = True
            self._session.tasks.start(asyncio.to_thread(_load_parser))
        self._open_connection()

    def _open_connection(self) -> None:
        """Open the connection while the user types, so that Send does not wait for it.

        The request for the provider's models opens it.
        """
        profile = self._setup.profile
        if profile not in self._connected_profiles:
            self._connected_profiles.add(profile)
            listing = self._session.providers.refresh_listing(profile, force=True)
            self._session.tasks.start(listing)


class AvailableModels(Controller):
    """The models that can answer, listed again whenever providers or their listings change.

    Attributes:
        models: all models that can answer now.

    Signals:
        changed(): the available models have changed.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.models: tuple[ModelEntry, ...] = ()
        self._list_number = 0
        for signal in (self._providers.changed, self._providers.listings_changed):
            signal.connect(lambda: self._tasks.start(self._list_models()))

    @property
    def view(self) -> ChoiceView:
        """Return the open conversation's choice in the form that the row under the prompt shows."""
        return self.view_of(self._setup)

    def view_of(self, setup: AnswerSetup) -> ChoiceView:
        """Return the choice of a conversation in the form that prompts show."""
        if not self._providers.has_provider(setup.current.conversation):
            removed_note = tr(PROVIDER_REMOVED)
            return replace(
                no_choice(), model_name=removed_note, models=self.models, notice=removed_note
            )
        resolved = setup.resolved
        if not resolved.model.id:
            return replace(no_choice(), model_name=tr("No model"), models=self.models)
        models = self._providers.models_of(resolved.profile)
        return replace(view_of(resolved, self.models, models), background=setup.background)

    @property
    def default_effort(self) -> Effort:
        """Return the effort of new conversations."""
        return Effort(str(self._values["default.effort"]))

    @property
    def account(self) -> ProviderProfile | None:
        """Return the provider to use in place of the built-in model; None if there is none."""
        ids = [e.provider_id for e in self.models if e.provider_id != ON_DEVICE.id]
        default = self._providers.default
        return default if default.id in ids else self._providers.get(ids[0]) if ids else None

    def account_choice(self, account: ProviderProfile) -> ResolvedChoice:
        """Return what answers if an account is used."""
        choice = self._providers.default_choice(account)
        return self._chat_service.resolve_with(account, choice, self._setup.ask_settings)

    def use_account(self) -> None:
        """Use the stored account in the open conversation."""
        if self.account is not None:
            self._setup.choose(self._providers.default_choice(self.account))
            self._prompt.focus_text()

    def choice_with(self, entry: ModelEntry, setup: AnswerSetup | None = None) -> ModelChoice:
        """Return a conversation's choice with an entry of the model menu; None for the open one."""
        effort = (setup or self._setup).choice.effort or self.default_effort
        profile = self._providers.get(entry.provider_id)
        takes_effort = entry.variant is not None or (
            profile is not None and self._providers.models_of(profile).info(entry.model).has_efforts
        )
        return ModelChoice(
            entry.provider_id,
            model="" if entry.variant else entry.model,
            variant=entry.variant,
            effort=effort if takes_effort else None,
        )

    async def _list_models(self) -> None:
        """List the models of providers that have a key or need none.

        A later call supersedes an earlier one, which may still wait for the store.
        """
        self._list_number += 1
        list_number = self._list_number
        usable_profiles = await self._providers.usable()
        if list_number == self._list_number:
            self.models = tuple(
                entry for profile in usable_profiles for entry in self._models_of(profile)
            )
            self.changed.emit()

    def _models_of(self, profile: ProviderProfile) -> list[ModelEntry]:
        models = self._providers.models_of(profile)
        if profile.kind is ProviderKind.ON_DEVICE:
            entries = on_device_entries(models, self._providers.on_device_model)
        else:
            entries = menu_entries(models, date.today())  # noqa: DTZ011 — the user's day
        return [
            ModelEntry(
                profile.id,
                profile.name,
                model=entry.model,
                name=entry.name,
                variant=entry.variant,
                note=entry.note,
                window=entry.window,
                is_older=entry.is_older,
            )
            for entry in entries
        ]


def _load_parser() -> None:
    """Load the parser of answers and its libraries, which would delay the first words."""
    from desktop_app.markdown.incremental import block_stream  # noqa: F401 — imports the parser
    from desktop_app.markdown.parsing.parser import parser

    parser()


def view_of(
    resolved: ResolvedChoice, models: tuple[ModelEntry, ...], provider_models: ProviderModels
) -> ChoiceView:
    """Return a resolved choice in the form that the row under the prompt shows."""
    info = resolved.model
    offers_effort = resolved.variant is not None or info.offers_efforts
    refusals: dict[Effort, str] = {}
    if resolved.notice:  # a stand-in answers, at a single effort
        refusals = {
            effort: str(resolved.notice) for effort in Effort if effort is not resolved.effort
        }
    elif offers_effort:
        refusals = {
            effort: _refusal_text(effort, refusal)
            for effort in Effort
            if (refusal := info.effort_refusal(effort))
        }
    return ChoiceView(
        variant=resolved.variant,
        model_name=info.name,
        effort=resolved.effort,
        offers_variants=resolved.variant is not None
        and len(_variants_at(resolved.profile, models)) == len(Variant),
        effort_refusals=refusals,
        efforts=tuple(Effort) if info.efforts is None else info.efforts,
        offers_effort=offers_effort,
        models=models,
        notice=str(resolved.notice) or shutdown_note(provider_models, resolved),
        provider_name=resolved.profile.name,
        provider_id=resolved.profile.id,
        model=info.id,
        end=_end_of(resolved, provider_models),
        successor=_successor_of(resolved, provider_models),
        offers=tuple(_offers(resolved, provider_models)),
    )


def _end_of(resolved: ResolvedChoice, models: ProviderModels) -> str:
    if resolved.notice:  # a stand-in answers
        return tr("GPT-5.2 without reasoning responds")
    today = date.today()  # noqa: DTZ011 — the user's day
    availability = models.availability(resolved.model, today)
    return availability.shutdown_mark if availability.ends_soon else ""


def _successor_of(resolved: ResolvedChoice, models: ProviderModels) -> ModelEntry | None:
    """Return the successor that the provider lists; None if its list is unknown or has none."""
    variant = resolved.variant
    info = models.for_variant(variant) if variant else resolved.model
    successor = models.successor(info)
    if models.listing is None or successor is None:
        return None
    profile = resolved.profile
    return ModelEntry(profile.id, profile.name, successor.id, successor.name, variant=None)


def _offers(resolved: ResolvedChoice, models: ProviderModels) -> Iterator[VariantOffer]:
    """Yield the models that may stand for a variant from now on."""
    variant = resolved.variant
    if not resolved.profile.serves_gpt_family:
        return
    for each in Variant:
        info = models.for_variant(each)
        successor = models.successor(info) if models.listing else None
        is_chosen_successor = resolved.model.id in info.successors and not variant
        if is_chosen_successor:
            yield VariantOffer(each, resolved.model.id, resolved.model.name)
        elif each is variant and successor is not None:
            yield VariantOffer(each, successor.id, successor.name)
        own = models.catalog.variant_models(each)[0]
        if each is variant and models.variants.get(each) and info.id != own:
            yield VariantOffer(each, "", models.info(own).name)


def _variants_at(profile: ProviderProfile, models: tuple[ModelEntry, ...]) -> frozenset[Variant]:
    """Return the variants that a provider offers, or that a compatible server lists."""
    if profile.kind is not ProviderKind.COMPATIBLE:
        return frozenset(Variant) if profile.serves_gpt_family else frozenset()
    return frozenset(e.variant for e in models if e.provider_id == profile.id and e.variant)


def _refusal_text(effort: Effort, refusal: IllegalChoiceError) -> str:
    """Return why an effort cannot be chosen, with the names that the menu shows."""
    params = {**refusal.params, "effort": tr(effort.label)}
    if only_effort := str(refusal.params.get("only", "")):
        params["only"] = tr(Effort(only_effort).label)
    return filled(refusal.message, params)


class BuiltInModelNote(Controller):
    """Presenter of the note, and of the keys that an empty conversation names below the prompt."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        for signal in (
            self._current.opened,
            self._current.path_changed,
            self._setup.choice_changed,
            session.choices.changed,
        ):
            signal.connect(self._show)
        self._model: CatalogModel | None = None  # that suits this computer
        self._is_model_sought = False
        self._values.changed.connect(lambda key: self._show() if key == WEIGHTS_SETTING else None)

    def _show(self) -> None:
        is_on_device = self._setup.profile.kind is ProviderKind.ON_DEVICE
        is_built_in = is_on_device and self._setup.choice.model == ON_DEVICE_MODEL
        text = tr(
            "Using SmolLM2, a small built-in model for trying out Repartee. "
            "It answers short questions in English."
        )
        is_empty = not self._current.path
        account, model = self._session.choices.account, self._model
        download = None
        if model is not None:
            size = formatting.size(model.total_size)
            suits = tr(
                "{model} ({size} from {host}) suits this computer.",
                model=model.label,
                size=size,
                host=model.host,
            )
            text = f"{text} {suits} {tr(model.purpose.label)}."
            label = tr("Download {model}", model=model.label)
            download = (label, lambda: self._session.local_models.start_download(model))
        account_offer = None
        if account is not None:
            label = tr("Use {provider}", provider=account.name)
            account_offer = (label, self._session.choices.use_account)
        self._window.empty_state.set_offers(account_offer, download)
        if is_built_in and is_empty and not self._is_model_sought:
            self._is_model_sought = True
            self._tasks.start(self._find_model())
        self._window.empty_state.set_small_model(is_built_in)
        self._window.empty_state.set_key_line(is_built_in and is_empty, text)
        self._prompt.set_keys_visible(not is_empty)

    async def _find_model(self) -> None:
        """Find the model that suits this computer, unless a model is here already."""
        self._model = await self._session.backend.local_models.suitable_model()
        if self._model is not None:
            self._show()
