"""Batch jobs: one question to each of many files, at half price.

    create     stores the job and the names of its files; reads nothing
    prepare    reads and counts each file; records why a file cannot be read, and continues
    start      runs after the user has accepted the cost; the input counts against the cap
    advance    does the next steps: upload, poll, fetch; returns when to call it again

Each step is stored before it is taken, so a job continues after a crash, at the next start or in
another process. Only one process runs a job at a time: see `claim` of storage/batch/batch_store.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerGrammar
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BATCH_TIER,
    RETRYABLE_STATUSES,
    BatchFile,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
    batch_refusal,
    estimate_batch,
)
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now, title_from
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import CredentialError, IllegalChoiceError, ProviderError
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchGateway
from desktop_app.services.batch.batch_preparation import BatchPreparer, OnProgress
from desktop_app.services.batch.batch_steps import BatchSteps, is_unknown
from desktop_app.services.batch.batch_upload import BatchSender, is_final_refusal
from desktop_app.services.batch.job_records import JobRecords
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.documents.image_attachments import page_tokens
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.ports import RequirementsLoader
from desktop_app.services.spending.budget import Budget
from desktop_app.services.structured.answer_forms import load_form

RETRY_S: Final = 60.0
"""Seconds until the next try after a failed step."""
REFUSED_RETRY_S: Final = 300.0
"""Seconds until the next try if the provider refuses, as for a batch that it does not know."""
_FIRST_POLL_INTERVAL_S: Final = 5.0
# The age of the job in seconds, and the seconds between two polls from that age on; longest first.
# The figures are arbitrary: a batch may take a day, so polls become rare.
_POLL_INTERVALS: Final = ((7200.0, 300.0), (600.0, 60.0), (60.0, 15.0))
NO_SETTINGS: Final = AskSettings()


class BatchService:
    """Creation and runs of batch jobs."""

    def __init__(
        self,
        records: JobRecords,
        *,
        gateway: BatchGateway,
        preparer: BatchPreparer,
        sender: BatchSender,
        budget: Budget,
        load_requirements: RequirementsLoader,
    ) -> None:
        self._records = records
        self._store = records.store
        self._gateway = gateway
        self._preparer = preparer
        self._budget = budget
        self._load_requirements = load_requirements
        self._canceled_job_ids: set[str] = set()  # those that this process has canceled
        self._steps = BatchSteps(records, sender, self._canceled_job_ids)

    # -- before sending

    async def create(
        self,
        files: Sequence[BatchFile],
        resolved: ResolvedChoice,
        task: str,
        settings: AskSettings = NO_SETTINGS,
        *,
        title: str = "",
        template_id: str = "",
        purpose: Purpose = Purpose.BATCH,
        job_id: str = "",
    ) -> BatchJob:
        """Store a new job that asks `task` of each of `files`.

        Args:
            settings: the job gets their instructions, parameters and examples.

        Raises:
            IllegalChoiceError: there are no files or no task, the task compares documents, the
                form is a grammar, or the provider has no batches.
            ProviderError, CredentialError: there is no key.
        """
        profile = resolved.profile
        info = resolved.model
        requirements = await self._load_requirements(template_id)
        refusal = batch_refusal(profile, info) or _task_refusal(files, task, requirements.documents)
        if refusal:
            raise refusal
        parameters = settings.parameters
        parameters = replace(parameters, form=parameters.form or requirements.form)
        if isinstance(await load_form(parameters.form), AnswerGrammar):
            raise IllegalChoiceError(
                N_("Batch jobs don’t support grammars."), hint=N_("Use a JSON Schema.")
            )
        await self._gateway.batches(profile)  # only to fail without a key before any file is read
        learned_support = await self._gateway.learned_support(profile, info.id)
        job = BatchJob(
            id=job_id or new_id(),
            choice=ModelChoice(profile.id, info.id, resolved.variant, resolved.effort),
            title=title or title_from(task),
            task=task,
            created_at=now(),
            template_id=template_id,
            base_url=profile.base_url,
            # While a server's API is unknown, its batches use the API that every server has.
            api=first_api(profile, info, learned_support.api) or Api.CHAT_COMPLETIONS,
            instructions=settings.instructions,
            parameters=parameters,
            examples=settings.examples,
            purpose=purpose,
        )
        items = [
            BatchItem(job.id, number, file.name, file.path, prompt=file.prompt)
            for number, file in enumerate(files, start=1)
        ]
        await self._store.create(job, items)
        return job

    async def prepare(self, job_id: str, on_progress: OnProgress | None = None) -> BatchJob:
        """Read and count the files that have not been read.

        The job is then READY, unless it was canceled. A job that is not PREPARING does not change.

        Raises:
            UserFacingError: the provider was removed, or the store fails.
        """
        job = await self._records.get(job_id)
        if job.status is not BatchStatus.PREPARING:
            return job
        profile = await self._records.profile_of(job)
        info = self._records.info(job, profile)
        await self._preparer.prepare(job, profile, info, on_progress)
        job = await self._records.get(job_id)
        if job.status is not BatchStatus.PREPARING:  # canceled in the meantime
            await self._records.mark_never_sent(job)
            return job
        return await self._estimate(job, profile, info)

    async def _estimate(self, job: BatchJob, profile: ProviderProfile, info: ModelInfo) -> BatchJob:
        """Save the estimate and make the job READY, unless it was canceled meanwhile."""
        items = await self._store.items(job.id)
        read_items = [item for item in items if item.status is ItemStatus.READ]
        documents = [item.part for item in read_items if isinstance(item.part, DocumentPart)]
        page_count = sum(len(part.image_pages) for part in documents)
        image_tokens = sum(page_tokens(part, info).tokens for part in documents)
        estimate = estimate_batch(
            [item.tokens for item in read_items],
            left_out=len(items) - len(read_items),
            batch_price=self._records.price(profile, info, BATCH_TIER),
            ordinary_price=self._records.price(profile, info, None),
            answer_tokens=job.expected_answer_tokens,
            images=(page_count, image_tokens),
        )
        if job.id in self._canceled_job_ids:  # canceled during the estimate
            return await self._records.get(job.id)
        return await self._records.save(replace(job, status=BatchStatus.READY, estimate=estimate))

    async def start(self, job_id: str) -> BatchJob:
        """Start a job that the user has confirmed. A job that is not READY does not change.

        Raises:
            SpendingCapError, IllegalChoiceError: the job is not sent and does not change.
        """
        job = await self._records.get(job_id)
        if job.status is not BatchStatus.READY:
            return job
        profile = await self._records.profile_of(job)
        info = self._records.info(job, profile)
        refusal = batch_refusal(profile, info)
        if not refusal and not job.estimate.files:
            refusal = IllegalChoiceError(
                N_("None of the files can be sent."), hint=N_("Add other files.")
            )
        if refusal:
            raise refusal
        cost = job.estimate.input_cost
        await self._budget.require_price(
            profile, info, self._records.price(profile, info, BATCH_TIER)
        )
        async with await self._budget.hold(profile, cost):
            started_job = replace(
                job, status=BatchStatus.UPLOADING, started_at=now(), held=cost, error=None
            )
            return await self._records.save(started_job)

    async def create_retry(self, job_id: str) -> BatchJob:
        """Create a job from the files of a job that can be retried; call `prepare` next.

        These are the files without an answer, except those that were left out.

        Raises:
            IllegalChoiceError: no file can be retried, or the job was not sent or is under way.
        """
        old_job = await self._records.get(job_id)
        unanswered = [
            old_item
            for old_item in await self._store.items(job_id)
            if old_item.status in RETRYABLE_STATUSES
        ]
        if not old_job.status.was_sent:
            raise IllegalChoiceError(
                N_("The job hasn’t been sent yet."), hint=N_("“repartee batch resume” sends it.")
            )
        if not old_job.status.is_over:
            raise IllegalChoiceError(N_("The job is still running."))
        if not unanswered:
            raise IllegalChoiceError(
                N_("Every file that was sent has a response."),
                hint=N_("There is nothing to retry."),
            )
        profile = await self._records.profile_of(old_job)
        info = self._records.info(old_job, profile)
        job = BatchJob(
            id=new_id(),
            choice=old_job.choice,
            title=old_job.title,
            task=old_job.task,
            created_at=now(),
            template_id=old_job.template_id,
            base_url=old_job.base_url,
            api=old_job.api,
            instructions=old_job.instructions,
            parameters=old_job.parameters,
            examples=old_job.examples,
            purpose=old_job.purpose,
        )
        items = [
            BatchItem(
                job_id=job.id,
                number=number,
                name=old_item.name,
                path=old_item.path,
                # The documents of files that were read are stored, so they are not read again.
                status=ItemStatus.UNREAD if old_item.part is None else ItemStatus.READ,
                part=old_item.part,
                tokens=old_item.tokens,
                prompt=old_item.prompt,
            )
            for number, old_item in enumerate(unanswered, start=1)
        ]
        await self._store.create(job, items)
        if any(item.part is None for item in items):  # never read; `prepare` reads them
            return job
        return await self._estimate(job, profile, info)

    async def remove(self, job_id: str) -> None:
        """Delete a job that has ended or was never sent.

        Raises:
            IllegalChoiceError: the job is under way.
        """
        job = await self._store.get(job_id)
        if job is not None and job.status.was_sent and not job.status.is_over:
            raise IllegalChoiceError(N_("The job is still running."), hint=N_("Cancel it first."))
        await self._store.remove(job_id)
        self._records.on_change(job_id)

    # -- under way

    async def cancel(self, job_id: str) -> BatchJob:
        """Cancel a job.

        If nothing was sent, the job ends at once. Otherwise call `advance` next: it still fetches
        the answers that are complete by then.
        """
        job = await self._records.get(job_id)
        if job.status.is_over:
            return job
        self._canceled_job_ids.add(job_id)
        if not job.status.was_sent:
            await self._records.end_cancelled(replace(job, error=None), was_sent=False)
            return await self._records.get(job_id)
        await self._store.mark_cancelled(job_id)
        self._records.on_change(job_id)
        return await self._records.get(job_id)

    async def advance(self, job_id: str) -> float | None:
        """Do the next steps of a started job. Return the seconds until the next call.

        Return None if the job is not under way, or waits for the user. A job's errors are stored.

        Raises:
            StorageError: the store fails; the call can be repeated.
        """
        job = await self._store.get(job_id)
        if job is None or job.status.is_over or not job.status.was_sent:
            return None
        try:
            profile = await self._records.profile_of(job)
            provider = await self._gateway.batches(profile)
            await self._steps.run(job, profile, provider)
        except ProviderError as error:
            return await self._handle_failure(job_id, error)
        except (IllegalChoiceError, CredentialError) as error:
            await self._store_error(job_id, note_from_error(error))
            return None
        job = await self._records.get(job_id)
        if job.status.is_over:
            return None
        return poll_delay_s(job)

    async def _handle_failure(self, job_id: str, error: ProviderError) -> float | None:
        """Handle a failed step. Return the seconds until the next try; None for no retry."""
        job = await self._records.get(job_id)
        has_batch = any(u.batch_id or u.is_creating for u in job.uploads)
        is_final = is_final_refusal(error)
        if is_final and not has_batch and not job.is_cancelled:
            # Nothing was created, so nothing is billed and the user may start the job again.
            note = note_from_error(error)
            await self._records.save(replace(job, status=BatchStatus.READY, held=None, error=note))
            return None
        # A canceled job has nothing to wait for if the provider does not know its batches.
        if job.is_cancelled and is_unknown(error):
            for upload in job.uploads:
                if not upload.is_fetched:
                    await self._steps.end_unknown(upload, error)
            await self._records.end_cancelled(await self._records.get(job.id), was_sent=False)
            return None
        await self._store_error(
            job_id, note_from_error(error.with_hint(N_("Repartee is trying again.")))
        )
        return REFUSED_RETRY_S if is_final else RETRY_S

    async def _store_error(self, job_id: str, error: ErrorNote) -> None:
        job = await self._records.get(job_id)
        if job.error != error:
            await self._records.save(replace(job, error=error))


def poll_delay_s(job: BatchJob) -> float:
    """Return the seconds until a job is polled again; older jobs are polled less often."""
    started_at = job.started_at or job.created_at
    age_s = (now() - started_at).total_seconds()
    for min_age_s, interval_s in _POLL_INTERVALS:
        if age_s >= min_age_s:
            return interval_s
    return _FIRST_POLL_INTERVAL_S


def _task_refusal(files: Sequence[object], task: str, documents: int) -> IllegalChoiceError | None:
    """Return why the task cannot be asked of each file; None if it can.

    Args:
        documents: the number of documents that the task is about.
    """
    if not files:
        return IllegalChoiceError(N_("There are no files."), hint=N_("Add at least one."))
    if documents > 1:
        return IllegalChoiceError(
            N_("This prompt compares two documents, but a batch reads each file separately."),
            hint=N_("Choose another prompt."),
        )
    if not task.strip():
        return IllegalChoiceError(N_("Enter a message for the files."))
    return None
