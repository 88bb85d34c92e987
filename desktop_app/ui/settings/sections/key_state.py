"""The storage place of a provider's key, as the settings show it; never the key itself."""

from __future__ import annotations

from typing import Literal, NamedTuple

KeyPlace = Literal["keyring", "session", "environment", "none", "unknown", "elsewhere"]


class KeyState(NamedTuple):
    """The place where a profile's key is stored.

    `place` is "unknown" while the keyring has not been asked (asking may open a dialog), and
    "elsewhere" if the stored key belongs to another address than that of `host`.
    """

    place: KeyPlace
    host: str = ""
