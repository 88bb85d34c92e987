"""Where the API keys are: the keyring where there is one that works, else this session's memory.

The keyring is not asked before a key is needed, since asking may raise the dialog that unlocks it:
whether a profile has a key there is remembered in the store (`KeyNotes`). Before a key is given to
it, the keyring must show that it keeps what it is given.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from desktop_app.credentials.keyring_access import Keyring
from desktop_app.domain.errors import CredentialError

T = TypeVar("T")

# A dialog to unlock the keyring may be open, and a person look for the password.
PROMPT_TIMEOUT_S: Final = 60.0


class KeyPlace(StrEnum):
    """Where the key of a profile is."""

    KEYRING = "keyring"
    SESSION = "session"
    ENVIRONMENT = "environment"
    NONE = "none"


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found.

    Attributes:
        backend: which keyring it was; "" where there is none.
        why: a sentence where it does not work, "" where it does.
    """

    works: bool
    backend: str
    why: str


class KeyNotes(Protocol):
    """Remembers which profiles have a key in the keyring; never a key."""

    async def is_key_stored(self, profile_id: str) -> bool:
        """Whether it was noted."""

    async def note_key_stored(self, profile_id: str, stored: bool) -> None:
        """Note it, or that it is so no more."""


@dataclass(frozen=True)
class _SessionKey:
    key: str = field(repr=False)
    place: KeyPlace


class KeyVault:
    """The keys of all profiles.

    Attributes:
        last_probe: what the newest probe found; None before the first.
    """

    def __init__(
        self, service: str, notes: KeyNotes, *, prompt_timeout_s: float = PROMPT_TIMEOUT_S
    ) -> None:
        self._keyring = Keyring(service)
        self._notes = notes
        self._prompt_timeout_s = prompt_timeout_s
        self._session: dict[str, _SessionKey] = {}
        self.last_probe: ProbeResult | None = None

    async def get(self, profile_id: str) -> str | None:
        """The key, this session's first; None where there is none.

        Raises:
            CredentialError: it is in the keyring, which is locked, gone or does not answer.
            StorageError: the notes cannot be read.
        """
        if held := self._session.get(profile_id):
            return held.key
        if not await self._notes.is_key_stored(profile_id):
            return None
        key = await _call(lambda: self._keyring.read(profile_id), self._prompt_timeout_s)
        if key is None:  # removed by other hands
            await self._notes.note_key_stored(profile_id, False)
        return key

    async def set(self, profile_id: str, key: str) -> KeyPlace:
        """Keep a key in the keyring, after a probe; where that does not work, for this session
        (`last_probe` says why). Returns where it is now."""
        given_up = threading.Event()

        def store() -> str:
            self._keyring.probe()
            if not given_up.is_set():  # nobody waits any more: it is a session key by now
                self._keyring.write(profile_id, key)
            return self._keyring.backend_name()

        try:
            backend = await _call(store, self._prompt_timeout_s)
        except CredentialError as exc:
            given_up.set()
            self.last_probe = ProbeResult(False, "", exc.what_happened)
            self.use_for_session(profile_id, key, KeyPlace.SESSION)
            return KeyPlace.SESSION
        except asyncio.CancelledError:
            given_up.set()
            raise
        self.last_probe = ProbeResult(True, backend, "")
        await self._notes.note_key_stored(profile_id, True)
        self._session.pop(profile_id, None)
        return KeyPlace.KEYRING

    async def remove(self, profile_id: str) -> None:
        """Forget the key, here and in the keyring.

        Raises:
            CredentialError: the keyring is locked, gone or does not answer; the key is still in it.
        """
        self._session.pop(profile_id, None)
        if await self._notes.is_key_stored(profile_id):
            await _call(lambda: self._keyring.delete(profile_id), self._prompt_timeout_s)
            await self._notes.note_key_stored(profile_id, False)

    async def place(self, profile_id: str) -> KeyPlace:
        """Where the key is, without asking the keyring."""
        if held := self._session.get(profile_id):
            return held.place
        stored = await self._notes.is_key_stored(profile_id)
        return KeyPlace.KEYRING if stored else KeyPlace.NONE

    async def probe(self, timeout_s: float = 10) -> ProbeResult:
        """Try the keyring with an entry of no meaning. May raise the dialog that unlocks it."""

        def job() -> str:
            self._keyring.probe()
            return self._keyring.backend_name()

        try:
            self.last_probe = ProbeResult(True, await _call(job, timeout_s), "")
        except CredentialError as exc:
            self.last_probe = ProbeResult(False, "", exc.what_happened)
        return self.last_probe

    def use_for_session(self, profile_id: str, key: str, place: KeyPlace) -> None:
        """Hold a key in memory; `place` says where it came from (SESSION or ENVIRONMENT)."""
        self._session[profile_id] = _SessionKey(key, place)


async def _call(job: Callable[[], T], timeout_s: float) -> T:
    """Run `job` on a thread that may be left behind: one that waits for a dialog cannot be
    stopped, and must hold up neither the program's end (so no executor) nor the next call."""
    future: Future[T] = Future()

    def run() -> None:
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except BaseException as exc:  # noqa: BLE001 - the caller gets it, as of an executor
                future.set_exception(exc)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
    except TimeoutError:
        raise CredentialError(
            "The keyring did not answer in time. It may be locked.",
            what_to_do="Unlock it and try again, or enter the key for this session.",
            details=f"no answer for {timeout_s:g} s",
        ) from None
