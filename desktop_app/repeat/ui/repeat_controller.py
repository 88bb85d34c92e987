"""Asks prompts at their times while the program runs, also in the tray; adds and removes them."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal

from desktop_app.app.session import Controller, Session
from desktop_app.backend.repeat_wiring import begin_repeat
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.conversations.message_link import MessageLink
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.repeat.repeat import Repeat

_LONGEST_WAIT_S: Final = 3600.0
"""Later ones are waited for by the clock of the feature."""


class RepeatController(Controller):
    """A clock of the prompts that repeat.

    Signals:
        changed(list[Repeat]): the repeats, after a change.
    """

    changed = Signal(list)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._store = session.backend.repeats
        self._title_by_id: dict[str, str] = {}  # of the conversations whose answers run
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(lambda: self._tasks.start(self.check()))
        self._checking = asyncio.Lock()
        session.running.finished.connect(self._on_finished)
        session.end_steps.append(self._timer.stop)

    async def check(self) -> None:
        """Ask what is due, and wait for the next time."""
        if sys.platform != "win32":
            time.tzset()  # else a journey would be noticed at the next start
        async with self._checking:  # else an older list may be shown after a newer one
            while repeat := await self._store.claim_due(now()):
                await self._ask(repeat)
            repeats = await self._store.all()
            self.changed.emit(repeats)
        waits = [(each.next_time() - now()).total_seconds() for each in repeats]
        if waits and min(waits) < _LONGEST_WAIT_S:
            self._timer.start(round(1000 * max(0.0, min(waits))))

    def ask(self, repeat: Repeat) -> None:
        """Ask a prompt now; an error is shown and recorded."""
        self._tasks.start(self._ask(repeat))

    async def _ask(self, repeat: Repeat) -> None:
        try:
            run = await begin_repeat(self._session.backend, repeat)
        except UserFacingError as error:
            self._notify(tr("A repeated prompt couldn’t be asked"), error.sentences, "batch.show")
            return
        self._title_by_id[run.conversation.id] = run.conversation.title
        self._session.of(ListPresenter).upsert(run.conversation)
        self._session.running.start(run)

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        title = self._title_by_id.pop(conversation_id, None)
        if title is None:
            return
        self._session.backend.consent.unattended.discard(conversation_id)  # the user may go on
        is_complete = answer.status is MessageStatus.COMPLETE
        heading = tr("Response ready") if is_complete else tr("Response failed")
        self._notify(heading, title, str(MessageLink(conversation_id)), conversation_id)

    def _notify(self, heading: str, words: str, link: str, conversation_id: str = "") -> None:
        """Notify in the desktop if no window is in front, and in the window."""
        self._session.events.notified.emit(link, heading, words)
        open_ = self._session.of(Navigator).open
        actions = [(tr("Open"), lambda: self._tasks.start(open_(conversation_id)))]
        text = tr("{heading}: {words}", heading=heading, words=words)
        shown = actions if conversation_id else []
        self._window.notifications.notify(text, shown, stays=True)

    # -------------------------------------------------------------- changes

    def begin(self) -> None:
        """Ask for a prompt to repeat; that in the box is offered."""
        from desktop_app.repeat.ui.repeat_dialog import RepeatDialog

        dialog = RepeatDialog(self._session, self._window.prompt.text())
        dialog.added.connect(lambda repeat: self._tasks.start(self._add(repeat)))
        dialog.open()

    async def _add(self, repeat: Repeat) -> None:
        await self._store.add(repeat)
        await self._refresh()

    def remove(self, repeat: Repeat) -> None:
        """Remove a repeat; a notification takes it back."""
        self._tasks.start(self._remove(repeat))

    async def _remove(self, repeat: Repeat) -> None:
        await self._store.remove(repeat.id)
        await self._refresh()
        self._window.notifications.notify_undo(
            tr("The prompt is asked no longer."), lambda: self._tasks.start(self._add(repeat))
        )

    async def _refresh(self) -> None:
        from desktop_app.repeat.command import refresh_timer

        await self.check()
        await refresh_timer(self._session.backend)

    def set_timer(self, wanted: bool) -> None:
        """Have systemd ask the prompts while the program is closed, or no longer."""
        from desktop_app.repeat.command import set_timer

        self._tasks.start(set_timer(self._session.backend, wanted=wanted))
