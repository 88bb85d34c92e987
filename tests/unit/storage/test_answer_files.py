"""The file of a long answer is an attachment like any other, and is written while it arrives."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.domain.conversations.conversation import Conversation, Message, MessageStatus
from desktop_app.domain.conversations.message_parts import AttachmentFile, DocumentPart, ImagePart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.services.answers.long_answer import attach_interrupted_files, with_file
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.temporary_database import TemporaryConversations
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.storage.recovery.erasure import erase_everything
from desktop_app.storage.search.search_index import EntryKind, has_entry
from tests.helpers.restores import restore_now
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer, opened

WORD = "persimmontide"
WHOLE = f"The beginning, then {WORD}: ü 🙂 \r\n\x00 and the end."
SHA256 = hashlib.sha256(WHOLE.encode()).hexdigest()
FILE = DocumentPart(SHA256, "answer.md", "text/markdown", len(WHOLE.encode()))


class Place:
    """A store with attachments in a folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.database = self.data / "repartee.sqlite3"
        self.attachments = self.data / "attachments"
        self.backups = folder / "backups"

    def stores(self, database: Database) -> tuple[ConversationStore, AttachmentStore]:
        return ConversationStore(database), AttachmentStore(database, self.attachments)

    async def begin(self, database: Database, *pieces: str) -> tuple[Conversation, Message]:
        """Begin an answer whose file has received some text."""
        store, files = self.stores(database)
        conversation = a_conversation("Long")
        question = a_question(conversation, "Why?")
        answer = an_answer(question, "The beginning")
        await store.begin_turn(conversation, question, answer)
        file = files.answers.open(answer)
        for piece in pieces:
            await file.append(piece)
        return conversation, answer

    async def end(self, database: Database, answer: Message) -> Message:
        """End an answer as the program does."""
        store, files = self.stores(database)
        ended = replace(answer, status=MessageStatus.COMPLETE)
        whole = with_file(ended, await files.answers.attach(answer))
        await store.save_answer(whole)
        await files.answers.discard(answer.id)
        return whole

    async def fill(self) -> Message:
        async with opened(self.database) as database:
            _, answer = await self.begin(database, WHOLE)
            return await self.end(database, answer)

    async def require_whole(self, answer: Message) -> None:
        """Check that an answer and its file are as they were."""
        async with opened(self.database) as database:
            store, files = self.stores(database)
            assert await store.message(answer.id) == answer
            assert await files.text(SHA256) == WHOLE
            assert await files.remove_unneeded() == 0

    def holding(self) -> list[str]:
        """Return the files of the store that contain the word of the long answer."""
        files = [path for path in self.data.rglob("*") if path.is_file()]
        return [path.name for path in files if WORD.encode() in path.read_bytes()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_long_answer_becomes_an_attachment(place: Place) -> None:
    answer = await place.fill()
    assert answer.attachments == (FILE,)
    assert answer.notices == (notice(NoticeCode.WHOLE_IN_FILE, name="answer.md"),)
    await place.require_whole(answer)
    assert place.holding() == [SHA256[2:]], "in one file, and in no row or index"
    assert list((place.attachments / "answers").iterdir()) == []


async def test_a_growing_file_is_private(place: Place) -> None:
    async with opened(place.database) as database:
        await place.begin(database, "The ", "answer \ud800.")
        (path,) = (place.attachments / "answers").iterdir()
        assert path.read_text() == "The answer \ufffd."
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_the_longest_file_of_a_resumed_answer_is_attached(place: Place) -> None:
    async with opened(place.database) as database:
        _, answer = await place.begin(database, WHOLE)
        again = place.stores(database)[1].answers.open(answer)
        await again.append(WHOLE[:10])
        whole = await place.end(database, answer)
    await place.require_whole(whole)
    assert list((place.attachments / "answers").iterdir()) == []


async def test_the_file_of_an_interrupted_answer_is_attached_later(place: Place) -> None:
    async with opened(place.database) as database:
        store, files = place.stores(database)
        _, answer = await place.begin(database, WHOLE)
        await attach_interrupted_files(store, files.answers)
        assert await files.answers.unattached_ids() == [answer.id], "it is still being written"
        await store.save_answer(replace(answer, status=MessageStatus.INTERRUPTED))
        await attach_interrupted_files(store, files.answers)
        assert await files.answers.unattached_ids() == []
    ended = replace(answer, status=MessageStatus.INTERRUPTED)
    await place.require_whole(with_file(ended, FILE))


async def test_a_file_is_attached_once_despite_a_crash(place: Place) -> None:
    async with opened(place.database) as database:
        store, files = place.stores(database)
        _, answer = await place.begin(database, WHOLE)
        ended = replace(answer, status=MessageStatus.COMPLETE)
        whole = with_file(ended, await files.answers.attach(answer))
        await store.save_answer(whole)
        await attach_interrupted_files(store, files.answers)
        assert await store.message(answer.id) == whole
        assert await files.answers.unattached_ids() == []


async def test_the_file_is_backed_up_and_restored(place: Place) -> None:
    answer = await place.fill()
    archive = make_backup(
        place.database, place.attachments, place.backups, NOON, lambda *_: None
    ).path
    erase_everything(place.database, place.attachments)
    assert place.holding() == []
    assert restore_now(archive, place.database, place.attachments, NOON) is not None
    await place.require_whole(answer)


@asynccontextmanager
async def temporary_answers(
    place: Place, count: int = 1
) -> AsyncIterator[tuple[AttachmentStore, list[Message]]]:
    """Yield the attachments of a temporary conversation, and answers to one question in it."""
    async with opened(place.database) as database:
        temporary, conversation = TemporaryConversations(database), a_conversation("Long")
        temporary.begin(conversation.id)
        question = a_question(conversation, "Why?")
        answers = [an_answer(question) for _ in range(count)]
        store = ConversationStore(temporary)
        await store.create(conversation)
        await store.begin_turn(conversation, question, answers[0])
        for answer in answers[1:]:
            await store.begin_turn(conversation, None, answer)
        yield AttachmentStore(temporary, place.attachments), answers
        await temporary.aclose()


async def test_the_file_of_a_temporary_conversation_is_in_memory(place: Place) -> None:
    async with temporary_answers(place, 2) as (files, (answer, discarded)):
        file, other = files.answers.open(answer), files.answers.open(discarded)
        await other.append("Nobody keeps this.")
        for piece in (WHOLE[:10], WHOLE[10:25], WHOLE[25:]):
            await file.append(piece)
        assert await files.answers.attach(answer) == FILE
        await files.answers.discard(discarded.id)
        await files.answers.discard(answer.id)
        assert await files.text(SHA256) == WHOLE, "an attachment is not discarded"
        stored = await files.metadata(SHA256)
        assert (stored.name, stored.media_type) == ("answer.md", "text/markdown")
        assert not place.attachments.exists()
        assert place.holding() == []


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF\x0a\0\0\0WEBP", "webp"), (b"RIFF\x0a\0\0\0WAVE", None)],
)
async def test_generated_images_become_attachments(
    place: Place, start: bytes, kind: str | None
) -> None:
    data = start + b" and more"
    sha256 = hashlib.sha256(data).hexdigest()
    async with opened(place.database) as database:
        _, files = place.stores(database)
        _, answer = await place.begin(database)
        part = await files.answers.add_image(answer, data)
        if kind is None:
            assert part is None
            assert await files.source(sha256) is None
        else:
            name, media_type = f"image.{kind}", f"image/{kind}"
            assert part == ImagePart(sha256, name, media_type, len(data))
            assert await files.file(sha256) == AttachmentFile(sha256, name, media_type, data=data)
        found = await database.read(lambda c: has_entry(c, EntryKind.ATTACHMENT, sha256))
        assert not found, "nobody searches for it"
