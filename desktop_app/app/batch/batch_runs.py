"""The batch jobs that this window goes on with: one task for each that is under way, and none otherwise."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.backend.batch_wiring import batch_service
from desktop_app.domain.batch.batch_jobs import BatchStatus
from desktop_app.domain.errors import StorageError, UserFacingError

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.backend.backend import Backend
    from desktop_app.services.batch.batch_service import BatchService

# How often it is looked whether another process still goes on with a job, or the store can be written.
ELSEWHERE_S: Final = 30.0


class BatchRuns(QObject):
    """See the module.

    Signals:
        job_changed(str): something of a job, by its id.
        reading_progressed(str, int, int): how many of its files are read, and of how many.
        files_read(BatchJob): all are; the person is asked.
        job_ended(BatchJob): it is over.
    """

    job_changed = Signal(str)
    reading_progressed = Signal(str, int, int)
    files_read = Signal(object)
    job_ended = Signal(object)

    def __init__(self, parent: QObject, *, tasks: Tasks, backend: Backend) -> None:
        super().__init__(parent)
        self._tasks, self._backend = tasks, backend
        self._store = self._backend.batch_store
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._woken: dict[str, asyncio.Event] = {}

    @cached_property
    def service(self) -> BatchService:
        """The use case."""
        return batch_service(self._backend, self.job_changed.emit)

    async def pick_up(self) -> None:
        """Go on with all that is under way. Raises StorageError."""
        for job_id in await self._store.open_ids():
            self.go_on(job_id)

    def go_on(self, job_id: str) -> None:
        """Go on with a job, now rather than later."""
        if job_id in self._runs:
            self._woken[job_id].set()
            return
        self._woken[job_id] = asyncio.Event()
        self._runs[job_id] = self._tasks.start(self._run(job_id))

    async def stop_reading(self, job_id: str) -> None:
        """Leave off reading a job's files, if that is what is done."""
        job, task = await self._store.get(job_id), self._runs.get(job_id)
        if job is not None and job.status is BatchStatus.PREPARING and task is not None:
            task.cancel()
            await asyncio.wait([task])

    def close(self) -> None:
        """The program ends; what is under way goes on at its provider."""
        for task in self._runs.values():
            task.cancel()

    async def _run(self, job_id: str) -> None:
        try:
            while (pause := await self._step(job_id)) is not None:
                self._woken[job_id].clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken[job_id].wait(), pause)
        finally:
            self._runs.pop(job_id, None)
            self._woken.pop(job_id, None)
            with suppress(StorageError):
                await self._store.release(job_id)

    async def _step(self, job_id: str) -> float | None:
        """What can be done now; seconds until the next step, None where there is none."""
        try:
            if not await self._store.claim(job_id):
                self.job_changed.emit(job_id)
                job = await self._store.get(job_id)
                return None if job is None or job.status.is_over else ELSEWHERE_S
            job = await self._store.get(job_id)
            if job is not None and job.status is BatchStatus.PREPARING:
                await self._prepare(job_id)
                return None
            pause = await self.service.advance(job_id)
            if pause is None:
                await self._tell_end(job_id)
        except StorageError:
            return ELSEWHERE_S
        return pause

    async def _prepare(self, job_id: str) -> None:
        def tell(done: int, total: int) -> None:
            self.reading_progressed.emit(job_id, done, total)

        job = await self.service.prepare(job_id, tell)
        if job.status is BatchStatus.READY:
            self.files_read.emit(job)

    async def _tell_end(self, job_id: str) -> None:
        job = await self._store.get(job_id)
        if job is not None and job.status.is_over:
            self.job_ended.emit(job)
        elif job is not None and job.error:
            self._tasks.start(_raised(UserFacingError(job.error)))


async def _raised(error: UserFacingError) -> None:
    """Have an error shown as that of any task."""
    raise error
