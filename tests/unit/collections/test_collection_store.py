"""The passage index returns the best passages of all given collections."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from desktop_app.collections.collection_store import CollectionStore
from desktop_app.documents.store.attachment_store import AttachmentStore
from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.conversations.message_parts import Attachment
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms, question_terms
from desktop_app.domain.error_note import ErrorNote
from desktop_app.library.folder_store import FolderStore
from desktop_app.storage.database import Database
from tests.unit.storage.samples import NOON, opened

A, B = "a" * 32, "b" * 32


async def fill(
    database: Database, folder: Path, collection_id: str, name: str, texts: Sequence[str]
) -> None:
    """Store a collection with a single file that holds these passages."""
    store = CollectionStore(database)
    await store.create(Collection(collection_id, name, NOON), collection_id)
    whole = "".join(texts)
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    await AttachmentStore(database, folder).add(
        whole.encode(), Attachment(sha256, name, "text/plain", whole, tokens=1), is_searchable=False
    )
    at, passages = 0, []
    for text in texts:
        made = IndexedPassage(at, at + len(text), 9, None, "", name, index_terms(text))
        passages.append(made)
        at = made.end
    await store.index_passages(sha256, passages)
    file = CollectionFile(collection_id, f"/{name}", name, sha256, status="ready")
    await store.put_files([(file, 1)])
    assert await store.is_indexed(sha256)


"""Some numbers of passages in the three windows of 6,000,000, with the first and last of each."""


async def test_collections_and_their_files_are_stored(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = CollectionStore(database)
        other, named = Collection(B, "letters", NOON, "/letters"), Collection(A, "Letters", NOON)
        later = Collection("c" * 32, "Letters", NOON + timedelta(seconds=1))
        for each in (later, named._replace(name="zoo"), other):
            await store.create(each, each.id)
        project = Folder(A, "Articles", NOON, collection_id=A)
        await FolderStore(database).save(project)  # they have the name of the project
        await store.put(named._replace(folder="/a"))
        found = named._replace(name="Articles", folder="/a")
        assert await store.all() == [found, other, later]
        problem = ErrorNote(
            "The provider of this background response is no longer set up.",
            hint="Choose another provider, then try again.",
        )
        ready = CollectionFile(A, "/b", "b", "0" * 64, "text/plain", 5, 2, "ready", problem)
        failed = CollectionFile(A, "/c", "c", status="failed", size=7, problem=problem)
        waiting = CollectionFile(A, "/a", "a", size=9)
        elsewhere = ready._replace(collection_id=B)
        unknown = ready._replace(collection_id="d" * 32)
        await store.put_files(
            [(ready, 11), (failed, 12), (waiting, 13), (elsewhere, 14), (unknown, 15)]
        )
        assert await store.files(A) == [waiting, ready, failed]
        assert await store.file_counts(A) == {"failed": 1, "ready": 1, "waiting": 1}
        assert await store.file_stats(A) == {"/a": (-1, -1), "/b": (5, 11), "/c": (7, 12)}
        await store.put_files([(ready._replace(sha256="", status="waiting"), 16)])
        assert (await store.files(A))[1].sha256 == "0" * 64, "it may be unchanged"
        await store.mark_removed(A, "/b")
        await store.remove_files(A, ["/a"])
        assert await store.files(A) == [failed]
        assert await store.removed_paths(A) == {"/b"}
        assert await store.file_counts(A) == {"failed": 1, "removed": 1}
        assert await store.file_stats(A) == {"/b": (-1, -1), "/c": (7, 12)}
        await store.put_files([(ready, 17)])  # by a reading that began before
        assert await store.removed_paths(A) == {"/b"}
        await FolderStore(database).delete(A)
        await store.delete_without_project(A)  # it may come back
        assert await store.all() == [other, later]
        assert await store.files(A) == [failed]
        await FolderStore(database).save(project)
        assert await store.all() == [found, other, later]
        await FolderStore(database).delete(A)
        await store.delete_without_project("")
        assert (await store.files(A), await store.files(B)) == ([], [elsewhere])


async def test_unreferenced_passages_are_removed_from_the_index(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        await fill(database, tmp_path / "files", A, "large", ["Harbour. "] * 130)
        await fill(database, tmp_path / "files", B, "small", ["Quiet harbour. "])
        store = CollectionStore(database)
        await FolderStore(database).delete(A)
        await store.delete_without_project("")
        await store.remove_unreferenced()
        tables = ("passages", "passage_index")
        counted = [f"SELECT count(*) FROM {table}" for table in tables]
        rows = await database.read(lambda c: [c.execute(sql).fetchone()[0] for sql in counted])
        assert rows == [1, 1]
        assert [each.name for each in await store.find([B], question_terms("harbour"), 5)] == [
            "small"
        ]


async def test_a_small_collection_is_found_in_spite_of_a_large_one(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        large = ["Harbour harbour harbour. " for _ in range(600)]
        await fill(database, tmp_path / "files", A, "large", large)
        await fill(database, tmp_path / "files", B, "small", ["One quiet harbour of many."])
        store, words = CollectionStore(database), question_terms("harbour")
        assert {place.name for place in await store.find([A], words, 5)} == {"large"}
        assert [place.name for place in await store.find([B], words, 5)] == ["small"]
        both = await store.find([A, B], words, 700)
        assert {place.collection_id for place in both} == {A, B}


async def test_a_partly_indexed_text_is_indexed_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        await fill(database, tmp_path / "files", A, "log", ["One. ", "Two. ", "Three."])
        store = CollectionStore(database)
        sha256 = (await store.files(A))[0].sha256
        await database.write(lambda c: c.execute('DELETE FROM passages WHERE "end" > 12'))
        assert not await store.is_indexed(sha256)
