"""The available models, and the open conversation's choice among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.providers import PROVIDER_REMOVED
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import IllegalChoiceError, filled
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import tr
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.models.model_menu import menu_entries
from desktop_app.ui.composer.choice.choice_view import ChoiceView, ModelEntry, no_choice
from desktop_app.ui.window.main_window import MainWindow


class AvailableModels(QObject):
    """The models that can answer, listed again whenever providers or their listings change.

    Attributes:
        models: all models that can answer now.

    Signals:
        changed(): the available models have changed.
    """

    changed = Signal()

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._values = state.setup.values
        self._providers = state.setup.providers
        self._setup = state.setup
        self._current = state.setup.current
        self.models: tuple[ModelEntry, ...] = ()
        self._list_number = 0
        for signal in (self._providers.changed, self._providers.listings_changed):
            signal.connect(lambda: state.tasks.start(self._list_models()))

    @property
    def view(self) -> ChoiceView:
        """Return the open conversation's choice in the form that the row under the prompt shows."""
        if not self._providers.has_provider(self._current.conversation):
            removed_note = tr(PROVIDER_REMOVED)
            return replace(
                no_choice(), model_name=removed_note, models=self.models, notice=removed_note
            )
        resolved = self._setup.resolved
        if not resolved.model.id:
            return replace(no_choice(), model_name=tr("No model"), models=self.models)
        view = view_of(resolved, self.models)
        return replace(view, background=self._setup.background)

    def offers(self, variant: Variant) -> bool:
        """Return True if the open conversation's provider offers a variant."""
        return variant in _variants_at(self._setup.profile, self.models)

    def choice_with(self, entry: ModelEntry) -> ModelChoice:
        """Return the open conversation's choice with an entry of the model menu applied."""
        effort = self._setup.choice.effort or Effort(str(self._values["default.effort"]))
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
        if profile.kind is ProviderKind.ON_DEVICE:
            model = self._providers.on_device_model
            name = self._providers.models_of(profile).info(model).name
            return [ModelEntry(profile.id, profile.name, model=model, name=name, variant=None)]
        today = date.today()  # noqa: DTZ011 — the user's day
        return [
            ModelEntry(
                profile.id,
                profile.name,
                model=entry.model,
                name=entry.name,
                variant=entry.variant,
                note=entry.note,
            )
            for entry in menu_entries(self._providers.models_of(profile), today)
        ]


def view_of(resolved: ResolvedChoice, models: tuple[ModelEntry, ...]) -> ChoiceView:
    """Return a resolved choice in the form that the row under the prompt shows."""
    info = resolved.model
    offers_effort = resolved.variant is not None or info.has_efforts
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
        offers_effort=offers_effort,
        models=models,
        notice=str(resolved.notice or resolved.warning),
        provider_name=resolved.profile.name,
        provider_id=resolved.profile.id,
        model=info.id,
    )


def _variants_at(profile: ProviderProfile, models: tuple[ModelEntry, ...]) -> frozenset[Variant]:
    """Return the variants that a provider offers, or that a compatible server lists."""
    if profile.kind is not ProviderKind.COMPATIBLE:
        return frozenset(Variant) if profile.serves_gpt_family else frozenset()
    return frozenset(e.variant for e in models if e.provider_id == profile.id and e.variant)


def _refusal_text(effort: Effort, refusal: IllegalChoiceError) -> str:
    """Return why an effort cannot be chosen, with the names that the menu shows."""
    names = {each.value: tr(each.label) for each in Effort}
    only_effort = str(refusal.params.get("only", ""))
    params = {
        **refusal.params,
        "effort": names[effort.value],
        "only": names.get(only_effort, only_effort),
    }
    return filled(refusal.message, params)
