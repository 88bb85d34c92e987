"""Attachments: whole files under their hash, once, private."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.message_parts import (
    WITH_HIDDEN,
    Attachment,
    AttachmentFile,
    ImagePart,
)
from desktop_app.domain.errors import StorageError
from desktop_app.storage.search_index import EntryKind, has_entry
from desktop_app.storage.temporary_database import TemporaryConversations
from tests.unit.storage.samples import a_conversation, a_question, an_answer, opened

DATA = b"the original bytes" * 100_000
HASH = hashlib.sha256(DATA).hexdigest()


async def add(store: AttachmentStore, source: Path | bytes, text: str = "its text") -> None:
    await store.add(source, Attachment(HASH, "report.pdf", "application/pdf", text, 3, 7))


@asynccontextmanager
async def open_store(tmp_path: Path) -> AsyncIterator[AttachmentStore]:
    async with opened(tmp_path / "s.sqlite3") as database:
        yield AttachmentStore(database, tmp_path / "files")


def files_in(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_bytes_and_text_are_read_as_stored(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        source = tmp_path / "dropped.pdf"
        source.write_bytes(DATA)
        await add(store, source, "text with \ud800 half a pair")
        source.unlink()
        assert await store.bytes(HASH) == DATA
        assert await store.text(HASH) == "text with \ufffd half a pair"
        assert store.path(HASH) == tmp_path / "files" / HASH[:2] / HASH[2:]
        if sys.platform == "win32":  # where the folder of the user is private
            return
        assert stat.S_IMODE(store.path(HASH).stat().st_mode) == 0o600
        assert stat.S_IMODE(store.path(HASH).parent.stat().st_mode) == 0o700


async def test_the_text_with_hidden_parts_is_beside_the_other(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await add(store, DATA)
        key = f"{HASH}{WITH_HIDDEN}"
        assert await store.text(key) == "its text"
        await store.add_full_text(HASH, "its text, and hidden parts")
        assert await store.text(key) == "its text, and hidden parts"
        assert await store.text(HASH) == "its text"


async def test_the_origin_of_a_stored_file_is_recorded(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        source = tmp_path / "dropped.pdf"
        source.write_bytes(DATA)
        await store.record_origin(HASH, source)  # not stored, so nothing is recorded
        assert await store.origins([HASH]) == {}
        await add(store, source, "text")
        await store.record_origin(HASH, source)
        await store.record_origin(HASH, tmp_path / "moved.pdf")
        await store.record_origin(HASH, tmp_path / "half \ud800.pdf")
        assert await store.origins([HASH, "f" * 64]) == {HASH: tmp_path / "moved.pdf"}


async def test_the_same_bytes_are_stored_once(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await asyncio.gather(add(store, DATA), add(store, DATA, "other text"))
        assert files_in(tmp_path) == [store.path(HASH)]
        assert await store.text(HASH) == "its text"


async def test_a_damaged_file_is_replaced_by_attaching_it_again(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await add(store, DATA)
        store.path(HASH).write_bytes(DATA[:-1])
        await add(store, DATA)
        assert await store.bytes(HASH) == DATA


async def test_a_file_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(StorageError, match="changed while"):
            await add(store, DATA + b"!")
        assert files_in(tmp_path) == []
        with pytest.raises(StorageError, match="file is missing"):
            await store.text(HASH)


async def test_a_missing_file_raises_an_error(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(StorageError, match="file is missing"):
            await store.bytes(HASH)
        with pytest.raises(StorageError):
            await add(store, tmp_path / "vanished.pdf")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
async def test_only_a_hash_names_a_file(tmp_path: Path, name: str) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(ValueError, match="SHA-256"):
            store.path(name)


async def test_an_attachment_needs_its_row_and_its_file(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        store = AttachmentStore(database, tmp_path / "files")
        await add(store, DATA)
        facts = Attachment(HASH, "report.pdf", "application/pdf", pages=3, tokens=7)
        whole = AttachmentFile(**{**asdict(facts), "text": "its text"}, data=DATA)
        assert await store.file(HASH) == whole
        assert await store.metadata(HASH) == facts
        assert await store.source(HASH) == store.path(HASH)
        store.path(HASH).unlink()
        assert await store.source(HASH) is None
        assert await store.file(HASH) is None
        with pytest.raises(StorageError) as missing:
            await store.bytes(HASH)
        assert "The attachment’s file is missing" in missing.value.message
        await add(store, DATA)
        await database.write(lambda c: c.execute("DELETE FROM attachments"))
        assert await store.source(HASH) == store.path(HASH)
        assert await store.file(HASH) is None
        for read in (store.text, store.metadata):
            with pytest.raises(StorageError) as missing:
                await read(HASH)
            assert "The attachment’s file is missing" in missing.value.message
        await add(store, DATA)  # the file is there already
        row = await database.read(lambda c: c.execute("SELECT size FROM attachments").fetchone())
        assert row["size"] == len(DATA)


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF\x0a\0\0\0WEBP", "webp"), (b"RIFF\x0a\0\0\0WAVE", None)],
)
async def test_generated_images_become_attachments(
    tmp_path: Path, start: bytes, kind: str | None
) -> None:
    data = start + b" and more"
    sha256 = hashlib.sha256(data).hexdigest()
    answer = an_answer(a_question(a_conversation("Images"), "Why?"))
    async with opened(tmp_path / "s.sqlite3") as database:
        store = AttachmentStore(database, tmp_path / "files")
        part = await store.add_image(answer, data)
        if kind is None:
            assert part is None
            assert await store.source(sha256) is None
        else:
            name, media_type = f"image.{kind}", f"image/{kind}"
            assert part == ImagePart(sha256, name, media_type, len(data))
            assert await store.file(sha256) == AttachmentFile(sha256, name, media_type, data=data)
        found = await database.read(lambda c: has_entry(c, EntryKind.ATTACHMENT, sha256))
        assert not found, "nobody searches for it"


async def test_the_images_of_a_temporary_conversation_are_in_memory(tmp_path: Path) -> None:
    data = b"\x89PNG\r\n\x1a\n and more"
    conversation = a_conversation("Images")
    async with opened(tmp_path / "s.sqlite3") as database:
        temporary = TemporaryConversations(database)
        temporary.begin(conversation.id)
        store = AttachmentStore(temporary, tmp_path / "files")
        part = await store.add_image(an_answer(a_question(conversation, "Why?")), data)
        assert part is not None
        assert await store.bytes(part.sha256) == data
        assert files_in(tmp_path) == []
        await temporary.aclose()
