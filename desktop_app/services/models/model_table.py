"""Builds the rows of the table of models from the catalog, the server and the user."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.models.model_row import ModelRow
from desktop_app.services.models.choice_resolution import ProviderModels
from desktop_app.services.models.model_menu import MenuEntry, menu_entries

FAVORITES: Final = "models.favorites"
"""The setting that lists the favorites, as pairs of a provider's and a model's id."""


def model_rows(
    models: ProviderModels,
    today: date,
    *,
    on_device_model: str,
    favorites: Collection[tuple[str, str]] = (),
) -> list[ModelRow]:
    """Return a row for each chat model of a provider."""
    profile = models.profile
    is_on_device = profile.kind is ProviderKind.ON_DEVICE
    entries = [MenuEntry(on_device_model, "")] if is_on_device else menu_entries(models, today)
    return [
        _make_row(models, entry, today, is_favorite=(profile.id, entry.model) in favorites)
        for entry in entries
    ]


def _make_row(
    models: ProviderModels, entry: MenuEntry, today: date, *, is_favorite: bool
) -> ModelRow:
    profile = models.profile
    info = models.info(entry.model)
    is_on_device = profile.kind is ProviderKind.ON_DEVICE
    return ModelRow(
        provider_id=profile.id,
        provider_name=profile.name,
        model=entry.model,
        name=info.name,
        variant=entry.variant,
        window=info.context_window,
        max_output=info.max_output,
        price=models.choice_of(info).price,
        efforts=info.efforts,
        images=info.sees_images,
        tools=info.takes_tools,
        reasoning=info.is_reasoning,
        schema=info.takes_schema,
        end_date=models.availability(info, today).shutdown_date,
        is_favorite=is_favorite,
        user_entries=None if is_on_device else profile.own_model(entry.model),
    )


def favorites_in(value: object) -> set[tuple[str, str]]:
    """Return the valid favorites in a stored value."""
    pairs = value if isinstance(value, list) else []
    return {
        (pair[0], pair[1])
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)
    }
