"""The change of the language, for which the window and some dialogs are built again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop_app.app.session import Session
from desktop_app.i18n.translation import tr

LANGUAGE_RETRY_MS = 300


class LanguageChange(QObject):
    """The wait until the window can be built again without loss of work or text.

    Args:
        rebuild: ends the window, to be built again.
    """

    def __init__(self, session: Session, rebuild: Callable[[], None]) -> None:
        super().__init__(session.window)
        self._session = session
        self._rebuild = rebuild
        # Checked repeatedly, because no signal tells that the last dialog has closed.
        self._retry_timer = QTimer(self, interval=LANGUAGE_RETRY_MS)
        self._retry_timer.timeout.connect(self._try_rebuild)

    def begin(self) -> None:
        """Rebuild the window as soon as possible; notify of an obstacle."""
        self._retry_timer.start()
        obstacle = self._try_rebuild()
        if obstacle:
            self._session.window.notifications.notify(obstacle)

    def _try_rebuild(self) -> str:
        """Rebuild the window and return "", or return the obstacle as a sentence."""
        quick = self._session.used_quick
        if quick is not None and quick.has_unsent:
            return tr("The language changes once the quick prompt’s text is sent.")
        if is_dialog_open() or self._session.batches.is_creating:
            return tr("The language changes once the other windows are closed.")
        if self._session.is_busy:
            return tr(
                "The language changes once responses and transfers end, all files are read, and "
                "temporary conversations are closed."
            )
        self._retry_timer.stop()
        self._rebuild()
        return ""


_COMMANDS: Final = {
    "batch-jobs": "batch.show",
    "collections-dialog": "collections.show",
    "local-models": "models.local",
    "models-dialog": "models.show",
    "prompts-dialog": "prompts.manage",
    "spending": "spending.show",
}
"""The pages by object name, and the command that shows each."""


def commands_to_reopen(page: QWidget | None) -> tuple[str, ...]:
    """Return the ids of the commands that show the open page again."""
    return () if page is None else (_COMMANDS[page.objectName()],)


def is_dialog_open() -> bool:
    """Return True if a dialog is open that may contain typed text or ask a question."""
    return any(
        isinstance(window, QDialog) and window.isVisible()
        for window in QApplication.topLevelWidgets()
    )
