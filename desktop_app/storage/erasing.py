"""Deleting everything: conversations, folders, attachments, drafts, prompts, and every copy of them
that the program has made beside the store.

What stays: settings, providers, what they list, and what was spent, without saying in which
conversation. Keys lie in the keyring and are not touched, nor are backups in folders of the
person's. A table that is not named here as kept is emptied, so that one which is added later is
not forgotten.

What is deleted is overwritten in the file, then the file is written anew without it.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import StorageError
from desktop_app.storage.database import StoreLock, refuse_newer
from desktop_app.storage.failures import translated
from desktop_app.storage.files import sync
from desktop_app.storage.migrations import MIGRATIONS, pending

KEPT_TABLES: Final = frozenset(
    {
        "migrations",
        "settings",
        "profiles",
        "keys_in_keyring",
        "ledger",
        "ledger_slots",
        "spending_holds",
        "model_listings",
    }
)
_INDEXES: Final = ("search_index", "passage_index", "passage_terms")
# How the window stood; all else that it notes speaks of conversations.
_KEPT_NOTE: Final = "window.state"


def erase_everything(database: Path, attachments: Path) -> None:
    """Delete all that the person has written and been answered.

    Raises:
        StorageError: the store is open somewhere, and nothing was deleted; or the disk failed, and
            some of it may be left.
        StoreTooNewError: a newer version wrote the store; nothing was deleted.
    """
    with translated(str(database)):
        lock = StoreLock(database)
        try:
            if not lock.take():
                raise _in_use()
            refuse_newer(database)
            with closing(sqlite3.connect(database, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                pending(connection, database, MIGRATIONS)
                connection.execute("PRAGMA secure_delete = ON")
                _empty(connection)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _remove_files(database, attachments)
        finally:
            lock.release()


def _empty(connection: sqlite3.Connection) -> None:
    tables = [
        row["name"]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not row["name"].startswith((*_INDEXES, "sqlite_"))
    ]
    connection.execute("BEGIN IMMEDIATE")  # no foreign keys here: each table goes for itself
    for table in tables:
        if table not in KEPT_TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the schema
    connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    connection.execute("DELETE FROM passage_index")
    connection.execute("INSERT INTO passage_index (passage_index) VALUES ('optimize')")
    connection.execute("UPDATE ledger SET conversation_id = NULL, message_id = NULL")
    connection.execute("DELETE FROM settings WHERE key LIKE 'window.%' AND key <> ?", (_KEPT_NOTE,))
    connection.execute("COMMIT")


def _remove_files(database: Path, attachments: Path) -> None:
    """The originals, and copies of the store from before a migration, a restoring or a repair."""
    if attachments.exists():
        shutil.rmtree(attachments)
    for path in database.parent.glob(f"{database.stem}.before-*"):
        path.unlink()
    for pattern in (".restore-*", ".repair-*"):
        for folder in database.parent.glob(pattern):
            shutil.rmtree(folder)
    sync(database.parent)


def _in_use() -> StorageError:
    return StorageError(
        "The store is open in another command of Repartee.",
        what_was_kept="Nothing was deleted.",
        what_to_do="Wait until it has ended, then delete everything again.",
    )
