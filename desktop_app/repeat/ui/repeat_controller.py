"""Asks prompts at their times while the program runs, also in the tray; changes them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import (
    Conversation,
    MessageStatus,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_link import MessageLink
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.repeat.services import (
    Occurrence,
    Unreached,
    begin_repeat,
    claim_due,
    end_repeat,
    repeat_store,
)
from desktop_app.repeat.wording import added_text, run_text, time_text

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.repeat.repeat import Repeat
    from desktop_app.repeat.repeat_store import Run

_LONGEST_WAIT_S: Final = 3600.0
"""Later ones are waited for by the clock of the feature."""
_RETRY_S: Final = 300.0
"""The time in which a provider that could not be reached is not tried again, unless it wakes."""


class RepeatController(Controller):
    """A clock of the prompts that repeat."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._store = session.backend.of(repeat_store)
        self._asking: dict[str, tuple[Occurrence, Conversation]] = {}  # by the conversation's id
        self._tried: dict[str, float] = {}  # repeats whose provider could not be reached, and when
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(lambda: self._tasks.start(self.check()))
        self._checking = asyncio.Lock()
        session.running.finished.connect(self._on_finished)
        session.events.woke.connect(self._tried.clear)
        session.end_steps.append(self._timer.stop)

    async def check(self) -> None:
        """Ask what is due, and wait for the next time."""
        if sys.platform != "win32":
            time.tzset()  # else a journey would be noticed at the next start
        async with self._checking:
            while occurrence := await claim_due(self._session.backend, self._resting):
                await self._ask(occurrence)
            repeats = await self._store.all()
        self._session.events.activity_changed.emit("")
        # What is due and was not claimed waits for the network, and so for the next look.
        waits = [(r.next_time() - now()).total_seconds() for r in repeats if not r.paused]
        wait_s = min((wait for wait in waits if wait > 0), default=_LONGEST_WAIT_S)
        if wait_s < _LONGEST_WAIT_S:
            self._timer.start(round(1000 * wait_s))

    @property
    def _resting(self) -> Collection[str]:
        since = time.monotonic() - _RETRY_S
        return [repeat_id for repeat_id, at in self._tried.items() if at > since]

    def ask(self, repeat: Repeat) -> None:
        """Ask a prompt now; an error is shown and recorded."""

        async def ask() -> None:
            await self._ask(Occurrence(repeat))
            await self.check()

        self._tasks.start(ask())

    async def _ask(self, occurrence: Occurrence) -> None:
        try:
            run = await begin_repeat(self._session.backend, occurrence)
        except UserFacingError as error:
            self._tell_failed(occurrence.repeat, error)
            return
        if isinstance(run, Unreached):
            self._rest(occurrence, run)
            return
        self._asking[run.conversation.id] = occurrence, run.conversation
        self._session.of(ListPresenter).upsert(run.conversation)
        self._session.running.start(run)

    def _on_finished(self, conversation_id: str, answer: Message) -> None:
        if conversation_id in self._asking:
            self._tasks.start(self._end(*self._asking.pop(conversation_id), answer))

    async def _end(
        self, occurrence: Occurrence, conversation: Conversation, answer: Message
    ) -> None:
        if self._current.id == conversation.id:  # the user has seen the failure, and may retry
            occurrence = occurrence._replace(claimed_at=None)
        unreached = await end_repeat(self._session.backend, occurrence, conversation, answer)
        if unreached is not None:
            self._session.of(ListPresenter).forget(conversation.id)
            self._rest(occurrence, unreached)
        else:
            is_complete = answer.status is MessageStatus.COMPLETE
            heading = tr("Response ready") if is_complete else tr("Response failed")
            link = str(MessageLink(conversation.id))
            self._notify(heading, conversation.title, link, conversation.id)
            self._session.events.activity_changed.emit(conversation.id)
        await self.check()

    def _rest(self, occurrence: Occurrence, unreached: Unreached) -> None:
        self._tried[occurrence.repeat.id] = time.monotonic()
        if unreached.is_lost:
            self._tell_failed(occurrence.repeat, error_from_note(unreached.error))

    def _tell_failed(self, repeat: Repeat, error: UserFacingError) -> None:
        self._session.events.activity_changed.emit(_row_id(repeat.id))
        heading = tr("A repeated prompt couldn’t be asked")
        self._notify(heading, error.sentences, "repeat.show")

    def _notify(self, heading: str, words: str, link: str, conversation_id: str = "") -> None:
        """Notify in the desktop if no window is in front, and in the window."""
        self._session.events.notified.emit(link, heading, words)

        def open_conversation() -> None:
            self._tasks.start(self._session.of(Navigator).open(conversation_id))

        action = (tr("Open"), open_conversation) if conversation_id else (tr("Show"), self.show)
        text = tr("{heading}: {words}", heading=heading, words=words)
        self._window.notifications.notify(text, [action], stays=True)

    # -------------------------------------------------------------- changes

    async def activity(self) -> list[ActivityRow]:
        """Return a row for each prompt, and for each that is damaged."""
        runs = await self._store.runs()
        rows = [self._activity_of(each, runs.get(each.id, [])) for each in await self._store.all()]
        for repeat_id in await self._store.damaged():
            remove = partial(self.remove, repeat_id)
            rows.append(
                ActivityRow(
                    _row_id(repeat_id),
                    repeat_id[:8],
                    tr("Repeated prompt"),
                    tr("Damaged, so it can’t be asked."),
                    Phase.OVER,
                    now(),
                    remove,
                    has_failed=True,
                    actions=((tr("Remove"), remove),),
                )
            )
        return rows

    def _activity_of(self, repeat: Repeat, runs: Sequence[Run]) -> ActivityRow:
        last = tr("Last: {run}", run=run_text(runs[0])) if runs else ""
        pause = partial(self.set_paused, repeat, not repeat.paused)
        opened = [partial(self._open, run) if run.conversation_id else None for run in runs]
        return ActivityRow(
            _row_id(repeat.id),
            title_from(repeat.prompt),
            tr("Repeated prompt"),
            " · ".join(filter(None, (time_text(repeat), last))),
            Phase.NEXT,
            datetime.max.replace(tzinfo=UTC) if repeat.paused else repeat.next_time(),
            opened[0] if opened and opened[0] is not None else partial(self.edit, repeat),
            has_failed=bool(runs) and runs[0].error is not None,
            actions=(
                (tr("Ask now"), partial(self.ask, repeat)),
                (tr("Edit…"), partial(self.edit, repeat)),
                (tr("Resume") if repeat.paused else tr("Pause"), pause),
                (tr("Remove"), partial(self.remove, repeat)),
            ),
            history=tuple(zip(map(run_text, runs), opened, strict=True)),
        )

    def _open(self, run: Run) -> None:
        self._tasks.start(self._session.of(Navigator).open(run.conversation_id))

    def show(self) -> None:
        """Show the prompts that repeat, among all that runs without the user."""
        self._session.run("activity.show")

    def begin(self) -> None:
        """Ask for a prompt to repeat; that in the box is offered."""
        from desktop_app.repeat.ui.repeat_dialog import RepeatDialog

        offered = self._window.prompt.text()

        def add(repeat: Repeat) -> None:
            self._tasks.start(self._add(repeat))
            if repeat.prompt == offered == self._window.prompt.text():
                self._window.prompt.field.selectAll()
                self._window.prompt.field.insertPlainText("")  # Undo brings it back

        dialog = RepeatDialog(self._session, offered)
        dialog.confirmed.connect(add)
        dialog.open()

    async def _add(self, repeat: Repeat) -> None:
        await self._store.add(repeat)
        self._window.notifications.notify(added_text(repeat), [(tr("Show"), self.show)])
        await self._refresh()

    def edit(self, repeat: Repeat) -> None:
        """Ask for another text or other times of a repeat."""
        from desktop_app.repeat.ui.repeat_dialog import RepeatDialog

        dialog = RepeatDialog(self._session, repeat.prompt, repeat)
        dialog.confirmed.connect(self.change)
        dialog.open()

    def set_paused(self, repeat: Repeat, paused: bool) -> None:
        self.change(replace(repeat, paused=paused))

    def change(self, repeat: Repeat) -> None:
        """Change a repeat, and say when it is asked next."""

        async def change() -> None:
            await self._store.change(repeat)
            for each in await self._store.all():
                if each.id == repeat.id:
                    self._window.notifications.notify(added_text(each))
            await self._refresh()

        self._tasks.start(change())

    def remove(self, removed: Repeat | str) -> None:
        """Remove a repeat, which a notification can undo, or a damaged one by its id."""

        async def remove() -> None:
            await self._store.remove(removed if isinstance(removed, str) else removed.id)
            await self._refresh()
            if not isinstance(removed, str):
                self._window.notifications.notify_undo(
                    tr("The prompt is asked no longer."),
                    lambda: self._tasks.start(self._add(removed)),
                )

        self._tasks.start(remove())

    async def _refresh(self) -> None:
        from desktop_app.repeat.command import refresh_timer

        await self.check()
        await refresh_timer(self._session.backend)

    async def set_timer(self, wanted: bool) -> None:
        """Have systemd ask the prompts while the program is closed, or no longer."""
        from desktop_app.repeat.command import set_timer

        await set_timer(self._session.backend, wanted=wanted)


def _row_id(repeat_id: str) -> str:
    return f"repeat:{repeat_id}"
