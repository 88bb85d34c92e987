"""Batch jobs: one question to each of many files, at half price.

    create     stores the job and the names of its files; reads nothing
    prepare    reads and counts each file; records why a file cannot be read, and continues
    start      runs after the user has accepted the cost; the input counts against the cap
    advance    does the next step: sends, polls, fetches; returns when to call it again

A job continues after a crash, at the next start or in another process, from what is stored. It is
sent as one file, of which one batch is made. A second file costs nothing, but a second batch is
billed again: once the file's id is stored, a batch may exist, so that the provider's list of
batches is searched before one is created. Only one process runs a job at a time: see `claim` of
batch/batch_store.py.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Final

from desktop_app.batch.batch_files import BatchFiles, CostOf, OnProgress, Profiles, image_pages
from desktop_app.batch.batch_store import BatchStore
from desktop_app.chat.passage_context import find_passages
from desktop_app.chat.send_context import AskSettings, SendContext
from desktop_app.chat.structured.answer_forms import load_form
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import AnswerGrammar, AnswerSchema
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Draft,
    ModelChoice,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.cost import (
    CallCost,
    CountedCost,
    Price,
    Received,
    Usage,
    cost_of,
    counted_cost,
)
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.parameter_support import first_api
from desktop_app.i18n.translation import N_
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.jobs.batch_client import BatchClient
from desktop_app.providers.jobs.batch_jobs import (
    BATCH_TIER,
    REFUSED_RETRY_S,
    RETRY_S,
    RETRYABLE_STATUSES,
    SCHEMA_PROBLEM,
    BatchCounts,
    BatchEstimate,
    BatchFile,
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    ItemStatus,
    RemoteBatch,
    batch_refusal,
    estimate_batch,
    is_final_refusal,
    missing_result_note,
    poll_delay_s,
)
from desktop_app.providers.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.providers.ports import RequirementsLoader
from desktop_app.spending.budget import Budget
from desktop_app.tools.schema_check import check_answer

RESULTS_AT_ONCE: Final = 200
"""Results stored in one transaction."""

NO_SETTINGS: Final = AskSettings()


class BatchService:
    """Creation and runs of batch jobs.

    Args:
        models_of: returns the models of a provider.
        on_change: called with the id of a job whenever the job changes.
    """

    def __init__(
        self,
        files: BatchFiles,
        *,
        gateway: ProviderGateway,
        profiles: Profiles,
        models_of: Callable[[ProviderProfile], ProviderModels],
        budget: Budget,
        load_requirements: RequirementsLoader,
        on_change: Callable[[str], None],
    ) -> None:
        self._files = files
        self._store = files.store
        self._gateway = gateway
        self._profiles = profiles
        self._models_of = models_of
        self._budget = budget
        self._load_requirements = load_requirements
        self._on_change = on_change

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
        job_id: str = "",
        folder_id: str = "",
    ) -> BatchJob:
        """Store a new job that asks `task` of each of `files`.

        Args:
            settings: the job gets their instructions, parameters and examples, and passages from
                the files of their folder.

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
            raise errors.IllegalChoiceError(
                N_("Batch jobs don’t support grammars."), hint=N_("Use a JSON Schema.")
            )
        await self._gateway.batches(profile)  # only to fail without a key before any file is read
        context = SendContext([], resolved, settings=settings)
        passages = await find_passages(self._files.passages, context, Draft(task))
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
            folder_id=folder_id,
            passages=passages,
        )
        items = [
            BatchItem(job.id, number, file.name, file.path)
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
        job = await self._get(job_id)
        if job.status is not BatchStatus.PREPARING:
            return job
        profile = await self._profile_of(job)
        info = self._info(job, profile)
        await self._files.prepare(job, profile, info, on_progress)
        job = await self._get(job_id)
        if job.status is not BatchStatus.PREPARING:  # canceled in the meantime
            await self._end_unsent(job)
            return job
        return await self._estimate(job, profile, info)

    async def _estimate(self, job: BatchJob, profile: ProviderProfile, info: ModelInfo) -> BatchJob:
        """Save the estimate and make the job READY, unless it was canceled meanwhile."""
        items = await self._store.items(job.id)
        read_items = [item for item in items if item.status is ItemStatus.READ]
        estimate = estimate_batch(
            [item.tokens for item in read_items],
            left_out=len(items) - len(read_items),
            batch_price=self._price(profile, info, BATCH_TIER),
            ordinary_price=self._price(profile, info, None),
            answer_tokens=job.expected_answer_tokens,
            images=image_pages(read_items, info),
        )
        return await self._save(replace(job, status=BatchStatus.READY, estimate=estimate))

    async def start(self, job_id: str) -> BatchJob:
        """Start a job that the user has confirmed. A job that is not READY does not change.

        Raises:
            SpendingCapError, IllegalChoiceError: the job is not sent and does not change.
        """
        job = await self._get(job_id)
        if job.status is not BatchStatus.READY:
            return job
        profile = await self._profile_of(job)
        info = self._info(job, profile)
        refusal = batch_refusal(profile, info)
        if not refusal and not job.estimate.files:
            refusal = errors.IllegalChoiceError(
                N_("None of the files can be sent."), hint=N_("Add other files.")
            )
        if refusal:
            raise refusal
        price = self._price(profile, info, BATCH_TIER)
        await self._budget.require_price(profile, info, price)
        answers = job.estimate.files * (
            job.parameters.max_output_tokens or job.expected_answer_tokens
        )
        cost = cost_of(price, Usage(job.estimate.input_tokens, 0, answers))
        async with await self._budget.hold(profile, CallCost.fixed(cost) if cost else None):
            started_job = replace(
                job, status=BatchStatus.UPLOADING, started_at=now(), held=cost, error=None
            )
            return await self._save(started_job)

    async def create_retry(self, job_id: str) -> BatchJob:
        """Create a job from the files of a job that can be retried; call `prepare` next.

        These are the files without an answer, except those that were left out.

        Raises:
            IllegalChoiceError: no file can be retried, or the job was not sent or is under way.
        """
        old_job = await self._get(job_id)
        unanswered = [
            old_item
            for old_item in await self._store.items(job_id)
            if old_item.status in RETRYABLE_STATUSES
        ]
        if not old_job.status.was_sent:
            raise errors.IllegalChoiceError(
                N_("The job hasn’t been sent yet."), hint=N_("“repartee batch resume” sends it.")
            )
        if not old_job.status.is_over:
            raise errors.IllegalChoiceError(N_("The job is still running."))
        if not unanswered:
            raise errors.IllegalChoiceError(
                N_("Every file that was sent has a response."),
                hint=N_("There is nothing to retry."),
            )
        profile = await self._profile_of(old_job)
        info = self._info(old_job, profile)
        job = replace(
            old_job,
            id=new_id(),
            created_at=now(),
            status=BatchStatus.PREPARING,
            started_at=None,
            ended_at=None,
            estimate=BatchEstimate(),
            error=None,
            is_cancelled=False,
            input_file_id="",
            batch_id="",
            remote_done=0,
            counts=BatchCounts(),
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
            raise errors.IllegalChoiceError(
                N_("The job is still running."), hint=N_("Cancel it first.")
            )
        await self._store.remove(job_id)
        self._on_change(job_id)

    # -- under way

    async def cancel(self, job_id: str) -> BatchJob:
        """Cancel a job.

        If nothing was sent, the job ends at once. Otherwise call `advance` next: it still fetches
        the answers that are complete by then.
        """
        job = await self._get(job_id)
        if job.status.is_over:
            return job
        if not job.status.was_sent:
            return await self._end_unsent(replace(job, error=None))
        await self._store.mark_cancelled(job_id)
        self._on_change(job_id)
        return await self._get(job_id)

    async def advance(self, job_id: str) -> float | None:
        """Do the next step of a started job. Return the seconds until the next call.

        Return None if the job is not under way, or waits for the user. A job's errors are stored.

        Raises:
            StorageError: the store fails; the call can be repeated.
        """
        job = await self._store.get(job_id)
        if job is None or job.status.is_over or not job.status.was_sent:
            return None
        try:
            profile = await self._profile_of(job)
            provider = await self._gateway.batches(profile)
            if not job.batch_id:
                job = await self._send(job, profile, provider)
            if job.batch_id:
                job = await self._poll(job, profile, provider)
        except errors.ProviderError as error:
            return await self._handle_failure(job_id, error)
        except (errors.IllegalChoiceError, errors.CredentialError) as error:
            await self._store_error(job_id, note_from_error(error))
            return None
        return None if job.status.is_over else poll_delay_s(job.started_at or job.created_at)

    async def _send(
        self, job: BatchJob, profile: ProviderProfile, provider: BatchClient
    ) -> BatchJob:
        """Upload the requests and create the batch, unless it exists or the job was canceled."""
        batch = None
        if job.input_file_id:
            batch = await provider.find(job.batch_name, job.input_file_id)
            job = await self._get(job.id)  # it may have been canceled meanwhile
        elif not job.is_cancelled:
            job = await self._upload(job, self._info(job, profile), provider)
        if batch is None:
            if job.status.is_over:
                return job
            if job.is_cancelled:
                return await self._end_unsent(job)
            batch = await self._create(job, provider)
        status = batch.status or BatchStatus.VALIDATING
        return await self._save(replace(job, batch_id=batch.id, status=status, error=None))

    async def _upload(self, job: BatchJob, info: ModelInfo, provider: BatchClient) -> BatchJob:
        with tempfile.TemporaryFile(dir=self._files.scratch) as file:
            last_number = await self._files.write_requests(file, job, info, provider)
            if not last_number:
                failed = replace(job, status=BatchStatus.FAILED, ended_at=now(), held=None)
                return await self._save(failed)
            file_id = await provider.upload(job.batch_name, file)
        await self._store.save_upload(job.id, file_id, last_number)
        self._on_change(job.id)
        return await self._get(job.id)

    async def _create(self, job: BatchJob, provider: BatchClient) -> RemoteBatch:
        try:
            return await provider.create(job.batch_name, job.input_file_id, job.api)
        except errors.ProviderError as error:
            if is_final_refusal(error):  # no batch was created
                await self._store.forget_upload(job.id)
                with suppress(errors.ProviderError):
                    await provider.delete_file(job.input_file_id)
            raise

    async def _poll(
        self, job: BatchJob, profile: ProviderProfile, provider: BatchClient
    ) -> BatchJob:
        """Poll the batch. Cancel it if the job is canceled, and fetch its results at its end."""
        batch = await provider.fetch(job.batch_id)
        job = await self._get(job.id)
        status = batch.status or job.status
        if job.is_cancelled and not status.is_over and status is not BatchStatus.CANCELLING:
            try:
                batch = await provider.cancel(job.batch_id)
            except errors.ProviderError as error:
                # Providers refuse to cancel a batch that has just ended, some with 409.
                if not is_final_refusal(error) and error.status != 409:
                    raise
                batch = await provider.fetch(job.batch_id)
            status = batch.status or BatchStatus.CANCELLING
        # The job is not over before all results are stored.
        shown_status = BatchStatus.FINALIZING if status.is_over else status
        job = await self._save(
            replace(job, status=shown_status, remote_done=batch.done, error=None)
        )
        if not status.is_over:
            return job
        choice = self._models_of(profile).choice_of(
            self._info(job, profile), service_tier=BATCH_TIER
        )

        # Without usage, a result counts as much as was held for each file.
        share = None
        if job.held is not None and job.estimate.files:
            share = CallCost.fixed(job.held / job.estimate.files)._replace(input=Decimal(0))

        def cost(result: BatchResult) -> CountedCost:
            return counted_cost(
                choice.counted_price,
                result.usage,
                share,
                is_certain=choice.has_certain_price_for(result.answered_by),
                received=Received.of([result.answer]),
            )

        error_note = await fetch_results(self._store, provider, job, batch, cost)
        if batch.input_file_id:
            with suppress(errors.ProviderError):  # the provider deletes the file later
                await provider.delete_file(batch.input_file_id)
        is_failed = status is BatchStatus.FAILED
        ended_status = status
        if job.is_cancelled and status is not BatchStatus.COMPLETED:
            ended_status = BatchStatus.CANCELLED
        await self._store.end(
            replace(job, status=ended_status, ended_at=now(), held=None, error=error_note),
            ItemStatus.FAILED if is_failed else ItemStatus.UNANSWERED,
            missing_result_note(status, batch),
            errors_by_number(await self._store.items(job.id), batch),
        )
        self._on_change(job.id)
        return await self._get(job.id)

    async def _handle_failure(self, job_id: str, error: errors.ProviderError) -> float | None:
        """Handle a failed step. Return the seconds until the next try; None for no retry."""
        job = await self._get(job_id)
        is_final = is_final_refusal(error)
        if is_final and not job.input_file_id and not job.is_cancelled:
            # No batch was created, so nothing is billed and the user may start the job again.
            note = note_from_error(error)
            await self._save(replace(job, status=BatchStatus.READY, held=None, error=note))
            return None
        # A canceled job has nothing to wait for if the provider does not know its batch.
        if job.is_cancelled and (
            error.status == 404 or isinstance(error, errors.EndpointMissingError)
        ):
            note = ErrorNote(
                N_("The provider no longer has this batch."), params={"words": error.what_happened}
            )
            await self._end_unsent(job, note)
            return None
        note = note_from_error(error.with_hint(N_("Repartee is trying again.")))
        await self._store_error(job_id, note)
        return REFUSED_RETRY_S if is_final else RETRY_S

    async def _store_error(self, job_id: str, error: ErrorNote) -> None:
        job = await self._get(job_id)
        if job.error != error:
            await self._save(replace(job, error=error))

    # -- the stored job, its provider and its model

    async def _get(self, job_id: str) -> BatchJob:
        """Return a job. Raises IllegalChoiceError if it was removed."""
        job = await self._store.get(job_id)
        if job is None:
            raise errors.IllegalChoiceError(N_("The batch job no longer exists."))
        return job

    async def _save(self, job: BatchJob) -> BatchJob:
        """Save a job and return it as it is stored."""
        await self._store.save(job)
        self._on_change(job.id)
        return await self._get(job.id)

    async def _end_unsent(self, job: BatchJob, note: ErrorNote | None = None) -> BatchJob:
        """End a canceled job without a batch; a retry takes over its files."""
        ended_job = replace(job, status=BatchStatus.CANCELLED, ended_at=now(), held=None)
        note = note or ErrorNote(N_("The job was canceled before it was sent. Not charged."))
        await self._store.end(ended_job, ItemStatus.UNANSWERED, note, {})
        self._on_change(job.id)
        return await self._get(job.id)

    async def _profile_of(self, job: BatchJob) -> ProviderProfile:
        """Return a provider with the job's address: the job's own, or else another one.

        Raises:
            IllegalChoiceError: no such provider is configured.
        """
        profiles = [
            profile
            for profile in await self._profiles()
            if profile.base_url == job.base_url and profile.kind is not ProviderKind.ON_DEVICE
        ]
        if not profiles:
            raise errors.IllegalChoiceError(
                N_("The provider of this job isn’t set up, but the job continues there."),
                hint=N_("Set up {address} to get its results."),
                address=job.base_url,
            )
        return next((p for p in profiles if p.id == job.choice.provider_id), profiles[0])

    def _info(self, job: BatchJob, profile: ProviderProfile) -> ModelInfo:
        return self._models_of(profile).info(job.choice.model)

    def _price(self, profile: ProviderProfile, info: ModelInfo, tier: str | None) -> Price | None:
        """Return the tier's price, else the ordinary one as an upper bound; None if unknown."""
        return self._models_of(profile).choice_of(info, service_tier=tier).counted_price


async def fetch_results(
    store: BatchStore, provider: BatchClient, job: BatchJob, batch: RemoteBatch, cost_of: CostOf
) -> ErrorNote | None:
    """Store the results of a batch. Return the error of unusable lines; None if there are none.

    After an interruption, a second call starts over: stored results stay and are billed once.

    Raises ProviderError, StorageError.
    """
    form = await load_form(job.parameters.form)
    unusable = 0
    for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
        unsaved: list[BatchResult] = []
        try:
            async with aclosing(provider.results(file_id, job.api)) as results:
                async for result in results:
                    if result is None:
                        unusable += 1
                        continue
                    if isinstance(form, AnswerSchema):
                        result = await asyncio.to_thread(_check_schema, form, result)
                    unsaved.append(result)
                    if len(unsaved) == RESULTS_AT_ONCE:
                        unusable += await store.save_results(job, unsaved, cost_of)
                        unsaved = []
        except errors.ProviderError as error:
            if error.status != 404:
                raise  # the caller tries again later
            unusable += 1  # the result file is gone, and its content unknown
        if unsaved:
            unusable += await store.save_results(job, unsaved, cost_of)
    if unusable:
        return ErrorNote(N_("Unusable lines in the results: {count}."), params={"count": unusable})
    return None


def _check_schema(form: AnswerSchema, result: BatchResult) -> BatchResult:
    """Return the result; if its answer does not match the schema, with the first mismatch."""
    if result.status is not ItemStatus.ANSWERED or result.error is not None:
        return result
    problems = check_answer(form.schema, result.answer).problems
    if not problems:
        return result
    params: dict[str, errors.Param] = {"path": problems[0].path, "words": problems[0].reason}
    note = ErrorNote(
        N_("The response doesn’t match the schema. {path}: {words}"),
        params=params,
        code=SCHEMA_PROBLEM,
    )
    return replace(result, error=note)


def errors_by_number(items: list[BatchItem], batch: RemoteBatch) -> dict[int, ErrorNote]:
    """Return the provider's errors on lines of the requests, by the number of the line's file."""
    # In the order of the lines, which count from 1; an error at line 0 concerns the whole batch.
    numbers = [item.number for item in items if item.status is not ItemStatus.LEFT_OUT]
    return {
        numbers[error.line - 1]: ErrorNote(
            N_("The provider rejected it: {words}"), params={"words": error.message}
        )
        for error in batch.errors
        if 0 < error.line <= len(numbers)
    }


def _task_refusal(
    files: Sequence[object], task: str, documents: int
) -> errors.IllegalChoiceError | None:
    """Return why the task cannot be asked of each file; None if it can.

    Args:
        documents: the number of documents that the task is about.
    """
    if not files:
        return errors.IllegalChoiceError(N_("There are no files."), hint=N_("Add at least one."))
    if documents > 1:
        return errors.IllegalChoiceError(
            N_("This prompt compares two documents, but a batch reads each file separately."),
            hint=N_("Choose another prompt."),
        )
    if not task.strip():
        return errors.IllegalChoiceError(N_("Enter a message for the files."))
    return None
