"""The models to choose from, and a choice in the form that prompts show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace
from PySide6.QtCore import Signal

from desktop_app.app.answer_setup import AnswerSetup
from desktop_app.app.provider_list import PROVIDER_REMOVED
from desktop_app.app.session import Controller, Session
from desktop_app.composer.attachments.attachment_facts import document_tokens, exceeds_window
from desktop_app.composer.choice import ChoiceView, VariantOffer, no_choice
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import IllegalChoiceError, filled
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.formatting import rough_money
from desktop_app.i18n.translation import tr
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.models.choice_resolution import (
    ProviderModels,
    ResolvedChoice,
    shutdown_note,
)
from desktop_app.providers.models.model_menu import menu_entries


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
        self._chat_service = session.backend.chat
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
            is_asked = resolved.profile.id in self._providers.asked
            name = tr("Loading…") if is_asked else tr("No model")
            return replace(no_choice(), model_name=name, models=self.models)
        models = self._providers.models_of(resolved.profile)
        view = replace(view_of(resolved, self.models, models), background=setup.background)
        return replace(view, end=tr("for this message")) if setup.is_for_message else view

    @property
    def default_effort(self) -> Effort:
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

    def account_offer(self, account: ProviderProfile, documents: Sequence[DocumentPart]) -> str:
        """Return what an account offers for documents that the built-in model cannot take."""
        resolved = self.account_choice(account)
        view = view_of(resolved, self.models, self._providers.models_of(account))
        name = view.short_name or account.name
        if exceeds_window(documents, resolved):
            return tr("Read in parts with {model}…", model=name)
        label = tr("Use {provider}", provider=name)
        cost = resolved.expected_cost(document_tokens(documents, resolved)) if documents else None
        return f"{label} · {rough_money(cost.usual)}" if cost and cost.usual else label

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
            today = date.today()  # noqa: DTZ011 — the user's day
            on_device = self._providers.on_device_model
            models = map(self._providers.models_of, usable_profiles)
            self.models = tuple(
                entry for each in models for entry in menu_entries(each, today, on_device)
            )
            self.changed.emit()


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
        and len(variants_at(resolved.profile, models)) == len(Variant),
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
    return ModelEntry(profile.id, profile.name, successor.id, successor.name)


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


def variants_at(profile: ProviderProfile, models: tuple[ModelEntry, ...]) -> frozenset[Variant]:
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
