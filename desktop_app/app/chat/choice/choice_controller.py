"""The choice of a model in the row under the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from desktop_app.app.chat.choice.available_models import AvailableModels
from desktop_app.app.chat.choice.estimate_presenter import EstimatePresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_, tr
from desktop_app.rendering.markdown.parser import parser
from desktop_app.ui.composer.choice.choice_view import ModelEntry
from desktop_app.ui.window.main_window import MainWindow

NO_BACKGROUND = N_(
    "Running in the background needs Pro or Extra high effort, and a provider that supports it."
)


class ChoiceController(QObject):
    """Connection of the row under the prompt with the choice of a model."""

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        choices: AvailableModels,
        estimates: EstimatePresenter,
    ) -> None:
        super().__init__(window.pane)
        current = state.setup.current
        prompt = self._prompt = window.pane.prompt
        self._estimates = estimates
        self._notifications = window.pane.notifications
        self._current = current
        self._draft = current.draft
        self._values = state.setup.values
        self._providers = state.setup.providers
        self._setup = state.setup
        self._tasks = state.tasks
        self._choices = choices
        # See `_defer`; None once a conversation is open.
        self._deferred_changes: list[Callable[[], None]] | None = []
        self._connected_profiles: set[ProviderProfile] = set()
        self._is_parser_loaded = False
        prompt.text_changed.connect(self._on_text_changed)
        prompt.row.variant_requested.connect(self.choose_variant)
        prompt.row.effort_requested.connect(self._choose_effort)
        prompt.row.model_requested.connect(self.choose_model)
        prompt.row.background_requested.connect(self._setup.choose_background)
        for on_opened in (estimates.forget, self._show_choice, self._apply_deferred):
            current.opened.connect(on_opened)
        for on_choice in (self._show_choice, estimates.show_choice):
            state.setup.choice_changed.connect(on_choice)
        self._current.path_changed.connect(self._show_choice)
        self._draft.changed.connect(self._on_draft_changed)
        choices.changed.connect(self._show_choice)
        prompt.row.model_listing_requested.connect(
            lambda: self._tasks.start(self._providers.refresh_listing(self._setup.profile))
        )
        self._values.changed.connect(self._on_value_changed)

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
        has_provider = self._providers.has_provider(self._current.conversation)
        if has_provider and self._choices.offers(variant):
            choice = self._setup.choice
            effort = choice.effort or Effort(str(self._values["default.effort"]))
            self._setup.choose(replace(choice, variant=variant, model="", effort=effort))
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
        next_effort = self._choices.view.effort_beside(step)
        if next_effort is None:
            self._announce_choice()  # the unchanged choice
        else:
            self._choose_effort(next_effort)

    def _announce_choice(self) -> None:
        """Tell screen readers the new choice, because the focus is elsewhere."""
        view = self._choices.view
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
        self._setup.choose(self._choices.choice_with(entry))
        self._announce_choice()

    # -------------------------------------------------------------- showing

    def _on_value_changed(self, key: str) -> None:
        if key == "answer.background":
            self._show_choice()

    def _show_choice(self) -> None:
        if not self._current.opening_number:
            return  # the first conversation may have another model
        self._prompt.set_choice(self._choices.view)
        if self._prompt.isVisible():  # httpx would double the memory of a program in the background
            self.propose_model()
        self._estimates.update_soon()

    def propose_model(self) -> None:
        """Read the provider's list to propose a model, unless one is chosen."""
        if not self._setup.resolved.model.id:
            self._open_connection()

    def _on_text_changed(self) -> None:
        if not self._is_parser_loaded:
            # Load the parser's libraries now, so that they do not delay the answer's first words.
            self._is_parser_loaded = True
            self._tasks.start(asyncio.to_thread(parser))
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
