"""Recovery from the last run, and removal of expired trash, unused attachments and old copies.

The removal runs a little after the start, every few hours, and at the end. Deleted text is wiped
from a large search index while nobody uses the window.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer

from desktop_app.app.session import Session
from desktop_app.app.startup.early_window import USES
from desktop_app.domain.activity_log import described
from desktop_app.domain.errors import StorageError
from desktop_app.library.ui.folders_controller import FoldersController
from desktop_app.library.ui.index_activity import IndexActivity
from desktop_app.library.ui.trash import Trash
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.storage.upgrade_copy import remove_expired_copies

log = logging.getLogger(__name__)

# So soon that the user has not removed a document from a draft yet: Undo needs the document's file.
FIRST_CLEANUP_MS: Final = 2000
END_TIMEOUT_S: Final = 2.0
INTERVAL_MS: Final = 6 * 60 * 60 * 1000
IDLE_MS: Final = 60_000


class Housekeeping(QObject):
    """Cleaner of the store at the start, periodically, and at the end."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._window = session.window
        self._tasks = session.tasks
        self._expire = session.of(Trash).expire
        self._erase_deleted = session.of(FoldersController).erase_deleted
        self._renew_index = session.of(IndexActivity).renew
        self._conversations = session.backend.conversations
        self._ledger = session.backend.ledger
        self._attachment_store = session.backend.attachments
        self._database = session.backend.database
        # Repeated, because a window may stay open for weeks.
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._start_cleanup)
        self._uses = 0
        self._has_mended = False
        self._idle_timer = QTimer(self, interval=IDLE_MS)
        self._idle_timer.timeout.connect(lambda: self._tasks.start(self._work_while_idle()))

    async def recover(self) -> None:
        """Mark answers of ended processes as interrupted, and count their costs."""
        try:
            await self._conversations.interrupt_orphans()
            await self._ledger.settle_lost_calls()
        except StorageError as error:  # the next start tries again
            log.warning("%s", described(error))

    def start(self) -> None:
        """Clean up after two seconds, and then every six hours."""
        QTimer.singleShot(FIRST_CLEANUP_MS, self, self._start_cleanup)
        QTimer.singleShot(FIRST_CLEANUP_MS, self, lambda: self._tasks.start(self._renew()))
        self._timer.start()
        self._idle_timer.start()
        if (handle := self._window.windowHandle()) is not None:
            handle.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in USES:
            self._uses += 1
            self._idle_timer.start()
        return False

    def _start_cleanup(self) -> None:
        self._tasks.start(self.clean_up())

    async def _renew(self) -> None:
        try:
            await self._renew_index()
        except StorageError as error:  # the next start continues
            log.warning("%s", described(error))

    async def clean_up(self) -> None:
        """Remove everything that is unused now; failures are retried the next time."""
        await self._expire()
        try:
            await self._erase_deleted()
            await self._attachment_store.remove_unneeded()
            await asyncio.to_thread(remove_expired_copies, self._database.path)
            await wipe_deleted(self._database)
        except StorageError as error:
            log.warning("%s", described(error))

    async def _work_while_idle(self) -> None:
        uses = self._uses

        def is_idle() -> bool:
            return self._uses == uses

        self._idle_timer.stop()
        if self._database.needs_check:  # the last exit was unclean; a gigabyte takes a second
            self._tasks.start(self._database.check())
        try:
            await wipe_deleted(self._database, is_idle)
            if not self._has_mended:
                await self._attachment_store.mend_dates(is_idle)
                self._has_mended = is_idle()
        except StorageError as error:
            log.warning("%s", described(error))
        finally:
            self._idle_timer.start()

    async def clean_up_at_end(self) -> None:
        """Clean up at the program's end, for at most two seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.clean_up(), END_TIMEOUT_S)
