"""The steps of batch jobs that were sent: upload, poll, fetch.

A job has one or more uploads. Each is a file of requests, for which the provider creates a batch.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BATCH_TIER,
    BatchJob,
    BatchResult,
    BatchStatus,
    BatchUpload,
    ItemStatus,
    combined_status,
)
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import EndpointMissingError, ProviderError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.spending.cost import cost_of
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchProvider
from desktop_app.services.batch.batch_results import ResultFetcher
from desktop_app.services.batch.batch_upload import BatchSender, is_final_refusal
from desktop_app.services.batch.job_records import JobRecords
from desktop_app.services.models.choice_resolution import ResolvedChoice


class BatchSteps:
    """The steps of jobs that were sent.

    Args:
        canceled_job_ids: the caller adds an id when the user cancels a job, even while a step runs.
    """

    def __init__(
        self, records: JobRecords, sender: BatchSender, canceled_job_ids: set[str]
    ) -> None:
        self._records = records
        self._store = records.store
        self._sender = sender
        self._canceled_job_ids = canceled_job_ids

    async def run(self, job: BatchJob, profile: ProviderProfile, provider: BatchProvider) -> None:
        """Send unsent files, poll the batches, and set the job's status.

        If sending or a poll fails, the other batches are still polled; then the first error is
        raised.
        """
        info = self._records.info(job, profile)
        failure: ProviderError | None = None
        try:
            if job.is_cancelled:
                self._canceled_job_ids.add(job.id)
                await self._find_created_batches(job, provider)
            else:
                await self._sender.send(
                    job, info, provider, lambda: job.id in self._canceled_job_ids
                )
        except ProviderError as error:
            failure = error
        self._records.on_change(job.id)
        job = await self._records.get(job.id)
        errors: list[ErrorNote | None] = []
        for upload in job.uploads:
            if not upload.batch_id or upload.is_fetched:
                continue
            try:
                error_note = await self._poll(job, profile, info, provider=provider, upload=upload)
                errors.append(error_note)
            except ProviderError as error:
                if job.is_cancelled and is_unknown(error):
                    await self.end_unknown(upload, error)
                else:
                    failure = failure or error
        if failure is not None:
            raise failure
        job = await self._records.get(job.id)
        first_error = next((error for error in errors if error is not None), None)
        await self._update_status(replace(job, error=first_error))

    async def _find_created_batches(self, job: BatchJob, provider: BatchProvider) -> None:
        """Find the batches of a canceled job that a crash may have left unrecorded."""
        for upload in job.uploads:
            if upload.batch_id or not upload.is_creating:
                continue
            batch = await provider.find(upload.name, upload.input_file_id)
            checked_upload = replace(upload, is_creating=False)
            if batch is not None:
                status = batch.status or BatchStatus.VALIDATING
                checked_upload = replace(checked_upload, batch_id=batch.id, status=status)
            await self._store.save_upload(checked_upload)

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
        if (job.is_cancelled or job.id in self._canceled_job_ids) and not is_ending:
            try:
                batch = await provider.cancel(upload.batch_id)
            except ProviderError as error:
                # Providers refuse to cancel a batch that has just ended, some with 409.
                if not is_final_refusal(error) and error.status != 409:
                    raise
                batch = await provider.fetch(upload.batch_id)
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
        await self._store.save_upload(upload)
        self._records.on_change(job.id)
        if not status.is_over:
            return None
        resolved = self._records.models_of(profile).choice_of(info, service_tier=BATCH_TIER)
        fetcher = ResultFetcher(
            self._store,
            provider,
            job,
            upload,
            cost_of=lambda result: _result_cost(resolved, result),
        )
        return await fetcher.fetch(replace(batch, status=status))

    async def _update_status(self, job: BatchJob) -> None:
        """Set the job's status from its uploads."""
        sent_uploads = [upload for upload in job.uploads if upload.batch_id]
        unfetched_uploads = [upload for upload in sent_uploads if not upload.is_fetched]
        is_stopped = job.is_cancelled or job.id in self._canceled_job_ids
        if is_stopped and not unfetched_uploads:
            await self._records.end_cancelled(job, was_sent=bool(sent_uploads))
            return
        if sent_uploads:
            status = combined_status(sent_uploads)
            # The job is not over before all results are stored and all files are sent.
            if status.is_over and (unfetched_uploads or await self._store.has_unsent_files(job.id)):
                status = BatchStatus.FINALIZING
        elif await self._store.has_unsent_files(job.id):
            status = BatchStatus.UPLOADING
        else:
            status = BatchStatus.FAILED  # no file could be sent
        if status.is_over:
            job = replace(job, ended_at=now(), held=None)
        await self._records.save(replace(job, status=status))

    async def end_unknown(self, upload: BatchUpload, error: ProviderError) -> None:
        """End an upload of a canceled job, because the provider does not know its batch."""
        ended_upload = replace(upload, status=BatchStatus.CANCELLED)
        note = ErrorNote(
            N_("The provider no longer has this batch."), params={"words": error.what_happened}
        )
        await self._store.end_upload(ended_upload, ItemStatus.UNANSWERED, note, {})


def is_unknown(error: ProviderError) -> bool:
    """Return True if the provider does not know a batch."""
    return error.status == 404 or isinstance(error, EndpointMissingError)


def _result_cost(resolved: ResolvedChoice, result: BatchResult) -> Decimal | None:
    """Return the US dollars of a result; None without usage or a known price.

    If another model has answered, only a certain price counts as known.
    """
    answering_choice = resolved.with_reply_model(result.answered_by)
    return cost_of(answering_choice.counted_price, result.usage)
