"""The change of the language, for which the window and some dialogs are built again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop_app.app.features import ACTIONS
from desktop_app.app.session import DIALOG_OBSTACLE, Session
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
        if obstacle := next(filter(None, (find() for find in self._session.rebuild_obstacles)), ""):
            return obstacle
        if is_dialog_open():
            return tr(DIALOG_OBSTACLE)
        if self._session.is_busy:
            return tr(
                "The language changes once responses and transfers end, all files are read, and "
                "temporary conversations are closed."
            )
        self._retry_timer.stop()
        self._rebuild()
        return ""


def commands_to_reopen(page: QWidget | None) -> tuple[str, ...]:
    """Return the ids of the commands that show the open page again."""
    name = page.objectName() if page is not None else ""
    return tuple(action.id for action in ACTIONS if name and action.page == name)


def is_dialog_open() -> bool:
    """Return True if a dialog is open that may contain typed text or ask a question."""
    return any(
        isinstance(window, QDialog) and window.isVisible()
        for window in QApplication.topLevelWidgets()
    )
