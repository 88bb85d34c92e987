"""Collections in the store: which files they name, the passages of those, and the index over them.

Originals and texts lie with the attachments, which are not collected while a collection names them.
A passage is a range of such a text; a file in several collections, or several times in one, has its
passages once. Every write is short: a file of many passages is entered in steps, and is "ready" with
the last of them.

The index is SQLite's FTS5, ranked by BM25 with what the title says counting more. It keeps no words of
its own: a passage is taken out by making its words anew from the text, which stays until then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from desktop_app.domain.documents.collections import Collection, CollectionFile, FileStatus
from desktop_app.domain.documents.passage_words import index_words
from desktop_app.storage.conversations.row_conversion import (
    Cells,
    from_micros,
    read_row,
    to_micros,
    to_text,
)
from desktop_app.storage.database.database import Database

# So many passages are entered in one write: a few milliseconds.
STEP: Final = 64
# How much more a word of the title (the file's name, the headings above) counts than one of the text.
TITLE_WEIGHT: Final = 2.0
# The best of the whole index are looked at first: they are often of the collections that are asked.
LOOKED_AT_FIRST: Final = 400
# Words are looked for from the rarest on, as long as no more places than these hold them: what stands
# everywhere tells no passage from another, and takes time. How many hold one is counted in a few
# windows of the index, which takes a fifth of the time that counting all does.
MOST_PLACES: Final = 20_000
WINDOW: Final = 1_000
WINDOWS: Final = 3

_FILE_COLUMNS: Final = (
    "collection_id, path, name, sha256, media_type, size, pages, status, problem, modified"
)
# One that waits to be read again keeps what it named: it may be found to be the same.
_PUT_FILE: Final = f"""
    INSERT INTO collection_files ({_FILE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, path) DO UPDATE SET
        name = excluded.name, media_type = excluded.media_type,
        size = excluded.size, pages = excluded.pages, status = excluded.status,
        problem = excluded.problem, modified = excluded.modified,
        sha256 = iif(excluded.status = 'waiting', sha256, excluded.sha256)
"""  # noqa: S608 - our own text
_BEST: Final = f"""
    SELECT rowid AS id, bm25(passage_index, {TITLE_WEIGHT}, 1.0) AS score FROM passage_index
    WHERE passage_index MATCH ? ORDER BY score LIMIT ?
"""  # noqa: S608
_BEST_WITHIN: Final = f"""
    SELECT rowid AS id, bm25(passage_index, {TITLE_WEIGHT}, 1.0) AS score FROM passage_index
    WHERE passage_index MATCH ? AND rowid IN (
        SELECT p.id FROM passages AS p JOIN collection_files AS f ON f.sha256 = p.sha256
        WHERE f.status = 'ready' AND f.collection_id IN ({{marks}})
    ) ORDER BY score LIMIT ?
"""  # noqa: S608
# One line for each collection that has it; of several files with the same bytes the first.
_PLACES: Final = """
    SELECT p.id, f.collection_id, p.sha256, f.name, p.page, p.place, p.start, p.end, p.tokens
    FROM passages AS p JOIN collection_files AS f ON f.sha256 = p.sha256
    WHERE p.id = ? AND f.status = 'ready' AND f.collection_id IN ({marks})
    ORDER BY f.path
"""

_UNNAMED: Final = """
    SELECT DISTINCT sha256 FROM passages
    WHERE sha256 NOT IN (SELECT sha256 FROM collection_files WHERE sha256 IS NOT NULL)
"""


class Words(Protocol):
    """A passage as it is entered: see documents/protocol.IndexedPassage."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def tokens(self) -> int: ...

    @property
    def page(self) -> int | None: ...

    @property
    def place(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def words(self) -> str: ...


@dataclass(frozen=True, slots=True)
class StoredPassageLocation:
    """A passage that was found, less its text.

    Attributes:
        id: its number in the index.
        tokens: of its text.
    """

    id: int
    collection_id: str
    sha256: str
    name: str
    page: int | None
    place: str
    start: int
    end: int
    tokens: int


class CollectionStore:
    """Collections, their files and their passages. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Collection]:
        """Every collection, by name."""
        sql = "SELECT * FROM collections"
        found = await self._database.read(
            lambda c: [read_row(collection_from_row, row) for row in c.execute(sql)]
        )
        return sorted(found, key=lambda each: (each.name.casefold(), each.created_at))

    async def put(self, collection: Collection) -> None:
        """Add a collection, or keep its new name and folder."""
        row = (
            collection.id,
            to_text(collection.name),
            to_micros(collection.created_at),
            to_text(collection.folder),
        )
        sql = """INSERT INTO collections (id, name, created_at, folder) VALUES (?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, folder = excluded.folder"""
        await self._database.write(lambda c: c.execute(sql, row))

    async def delete(self, collection_id: str) -> None:
        """Remove a collection; `tidy` takes what it named out of the index."""
        sql = "DELETE FROM collections WHERE id = ?"
        await self._database.write(lambda c: c.execute(sql, (collection_id,)))

    async def files(self, collection_id: str) -> list[CollectionFile]:
        """Its files by path, without those that were taken out."""
        sql = """SELECT * FROM collection_files WHERE collection_id = ? AND status != 'removed'
            ORDER BY path"""
        return await self._database.read(
            lambda c: [read_row(file_from_row, row) for row in c.execute(sql, (collection_id,))]
        )

    async def modified(self, collection_id: str) -> dict[str, tuple[int, int]]:
        """By path: size and time of last change in nanoseconds, as they were when it was read; -1
        for both where it has not been read."""
        sql = "SELECT path, size, modified, status FROM collection_files WHERE collection_id = ?"
        rows = await self._database.read(lambda c: c.execute(sql, (collection_id,)).fetchall())
        return {
            row["path"]: (row["size"], row["modified"])
            if row["status"] in ("ready", "failed")
            else (-1, -1)
            for row in rows
        }

    async def removed(self, collection_id: str) -> set[str]:
        """The paths of files that were taken out."""
        sql = "SELECT path FROM collection_files WHERE collection_id = ? AND status = 'removed'"
        rows = await self._database.read(lambda c: c.execute(sql, (collection_id,)).fetchall())
        return {row["path"] for row in rows}

    async def take_out(self, collection_id: str, path: str) -> None:
        """Note that a file was taken out; `tidy` takes what it held out of the index."""
        sql = """UPDATE collection_files SET status = 'removed', sha256 = NULL, problem = ''
            WHERE collection_id = ? AND path = ?"""
        await self._database.write(lambda c: c.execute(sql, (collection_id, to_text(path))))

    async def put_files(self, files: Sequence[tuple[CollectionFile, int]]) -> None:
        """Enter files, each with its time of last change; those that are known take the new facts.
        Nothing where the collection is gone."""
        rows = [_row(file, modified) for file, modified in files]
        for at in range(0, len(rows), STEP):
            await self._database.write(partial(_put_files, rows[at : at + STEP]))

    async def remove_files(self, collection_id: str, paths: Iterable[str]) -> None:
        """Forget files; `tidy` takes what they held out of the index."""
        rows = [(collection_id, to_text(path)) for path in paths]
        sql = "DELETE FROM collection_files WHERE collection_id = ? AND path = ?"
        await self._database.write(lambda c: c.executemany(sql, rows))

    async def is_indexed(self, sha256: str) -> bool:
        """Whether its passages are in the index, all of them: the last ends where the text does."""
        # Not a join: it would measure a text of megabytes once for each of its passages.
        sql = """SELECT (SELECT max("end") FROM passages WHERE sha256 = ?1)
            = (SELECT length(text) FROM attachments WHERE sha256 = ?1) AS is_whole"""
        row = await self._database.read(lambda c: c.execute(sql, (sha256,)).fetchone())
        return bool(row["is_whole"])

    async def enter(self, sha256: str, passages: Sequence[Words]) -> None:
        """Enter the passages of a text, in place of any that are there."""
        await self._take_out(sha256)
        for at in range(0, len(passages), STEP):
            step = passages[at : at + STEP]
            await self._database.write(partial(_enter, sha256, step))

    async def tidy(self) -> None:
        """Take out of the index what no collection names any more, in short steps, so that its words
        stand in no file. What is broken off is done by the next."""
        rows = await self._database.read(lambda c: c.execute(_UNNAMED).fetchall())
        for row in rows:
            await self._take_out(row["sha256"])
        if rows:
            await self._database.wipe()

    async def _take_out(self, sha256: str) -> None:
        while await self._database.write(partial(_take_out, sha256)):
            pass

    async def find(
        self, collection_ids: Sequence[str], words: Sequence[str], limit: int
    ) -> list[StoredPassageLocation]:
        """The places that hold the words best, the best first."""
        if not words or not collection_ids:
            return []
        return await self._database.read(partial(_find, list(collection_ids), words, limit))

    async def texts(self, places: Sequence[StoredPassageLocation]) -> list[str | None]:
        """The words at each place; None where the text is gone."""
        return await self._database.read(partial(_texts, places))


# Rows become values on the thread that read them.


def collection_from_row(row: Cells) -> Collection:
    """A row of `collections`."""
    return Collection(row["id"], row["name"], from_micros(row["created_at"]), row["folder"])


def file_from_row(row: Cells) -> CollectionFile:
    """A row of `collection_files`."""
    status: FileStatus = row["status"]
    return CollectionFile(
        collection_id=row["collection_id"],
        path=row["path"],
        name=row["name"],
        sha256=row["sha256"] or "",
        media_type=row["media_type"],
        size=row["size"],
        pages=row["pages"],
        status=status,
        problem=row["problem"],
    )


def _put_files(
    rows: Sequence[tuple[str | int | None, ...]], connection: sqlite3.Connection
) -> None:
    for row in rows:
        known = connection.execute("SELECT 1 FROM collections WHERE id = ?", row[:1]).fetchone()
        if known is not None:  # else it was deleted meanwhile
            connection.execute(_PUT_FILE, row)


def _row(file: CollectionFile, modified: int) -> tuple[str | int | None, ...]:
    return (
        file.collection_id,
        to_text(file.path),
        to_text(file.name),
        file.sha256 or None,
        file.media_type,
        file.size,
        file.pages,
        file.status,
        to_text(file.problem),
        modified,
    )


def _enter(sha256: str, passages: Sequence[Words], connection: sqlite3.Connection) -> None:
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
        found = connection.execute(
            'INSERT INTO passages (sha256, start, "end", tokens, page, place, title)'
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.execute(
            "INSERT INTO passage_index (rowid, title, words) VALUES (?, ?, ?)",
            (found.lastrowid, index_words(passage.title), passage.words),
        )


def _take_out(sha256: str, connection: sqlite3.Connection) -> bool:
    """One step; whether there may be more."""
    sql = "SELECT * FROM passages WHERE sha256 = ? LIMIT ?"
    rows = connection.execute(sql, (sha256, STEP)).fetchall()
    if not rows:
        return False
    sql = "SELECT text FROM attachments WHERE sha256 = ?"
    text: str = connection.execute(sql, (sha256,)).fetchone()["text"]
    connection.executemany(
        "INSERT INTO passage_index (passage_index, rowid, title, words) VALUES ('delete', ?, ?, ?)",
        [
            (row["id"], index_words(row["title"]), index_words(text[row["start"] : row["end"]]))
            for row in rows
        ],
    )
    connection.executemany("DELETE FROM passages WHERE id = ?", [(row["id"],) for row in rows])
    return len(rows) == STEP


def _find(
    collection_ids: list[str], words: Sequence[str], limit: int, connection: sqlite3.Connection
) -> list[StoredPassageLocation]:
    expression = " OR ".join(f'"{word}"' for word in _rarest(connection, words))
    if not expression:
        return []
    marks = ", ".join("?" * len(collection_ids))
    first = max(LOOKED_AT_FIRST, limit)
    best = connection.execute(_BEST, (expression, first)).fetchall()
    found = places_of(connection, [row["id"] for row in best], collection_ids, limit)
    if len(found) < limit and len(best) == first:
        sql = _BEST_WITHIN.format(marks=marks)
        best = connection.execute(sql, (expression, *collection_ids, limit)).fetchall()
        found = places_of(connection, [row["id"] for row in best], collection_ids, limit)
    return found


def _rarest(connection: sqlite3.Connection, words: Sequence[str]) -> list[str]:
    """The words that are looked for."""
    newest: int = connection.execute("SELECT max(id) FROM passages").fetchone()[0] or 0
    if newest <= WINDOW * WINDOWS:
        return list(words)
    firsts = [newest * (2 * n + 1) // (2 * WINDOWS) for n in range(WINDOWS)]
    chosen: list[str] = []
    places = 0.0
    for count, word in sorted((_held(connection, word, firsts), word) for word in words):
        places += count * newest / (WINDOW * WINDOWS)
        if chosen and places > MOST_PLACES:
            break
        chosen.append(word)
    return chosen


def _held(connection: sqlite3.Connection, word: str, firsts: Sequence[int]) -> int:
    """How many passages of the windows hold a word."""
    sql = """SELECT count(*) FROM passage_index
        WHERE passage_index MATCH ? AND rowid BETWEEN ? AND ?"""
    values = [(f'"{word}"', first, first + WINDOW - 1) for first in firsts]
    return sum(connection.execute(sql, each).fetchone()[0] for each in values)


def places_of(
    connection: sqlite3.Connection, ids: Sequence[int], collection_ids: list[str], limit: int
) -> list[StoredPassageLocation]:
    """Those of the passages that stand in the collections, in order, at most so many."""
    sql = _PLACES.format(marks=", ".join("?" * len(collection_ids)))
    found = []
    for number in ids:
        row = connection.execute(sql, (number, *collection_ids)).fetchone()
        if row is not None:
            found.append(StoredPassageLocation(**dict(row)))
        if len(found) == limit:
            break
    return found


def _texts(
    places: Sequence[StoredPassageLocation], connection: sqlite3.Connection
) -> list[str | None]:
    whole: dict[str, str | None] = {}
    for sha256 in {place.sha256 for place in places}:
        sql = "SELECT text FROM attachments WHERE sha256 = ?"
        row = connection.execute(sql, (sha256,)).fetchone()
        whole[sha256] = None if row is None else row["text"]
    texts = [(whole[place.sha256], place) for place in places]
    return [None if text is None else text[place.start : place.end] for text, place in texts]
