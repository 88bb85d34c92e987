"""What synchronizes automatically: 5 s after a change here or in a folder, and in rounds."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.app.foreign_changes import ForeignChanges
from desktop_app.app.session import Controller, Session
from desktop_app.desktop_session.desktop_watch import saves_resources
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.domain.errors import (
    SyncBusyError,
    SyncError,
    SyncLaterError,
    SyncTargetError,
    UserFacingError,
)
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.storage.row_conversion import from_micros
from desktop_app.sync.services import synchronizer
from desktop_app.sync.target import Target

# A count of an index and the times of a few files: 0.5 ms, so 0.01 % of a core.
_LOOK_MS: Final = 5_000
_ROUND_S: Final = 60.0
_SHORT_ROUND_S: Final = 10.0
"""While a server, which does not say when another computer writes, is likely to have something."""
_IN_USE_S: Final = 300.0
"""After the window was used, a change here, or one that came."""
_REST_S: Final = 300.0
"""After a failure, such as without a network."""
_SAVING_ROUND_S: Final = 900.0
"""On a metered connection, or with a low battery, also after changes."""
_LIST_S: Final = 5.0
_TOLD_AFTER_S: Final = 24 * 3600
_SHOWN_PROBLEMS: Final = 3
_TOPIC: Final = "sync"


class SyncController(Controller):
    """Synchronizer of the window's library.

    Signals:
        state_changed(str, bool, object): what the Data page says, "" if no library was joined,
            whether it is an error, and the computers (a list of `Device`).
    """

    state_changed = Signal(str, bool, object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._sync = session.backend.of(synchronizer)
        self._told = ""
        self._next_round = 0.0
        self._last_round = -_SAVING_ROUND_S
        self._next_list = 0.0
        self._used = time.monotonic()
        self._news: object = None
        self._is_asked = False
        self._is_running = False
        self._system_bus = SessionBus("SYSTEM")
        session.end_steps.append(self._system_bus.aclose)
        self._progress = ""
        self._report_count = 0
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._tasks.slot(self._look))
        self.error: UserFacingError | None = None

    async def start(self) -> None:
        if await self._sync.state() is not None and not self._timer.isActive():
            if not self._system_bus.is_connected:
                with suppress(BusError):
                    await self._system_bus.connect()
            self._timer.start()
            application = QGuiApplication.instance()
            assert isinstance(application, QGuiApplication)
            application.focusWindowChanged.connect(self._note_use)
        await self._look()

    def synchronize_now(self) -> None:
        """Synchronize, and report what goes wrong."""
        self._told = ""
        self._is_asked = True
        self._tasks.start(self._look())

    async def join(
        self,
        target: Target,
        secret: str,
        *,
        begins: bool = True,
        name: str = "",
        fetches_all: bool = False,
    ) -> None:
        """Join or begin a library, and begin to synchronize. Raises SyncError."""
        await self._sync.join(target, secret, begins=begins, name=name, fetches_all=fetches_all)
        self.error = None
        self.report_state()
        self._is_asked = True
        self._tasks.start(self.start())

    async def move(self, target: Target) -> None:
        """Use the same library at another address, or with another password. Raises SyncError."""
        code = (await self._sync.key()).code()
        state = await self._sync.state()
        all_ = state is not None and state.fetches_all
        name = state.name if state is not None else ""
        await self.join(target, code, begins=False, name=name, fetches_all=all_)

    async def strike_off(self, device: str) -> None:
        """Remove a lost computer from the library."""
        try:
            await self._sync.strike_off(device)
        except UserFacingError as error:
            self._notifications.notify(error)
        else:
            self.synchronize_now()

    async def leave(self) -> None:
        """Stop synchronizing; everything stays here and in the storage."""
        self._timer.stop()
        await self._sync.leave()
        self.error = None
        self._notifications.dismiss_topic(_TOPIC)
        self.report_state()

    def report_state(self) -> None:
        """Have `state_changed` say how it is now."""
        self._tasks.start(self._report())

    async def _report(self) -> None:
        self._report_count += 1
        number = self._report_count
        state = await self._sync.state()
        devices = [] if state is None else await self._sync.devices()
        if number != self._report_count:  # a later one may have ended first
            return
        if state is None:
            self.state_changed.emit("", False, devices)
        elif self.error is not None:
            is_error = not isinstance(self.error, SyncLaterError)
            self.state_changed.emit(self.error.sentences, is_error, devices)
        else:
            where = tr("Stored in {place}.", place=state.target)
            last = formatting.moment(from_micros(state.at)) if state.at else ""
            when = tr("Last synchronized: {when}", when=last) if last else ""
            shown = {device.id for device in devices}
            notes = [note for name, note in state.problems.items() if name not in shown]
            wrong = [note.what_happened for note in notes[:_SHOWN_PROBLEMS]]
            text = self._progress or paragraph(where, when, *wrong)
            self.state_changed.emit(text, False, devices)

    async def _look(self) -> None:
        if self._is_running:
            return
        self._is_running = True
        try:
            if self._is_asked or await self._is_due():
                await self._synchronize()
                self._progress = ""
                self.report_state()
        finally:
            self._is_running = False

    def _note_use(self, window: object) -> None:
        """Have the next look synchronize: what another computer wrote is wanted now."""
        if window is not None and self.error is None:
            self._used = time.monotonic()
            self._next_round = min(self._next_round, self._last_round + _SHORT_ROUND_S)

    async def _is_due(self) -> bool:
        now = time.monotonic()
        is_due = now >= self._next_round
        if not is_due and self.error is None:
            if await self._sync.unsent(_ROUND_S):
                is_due, self._used = True, now
            else:
                news = await self._sync.news()
                is_due = news is not None and news != self._news
        if not is_due or now - self._last_round >= _SAVING_ROUND_S:
            return is_due
        return not await saves_resources(self._system_bus)

    async def _synchronize(self) -> None:
        is_asked, self._is_asked = self._is_asked, False
        self._last_round = time.monotonic()
        self._next_round = self._last_round + _REST_S
        news = await self._sync.news()
        try:
            result = await self._sync.synchronize(self._show_progress)
        except SyncBusyError as error:
            self._next_round = time.monotonic() + _ROUND_S
            if is_asked:
                self._tell(error)
            return
        except UserFacingError as error:  # also of a full disk, which must not be tried at once
            self.error = error
            if isinstance(error, SyncLaterError):
                self._next_round = time.monotonic() + error.wait_s
            # A storage that cannot be reached comes back within a day; other errors need the user.
            state = await self._sync.state()
            is_long = state is not None and 0 < state.at / 1e6 < time.time() - _TOLD_AFTER_S
            if is_long or isinstance(error, SyncTargetError) or not isinstance(error, SyncError):
                self._tell(error)
            return
        self.error, self._news = None, news
        now = time.monotonic()
        if result.received:
            self._used = now
        is_short = news is None and now - self._used < _IN_USE_S  # a folder is looked at
        self._next_round = now + (_SHORT_ROUND_S if is_short else _ROUND_S)
        if result.problems:
            self._tell(result.problems[0])
        else:
            self._notifications.dismiss_topic(_TOPIC)
            self._told = ""
        if result.received:
            await self._session.values.load()
            await self._session.folders.load()
            await self._session.providers.reload()
            self._session.events.store_changed.emit()
            await self._session.of(ForeignChanges).show()

    def _show_progress(self, done: int, total: int) -> None:
        """Say how far it is, and list what has arrived: the newest conversations come first."""
        if total > 1:
            self._progress = tr_plural(
                "Synchronizing: {done} of {count} part",
                "Synchronizing: {done} of {count} parts",
                total,
                done=done,
            )
            self.report_state()
        if done and time.monotonic() >= self._next_list:
            self._next_list = time.monotonic() + _LIST_S
            self._tasks.start(self._session.of(ListPresenter).refresh())

    def _tell(self, error: UserFacingError) -> None:
        """Show an error once, until it is over."""
        if error.sentences != self._told:
            self._told = error.sentences
            self._notifications.notify(error, topic=_TOPIC)
