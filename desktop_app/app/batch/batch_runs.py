"""The running batch jobs of this window, with a task for each."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.tasks import Tasks
from desktop_app.backend.backend import Backend
from desktop_app.domain.batch.batch_jobs import BatchStatus
from desktop_app.domain.errors import StorageError

if TYPE_CHECKING:
    from desktop_app.services.batch.batch_service import BatchService

RETRY_S: Final = 30.0
"""The time until the next step if another process runs the job, or the store fails."""


class BatchRuns(QObject):
    """The running jobs and their progress.

    Signals:
        job_changed(str): the job with this id has changed.
        reading_progressed(str, int, int): job id, the number of files read, and of all files.
        files_read(BatchJob): all files are read; the user may start the job.
        stopped(BatchJob): the job has ended, or waits for the user because of its error.
    """

    job_changed = Signal(str)
    reading_progressed = Signal(str, int, int)
    files_read = Signal(object)
    stopped = Signal(object)

    def __init__(self, parent: QObject, backend: Backend, tasks: Tasks) -> None:
        super().__init__(parent)
        self._backend = backend
        self._tasks = tasks
        self._runs: dict[str, asyncio.Future[None]] = {}
        self._wake_events: dict[str, asyncio.Event] = {}

    @cached_property
    def service(self) -> BatchService:
        """Return the batch service."""
        from desktop_app.backend.batch_wiring import batch_service  # not needed at the start

        return batch_service(self._backend, self.job_changed.emit)

    def resume(self, job_id: str) -> None:
        """Start a job's task, or end the pause of its running task."""
        if job_id in self._runs:
            self._wake_events[job_id].set()
            return
        self._wake_events[job_id] = asyncio.Event()
        self._runs[job_id] = self._tasks.start(self._run(job_id))

    async def stop_reading(self, job_id: str) -> None:
        """Stop reading a job's files, if it is being prepared."""
        job = await self._backend.batch_store.get(job_id)
        task = self._runs.get(job_id)
        if job is not None and job.status is BatchStatus.PREPARING and task is not None:
            task.cancel()
            await asyncio.wait([task])

    def close(self) -> None:
        """Stop at the program's end; jobs continue at their provider."""
        for task in self._runs.values():
            task.cancel()

    async def _run(self, job_id: str) -> None:
        try:
            wake_event = self._wake_events[job_id]
            while (pause_s := await self._run_step(job_id)) is not None:
                with suppress(TimeoutError):  # the pause is over
                    await asyncio.wait_for(wake_event.wait(), pause_s)
                wake_event.clear()
        finally:
            self._runs.pop(job_id, None)
            self._wake_events.pop(job_id, None)
            with suppress(StorageError):  # the claim also ends with this process
                await self._backend.batch_store.release(job_id)

    async def _run_step(self, job_id: str) -> float | None:
        """Run a job's next step.

        Return the seconds until the following step, None if there is none for now.
        """
        store = self._backend.batch_store
        try:
            is_owner = await store.claim(job_id)
            job = await store.get(job_id)
            if job is None:
                return None
            if not is_owner:
                self.job_changed.emit(job_id)
                return None if job.status.is_over else RETRY_S
            if job.status is BatchStatus.PREPARING:
                job = await self.service.prepare(
                    job_id, lambda *counts: self.reading_progressed.emit(job_id, *counts)
                )
                if job.status is BatchStatus.READY:
                    self.files_read.emit(job)
                return None
            pause_s = await self.service.advance(job_id)
            job = await store.get(job_id)
            if pause_s is None and job is not None:
                self.stopped.emit(job)
        except StorageError:
            return RETRY_S
        return pause_s
