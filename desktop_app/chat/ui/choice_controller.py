"""The choice of a model in the row under the prompt, and the models to choose from."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from PySide6.QtCore import QObject

from desktop_app.app.session import ConversationSession, Session
from desktop_app.composer.available_models import AvailableModels, variants_at
from desktop_app.composer.choice import VariantOffer
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_, tr

NO_BACKGROUND = N_(
    "Running in the background needs at least medium effort, and a provider that supports it."
)


class ConversationChoice(QObject):
    """Connection of the row of a conversation's prompt with the choice of its model."""

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session = session
        self._current = conversation.current
        self._setup = conversation.setup
        self._notices = conversation.notices
        self._prompt, draft = conversation.prompt, conversation.draft
        self._connected_profiles: set[ProviderProfile] = set()
        self._is_parser_loaded = False
        self._prompt.text_changed.connect(self._on_text_changed)
        # A question with an attachment may be sent without typing.
        draft.changed.connect(lambda: self._open_connection() if draft.value.attachments else None)
        button = self._prompt.row.model_button
        button.variant_requested.connect(self.choose_variant)
        button.effort_requested.connect(self._choose_effort)
        button.model_requested.connect(self.choose_model)
        button.message_model_requested.connect(self._choose_for_message)
        button.offer_requested.connect(session.tasks.slot(self._accept_offer))
        button.listing_requested.connect(
            lambda: session.tasks.start(session.providers.refresh_listing(self._setup.profile))
        )
        for signal in (
            self._current.opened,
            self._current.path_changed,
            self._setup.choice_changed,
            session.of(AvailableModels).changed,
        ):
            signal.connect(self.show_choice)

    def show_choice(self) -> None:
        if self._current.opening_number:  # else the first conversation may have another model
            self._prompt.set_choice(self._session.of(AvailableModels).view_of(self._setup))

    def choose_variant(self, variant: Variant) -> None:
        """Choose another variant, if the provider offers it."""
        available = self._session.of(AvailableModels)
        has_provider = self._session.providers.has_provider(self._setup.current.conversation)
        if has_provider and variant in variants_at(self._setup.profile, available.models):
            effort = self._setup.choice.effort or available.default_effort
            self._choose(replace(self._setup.choice, variant=variant, model="", effort=effort))

    def step_effort(self, step: int) -> None:
        """Choose the next higher (+1) or lower (-1) effort among those that the model takes."""
        next_effort = self._session.of(AvailableModels).view_of(self._setup).effort_beside(step)
        if next_effort is None:
            self._announce_choice()  # the unchanged choice
        else:
            self._choose_effort(next_effort)

    def _choose_effort(self, effort: Effort) -> None:
        choice = replace(self._setup.choice, effort=effort)
        self._choose(choice, for_message=self._setup.is_for_message)

    def choose_model(self, entry: ModelEntry) -> None:
        """Choose a model of the menu or of the table."""
        self._choose(self._session.of(AvailableModels).choice_with(entry, self._setup))

    def _choose_for_message(self, entry: ModelEntry) -> None:
        choice = self._session.of(AvailableModels).choice_with(entry, self._setup)
        self._choose(choice, for_message=True)

    async def _accept_offer(self, offer: VariantOffer) -> None:
        """Let a model stand for a variant from now on, and answer with that variant."""
        await self._session.providers.choose_for_variant(offer.variant, offer.model)
        self.choose_variant(offer.variant)

    def _choose(self, choice: ModelChoice, *, for_message: bool = False) -> None:
        # The first conversation opens a moment after the window, with a choice of its own.
        if self._current.opening_number:
            self._setup.choose(choice, for_message=for_message)
            self._announce_choice()

    def _announce_choice(self) -> None:
        """Tell screen readers the choice, because the focus is elsewhere."""
        view = self._session.of(AvailableModels).view_of(self._setup)
        announcement = view.short_name
        if view.display_effort is not None:
            announcement = tr(
                "{model}, effort {effort}", model=announcement, effort=tr(view.display_effort.label)
            )
        if self._setup.is_for_message:
            announcement = f"{announcement}, {view.end}"
        self._notices.announce(announcement)

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


class ChoiceController(ConversationChoice):
    """The choice in the main window, with the row under the prompt that shows it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, session.main)
        prompt = session.window.prompt
        prompt.row.background_requested.connect(self._setup.choose_background)
        session.events.model_chosen.connect(self.choose_model)

    def toggle_background(self) -> None:
        """Turn background answers on or off in the open conversation."""
        background = self._setup.background
        if background is None:
            self._notices.notify(tr(NO_BACKGROUND))
        else:
            self._setup.choose_background(not background)

    def show_choice(self) -> None:
        super().show_choice()
        # In a window that nobody sees, httpx would take a quarter more memory.
        if self._current.opening_number and self._session.window.isVisible():
            self.propose_model()


def _load_parser() -> None:
    """Load the parser of answers and its libraries, which would delay the first words."""
    from desktop_app.markdown.incremental import block_stream  # noqa: F401 — imports the parser
    from desktop_app.markdown.parsing.parser import load_parser

    load_parser()
