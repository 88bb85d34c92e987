"""The batch service: its parts, the files of a job, and answers stored as conversations."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.backend.prompt_loader import load_prompt_requirements
from desktop_app.batch.batch_files import BatchFiles, question_of
from desktop_app.batch.batch_service import BatchService
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
from desktop_app.providers.jobs.batch_jobs import BatchFile

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.batch.batch_store import BatchStore
    from desktop_app.chat.conversation_store import ConversationStore
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
    from desktop_app.providers.jobs.batch_jobs import BatchItem, BatchJob


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
            backend.batch_store,
            read_file=read,
            counter=backend.counter,
            attachments=backend.attachments,
            images=backend.image_scaler,
            delimiters=backend.delimiters,
            scratch=backend.database.path.parent,
            passages=lambda: backend.collections,
        ),
        gateway=backend.gateway,
        profiles=backend.providers.profiles,
        models_of=backend.providers.models_of,
        budget=backend.budget,
        load_requirements=partial(load_prompt_requirements, backend.prompts),
        on_change=on_change,
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
                name = Path(path.name, file.relative_to(real_path))
                names_by_path.setdefault(str(file), name.as_posix())
        else:
            names_by_path.setdefault(str(real_path), path.name)
    return [BatchFile.of(name, Path(path)) for path, name in names_by_path.items()]


def has_at_least(count: int, paths: Iterable[Path]) -> bool:
    """Return True if the paths lead to `count` files or more, also below folders. Blocking.

    A file that is reached twice counts twice: this decides only if a batch is offered, and does not
    resolve links as `expand_paths` does.
    """
    files = (_files_below(path) if _is_folder(path) else (path,) for path in paths)
    first_files = islice(chain.from_iterable(files), count)  # a folder may have millions
    return sum(1 for _ in first_files) >= count


def _is_folder(path: Path) -> bool:
    """Return True for a folder, and False for a path that cannot be looked up. Blocking."""
    return os.path.isdir(path)  # noqa: PTH112 — Path.is_dir raises if the disk has gone


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, but no hidden ones and no links."""
    for parent, folders, files in os.walk(folder):
        folders[:] = _sort_visible(folders)
        for name in _sort_visible(files):
            path = os.path.join(parent, name)  # noqa: PTH118 — as below
            # Path.is_file and Path.is_symlink raise if the folder may be listed, but not entered.
            if os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114
                yield Path(path)


def _sort_visible(names: Iterable[str]) -> list[str]:
    visible_names = (name for name in names if not name.startswith("."))
    return sorted(visible_names, key=lambda name: (name.casefold(), name))


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
