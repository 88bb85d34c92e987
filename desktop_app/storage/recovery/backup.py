"""Backups: the whole store with its attachments in one archive; restore.py reads them.

    repartee-backup-2026-11-20-103200.zip
        backup.json             {format, version, created_at, attachments}
        repartee.sqlite3        a copy that has passed the integrity check
        attachments/ab/cdef…    the originals, named by their hash

API keys are in the keyring and never in a store, so they are in no backup. A backup is written
in a temporary folder beside it, synced, and then moved.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from desktop_app.domain.bounds import is_hash
from desktop_app.paths import folders
from desktop_app.storage.database.migration_runner import save_verified_copy
from desktop_app.storage.database.private_files import create_private, create_private_folder, sync
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.database.storage_errors import translate_errors
from desktop_app.storage.database.temporary_files import removed_at_end
from desktop_app.storage.documents.attachment_store import attachment_path, is_undamaged

FORMAT: Final = "repartee-backup"
VERSION: Final = 1
STORE: Final = "repartee.sqlite3"
MANIFEST: Final = "backup.json"
BACKUP_NAME: Final = re.compile(r"repartee-backup-\d{4}-\d{2}-\d{2}-\d{6}\.zip")

Progress = Callable[[int, int], None]
"""Called with the numbers of attachments done and of all attachments."""


def make_backup(
    database: Path, attachments: Path, folder: Path, at: datetime, progress: Progress
) -> Path:
    """Write a backup into `folder` while other processes may write to the store.

    Args:
        at: the time in the backup's name, shown in this computer's time zone.

    Returns:
        The path of the archive.

    Raises:
        StorageError: it could not be written; nothing is left behind.
        StoreDamagedError: the store is damaged.
    """
    target = folder / f"repartee-backup-{at.astimezone():%Y-%m-%d-%H%M%S}.zip"
    with translate_errors(str(target)):
        folder.mkdir(exist_ok=True)  # no parents: the disk may not be mounted
        scratch = folder / f".repartee-{os.urandom(8).hex()}"
        with removed_at_end(scratch, folders().temporary):
            create_private_folder(scratch)
            copy, unfinished = scratch / STORE, scratch / target.name
            with closing(connect(database, "ro")) as connection:
                save_verified_copy(connection, database, copy)
            create_private(unfinished)
            _pack(copy, attachments, unfinished, at, progress)
            sync(unfinished)
            unfinished.replace(target)
        sync(folder)
    return target


def keep_newest(made: Path, count: int) -> None:
    """Delete all but `count` backups in the folder of `made`: `made` and the newest others.

    Others may have later names than `made` if the clock or the time zone was changed.

    Raises:
        StorageError: the folder cannot be read or written to.
    """
    with translate_errors(str(made.parent)):
        found = (path for path in made.parent.iterdir() if BACKUP_NAME.fullmatch(path.name))
        others = sorted(path for path in found if path != made)
        for path in others[: max(0, len(others) + 1 - count)]:
            path.unlink()


def _pack(copy: Path, attachments: Path, target: Path, at: datetime, progress: Progress) -> None:
    with closing(connect(copy, "ro")) as connection:
        rows = connection.execute("SELECT sha256 FROM attachments")
        # A row written by another program must not lead out of the folder.
        known = sorted(row["sha256"] for row in rows if is_hash(row["sha256"]))
    manifest = {"format": FORMAT, "version": VERSION, "created_at": at.isoformat()}
    # Not strict: the clock may have been before 1980, the earliest time in an archive.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        packed = []
        archive.write(copy, STORE)
        for number, sha256 in enumerate(known):
            progress(number, len(known))
            path = attachment_path(attachments, sha256)
            # A lost or damaged one is left out: a restore refuses an archive with other bytes.
            if is_undamaged(path, sha256):
                name = attachment_path(Path("attachments"), sha256).as_posix()
                with suppress(FileNotFoundError):  # deleted just now with its row
                    archive.write(path, name, zipfile.ZIP_STORED)
                    packed.append(sha256)
        archive.writestr(MANIFEST, json.dumps({**manifest, "attachments": packed}))
