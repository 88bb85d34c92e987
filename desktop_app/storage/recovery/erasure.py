"""Deletes everything: conversations, folders, attachments, drafts, prompts, all copies.

The copies are those that the program made beside the store, as before a restore. Settings,
providers, their model listings and token rates, tool servers, and the spending without the ids of
its conversations are kept. Keys are in the keyring and not touched, nor are backups in the user's
own folders. Tables are emptied unless they are listed here, so that no table added later is
forgotten.

Deleted content is overwritten in the file, and then the file is rebuilt without it.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import StorageError, StoreTooNewError
from desktop_app.i18n.translation import N_
from desktop_app.storage.database.database import erasing_mark, refuse_foreign
from desktop_app.storage.database.private_files import create_private, sync
from desktop_app.storage.database.schema import stored_version
from desktop_app.storage.database.sqlite_connection import connect, remove_log
from desktop_app.storage.database.storage_errors import UNREADABLE, translate_errors
from desktop_app.storage.database.store_lock import exclusive_lock

_log = logging.getLogger(__name__)

KEPT_TABLES: Final = frozenset(
    {
        "settings",
        "profiles",
        "keys_in_keyring",
        "ledger",
        "spending_holds",
        "model_listings",
        "tool_servers",
    }
)
_SEARCH_INDEXES: Final = ("search_index", "passage_index")
# The mark is an empty file until the tables are empty, and then has this content.
_EMPTIED_MARK: Final = b"emptied"
# The window's geometry. Most other settings that begin with "window." refer to conversations.
_KEPT_SETTING: Final = "window.state"


def erase_everything(database: Path, attachments: Path) -> None:
    """Delete everything that the user has written or received.

    If this is interrupted, `resume_erasure` finds a mark and completes it.

    Raises:
        StorageError: the store is open elsewhere or could not be emptied, and nothing was deleted;
            or the disk failed later, and some content may remain until the next start.
        StoreTooNewError: a newer version wrote the store; nothing was deleted.
    """
    mark = erasing_mark(database)
    with _exclusive_access(database):
        refuse_foreign(database)
        create_private(mark)
        sync(database.parent)
        _erase(database, attachments, mark)


def resume_erasure(database: Path, attachments: Path) -> None:
    """Complete an interrupted erasure, if there is one. Call it before the store is opened.

    Raises:
        StorageError: the conversations still exist, and could not be deleted.
    """
    mark = erasing_mark(database)
    if not mark.exists():
        return
    try:
        with _exclusive_access(database):
            if mark.exists():
                _erase(database, attachments, mark)
    except StorageError as error:
        if not mark.exists() or not _is_emptied(mark):
            raise
        # Only traces and copies are left: no reason to refuse to start.
        _log.warning("%s %s", error, error.details)


@contextmanager
def _exclusive_access(database: Path) -> Iterator[None]:
    with (
        translate_errors(str(database)),
        exclusive_lock(
            database,
            N_("Another Repartee command is using your library, so nothing was deleted."),
            N_("Wait for it to finish, then try again."),
        ),
    ):
        yield


def _erase(database: Path, attachments: Path, mark: Path) -> None:
    if database.exists():
        try:
            _erase_store(database, attachments, mark)
        except (StorageError, OSError, *UNREADABLE) as error:
            # The user is told that the erasure failed, so it is withdrawn: a store that is repaired
            # later must not be erased at the next start. A newer version completes its own erasure.
            if not _is_emptied(mark) and not isinstance(error, StoreTooNewError):
                _move_back(attachments)
                mark.unlink()
            raise
    elif not _is_emptied(mark):  # the user removed the store by hand
        _move_aside(attachments)
        remove_log(database)
    _remove_files(database, attachments)
    mark.unlink()
    sync(database.parent)


def _is_emptied(mark: Path) -> bool:
    return mark.read_bytes() == _EMPTIED_MARK


def _erase_store(database: Path, attachments: Path, mark: Path) -> None:
    """Empty the store, and rename the folder of the attachments, so that it can be deleted."""
    with closing(connect(database, "rw")) as connection:
        stored_version(connection, database)
        connection.execute("PRAGMA secure_delete = ON")
        if not _is_emptied(mark):
            _move_aside(attachments)
            _empty_tables(connection)
            # From here on, the store may get new content, which must not be deleted.
            mark.write_bytes(_EMPTIED_MARK)
            sync(mark)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _move_aside(attachments: Path) -> None:
    if attachments.exists():  # otherwise there are none, or an interrupted erasure put them aside
        aside = _aside_path(attachments)
        if aside.exists():
            shutil.rmtree(aside)
        attachments.rename(aside)


def _move_back(attachments: Path) -> None:
    if _aside_path(attachments).exists():
        _aside_path(attachments).rename(attachments)


def _aside_path(attachments: Path) -> Path:
    return attachments.with_name(f".erased-{attachments.name}")


def _empty_tables(connection: sqlite3.Connection) -> None:
    tables = [
        row["name"]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not row["name"].startswith((*_SEARCH_INDEXES, "sqlite_"))
    ]
    # SQLite does not enforce foreign keys on this connection, so the order of tables is irrelevant.
    connection.execute("BEGIN IMMEDIATE")
    for table in tables:
        if table not in KEPT_TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the schema
    connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    connection.execute("INSERT INTO passage_index (passage_index) VALUES ('delete-all')")
    connection.execute("UPDATE ledger SET conversation_id = NULL, message_id = NULL")
    sql = "DELETE FROM settings WHERE key LIKE 'window.%' AND key <> ?"
    connection.execute(sql, (_KEPT_SETTING,))
    # The library's name stays, so that its backups are known as its own.
    sql = "DELETE FROM settings WHERE key LIKE 'store.%' AND key <> 'store.library'"
    connection.execute(sql)
    connection.execute("COMMIT")


def _remove_files(database: Path, attachments: Path) -> None:
    """Delete the attachments, and the copies made before a restore or a repair."""
    if _aside_path(attachments).exists():
        shutil.rmtree(_aside_path(attachments))
    for path in database.parent.glob(f"{database.stem}.before-*"):
        path.unlink()
    remove_scratch(database)
    sync(database.parent)


def remove_scratch(database: Path) -> None:
    """Delete the remains of a killed restore or repair. The caller has the store's lock."""
    for pattern in (".restore-*", ".repair-*"):
        for folder in database.parent.glob(pattern):
            shutil.rmtree(folder)
