"""Collections: their files, the passages of the files, the index and the vectors over them.

Originals and texts are stored as attachments, which stay while a collection refers to them. A
passage is a range of such a text. If a file is in several collections, or several times in one, its
passages are stored once. Every write is short: a file of many passages is indexed in steps, and is
"ready" after the last step.

The index is SQLite's FTS5, ranked by BM25 with a higher weight for titles. It stores no text: to
remove a passage, its words are computed again from the text, which stays until then.

Vectors are stored by the model that made them, and compared with that of a question.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from desktop_app.domain.documents.collections import Collection, CollectionFile, PassageLocation
from desktop_app.domain.documents.extracted_document import IndexedPassage
from desktop_app.domain.documents.passage_words import index_terms
from desktop_app.providers.jobs.vectors import UnembeddedPassage, Vector
from desktop_app.storage.database import Database
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.row_conversion import (
    Cells,
    error_to_text,
    from_row,
    read_rows,
    to_micros,
    to_text,
)
from desktop_app.storage.transactions import reading, writing

# Passages, or files, that one transaction writes, in a few milliseconds.
STEP_ROWS: Final = 64
# The weight of a word in the title (file name, headings above) relative to a word in the text.
TITLE_WEIGHT: Final = 2.0
# Words of a question that are searched: 26 words take 50 ms in 6,000 passages.
MAX_WORDS: Final = 400

_FILE_COLUMNS: Final = (
    "collection_id, path, name, sha256, media_type, size, pages, status, problem, modified"
)
# A file that waits to be read again keeps its hash: it may turn out to be unchanged. A file that is
# removed while it is read stays removed.
_PUT_FILE: Final = f"""
    INSERT INTO collection_files ({_FILE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, path) DO UPDATE SET
        name = excluded.name, media_type = excluded.media_type,
        size = excluded.size, pages = excluded.pages, status = excluded.status,
        problem = excluded.problem, modified = excluded.modified,
        sha256 = iif(excluded.status = 'waiting', sha256, excluded.sha256)
    WHERE status <> 'removed' OR excluded.status = 'waiting'
"""  # noqa: S608 - our own text
_SELECT_BEST: Final = f"""
    SELECT rowid AS id, bm25(passage_index, {TITLE_WEIGHT}, 1.0) AS score FROM passage_index
    WHERE passage_index MATCH ? AND rowid IN (
        SELECT p.id FROM passages AS p JOIN collection_files AS f ON f.sha256 = p.sha256
        WHERE f.status = 'ready' AND f.collection_id IN ({{placeholders}})
    ) ORDER BY score LIMIT ?
"""  # noqa: S608
# One row for each file with the passage, by path: only the first counts.
_SELECT_LOCATIONS: Final = """
    SELECT p.id, f.collection_id, p.sha256, f.name, p.page, p.place, p.start, p.end, p.tokens
    FROM passages AS p JOIN collection_files AS f ON f.sha256 = p.sha256
    WHERE p.id = ? AND f.status = 'ready' AND f.collection_id IN ({placeholders})
    ORDER BY f.path
"""

_SELECT_UNREFERENCED: Final = """
    SELECT DISTINCT sha256 FROM passages
    WHERE sha256 NOT IN (SELECT sha256 FROM collection_files WHERE sha256 IS NOT NULL)
"""


class CollectionStore:
    """Collections, their files and passages. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Collection]:
        """Return the collections of all projects, by name, each with the project's name."""
        sql = """SELECT c.*, f.name FROM collections AS c JOIN folders AS f
            ON f.collection_id = c.id GROUP BY c.id"""
        collections = await read_rows(self._database, partial(from_row, Collection), sql)
        return sorted(
            collections, key=lambda collection: (collection.name.casefold(), collection.created_at)
        )

    async def put(self, collection: Collection) -> None:
        """Save the new folders of a collection."""
        sql = "UPDATE collections SET folder = ? WHERE id = ?"
        await self._database.execute(sql, to_text(collection.folder), collection.id)

    @writing
    def create(
        self, connection: sqlite3.Connection, collection: Collection, project_id: str
    ) -> None:
        """Add a collection to a project, and a project of its name if there is none."""
        id_, name, created_at, folder = collection
        values = (id_, to_micros(created_at), to_text(folder))
        connection.execute(
            "INSERT INTO collections (id, created_at, folder) VALUES (?, ?, ?)", values
        )
        sql = """INSERT INTO folders (id, name, created_at, overrides, collection_id)
            VALUES (?, ?, ?, '', ?)
            ON CONFLICT DO UPDATE SET collection_id = excluded.collection_id"""
        connection.execute(sql, (project_id, to_text(name), to_micros(created_at), id_))

    async def delete_without_project(self, kept_id: str) -> None:
        """Delete the collections of deleted projects but `kept_id`, which Undo may need.

        Their passages stay in the index until `remove_unreferenced`.
        """
        sql = """DELETE FROM collections
            WHERE id != ? AND id NOT IN (SELECT collection_id FROM folders)"""
        await self._database.execute(sql, kept_id)

    async def files(self, collection_id: str) -> list[CollectionFile]:
        """Return the files of a collection by path, except removed ones."""
        sql = """SELECT * FROM collection_files WHERE collection_id = ? AND status != 'removed'
            ORDER BY path"""
        return await read_rows(self._database, file_from_row, sql, collection_id)

    async def file_counts(self, collection_id: str) -> dict[str, int]:
        sql = """SELECT status, count(*) AS files FROM collection_files WHERE collection_id = ?
            GROUP BY status"""
        rows = await self._database.rows(sql, collection_id)
        return {row["status"]: row["files"] for row in rows}

    async def file_stats(self, collection_id: str) -> dict[str, tuple[int, int]]:
        """Return each file's size in bytes and modification time in nanoseconds, by path.

        They are those of the last reading; both are -1 unless the file is "ready" or "failed".
        """
        sql = "SELECT path, size, modified, status FROM collection_files WHERE collection_id = ?"
        rows = await self._database.rows(sql, collection_id)
        stats = {}
        for row in rows:
            was_read = row["status"] in ("ready", "failed")
            stats[row["path"]] = (row["size"], row["modified"]) if was_read else (-1, -1)
        return stats

    async def removed_paths(self, collection_id: str) -> set[str]:
        sql = "SELECT path FROM collection_files WHERE collection_id = ? AND status = 'removed'"
        rows = await self._database.rows(sql, collection_id)
        return {row["path"] for row in rows}

    async def mark_removed(self, collection_id: str, path: str) -> None:
        """Mark a file as removed by the user. `remove_unreferenced` removes its passages."""
        sql = """UPDATE collection_files SET status = 'removed', sha256 = NULL, problem = ''
            WHERE collection_id = ? AND path = ?"""
        await self._database.execute(sql, collection_id, to_text(path))

    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None:
        """Add files, each with its modification time in nanoseconds, or update known files.

        Do nothing if the collection no longer exists. A file that the user has removed stays
        removed, unless its new status is "waiting".
        """
        rows = [_file_to_row(file, modified) for file, modified in files]
        for start in range(0, len(rows), STEP_ROWS):
            await self._database.write(partial(_put_files, rows[start : start + STEP_ROWS]))

    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None:
        """Delete files. Their passages stay in the index until `remove_unreferenced`."""
        rows = [(collection_id, to_text(path)) for path in paths]
        sql = "DELETE FROM collection_files WHERE collection_id = ? AND path = ?"
        await self._database.write(lambda c: c.executemany(sql, rows))

    async def is_indexed(self, sha256: str) -> bool:
        """Return True if all passages of a text are indexed: the last reaches the text's end."""
        # Python measures the text: SQLite's length() ends at a null character.
        sql = """SELECT text, (SELECT max("end") FROM passages WHERE sha256 = ?1) AS last
            FROM attachments WHERE sha256 = ?1"""
        row = await self._database.row(sql, sha256)
        return row is not None and row["last"] == len(row["text"])

    async def index_passages(self, sha256: str, passages: Sequence[IndexedPassage]) -> None:
        """Index the passages of a text, replacing any previous ones."""
        await self._remove_passages(sha256)
        for start in range(0, len(passages), STEP_ROWS):
            step = passages[start : start + STEP_ROWS]
            await self._database.write(partial(_insert_passages, sha256, step))

    async def remove_unreferenced(self) -> None:
        """Remove the passages that no collection refers to, in short steps.

        Afterwards their words are nowhere on disk. If this is interrupted, the next call removes
        the other passages, and `wipe_deleted` completes the wipe.
        """
        rows = await self._database.rows(_SELECT_UNREFERENCED)
        if rows:
            await self._database.write(partial(mark_for_wipe, is_indexed=True))
            for row in rows:
                await self._remove_passages(row["sha256"])
            await wipe_deleted(self._database)

    async def _remove_passages(self, sha256: str) -> None:
        while await self._database.write(partial(_remove_step, sha256)):
            pass

    @reading
    def find(
        self,
        connection: sqlite3.Connection,
        collection_ids: Sequence[str],
        words: Sequence[str],
        limit: int,
    ) -> list[PassageLocation]:
        """Return at most `limit` passages that contain some of the words, the best match first."""
        collection_ids = list(collection_ids)
        if not words:
            return []
        expression = " OR ".join(f'"{word}"' for word in words[:MAX_WORDS])
        sql = _SELECT_BEST.format(placeholders=", ".join("?" * len(collection_ids)))
        rows = connection.execute(sql, (expression, *collection_ids, limit))
        return locations_of(connection, [row["id"] for row in rows], collection_ids, limit)

    @reading
    def texts(
        self, connection: sqlite3.Connection, locations: Sequence[PassageLocation]
    ) -> list[str | None]:
        """Return the text of each passage, or None if it is gone."""
        text_of: dict[str, str | None] = {}
        for sha256 in {location.sha256 for location in locations}:
            sql = "SELECT text FROM attachments WHERE sha256 = ?"
            row = connection.execute(sql, (sha256,)).fetchone()
            text_of[sha256] = None if row is None else row["text"]
        passages: list[str | None] = []
        for location in locations:
            text = text_of[location.sha256]
            passages.append(None if text is None else text[location.start : location.end])
        return passages


# Rows are converted on the reader's thread.


def collection_from_row(row: Cells) -> Collection:
    """Return a stored collection, without the name that its project has."""
    return from_row(Collection, row, name="")


def file_from_row(row: Cells) -> CollectionFile:
    return from_row(CollectionFile, row, sha256=row["sha256"] or "")


def _put_files(
    rows: Sequence[tuple[str | int | None, ...]], connection: sqlite3.Connection
) -> None:
    for row in rows:
        collection_row = connection.execute(
            "SELECT 1 FROM collections WHERE id = ?", row[:1]
        ).fetchone()
        if collection_row is not None:  # otherwise the collection was deleted meanwhile
            connection.execute(_PUT_FILE, row)


def _file_to_row(file: CollectionFile, modified: int) -> tuple[str | int | None, ...]:
    return (
        file.collection_id,
        to_text(file.path),
        to_text(file.name),
        file.sha256 or None,
        file.media_type,
        file.size,
        file.pages,
        file.status,
        error_to_text(file.problem),
        modified,
    )


def _insert_passages(
    sha256: str, passages: Sequence[IndexedPassage], connection: sqlite3.Connection
) -> None:
    for passage in passages:
        row = (
            sha256,
            passage.start,
            passage.end,
            passage.tokens,
            passage.page,
            to_text(passage.place),
            to_text(passage.title),
        )
        cursor = connection.execute(
            'INSERT INTO passages (sha256, start, "end", tokens, page, place, title)'
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.execute(
            "INSERT INTO passage_index (rowid, title, words) VALUES (?, ?, ?)",
            (cursor.lastrowid, index_terms(passage.title), passage.terms),
        )


def _remove_step(sha256: str, connection: sqlite3.Connection) -> bool:
    """Remove some passages of a text. Return True if there may be more."""
    sql = "SELECT * FROM passages WHERE sha256 = ? LIMIT ?"
    rows = connection.execute(sql, (sha256, STEP_ROWS)).fetchall()
    if not rows:
        return False
    sql = "SELECT text FROM attachments WHERE sha256 = ?"
    text: str = connection.execute(sql, (sha256,)).fetchone()["text"]
    connection.executemany(
        "INSERT INTO passage_index (passage_index, rowid, title, words) VALUES ('delete', ?, ?, ?)",
        [
            (row["id"], index_terms(row["title"]), index_terms(text[row["start"] : row["end"]]))
            for row in rows
        ],
    )
    connection.executemany("DELETE FROM passages WHERE id = ?", [(row["id"],) for row in rows])
    return len(rows) == STEP_ROWS


def locations_of(
    connection: sqlite3.Connection, ids: Sequence[int], collection_ids: list[str], limit: int
) -> list[PassageLocation]:
    """Return the first `limit` of the passages `ids` that are in the collections."""
    sql = _SELECT_LOCATIONS.format(placeholders=", ".join("?" * len(collection_ids)))
    locations = []
    for passage_id in ids:
        row = connection.execute(sql, (passage_id, *collection_ids)).fetchone()
        if row is not None:
            locations.append(PassageLocation(**dict(row)))
        if len(locations) == limit:
            break
    return locations


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

    @reading
    def next_missing(
        self, connection: sqlite3.Connection, collection_id: str, model: str, limit: int
    ) -> list[UnembeddedPassage]:
        """Return at most `limit` passages without a vector by `model`, with their texts."""
        source = _from_unembedded("JOIN attachments AS a ON a.sha256 = p.sha256")
        sql = f'SELECT p.id, p.tokens, p.start, p."end", a.text {source} ORDER BY p.id LIMIT ?'
        rows = connection.execute(sql, (model, collection_id, limit))
        return [
            UnembeddedPassage(r["id"], r["tokens"], r["text"][r["start"] : r["end"]]) for r in rows
        ]

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
