"""The tasks of running batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from desktop_app.app.batch.batch_runs import BatchRuns
from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob, BatchStatus
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.services.batch.batch_service import BatchService
from tests.gui.app.app_harness import AppHarness, until


class SlowService:
    """A batch service that asks for a long pause after each step.

    Attributes:
        in_step: called in the first step.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.in_step: Callable[[], object]

    async def advance(self, _job_id: str) -> float:
        self.steps += 1
        if self.steps == 1:
            self.in_step()
        return 600.0


async def test_a_job_resumed_during_a_step_runs_its_next_step_at_once() -> None:
    async with AppHarness() as app:
        choice, status = ModelChoice("openai", "gpt-5.2"), BatchStatus.IN_PROGRESS
        job = BatchJob(new_id(), choice, "Notes", "?", now(), status)
        store, service = app.backend.batch_store, SlowService()
        await store.create(job, [BatchItem(job.id, 1, "a.md")])
        runs = BatchRuns(
            app.window,
            lambda _on_change: cast("BatchService", service),
            tasks=app.controllers.tasks,
            store=store,
        )
        service.in_step = lambda: runs.resume(job.id)
        runs.resume(job.id)
        await until(lambda: service.steps == 2)
        runs.close()
