"""The models that a provider lists: GET /models. Source: OpenAI's published OpenAPI document, and
the fields that gateways add to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from desktop_app.domain.chat_request import ProviderProfile
from desktop_app.domain.errors import UnexpectedReplyError
from desktop_app.domain.model_listing import ListedModel, ModelListing
from desktop_app.providers import json_fields

PATH: Final = "models"


def listing_from(reply: object, profile: ProviderProfile) -> ModelListing:
    """The listing that a reply holds.

    Raises:
        UnexpectedReplyError: it holds none.
    """
    rows = json_fields.rows(reply, "data")
    if not rows and not (isinstance(reply, Mapping) and isinstance(reply.get("data"), list)):
        raise UnexpectedReplyError(
            f"{profile.name} sent something that is no list of models.",
            what_to_do="Type the model's name in Settings › Provider.",
        )
    models = tuple(
        ListedModel(name, _day(row.get("shutdown_date")))
        for row in rows
        if (name := json_fields.text(row, "id"))
    )
    return ModelListing(profile.base_url, models, datetime.now(UTC))


def _day(value: object) -> date | None:
    """A day as providers write it, in ISO's form or as seconds since 1970; None for what is none."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC).date()
        return date.fromisoformat(str(value)[:10])
    except (ValueError, OverflowError, OSError):
        return None
