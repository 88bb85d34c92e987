"""A key or password, and the only origin that may receive it."""

from __future__ import annotations

from base64 import b64encode
from typing import Literal

from desktop_app.domain.value import PrivateValue

Scheme = Literal["Bearer", "Basic"]


class Secret(PrivateValue, frozen=True):
    """A key or password that may be sent to a single origin.

    Attributes:
        value: the key; for Basic, "user:password".
        origin: as `domain.network.origin.origin` returns it.
        scheme: of HTTP authentication: Bearer for an API key, Basic for a user and a password.
    """

    value: str
    origin: str
    scheme: Scheme = "Bearer"

    @property
    def authorization(self) -> str:
        """Return the value of the Authorization header."""
        if self.scheme == "Basic":
            return f"Basic {b64encode(self.value.encode()).decode('ascii')}"
        return f"Bearer {self.value}"
