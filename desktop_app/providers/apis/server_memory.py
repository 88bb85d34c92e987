"""Facts learned about a server from earlier requests, which outlive the client.

Start-up imports this module, so it imports nothing that compiles patterns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.models.model_catalog import Api
    from desktop_app.domain.models.server_kind import ServerKind


@dataclass(frozen=True)
class ServerMemory:
    """The known facts of a server. Its methods do nothing here; `StoredMemory` overrides them.

    Attributes:
        api: the API that a compatible server was found to speak; None if unknown.
        refusals: the parameters that the server refused, by model, spelled as in
            negotiation.py.
        kind: the kind of server that its list of models showed; None if unknown.
    """

    api: Api | None = None
    refusals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kind: ServerKind | None = None

    def remember_api(self, api: Api) -> None:
        """Store the API, now that it is known."""

    def remember_refusals(self, model: str, refused: frozenset[str]) -> None:
        """Store all known refusals of a model after a new refusal."""

    def remember_kind(self, kind: ServerKind) -> None:
        """Store the kind of server, now that it is known."""

    def remember_window(self, model: str, window: int) -> None:
        """Store the context window of a model that a refusal named, in tokens."""
