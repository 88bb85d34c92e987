"""Wipes deleted text from the files of the store: the indexes only mark deletions until merged.

A deletion calls `mark_for_wipe` in its transaction, and `wipe_deleted` after it. If the program
ends in between, `resume_wipe` finds the mark.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Final

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.storage.database import Database

# An index is merged in slices of this many pages of 4 KB. Writing a slice takes about 40 ms; the
# whole index of a million messages takes half a minute.
MERGED_PAGES: Final = 200
_MERGE_STATEMENTS: Final = (
    "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)",
    "INSERT INTO passage_index (passage_index, rank) VALUES ('merge', ?)",
)
# The setting that exists while deleted text may still be in the files; each deletion changes its
# value.
_UNWIPED_KEY: Final = "store.unwiped"


def mark_for_wipe(connection: sqlite3.Connection) -> None:
    """Record that deleted text is still to be wiped; call it in the deleting transaction."""
    row = (_UNWIPED_KEY, f'"{new_id()}"')
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", row)


async def wipe_deleted(database: Database) -> None:
    """Remove deleted text from the database, its indexes and its write-ahead log.

    Text is removed in slices, so that other writes get their turn. If a long read prevents emptying
    the log, the mark stays for `resume_wipe`. Raises StorageError.
    """
    mark = await _read_mark(database)
    for statement in _MERGE_STATEMENTS:
        pages = -MERGED_PAGES  # a negative number begins a merge of the whole index
        while await database.write(partial(_merge, statement, pages)):
            pages = MERGED_PAGES
    if await database.checkpoint_log():
        # A later deletion has changed the mark, which then stays.
        await database.execute(
            "DELETE FROM settings WHERE key = ? AND value = ?", _UNWIPED_KEY, mark
        )


async def resume_wipe(database: Database) -> None:
    """Complete an interrupted wipe, if there is one. Raises StorageError."""
    if await _read_mark(database) is not None:
        await wipe_deleted(database)


async def _read_mark(database: Database) -> str | None:
    row = await database.row("SELECT value FROM settings WHERE key = ?", _UNWIPED_KEY)
    return None if row is None else str(row["value"])


def _merge(statement: str, pages: int, connection: sqlite3.Connection) -> bool:
    """Merge one slice. Return True if more may follow (sqlite.org/fts5.html, "merge")."""
    old_count = connection.total_changes
    connection.execute(statement, (pages,))
    return connection.total_changes - old_count >= 2
