"""Removal of keys and passwords, which Undo can restore within a minute."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.state.window_state import WindowState
from desktop_app.credentials.vault import KeyPlace
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.network.secret import Secret
from desktop_app.i18n.translation import tr
from desktop_app.ui.window.main_window import MainWindow

UNDO_MS: Final = 60_000


class SecretRemoval(QObject):
    """Removal of secrets from the keyring; they stay in memory while Undo is offered.

    If the program crashes meanwhile, they are lost. Only the notification refers to them.
    """

    def __init__(self, window: MainWindow, state: WindowState) -> None:
        super().__init__(window)
        self._vault = state.backend.vault
        self._notifications = window.notifications
        self._tasks = state.tasks

    async def remove(self, names: Iterable[str]) -> dict[str, Secret]:
        """Remove the secrets of these names. Return those that existed.

        Raises:
            CredentialError: the keyring does not work; no secret was removed.
            StorageError: the store does not work; no secret was removed.
        """
        removed_secrets: dict[str, Secret] = {}
        try:
            for name in names:
                if secret := await self._vault.pop(name):
                    removed_secrets[name] = secret
        except (CredentialError, StorageError):
            await self.restore_secrets(removed_secrets)
            raise
        return removed_secrets

    async def restore_secrets(self, secrets: dict[str, Secret]) -> None:
        """Store removed secrets again.

        Raises:
            StorageError: the store cannot record a secret, which stays in memory for this session.
        """
        failure: StorageError | None = None
        for name, secret in secrets.items():
            try:
                await self._vault.set(name, secret)
            except StorageError as error:
                failure = error
        if failure is not None:
            raise failure

    async def _is_gone(self, name: str, secret: Secret) -> bool:
        """Return False if another secret of this name was entered since."""
        try:
            return await self._vault.place(name, secret.origin) is KeyPlace.NONE
        except StorageError:  # then `restore_secrets` can still keep the removed secret in memory
            return True

    def offer_undo(
        self,
        message: str,
        secrets: dict[str, Secret],
        restore: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Notify of a removal. Undo stores the secrets again, and then runs `restore`.

        A secret that was entered since stays.
        """
        topic = f"removed-{new_id()}"

        async def undo() -> None:
            try:
                missing_names = [
                    name for name in secrets if await self._is_gone(name, secrets[name])
                ]
                await self.restore_secrets({name: secrets[name] for name in missing_names})
            finally:
                await restore()

        self._notifications.notify(
            message, [(tr("Undo"), lambda: self._tasks.start(undo()))], topic=topic, stays=True
        )
        QTimer.singleShot(UNDO_MS, self, partial(self._notifications.dismiss_topic, topic))
