"""The passage index returns the best passages of all given collections."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_words, question_words
from desktop_app.storage.database.database import Database
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.documents.collection_store import WINDOW, WINDOWS, CollectionStore
from tests.unit.storage.samples import NOON, opened

A, B = "a" * 32, "b" * 32


async def fill(
    database: Database, folder: Path, collection_id: str, name: str, texts: Sequence[str]
) -> None:
    """Store a collection with a single file that holds these passages."""
    store = CollectionStore(database)
    await store.put(Collection(collection_id, name, NOON))
    whole = "".join(texts)
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    await AttachmentStore(database, folder).add(
        whole.encode(), sha256=sha256, name=name, media_type="text/plain",
        text=whole, pages=None, tokens=1, is_searchable=False,
    )  # fmt: skip
    at, passages = 0, []
    for text in texts:
        made = IndexedPassage(at, at + len(text), 9, None, "", name, index_words(text))
        passages.append(made)
        at = made.end
    await store.index_passages(sha256, passages)
    file = CollectionFile(collection_id, f"/{name}", name, sha256, status="ready")
    await store.put_files([(file, 1)])
    assert await store.is_indexed(sha256)


async def test_rare_words_are_found_among_many_passages_that_hold_the_common_ones(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        many = [f"The harbour is open on day {n}. " for n in range(WINDOW * WINDOWS + 500)]
        many[777] = "A heron stands in the harbour. "
        await fill(database, tmp_path / "files", A, "log", many)
        store = CollectionStore(database)
        found = await store.find([A], question_words("Is a heron in the harbour?"), 5)
        assert (await store.texts(found))[0] == many[777]
        assert len(await store.find([A], question_words("harbour"), 5)) == 5


async def test_a_small_collection_is_found_beside_a_large_one(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        large = ["Harbour harbour harbour. " for _ in range(600)]
        await fill(database, tmp_path / "files", A, "large", large)
        await fill(database, tmp_path / "files", B, "small", ["One quiet harbour of many."])
        store, words = CollectionStore(database), question_words("harbour")
        assert {place.name for place in await store.find([A], words, 5)} == {"large"}
        assert [place.name for place in await store.find([B], words, 5)] == ["small"]
        both = await store.find([A, B], words, 700)
        assert {place.collection_id for place in both} == {A, B}


async def test_a_text_that_was_entered_in_part_is_entered_anew(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        await fill(database, tmp_path / "files", A, "log", ["One. ", "Two. ", "Three."])
        store = CollectionStore(database)
        sha256 = (await store.files(A))[0].sha256
        await database.write(lambda c: c.execute('DELETE FROM passages WHERE "end" > 12'))
        assert not await store.is_indexed(sha256)
