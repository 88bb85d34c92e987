"""What other processes write to the store, shown in the list and the transcript.

SQLite tells whether another process wrote. It is asked when a window of the program gets the focus,
and when an answer ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter

if TYPE_CHECKING:
    from desktop_app.sync.synchronizer import Synchronizer

_RUNNING: Final = "running-elsewhere"


class ForeignChanges(Controller):
    """Updater of the list and the open conversation after writes of other processes.

    Signals:
        found(): another process has written to the store.
    """

    found = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._messages = session.messages
        self._navigator = session.of(Navigator)
        self._current.opened.connect(self._tasks.slot(self._tell_running))
        self._presenter = session.of(ListPresenter)
        self._database = session.backend.database
        self._seen_version = 0

    async def watch(self) -> None:
        """Begin to look for writes of other processes."""
        self._seen_version = await self._database.foreign_version()
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._start_look)
        self._running.finished.connect(self._start_look)

    def _start_look(self, *_: object) -> None:
        self._tasks.start(self._look())

    async def _look(self) -> None:
        # The messages of a running answer are newer here: look again when it ends.
        if self._running.is_running(self._current.id):
            return
        version = await self._database.foreign_version()
        if version != self._seen_version:
            self._seen_version = version
            self.found.emit()
            await self.show()

    async def show(self) -> None:
        """Show changes by other processes, in the list and in the transcript."""
        former = self._current.conversation
        await self._presenter.refresh()
        opened_id = self._current.id
        if self._current.is_new or self._running.is_running(opened_id):
            return
        stored_conversation = await self._conversations.get(opened_id)
        path = await self._conversations.path(opened_id)
        if opened_id != self._current.id:
            return
        if self._current.conversation is not former:  # changed here, perhaps after it was read
            await self.show()
        elif stored_conversation is None:
            self._presenter.forget(opened_id)
            has_typed = bool(self._prompt.text().strip())
            self._navigator.open_another_blank()  # with what was being typed
            self._notifications.notify(
                tr("This conversation was deleted elsewhere. What you typed is in a new one.")
                if has_typed
                else tr("This conversation was deleted elsewhere.")
            )
        elif [message.id for message in path] != [m.id for m in self._current.path]:
            await self._navigator.open(opened_id)
        else:
            self._current.update(stored_conversation.with_settings_of(self._current.conversation))
            self._pane.set_title(stored_conversation.title)
            for old, new in zip(self._current.path, path, strict=True):
                if old != new:
                    self._messages.update(new)
            await self._tell_running()

    async def _tell_running(self) -> None:
        """Say that the shown path lacks an answer that another computer still writes."""
        leaf_id, path = self._current.conversation.leaf_id, self._current.path
        name = ""
        if leaf_id and path and path[-1].id != leaf_id:
            synchronizer: Synchronizer | None = self._session.backend.part("synchronizer")
            if synchronizer is not None:
                name = await synchronizer.running_elsewhere(self._current.id)
        self._notifications.dismiss_topic(_RUNNING)
        if name:
            text = tr("An answer is running on “{computer}”.", computer=name)
            self._notifications.notify(text, topic=_RUNNING)
