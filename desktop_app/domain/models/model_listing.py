"""What a provider says that it serves (`GET /models`), and what follows for a model's end and window.

A listing is a claim about the day it was made on. It outweighs the dates of the catalogue, which are
OpenAI's own, where it was made on or after them: aggregators serve models on, and OpenAI may, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import ModelInfo

WARNED_BEFORE_DAYS = 90


@dataclass(frozen=True)
class ListedModel:
    """A model by its id; where the provider says so, the day on which it shuts it down, and the
    tokens that it takes there."""

    id: str
    shutdown: date | None = None
    window: int | None = None


@dataclass(frozen=True)
class ModelListing:
    """What the server at `base_url` listed at a moment (aware)."""

    base_url: str
    models: tuple[ListedModel, ...]
    at: datetime

    @cached_property
    def _by_id(self) -> dict[str, ListedModel]:
        return {model.id: model for model in self.models}

    def has(self, model_id: str) -> bool:
        """Whether the model was listed."""
        return model_id in self._by_id

    def shutdown_of(self, model_id: str) -> date | None:
        """The day that the provider names, None where it names none."""
        model = self._by_id.get(model_id)
        return model.shutdown if model else None

    def window_of(self, model_id: str) -> int | None:
        """Tokens that the provider's model takes, None where it names no number."""
        model = self._by_id.get(model_id)
        return model.window if model else None


def as_listed(info: ModelInfo, listing: ModelListing | None) -> ModelInfo:
    """What is known of a model, with the window that its server names where nothing is known of it,
    or where that server takes less.

    Some call the window so, others what a question may take: it stands for both.
    """
    window = listing.window_of(info.id) if listing else None
    if window is None or (info.input_limit is not None and info.input_limit <= window):
        return info
    return replace(info, context_window=window, max_input=None)


def end_of(profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None) -> date | None:
    """The day from which a provider serves a model no more; None where none is known. The
    catalogue's dates are OpenAI's and hold there alone."""
    said = listing.shutdown_of(info.id) if listing else None
    if said is not None:
        return said
    return info.shutdown if profile.kind is ProviderKind.OPENAI else None


def is_over(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None, today: date
) -> bool:
    """Whether the day has come, and no listing since then has the model."""
    end = end_of(profile, info, listing)
    if end is None or end > today:
        return False
    return listing is None or not listing.has(info.id) or listing.at.date() < end


def is_served(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None, today: date
) -> bool:
    """Whether a model may be asked for: what is not known is tried."""
    if is_over(profile, info, listing, today):
        return False
    return listing is None or listing.has(info.id)


def end_notice(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None, today: date
) -> str:
    """A sentence on the end of a model that is near or over; "" for any other."""
    end = _end_worth_saying(profile, info, listing, today)
    if end is None:
        return ""
    if is_over(profile, info, listing, today):
        return f"{info.name} is gone: {profile.name} shut it down on {_day(end)}."
    if end <= today:
        return f"{info.name} was to end on {_day(end)}; {profile.name} still lists it."
    return f"{info.name} ends on {_day(end)}. Choose another model before."


def end_mark(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None, today: date
) -> str:
    """The same in a few words, to stand behind a name."""
    end = _end_worth_saying(profile, info, listing, today)
    if end is None or (end <= today and not is_over(profile, info, listing, today)):
        return ""
    return f"gone since {_day(end)}" if end <= today else f"ends {_day(end)}"


def _end_worth_saying(
    profile: ProviderProfile, info: ModelInfo, listing: ModelListing | None, today: date
) -> date | None:
    end = end_of(profile, info, listing)
    return None if end is None or (end - today).days > WARNED_BEFORE_DAYS else end


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
