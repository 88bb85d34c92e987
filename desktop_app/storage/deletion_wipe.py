"""Wipes deleted text from the files of the store: the indexes only mark deletions until merged.

A deletion calls `mark_for_wipe` in its transaction, and `wipe_deleted` after it. If the program
ends in between, the next `wipe_deleted` finds the mark.

To merge is to write the indexes again: 12 s of CPU in a library of a million messages. In a large
store it therefore waits until nobody uses the program, and happens once a day at most.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from desktop_app.domain.conversations.conversation import new_id
from desktop_app.storage.database import CHECKED_AT_OPEN_BYTES, Database

# An index is merged in slices of this many pages of 4 KB. Writing a slice takes about 40 ms.
MERGED_PAGES: Final = 200
MERGE_INTERVAL_S: Final = 24 * 3600
_MERGE_STATEMENTS: Final = (
    "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?)",
    "INSERT INTO passage_index (passage_index, rank) VALUES ('merge', ?)",
)
# The settings that exist while deleted text may still be in the indexes, and in the log; each
# deletion changes their values.
_UNMERGED_KEY: Final = "store.unwiped"
_UNWIPED_LOG_KEY: Final = "store.unwiped_log"
_MERGED_AT_KEY: Final = "store.wiped_at"
_SELECT: Final = "SELECT value FROM settings WHERE key = ?"
_PUT: Final = "INSERT OR REPLACE INTO settings VALUES (?, ?)"
_SELECT_SIZE: Final = (
    "SELECT page_count * page_size AS value FROM pragma_page_count, pragma_page_size"
)


def mark_for_wipe(connection: sqlite3.Connection, *, is_indexed: bool) -> None:
    """Record that deleted text is still to be wiped; call it in the deleting transaction."""
    keys = [_UNWIPED_LOG_KEY, _UNMERGED_KEY][: 1 + is_indexed]
    connection.executemany(_PUT, [(key, f'"{new_id()}"') for key in keys])


async def wipe_deleted(database: Database, is_idle: Callable[[], bool] = lambda: False) -> None:
    """Remove deleted text from the database, its indexes and its write-ahead log.

    What cannot be done now stays marked for the next call. Raises StorageError.

    Args:
        is_idle: returns True while nobody uses the program, so that large indexes can be merged.
    """
    mark = await _value(database, _SELECT, _UNMERGED_KEY)
    if mark is not None:
        is_large = int(await _value(database, _SELECT_SIZE) or 0) > CHECKED_AT_OPEN_BYTES
        passed_s = time.time() - int(await _value(database, _SELECT, _MERGED_AT_KEY) or 0)
        if not is_large:
            await _merge_indexes(database, mark)
        elif is_idle() and not 0 <= passed_s < MERGE_INTERVAL_S:
            await _merge_indexes(database, mark, is_idle)
    log_mark = await _value(database, _SELECT, _UNWIPED_LOG_KEY)
    # If a long read prevents emptying the log, its mark stays.
    if log_mark is not None and await database.checkpoint_log():
        await database.write(partial(_remove_mark, key=_UNWIPED_LOG_KEY, mark=log_mark))


async def _merge_indexes(
    database: Database, mark: str, is_idle: Callable[[], bool] | None = None
) -> None:
    """Merge the indexes in slices, so that other writes get their turn, as long as it is idle."""
    for statement in _MERGE_STATEMENTS:
        pages = -MERGED_PAGES  # a negative number begins or continues a merge of the whole index
        while await database.write(partial(_merge, statement, pages)):
            pages = MERGED_PAGES
            if is_idle is not None and not is_idle():
                return

    def note(connection: sqlite3.Connection) -> None:
        _remove_mark(connection, _UNMERGED_KEY, mark)
        mark_for_wipe(connection, is_indexed=False)
        if is_idle is not None:
            connection.execute(_PUT, (_MERGED_AT_KEY, str(int(time.time()))))

    await database.write(note)


async def _value(database: Database, sql: str, *values: str) -> str | None:
    row = await database.row(sql, *values)
    return None if row is None else str(row["value"])


def _remove_mark(connection: sqlite3.Connection, key: str, mark: str) -> None:
    """Remove a mark, unless a later deletion has changed it."""
    connection.execute("DELETE FROM settings WHERE key = ? AND value = ?", (key, mark))


def _merge(statement: str, pages: int, connection: sqlite3.Connection) -> bool:
    """Merge one slice. Return True if more may follow (sqlite.org/fts5.html, "merge")."""
    old_count = connection.total_changes
    connection.execute(statement, (pages,))
    return connection.total_changes - old_count >= 2
