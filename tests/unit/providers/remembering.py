"""A keyring that works, in memory."""

from __future__ import annotations

import threading

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

ENTRIES: dict[tuple[str, str], str] = {}
"""The texts by service and name; tests clear them."""
FAULTS: set[str] = set()
"""The fault: "locked", "unreadable", "undeletable", "canceled", "slow", "slow to read", "absent",
or "busy bus" for one connection."""
ASKED, ANSWERED = threading.Event(), threading.Event()
"""A slow keyring is asked, and answers once it may."""


class Keyring(KeyringBackend):
    """Counts as the operating system's keyring, because of the name of its module."""

    __module__ = "keyring.backends.kwallet"
    priority = 5

    def set_password(self, service: str, username: str, password: str) -> None:
        if "locked" in FAULTS:
            raise KeyringLocked("closed")
        if "absent" in FAULTS:
            raise RuntimeError("The Secret Service daemon is not running")
        if "busy bus" in FAULTS:
            FAULTS.remove("busy bus")
            raise TimeoutError("Did not authenticate in 1.0 seconds")
        if "slow" in FAULTS:
            FAULTS.remove("slow")
            ASKED.set()
            ANSWERED.wait(60)
        ENTRIES[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if FAULTS & {"locked", "unreadable"}:
            raise KeyringLocked("closed")
        text = ENTRIES.get((service, username))
        if "slow to read" in FAULTS:
            FAULTS.remove("slow to read")
            ASKED.set()
            ANSWERED.wait(60)
        return text

    def delete_password(self, service: str, username: str) -> None:
        if "undeletable" in FAULTS:
            return
        if "canceled" in FAULTS:
            raise PasswordDeleteError("Cancelled by user")
        try:
            del ENTRIES[service, username]
        except KeyError:
            raise PasswordDeleteError("not found") from None
