"""A keyring that accepts everything and stores nothing, like a wallet with a broken file."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    """Counts as the operating system's keyring, because of the name of its module."""

    __module__ = "keyring.backends.kwallet"
    priority = 5
    given: list[str] = []  # noqa: RUF012 - for the test to look at

    def set_password(self, service: str, username: str, password: str) -> None:
        self.given.append(password)

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def delete_password(self, service: str, username: str) -> None:
        pass
