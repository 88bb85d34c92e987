"""Vectors of passages, by the model that made them, and the search for the nearest."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from desktop_app.collections.collection_store import locations_of
from desktop_app.domain.documents.collections import PassageLocation
from desktop_app.domain.documents.vectors import UnembeddedPassage, Vector
from desktop_app.storage.database import Database

# Only this many passages, those whose vectors have the most similar signs, are compared by cosine.
MAX_COMPARED: Final = 200
_FROM_COLLECTIONS: Final = """
    FROM passages AS p {joins} JOIN passage_vectors AS v ON v.passage_id = p.id AND v.model = ?
    WHERE p.sha256 IN (
        SELECT sha256 FROM collection_files
        WHERE status = 'ready' AND collection_id IN ({placeholders})
    )
"""


class VectorStore:
    """The vectors. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_missing(self, collection_id: str, model: str) -> tuple[int, int]:
        """Return the numbers of passages without a vector by `model`, and of their tokens."""
        sql = f"SELECT count(*) AS n, coalesce(sum(p.tokens), 0) AS tokens {_from_unembedded()}"
        (row,) = await self._database.rows(sql, model, collection_id)
        return row["n"], row["tokens"]

    async def has_any(self, collection_ids: Sequence[str], model: str) -> bool:
        """Return True if any passage of the collections has a vector by `model`."""
        placeholders = ", ".join("?" * len(collection_ids))
        sql = f"SELECT 1 {_FROM_COLLECTIONS.format(joins='', placeholders=placeholders)} LIMIT 1"
        return bool(await self._database.rows(sql, model, *collection_ids))

    async def next_missing(
        self, collection_id: str, model: str, limit: int
    ) -> list[UnembeddedPassage]:
        """Return at most `limit` passages without a vector by `model`, with their texts."""
        return await self._database.read(partial(_read_next_missing, collection_id, model, limit))

    async def put(self, model: str, vectors: Sequence[tuple[int, Vector]]) -> None:
        """Save vectors by the id of their passage, except those of deleted passages."""
        sql = """INSERT OR REPLACE INTO passage_vectors (passage_id, model, vector)
            SELECT id, ?, ? FROM passages WHERE id = ?"""
        rows = [(model, vector.numbers, passage_id) for passage_id, vector in vectors]
        await self._database.write(lambda c: c.executemany(sql, rows))

    async def nearest(
        self, collection_ids: Sequence[str], model: str, vector: Vector, limit: int
    ) -> list[PassageLocation]:
        """Return at most `limit` passages with vectors near `vector`, the nearest first."""
        if not collection_ids:
            return []
        find = partial(_find_nearest, list(collection_ids), model, vector, limit)
        return await self._database.read(find)


def _from_unembedded(joins: str = "") -> str:
    source = _FROM_COLLECTIONS.format(joins=f"{joins} LEFT", placeholders="?")
    return f"{source} AND v.passage_id IS NULL"


def _read_next_missing(
    collection_id: str, model: str, limit: int, connection: sqlite3.Connection
) -> list[UnembeddedPassage]:
    source = _from_unembedded("JOIN attachments AS a ON a.sha256 = p.sha256")
    sql = f'SELECT p.id, p.tokens, p.start, p."end", a.text {source} ORDER BY p.id LIMIT ?'
    rows = connection.execute(sql, (model, collection_id, limit))
    return [UnembeddedPassage(r["id"], r["tokens"], r["text"][r["start"] : r["end"]]) for r in rows]


def _find_nearest(
    collection_ids: list[str],
    model: str,
    vector: Vector,
    limit: int,
    connection: sqlite3.Connection,
) -> list[PassageLocation]:
    placeholders = ", ".join("?" * len(collection_ids))
    source = _FROM_COLLECTIONS.format(joins="", placeholders=placeholders)
    rows = connection.execute(f"SELECT p.id, v.vector {source}", (model, *collection_ids))
    candidates = heapq.nsmallest(MAX_COMPARED, _measure(rows, vector))
    candidates.sort(key=lambda candidate: -vector.cosine_to(Vector.from_bytes(candidate.numbers)))
    ids = [candidate.passage_id for candidate in candidates]
    return locations_of(connection, ids, collection_ids, limit)


class _Candidate(NamedTuple):
    distance: int
    passage_id: int
    numbers: bytes


def _measure(rows: Iterable[sqlite3.Row], vector: Vector) -> Iterator[_Candidate]:
    """Yield the vectors as long as `vector`, with their distance from it by sign."""
    for row in rows:
        stored_vector = Vector.from_bytes(row["vector"])
        if len(stored_vector.numbers) == len(vector.numbers):
            distance = vector.hamming_distance(stored_vector.signs)
            yield _Candidate(distance, row["id"], stored_vector.numbers)
