"""The provider's own compaction: POST /responses/compact.

The reply contains the user's messages and one item that only the provider can read. All of it is
kept unchanged and sent before the next messages. Source: OpenAI's published OpenAPI document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.errors import UnexpectedReplyError
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import responses
from desktop_app.providers.apis.event_reader import usage_of
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import repeat

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

PATH: Final = "responses/compact"
REFUSED: Final = "compact"
"""The refused parameter that is recorded for a server without the endpoint."""

MAX_STATE_BYTES: Final = 24 << 20
"""The limit of a compaction's reply, because every later request contains its items.

The encrypted item alone may have 20 MiB (OpenAI's OpenAPI document, August 2026).
"""
_FIELDS: Final = ("model", "instructions", "input", "prompt_cache_key")


def is_offered(profile: ProviderProfile, info: ModelInfo) -> bool:
    """Return True if the provider may compact; CometAPI and servers of other models cannot."""
    may_have_endpoint = profile.kind in (ProviderKind.OPENAI, ProviderKind.COMPATIBLE)
    has_api = profile.api is not Api.CHAT_COMPLETIONS and (
        not info.apis or Api.RESPONSES in info.apis
    )
    return may_have_endpoint and has_api and profile.serves_gpt_family


def body(
    request: ChatRequest, info: ModelInfo, profile: ProviderProfile, omit: frozenset[str]
) -> dict[str, Any]:
    """Return the request as JSON-ready values, with only the fields that the endpoint takes."""
    fields = responses.body(request, info, profile, omit)
    return {name: fields[name] for name in _FIELDS if name in fields}


async def compact(
    transport: Transport,
    profile: ProviderProfile,
    info: ModelInfo,
    request: ChatRequest,
    omit: frozenset[str] = frozenset(),
) -> ProviderState:
    """Request a compaction; repeat the request only if nothing can have been billed.

    Raises:
        EndpointMissingError: the provider has no such endpoint.
        ProviderError
    """
    fields = body(request, info, profile, omit)

    async def attempt() -> ProviderState:
        async with transport.post(PATH, fields) as reply:
            return await reply.json(lambda value: state_from(value, profile.name), MAX_STATE_BYTES)

    return await repeat(attempt)


def state_from(reply: object, provider: str) -> ProviderState:
    """Return the state in the reply.

    Raises:
        UnexpectedReplyError: the reply has no state.
    """
    output = reply.get("output") if isinstance(reply, Mapping) else None
    kinds = [json_fields.text(item, "type") for item in json_fields.rows(reply, "output")]
    if not isinstance(output, list) or "compaction" not in kinds:
        raise UnexpectedReplyError(
            N_("{provider} didn’t return a compacted conversation."),
            hint=N_("Try again, or start a new conversation."),
            provider=provider,
        )
    usage = json_fields.mapping(reply, "usage")
    items = json.dumps(output, separators=(",", ":"))
    return ProviderState(items, usage_of(usage))
