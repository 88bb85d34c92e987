"""Access to the operating system's keyring; the only importer of the `keyring` library.

Everything here blocks, sometimes until the user has answered a dialog: `vault.py` calls it in
threads. The library is imported on first use: it takes 40 ms and 15 MB, and start-up needs no key.
Its search for a back end is avoided: it takes another 90 ms and starts gcc and ldconfig.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import CredentialError
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_KEY_WITHOUT_KEYRING: Final = N_(
    "Use the key for this session only, or set an environment variable."
)


T = TypeVar("T")

# The keyrings of operating systems. Other back ends may store keys in plain files, or store nothing
# (null, fail).
_TRUSTED: Final = frozenset(
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "Windows")
)

# Errors of keyring and secretstorage, by name, so that neither is imported here.
_LOCKED: Final = frozenset({"KeyringLocked", "LockedException", "PromptDismissedException"})
_ABSENT: Final = "SecretServiceNotAvailableException"

# The D-Bus library of keyring waits one second for the bus to answer a new connection, which is too
# short on a busy machine or after sleep.
_CONNECTIONS: Final = 60


class KeyringAbsentError(CredentialError):
    """The bus or the keyring's daemon is not there, so no dialog was shown."""


class Keyring:
    """The keys of one service in the keyring. All methods block and raise CredentialError."""

    def __init__(self, service: str) -> None:
        self._service = service

    def read(self, name: str) -> str | None:
        """Return the text stored under a name, or None."""
        return _run_on_backend(lambda backend: backend.get_password(self._service, name))

    def write(self, name: str, text: str) -> None:
        """Store a text under a name, replacing the previous one."""
        _run_on_backend(lambda backend: backend.set_password(self._service, name, text))

    def delete(self, name: str) -> None:
        """Remove the text stored under a name, if there is one."""

        def job(backend: KeyringBackend) -> None:
            from keyring.errors import PasswordDeleteError

            try:
                backend.delete_password(self._service, name)
            except PasswordDeleteError:  # there is none, or the user canceled KWallet's dialog
                if backend.get_password(self._service, name) is not None:
                    raise

        _run_on_backend(job)

    def probe(self) -> str:
        """Write, read and delete a test entry: some keyrings accept entries but store nothing.

        Return the name of the keyring.
        """
        name = f"probe-{new_id()}"
        token = new_id()
        self.write(name, token)
        try:
            stored = self.read(name)
        finally:
            self.delete(name)
        if stored != token or self.read(name) is not None:
            raise CredentialError(N_("The keyring isn’t saving keys."), hint=_KEY_WITHOUT_KEYRING)
        return _run_on_backend(lambda backend: str(backend.name))


def _run_on_backend(job: Callable[[KeyringBackend], T]) -> T:
    for _ in range(_CONNECTIONS):
        try:
            return job(_backend())
        except (TimeoutError, BlockingIOError) as exc:  # only a connection has a limit of time
            failure = _credential_error(exc)
        except _backend_errors() as exc:
            failure = _credential_error(exc)
            break
    # Raised outside the handler, so that the error does not refer to `exc`, whose frames contain
    # the key.
    raise failure


def _backend() -> KeyringBackend:
    """Return the keyring of the library's own configuration, else the Secret Service.

    Raises:
        CredentialError: it is not one of the trusted keyrings.
    """
    from keyring import core

    usual = "keyring.backends.SecretService.Keyring"
    if sys.platform == "win32":
        usual = "keyring.backends.Windows.WinVaultKeyring"
    backend = core.load_env() or core.load_config() or core.load_keyring(usual)
    if type(backend).__module__ not in _TRUSTED:
        raise CredentialError(
            N_("{module} isn’t the operating system’s keyring."),
            hint=_KEY_WITHOUT_KEYRING,
            module=type(backend).__module__,
        )
    return backend


def _backend_errors() -> tuple[type[BaseException], ...]:
    """Return the exceptions of a back end that is absent, locked or failing.

    Besides its own errors, keyring passes on errors of D-Bus and its back ends. They are
    RuntimeError for a missing service, and EOFError if the bus ends. A configured back end that
    does not exist causes LookupError, ImportError or ValueError.
    """
    from keyring.errors import KeyringError

    if sys.platform == "win32":
        from win32ctypes.pywin32 import pywintypes

        return KeyringError, pywintypes.error, RuntimeError, OSError, ImportError, ValueError
    from secretstorage.exceptions import SecretStorageException

    # Errors of its D-Bus library that secretstorage passes on.
    from secretstorage.util import DBusErrorResponse  # type: ignore[attr-defined]

    return (
        *(KeyringError, SecretStorageException, DBusErrorResponse),
        *(RuntimeError, OSError, ImportError, AttributeError, LookupError, ValueError, EOFError),
    )


def _credential_error(exc: BaseException) -> CredentialError:
    name = type(exc).__name__
    # A ValueError may quote the text that was being written.
    details = name if isinstance(exc, ValueError) else f"{name}: {exc}"
    if name in _LOCKED:
        return CredentialError(
            N_("The keyring is locked."),
            hint=N_("Unlock it and try again, or enter the key for this session."),
            details=details,
        )
    kind = KeyringAbsentError if _is_absent(exc) else CredentialError
    return kind(N_("No keyring is available."), hint=_KEY_WITHOUT_KEYRING, details=details)


def _is_absent(exc: BaseException | None) -> bool:
    while exc is not None:
        if type(exc).__name__ == _ABSENT or isinstance(exc, OSError | RuntimeError):
            return True
        exc = exc.__context__
    return False
