"""The files of a batch job: read and counted before the user confirms it, then written as requests.

Each file stands alone: one that cannot be read or sent is left out with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from desktop_app.batch.batch_store import BatchStore
from desktop_app.chat.attachments.image_attachments import (
    ImageForm,
    attached_image_tokens,
    page_tokens,
    require_image_input,
)
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.cost_estimate import MESSAGE_OVERHEAD, usable_input
from desktop_app.chat.passage_context import PassageSource, passages_block
from desktop_app.chat.prompt_assembly import example_turns, question_parts, request_messages
from desktop_app.chat.structured.answer_forms import load_form
from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.cost import CountedCost
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompt_delimiter import SAMPLE_DELIMITER, DelimiterFactory
from desktop_app.i18n.translation import N_
from desktop_app.providers.jobs.batch_client import BatchClient
from desktop_app.providers.jobs.batch_jobs import (
    MAX_BYTES,
    MAX_REQUESTS,
    BatchItem,
    BatchJob,
    BatchResult,
    ItemStatus,
)
from desktop_app.providers.ports import AttachmentSource

ReadFile = Callable[[Path], Awaitable[DocumentPart | ImagePart]]
"""Reads a file and stores it in the attachment store. Raises UserFacingError."""
Profiles = Callable[[], Awaitable[Sequence[ProviderProfile]]]
"""Returns all configured providers."""
CostOf = Callable[[BatchResult], CountedCost]
"""Returns the cost of a result in US dollars."""
OnProgress = Callable[[int, int], None]
"""Called with the number of files read and the number of all files."""

# Tokens around the text of a document: its name, its pages, the explanation of its tags.
BLOCK_TOKENS: Final = 60
# For the estimate of documents whose tokens were not counted.
_BYTES_PER_TOKEN: Final = 4


@dataclass(frozen=True)
class BatchFiles:
    """Reader and writer of the files of jobs.

    Attributes:
        scratch: the folder for files to upload, which have no name there.
        passages: returns the finder of passages in the files of folders.
        max_requests, max_bytes: of a batch; only tests change them.
    """

    store: BatchStore
    read_file: ReadFile
    counter: ProviderTokenCounter
    attachments: AttachmentSource
    images: ImageScaler
    delimiters: DelimiterFactory
    scratch: Path
    passages: Callable[[], PassageSource | None] | None = None
    max_requests: int = MAX_REQUESTS
    max_bytes: int = MAX_BYTES

    # -- before the user confirms the job

    async def prepare(
        self,
        job: BatchJob,
        profile: ProviderProfile,
        info: ModelInfo,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Read and count the files that have not been read yet.

        After an interruption, a second call continues with the next file.

        Raises:
            StorageError: the store fails.
            IllegalChoiceError: the schema of the answers is invalid.
        """
        examples = [text for pair in job.examples for text in pair]
        form = await load_form(job.parameters.form)
        schema = form.sent_text if isinstance(form, AnswerSchema) else ""
        passages = [passages_block(part, SAMPLE_DELIMITER) for part in job.passages]
        shared_prompt = "\n".join((job.instructions, *examples, schema, *passages))
        items = await self.store.items(job.id)
        count = await self.counter.count(f"{shared_prompt}\n{job.task}", profile, info.id)
        # Two messages: the instructions and the question.
        prompt_tokens = count.tokens + 2 * MESSAGE_OVERHEAD
        for number, item in enumerate(items):
            if on_progress is not None:
                on_progress(number, len(items))
            if item.status is ItemStatus.UNREAD:
                await self.store.save_item(await self._read(item, info, prompt_tokens))
        if on_progress is not None:
            on_progress(len(items), len(items))

    async def _read(self, item: BatchItem, info: ModelInfo, prompt_tokens: int) -> BatchItem:
        try:
            part = await self.read_file(item.file)
            require_image_input([part], info)
        except errors.StorageError:
            raise  # the store fails, not the file
        except errors.UserFacingError as error:
            if isinstance(error, errors.DocumentEncryptedError):
                error = error.with_hint(N_("Save a copy without a password and add that."))
            elif isinstance(error, errors.IllegalChoiceError):
                error = error.with_hint("")  # a prompt can leave parts out, a job cannot
            return replace(item, status=ItemStatus.LEFT_OUT, error=note_from_error(error))
        tokens = prompt_tokens
        if isinstance(part, ImagePart):
            tokens += attached_image_tokens(part, info).tokens
        else:
            tokens += part.size // _BYTES_PER_TOKEN if part.tokens is None else part.tokens
            tokens += BLOCK_TOKENS + page_tokens(part, info).tokens
        limit = usable_input(info)
        if limit is not None and tokens > limit:
            params: dict[str, errors.Param] = {"tokens": tokens, "model": info.name, "limit": limit}
            note = ErrorNote(
                N_("Too large: about {tokens} tokens, but {model} accepts {limit}."),
                hint=N_("Send it in a conversation to read it in parts."),
                params=params,
            )
            return replace(item, status=ItemStatus.LEFT_OUT, part=part, tokens=tokens, error=note)
        return replace(item, status=ItemStatus.READ, part=part, tokens=tokens, error=None)

    # -- to be sent

    async def write_requests(
        self, file: BinaryIO, job: BatchJob, info: ModelInfo, provider: BatchClient
    ) -> int:
        """Write the requests of the job's files, up to the limits of a batch.

        Return the number of the last file written; 0 for none.

        Raises:
            StorageError: the store failed; the call can be repeated.
        """
        last_number = requests = size = 0
        for item in await self.store.items(job.id):
            if item.status is not ItemStatus.READ:
                continue
            try:
                line = await self._request_line(job, info, provider, item)
            except errors.UserFacingError as error:
                is_of_file = isinstance(
                    error, errors.AttachmentMissingError | errors.StoreDamagedError
                )
                if isinstance(error, errors.StorageError) and not is_of_file:
                    raise
                await self._leave_out(item, note_from_error(error))
                continue
            if len(line) > self.max_bytes:
                await self._leave_out(item, ErrorNote(N_("Too large for a batch.")))
                continue
            requests += 1
            size += len(line)
            if requests > self.max_requests or size > self.max_bytes:
                break
            await asyncio.to_thread(file.write, line)
            last_number = item.number
        return last_number

    async def _leave_out(self, item: BatchItem, error: ErrorNote) -> None:
        await self.store.save_item(replace(item, status=ItemStatus.LEFT_OUT, error=error))

    async def _request_line(
        self, job: BatchJob, info: ModelInfo, provider: BatchClient, item: BatchItem
    ) -> bytes:
        question = question_of(job, item, conversation_id="")
        form = await load_form(job.parameters.form)
        image_form = ImageForm(info, self.images)
        delimiter = await self.delimiters.delimiter_for(job.id)
        messages = await request_messages([question], self.attachments, delimiter, image_form)
        request = ChatRequest(
            model=info.id,
            messages=(*example_turns(job.examples), *messages),
            instructions=job.instructions,
            effort=job.choice.effort,
            parameters=job.parameters,
            schema=form if isinstance(form, AnswerSchema) else None,
        )
        return await asyncio.to_thread(provider.line, item.custom_id, request, job.api)


def question_of(job: BatchJob, item: BatchItem, conversation_id: str) -> Message:
    """Return the question about a file as a message; `conversation_id` is "" if it has none."""
    attachments = () if item.part is None else (item.part,)
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=None,
        role=Role.USER,
        status=MessageStatus.COMPLETE,
        parts=question_parts(Draft(job.task, attachments), job.passages),
        created_at=job.started_at or now(),
        choice=job.choice,
        template_id=job.template_id,
    )


def image_pages(items: Sequence[BatchItem], info: ModelInfo) -> tuple[int, int]:
    """Return the number of pages that are sent as images, and their tokens."""
    documents = [item.part for item in items if isinstance(item.part, DocumentPart)]
    tokens = sum(page_tokens(part, info).tokens for part in documents)
    return sum(len(part.image_pages) for part in documents), tokens
