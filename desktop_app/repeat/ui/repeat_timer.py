"""The choice, below the rows of Activity, to ask repeated prompts while the program is closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QWidget

from desktop_app.desktop_session.user_timer import UserTimer
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.paths import folders
from desktop_app.repeat.ui.repeat_controller import RepeatController
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.form_widgets import Note

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from desktop_app.app.session import Session


class RepeatTimer(QWidget):
    """The switch of systemd's timer, and why that does not run.

    Attributes:
        box: has systemd ask the prompts while the program is closed.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._timer = UserTimer(folders().scope)
        self.box = QCheckBox(tr("Repeat prompts while Repartee is closed, too"))
        self.box.setObjectName("repeat-timer")
        self.box.clicked.connect(self._set_timer)
        self._note = Note(object_name="repeat-timer-problem")
        column_of(self.box, self._note, parent=self, margins=0, spacing=6)
        self.setHidden(not self._timer.is_possible)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._session.tasks.start(self._show_timer())

    async def _show_timer(self) -> None:
        """Show whether systemd really runs the timer."""
        problem = await asyncio.to_thread(self._timer.problem) if self._timer.is_wanted else ""
        self.box.setChecked(self._timer.is_wanted and not problem)
        self._note.set_text(problem, "error")

    def _set_timer(self, wanted: bool) -> None:
        async def change() -> None:
            try:
                await self._session.of(RepeatController).set_timer(wanted)
            except StorageError as error:
                self._session.window.notifications.notify(error)
            await self._show_timer()

        self._session.tasks.start(change())
