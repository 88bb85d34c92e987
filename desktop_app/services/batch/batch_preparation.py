"""Reads the files of a job and counts their tokens, one by one, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob, ItemStatus
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.error_note import ErrorNote, note_from_error
from desktop_app.domain.errors import (
    DocumentEncryptedError,
    IllegalChoiceError,
    Param,
    StorageError,
    UserFacingError,
)
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.i18n.translation import N_
from desktop_app.services.batch.batch_ports import BatchStorage, ReadFile
from desktop_app.services.batch.batch_upload import form_of_job
from desktop_app.services.documents.image_attachments import (
    attached_image_tokens,
    page_tokens,
    require_image_input,
)
from desktop_app.services.ports import TokenCounter
from desktop_app.services.spending.cost_estimate import MESSAGE_OVERHEAD, usable_input

OnProgress = Callable[[int, int], None]
"""Called with the number of files read and the number of all files."""
# Tokens around the text of a document: its name, its pages, the explanation of its tags.
BLOCK_TOKENS: Final = 60
# For the estimate of documents whose tokens were not counted.
_BYTES_PER_TOKEN: Final = 4


class BatchPreparer:
    """Reader of the files of jobs."""

    def __init__(self, store: BatchStorage, read_file: ReadFile, counter: TokenCounter) -> None:
        self._store = store
        self._read_file = read_file
        self._counter = counter

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
        form = await form_of_job(job)
        schema = form.sent_text if isinstance(form, AnswerSchema) else ""
        shared_prompt = "\n".join((job.instructions, *examples, schema))

        async def count_prompt(question: str) -> int:
            text = f"{shared_prompt}\n{question}"
            count = await self._counter.count(text, profile, info.id)
            return count.tokens + 2 * MESSAGE_OVERHEAD  # of the instructions and the question

        task_tokens = await count_prompt(job.task)
        items = await self._store.items(job.id)
        for number, item in enumerate(items):
            if on_progress is not None:
                on_progress(number, len(items))
            if item.status is ItemStatus.UNREAD:
                tokens = await count_prompt(item.prompt) if item.prompt else task_tokens
                await self._store.save_item(await self._prepare_item(item, info, tokens))
        if on_progress is not None:
            on_progress(len(items), len(items))

    async def _prepare_item(
        self, item: BatchItem, info: ModelInfo, prompt_tokens: int
    ) -> BatchItem:
        try:
            part = await self._read_file(Path(item.path)) if item.path else None
            require_image_input([] if part is None else [part], info)
        except StorageError:
            raise  # the store fails, not the file
        except UserFacingError as error:
            return replace(item, status=ItemStatus.LEFT_OUT, error=_note_with_hint(error))
        tokens = prompt_tokens + (0 if part is None else _part_tokens(part, info))
        limit = usable_input(info)
        if limit is not None and tokens > limit:
            params: dict[str, Param] = {"tokens": tokens, "model": info.name, "limit": limit}
            note = ErrorNote(
                N_("Too large: about {tokens} tokens, but {model} accepts {limit}."),
                hint=N_("Send it in a conversation to read it in parts."),
                params=params,
            )
            return replace(item, status=ItemStatus.LEFT_OUT, part=part, tokens=tokens, error=note)
        return replace(item, status=ItemStatus.READ, part=part, tokens=tokens, error=None)


def _note_with_hint(error: UserFacingError) -> ErrorNote:
    """Return the error of a file, with a hint that a batch job can offer."""
    if isinstance(error, DocumentEncryptedError):
        error = error.with_hint(N_("Save a copy without a password and add that."))
    elif isinstance(error, IllegalChoiceError):
        error = error.with_hint("")  # a prompt can leave parts out, a job cannot
    return note_from_error(error)


def _part_tokens(part: DocumentPart | ImagePart, info: ModelInfo) -> int:
    if isinstance(part, ImagePart):
        return attached_image_tokens(part, info).tokens
    text_tokens = part.size // _BYTES_PER_TOKEN if part.tokens is None else part.tokens
    return text_tokens + BLOCK_TOKENS + page_tokens(part, info).tokens
