"""A collection in a store with a sample of every kind of data."""

from __future__ import annotations

from desktop_app.collections.collection_store import CollectionStore, VectorStore
from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.documents.collections import Collection, CollectionFile
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms
from desktop_app.providers.jobs.vectors import Vector
from desktop_app.storage.database import Database
from tests.helpers.full_store import DATA, SHA256, TEXT
from tests.unit.storage.samples import NOON


async def fill(database: Database, _folder: Folder) -> None:
    collections = CollectionStore(database)
    collection = Collection("c" * 32, "Books", NOON, "/somewhere")
    await collections.create(collection, collection.id)
    file = CollectionFile(
        collection.id, "/somewhere/found.txt", "found.txt", SHA256, "text/plain", len(DATA),
        None, "ready",
    )  # fmt: skip
    await collections.put_files([(file, 1_700_000_000_000_000_000)])
    middle = len(TEXT) // 2
    await collections.index_passages(
        SHA256,
        [
            IndexedPassage(start, end, 20, None, "door", "found", index_terms(TEXT[start:end]))
            for start, end in ((0, middle), (middle, len(TEXT)))
        ],
    )
    ids = await database.read(lambda c: [row[0] for row in c.execute("SELECT id FROM passages")])
    vectors = [(id_, Vector.from_values([0.5, -0.25, id_ / 100])) for id_ in ids]
    await VectorStore(database).put("small", vectors)
