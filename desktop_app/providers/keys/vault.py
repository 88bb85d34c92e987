"""API keys and passwords: in the keyring if one works, otherwise in this session's memory.

Each secret belongs to one origin, which the keyring stores together with it: nothing outside the
keyring can make the program send it elsewhere. A caller names the origin that it needs a secret
for, and gets nothing if the secret belongs to another origin.

Reading the keyring can open the dialog that unlocks it, so nothing is read before it is needed. The
database records which secrets are in the keyring and for which origins (`SettingsStore`). These
records are a hint for the window; the keyring's entries decide.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

import msgspec

from desktop_app.daemon_thread import run_in_daemon_thread
from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.network.origin import Scheme, Secret
from desktop_app.i18n.translation import N_
from desktop_app.providers.keys.keyring_access import Keyring, KeyringAbsentError
from desktop_app.settings.settings_store import SettingsStore

T = TypeVar("T")

# The user may have to look up the password for the unlock dialog.
PROMPT_TIMEOUT_S: Final = 60.0
# Recorded after a restore in place of an origin that only the keyring's entry tells.
UNKNOWN_ORIGIN: Final = ""


class KeyPlace(StrEnum):
    """The place of the secret for an origin."""

    KEYRING = "keyring"
    SESSION = "session"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"
    """It may be in the keyring, whose entry has not been read yet."""
    ELSEWHERE = "elsewhere"
    """A secret exists, but it belongs to another origin."""
    NONE = "none"

    @property
    def is_usable(self) -> bool:
        """Return True if a request may find a secret there."""
        return self not in (KeyPlace.NONE, KeyPlace.ELSEWHERE)


class ProbeResult(NamedTuple):
    """The result of a probe.

    Attributes:
        backend: the name of the keyring; "" if it does not work.
        why: a sentence that says why it does not work; "" if it does.
        may_return: True if it is absent, and a later probe may find it.
    """

    works: bool
    backend: str
    why: str
    may_return: bool = False


class _SessionSecret(NamedTuple):
    """A secret that is only in this process's memory, and its source.

    Attributes:
        waits: True if it is stored as soon as the keyring is there.
    """

    secret: Secret
    place: KeyPlace
    waits: bool = False


class KeyVault:
    """The secrets of all profiles and tool servers, by name: keys, passwords, tokens.

    Args:
        service: the service name of the secrets in the keyring.

    Attributes:
        last_probe: the result of the latest probe, None before the first.
        on_wait: called when a secret begins to wait for an absent keyring; see `store_waiting`.
    """

    def __init__(
        self, service: str, origins: SettingsStore, *, prompt_timeout_s: float = PROMPT_TIMEOUT_S
    ) -> None:
        self._keyring = Keyring(service)
        self._origins = origins
        self._prompt_timeout_s = prompt_timeout_s
        self._session: dict[str, _SessionSecret] = {}
        # The secret of each name that is being stored; a thread with another one writes nothing.
        self._wanted: dict[str, Secret] = {}
        # Counts the entries stored and removed: a reader thus notices a change while it waits.
        self._changes = 0
        self._write_lock = threading.Lock()  # so that an old key never replaces a newer one
        self.last_probe: ProbeResult | None = None
        self.on_wait: Callable[[], None] = lambda: None

    async def get(self, name: str, origin: str) -> Secret | None:
        """Return the secret of this name for `origin`: this session's, else the keyring's.

        Return None if there is none, or if it belongs to another origin.

        Raises:
            CredentialError: it is in the keyring, which is locked, gone or does not answer.
            StorageError: the origins cannot be read or changed.
        """
        if not origin:
            return None
        in_session = self._session.get(name)
        if in_session is not None and in_session.secret.origin == origin:
            return in_session.secret
        changes = self._changes
        recorded_origin = await self._origins.key_origin(name)
        # Reading may open a dialog, so an entry of another origin is not read.
        if recorded_origin not in (origin, UNKNOWN_ORIGIN):
            return None
        text = await _run_in_thread(lambda: self._keyring.read(name), self._prompt_timeout_s)
        # None if another program removed or wrote the entry.
        stored = None if text is None else secret_in_entry(text)
        stored_origin = None if stored is None else stored.origin
        # If an entry was changed meanwhile, its newer record must stay.
        if stored_origin != recorded_origin and self._changes == changes:
            await self._origins.record_key_origin(name, stored_origin)
        return stored if stored_origin == origin else None

    async def set(self, name: str, secret: Secret) -> KeyPlace:
        """Probe the keyring, then store a secret in it, replacing the previous one.

        If the keyring does not work, the secret is kept in memory for this session, and
        `last_probe` says why. Return the place of the secret.

        Raises:
            CredentialError: the secret belongs to no origin.
            StorageError: the origin cannot be recorded; the secret is in memory, too.
        """
        if not secret.origin:
            raise CredentialError(
                N_("The API key wasn’t saved because the provider has no valid base URL."),
                hint=N_("Enter the base URL, then the key."),
            )
        if await self._store(name, secret):
            return KeyPlace.KEYRING
        waits = self.last_probe is not None and self.last_probe.may_return
        self._session[name] = _SessionSecret(secret, KeyPlace.SESSION, waits)
        if waits:
            self.on_wait()
        return KeyPlace.SESSION

    @property
    def is_waiting(self) -> bool:
        """Return True if a secret in memory waits for the keyring."""
        return any(each.waits for each in self._session.values())

    async def store_waiting(self) -> bool:
        """Store the secrets that wait for an absent keyring; return True if one was stored.

        If it refuses, for example because the user dismisses its dialog, they stay in memory and
        wait no longer.

        Raises:
            StorageError: the origin of one cannot be recorded; it is in memory, too.
        """
        has_stored = False
        for name, kept in list(self._session.items()):
            if not kept.waits or name in self._wanted:  # a newer one is being stored
                continue
            if await self._store(name, kept.secret):
                has_stored = True
            elif self.last_probe is not None and self.last_probe.may_return:
                break
            elif self._session.get(name) is kept:
                self._session[name] = kept._replace(waits=False)
        return has_stored

    async def _store(self, name: str, secret: Secret) -> bool:
        """Probe the keyring, then store a secret in it; return False if it does not work."""

        def store() -> str:
            backend = self._keyring.probe()
            with self._write_lock:
                if self._wanted.get(name) is secret:  # otherwise it was replaced or given up
                    self._keyring.write(name, keyring_entry(secret))
            return backend

        self._wanted[name] = secret
        try:
            if not (await self._run_probe(store, self._prompt_timeout_s)).works:
                return False
            if self._wanted.get(name) is secret:
                self._changes += 1
                # Without the record, the entry is not found: keep the secret in memory until then.
                self.use_for_session(name, secret, KeyPlace.SESSION)
                await self._origins.record_key_origin(name, secret.origin)
                if self._wanted.get(name) is secret:
                    self._session.pop(name, None)
            return True
        finally:
            if self._wanted.get(name) is secret:
                del self._wanted[name]

    async def remove(self, name: str) -> None:
        """Forget the secret of this name, of any origin.

        Raises:
            CredentialError: the keyring is locked, gone or does not answer; nothing is removed.
            StorageError: the origins cannot be read or changed.
        """

        def delete() -> None:
            with self._write_lock:
                self._keyring.delete(name)

        in_session = self._session.pop(name, None)
        is_being_stored = self._wanted.pop(name, None) is not None
        try:
            if is_being_stored or await self._origins.key_origin(name) is not None:
                await _run_in_thread(delete, self._prompt_timeout_s)
                self._changes += 1
                await self._origins.record_key_origin(name, None)
        except (CredentialError, StorageError):
            if in_session is not None:
                self._session.setdefault(name, in_session)  # a newer one may have been set since
            raise

    async def place(self, name: str, origin: str) -> KeyPlace:
        """Return the place of the secret for `origin`, without reading the keyring."""
        in_session = self._session.get(name)
        if in_session is not None and in_session.secret.origin == origin:
            return in_session.place
        recorded_origin = await self._origins.key_origin(name)
        if recorded_origin is None:
            return KeyPlace.NONE if in_session is None else KeyPlace.ELSEWHERE
        if recorded_origin == UNKNOWN_ORIGIN:
            return KeyPlace.UNKNOWN
        return KeyPlace.KEYRING if recorded_origin == origin else KeyPlace.ELSEWHERE

    async def probe(self, timeout_s: float) -> ProbeResult:
        """Try the keyring with a test entry. May open the dialog that unlocks it."""
        return await self._run_probe(self._keyring.probe, timeout_s)

    async def _run_probe(self, job: Callable[[], str], timeout_s: float) -> ProbeResult:
        """Run a job that probes the keyring and returns its name. Record and return the result."""
        try:
            backend = await _run_in_thread(job, timeout_s)
        except CredentialError as exc:
            self.last_probe = ProbeResult(
                works=False,
                backend="",
                why=exc.what_happened,
                may_return=isinstance(exc, KeyringAbsentError),
            )
        else:
            self.last_probe = ProbeResult(works=True, backend=backend, why="")
        return self.last_probe

    def use_for_session(self, name: str, secret: Secret, place: KeyPlace) -> None:
        """Keep a secret in memory; `place` is its source (SESSION or ENVIRONMENT)."""
        self._session[name] = _SessionSecret(secret, place)


async def _run_in_thread(job: Callable[[], T], timeout_s: float) -> T:
    """Run `job` in a thread, which may wait for a dialog without end."""
    try:
        return await run_in_daemon_thread(job, timeout_s, "keyring")
    except TimeoutError:
        raise CredentialError(
            N_("The keyring didn’t respond and may be locked."),
            hint=N_("Unlock it and try again, or enter the key for this session."),
            details=f"no answer for {timeout_s:g} s",
        ) from None


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON that the keyring stores for a secret."""

    origin: str
    key: str
    scheme: Scheme


def keyring_entry(secret: Secret) -> str:
    """Return the text that the keyring stores for a secret: JSON with its origin."""
    entry = _Entry(secret.origin, secret.value, secret.scheme)
    return msgspec.json.encode(entry).decode()


def secret_in_entry(text: str) -> Secret | None:
    """Return the secret in a text from the keyring; None if this program did not write it."""
    try:
        entry = msgspec.json.decode(text, type=_Entry)
    except (ValueError, RecursionError):
        return None
    return Secret(entry.key, entry.origin, entry.scheme)
