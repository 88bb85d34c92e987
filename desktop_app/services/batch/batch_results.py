"""Fetches the results of a batch that has ended, and gives them to its files, in any order."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerForm, AnswerSchema
from desktop_app.domain.batch.batch_jobs import (
    SCHEMA_PROBLEM,
    BatchItem,
    BatchJob,
    BatchResult,
    BatchStatus,
    ItemStatus,
    RemoteBatch,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError, Param, ProviderError
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_files import form_of_job
from desktop_app.services.batch.batch_ports import BatchProvider, BatchStorage, CostOf
from desktop_app.services.structured.schema_check import check_answer

RESULTS_AT_ONCE: Final = 200
"""Results stored in one transaction."""

_WITHOUT_RESULT: Final = {
    BatchStatus.COMPLETED: N_("The provider sent no result."),
    BatchStatus.EXPIRED: N_("Not processed within 24 hours. Not charged."),
    BatchStatus.CANCELLED: N_("The job was canceled first. Not charged."),
    BatchStatus.FAILED: N_("The provider couldn’t run the batch. Not charged."),
}
"""Why a file has no result, by the final status of its batch."""


async def fetch_results(
    store: BatchStorage, provider: BatchProvider, job: BatchJob, batch: RemoteBatch, cost_of: CostOf
) -> ErrorNote | None:
    """Store the results of a batch. Return the error of unusable lines; None if there are none.

    After an interruption, a second call starts over: stored results stay and are billed once.

    Raises ProviderError, StorageError.
    """
    form: AnswerForm | None = None
    # A job from somebody else's backup may have an invalid form. Its answers are not checked.
    with suppress(IllegalChoiceError):
        form = await form_of_job(job)
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
        except ProviderError as error:
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
    params: dict[str, Param] = {"path": problems[0].path, "words": problems[0].reason}
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


def missing_result_note(status: BatchStatus, batch: RemoteBatch) -> ErrorNote:
    """Return why files of a batch with this final status have no result."""
    # Three errors are enough for a sentence.
    words = "; ".join(
        error.message.rstrip(".") for error in batch.errors[:3] if error.message and error.line == 0
    )
    if status is BatchStatus.FAILED and words:
        return ErrorNote(N_("The provider rejected the batch: {words}."), params={"words": words})
    return ErrorNote(_WITHOUT_RESULT[status])
