"""Embeddings: POST /embeddings, vectors of texts.

A request takes at most 2,048 texts of 8,192 tokens each and 300,000 tokens in all. Requests here
are far smaller, so that their replies are parsed without blocking the user interface. Source:
OpenAI's published OpenAPI document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.documents.vectors import Vector
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import UnexpectedReplyError
from desktop_app.providers.apis.token_usage import tokens
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import AttemptError

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

PATH: Final = "embeddings"
# OpenAI's third generation can return fewer dimensions than it has; the first carry the most
# meaning. Other models have a fixed number.
DIMENSIONS: Final = 512
MOST_DIMENSIONS: Final = 50_000
"""The largest models have some ten thousand."""
_SHORTENED: Final = "text-embedding-3-"


def is_offered(profile: ProviderProfile) -> bool:
    """Return True if the provider may have embeddings; CometAPI and the local model have none."""
    return profile.kind in (ProviderKind.OPENAI, ProviderKind.COMPATIBLE)


def body(model: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return the request as JSON-ready values."""
    fields: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": "float"}
    if model.startswith(_SHORTENED):
        fields["dimensions"] = DIMENSIONS
    return fields


async def embed(
    transport: Transport, profile: ProviderProfile, model: str, texts: Sequence[str]
) -> tuple[list[Vector], int]:
    """Return the vectors of texts, in order, and the number of tokens billed.

    The request is repeated only if nothing can have been billed.

    Raises:
        ProviderError
    """
    attempts = count()
    while True:
        try:
            async with transport.post(PATH, body(model, texts)) as reply:
                return await reply.json(lambda value: vectors_from(value, len(texts), profile.name))
        except AttemptError as failed:
            wait = failed.wait_s(next(attempts))
            if wait is None:
                raise failed.error from failed
            await asyncio.sleep(wait)


def vectors_from(reply: object, expected: int, provider: str) -> tuple[list[Vector], int]:
    """Return the vectors in the reply and the number of tokens billed.

    Raises:
        UnexpectedReplyError: not one vector for each text, all of one length.
    """
    found: dict[int, Vector] = {}
    for at, row in enumerate(json_fields.rows(reply, "data")):
        index, values = row.get("index", at), row.get("embedding")
        try:
            found[index if isinstance(index, int) else at] = Vector.from_values(_numbers(values))
        except (ValueError, TypeError, OverflowError):
            continue
    sizes = {len(vector.numbers) for vector in found.values()}
    if sorted(found) != list(range(expected)) or len(sizes) != 1:
        raise UnexpectedReplyError(Reason.EMBEDDINGS_UNREADABLE, provider=provider)
    usage = json_fields.mapping(reply, "usage")
    billed = tokens(usage, "prompt_tokens") or tokens(usage, "total_tokens")
    return [found[index] for index in range(expected)], billed


def _numbers(values: object) -> list[float]:
    if not isinstance(values, list) or len(values) > MOST_DIMENSIONS:
        raise TypeError("no vector")
    return [float(value) for value in values]
