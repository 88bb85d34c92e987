"""What a new batch job can be made of: prompts, providers, models with what each takes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from desktop_app.backend.prompt_library import today
from desktop_app.domain.batch.batch_jobs import refusal
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.conversations.prompts import DATE, fill
from desktop_app.services.models.model_menu import Offer, offers
from desktop_app.ui.batch.batch_new_page import (
    BatchModelOption,
    BatchPromptOption,
    BatchProviderOption,
    BatchWish,
)

if TYPE_CHECKING:
    from desktop_app.app.prompts.prompts_controller import PromptsController
    from desktop_app.app.workspace import Workspace
    from desktop_app.domain.conversations.chat_request import ProviderProfile
    from desktop_app.services.chat.model_choice import ResolvedChoice


def prompts_offered(prompts: PromptsController) -> list[BatchPromptOption]:
    """The library, each prompt with its defaults filled in."""
    return [
        BatchPromptOption(p.id, p.title, fill(p.text, {DATE: today()}).text.strip())
        for p in prompts.offered
    ]


def providers_offered(workspace: Workspace) -> list[BatchProviderOption]:
    """Every provider: those with batches first, the others with why they have none."""
    found = [_provider(workspace, profile) for profile in workspace.profiles]
    return sorted(found, key=lambda provider: bool(provider.refusal))


def _provider(workspace: Workspace, profile: ProviderProfile) -> BatchProviderOption:
    why = refusal(profile)
    if why:
        return BatchProviderOption(profile.id, profile.name, why)
    backend = workspace.backend
    day = date.today()  # noqa: DTZ011 - the person's day
    menu = offers(profile, backend.catalog, backend.listings.of(profile), day)
    models = [_model(workspace, profile, offer) for offer in menu]
    return BatchProviderOption(
        profile.id, profile.name, models=tuple(m for m in models if not m.refusal)
    )


def _model(workspace: Workspace, profile: ProviderProfile, offer: Offer) -> BatchModelOption:
    choice = ModelChoice(profile.id, "" if offer.variant else offer.model, offer.variant)
    resolved = workspace.backend.chat.resolve(profile, choice)
    info = resolved.model
    efforts = info.efforts or ()
    if info.id != offer.model:  # another one answers in its place, at one effort
        efforts = (resolved.effort,) if resolved.effort else ()
    return BatchModelOption(offer.model, offer.name, offer.variant, efforts, refusal(profile, info))


def resolved_wish(workspace: Workspace, wish: BatchWish) -> ResolvedChoice | None:
    """Who answers; None where the provider is gone."""
    profile = next((p for p in workspace.profiles if p.id == wish.provider_id), None)
    if profile is None:
        return None
    choice = ModelChoice(profile.id, "" if wish.variant else wish.model, wish.variant, wish.effort)
    return workspace.backend.chat.resolve(profile, choice)
