"""The files of a batch, and its answers as conversations."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.backend import Backend
from desktop_app.batch.batch_files import question_of
from desktop_app.batch.batch_store import BatchStore
from desktop_app.batch.services import batch_service, batch_store, store_as_conversation
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.collections.services import collections
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    Folder,
    MessageStatus,
    ModelChoice,
    Role,
    now,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import StorageError
from desktop_app.providers.jobs.batch_jobs import BatchFile, BatchItem, BatchJob, ItemStatus
from desktop_app.tables.table_source import expand_paths, has_at_least
from tests.helpers.linux_only import linux_only
from tests.helpers.started_backend import started_backend

pytestmark = pytest.mark.usefixtures("forked_children")

CHOICE = ModelChoice("openai", "gpt-5.2")
ENDED = datetime(2026, 1, 2, tzinfo=UTC)
JOB = BatchJob("job", CHOICE, "Title", "What is it?", now(), ended_at=ENDED)
ITEM = BatchItem(
    "job",
    1,
    "a.txt",
    "/a.txt",
    status=ItemStatus.ANSWERED,
    answer="A letter.",
    usage=Usage(3, 0, 2, 0),
    cost=Decimal("0.01"),
    answered_by="gpt-5.2-2025",
)
FROM_BATCH = notice(NoticeCode.FROM_BATCH)


@asynccontextmanager
async def stored(job: BatchJob, item: BatchItem) -> AsyncIterator[Backend]:
    """Yield a backend whose store has a job with a file."""
    async with started_backend() as backend:
        await backend.of(batch_store).create(job, [item])
        yield backend


async def test_an_answer_is_stored_once_and_again_if_its_conversation_is_erased() -> None:
    async with stored(JOB, ITEM) as backend:
        conversation_id = await store_as_conversation(
            backend.conversations, backend.of(batch_store), JOB, ITEM
        )
        found = await backend.conversations.get(conversation_id)
        assert (found.title, found.choice) == ("a.txt: Title", CHOICE)
        question, answer = await backend.conversations.messages(conversation_id)
        assert (question.role, question.parts) == (Role.USER, (TextPart("What is it?"),))
        assert (answer.role, answer.parent_id) == (Role.ASSISTANT, question.id)
        assert answer.parts == (TextPart("A letter."),)
        assert (answer.created_at, answer.choice) == (ENDED, CHOICE)
        assert (answer.usage, answer.cost) == (ITEM.usage, ITEM.cost)
        assert answer.answered_by == "gpt-5.2-2025"
        assert (answer.status, answer.notices) == (MessageStatus.COMPLETE, (FROM_BATCH,))
        (item,) = await backend.of(batch_store).page("job", 0)
        assert item.conversation_id == conversation_id
        assert (
            await store_as_conversation(backend.conversations, backend.of(batch_store), JOB, item)
            == conversation_id
        )
        await backend.conversations.erase([conversation_id])
        again = await store_as_conversation(
            backend.conversations, backend.of(batch_store), JOB, item
        )
        assert again != conversation_id
        assert await backend.conversations.get(again) is not None


@pytest.mark.parametrize(
    ("store", "step"), [(ConversationStore, "begin_turn"), (BatchStore, "record_conversation")]
)
async def test_an_answer_is_stored_once_after_half_a_failure(
    monkeypatch: pytest.MonkeyPatch, store: type, step: str
) -> None:
    async def fail(*_: object) -> None:
        raise StorageError(
            "The disk is too full to save {place}.", hint="Free up space, then try again."
        )

    async with stored(JOB, ITEM) as backend:
        monkeypatch.setattr(store, step, fail)
        with pytest.raises(StorageError):
            await store_as_conversation(backend.conversations, backend.of(batch_store), JOB, ITEM)
        monkeypatch.undo()
        (item,) = await backend.of(batch_store).page("job", 0)
        again = await store_as_conversation(
            backend.conversations, backend.of(batch_store), JOB, item
        )
        assert [found.id for found in await backend.conversations.all()] == [again]
        (item,) = await backend.of(batch_store).page("job", 0)
        assert item.conversation_id == again


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files, hidden ones, links and a folder."""
    top = tmp_path / "top"
    (top / "Below").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("b.txt", "A.txt", "Below/c.txt", ".hidden/d.txt", ".e.txt"):
        (top / name).write_text(name)
    (top / "link.txt").symlink_to(top / "b.txt")
    (top / "round").symlink_to(top)
    return top


async def test_files_of_folders_are_found_in_order(folder: Path) -> None:
    other = folder.parent / "other.txt"
    other.write_text("x")
    found = await expand_paths([other, folder, folder / "b.txt", folder / ".e.txt"])
    assert found == [
        BatchFile("other.txt", str(other)),
        BatchFile("top/A.txt", str(folder / "A.txt")),
        BatchFile("top/b.txt", str(folder / "b.txt")),
        BatchFile("top/Below/c.txt", str(folder / "Below/c.txt")),
        BatchFile(".e.txt", str(folder / ".e.txt")),
    ]


@pytest.mark.attack("imports")
async def test_a_link_that_replaces_a_file_of_a_job_is_not_followed(folder: Path) -> None:
    private = folder.parent / "private"
    private.mkdir()
    (private / "c.txt").write_text("private")
    async with started_backend({"OPENAI_BASE_URL": "http://localhost:1/v1"}) as backend:
        service = batch_service(backend)
        (profile,) = backend.providers.environment_profiles
        resolved = backend.chat.resolve(profile, ModelChoice(profile.id, "a-model"))
        job = await service.create(await expand_paths([folder]), resolved, "What is it?")
        (folder / "A.txt").unlink()
        (folder / "A.txt").symlink_to(private / "c.txt")
        shutil.rmtree(folder / "Below")
        (folder / "Below").symlink_to(private)
        await service.prepare(job.id)
        items = {item.name: item for item in await backend.of(batch_store).items(job.id)}
    assert {name: item.status for name, item in items.items()} == {
        "top/A.txt": ItemStatus.LEFT_OUT,
        "top/b.txt": ItemStatus.READ,
        "top/Below/c.txt": ItemStatus.LEFT_OUT,
    }


@linux_only("names that are no UTF-8")
async def test_a_file_whose_name_is_no_utf_8_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "top"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("A menu.")
    (folder / "file:.txt").write_text("A plain name.")
    async with started_backend({"OPENAI_BASE_URL": "http://localhost:1/v1"}) as backend:
        service = batch_service(backend)
        (profile,) = backend.providers.environment_profiles
        resolved = backend.chat.resolve(profile, ModelChoice(profile.id, "a-model"))
        job = await service.create(await expand_paths([folder]), resolved, "What is it?")
        await service.prepare(job.id)
        items = await backend.of(batch_store).items(job.id)
    assert {item.name: item.status for item in items} == {
        "top/caf\N{REPLACEMENT CHARACTER}.txt": ItemStatus.READ,
        "top/file:.txt": ItemStatus.READ,
    }


async def test_a_job_in_a_folder_has_its_instructions_and_files(folder: Path) -> None:
    async with started_backend({"OPENAI_BASE_URL": "http://localhost:1/v1"}) as backend:
        (profile,) = backend.providers.environment_profiles
        resolved = backend.chat.resolve(profile, ModelChoice(profile.id, "a-model"))
        (folder / "rules.md").write_text("Letters are filed by the year of their date.")
        files = await backend.of(collections).create("Filing")
        await backend.of(collections).add(files.id, [folder / "rules.md"])
        inside = Folder("f" * 32, "Letters", now(), None, Overrides("Be brief."), files.id)
        await backend.conversation_folders.save(inside)
        service = batch_service(backend)
        job = await service.create(
            await expand_paths([folder / "A.txt"]),
            resolved,
            "By which year is the letter filed?",
            ask_settings(await backend.values(), folder=inside),
            folder_id=inside.id,
        )
        stored = await backend.of(batch_store).get(job.id)
        assert stored is not None
        assert (stored.instructions, stored.folder_id) == ("Be brief.", inside.id)
        await service.prepare(job.id)
        (item,) = await backend.of(batch_store).items(job.id)
        (passages,) = question_of(stored, item, "").passage_parts
        assert "year of their date" in passages.passages[0].text
        id_ = await store_as_conversation(
            backend.conversations, backend.of(batch_store), stored, item
        )
        conversation = await backend.conversations.get(id_)
        assert conversation is not None
        assert conversation.folder_id == inside.id


def test_has_files_counts_each_repeat(folder: Path) -> None:
    paths = [folder, folder / "b.txt"]  # three files, and one of them again
    assert [has_at_least(count, paths) for count in range(6)] == [True] * 5 + [False]


SCHEMA = json.dumps({"kind": "schema", "name": "Letter", "text": '{"type": "object"}'})


@pytest.mark.parametrize(
    ("form", "error", "notices"),
    [
        (SCHEMA, None, (notice(NoticeCode.SCHEMA_USED, name="Letter"),)),
        (
            SCHEMA,
            ErrorNote(
                "The response is incomplete: the model stopped early ({words}).",
                params={"words": "why"},
            ),
            (
                AnswerNotice(
                    "The response is incomplete: the model stopped early ({words}).",
                    (("words", "why"),),
                ),
            ),
        ),
    ],
)
async def test_an_answer_shows_its_form_or_its_error(
    form: str, error: ErrorNote | None, notices: tuple[NoticeText, ...]
) -> None:
    job = replace(JOB, ended_at=None, parameters=replace(JOB.parameters, form=form))
    item = replace(ITEM, error=error)
    async with stored(job, item) as backend:
        conversation_id = await store_as_conversation(
            backend.conversations, backend.of(batch_store), job, item
        )
        _, answer = await backend.conversations.messages(conversation_id)
    assert answer.notices == (FROM_BATCH, *notices)
    # An answer with an error was cut off, and can be continued.
    assert answer.status is (MessageStatus.INCOMPLETE if error else MessageStatus.COMPLETE)
    assert JOB.created_at < answer.created_at <= now()
