"""The options of a new batch job: prompts, providers, and models with their settings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.prompt_loader import today
from desktop_app.domain.batch.batch_jobs import batch_refusal
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.error_text import WINDOW, error_segments
from desktop_app.domain.prompts.prompts import DATE, fill
from desktop_app.services.models.model_menu import MenuEntry, menu_entries
from desktop_app.ui.batch.batch_new_page import (
    BatchModelOption,
    BatchPromptOption,
    BatchProviderOption,
    NewBatchJob,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.app.state.conversation.answer_setup import AnswerSetup
    from desktop_app.app.state.prompt_list import PromptList
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.domain.models.model_catalog import ModelCatalog
    from desktop_app.domain.models.variants import Effort
    from desktop_app.services.chat.ask_settings import AskSettings
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice


class BatchChoices:
    """The options of a new batch job.

    Attributes:
        catalog: the known models.
    """

    def __init__(
        self,
        prompts: PromptList,
        setup: AnswerSetup,
        chat_service: ChatService,
        catalog: ModelCatalog,
    ) -> None:
        self._prompts = prompts
        self._setup = setup
        self._chat_service = chat_service
        self.catalog = catalog

    @property
    def settings(self) -> AskSettings:
        """Return the user's settings for answers of batch jobs."""
        return ask_settings(self._setup.values.all).for_one_answer()

    def prompt_options(self) -> list[BatchPromptOption]:
        """Return the prompts that `/` lists, with today's date and their defaults filled in."""
        return [
            BatchPromptOption(p.id, p.title, fill(p.text, {DATE: today()}).text.strip())
            for p in self._prompts.offered_prompts
        ]

    def provider_options(self) -> list[BatchProviderOption]:
        """Return every provider; those without batches are last, each with the reason."""
        providers = self._setup.providers
        options = [self._provider_option(providers.models_of(profile)) for profile in providers.all]
        return sorted(options, key=lambda provider: bool(provider.refusal))

    def preselection(
        self, providers: Sequence[BatchProviderOption]
    ) -> tuple[str, str, Effort | None]:
        """Return provider, model and effort as chosen in the window, or the first provider."""
        choice = self._setup.choice
        chosen_providers = [p for p in providers if p.id == choice.provider_id and not p.refusal]
        provider_id = next((p.id for p in (*chosen_providers, *providers)), "")
        model = choice.model
        if choice.variant is not None:
            model = self.catalog.for_variant(choice.variant).id
        return provider_id, model, choice.effort

    def resolve(self, job: NewBatchJob) -> ResolvedChoice | None:
        """Return the chosen model, None if the provider was removed."""
        profile = self._setup.providers.get(job.provider_id)
        if profile is None:
            return None
        choice = ModelChoice(profile.id, "" if job.variant else job.model, job.variant, job.effort)
        return self._chat_service.resolve(profile, choice)

    def _provider_option(self, models: ProviderModels) -> BatchProviderOption:
        profile = models.profile
        refusal_error = batch_refusal(profile)
        if refusal_error:
            refusal = error_segments(refusal_error, WINDOW)
            return BatchProviderOption(profile.id, profile.name, refusal)
        day = date.today()  # noqa: DTZ011 - the user's day
        model_options = [self._model_option(profile, entry) for entry in menu_entries(models, day)]
        return BatchProviderOption(
            profile.id, profile.name, models=tuple(m for m in model_options if not m.refusal)
        )

    def _model_option(self, profile: ProviderProfile, entry: MenuEntry) -> BatchModelOption:
        choice = ModelChoice(profile.id, "" if entry.variant else entry.model, entry.variant)
        resolved = self._chat_service.resolve(profile, choice)
        info = resolved.model
        efforts = info.efforts or ()
        if info.id != entry.model:  # another model replaces it, at a single effort
            efforts = (resolved.effort,) if resolved.effort else ()
        refusal_error = batch_refusal(profile, info)
        refusal_text = error_segments(refusal_error, WINDOW) if refusal_error else ()
        return BatchModelOption(
            entry.model, entry.name, entry.variant, efforts=efforts, refusal=refusal_text
        )
