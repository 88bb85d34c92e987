"""Shows changes that other processes, such as `repartee import`, write to the store.

SQLite tells whether another process wrote. It is asked when a window of the program gets the focus,
and when an answer ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.i18n.translation import tr
from desktop_app.ui.window.main_window import MainWindow


class ForeignChanges(QObject):
    """Updater of the list and the open conversation after writes of other processes.

    Signals:
        found(): another process has written to the store.
    """

    found = Signal()

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
    ) -> None:
        super().__init__(window.pane)
        self._running = running
        self._navigator = navigator
        self._presenter = presenter
        self._show_title = window.pane.set_title
        self._notifications = window.pane.notifications
        self._current = state.current
        self._messages = state.messages
        self._conversations = state.backend.conversations
        self._database = state.backend.database
        self._tasks = state.tasks
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
            self._navigator.open_new()
            self._notifications.notify(tr("Another program deleted this conversation."))
        elif self._has_another_path(path):
            await self._navigator.open(opened_id)
        else:
            self._update_open(stored_conversation, path)

    def _has_another_path(self, path: Sequence[Message]) -> bool:
        """Return True if the messages of `path` are not those that are shown."""
        return [message.id for message in path] != [message.id for message in self._current.path]

    def _update_open(self, stored_conversation: Conversation, path: Sequence[Message]) -> None:
        """Show the open conversation and its messages as they are stored."""
        self._current.update(stored_conversation.with_settings_of(self._current.conversation))
        self._show_title(stored_conversation.title)
        for old, new in zip(self._current.path, path, strict=True):
            if old != new:
                self._messages.update(new)
