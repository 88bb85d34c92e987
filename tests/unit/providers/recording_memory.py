"""A server's memory that records what a client learned."""

from __future__ import annotations

from typing import Any

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.server_memory import ServerMemory


class RecordingMemory(ServerMemory):
    """Appends to `learned` each API, and each model with its refusals; to `windows` each window.

    Args:
        api: the API that is known from the beginning.
    """

    def __init__(
        self, profile: ProviderProfile, api: Api | None = None, *, learned: list[Any] | None = None
    ) -> None:
        known = {f"learnt.api.{profile.id}.{profile.base_url}": api}
        super().__init__(profile, known, self._record)
        self.learned: list[Any] = [] if learned is None else learned
        self.windows: list[tuple[str, object]] = []

    def _record(self, key: str, value: Any) -> None:
        fact = key.split(".")[1]
        model = key.rpartition(" ")[2]
        if fact == "api":
            self.learned.append(Api(value))
        elif fact == "refusals":
            self.learned.append((model, frozenset(value["refused"])))
        elif fact == "window":
            self.windows.append((model, value))
