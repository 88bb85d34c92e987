"""The cases of an evaluation as batch jobs: half the price, an answer within a day.

The id of a job follows from its evaluation's name, so that an interrupted command finds its jobs.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.backend.batch_wiring import batch_service
from desktop_app.cli.batch.batch_output import job_notices
from desktop_app.cli.evaluation.evaluation_setup import (
    Contestant,
    EvaluationSetup,
    digest,
    path_in_folder,
)
from desktop_app.domain.batch.batch_jobs import (
    BatchFile,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.notices import NoticeText
from desktop_app.domain.error_note import error_from_note
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.evaluation.evaluation_result import CaseResult
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.evaluation.evaluation_case import EvaluationCase
    from desktop_app.services.chat.ask_settings import AskSettings

POLL_S = 5.0
"""Seconds between two polls of a job that another process is running."""

_STATUSES: Final = {
    ItemStatus.ANSWERED: MessageStatus.COMPLETE,
    ItemStatus.REFUSED: MessageStatus.REFUSED,
}

Answers = Mapping[tuple[tuple[str, ...], str], CaseResult]
"""Results by the identity of a contestant and the id of a case."""


class EvaluationBatches:
    """The batch jobs of an evaluation.

    Attributes:
        notices: settings that the jobs leave out or change, each once.

    Args:
        folder: the folder that relative paths of the cases' files start from.
    """

    def __init__(self, backend: Backend, setup: EvaluationSetup, folder: Path) -> None:
        self._setup = setup
        self._folder = folder
        self.notices: dict[NoticeText, None] = {}
        self._store = backend.batch_store
        self._service = batch_service(backend)

    async def answers(self, name: str, listen: Callable[[int], object]) -> Answers:
        """Return the answers to all cases, without checking them, once all jobs have ended.

        Args:
            name: the name of the evaluation.
            listen: called with the number of answers so far, after each poll.

        Raises:
            UserFacingError: a job could not be started, or stopped before its end.
            asyncio.CancelledError: the same call later finds the jobs again.
        """
        # All items of a job have the same instructions and examples.
        groups: defaultdict[str, list[EvaluationCase]] = defaultdict(list)
        for case in self._setup.cases:
            groups[digest([case.instructions, case.examples])].append(case)
        jobs: dict[str, tuple[Contestant, list[EvaluationCase]]] = {}
        for contestant in self._setup.contestants:
            for key, cases in groups.items():
                job_id = digest([name, contestant.identity, key])[:32]
                await self._create_job_if_missing(job_id, contestant, cases)
                jobs[job_id] = contestant, cases
        while jobs:
            pauses = {job_id: await self._advance(job_id) for job_id in jobs}
            stored = [await self._store.get(job_id) for job_id in jobs]
            listen(sum(job.counts.done for job in stored if job is not None))
            pending = {job_id: pause for job_id, pause in pauses.items() if pause is not None}
            if not pending:
                break
            await asyncio.sleep(min(pending.values()))
        answers: dict[tuple[tuple[str, ...], str], CaseResult] = {}
        for job_id, (contestant, cases) in jobs.items():
            items = await self._store.page(job_id, 0, len(cases))
            for case, item in zip(cases, items, strict=True):
                answers[contestant.identity, case.id] = _case_result(case, item)
        return answers

    async def _create_job_if_missing(
        self, job_id: str, contestant: Contestant, cases: list[EvaluationCase]
    ) -> None:
        """Create a job unless an interrupted command did."""
        settings = self._setup.settings_for(cases[0])
        job = await self._store.get(job_id)
        if job is None:
            job = await self._create_job(job_id, contestant, cases, settings)
        self.notices |= dict.fromkeys(job_notices(settings, contestant.resolved, job))

    async def _create_job(
        self,
        job_id: str,
        contestant: Contestant,
        cases: list[EvaluationCase],
        settings: AskSettings,
    ) -> BatchJob:
        files = [
            BatchFile(
                case.id,
                str(path_in_folder(self._folder, case.files[0])) if case.files else "",
                case.input,
            )
            for case in cases
        ]
        job = await self._service.create(
            files,
            contestant.resolved,
            tr("Evaluation"),
            settings,
            purpose=Purpose.EVALUATION,
            job_id=job_id,
        )
        await self._store.release(job_id)
        return job

    async def _advance(self, job_id: str) -> float | None:
        """Do the next step of a job; return the seconds until the following step.

        Return None if the job has ended or has nothing to send.

        Raises:
            UserFacingError: the job stopped before its end.
        """
        if not await self._store.claim(job_id):
            job = await self._store.get(job_id)
            if job is None:
                raise IllegalChoiceError(Reason.BATCH_GONE)
            return None if job.status.is_over else POLL_S
        try:
            job = await self._service.prepare(job_id)
            if job.status is BatchStatus.READY and job.estimate.files:
                job = await self._service.start(job_id)
            pause = await self._service.advance(job_id)
        finally:
            await asyncio.shield(self._store.release(job_id))
        job = await self._store.get(job_id) or job
        if pause is None and not job.status.is_over and job.estimate.files:
            raise _job_error(job)
        return pause


def require_single_files(cases: Sequence[EvaluationCase]) -> None:
    """Raise IllegalChoiceError for a case with several files: an item of a batch has only one."""
    for case in cases:
        if len(case.files) > 1:
            raise IllegalChoiceError(Reason.CASE_WITH_FILES_IN_BATCH, case=case.id)


def _job_error(job: BatchJob) -> UserFacingError:
    if job.error is None:
        return IllegalChoiceError(Reason.BATCH_NOTHING_TO_SEND)
    return error_from_note(job.error)


def _case_result(case: EvaluationCase, item: BatchItem) -> CaseResult:
    status = _STATUSES.get(item.status, MessageStatus.FAILED)
    usage = item.usage or Usage()
    return CaseResult(
        case.id, item.answer, usage=usage, cost=item.cost, status=status, error=item.error
    )
