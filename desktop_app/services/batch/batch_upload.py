"""Sends a job to its provider in uploads of a permitted size, creating each batch once.

The intent of a request is stored before the request is sent. After a crash, the provider is asked
what has arrived before anything is sent again. A second upload costs nothing, but a second batch is
billed again: it is only created if the provider replies that the first does not exist.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from desktop_app.domain.answering.answer_form import AnswerForm, AnswerSchema
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.batch.batch_jobs import (
    MAX_UPLOAD_BYTES,
    MAX_UPLOAD_REQUESTS,
    BatchItem,
    BatchJob,
    BatchStatus,
    BatchUpload,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    Role,
    new_id,
    now,
)
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import (
    AttachmentMissingError,
    AuthenticationError,
    EndpointMissingError,
    ProviderError,
    QuotaExhaustedError,
    StorageError,
    StoreDamagedError,
    UserFacingError,
)
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchProvider, BatchStorage
from desktop_app.services.chat.prompt_assembly import (
    example_turns,
    question_parts,
    request_messages,
)
from desktop_app.services.documents.image_attachments import ImageForm
from desktop_app.services.ports import AttachmentSource, ImageSource
from desktop_app.services.prompt_delimiter import DelimiterFactory
from desktop_app.services.structured.answer_forms import load_form


@dataclass(frozen=True)
class UploadLimits:
    """The limits of an upload: its number of requests and its size in bytes."""

    requests: int = MAX_UPLOAD_REQUESTS
    size: int = MAX_UPLOAD_BYTES


class BatchSender:
    """Sender of the files of batch jobs.

    Args:
        scratch: the folder for upload files. They have no name there, and are deleted when they are
            closed.
        limits: the limits of an upload. Only tests pass them.
    """

    def __init__(
        self,
        store: BatchStorage,
        attachments: AttachmentSource,
        images: ImageSource,
        delimiters: DelimiterFactory,
        scratch: Path,
        limits: UploadLimits | None = None,
    ) -> None:
        self._store = store
        self._attachments = attachments
        self._images = images
        self._delimiters = delimiters
        self._scratch = scratch
        self._limits = limits or UploadLimits()

    async def send(
        self,
        job: BatchJob,
        info: ModelInfo,
        provider: BatchProvider,
        is_stopped: Callable[[], bool],
    ) -> None:
        """Send the files that have not been sent, until `is_stopped` returns True.

        Raises:
            ProviderError, StorageError: finished steps are stored; another call continues.
        """
        for upload in job.uploads:
            if not upload.batch_id and not is_stopped():
                await self._resume_upload(job, info, provider, upload)
        number = max((upload.number for upload in job.uploads), default=0)
        while not is_stopped():
            unsent_items = [
                item
                for item in await self._store.items(job.id)
                if item.status is ItemStatus.READ and not item.upload
            ]
            if not unsent_items:
                return
            number += 1
            upload = BatchUpload(job.id, number)
            with self._open_scratch_file() as scratch_file:
                written_numbers, size = await self._write_requests(
                    scratch_file, job, info, provider, items=unsent_items
                )
                if not written_numbers:
                    continue  # no request could be sent: each of its files is left out now
                await self._store.add_upload(upload, written_numbers)
                upload = await self._upload_file(provider, upload, scratch_file, size)
            await self._create_batch(job, provider, upload)

    async def _resume_upload(
        self, job: BatchJob, info: ModelInfo, provider: BatchProvider, upload: BatchUpload
    ) -> None:
        """Finish an upload that an earlier call has begun."""
        # The earlier call may have ended after the file arrived, before its id was stored.
        if not upload.input_file_id and upload.is_uploading:
            file_id = await provider.find_file(upload.name)
            if file_id:
                upload = replace(upload, input_file_id=file_id, is_uploading=False)
                await self._store.save_upload(upload)
        if not upload.input_file_id:
            all_items = await self._store.items(job.id)
            items = [
                item
                for item in all_items
                if item.upload == upload.number and item.status is ItemStatus.READ
            ]
            with self._open_scratch_file() as scratch_file:
                written_numbers, size = await self._write_requests(
                    scratch_file, job, info, provider, items
                )
                if not written_numbers:  # each of its files is left out now
                    # "Fetched", because there is nothing to fetch.
                    failed_upload = replace(upload, status=BatchStatus.FAILED, is_fetched=True)
                    await self._store.save_upload(failed_upload)
                    return
                await self._release_unwritten(upload, written_numbers)
                upload = await self._upload_file(provider, upload, scratch_file, size)
        await self._create_batch(job, provider, upload)

    async def _release_unwritten(self, upload: BatchUpload, numbers: Sequence[int]) -> None:
        """Remove from an upload the files that no longer fit; another upload sends them.

        The requests are built again after a crash, and may be larger than before.
        """
        kept_numbers = frozenset(numbers)
        for item in await self._store.items(upload.job_id):
            if item.upload == upload.number and item.number not in kept_numbers:
                await self._store.save_item(replace(item, upload=0))

    async def _upload_file(
        self, provider: BatchProvider, upload: BatchUpload, scratch_file: BinaryIO, size: int
    ) -> BatchUpload:
        upload = replace(upload, is_uploading=True)
        await self._store.save_upload(upload)
        file_id = await provider.upload(upload.name, scratch_file, size)
        upload = replace(upload, is_uploading=False, input_file_id=file_id)
        await self._store.save_upload(upload)
        return upload

    async def _create_batch(
        self, job: BatchJob, provider: BatchProvider, upload: BatchUpload
    ) -> None:
        """Create the batch of an upload, unless it exists already."""
        batch = None
        if upload.is_creating:  # the batch may already exist
            batch = await provider.find(upload.name, upload.input_file_id)
        if batch is None:
            await self._store.save_upload(replace(upload, is_creating=True))
            try:
                batch = await provider.create(upload.name, upload.input_file_id, job.api)
            except ProviderError as error:
                if is_final_refusal(error):
                    # No batch was created; the next try uploads the file again.
                    await self._store.save_upload(
                        replace(upload, is_creating=False, input_file_id="")
                    )
                raise
        upload = replace(
            upload,
            is_creating=False,
            batch_id=batch.id,
            status=batch.status or BatchStatus.VALIDATING,
        )
        await self._store.save_upload(upload)

    # -- the scratch file of an upload

    def _open_scratch_file(self) -> BinaryIO:
        return tempfile.TemporaryFile(dir=self._scratch)

    async def _write_requests(
        self,
        scratch_file: BinaryIO,
        job: BatchJob,
        info: ModelInfo,
        provider: BatchProvider,
        items: Sequence[BatchItem],
    ) -> tuple[list[int], int]:
        """Write the requests of `items` to the scratch file, up to the limits of an upload.

        Items that cannot be sent, such as those without their attachment, are left out for good.

        Returns:
            The numbers of the items written, and the size in bytes.

        Raises:
            StorageError: the store failed; the call can be repeated.
        """
        numbers: list[int] = []
        size = 0
        for item in items:
            try:
                line = await self._request_line(job, info, provider, item)
            except UserFacingError as error:
                if _is_failure_of_store(error):
                    raise
                await self._skip_item(item, note_from_error(error))
                continue
            if len(line) > self._limits.size:
                await self._skip_item(item, ErrorNote(N_("Too large for a batch.")))
                continue
            if len(numbers) == self._limits.requests or size + len(line) > self._limits.size:
                break
            await asyncio.to_thread(scratch_file.write, line)
            numbers.append(item.number)
            size += len(line)
        await asyncio.to_thread(scratch_file.flush)
        return numbers, size

    async def _skip_item(self, item: BatchItem, error: ErrorNote) -> None:
        skipped_item = replace(item, status=ItemStatus.LEFT_OUT, upload=0, error=error)
        await self._store.save_item(skipped_item)

    async def _request_line(
        self, job: BatchJob, info: ModelInfo, provider: BatchProvider, item: BatchItem
    ) -> bytes:
        question = question_of(job, item, conversation_id="")
        form = await form_of_job(job)
        image_form = ImageForm(info, self._images)
        delimiter = await self._delimiters.delimiter_for(job.id)
        messages = await request_messages([question], self._attachments, delimiter, image_form)
        request = ChatRequest(
            model=info.id,
            messages=(*example_turns(job.examples), *messages),
            instructions=job.instructions,
            effort=job.choice.effort,
            parameters=job.parameters,
            schema=form if isinstance(form, AnswerSchema) else None,
        )
        return await asyncio.to_thread(provider.line, item.custom_id, request, job.api)


async def form_of_job(job: BatchJob) -> AnswerForm | None:
    """Return the schema or grammar of a job's answers; None if any answer will do.

    Raises IllegalChoiceError.
    """
    return await load_form(job.parameters.form)


def question_of(job: BatchJob, item: BatchItem, conversation_id: str) -> Message:
    """Return the question about a file as a message; `conversation_id` is "" if it has none."""
    attachments = () if item.part is None else (item.part,)
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=None,
        role=Role.USER,
        status=MessageStatus.COMPLETE,
        parts=question_parts(Draft(item.prompt or job.task, attachments)),
        created_at=job.started_at or now(),
        choice=job.choice,
        template_id=job.template_id,
    )


def _is_failure_of_store(error: UserFacingError) -> bool:
    """Return True if the store failed, False for an error of one file.

    A missing or damaged attachment is an error of its file.
    """
    is_of_file = isinstance(error, AttachmentMissingError | StoreDamagedError)
    return isinstance(error, StorageError) and not is_of_file


def is_final_refusal(error: ProviderError) -> bool:
    """Return True if the server did nothing, and a retry will not help."""
    if isinstance(error, AuthenticationError | EndpointMissingError | QuotaExhaustedError):
        return True
    status = error.status
    if status in (408, 409, 429):  # a timeout, a conflict, too many requests
        return False
    return status is not None and 400 <= status < 500
