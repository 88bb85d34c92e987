"""Shows errors that no part of the window shows itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.domain import hints
from desktop_app.domain.activity_log import described
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.cards.notifications import Notifications

log = logging.getLogger(__name__)


class ErrorNotifier:
    """Notifies the user of errors and defects.

    Args:
        repair: repairs the store.
        report: shows a report of the problem to save.
    """

    def __init__(
        self, notifications: Notifications, repair: Callable[[], None], report: Callable[[], object]
    ) -> None:
        self._notifications = notifications
        self._repair = repair
        self._report = report

    def show(self, error: UserFacingError) -> None:
        """Notify of an error, with an action if the store can be repaired."""
        if isinstance(error, StorageError):
            log.error("%s", described(error))
        if error.hint == hints.REPAIR_LIBRARY:
            self._notifications.notify(error, [(tr("Repair"), self._repair)])
            return
        topic = STORE_TOPIC if isinstance(error, StorageError) else ""
        self._notifications.notify(error, topic=topic)

    def on_defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log a defect with its traceback, and notify the user."""
        error = context.get("exception")
        log.error("%s", context.get("message", "a defect"), exc_info=error)
        self._notifications.notify(
            UserFacingError(
                N_("Something went wrong, but your conversations are saved."),
                hint=N_("If it happens again, save a report and send it to the developers."),
                details=str(error or context.get("message", "")),
            ),
            [(tr("Save a report…"), self._report)],
        )
