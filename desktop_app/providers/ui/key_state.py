"""The place where a provider's key is stored, for the settings; never the key itself."""

from __future__ import annotations

from typing import Literal, NamedTuple

KeyPlace = Literal["keyring", "session", "environment", "none", "unknown", "elsewhere"]


class KeyState(NamedTuple):
    """The place where a profile's key or a proxy's password is stored.

    `place` is "unknown" until the keyring has been asked, which may open a dialog. `place` is
    "elsewhere" if the stored secret belongs to another address than the current one. `host` is
    the host of the current address; "" if it is unknown.
    """

    place: KeyPlace
    host: str = ""
