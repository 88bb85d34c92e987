"""A server's memory that records what a client learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.apis.server_memory import ServerMemory


@dataclass(frozen=True)
class RecordingMemory(ServerMemory):
    """Appends to `learned` each API, and each model with its refusals; to `counts` each count.

    Attributes:
        least: `is_cut` returns True for a request of fewer tokens.
    """

    learned: list[Any] = field(default_factory=list)
    counts: list[tuple[str, int, int]] = field(default_factory=list)
    least: int = 0

    def remember_api(self, api: Api) -> None:
        self.learned.append(api)

    def remember_refusals(self, model: str, refused: frozenset[str]) -> None:
        self.learned.append((model, refused))

    def remember_count(self, request: ChatRequest, tokens: int, window: int) -> None:
        self.counts.append((request.model, tokens, window))

    async def is_cut(self, request: ChatRequest, tokens: int) -> bool:
        return tokens < self.least
