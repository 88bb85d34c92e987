"""Replaces the store with the store of a backup; see `backup.py` for the archive.

The archive may come from anyone. Its store is taken only if its schema is exactly this program's,
so that it has no triggers and views, and if SQLite finds no damage. Attachments are taken only if
that store names them and their bytes have this hash. Before anything changes, the user is told
which hosts, commands and paths would become active (`active_settings.py`), and may cancel.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import ZipInfo

from desktop_app.backup.active_settings import active_settings, current_settings, find_changes
from desktop_app.backup.backup import FORMAT, MANIFEST, STORE, VERSION, part_name
from desktop_app.documents.store.attachment_store import attachment_path, is_undamaged
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.bounds import is_hash
from desktop_app.domain.errors import (
    StorageError,
    StoreDamagedError,
    StoreFullError,
    StoreRefusedError,
)
from desktop_app.domain.system_error import system_words
from desktop_app.foreign_file import ForeignArchive, NoArchiveError, RefusedFileError, open_file
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.search_rebuild import begin_index, has_no_index, index_all, is_incomplete
from desktop_app.library.store_file import (
    HAS_LEFT,
    SwitchedOff,
    connect_unchanged,
    mend_references,
    replace_store,
    shares_library,
    switch_off,
)
from desktop_app.storage.database import CHECKED_AT_OPEN_BYTES, refuse_foreign
from desktop_app.storage.private_files import create_private, create_private_folder
from desktop_app.storage.schema import has_exact_schema, migrate, stored_version
from desktop_app.storage.sqlite_connection import connect, require_sound
from desktop_app.storage.storage_errors import UNREADABLE, damaged_error, translate_errors
from desktop_app.storage.store_lock import RESTORE_PREFIX, exclusive_lock
from desktop_app.storage.upgrade_copy import upgrade_copies
from desktop_app.system import sync

INSTALL_EARLIER: Final = N_(
    "Install the earlier version of Repartee before you open it: this version upgrades it again."
)
_SELECT_TABLES: Final = """SELECT s.name, s.sql FROM {0}.sqlite_schema AS s
    JOIN pragma_table_list AS l ON l.schema = '{0}' AND l.name = s.name
    WHERE l.type = 'table' AND s.name NOT LIKE 'sqlite!_%' ESCAPE '!'"""
_SELECT_TRIGGERS: Final = "SELECT 1 FROM main.sqlite_schema WHERE type IN ('trigger', 'view')"
_CHOOSE_BACKUP: Final = N_("Choose a file created with “repartee backup”.")


Progress = Callable[[int, int], None]
"""Called with the number of attachments done, and the number of all attachments."""

_MAX_MANIFEST_BYTES: Final = 64 << 20
AskAboutChanges = Callable[[Sequence[str]], bool]
"""Called with a line for each setting that would change; returns False to cancel."""


class RestoreResult(NamedTuple):
    """The result of a restore.

    Attributes:
        previous_store: the new path of the previous store; None if there was none.
        has_left: the library of several computers, if the store or the backup belonged to one.
        is_indexing: True if most messages are not in the search index yet.
        switched_off: what acted automatically in the backup, and its consents.
    """

    previous_store: Path | None
    has_left: bool = False
    is_indexing: bool = False
    switched_off: SwitchedOff = SwitchedOff()

    def sentence(self, archive: str) -> str:
        """Return a summary for the user."""
        sentences = [tr("Your library was restored from {archive}.", archive=archive)]
        if self.previous_store is not None:
            place = str(self.previous_store)
            sentences.append(tr("The previous library is in {file}.", file=place))
        if self.is_indexing:
            sentences.append(tr("Search finds all messages once its index is made again."))
        if self.has_left:
            sentences.append(tr(HAS_LEFT))
        return " ".join([*sentences, *self.switched_off.sentences()])


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
        ask: called on this thread before anything changes, if hosts, commands or paths would become
            active.
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
        store, members_by_hash = _members_of(pack, archive)
        create_private_folder(database.parent)
        with (
            _locked(database),
            tempfile.TemporaryDirectory(dir=database.parent, prefix=RESTORE_PREFIX) as scratch,
        ):
            new_store = Path(scratch) / STORE
            _unpack(pack, store, new_store, archive)
            _add_parts(pack, new_store, archive)
            has_left = shares_library(database) or shares_library(new_store)
            with closing(connect(new_store, "rw")) as connection:
                _require_own_store(connection, archive)
                current = current_settings(database, built_in)
                changes = find_changes(current, active_settings(connection, built_in))
                if changes and not ask(changes):
                    return None
                switched_off = _adapt(connection, database)
                sql = "SELECT sha256 FROM attachments ORDER BY sha256"
                hashes = [row[0] for row in connection.execute(sql)]
                if new_store.stat().st_size <= CHECKED_AT_OPEN_BYTES:
                    index_all(connection)  # a large store is indexed while it is used
                is_indexing = is_incomplete(connection)
            for number, sha256 in enumerate(hashes):
                progress(number, len(hashes))
                if sha256 in members_by_hash:
                    target = attachment_path(attachments, sha256)
                    _unpack_attachment(pack, members_by_hash[sha256], target, sha256, archive)
            sync(new_store)
            previous = _aside(database, now)
            has_previous = replace_store(new_store, database, previous)
            return RestoreResult(
                previous if has_previous else None, has_left, is_indexing, switched_off
            )


def _add_parts(pack: ForeignArchive, new_store: Path, archive: Path) -> None:
    """Add the rows of the other parts to the first one. Raises StoreDamagedError."""
    part = new_store.with_name("part.sqlite3")
    number = 1
    with closing(connect(new_store, "rw")) as connection:
        while info := pack.find(part_name(number := number + 1)):
            part.unlink(missing_ok=True)
            _unpack(pack, info, part, archive)
            connection.execute("ATTACH ? AS part", (f"{part.as_uri()}?mode=ro",))
            own, added = (
                set(map(tuple, connection.execute(_SELECT_TABLES.format(name))))
                for name in ("main", "part")
            )
            # This program's schema is required of the whole store later. No trigger runs before.
            if not added <= own or connection.execute(_SELECT_TRIGGERS).fetchone() is not None:
                raise damaged_error(str(archive), f"{info.filename} has another schema")
            connection.execute("BEGIN")
            try:
                for name, _ in added:
                    table = '"{}"'.format(name.replace('"', '""'))
                    sql = f"INSERT INTO main.{table} SELECT * FROM part.{table} NOT INDEXED"  # noqa: S608
                    connection.execute(sql)
            except sqlite3.IntegrityError as exc:
                raise damaged_error(str(archive), str(exc)) from exc
            connection.execute("COMMIT")
            connection.execute("DETACH part")
    part.unlink(missing_ok=True)


def restore_upgrade_copy(database: Path, now: datetime) -> tuple[Path, RestoreResult]:
    """Replace the store with the newest copy from before an upgrade; return its former path.

    The copy keeps the schema of the earlier version.

    Raises:
        StorageError: there is no copy, or the store is open elsewhere; the store is unchanged.
        StoreDamagedError: the copy is damaged; the store is unchanged.
    """
    copy = next((copy.path for copy in upgrade_copies(database)), None)
    if copy is None:
        raise StorageError(
            N_("There is no copy from before an upgrade."), hint=N_("Restore a backup instead.")
        )
    with translate_errors(str(copy)), _locked(database):
        refuse_foreign(copy)
        has_left = shares_library(copy)
        with closing(connect(copy, "rw")) as connection:
            require_sound(connection, "quick_check", str(copy), "the copy")
            if has_left:  # its next changes would have numbers that the others know already
                connection.execute("DELETE FROM sync_device")
        sync(copy)
        previous = _aside(database, now)
        has_previous = replace_store(copy, database, previous)
    return copy, RestoreResult(previous if has_previous else None, has_left)


def _require_own_store(connection: sqlite3.Connection, archive: Path) -> None:
    """Raise StorageError unless an unpacked store has this program's schema and no damage."""
    version = stored_version(connection, archive)
    if not version:
        raise damaged_error(str(archive), "its store is empty")
    migrate(connection, version)
    if not has_exact_schema(connection):
        raise damaged_error(str(archive), "its store has another schema")
    require_sound(connection, "quick_check", str(archive), "the backup's store")


def _aside(database: Path, now: datetime) -> Path:
    return database.with_name(f"{database.stem}.before-restore-{now:%Y%m%d-%H%M%S}.sqlite3")


def _locked(database: Path) -> AbstractContextManager[None]:
    return exclusive_lock(
        database,
        N_("Your library is open in another Repartee window or command."),
        N_("Close it, then restore again."),
    )


def _adapt(connection: sqlite3.Connection, database: Path) -> SwitchedOff:
    """Adapt a restored store to this computer.

    It joins the library of other computers again, under another name, and only when the user says
    so: what others deleted since the backup would go again within seconds.
    """
    connection.execute("BEGIN")
    switched_off = switch_off(connection)
    mend_references(connection)
    # The old backups of the previous library stay: see `delete_old_backups`.
    connection.execute(
        """UPDATE settings SET value = json_quote(lower(hex(randomblob(4))))
        WHERE key = 'store.library'"""
    )
    # The backup's origins describe the keyring of the computer that made it. Its keys may be in
    # this keyring, but their origins are unknown until the keyring is asked.
    connection.execute("UPDATE keys_in_keyring SET origin = ''")
    with suppress(*UNREADABLE), closing(connect_unchanged(database)) as current:
        for name, key_origin in current.execute("SELECT profile_id, origin FROM keys_in_keyring"):
            sql = "UPDATE keys_in_keyring SET origin = ? WHERE profile_id = ?"
            connection.execute(sql, (key_origin, name))
    if has_no_index(connection):
        begin_index(connection)
    connection.execute("COMMIT")
    return switched_off


# -------------------------------------------------------------- the archive


@contextmanager
def _open_archive(archive: Path) -> Iterator[ForeignArchive]:
    """Open a backup. Raises StorageError for all its errors, also within the block."""
    try:
        pack = ForeignArchive(open_file(archive))
    except NoArchiveError as exc:
        raise _no_backup_error(archive, str(exc)) from exc
    except RefusedFileError as exc:
        raise StorageError(
            exc.message, hint=_CHOOSE_BACKUP, details=str(exc), params=exc.params, file=archive.name
        ) from exc
    except OSError as exc:
        raise StorageError(
            N_("Couldn’t read {file}: {words}."),
            hint=hints.CHECK_NAME_AND_PERMISSIONS,
            file=str(archive),
            words=system_words(exc),
        ) from exc
    with closing(pack):
        try:
            yield pack
        except RefusedFileError as exc:
            raise _damaged_error(archive, str(exc)) from exc
        except StoreDamagedError as exc:
            raise _damaged_error(archive, exc.details) from exc
        except StoreRefusedError as exc:
            raise exc.with_hint(N_("Choose another backup.")) from exc


def _members_of(pack: ForeignArchive, archive: Path) -> tuple[ZipInfo, Mapping[str, ZipInfo]]:
    """Return the store of a valid backup archive, and its attachments by their hashes."""
    manifest = pack.find(MANIFEST)
    store = pack.find(STORE)
    if manifest is None or store is None:
        raise _no_backup_error(archive, f"{MANIFEST} or {STORE} is missing")
    # A forged manifest can be long, so the details of errors are cut.
    try:
        content: Any = json.loads(pack.read(manifest, _MAX_MANIFEST_BYTES))
        format_and_version = (content["format"], content["version"])
    except (KeyError, ValueError, TypeError, RecursionError) as exc:
        raise _no_backup_error(archive, repr(exc)[:500]) from exc
    if format_and_version not in [(FORMAT, version) for version in range(1, VERSION + 1)]:
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
            members_by_hash[sha256] = info
    return store, members_by_hash


def _unpack_attachment(
    pack: ForeignArchive, info: ZipInfo, target: Path, sha256: str, archive: Path
) -> None:
    """Unpack an attachment, unless it exists undamaged."""
    if is_undamaged(target, sha256):
        return
    for folder in (target.parent.parent, target.parent):
        create_private_folder(folder)
    partial_file = target.with_name(f".{target.name}")
    try:
        if _unpack(pack, info, partial_file, archive) != sha256:
            raise _damaged_error(archive, f"{info.filename} has other bytes")
        sync(partial_file)
        partial_file.replace(target)
    finally:
        partial_file.unlink(missing_ok=True)
    sync(target.parent)


def _unpack(pack: ForeignArchive, info: ZipInfo, target: Path, archive: Path) -> str:
    """Unpack a member to a private file; return its hash."""
    free = shutil.disk_usage(target.parent).free
    if info.file_size > free:
        raise StoreFullError(
            N_("{file} needs {size} MB, but only {free} MB are free."),
            hint=N_("Free up space, then restore again."),
            file=archive.name,
            size=-(-info.file_size >> 20),  # rounded up: more than the free space
            free=free >> 20,
        )
    create_private(target)
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in pack.chunks(info):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _no_backup_error(path: Path, details: str) -> StorageError:
    return StorageError(
        N_("{file} isn’t a Repartee backup."), hint=_CHOOSE_BACKUP, details=details, file=path.name
    )


def _damaged_error(path: Path, details: str) -> StoreDamagedError:
    return StoreDamagedError(
        N_("The backup {file} is damaged, so your library wasn’t changed."),
        hint=N_("Choose another backup."),
        details=details,
        file=path.name,
    )
