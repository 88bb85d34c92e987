"""The options of a new batch job: prompts, providers, and models with their settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from desktop_app.app.session import Session
from desktop_app.backend.prompt_loader import today
from desktop_app.batch.ui.batch_new_page import (
    BatchModelOption,
    BatchPromptOption,
    BatchProviderOption,
    NewBatchJob,
)
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.batch_jobs import batch_refusal
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.error_text import WINDOW, error_segments
from desktop_app.domain.models.variants import Effort
from desktop_app.prompts.prompt import DATE, fill
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.models.model_menu import MenuEntry, menu_entries


def prompt_options(state: Session) -> list[BatchPromptOption]:
    """Return the prompts that `/` lists, with today's date and their defaults filled in."""
    return [
        BatchPromptOption(p.id, p.title, fill(p.text, {DATE: today()}).text.strip())
        for p in state.prompts.offered_prompts
    ]


def provider_options(state: Session) -> list[BatchProviderOption]:
    """Return every provider; those without batches are last, each with the reason."""
    day = date.today()  # noqa: DTZ011 - the user's day
    options = []
    for profile in state.providers.all:
        refusal = batch_refusal(profile)
        if refusal:
            segments = error_segments(refusal, WINDOW)
            options.append(BatchProviderOption(profile.id, profile.name, segments))
            continue
        entries = menu_entries(state.providers.models_of(profile), day)
        models = (_model_option(state, profile, entry) for entry in entries)
        options.append(
            BatchProviderOption(profile.id, profile.name, models=tuple(filter(None, models)))
        )
    return sorted(options, key=lambda provider: bool(provider.refusal))


def preselection(
    state: Session, providers: Sequence[BatchProviderOption]
) -> tuple[str, str, Effort | None]:
    """Return provider, model and effort as chosen in the window, or the first provider."""
    choice = state.setup.choice
    chosen_providers = [p for p in providers if p.id == choice.provider_id and not p.refusal]
    provider_id = next((p.id for p in (*chosen_providers, *providers)), "")
    model = choice.model
    if choice.variant is not None:
        model = state.backend.catalog.for_variant(choice.variant).id
    return provider_id, model, choice.effort


def resolve(state: Session, job: NewBatchJob) -> ResolvedChoice | None:
    """Return the chosen model, None if the provider was removed."""
    profile = state.providers.get(job.provider_id)
    if profile is None:
        return None
    choice = ModelChoice(profile.id, "" if job.variant else job.model, job.variant, job.effort)
    return state.backend.chat.resolve(profile, choice)


def _model_option(
    state: Session, profile: ProviderProfile, entry: MenuEntry
) -> BatchModelOption | None:
    """Return the option for a model, None if no batch can use it."""
    choice = ModelChoice(profile.id, "" if entry.variant else entry.model, entry.variant)
    resolved = state.backend.chat.resolve(profile, choice)
    info = resolved.model
    if batch_refusal(profile, info):
        return None
    efforts = info.efforts or ()
    if info.id != entry.model:  # another model replaces it, at a single effort
        efforts = (resolved.effort,) if resolved.effort else ()
    return BatchModelOption(entry.model, entry.name, entry.variant, efforts)
