"""Embeddings: POST /embeddings, vectors of texts.

At OpenAI a request takes at most 2,048 texts of 8,192 tokens each and 300,000 tokens in all.
Requests here are far smaller, so that their replies are parsed without blocking the user interface.
Other servers have lower limits, which show only in their refusals. Source: OpenAI's published
OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis.event_reader import tokens
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.retries import repeat
from desktop_app.providers.jobs.vectors import Vector

if TYPE_CHECKING:
    from desktop_app.providers.http.transport import Transport

PATH: Final = "embeddings"
# OpenAI's third generation can return fewer dimensions than it has; the first carry the most
# meaning. Other models have a fixed number.
DIMENSIONS: Final = 512
MAX_DIMENSIONS: Final = 50_000
"""The maximum dimensions of a vector. Known models have at most some ten thousand."""
_SHORTENABLE_MODELS: Final = "text-embedding-3-"
MIN_CUT_CHARS: Final = 200
"""A refused text is not cut to fewer characters: it is hardly refused for its length."""


def is_offered(profile: ProviderProfile) -> bool:
    """Return True if the provider may offer embeddings; CometAPI does not."""
    return profile.kind is not ProviderKind.COMETAPI


def body(model: str, texts: Sequence[str], refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the request as JSON-ready values, without refused settings."""
    fields: dict[str, Any] = {"model": model, "input": list(texts), "encoding_format": "float"}
    if model.startswith(_SHORTENABLE_MODELS):
        fields["dimensions"] = DIMENSIONS
    return {name: value for name, value in fields.items() if _refusal_name(name) not in refused}


class EmbeddingRequests:
    """Requests for vectors to one server, adapted to its refusals.

    Attributes:
        refused: the settings that the server refuses for the model, spelled as learned refusals.
            Requests add to it.
    """

    def __init__(
        self, transport: Transport, provider: str, model: str, refused: frozenset[str]
    ) -> None:
        self._transport = transport
        self._provider = provider
        self._model = model
        self.refused = refused

    async def embed(self, texts: Sequence[str]) -> tuple[list[Vector], int | None]:
        """Return the vectors of texts, in order, and the billed tokens (None if unknown).

        Texts that are too many or too long together are sent in halves, and a single text that is
        too long is cut. A request is repeated only if nothing can have been billed.

        Raises:
            ProviderError: its `billed_tokens` are those of the parts that succeeded.
        """
        try:
            return await self._request(texts)
        except errors.ProviderError as error:
            if not isinstance(error, errors.ContextTooLongError | errors.RequestTooLargeError):
                raise
            if len(texts) == 1:
                text = texts[0]
                if len(text) < 2 * MIN_CUT_CHARS:
                    raise
                # The vector of the first half stands for the text.
                return await self.embed([text[: len(text) // 2]])
        middle = len(texts) // 2
        first, first_billed = await self.embed(texts[:middle])
        try:
            second, second_billed = await self.embed(texts[middle:])
        except errors.ProviderError as error:
            error.billed_tokens = _sum_counts(first_billed, error.billed_tokens)
            raise
        _require_equal_sizes([*first, *second], self._provider)
        return [*first, *second], _sum_counts(first_billed, second_billed)

    async def _request(self, texts: Sequence[str]) -> tuple[list[Vector], int | None]:
        """Request the vectors once, and again without each setting that the server refuses."""
        fields = body(self._model, texts, self.refused)

        async def attempt() -> tuple[list[Vector], int | None]:
            async with self._transport.post(PATH, fields) as reply:
                return await reply.json(
                    lambda value: vectors_from(value, len(texts), self._provider)
                )

        try:
            return await repeat(attempt)
        except errors.RefusedParameterError as error:
            if error.param not in fields:
                raise
            self.refused |= {_refusal_name(error.param)}
            return await self._request(texts)


def _refusal_name(name: str) -> str:
    """Return the name that a refusal is stored by: answers may have a setting of the same name."""
    return f"embeddings.{name}"


def _sum_counts(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def vectors_from(reply: object, expected: int, provider: str) -> tuple[list[Vector], int | None]:
    """Return the vectors in the reply and the billed tokens (None if unknown).

    Raises:
        UnexpectedReplyError: the reply does not have one vector of the same length for each text.
    """
    vector_by_index: dict[int, Vector] = {}
    rows = json_fields.rows(reply, "data")
    indexes = {json_fields.count(row, "index") for row in rows}
    # Some servers number every vector 0: then the order counts.
    is_numbered = len(indexes) == len(rows)
    for position, row in enumerate(rows):
        index = row.get("index")
        if not is_numbered or not isinstance(index, int):
            index = position
        values = row.get("embedding")
        if not isinstance(values, list) or len(values) > MAX_DIMENSIONS:
            continue  # the missing vector is reported below
        with suppress(ValueError, TypeError, OverflowError):
            vector_by_index[index] = Vector.from_values([float(value) for value in values])
    vectors = [vector_by_index[index] for index in range(expected) if index in vector_by_index]
    _require_equal_sizes(
        vectors if len(vectors) == len(vector_by_index) == expected else [], provider
    )
    usage = json_fields.mapping(reply, "usage")
    # An embedding has no output, so the total is the input. 0 stands for "unknown" at some servers.
    billed = tokens(usage, "prompt_tokens") or tokens(usage, "total_tokens") or None
    return vectors, billed


def _require_equal_sizes(vectors: Sequence[Vector], provider: str) -> None:
    """Raise UnexpectedReplyError unless there are vectors, all of the same length."""
    if len({len(vector.numbers) for vector in vectors}) != 1:
        raise errors.UnexpectedReplyError(
            N_("{provider} didn’t return embeddings."),
            hint=hints.CHOOSE_PROVIDER,
            provider=provider,
        )
