"""Backups: the whole store with its attachments in one archive, and back again.

    repartee-backup-2026-11-20-103200.zip
        backup.json             {format, version, created_at, attachments}
        repartee.sqlite3        a copy that has passed the integrity check
        attachments/ab/cdef…    the originals, named by their hash

Keys to providers lie in the keyring and are in no store, so in no backup. A backup is written under
another name, put on the disk, and only then takes its own. Restoring puts the store that was there
beside it, and adds the attachments to those that are there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.errors import StorageError, StoreDamagedError
from desktop_app.paths import folders
from desktop_app.storage.database import erasing_mark
from desktop_app.storage.failures import translated
from desktop_app.storage.files import create_private, create_private_folder, sync
from desktop_app.storage.key_origins import keep_notes_of, record_key_origins
from desktop_app.storage.lock import StoreLock
from desktop_app.storage.migrating import keep_copy, pending
from desktop_app.storage.migrations import MIGRATIONS
from desktop_app.storage.temporary import noted

FORMAT: Final = "repartee-backup"
VERSION: Final = 1
STORE: Final = "repartee.sqlite3"
MANIFEST: Final = "backup.json"
NAME: Final = re.compile(r"repartee-backup-\d{4}-\d{2}-\d{2}-\d{6}\.zip")

_MEMBER: Final = re.compile("attachments/[0-9a-f]{2}/[0-9a-f]{62}")
_CHUNK: Final = 1 << 20
# What zipfile raises for a member that is not as it was packed.
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

Progress = Callable[[int, int], None]
"""Called with how many files are done, and of how many."""


def make_backup(
    database: Path, attachments: Path, folder: Path, at: datetime, progress: Progress
) -> Path:
    """Write a backup into `folder`, beside whatever writes to the store meanwhile.

    Args:
        at: names the backup, by the clock of this computer.

    Returns:
        the archive.

    Raises:
        StorageError: it could not be written; nothing is left behind.
        StoreDamagedError: the store is damaged.
    """
    target = folder / f"repartee-backup-{at.astimezone():%Y-%m-%d-%H%M%S}.zip"
    with translated(str(target)):
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(target.name + ".part")
        scratch = folder / f".repartee-{os.urandom(8).hex()}"
        temporary = folders().temporary
        with noted(scratch, temporary), noted(unfinished, temporary):
            create_private_folder(scratch)
            copy = scratch / STORE
            with closing(_read_only(database)) as connection:
                keep_copy(connection, database, copy)
            create_private(unfinished)
            _pack(copy, attachments, unfinished, at, progress)
            sync(unfinished)
            unfinished.replace(target)
        sync(folder)
    return target


def keep_newest(folder: Path, count: int) -> None:
    """Remove all but the newest `count` backups in `folder`. Raises StorageError."""
    with translated(str(folder)):
        found = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
        for path in found[: max(0, len(found) - count)]:
            path.unlink()


def restore_backup(
    archive: Path, database: Path, attachments: Path, at: datetime, progress: Progress
) -> Path | None:
    """Put the store of a backup in the place of the one that is there.

    Returns:
        where the store that was there lies now; None where there was none.

    Raises:
        StorageError: the store is open somewhere, there is no room, or that is no backup; the
            store is as it was.
        StoreDamagedError: the backup is damaged; the store is as it was.
        StoreTooNewError: a newer version made the backup.
    """
    with translated(str(archive)), _opened(archive) as pack:
        names = _members(pack)
        create_private_folder(database.parent)
        lock = StoreLock(database)
        try:
            if not lock.take():
                raise _in_use()
            with tempfile.TemporaryDirectory(dir=database.parent, prefix=".restore-") as scratch:
                copy = Path(scratch) / STORE
                create_private(copy)
                with pack.open(STORE) as packed, copy.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, _CHUNK)
                _verify(copy, archive)
                for number, name in enumerate(names):
                    progress(number, len(names))
                    _unpack(pack, name, attachments)
                record_key_origins(database)
                keep_notes_of(database, copy)
                sync(copy)
                return _swap(copy, database, at)
        finally:
            lock.release()


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _pack(copy: Path, attachments: Path, target: Path, at: datetime, progress: Progress) -> None:
    with closing(_read_only(copy)) as connection:
        known = sorted(row[0] for row in connection.execute("SELECT sha256 FROM attachments"))
    manifest = {"format": FORMAT, "version": VERSION, "created_at": at.isoformat()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        kept = []
        pack.write(copy, STORE)
        for number, sha256 in enumerate(known):
            progress(number, len(known))
            path = attachments / sha256[:2] / sha256[2:]
            if path.is_file():  # else it was lost before; the message that speaks of it is kept
                pack.write(path, f"attachments/{sha256[:2]}/{sha256[2:]}", zipfile.ZIP_STORED)
                kept.append(sha256)
        pack.writestr(MANIFEST, json.dumps({**manifest, "attachments": kept}))


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        pack = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError) as exc:
        raise _no_backup(archive, str(exc)) from exc
    with pack:
        try:
            yield pack
        except _UNREADABLE as exc:
            raise _damaged(archive, str(exc)) from exc


def _members(pack: zipfile.ZipFile) -> list[str]:
    """The attachments in an archive that is a backup of this version's."""
    name = Path(pack.filename or "")
    try:
        manifest: Any = json.loads(pack.read(MANIFEST))
        found = (manifest["format"], manifest["version"])
    except (KeyError, ValueError, TypeError) as exc:
        raise _no_backup(name, repr(exc)) from exc
    if found != (FORMAT, VERSION) or STORE not in pack.namelist():
        raise _no_backup(name, f"format and version: {found}")
    return [member for member in pack.namelist() if _MEMBER.fullmatch(member)]


def _verify(copy: Path, archive: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
            verdict = str(exc)
        if verdict != "ok":
            raise _damaged(archive, verdict)
        pending(connection, archive, MIGRATIONS)


def _unpack(pack: zipfile.ZipFile, name: str, attachments: Path) -> None:
    _, first, rest = name.split("/")
    target = attachments / first / rest
    if target.exists():
        return
    for folder in (attachments, target.parent):
        create_private_folder(folder)
    unfinished = target.with_name(f".{rest}")
    digest = hashlib.sha256()
    try:
        create_private(unfinished)
        with pack.open(name) as packed, unfinished.open("wb") as unpacked:
            while chunk := packed.read(_CHUNK):
                digest.update(chunk)
                unpacked.write(chunk)
        if digest.hexdigest() != first + rest:
            raise _damaged(Path(pack.filename or ""), f"{name} has other bytes")
        sync(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync(target.parent)


def _swap(copy: Path, database: Path, at: datetime) -> Path | None:
    """Put `copy` in the place of the store; what lay there takes another name."""
    before = database.with_name(f"{database.stem}.before-restore-{at:%Y%m%d-%H%M%S}.sqlite3")
    has_store = database.exists() and database.stat().st_size > 0
    if has_store:
        # A copy, which holds what is still in the write-ahead log; so a store is there throughout.
        with (
            suppress(sqlite3.DatabaseError, UnicodeDecodeError),  # damaged: it is kept as it is
            closing(sqlite3.connect(database, isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(database, before)
        before.chmod(0o600)
        sync(before)
    wal = database.with_name(database.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        wal.replace(before.with_name(before.name + "-wal"))
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    copy.replace(database)
    erasing_mark(database).unlink(
        missing_ok=True
    )  # what was to be deleted is not what is there now
    sync(database.parent)
    return before if has_store else None


def _no_backup(path: Path, details: str) -> StorageError:
    return StorageError(
        f"{path.name} is no backup of Repartee's.",
        what_was_kept="The store is as it was.",
        what_to_do="Choose a file that “repartee backup” has written.",
        details=details,
    )


def _damaged(path: Path, details: str) -> StoreDamagedError:
    return StoreDamagedError(
        f"The backup {path.name} is damaged.",
        what_was_kept="The store is as it was.",
        what_to_do="Choose another backup.",
        details=details,
    )


def _in_use() -> StorageError:
    return StorageError(
        "The store is open in a window of Repartee or in another command.",
        what_was_kept="Nothing was changed.",
        what_to_do="Close it, then restore again.",
    )
