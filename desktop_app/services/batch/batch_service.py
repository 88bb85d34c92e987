"""Batch jobs: one question to each of many files, at half price.

    create     stores the job and the names of its files; reads nothing
    prepare    reads and counts each file; records why a file cannot be read, and continues
    start      runs after the user has accepted the cost; the input counts against the cap
    advance    does the next steps: upload, poll, fetch; returns when to call it again

Each step is stored before it is taken, so a job continues after a crash, at the next start or in
another process. Only one process runs a job at a time: see `claim` of storage/batch/batch_store.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerGrammar
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BATCH_TIER,
    RETRYABLE,
    BatchFile,
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    BatchUpload,
    ItemStatus,
    batch_refusal,
    combined_status,
    estimate_batch,
)
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now, title_from
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.error_note import ErrorNote, note_of
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    CredentialError,
    EndpointMissingError,
    IllegalChoiceError,
    ProviderError,
)
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.spending.cost import Price, cost_of
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.services.batch.batch_ports import (
    BatchGateway,
    BatchProvider,
    BatchStorage,
    Profiles,
)
from desktop_app.services.batch.batch_preparation import BatchPreparer, OnProgress
from desktop_app.services.batch.batch_results import ResultFetcher
from desktop_app.services.batch.batch_upload import BatchSender, is_final_refusal
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.documents.image_attachments import page_tokens
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.ports import NeedsOf
from desktop_app.services.spending.budget import Budget
from desktop_app.services.structured.requested_form import chosen_form

RETRY_S: Final = 60.0
"""Seconds until the next try after a failed step."""
REFUSED_RETRY_S: Final = 300.0
"""Seconds until the next try if the provider refuses, as for a batch that it does not know."""
# The age of the job in seconds, and the seconds between two polls from that age on.
_POLL_INTERVALS: Final = ((0.0, 5.0), (60.0, 15.0), (600.0, 60.0), (7200.0, 300.0))
NO_SETTINGS: Final = AskSettings()


class BatchService:
    """Creation and runs of batch jobs.

    Args:
        changed: called with the id of a job whenever the job changes.
    """

    def __init__(
        self,
        *,
        store: BatchStorage,
        gateway: BatchGateway,
        preparer: BatchPreparer,
        sender: BatchSender,
        budget: Budget,
        models_of: Callable[[ProviderProfile], ProviderModels],
        profiles: Profiles,
        changed: Callable[[str], None],
        needs_of: NeedsOf,
    ) -> None:
        self.store = store
        self.changed = changed
        self._gateway = gateway
        self._preparer = preparer
        self._sender = sender
        self._budget = budget
        self._models_of = models_of
        self._profiles = profiles
        self._needs_of = needs_of
        self._stopped: set[str] = set()  # the ids of canceled jobs

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
            settings: of these, the job has the instructions, parameters and examples.

        Raises:
            IllegalChoiceError: there are no files or no task, the task compares documents, the
                form is a grammar, or the provider has no batches.
            ProviderError, CredentialError: there is no key.
        """
        profile, info = resolved.profile, resolved.model
        needs = await self._needs_of(template_id)
        why = batch_refusal(profile, info) or _task_refusal(files, task, needs.documents)
        if why:
            raise why
        parameters = settings.parameters
        parameters = replace(parameters, form=parameters.form or needs.form)
        if isinstance(await chosen_form(parameters.form), AnswerGrammar):
            raise IllegalChoiceError(Reason.GRAMMAR_IN_BATCH)
        await self._gateway.batches(profile)  # fails without a key, before any file is read
        learned = await self._gateway.learned_support(profile, info.id)
        job = BatchJob(
            job_id or new_id(),
            ModelChoice(profile.id, info.id, resolved.variant, resolved.effort),
            title or title_from(task),
            task,
            now(),
            template_id=template_id,
            base_url=profile.base_url,
            # While a server's API is unknown, its batches use the API that every server has.
            api=first_api(profile, info, learned.api) or Api.CHAT_COMPLETIONS,
            instructions=settings.instructions,
            parameters=parameters,
            examples=settings.examples,
            purpose=purpose,
        )
        items = [
            BatchItem(job.id, number, file.name, file.path, prompt=file.prompt)
            for number, file in enumerate(files, start=1)
        ]
        await self.store.create(job, items)
        return job

    async def prepare(self, job_id: str, on_progress: OnProgress | None = None) -> BatchJob:
        """Read and count the files that have not been read.

        The job is then READY, unless it was canceled. A job that is not PREPARING does not change.

        Raises:
            UserFacingError: the provider was removed, or the store fails.
        """
        job = await self._job(job_id)
        if job.status is not BatchStatus.PREPARING:
            return job
        profile = await self._profile_of(job)
        info = self._info(job, profile)
        await self._preparer.prepare(job, profile, info, on_progress)
        job = await self._job(job_id)
        if job.status is not BatchStatus.PREPARING:  # canceled in the meantime
            await self._mark_never_sent(job)
            return job
        return await self._estimate(job, profile, info)

    async def _estimate(self, job: BatchJob, profile: ProviderProfile, info: ModelInfo) -> BatchJob:
        """Save the estimate and make the job READY, unless it was canceled meanwhile."""
        rows = await self.store.items(job.id)
        read = [row for row in rows if row.status is ItemStatus.READ]
        tokens = [row.tokens for row in read]
        documents = [row.part for row in read if isinstance(row.part, DocumentPart)]
        pages = sum(len(part.seen_pages) for part in documents)
        images = (pages, sum(page_tokens(part, info)[0] for part in documents))
        prices = (self._price(profile, info, BATCH_TIER), self._price(profile, info, None))
        left_out = len(rows) - len(tokens)
        estimate = estimate_batch(tokens, left_out, *prices, job.expected_answer_tokens, images)
        if job.id in self._stopped:  # canceled during the estimate
            return await self._job(job.id)
        return await self._save(replace(job, status=BatchStatus.READY, estimate=estimate))

    async def start(self, job_id: str) -> BatchJob:
        """Start a job that the user has confirmed. A job that is not READY does not change.

        Raises:
            SpendingCapError, IllegalChoiceError: the job is not sent and does not change.
        """
        job = await self._job(job_id)
        if job.status is not BatchStatus.READY:
            return job
        profile = await self._profile_of(job)
        info = self._info(job, profile)
        why = batch_refusal(profile, info)
        if not why and not job.estimate.files:
            why = IllegalChoiceError(Reason.BATCH_NOTHING_TO_SEND)
        if why:
            raise why
        cost = job.estimate.input_cost
        await self._budget.require_price(profile, info, self._price(profile, info, BATCH_TIER))
        async with await self._budget.hold(profile, cost):
            started = replace(
                job, status=BatchStatus.UPLOADING, started_at=now(), held=cost, error=None
            )
            return await self._save(started)

    async def create_retry(self, job_id: str) -> BatchJob:
        """Create a job from the files of a job that can be retried; call `prepare` next.

        These are the files without an answer, except those that were left out.

        Raises:
            IllegalChoiceError: no file can be retried, or the job is under way.
        """
        old = await self._job(job_id)
        unanswered = [row for row in await self.store.items(job_id) if row.status in RETRYABLE]
        if not unanswered or not old.status.is_over:
            raise IllegalChoiceError(
                Reason.BATCH_NOTHING_LEFT if old.status.is_over else Reason.BATCH_UNDER_WAY
            )
        profile = await self._profile_of(old)
        info = self._info(old, profile)
        job = BatchJob(
            new_id(),
            old.choice,
            old.title,
            old.task,
            now(),
            template_id=old.template_id,
            base_url=old.base_url,
            api=old.api,
            instructions=old.instructions,
            parameters=old.parameters,
            examples=old.examples,
            purpose=old.purpose,
        )
        items = [
            BatchItem(
                job.id,
                number,
                row.name,
                row.path,
                ItemStatus.UNREAD if row.part is None else ItemStatus.READ,
                row.part,
                row.tokens,
                prompt=row.prompt,
            )
            for number, row in enumerate(unanswered, start=1)
        ]
        await self.store.create(job, items)
        if any(item.part is None for item in items):  # never read; `prepare` reads them
            return job
        return await self._estimate(job, profile, info)

    async def remove(self, job_id: str) -> None:
        """Delete a job that has ended or was never sent.

        Raises:
            IllegalChoiceError: the job is under way.
        """
        job = await self.store.get(job_id)
        if job is not None and job.status.was_sent and not job.status.is_over:
            raise IllegalChoiceError(Reason.BATCH_UNDER_WAY, remedy=Remedy.CANCEL_FIRST)
        await self.store.remove(job_id)
        self.changed(job_id)

    # -- under way

    async def cancel(self, job_id: str) -> BatchJob:
        """Cancel a job.

        If nothing was sent, the job ends at once. Otherwise call `advance` next: it still fetches
        the answers that are complete by then.
        """
        job = await self._job(job_id)
        if job.status.is_over:
            return job
        self._stopped.add(job_id)
        if not job.status.was_sent:
            await self._end_cancelled(replace(job, error=None), was_sent=False)
            return await self._job(job_id)
        await self.store.mark_cancelled(job_id)
        self.changed(job_id)
        return await self._job(job_id)

    async def advance(self, job_id: str) -> float | None:
        """Do the next steps of a started job. Return the seconds until the next call.

        Return None if the job is not under way, or waits for the user. Its errors are stored.

        Raises:
            StorageError: the store fails; the call can be repeated.
        """
        job = await self.store.get(job_id)
        if job is None or job.status.is_over or not job.status.was_sent:
            return None
        try:
            profile = await self._profile_of(job)
            provider = await self._gateway.batches(profile)
            await self._run_step(job, profile, provider)
        except ProviderError as error:
            return await self._handle_failure(job_id, error)
        except (IllegalChoiceError, CredentialError) as error:
            await self._store_error(job_id, note_of(error))
            return None
        job = await self._job(job_id)
        return None if job.status.is_over else poll_delay_s(job)

    async def _run_step(
        self, job: BatchJob, profile: ProviderProfile, provider: BatchProvider
    ) -> None:
        """Send unsent files, poll the batches, and set the job's status.

        If sending or a poll fails, the other batches are still polled; then the error is raised.
        """
        info = self._info(job, profile)
        failure: ProviderError | None = None
        try:
            if job.is_cancelled:
                self._stopped.add(job.id)
                await self._find_created_batches(job, provider)
            else:
                await self._sender.send(job, info, provider, lambda: job.id in self._stopped)
        except ProviderError as error:
            failure = error
        self.changed(job.id)
        job = await self._job(job.id)
        errors: list[ErrorNote | None] = []
        for upload in job.uploads:
            if not upload.batch_id or upload.is_fetched:
                continue
            try:
                errors.append(await self._poll(job, profile, info, provider, upload))
            except ProviderError as error:
                if job.is_cancelled and _is_unknown(error):
                    await self._end_unknown(upload, error)
                else:
                    failure = failure or error
        if failure is not None:
            raise failure
        job = await self._job(job.id)
        await self._update_status(replace(job, error=next(filter(None, errors), None)))

    async def _find_created_batches(self, job: BatchJob, provider: BatchProvider) -> None:
        """Find the batches of a canceled job that a crash may have left unrecorded."""
        for upload in job.uploads:
            if not upload.batch_id and upload.is_creating:
                batch = await provider.find(upload.name, upload.input_file_id)
                found = replace(upload, is_creating=False)
                if batch is not None:
                    status = batch.status or BatchStatus.VALIDATING
                    found = replace(found, batch_id=batch.id, status=status)
                await self.store.save_upload(found)

    async def _poll(
        self,
        job: BatchJob,
        profile: ProviderProfile,
        info: ModelInfo,
        provider: BatchProvider,
        upload: BatchUpload,
    ) -> ErrorNote | None:
        """Poll a batch. Cancel it if the job is canceled, and fetch its results once it has ended.

        Return the error of unusable result lines; None if there are none, or before the end.
        """
        batch = await provider.fetch(upload.batch_id)
        status = batch.status or upload.status
        is_ending = status.is_over or status is BatchStatus.CANCELLING
        if (job.is_cancelled or job.id in self._stopped) and not is_ending:
            try:
                batch = await provider.cancel(upload.batch_id)
            except ProviderError as error:
                if not is_final_refusal(error) and error.status != 409:
                    raise
                batch = await provider.fetch(upload.batch_id)  # the batch has just ended
            status = batch.status or BatchStatus.CANCELLING
        upload = replace(
            upload,
            status=status,
            output_file_id=batch.output_file_id,
            error_file_id=batch.error_file_id,
            total=batch.total,
            completed=batch.completed,
            failed=batch.failed,
        )
        await self.store.save_upload(upload)
        self.changed(job.id)
        if not status.is_over:
            return None
        resolved = self._models_of(profile).choice_of(info, service_tier=BATCH_TIER)
        fetcher = ResultFetcher(
            self.store, provider, job, upload, lambda result: _cost(resolved, result)
        )
        return await fetcher.fetch(replace(batch, status=status))

    async def _update_status(self, job: BatchJob) -> None:
        """Set the job's status from its uploads."""
        sent = [upload for upload in job.uploads if upload.batch_id]
        unfetched = [upload for upload in sent if not upload.is_fetched]
        is_stopped = job.is_cancelled or job.id in self._stopped
        if is_stopped and not unfetched:
            await self._end_cancelled(job, bool(sent))
            return
        status = combined_status(sent) if sent else BatchStatus.UPLOADING
        if not sent and not await self._has_unsent_files(job.id):
            status = BatchStatus.FAILED  # no file could be sent
        if status.is_over and (unfetched or await self._has_unsent_files(job.id)):
            status = BatchStatus.FINALIZING
        if not status.is_over:
            await self._save(replace(job, status=status))
            return
        await self._save(replace(job, status=status, ended_at=now(), held=None))

    async def _end_cancelled(self, job: BatchJob, was_sent: bool) -> None:
        await self._mark_never_sent(job)
        status = combined_status(u for u in job.uploads if u.batch_id) if was_sent else None
        # If the cancellation came too late, every answer is there.
        is_complete = status is BatchStatus.COMPLETED
        status = BatchStatus.COMPLETED if is_complete else BatchStatus.CANCELLED
        await self._save(replace(job, status=status, ended_at=now(), held=None))

    async def _mark_never_sent(self, job: BatchJob) -> None:
        """Mark the unsent files of a canceled job, so that a retry takes them over."""
        why = ErrorNote(Reason.ITEM_NEVER_SENT)
        for row in await self.store.items(job.id):
            if row.status in (ItemStatus.READ, ItemStatus.UNREAD):
                await self.store.save_item(replace(row, status=ItemStatus.UNANSWERED, error=why))

    async def _has_unsent_files(self, job_id: str) -> bool:
        return any(row.status is ItemStatus.READ for row in await self.store.items(job_id))

    async def _handle_failure(self, job_id: str, error: ProviderError) -> float | None:
        """Handle a failed step. Return the seconds until the next try; None for no retry."""
        job = await self._job(job_id)
        has_batch = any(u.batch_id or u.is_creating for u in job.uploads)
        is_final = is_final_refusal(error)
        if is_final and not has_batch and not job.is_cancelled:
            # Nothing was created, so nothing is billed and the user may start the job again.
            why = note_of(error)
            await self._save(replace(job, status=BatchStatus.READY, held=None, error=why))
            return None
        if job.is_cancelled and _is_unknown(error):
            for upload in job.uploads:
                if not upload.is_fetched:
                    await self._end_unknown(upload, error)
            await self._end_cancelled(await self._job(job.id), was_sent=False)
            return None
        await self._store_error(job_id, replace(note_of(error), remedy=Remedy.ASKED_AGAIN))
        return REFUSED_RETRY_S if is_final else RETRY_S

    async def _end_unknown(self, upload: BatchUpload, error: ProviderError) -> None:
        """End an upload of a canceled job, because the provider does not know its batch."""
        ended = replace(upload, status=BatchStatus.CANCELLED)
        why = ErrorNote(Reason.BATCH_UNKNOWN_THERE, because=note_of(error))
        await self.store.end_upload(ended, ItemStatus.UNANSWERED, why, {})

    async def _store_error(self, job_id: str, error: ErrorNote) -> None:
        job = await self._job(job_id)
        if job.error != error:
            await self._save(replace(job, error=error))

    # -- lookups

    async def _job(self, job_id: str) -> BatchJob:
        job = await self.store.get(job_id)
        if job is None:
            raise IllegalChoiceError(Reason.BATCH_GONE)
        return job

    async def _save(self, job: BatchJob) -> BatchJob:
        await self.store.save(job)
        self.changed(job.id)
        return await self._job(job.id)

    async def _profile_of(self, job: BatchJob) -> ProviderProfile:
        """Return a provider with the job's address: the job's own, or else another one.

        Raises:
            IllegalChoiceError: no such provider is configured.
        """
        profiles = await self._profiles()
        at_address = [p for p in profiles if p.base_url == job.base_url]
        for profile in (*(p for p in at_address if p.id == job.choice.provider_id), *at_address):
            if profile.kind is not ProviderKind.ON_DEVICE:
                return profile
        raise IllegalChoiceError(Reason.BATCH_PROVIDER_GONE, address=job.base_url)

    def _info(self, job: BatchJob, profile: ProviderProfile) -> ModelInfo:
        return self._models_of(profile).info(job.choice.model)

    def _price(self, profile: ProviderProfile, info: ModelInfo, tier: str | None) -> Price | None:
        """Return the tier's price, else the ordinary one as an upper bound; None if unknown."""
        return self._models_of(profile).choice_of(info, service_tier=tier).counted_price


def poll_delay_s(job: BatchJob) -> float:
    """Return the seconds until a job is polled again; older jobs are polled less often."""
    began = job.started_at or job.created_at
    age = (now() - began).total_seconds()
    intervals = reversed(_POLL_INTERVALS)
    return next(interval for since, interval in intervals if age >= since or since == 0.0)


def _is_unknown(error: ProviderError) -> bool:
    """Return True if the provider does not know a batch."""
    return error.status == 404 or isinstance(error, EndpointMissingError)


def _cost(resolved: ResolvedChoice, result: BatchResult) -> Decimal | None:
    """Return the US dollars of a result; None without usage or a known price.

    If another model has answered, only a certain price counts as known.
    """
    return cost_of(resolved.answered_by(result.answered_by).counted_price, result.usage)


def _task_refusal(files: Sequence[object], task: str, documents: int) -> IllegalChoiceError | None:
    """Return why the task cannot be asked of each file; None if it can."""
    if not files:
        return IllegalChoiceError(Reason.BATCH_WITHOUT_FILES)
    if documents > 1:
        return IllegalChoiceError(Reason.BATCH_OF_PAIRS)
    return None if task.strip() else IllegalChoiceError(Reason.BATCH_WITHOUT_QUESTION)
