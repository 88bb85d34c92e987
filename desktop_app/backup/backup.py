"""Backups: the whole store with its attachments in one archive; restore.py reads them.

    repartee-backup-2026-11-20-103200-3f9a2c1b.zip
        backup.json             {format, version, created_at, attachments}
        repartee.sqlite3        the store's schema, and its first rows
        repartee-2.sqlite3 …    the tables with more rows
        attachments/ab/cdef…    the originals, named by their hash

The rows are copied into databases in memory, of 16 MB each: a whole copy would need more room on
the disk than the backup. The search index is left out, which is half of a store and can be made
again, and so is what a restore drops. Version 1 had the whole store in one file.

The name ends with the library's id, so that libraries can share a folder. API keys are in the
keyring and never in a store, so they are in no backup. A backup is written in a temporary folder
beside it, synced, and then moved.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.documents.store.attachment_store import attachment_path, is_undamaged
from desktop_app.domain.bounds import is_hash
from desktop_app.domain.errors import StorageError
from desktop_app.domain.stored_table import Effect
from desktop_app.i18n.translation import N_
from desktop_app.paths import folders
from desktop_app.storage.database import reader_of
from desktop_app.storage.private_files import create_private, create_private_folder
from desktop_app.storage.schema import stored_version
from desktop_app.storage.sqlite_connection import connect_in_memory
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.stored_tables import tables_of
from desktop_app.storage.temporary_files import removed_at_end
from desktop_app.system import sync

FORMAT: Final = "repartee-backup"
VERSION: Final = 2
STORE: Final = "repartee.sqlite3"
MANIFEST: Final = "backup.json"
_PART_BYTES: Final = 16 << 20
_PAGE_BYTES: Final = 4096  # of a new database
_STEP_ROWS: Final = 20
"""Rows that are copied before the size is looked at: documents can have megabytes of text."""
_INDEX: Final = ("search_index", "search_entries")
_SELECT_TABLES: Final = "SELECT name, type FROM pragma_table_list WHERE schema = 'main'"
_MAX_LISTED_NAMES: Final = 3
_NAME: Final = re.compile(r"repartee-backup-\d{4}-\d\d-\d\d-\d{6}-([0-9a-f]{8})\.zip")

Progress = Callable[[int, int], None]
"""Called with the number of attachments done, and the number of all attachments."""


class Backup(NamedTuple):
    """A backup that was made.

    Attributes:
        left_out: the names of the attachments that it lacks, because they are damaged or missing.
    """

    path: Path
    left_out: list[str]

    def warning(self) -> StorageError | None:
        """Return an error that names attachments left out; None if the backup is complete."""
        if not self.left_out:
            return None
        files = ", ".join(self.left_out[:_MAX_LISTED_NAMES])
        unnamed_count = len(self.left_out) - _MAX_LISTED_NAMES
        if unnamed_count > 0:
            files += f" +{unnamed_count}"
        return StorageError(
            N_("Damaged or missing attachments aren’t in the backup: {files}."),
            hint=N_("Keep an older backup, which may contain them."),
            files=files,
        )


def make_backup(
    database: Path, attachments: Path, place: Path, at: datetime, progress: Progress
) -> Backup:
    """Write a backup while other processes may write to the store.

    Args:
        place: as `is_backup_file` says, a file, which is replaced, or a folder.
        at: the time in the backup's name, shown in this computer's time zone.

    Raises:
        StorageError: it could not be written; nothing is left behind.
        StoreDamagedError: the store is damaged.
    """
    is_file = is_backup_file(place)
    folder = place.parent if is_file else place
    with translate_errors(str(place)):
        if not is_file:
            folder.mkdir(exist_ok=True)  # fails without the parent: the disk may not be mounted
        elif not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        scratch = folder / f".repartee-{os.urandom(8).hex()}"
        with removed_at_end(scratch, folders().temporary):
            create_private_folder(scratch)
            partial_archive = scratch / "backup.zip"
            create_private(partial_archive)
            with reader_of(database) as connect_reader, closing(connect_reader()) as connection:
                stored_version(connection, database)
                connection.execute("BEGIN")  # one state, whatever others write meanwhile
                library = _library_id(connection)
                left_out = _write_archive(partial_archive, connection, attachments, at, progress)
            sync(partial_archive)
            target = place if is_file else _free_name(folder, at, library)
            partial_archive.replace(target)
        sync(folder)
    return Backup(target, left_out)


def delete_old_backups(backup: Path, count: int) -> None:
    """Delete the library's other backups in the folder of `backup`, except the newest.

    Args:
        backup: a backup that is never deleted. Its name contains the library's id.
        count: the number of backups that remain, with `backup`.

    Raises:
        StorageError: the folder cannot be read or written to.
    """
    with translate_errors(str(backup.parent)):
        match = _NAME.fullmatch(backup.name)
        others = [
            path
            for path in backup.parent.iterdir()
            if (other := _NAME.fullmatch(path.name)) and match and other[1] == match[1]
        ]
        others.remove(backup)
        # A clock that was wrong once dated a backup in the future; it would be the newest for ever.
        others.sort(key=lambda path: (path.name < backup.name, path.name))
        for path in others[: max(0, len(others) + 1 - count)]:  # 1 is `backup` itself
            path.unlink()


def is_backup_file(place: Path) -> bool:
    """Return True if a backup is written to this very path, False if it gets a name in a folder."""
    return place.suffix.lower() == ".zip" and not place.is_dir()


def _free_name(folder: Path, at: datetime, library: str) -> Path:
    while (target := folder / _name(at, library)).exists():  # two in one second
        at += timedelta(seconds=1)
    return target


def _name(at: datetime, library: str) -> str:
    return f"repartee-backup-{at.astimezone():%Y-%m-%d-%H%M%S}-{library}.zip"


def _library_id(store: sqlite3.Connection) -> str:
    """Return the id of the library, eight hexadecimal digits.

    A restored store gets another id, so `delete_old_backups` keeps the backups of the previous one.
    """
    sql = "SELECT value FROM settings WHERE key = 'store.library'"
    return str(json.loads(store.execute(sql).fetchone()[0]))


def part_name(number: int) -> str:
    """Return the name of a part of the store; the first is number 1."""
    return STORE if number == 1 else STORE.replace(".", f"-{number}.")


def _parts(store: sqlite3.Connection) -> Iterator[bytes]:
    """Yield databases that have the rows of a store together, except what is left out."""
    kinds = {name: kind for name, kind in store.execute(_SELECT_TABLES) if name[:7] != "sqlite_"}
    rows = store.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
    schema = {row["name"]: row["sql"] for row in rows if kinds.get(row["name"]) == "virtual"}
    tables = {row["name"]: row["sql"] for row in rows if kinds.get(row["name"]) == "table"}
    schema |= tables
    schema |= {row["name"]: row["sql"] for row in rows if row["type"] == "index" and row["sql"]}
    for name in ("application_id", "user_version"):
        value = store.execute(f"PRAGMA {name}").fetchone()[0]
        schema[name] = f"PRAGMA {name} = {value}"
    left_out = {*_INDEX, *tables_of(Effect.HERE)} - {"sync_device"}  # a restore tells of that
    part = _begin_part(schema.values())
    for table in [name for name in tables if name not in left_out]:
        columns = store.execute(f"PRAGMA table_info({table})").fetchall()
        values = ["CAST(? AS TEXT)" if column["type"] == "TEXT" else "?" for column in columns]
        insert = f"INSERT INTO {table} VALUES ({', '.join(values)})"  # noqa: S608 - a table of ours
        store.text_factory = bytes  # also of texts that are not UTF-8
        found = store.execute(f"SELECT * FROM {table} NOT INDEXED")  # noqa: S608
        while part.executemany(insert, islice(found, _STEP_ROWS)).rowcount > 0:
            if part.execute("PRAGMA page_count").fetchone()[0] * _PAGE_BYTES > _PART_BYTES:
                yield _end_part(part)
                part = _begin_part(tables.values())
        store.text_factory = str
    yield _end_part(part)


def _begin_part(schema: Iterable[str]) -> sqlite3.Connection:
    part = connect_in_memory()
    part.execute("PRAGMA foreign_keys = OFF")
    for sql in schema:
        part.execute(sql)
    part.execute("BEGIN")
    return part


def _end_part(part: sqlite3.Connection) -> bytes:
    with closing(part):
        part.execute("COMMIT")
        return part.serialize()


def _write_archive(
    target: Path, store: sqlite3.Connection, attachments: Path, at: datetime, progress: Progress
) -> list[str]:
    """Write the archive. Return the names of the attachments that are left out."""
    rows = store.execute("SELECT sha256, name FROM attachments ORDER BY sha256")
    # A row written by another program must not lead out of the folder.
    stored_attachments = [(row["sha256"], row["name"]) for row in rows if is_hash(row["sha256"])]
    packed_hashes: list[str] = []
    left_out: list[str] = []
    # Not strict: the clock may have been before 1980, the earliest time in an archive.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for number, part in enumerate(_parts(store), 1):
            archive.writestr(part_name(number), part)
        for number, (sha256, name) in enumerate(stored_attachments):
            progress(number, len(stored_attachments))
            path = attachment_path(attachments, sha256)
            # A restore would refuse an archive with a damaged attachment.
            if not is_undamaged(path, sha256):
                left_out.append(name)
                continue
            member = attachment_path(Path("attachments"), sha256).as_posix()
            with suppress(FileNotFoundError):  # deleted just now with its row
                archive.write(path, member, zipfile.ZIP_STORED)
                packed_hashes.append(sha256)
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "created_at": at.isoformat(),
            "attachments": packed_hashes,
        }
        archive.writestr(MANIFEST, json.dumps(manifest))
    return left_out
