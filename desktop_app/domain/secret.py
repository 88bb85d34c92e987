"""A key or password together with the one origin that may receive it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Literal

Scheme = Literal["Bearer", "Basic"]


@dataclass(frozen=True)
class Secret:
    """A key or password that belongs to one origin.

    Attributes:
        value: the key; for Basic, "user:password".
        origin: as `domain.origin.origin` spells it.
        scheme: how HTTP is told: an API key, or the user and password of an address.
    """

    value: str = field(repr=False)
    origin: str
    scheme: Scheme = "Bearer"

    @property
    def authorization(self) -> str:
        """The value of the header that carries it."""
        if self.scheme == "Basic":
            return f"Basic {b64encode(self.value.encode()).decode('ascii')}"
        return f"Bearer {self.value}"
