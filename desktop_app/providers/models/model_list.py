"""The models that a provider lists: GET /models.

Source: OpenAI's published OpenAPI document, and the fields that gateways add; see model_details.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol, TypeVar

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import ProviderError, UnexpectedReplyError
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.model_listing import ModelListing
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.models.model_details import (
    WindowSource,
    details_of,
    kind_of,
    llama_cpp_details,
    window_of,
    window_source,
)

PATH: Final = "models"
_SHUTDOWN_FIELDS: Final = ("shutdown_date", "expiration_date", "deprecation", "deprecation_date")
MAX_MODELS: Final = 10_000
MAX_ID_CHARS: Final = 1_000
"""Local servers name models by the paths of their files."""

T = TypeVar("T")


class GetJson(Protocol):
    """A function that fetches JSON and returns the result of `read`; see `Transport.get_json`."""

    async def __call__(self, path: str, read: Callable[[Any], T]) -> T: ...


async def fetch_listing(
    get_json: GetJson,
    profile: ProviderProfile,
    windows_timeout_s: float,
    note_kind: Callable[[ServerKind | None], None] = lambda _: None,
) -> ModelListing:
    """Fetch the models that the provider lists now.

    Args:
        windows_timeout_s: seconds that a further request about context windows may take.
        note_kind: called with the kind of server that the list shows; None if it shows none.

    Raises:
        AttemptError, ProviderError
    """

    def read(reply: object) -> tuple[ModelListing, WindowSource | None, ServerKind | None]:
        rows = _parse_rows(reply)
        return listing_from(reply, profile), window_source(rows), kind_of(rows)

    listing, source, kind = await get_json(PATH, read)
    note_kind(kind)
    # OpenAI's list may look like another server's; its windows are known anyway.
    if source is None or profile.kind is ProviderKind.OPENAI:
        return listing
    ids = [model.id for model in listing.models]
    try:
        async with asyncio.timeout(windows_timeout_s):
            facts = await get_json(source.path, lambda reply: source.read(reply, ids))
    except (AttemptError, ProviderError, TimeoutError):
        return listing  # windows and details stay unknown
    models = []
    for model in listing.models:
        found = facts.get(model.id, ModelFacts())
        window = found.window or model.window
        models.append(replace(model.filled_from(found), id=model.id, window=window))
    return replace(listing, models=tuple(models))


async def fetch_kind(get_json: GetJson) -> ServerKind | None:
    """Return the kind of server that the list of models shows; None if it shows none.

    Raises:
        AttemptError, ProviderError
    """
    return await get_json(PATH, lambda reply: kind_of(_parse_rows(reply)))


def listing_from(reply: object, profile: ProviderProfile) -> ModelListing:
    """Return the listing in a reply.

    Raises:
        UnexpectedReplyError: the reply is not a listing.
    """
    rows = _parse_rows(reply)
    # Ollama sends null if it has no models.
    is_list = isinstance(reply, Mapping) and (
        isinstance(reply.get("data"), list) or reply.get("object") == "list"
    )
    if not rows and not is_list and reply != []:
        raise UnexpectedReplyError(
            N_("{provider} didn’t return a list of models."),
            hint=hints.TYPE_MODEL,
            provider=profile.name,
        )
    llama_cpp = llama_cpp_details(reply)
    models = tuple(
        replace(
            details_of(row).filled_from(llama_cpp.get(name, ModelFacts())),
            id=name,
            shutdown=_shutdown_of(row),
            window=window_of(row),
        )
        for row in rows
        if len(name := json_fields.text(row, "id")) <= MAX_ID_CHARS and name.strip()
    )
    return ModelListing(profile.base_url, models, datetime.now(UTC))


def _parse_rows(reply: object) -> list[Mapping[str, Any]]:
    """Return the rows of a listing: Together sends a bare list, small servers a list of names."""
    entries = reply.get("data") if isinstance(reply, dict) else reply
    if not isinstance(entries, list):
        return []
    rows = ({"id": row} if isinstance(row, str) else row for row in entries[:MAX_MODELS])
    return [row for row in rows if isinstance(row, dict)]


def _shutdown_of(row: Mapping[str, Any]) -> date | None:
    """Return the day on which a model is shut down; None if the row has none.

    OpenAI, OpenRouter, Mistral and LiteLLM have different names for it.
    """
    days = (_parse_day(row.get(name)) for name in _SHUTDOWN_FIELDS)
    return next((day for day in days if day is not None), None)


def _parse_day(value: object) -> date | None:
    """Return the date in an ISO text or in seconds since 1970; None for any other value."""
    try:
        if isinstance(value, int | float) and value > 1:  # not 0 or a bool
            return datetime.fromtimestamp(value, UTC).date()
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
