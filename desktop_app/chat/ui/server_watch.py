"""Notices when a server on the user's machine or network is back.

If the last answer on screen failed because its server could not be reached, the server's port is
tried: a connection is opened and closed without a request. Once that succeeds, the error says that
the server is back.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QTimer

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import UnreachableError
from desktop_app.domain.network.network_address import is_private, split_url
from desktop_app.i18n.translation import N_

FIRST_WAIT_MS: Final = 1_000
MAX_WAIT_MS: Final = 15_000  # the wait doubles after each failure up to this
CONNECT_TIMEOUT_S: Final = 1.0


class ServerWatch(Controller):
    """Check of the last answer's server, less and less often, until it accepts a connection."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._messages = session.messages
        self._watched_id = ""
        self._wait_ms = FIRST_WAIT_MS
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tasks.slot(self._try_connection))
        self._current.opened.connect(self._restart_watch)
        self._current.path_changed.connect(self._watch)
        self._providers.changed.connect(self._restart_watch)

    def check_soon(self) -> None:
        """Try again soon: the computer has woken up, and the network is coming back."""
        self._wait_ms = FIRST_WAIT_MS
        if self._timer.isActive():
            self._timer.start(FIRST_WAIT_MS)

    def _restart_watch(self) -> None:
        self._watched_id = ""
        self._watch()

    def _watch(self) -> None:
        """Begin to try the server of the last message, unless that is done already."""
        failed = self._find_failed()
        if failed is None:
            self._watched_id = ""
            self._timer.stop()
        elif failed[0].id != self._watched_id:
            self._watched_id = failed[0].id
            self._wait_ms = FIRST_WAIT_MS
            self._timer.start(FIRST_WAIT_MS)

    def _find_failed(self) -> tuple[Message, str, int] | None:
        """Return the last message with the host and port that it could not reach; None if it did.

        Public networks are not tried. The profile has the address, because the message may be from
        somebody else's backup.
        """
        message = self._current.path[-1] if self._current.path else None
        if message is None or message.error is None or message.error.code != UnreachableError.code:
            return None
        profile = self._providers.get(message.choice.provider_id) if message.choice else None
        url = split_url(profile.base_url if profile else "")
        if not url.hostname or not is_private(url.hostname):
            return None
        return message, url.hostname, url.port or (443 if url.scheme == "https" else 80)

    async def _try_connection(self) -> None:
        """Open a connection; show at the answer, and tell screen readers, if the server is back."""
        failed = self._find_failed()
        if failed is None:
            return
        message, host, port = failed
        if not self._window.isVisible() or self._window.isMinimized():  # nobody would see it
            self._timer.start(self._wait_ms)
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            if message.id == self._watched_id:
                self._wait_ms = min(self._wait_ms * 2, MAX_WAIT_MS)
                self._timer.start(self._wait_ms)
            return
        writer.close()
        with suppress(OSError):  # the server may have closed it first
            await writer.wait_closed()
        if message.id != self._watched_id:
            return
        error = message.error or ErrorNote("")
        note = ErrorNote(
            N_("The server at {host} is back."),
            hint=N_("Select Retry to send the message again."),
            details=error.details,
            code=error.code,
            params={"host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}"},
        )
        self._messages.show(replace(message, error=note))
        self._notifications.announce(note.sentences)
