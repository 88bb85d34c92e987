"""Backups: the whole store with its attachments in one archive; restore.py reads them.

    repartee-backup-2026-11-20-103200-3f9a2c1b.zip
        backup.json             {format, version, created_at, attachments}
        repartee.sqlite3        a copy that has passed SQLite's quick check
        attachments/ab/cdef…    the originals, named by their hash

The name ends with the library's id, so that libraries can share a folder. API keys are in the
keyring and never in a store, so they are in no backup. A backup is written in a temporary folder
beside it, synced, and then moved.
"""

from __future__ import annotations

import errno
import json
import os
import re
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.documents.store.attachment_store import attachment_path, is_undamaged
from desktop_app.domain.bounds import is_hash
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_
from desktop_app.paths import folders
from desktop_app.storage.database import reader_of
from desktop_app.storage.private_files import create_private, create_private_folder
from desktop_app.storage.schema import stored_version
from desktop_app.storage.sqlite_connection import connect, require_sound
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.temporary_files import removed_at_end
from desktop_app.system import sync

FORMAT: Final = "repartee-backup"
VERSION: Final = 1
STORE: Final = "repartee.sqlite3"
MANIFEST: Final = "backup.json"
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
            store_copy = scratch / STORE
            partial_archive = scratch / "backup.zip"
            create_private(store_copy)
            with reader_of(database) as connect_reader, closing(connect_reader()) as connection:
                stored_version(connection, database)
                connection.execute("VACUUM INTO ?", (str(store_copy),))
            with closing(connect(store_copy, "ro")) as connection:
                require_sound(connection, "quick_check", str(database), "quick check of the copy")
            create_private(partial_archive)
            left_out = _write_archive(
                partial_archive,
                store_copy=store_copy,
                attachments=attachments,
                at=at,
                progress=progress,
            )
            sync(partial_archive)
            target = place if is_file else _free_name(folder, at, _library_id(store_copy))
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


def _library_id(store: Path) -> str:
    """Return the id of the library, eight hexadecimal digits.

    A restored store gets another id, so `delete_old_backups` keeps the backups of the previous one.
    """
    with closing(connect(store, "ro")) as connection:
        sql = "SELECT value FROM settings WHERE key = 'store.library'"
        return str(json.loads(connection.execute(sql).fetchone()[0]))


def _write_archive(
    target: Path, *, store_copy: Path, attachments: Path, at: datetime, progress: Progress
) -> list[str]:
    """Write the archive. Return the names of the attachments that are left out."""
    with closing(connect(store_copy, "ro")) as connection:
        rows = connection.execute("SELECT sha256, name FROM attachments ORDER BY sha256")
        # A row written by another program must not lead out of the folder.
        stored_attachments = [
            (row["sha256"], row["name"]) for row in rows if is_hash(row["sha256"])
        ]
    packed_hashes: list[str] = []
    left_out: list[str] = []
    # Not strict: the clock may have been before 1980, the earliest time in an archive.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        archive.write(store_copy, STORE)
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
