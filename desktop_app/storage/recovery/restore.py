"""Replaces the store with the store of a backup; see `backup.py` for the archive.

The archive may come from anyone. The size of each member is checked before it is unpacked. The rows
of its store are copied into a new store (`store_copy.py`). Attachments are taken only if that store
names them; an attachment with another hash than its name ends the restore. Before anything
changes, the user is told which settings would send data elsewhere (`outbound_settings.py`), and
decides about them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final
from zipfile import ZipInfo

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.bounds import is_hash
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError, StoreDamagedError, StoreFullError
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.system_error import system_error
from desktop_app.foreign_file import ForeignArchive, RefusedFileError, open_file
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.storage.conversations.row_conversion import error_to_text
from desktop_app.storage.database.database import erasing_mark
from desktop_app.storage.database.private_files import create_private, create_private_folder, sync
from desktop_app.storage.database.sqlite_connection import connect, remove_log
from desktop_app.storage.database.storage_errors import UNREADABLE, translate_errors
from desktop_app.storage.database.store_lock import exclusive_lock
from desktop_app.storage.documents.attachment_store import attachment_path, is_undamaged
from desktop_app.storage.recovery.backup import (
    FORMAT,
    MANIFEST,
    STORE,
    VERSION,
    copy_damaged_store,
    save_verified_copy,
)
from desktop_app.storage.recovery.store_copy import CopiedRows, copy_store
from desktop_app.storage.settings.outbound_settings import (
    OutboundSettings,
    SettingChange,
    find_changes,
    read_outbound_settings,
    write_current_values,
)

Progress = Callable[[int, int], None]
"""Called with the number of megabytes done, and the number of all megabytes."""

# Bounds for forged archives, far above what the program writes: attachments have at most 2 GB
# (documents.file_mb), and a store contains only texts. The exact numbers are arbitrary.
MAX_ATTACHMENT_BYTES: Final = 4 << 30
MAX_STORE_BYTES: Final = 64 << 30
_MAX_MANIFEST_BYTES: Final = 64 << 20
# The disk space for the unpacked store and the new store, as a multiple of the unpacked store. The
# new store needs more while its index is built.
_COPY_SPACE_FACTOR: Final = 2
# A running job would send these files at the next start, at a cost. The user can retry them.
_HOLD_UNSENT_FILES: Final = """
    UPDATE batch_items SET status = 'unanswered', error = ? WHERE status = 'read'
    AND job_id IN (SELECT id FROM batch_jobs WHERE status NOT IN ('preparing', 'ready'))
    AND NOT EXISTS (
        SELECT 1 FROM batch_uploads AS u WHERE u.job_id = batch_items.job_id
        AND u.number = batch_items.upload AND u.input_file_id <> ''
    )
"""


class RestoreChoice(Enum):
    """The user's decision about the settings that a restore would change."""

    TAKE = "take"
    KEEP = "keep"
    CANCEL = "cancel"


AskAboutChanges = Callable[[Sequence[SettingChange]], RestoreChoice]
"""Called with the settings that would change, if there are any, before anything changes."""


@dataclass(frozen=True)
class RestoreResult:
    """The result of a restore.

    Attributes:
        previous_store: the new path of the previous store; None if there was none.
        dropped: the number of rows of the backup that were out of bounds or invalid.
        kept: the settings whose current value was kept.
        missing_servers: the number of tool servers that only the backup has.
    """

    previous_store: Path | None
    dropped: int
    kept: tuple[SettingChange, ...]
    missing_servers: int

    def sentence(self, archive: str) -> str:
        """Return a summary for the user."""
        sentences = [tr("Your library was restored from {archive}.", archive=archive)]
        if self.kept:
            sentences.append(
                tr_plural(
                    "{count} setting of the backup wasn’t restored.",
                    "{count} settings of the backup weren’t restored.",
                    len(self.kept),
                )
            )
        if self.missing_servers:
            sentences.append(
                tr_plural(
                    "{count} tool server of the backup wasn’t restored. Add it again.",
                    "{count} tool servers of the backup weren’t restored. Add them again.",
                    self.missing_servers,
                )
            )
        if self.dropped:
            sentences.append(
                tr_plural(
                    "{count} invalid row of the backup was skipped.",
                    "{count} invalid rows of the backup were skipped.",
                    self.dropped,
                )
            )
        if self.previous_store is not None:
            sentences.append(
                tr("The previous library is in {file}.", file=str(self.previous_store))
            )
        return " ".join(sentences)


def restore_backup(
    archive: Path,
    database: Path,
    attachments: Path,
    now: datetime,
    progress: Progress,
    *,
    ask: AskAboutChanges,
    built_in: Sequence[ProviderProfile] = (),
) -> RestoreResult | None:
    """Replace the store with the store of a backup.

    Args:
        now: the time in the new name of the previous store.
        ask: called on this thread before anything changes, if settings that decide where data goes
            would change.
        built_in: the profiles that exist without being stored.

    Returns:
        The result, or None if the user chose to cancel; then nothing was changed.

    Raises:
        StorageError: the store is open elsewhere, there is no room, or the file is no backup; the
            store is unchanged.
        StoreDamagedError: the backup is damaged; the store is unchanged.
        StoreTooNewError: a newer version made the backup.
    """
    name = str(archive)
    # Errors are translated twice: the outer block translates those of opening the archive. The
    # inner one translates those of reading it, before `_open_archive` gets them.
    with translate_errors(name), _open_archive(archive) as pack, translate_errors(name):
        members_by_hash = _attachments_in(pack, archive)
        create_private_folder(database.parent)
        with (
            exclusive_lock(database, Reason.STORE_IN_USE_FOR_RESTORE),
            tempfile.TemporaryDirectory(dir=database.parent, prefix=".restore-") as scratch,
        ):
            new_store = Path(scratch) / STORE
            unpacker = _Unpacker(pack, archive, progress)
            copied_rows = unpacker.unpack_store(new_store)
            kept_settings, choice = _ask_about_changes(new_store, database, built_in, ask)
            if choice is RestoreChoice.CANCEL:
                return None
            _hold_unsent_files(new_store)
            for sha256 in sorted(_attachment_hashes(new_store) & members_by_hash.keys()):
                unpacker.unpack_attachment(members_by_hash[sha256], sha256, attachments)
            missing_servers = copied_rows.tool_servers - _copy_tool_servers(database, new_store)
            sync(new_store)
            _copy_key_origins(database, new_store)
            previous = _replace_store(new_store, database, now)
            return RestoreResult(
                previous_store=previous,
                dropped=copied_rows.dropped,
                kept=kept_settings,
                missing_servers=len(missing_servers),
            )


def _ask_about_changes(
    new_store: Path, database: Path, built_in: Sequence[ProviderProfile], ask: AskAboutChanges
) -> tuple[tuple[SettingChange, ...], RestoreChoice]:
    """Ask about the settings that would change. Return the settings that stay, and the choice.

    If the user keeps the current values, write them to `new_store`. If no setting would change, do
    not ask: the choice is then KEEP.
    """
    with closing(connect(new_store, "rw")) as connection:
        current = _current_settings(database, built_in)
        changes = find_changes(current, read_outbound_settings(connection, built_in))
        choice = RestoreChoice.KEEP
        if changes:
            choice = ask(changes)
        if choice is not RestoreChoice.KEEP:
            return (), choice
        # Also without changes: this forgets paths and tools that the current store does not have.
        connection.execute("BEGIN")
        write_current_values(connection, current, changes)
        connection.execute("COMMIT")
    return changes, choice


def _hold_unsent_files(new_store: Path) -> None:
    """Mark the unsent files of running batch jobs as unanswered, so that no start sends them."""
    error_text = error_to_text(ErrorNote(Reason.ITEM_NEVER_SENT))
    with closing(connect(new_store, "rw")) as connection:
        connection.execute(_HOLD_UNSENT_FILES, (error_text,))


def _current_settings(database: Path, built_in: Sequence[ProviderProfile]) -> OutboundSettings:
    # A missing or damaged store has no settings.
    with suppress(*UNREADABLE), closing(_connect_current(database)) as connection:
        return read_outbound_settings(connection, built_in)
    return OutboundSettings.default(built_in)


def _copy_tool_servers(database: Path, new_store: Path) -> set[str]:
    """Copy the current store's tool servers to the new one; return their names."""
    rows: list[sqlite3.Row] = []
    with suppress(*UNREADABLE), closing(_connect_current(database)) as connection:
        rows = connection.execute("SELECT name, definition FROM tool_servers").fetchall()
    with closing(connect(new_store, "rw")) as connection:
        sql = "INSERT INTO tool_servers (name, definition) VALUES (?, ?)"
        connection.executemany(sql, map(tuple, rows))
    return {row["name"] for row in rows}


def _copy_key_origins(database: Path, new_store: Path) -> None:
    """Copy the origins of keys from the current store to the store that will replace it.

    The backup's own origins describe the keyring of the computer that made it. Its keys may be in
    this keyring, but their origins are unknown until the keyring is asked.
    """
    rows: list[sqlite3.Row] = []
    with suppress(*UNREADABLE), closing(_connect_current(database)) as connection:
        rows = connection.execute("SELECT origin, profile_id FROM keys_in_keyring").fetchall()
    with closing(connect(new_store, "rw")) as connection:
        connection.execute("UPDATE keys_in_keyring SET origin = ''")
        sql = "UPDATE keys_in_keyring SET origin = ? WHERE profile_id = ?"
        connection.executemany(sql, map(tuple, rows))


def _connect_current(database: Path) -> sqlite3.Connection:
    # Reading a store without a log would create one, unless it is opened as immutable. Nobody
    # writes to it, because this process holds the lock.
    has_log = database.with_name(database.name + "-wal").exists()
    return connect(database, "ro", is_immutable=not has_log)


# -------------------------------------------------------------- the archive


@contextmanager
def _open_archive(archive: Path) -> Iterator[ForeignArchive]:
    """Open a backup. Raises StorageError for all its errors, also within the block."""
    try:
        pack = ForeignArchive(open_file(archive))
    except RefusedFileError as exc:
        if exc.reason is Reason.FOREIGN_NO_ARCHIVE:
            raise _no_backup_error(archive, str(exc)) from exc
        raise StorageError(
            exc.reason, exc.params, remedy=Remedy.CHOOSE_BACKUP, details=str(exc), file=archive.name
        ) from exc
    except OSError as exc:
        raise StorageError(
            Reason.IMPORT_UNREADABLE, file=str(archive), because=system_error(exc)
        ) from exc
    with closing(pack):
        try:
            yield pack
        except RefusedFileError as exc:
            raise _damaged_error(archive, str(exc)) from exc
        except StoreDamagedError as exc:
            raise _damaged_error(archive, exc.details) from exc


def _attachments_in(pack: ForeignArchive, archive: Path) -> Mapping[str, ZipInfo]:
    """Return the attachments in a valid backup archive, by their hashes."""
    manifest = pack.find(MANIFEST)
    if manifest is None or pack.find(STORE) is None:
        raise _no_backup_error(archive, f"{MANIFEST} or {STORE} is missing")
    # A forged manifest can be long, so the details of errors are cut.
    try:
        content: Any = json.loads(pack.read(manifest, _MAX_MANIFEST_BYTES))
        format_and_version = (content["format"], content["version"])
    except (KeyError, ValueError, TypeError, RecursionError) as exc:
        raise _no_backup_error(archive, repr(exc)[:500]) from exc
    if format_and_version != (FORMAT, VERSION):
        raise _no_backup_error(archive, f"format and version: {format_and_version}"[:500])
    members_by_hash: dict[str, ZipInfo] = {}
    for info in pack.members:
        folder, *hash_parts = info.filename.split("/")
        sha256 = "".join(hash_parts)
        if (
            folder == "attachments"
            and len(hash_parts) == 2
            and len(hash_parts[0]) == 2
            and is_hash(sha256)
        ):
            if sha256 in members_by_hash:
                raise RefusedFileError(Reason.FOREIGN_REPEATED_MEMBER, member=info.filename)
            members_by_hash[sha256] = info
    return members_by_hash


class _Unpacker:
    """An unpacker of an archive that reports progress."""

    def __init__(self, pack: ForeignArchive, archive: Path, progress: Progress) -> None:
        self._pack = pack
        self._archive = archive
        self._progress = progress
        store = pack.find(STORE)
        assert store is not None  # checked by _attachments_in
        self._store = store
        self._done_bytes = 0
        # Twice, because the rows are copied after the store is unpacked.
        self._total_bytes = 2 * store.file_size

    def _add_progress(self, size: int) -> None:
        self._done_bytes += size
        self._progress(self._done_bytes >> 20, max(1, self._total_bytes >> 20))

    def unpack_store(self, new_store: Path) -> CopiedRows:
        """Unpack the store and copy its rows."""
        size = self._store.file_size
        if size > MAX_STORE_BYTES:
            raise RefusedFileError(Reason.FOREIGN_STORE_TOO_LARGE, limit=MAX_STORE_BYTES >> 30)
        self._require_free_space(new_store.parent, _COPY_SPACE_FACTOR * size)
        foreign_file = new_store.with_name("foreign.sqlite3")
        create_private(foreign_file)
        with foreign_file.open("wb") as file:
            for chunk in self._pack.chunks(self._store):
                file.write(chunk)
                self._add_progress(len(chunk))

        # `copy_store` counts from 0 again, so its bytes are added to those that were unpacked.
        def report(read_bytes: int, _size: int) -> None:
            self._progress((size + read_bytes) >> 20, max(1, self._total_bytes >> 20))

        copied_rows = copy_store(foreign_file, new_store, str(self._archive), report)
        foreign_file.unlink()
        self._done_bytes = self._total_bytes
        return copied_rows

    def unpack_attachment(self, info: ZipInfo, sha256: str, attachments: Path) -> None:
        """Unpack an attachment, unless it exists undamaged."""
        target = attachment_path(attachments, sha256)
        if is_undamaged(target, sha256):
            return
        if info.file_size > MAX_ATTACHMENT_BYTES:
            raise RefusedFileError(
                Reason.FOREIGN_MEMBER_TOO_LARGE, member=sha256, limit=MAX_ATTACHMENT_BYTES >> 20
            )
        for folder in (attachments, target.parent):
            create_private_folder(folder)
        self._require_free_space(attachments, info.file_size)
        self._total_bytes += info.file_size  # only now it is known to be missing
        partial_file = target.with_name(f".{target.name}")
        digest = hashlib.sha256()
        try:
            create_private(partial_file)
            with partial_file.open("wb") as file:
                for chunk in self._pack.chunks(info):
                    digest.update(chunk)
                    file.write(chunk)
                    self._add_progress(len(chunk))
            if digest.hexdigest() != sha256:
                raise _damaged_error(self._archive, f"{info.filename} has other bytes")
            sync(partial_file)
            partial_file.replace(target)
        finally:
            partial_file.unlink(missing_ok=True)
        sync(target.parent)

    def _require_free_space(self, folder: Path, size: int) -> None:
        free = shutil.disk_usage(folder).free
        if size > free:
            size_mb = -(-size >> 20)  # rounded up: the message must show more than the free space
            raise StoreFullError(
                Reason.NO_ROOM_TO_RESTORE, file=self._archive.name, size=size_mb, free=free >> 20
            )


def _attachment_hashes(new_store: Path) -> set[str]:
    with closing(connect(new_store, "ro")) as connection:
        return {row["sha256"] for row in connection.execute("SELECT sha256 FROM attachments")}


# -------------------------------------------------------------- the store


def _replace_store(new_store: Path, database: Path, now: datetime) -> Path | None:
    """Move `new_store` to the store's path.

    Return the new path of the previous store; None if there was none.
    """
    previous = database.with_name(f"{database.stem}.before-restore-{now:%Y%m%d-%H%M%S}.sqlite3")
    has_store = database.exists() and database.stat().st_size > 0
    if has_store:
        _copy_previous(database, previous)
    remove_log(database)
    new_store.replace(database)
    # An interrupted erasure must not erase the restored store.
    erasing_mark(database).unlink(missing_ok=True)
    sync(database.parent)
    return previous if has_store else None


def _copy_previous(database: Path, target: Path) -> None:
    """Copy the previous store.

    It is copied, not moved, so that a store exists at all times.
    """
    try:
        with closing(connect(database, "rw")) as connection:
            save_verified_copy(connection, target)
    except (*UNREADABLE, StoreDamagedError):
        copy_damaged_store(database, target)


def _no_backup_error(path: Path, details: str) -> StorageError:
    return StorageError(Reason.BACKUP_OF_OTHER_KIND, details=details, file=path.name)


def _damaged_error(path: Path, details: str) -> StoreDamagedError:
    return StoreDamagedError(Reason.BACKUP_DAMAGED, details=details, file=path.name)
