"""The choice of a model in the row under the prompt, and the models to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

from PySide6.QtCore import Signal

from desktop_app.app.session import Controller, Session
from desktop_app.backend.backend import WEIGHTS_SETTING
from desktop_app.chat.ui.answer_setup import AnswerSetup
from desktop_app.composer.choice.choice_view import ChoiceView, ModelEntry, no_choice
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import IllegalChoiceError, filled
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL, ResolvedChoice
from desktop_app.providers.models.model_menu import menu_entries, on_device_entries
from desktop_app.providers.ui.providers import PROVIDER_REMOVED

NO_BACKGROUND = N_(
    "Running in the background needs Pro or Extra high effort, and a provider that supports it."
)


class ChoiceController(Controller):
    """Connection of the row under the prompt with the choice of a model."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # See `_defer`; None once a conversation is open.
        self._deferred_changes: list[Callable[[], None]] | None = []
        self._connected_profiles: set[ProviderProfile] = set()
        self._is_parser_loaded = False
        self._prompt.text_changed.connect(self._on_text_changed)
        self._prompt.row.model_button.variant_requested.connect(self.choose_variant)
        self._prompt.row.model_button.effort_requested.connect(self._choose_effort)
        self._prompt.row.model_button.model_requested.connect(self.choose_model)
        self._prompt.row.background_requested.connect(self._setup.choose_background)
        for on_opened in (session.estimates.forget, self._show_choice, self._apply_deferred):
            self._current.opened.connect(on_opened)
        for on_choice in (self._show_choice, session.estimates.show_choice):
            self._setup.choice_changed.connect(on_choice)
        self._current.path_changed.connect(self._show_choice)
        self._draft.changed.connect(self._on_draft_changed)
        session.choices.changed.connect(self._show_choice)
        self._prompt.row.model_button.listing_requested.connect(
            lambda: self._tasks.start(self._providers.refresh_listing(self._setup.profile))
        )

    # -------------------------------------------------------------- choosing

    def _defer(self, change: Callable[[], None]) -> bool:
        """Defer a change until a conversation is open; return False if one is open already.

        The conversation opens a moment after the window; its choice would replace an earlier one.
        """
        if self._deferred_changes is None:
            return False
        self._deferred_changes.append(change)
        return True

    def _apply_deferred(self) -> None:
        deferred_changes = self._deferred_changes or ()
        self._deferred_changes = None
        for change in deferred_changes:
            change()

    def choose_variant(self, variant: Variant) -> None:
        """Choose another variant, if the provider offers it."""
        if self._defer(partial(self.choose_variant, variant)):
            return
        if self._session.choices.choose_variant(self._setup, variant):
            self._announce_choice()

    def toggle_background(self) -> None:
        """Turn background answers on or off in the open conversation."""
        background = self._setup.background
        if background is None:
            self._notifications.notify(tr(NO_BACKGROUND))
        else:
            self._setup.choose_background(not background)

    def step_effort(self, step: int) -> None:
        """Choose the next higher (+1) or lower (-1) effort among those that the model takes."""
        if self._defer(partial(self.step_effort, step)):
            return
        next_effort = self._session.choices.view.effort_beside(step)
        if next_effort is None:
            self._announce_choice()  # the unchanged choice
        else:
            self._choose_effort(next_effort)

    def _announce_choice(self) -> None:
        """Tell screen readers the new choice, because the focus is elsewhere."""
        view = self._session.choices.view
        announcement = view.short_name
        if view.effort is not None and view.offers_effort:
            announcement = tr(
                "{model}, effort {effort}", model=announcement, effort=tr(view.effort.label)
            )
        self._notifications.announce(announcement)

    def _choose_effort(self, effort: Effort) -> None:
        if self._defer(partial(self._choose_effort, effort)):
            return
        self._setup.choose(replace(self._setup.choice, effort=effort))
        self._announce_choice()

    def choose_model(self, entry: ModelEntry) -> None:
        """Choose a model of the menu or of the table for the open conversation."""
        if self._defer(partial(self.choose_model, entry)):
            return
        self._setup.choose(self._session.choices.choice_with(entry))
        self._announce_choice()

    # -------------------------------------------------------------- showing

    def _show_choice(self) -> None:
        if not self._current.opening_number:
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
            self._tasks.start(asyncio.to_thread(_load_parser))
        self._open_connection()

    def _on_draft_changed(self) -> None:
        """Open the connection, because a question with an attachment may be sent without typing."""
        if self._draft.value.attachments:
            self._open_connection()

    def _open_connection(self) -> None:
        """Open the connection while the user types, so that Send does not wait for it.

        The request for the provider's models opens it.
        """
        profile = self._setup.profile
        if profile not in self._connected_profiles:
            self._connected_profiles.add(profile)
            self._tasks.start(self._providers.refresh_listing(profile, force=True))


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
        return replace(view_of(resolved, self.models), background=setup.background)

    def choose_variant(self, setup: AnswerSetup, variant: Variant) -> bool:
        """Choose a variant for a conversation; return False if its provider does not offer it."""
        has_provider = self._providers.has_provider(setup.current.conversation)
        if not has_provider or variant not in _variants_at(setup.profile, self.models):
            return False
        effort = setup.choice.effort or Effort(str(self._values["default.effort"]))
        setup.choose(replace(setup.choice, variant=variant, model="", effort=effort))
        return True

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
            )
            for entry in entries
        ]


def _load_parser() -> None:
    """Load the parser of answers and its libraries, which would delay the first words."""
    from desktop_app.markdown.incremental import block_stream  # noqa: F401 — imports the parser
    from desktop_app.markdown.parsing.parser import parser

    parser()


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


class BuiltInModelNote(Controller):
    """Presenter of the note, and of the keys that an empty conversation names below the prompt."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        for signal in (
            self._current.opened,
            self._current.path_changed,
            self._setup.choice_changed,
        ):
            signal.connect(self._show)
        self._values.changed.connect(self._on_value_changed)

    def _on_value_changed(self, key: str) -> None:
        if key == WEIGHTS_SETTING:
            self._show()

    def _show(self) -> None:
        is_on_device = self._setup.profile.kind is ProviderKind.ON_DEVICE
        is_built_in = is_on_device and self._setup.choice.model == ON_DEVICE_MODEL
        text = tr(
            "Using SmolLM2, a small built-in model for trying out Repartee. "
            "It answers short questions in English."
        )
        is_empty = not self._current.path
        self._window.empty_state.set_small_model(is_built_in)
        self._window.empty_state.set_key_line(is_built_in and is_empty, text)
        self._prompt.set_keys_visible(not is_empty)
