"""Deletes everything: conversations, folders, attachments, drafts, prompts, all copies.

The copies are those that the program made beside the store, as before a restore. Settings,
providers, their model listings and token rates, tool servers, and the spending without the ids of
its conversations are kept. Keys are in the keyring and not touched, nor are backups in the user's
own folders. Tables are emptied unless they are listed here, so that no table added later is
forgotten.

Deleted content is overwritten in the file, and then the file is rebuilt without it. After that, the
copies and the files go; if the program ends in between, deleting everything again removes the rest.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from desktop_app.i18n.translation import N_
from desktop_app.paths import IMPORTED
from desktop_app.storage.database import refuse_foreign
from desktop_app.storage.sqlite_connection import connect
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.store_lock import exclusive_lock, remove_scratch_folders
from desktop_app.system import sync

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
# The window's geometry. Most other settings that begin with "window." refer to conversations.
_KEPT_SETTING: Final = "window.state"


def erase_everything(database: Path, attachments: Path) -> None:
    """Delete everything that the user has written or received.

    Raises:
        StorageError: the store is open elsewhere or could not be emptied, and nothing was deleted;
            or the disk failed later, and some files may remain.
        StoreTooNewError: a newer version wrote the store; nothing was deleted.
    """
    with (
        translate_errors(str(database)),
        exclusive_lock(
            database,
            N_("Another Repartee command is using your library, so nothing was deleted."),
            N_("Wait for it to finish, then try again."),
        ),
    ):
        refuse_foreign(database)
        with closing(connect(database, "rw")) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            _empty_tables(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for path in database.parent.glob(f"{database.stem}.before-*"):
            path.unlink()
        remove_scratch_folders(database)
        for folder in (attachments, database.with_name(IMPORTED)):
            if folder.exists():
                shutil.rmtree(folder)
        sync(database.parent)


def _empty_tables(connection: sqlite3.Connection) -> None:
    tables = [
        row["name"]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not row["name"].startswith((*_SEARCH_INDEXES, "sqlite_"))
    ]
    # SQLite does not enforce foreign keys on this connection, so the order of tables is irrelevant.
    connection.execute("BEGIN IMMEDIATE")
    # First, so that nothing is deleted on other computers: this one leaves their library.
    connection.execute("DELETE FROM sync_device")
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
