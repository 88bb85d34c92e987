"""The batch service: its parts, the files of a job, and answers stored as conversations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.backend.prompt_loader import load_prompt_requirements
from desktop_app.domain.batch.batch_jobs import BatchFile
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
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import DocumentError, IllegalChoiceError
from desktop_app.services.batch.batch_preparation import BatchPreparer
from desktop_app.services.batch.batch_service import BatchService
from desktop_app.services.batch.batch_upload import BatchSender, form_of_job, question_of
from desktop_app.services.batch.job_records import JobRecords
from desktop_app.services.documents.image_attachments import with_detail
from desktop_app.services.structured.form_notices import form_notice

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.answering.answer_form import AnswerForm
    from desktop_app.domain.batch.batch_jobs import BatchItem, BatchJob
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.storage.batch.batch_store import BatchStore
    from desktop_app.storage.conversations.conversation_store import ConversationStore


def batch_service(
    backend: Backend, on_change: Callable[[str], None] = lambda _job_id: None
) -> BatchService:
    """Create the batch service from the backend's store, documents and providers.

    Args:
        on_change: called with the id of each job that has changed.
    """

    async def read(path: Path) -> DocumentPart | ImagePart:
        # Stored paths contain no links. A link that has replaced a file since may lead anywhere.
        if await asyncio.to_thread(os.path.realpath, path) != str(path):
            raise DocumentError(Reason.DOCUMENT_NOT_A_FILE, name=path.name)
        detail = str((await backend.values())["answer.image_detail"])
        part = await backend.attachments.add_document(path, await backend.documents.extract(path))
        return with_detail(part, detail)

    store = backend.batch_store
    providers = backend.providers
    return BatchService(
        JobRecords(store, providers.profiles, providers.models_of, on_change),
        gateway=backend.gateway,
        preparer=BatchPreparer(store, read, backend.counter),
        sender=BatchSender(
            store,
            backend.attachments,
            backend.pictures,
            backend.delimiters,
            backend.database.path.parent,
        ),
        budget=backend.budget,
        load_requirements=partial(load_prompt_requirements, backend.prompts),
    )


async def expand_paths(paths: Iterable[Path]) -> list[BatchFile]:
    """Return the given files and those below the given folders, each once.

    Given links are followed. Below a folder, hidden files, hidden folders and links are left out.
    The names of files in a folder are relative to the folder's parent.
    """
    return await asyncio.to_thread(_expand_paths, list(paths))


def _expand_paths(paths: Iterable[Path]) -> list[BatchFile]:
    names_by_path: dict[str, str] = {}
    for path in paths:
        real_path = Path(os.path.realpath(path))
        if _is_folder(real_path):
            for file in _files_below(real_path):
                names_by_path.setdefault(
                    str(file), str(Path(path.name, file.relative_to(real_path)))
                )
        else:
            names_by_path.setdefault(str(real_path), path.name)
    return [BatchFile(name, path) for path, name in names_by_path.items()]


def has_files(count: int, paths: Iterable[Path]) -> bool:
    """Return True if the paths lead to `count` files or more, also below folders. Blocking.

    A file that is named twice counts twice.
    """
    files = (_files_below(path) if _is_folder(path) else (path,) for path in paths)
    return sum(1 for _ in islice(chain.from_iterable(files), count)) == count


def _is_folder(path: Path) -> bool:
    """Return True for a folder, and False for a path that cannot be looked up. Blocking."""
    return os.path.isdir(path)  # noqa: PTH112 — Path.is_dir raises if the disk has gone


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but no hidden ones and no links."""
    for parent, folders, files in os.walk(folder):
        folders[:] = _sort_visible(folders)
        for path in (Path(parent) / name for name in _sort_visible(files)):
            if path.is_file() and not path.is_symlink():
                yield path


def _sort_visible(names: Iterable[str]) -> list[str]:
    visible_names = (name for name in names if not name.startswith("."))
    return sorted(visible_names, key=lambda name: (name.casefold(), name))


async def store_as_conversation(
    conversations: ConversationStore, batches: BatchStore, job: BatchJob, item: BatchItem
) -> str:
    """Store a file's question and answer as a conversation, once; return its id.

    Raises:
        StorageError: the store cannot be read or written.
    """
    stored_id = item.conversation_id
    if stored_id and await conversations.get(stored_id) is not None:
        return stored_id
    created_at = now()
    form: AnswerForm | None = None
    with suppress(IllegalChoiceError):  # a job of a restored backup may have an invalid form
        form = await form_of_job(job)
    title = f"{item.name}: {job.title}"
    conversation = Conversation(new_id(), title, created_at, created_at, job.choice)
    question = question_of(job, item, conversation.id)
    notices: list[NoticeText] = [notice(NoticeCode.FROM_BATCH)]
    if item.error is not None:
        notices.append(notice_of_error(item.error))
    elif form is not None:  # because of the notice, the answer is shown as a table or a tree
        notices.append(form_notice(form))
    answer = Message(
        id=new_id(),
        conversation_id=conversation.id,
        parent_id=question.id,
        role=Role.ASSISTANT,
        status=MessageStatus.COMPLETE,
        parts=(TextPart(item.answer),),
        created_at=job.ended_at or created_at,
        choice=job.choice,
        usage=item.usage,
        cost=item.cost,
        answered_by=item.answered_by,
        notices=tuple(notices),
    )
    await conversations.begin_turn(conversation, question, answer)
    await batches.record_conversation(job.id, item.number, conversation.id)
    return conversation.id
