"""The options of a new batch job: prompts, providers, and models with their settings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

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
    from desktop_app.app.state.prompt_list import PromptList
    from desktop_app.app.state.providers import Providers
    from desktop_app.domain.answering.chat_request import ProviderProfile
    from desktop_app.services.chat.chat_service import ChatService
    from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice


def prompt_options(prompts: PromptList) -> list[BatchPromptOption]:
    """Return the prompts that `/` lists, with today's date and their defaults filled in."""
    return [
        BatchPromptOption(p.id, p.title, fill(p.text, {DATE: today()}).text.strip())
        for p in prompts.offered_prompts
    ]


def provider_options(
    *, providers: Providers, chat_service: ChatService
) -> list[BatchProviderOption]:
    """Return every provider; those without batches are last, each with the reason."""
    found = [
        _provider_option(providers.models_of(profile), chat_service=chat_service)
        for profile in providers.all
    ]
    return sorted(found, key=lambda provider: bool(provider.refusal))


def _provider_option(models: ProviderModels, *, chat_service: ChatService) -> BatchProviderOption:
    profile = models.profile
    refusal_error = batch_refusal(profile)
    if refusal_error:
        return BatchProviderOption(profile.id, profile.name, error_segments(refusal_error, WINDOW))
    day = date.today()  # noqa: DTZ011 - the user's day
    offered = [
        _model_option(profile, entry, chat_service=chat_service)
        for entry in menu_entries(models, day)
    ]
    return BatchProviderOption(
        profile.id, profile.name, models=tuple(m for m in offered if not m.refusal)
    )


def _model_option(
    profile: ProviderProfile, entry: MenuEntry, *, chat_service: ChatService
) -> BatchModelOption:
    choice = ModelChoice(profile.id, "" if entry.variant else entry.model, entry.variant)
    resolved = chat_service.resolve(profile, choice)
    info = resolved.model
    efforts = info.efforts or ()
    if info.id != entry.model:  # another model replaces it, at a single effort
        efforts = (resolved.effort,) if resolved.effort else ()
    refusal_error = batch_refusal(profile, info)
    refusal_text = error_segments(refusal_error, WINDOW) if refusal_error else ()
    return BatchModelOption(entry.model, entry.name, entry.variant, efforts, refusal_text)


def resolve_new_job(
    job: NewBatchJob, *, providers: Providers, chat_service: ChatService
) -> ResolvedChoice | None:
    """Return the chosen model, None if the provider was removed."""
    profile = providers.get(job.provider_id)
    if profile is None:
        return None
    choice = ModelChoice(profile.id, "" if job.variant else job.model, job.variant, job.effort)
    return chat_service.resolve(profile, choice)
