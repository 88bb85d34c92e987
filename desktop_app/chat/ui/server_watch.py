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
        self._watched_id = ""
        self._wait_ms = FIRST_WAIT_MS
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timer)
        self._current.opened.connect(self._restart_watch)
        self._current.path_changed.connect(self._on_path_changed)
        self._providers.changed.connect(self._restart_watch)

    def check_soon(self) -> None:
        """Try again soon: the computer has woken up, and the network is coming back."""
        self._wait_ms = FIRST_WAIT_MS
        if self._timer.isActive():
            self._timer.start(FIRST_WAIT_MS)

    def _restart_watch(self) -> None:
        self._watched_id = ""
        self._on_path_changed()

    def _on_path_changed(self) -> None:
        message = self._failed_answer()
        if message is None:
            self._watched_id = ""
            self._timer.stop()
        elif message.id != self._watched_id:
            self._watched_id = message.id
            self._wait_ms = FIRST_WAIT_MS
            self._timer.start(FIRST_WAIT_MS)

    def _failed_answer(self) -> Message | None:
        """Return the last message if its server could not be reached and can be tried."""
        message = self._current.path[-1] if self._current.path else None
        if message is None or message.error is None or message.error.code != UnreachableError.code:
            return None
        return message if self._server_address(message) else None

    def _server_address(self, message: Message) -> tuple[str, int] | None:
        """Return host and port of an answer's provider; None if unknown or on a public network.

        The profile supplies them, because the message may be from somebody else's backup.
        """
        profile = self._providers.get(message.choice.provider_id) if message.choice else None
        url = split_url(profile.base_url if profile else "")
        if not url.hostname or not is_private(url.hostname):
            return None
        return url.hostname, url.port or (443 if url.scheme == "https" else 80)

    def _on_timer(self) -> None:
        message = self._failed_answer()
        address = self._server_address(message) if message else None
        if message is None or address is None:
            return
        if self._window.isVisible() and not self._window.isMinimized():
            self._tasks.start(self._try_connection(message, address))
        else:  # nobody would see it
            self._timer.start(self._wait_ms)

    async def _try_connection(self, message: Message, address: tuple[str, int]) -> None:
        has_recovered = await _accepts_connections(*address)
        if message.id != self._watched_id:
            return
        if has_recovered:
            self._show_recovery(message, address)
        else:
            self._wait_ms = min(self._wait_ms * 2, MAX_WAIT_MS)
            self._timer.start(self._wait_ms)

    def _show_recovery(self, message: Message, address: tuple[str, int]) -> None:
        """Show at the answer, and tell screen readers, that the server is back."""
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        error = message.error or ErrorNote("")
        note = ErrorNote(
            N_("The server at {host} is back."),
            hint=N_("Select Retry to send the message again."),
            details=error.details,
            code=error.code,
            params={"host": f"{host}:{address[1]}"},
        )
        self._messages.show(replace(message, error=note))
        self._notifications.announce(note.sentences)


async def _accepts_connections(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):  # the server may have closed it first
        await writer.wait_closed()
    return True
