"""The batch service: its parts, the files of a job, and answers stored as conversations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.backend.prompt_loader import load_prompt_requirements
from desktop_app.batch.batch_files import BatchFiles, question_of
from desktop_app.batch.batch_service import BatchService
from desktop_app.batch.batch_store import BatchStore
from desktop_app.chat.structured.answer_forms import form_notice, load_form
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    Role,
    new_id,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice, notice_of_error
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.chat.conversation_store import ConversationStore
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.providers.jobs.batch_jobs import BatchItem, BatchJob


def batch_store(backend: Backend) -> BatchStore:
    """Return the store of batch jobs."""
    return BatchStore(backend.database, backend.ledger)


def batch_service(
    backend: Backend, on_change: Callable[[str], None] = lambda _job_id: None
) -> BatchService:
    """Create the batch service from the backend's store, documents and providers.

    Args:
        on_change: called with the id of each job that has changed.
    """

    async def read(path: Path) -> DocumentPart | ImagePart:
        # A stored path was free of links. If it is not any more, a link has replaced a file or
        # folder since, and would send another file than the user chose.
        if await asyncio.to_thread(os.path.realpath, path) != str(path):
            raise DocumentError(N_("“{name}” isn’t a file."), hint=hints.CHECK_FILE, name=path.name)
        # Nobody pays for a part of a document without a question.
        document = await backend.documents.extract(path, asks=True)
        return await backend.attachments.add_document(path, document)

    return BatchService(
        BatchFiles(
            backend.of(batch_store),
            read_file=read,
            counter=backend.counter,
            attachments=backend.attachments,
            images=backend.image_scaler,
            delimiters=backend.delimiters,
            scratch=backend.database.path.parent,
            passages=partial(backend.part, "collections"),
        ),
        gateway=backend.gateway,
        profiles=backend.providers.profiles,
        models_of=backend.providers.models_of,
        budget=backend.budget,
        load_requirements=partial(load_prompt_requirements, backend.prompts),
        on_change=on_change,
    )


async def store_as_conversation(
    conversations: ConversationStore, batches: BatchStore, job: BatchJob, item: BatchItem
) -> str:
    """Store a file's question and answer as a conversation, once; return its id.

    Args:
        job: its folder must exist.
        item: the file, which is answered, perhaps incompletely.

    Raises:
        StorageError: the store cannot be read or written.
    """
    stored_id = item.conversation_id
    if stored_id and await conversations.get(stored_id) is not None:
        return stored_id
    created_at = now()
    form = await load_form(job.parameters.form)
    title = f"{item.name}: {job.title}"
    conversation = Conversation(
        id=new_id(),
        title=title,
        created_at=created_at,
        updated_at=created_at,
        choice=job.choice,
        folder_id=job.folder_id or None,
    )
    question = question_of(job, item, conversation.id)
    notices: list[NoticeText] = [notice(NoticeCode.FROM_BATCH)]
    status = MessageStatus.COMPLETE
    if item.error is not None:  # why the answer is incomplete
        status = MessageStatus.INCOMPLETE
        notices.append(notice_of_error(item.error))
    elif form is not None:
        # With this notice, the transcript shows the answer as a table or a tree.
        notices.append(form_notice(form))
    answer = Message(
        id=new_id(),
        conversation_id=conversation.id,
        parent_id=question.id,
        role=Role.ASSISTANT,
        status=status,
        parts=(TextPart(item.answer),),
        created_at=job.ended_at or created_at,
        choice=job.choice,
        usage=item.usage,
        cost=item.cost,
        answered_by=item.answered_by,
        notices=tuple(notices),
    )
    # In this order: if the second step does not happen, because the program ends or the disk is
    # full, the recorded id leads nowhere, and the next call replaces it. In the other order, the
    # next call would store a second conversation.
    await batches.record_conversation(job.id, item.number, conversation.id)
    await conversations.begin_turn(conversation, question, answer)
    return conversation.id
