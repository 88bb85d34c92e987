"""A server's memory that records what a client learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.apis.server_memory import ServerMemory


@dataclass(frozen=True)
class RecordingMemory(ServerMemory):
    """Appends to `learned` each API, and each model with its refusals; to `windows` each window."""

    learned: list[Any] = field(default_factory=list)
    windows: list[tuple[str, int]] = field(default_factory=list)

    def remember_api(self, api: Api) -> None:
        self.learned.append(api)

    def remember_refusals(self, model: str, refused: frozenset[str]) -> None:
        self.learned.append((model, refused))

    def remember_window(self, model: str, window: int) -> None:
        self.windows.append((model, window))
