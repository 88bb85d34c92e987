"""The place where a provider's key is stored, for the settings; never the key itself."""

from __future__ import annotations

from typing import Literal, NamedTuple

KeyPlace = Literal["keyring", "session", "environment", "none", "unknown", "elsewhere"]


class KeyState(NamedTuple):
    """The place where a profile's key or a proxy's password is stored.

    `place` is "unknown" until the keyring has been asked, which may open a dialog. It is
    "elsewhere" if the stored key belongs to another address than the current one, whose host is
    `host`.
    """

    place: KeyPlace
    host: str = ""
