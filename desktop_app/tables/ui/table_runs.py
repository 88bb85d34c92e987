"""The runs of tables in this window: answered now, or by tomorrow, and what is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from PySide6.QtCore import Signal

from desktop_app.app.activity import ActivityRow, Phase
from desktop_app.app.session import Controller, Session
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.library.list_filter import TRASH_RETENTION
from desktop_app.storage.expiry_clock import expiry_time
from desktop_app.tables.services import table_service
from desktop_app.tables.stored_cells import CellId
from desktop_app.tables.table import Cells, Run, RunMode, RunProgress, RunStatus, Table
from desktop_app.tables.ui.cell_texts import progress_text, run_text

RETRY_S: Final = 30.0
"""The time until the next step of a batch that another process does, or whose store fails."""
_TOPIC: Final = "tables"
_LISTED_RUNS: Final = 50


class TableRuns(Controller):
    """What this window asks, of all tables.

    Attributes:
        service: the tables of the store.
        progress: of runs of this window, by table; None while documents are read.
        last: the newest progress of the last run of this window, by table; stays when it ends.
        reading: the documents that were read, and all, by table.
        is_shown: returns True while the user sees a table.

    Signals:
        changed(str id, CellId | None): a table has changed, or one cell of it.
        progressed(str id): the progress of a table has changed.
    """

    changed = Signal(str, object)
    progressed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.service = session.backend.of(table_service)
        self.service.listeners.append(self._on_change)
        self.progress: dict[str, RunProgress | None] = {}
        self.last: dict[str, RunProgress] = {}
        self.reading: dict[str, tuple[int, int]] = {}
        self.is_shown: Callable[[str], bool] = lambda _table_id: False
        self._live: dict[str, asyncio.Future[None]] = {}
        self._stopping: set[str] = set()
        self._batches: dict[str, asyncio.Future[None]] = {}
        session.end_questions.append(self._end_question)
        session.end_steps.append(self._end)
        session.unfinished.append(lambda: bool(self._live))

    # ------------------------------------------------------------ start and end

    async def resume(self) -> None:
        """End what a killed process has left, and go on with batches."""
        if interrupted := await self.service.recover():
            self._notifications.notify(
                tr_plural(
                    "{count} cell of a table was being asked when Repartee ended. It may have been "
                    "charged.",
                    "{count} cells of tables were being asked when Repartee ended. They may have "
                    "been charged.",
                    interrupted,
                )
            )
        await self._empty_trash()
        await self.resume_batches()

    async def resume_batches(self) -> None:
        """Go on with batches that an earlier window or a command has begun."""
        for run in await self.service.open_batches():
            self._advance(run)

    async def _empty_trash(self) -> None:
        """Delete the tables that have been in the trash for as long as conversations may be."""
        expired = await expiry_time(self._session.backend.database) - TRASH_RETENTION
        for summary in await self.service.store.summaries(trashed=True):
            trashed_at = summary.table.trashed_at
            if trashed_at is not None and trashed_at < expired:
                with suppress(UserFacingError):  # it is still being asked
                    await self.service.delete(summary.table.id)

    def _end_question(self) -> tuple[str, str] | None:
        if not self._live:
            return None
        return (
            tr("A table is still being asked. Quit anyway?"),
            tr("Its answers so far are kept, and you can ask the other cells later."),
        )

    async def _end(self) -> None:
        for task in (*self._live.values(), *self._batches.values()):
            task.cancel()
        if self._live:
            await asyncio.wait(list(self._live.values()))

    # ------------------------------------------------------------ runs

    def is_running(self, table_id: str) -> bool:
        """Return True while this window asks a table now."""
        return table_id in self._live

    def run_now(self, table: Table, cells: Cells) -> None:
        """Ask cells now, unless the table is being asked."""
        if table.id not in self._live:
            self.progress[table.id] = None
            self.last.pop(table.id, None)
            self._live[table.id] = self._tasks.start(self._run_now(table, cells))
            self.progressed.emit(table.id)

    async def _run_now(self, table: Table, cells: Cells) -> None:
        def listen(progress: RunProgress) -> None:
            self.progress[table.id] = self.last[table.id] = progress
            self.progressed.emit(table.id)
            self._session.events.progressed.emit(progress.done / max(1, progress.total))
            self._session.events.activity_changed.emit("")

        try:
            run = await self.service.run_now(
                table, cells, listen=listen, on_progress=self.reader_of(table.id)
            )
        finally:
            self._live.pop(table.id, None)
            self._stopping.discard(table.id)
            self.progress.pop(table.id, None)
            self.reading.pop(table.id, None)
            self._session.events.progressed.emit(1.0)
            self.progressed.emit(table.id)
            self.changed.emit(table.id, None)
        self._tell_end(table, run)

    def reader_of(self, table_id: str) -> Callable[[int, int], None]:
        """Return what is called while the documents of a table are read."""

        def read(done: int, total: int) -> None:
            if done < total:
                self.reading[table_id] = (done, total)
            else:
                self.reading.pop(table_id, None)
            self.progressed.emit(table_id)

        return read

    async def start_batch(self, table: Table, cells: Cells) -> None:
        """Ask cells by tomorrow, at half price. Raises UserFacingError; nothing is sent then."""
        try:
            run = await self.service.start_batch(table, cells, self.reader_of(table.id))
        finally:
            self.reading.pop(table.id, None)
            self.progressed.emit(table.id)
        self._advance(run)

    async def stop(self, table_id: str) -> None:
        """Stop what is asked of a table, here or elsewhere; its answers so far are kept."""
        runs = await self.service.store.runs(table_id, is_open=True)
        for run in runs:
            await self.service.stop(run.id)
            if run.mode is RunMode.BATCH:
                self._advance(run)
        task = self._live.get(table_id)
        if task is not None and not runs:  # it still reads the documents
            task.cancel()

    def _tell_end(self, table: Table, run: Run) -> None:
        is_seen = self.is_shown(table.id)
        self._session.events.activity_changed.emit("" if is_seen else f"table:{run.id}")
        if run.error is not None:
            self._notifications.notify(error_from_note(run.error))
        if is_seen:
            return
        message = tr_plural(
            "Table “{name}”: {count} answer",
            "Table “{name}”: {count} answers",
            run.answered,
            name=table.name,
        )
        if run.failed:
            failed = tr_plural("{count} failed", "{count} failed", run.failed)
            message = f"{message} · {failed}"
        show = [(tr("Show"), lambda: self._session.run("tables.show"))]
        self._notifications.notify(message, show, topic=_TOPIC)
        self._session.events.notified.emit("tables.show", tr("Table asked"), table.name)

    async def activity(self, show: Callable[[str], object]) -> list[ActivityRow]:
        """Return a row for each of the newest runs; `show` shows a table."""
        rows = []
        for run in (await self.service.store.runs())[:_LISTED_RUNS]:
            table = await self.service.store.get(run.table_id)
            if table is None:
                continue
            is_over = run.status.is_over
            progress = self.progress.get(table.id)
            is_told = progress is not None and run.mode is RunMode.NOW and not is_over
            state = progress_text(progress) if progress is not None and is_told else run_text(run)
            actions = [(tr("Stop"), partial(self._start_stop, table.id))]
            if run.status is RunStatus.PAUSED:
                actions.insert(0, (tr("Resume"), partial(self._start_resume, run)))
            rows.append(
                ActivityRow(
                    f"table:{run.id}",
                    table.name,
                    tr("Table"),
                    state,
                    Phase.OVER if is_over else Phase.RUNNING,
                    run.ended_at or run.created_at,
                    partial(show, table.id),
                    progress=None if is_over else run.done / max(1, run.cells),
                    has_failed=run.error is not None or (is_over and bool(run.failed)),
                    actions=() if is_over else tuple(actions),
                )
            )
        return rows

    def _start_stop(self, table_id: str) -> None:
        self._tasks.start(self.stop(table_id))

    def _start_resume(self, run: Run) -> None:
        self._tasks.start(self._resume(run))

    async def _resume(self, run: Run) -> None:
        await self.service.resume(run.id)
        self._advance(run)

    # ------------------------------------------------------------ batches

    def _advance(self, run: Run) -> None:
        if run.id not in self._batches:
            self._batches[run.id] = self._tasks.start(self._advance_batch(run))

    async def _advance_batch(self, run: Run) -> None:
        try:
            while True:
                try:
                    pause = await self.service.advance(run.id)
                    now_stored = await self.service.store.run(run.id)
                except StorageError:
                    pause, now_stored = RETRY_S, run
                self.changed.emit(run.table_id, None)
                if now_stored is None or now_stored.status.is_over:
                    break
                # Another process advances it, or stopping is asked for: look again.
                await asyncio.sleep(RETRY_S if pause is None else pause)
        finally:
            self._batches.pop(run.id, None)
        if now_stored is not None:
            table = await self.service.get(run.table_id)
            self._tell_end(table, now_stored)

    # ------------------------------------------------------------ changes

    def _on_change(self, table_id: str, cell: CellId | None) -> None:
        self.changed.emit(table_id, cell)
