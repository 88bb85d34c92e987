"""Where a provider's key lies, as the settings are told; never the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["keyring", "session", "environment", "none", "unknown", "elsewhere"]


@dataclass(frozen=True)
class KeyState:
    """Where a profile's key lies, and one sentence more where there is something to say.

    `place` is "unknown" while the keyring has not been asked (asking may open a dialog), and
    "elsewhere" if the key that is there belongs to another address.
    """

    place: Place
    note: str = ""
