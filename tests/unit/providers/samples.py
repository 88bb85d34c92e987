"""Requests, models and events that several tests use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import reduce
from typing import Any

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import Completed, Failed, Incomplete, StreamEvent
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.variants import Effort
from tests.helpers.catalogs import shipped_catalog

CATALOG = shipped_catalog()
OPENAI = ProviderProfile("openai", "OpenAI", ProviderKind.OPENAI, "https://api.example/v1")
COMETAPI = ProviderProfile("cometapi", "CometAPI", ProviderKind.COMETAPI, "https://c.example/v1")
COMPATIBLE = ProviderProfile(
    "home", "My server", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1", needs_key=False
)


def ask(
    text: str = "Why?",
    *,
    model: str = "gpt-5.2",
    effort: Effort | None = None,
    instructions: str = "",
    cache_key: str = "",
    **parameters: Any,
) -> ChatRequest:
    """Return a request with a single question."""
    return ChatRequest(
        model,
        (RequestMessage(Role.USER, (TextPart(text),)),),
        instructions=instructions,
        effort=effort,
        parameters=GenerationParameters(**parameters),
        cache_key=cache_key,
    )


def sse(*events: dict[str, Any] | str) -> bytes:
    """Return the events as a stream. Dictionaries with a type get an `event:` line."""
    lines = []
    for event in events:
        if isinstance(event, dict) and "type" in event:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines).encode()


def fold(events: Iterable[StreamEvent]) -> Reply:
    """Return the reply that the events add up to."""
    return reduce(accumulate, events, Reply())


def terminals(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    """Return the terminal events among `events`, which should be exactly one."""
    return [event for event in events if isinstance(event, Completed | Incomplete | Failed)]
