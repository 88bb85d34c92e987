"""Asks for the passwords of protected documents, one document at a time.

Passwords go to the process that reads documents. They stay in memory until the program ends, so
that pages sent as images can be rendered again. They are never logged, stored or exported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import DocumentEncryptedError, UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.widgets.cards.notifications import NOT_SENT, Actions

T = TypeVar("T")
Attempt = Callable[[str], Awaitable[T]]


class DocumentPasswords:
    """Passwords that the user enters in dialogs over a window."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._dialog_lock = asyncio.Lock()
        self._known_passwords: list[str] = []  # each has opened a document since the start

    async def open_with_password(self, attempt: Attempt[T]) -> T:
        """Call `attempt` with passwords until one opens the document; return its result.

        "" is tried first, then passwords of other documents, then passwords from the user.

        Raises:
            DocumentEncryptedError: no password would open it, or the user enters none.
            UserFacingError: other errors of `attempt`.
        """
        try:
            return await attempt("")
        except DocumentEncryptedError as error:
            if not error.takes_password:
                raise
            first_error = refusal = error
        async with self._dialog_lock:
            for known_password in self._known_passwords:
                with suppress(DocumentEncryptedError):
                    return await attempt(known_password)
            was_wrong = False
            while password := await self._ask(refusal.what_happened, was_wrong=was_wrong):
                try:
                    result = await attempt(password)
                except DocumentEncryptedError as error:
                    refusal, was_wrong = error, True
                else:
                    self._known_passwords.insert(0, password)
                    return result
            raise first_error

    async def _ask(self, reason: str, *, was_wrong: bool) -> str | None:
        # Not needed at the start.
        from desktop_app.documents.ui.password_dialog import PasswordDialog

        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        dialog = PasswordDialog(reason, self._window, was_wrong=was_wrong)

        def on_answered(password: str | None) -> None:
            if not answer.done():
                answer.set_result(password)

        dialog.answered.connect(on_answered)
        dialog.open()
        dialog.field.setFocus()
        try:
            return await answer
        except asyncio.CancelledError:
            dialog.reject()
            raise


class DocumentUnlocker(Controller):
    """The offer to enter a document's password if its pages must be rendered again to be sent."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._attachment_store = session.backend.attachments
        self._documents = session.backend.documents

    def remedies_for(self, error: UserFacingError) -> Actions:
        """Return the offer to enter the password if a document's pages need it; else ()."""
        if not isinstance(error, DocumentEncryptedError) or not error.sha256:
            return ()
        return [(tr("Enter password…"), lambda: self._tasks.start(self._unlock(error.sha256)))]

    async def _unlock(self, sha256: str) -> None:
        sent_parts = [part for message in self._current.path for part in message.attachments]
        parts = (*self._draft.value.attachments, *sent_parts)
        documents = (p for p in parts if isinstance(p, DocumentPart) and p.sha256 == sha256)
        part = next(documents, None)
        if part is None:
            return
        original = await self._attachment_store.bytes(sha256)

        async def attempt(password: str) -> None:
            # A rendered page proves that the password is right; a small image is enough.
            number = part.pictured[0].number if part.pictured else 1
            pages = [(number, (8, 8))]
            await self._documents.render_pages(part.name, original, pages, password=password)
            self._documents.remember_password(sha256, password)

        await self._session.readings.passwords.open_with_password(attempt)
        self._notifications.dismiss_topic(NOT_SENT)
        self._notifications.notify(
            tr("“{name}” is unlocked until you quit. Send again.", name=part.name), topic=NOT_SENT
        )
