"""Fetches the results of a batch and assigns them to its files, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerForm, AnswerSchema
from desktop_app.domain.batch.batch_jobs import (
    SCHEMA_PROBLEM,
    BatchJob,
    BatchResult,
    BatchStatus,
    BatchUpload,
    ItemStatus,
    RemoteBatch,
    item_number,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import IllegalChoiceError, Param, ProviderError
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchProvider, BatchStorage, CostOf
from desktop_app.services.batch.batch_upload import form_of_job
from desktop_app.services.structured.schema_check import check_answer

MAX_RESULTS_AT_ONCE: Final = 200
"""Results stored in one transaction, an arbitrary number."""
MAX_CHARS_AT_ONCE: Final = 4_000_000
"""A transaction ends once its answers have more characters than this, an arbitrary number."""

_WITHOUT_RESULT: Final = {
    BatchStatus.COMPLETED: N_("The provider sent no result."),
    BatchStatus.EXPIRED: N_("Not processed within 24 hours. Not charged."),
    BatchStatus.CANCELLED: N_("The job was canceled first. Not charged."),
    BatchStatus.FAILED: N_("The provider couldn’t run the batch. Not charged."),
}
"""Why a file has no result, by the final status of its batch."""


class ResultFetcher:
    """Fetcher of the results of one upload, which also counts them.

    Attributes:
        answered: the custom ids of the job's files that have at least one answer.
        repeated: the custom ids of the job's files that have more than one answer.
        unreadable: the number of invalid lines; a result file that is gone counts as one.
        unknown: the number of results that match no file of the upload.
    """

    def __init__(
        self,
        store: BatchStorage,
        provider: BatchProvider,
        job: BatchJob,
        upload: BatchUpload,
        cost_of: CostOf,
    ) -> None:
        self._store = store
        self._provider = provider
        self._job = job
        self._upload = upload
        self._cost_of = cost_of
        self.answered: set[str] = set()
        self.repeated: set[str] = set()
        self.unreadable = 0
        self.unknown = 0

    async def fetch(self, batch: RemoteBatch) -> ErrorNote | None:
        """Store the results of a batch that has ended, delete its input file, and end its upload.

        Return the error of unusable lines; None if there are none.

        After an interruption, a second fetcher starts over: stored results stay and are billed
        once. Raises ProviderError, StorageError.
        """
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                await self._fetch_file(file_id)
        upload = self._upload
        if upload.input_file_id:
            with suppress(ProviderError):  # the provider deletes the file by itself later
                await self._provider.delete_file(upload.input_file_id)
        status = batch.status or BatchStatus.FAILED
        errors_by_number = await self._errors_by_item_number(batch)
        item_status = ItemStatus.FAILED if status is BatchStatus.FAILED else ItemStatus.UNANSWERED
        ended_upload = replace(upload, input_file_id="", is_uploading=False)
        await self._store.end_upload(
            ended_upload, item_status, _missing_result_note(status, batch), errors_by_number
        )
        return self._error

    async def _errors_by_item_number(self, batch: RemoteBatch) -> dict[int, ErrorNote]:
        """Return the provider's errors on lines of the upload, by the number of the line's file."""
        # Lines count from 1; an error at line 0 concerns the whole batch.
        errors_by_line = {error.line: error.message for error in batch.errors if error.line}
        if not errors_by_line:
            return {}
        items = await self._store.items(self._job.id)
        # In the order of the upload's lines.
        item_numbers = [item.number for item in items if item.upload == self._upload.number]
        return {
            item_numbers[line - 1]: ErrorNote(
                N_("The provider rejected it: {words}"), params={"words": words}
            )
            for line, words in errors_by_line.items()
            if line <= len(item_numbers)
        }

    @property
    def _error(self) -> ErrorNote | None:
        params: dict[str, Param] = {"unreadable": self.unreadable, "unknown": self.unknown}
        if self.unreadable and self.unknown:
            return ErrorNote(
                N_(
                    "Unreadable lines in the results: {unreadable}. Lines for unknown "
                    "files: {unknown}."
                ),
                params=params,
            )
        if self.unreadable:
            return ErrorNote(N_("Unreadable lines in the results: {unreadable}."), params=params)
        if self.unknown:
            return ErrorNote(
                N_("Lines for unknown files in the results: {unknown}."), params=params
            )
        return None

    async def _fetch_file(self, file_id: str) -> None:
        """Store the results in a file. Raises ProviderError, StorageError."""
        unsaved: list[BatchResult] = []
        characters = 0
        form: AnswerForm | None = None
        # A job from somebody else's backup may have an invalid form. Its answers are not checked.
        with suppress(IllegalChoiceError):
            form = await form_of_job(self._job)
        try:
            async with aclosing(self._provider.results(file_id, self._job.api)) as results:
                async for result in results:
                    if result is None:
                        self.unreadable += 1
                        continue
                    if isinstance(form, AnswerSchema):
                        result = await asyncio.to_thread(_check_schema, form, result)
                    self._count_answer(result)
                    unsaved.append(result)
                    characters += len(result.answer)
                    if len(unsaved) == MAX_RESULTS_AT_ONCE or characters > MAX_CHARS_AT_ONCE:
                        await self._save(unsaved)
                        unsaved = []
                        characters = 0
        except ProviderError as error:
            if error.status != 404:
                raise  # the caller tries again later
            self.unreadable += 1  # the result file is gone, and its content unknown
        if unsaved:
            await self._save(unsaved)

    def _count_answer(self, result: BatchResult) -> None:
        # Ids that belong to no file are not kept: 200,000 long ids would take 800 MB.
        is_of_job = item_number(self._job.id, result.custom_id) is not None
        if is_of_job and result.status is ItemStatus.ANSWERED:
            if result.custom_id in self.answered:
                self.repeated.add(result.custom_id)
            else:
                self.answered.add(result.custom_id)

    async def _save(self, results: Sequence[BatchResult]) -> None:
        self.unknown += await self._store.save_results(
            self._job,
            self._upload,
            results,
            repeated_ids=frozenset(self.repeated),
            cost_of=self._cost_of,
        )


def _check_schema(form: AnswerSchema, result: BatchResult) -> BatchResult:
    """Return the result; if its answer does not match the schema, with the first mismatch."""
    if result.status is not ItemStatus.ANSWERED or result.error is not None:
        return result
    problems = check_answer(form.schema, result.answer).problems
    if not problems:
        return result
    params: dict[str, Param] = {"path": problems[0].path, "words": problems[0].reason}
    return replace(
        result,
        error=ErrorNote(
            N_("The response doesn’t match the schema. {path}: {words}"),
            params=params,
            code=SCHEMA_PROBLEM,
        ),
    )


def _missing_result_note(status: BatchStatus, batch: RemoteBatch) -> ErrorNote:
    # Errors at line 0 concern the whole batch. Three are enough for a sentence.
    words = "; ".join(
        error.message.rstrip(".") for error in batch.errors[:3] if error.message and error.line == 0
    )
    if status is BatchStatus.FAILED and words:
        return ErrorNote(N_("The provider rejected the batch: {words}."), params={"words": words})
    return ErrorNote(_WITHOUT_RESULT[status])
