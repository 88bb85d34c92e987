"""Removal of attachments that nothing refers to any more.

An attachment is needed while a message, a collection or its passages, a row of a table, or a draft
refers to it. Conversations, the new conversation and the quick prompt have
drafts. An unneeded attachment is removed once `GRACE_PERIOD` has passed since it was last added;
adding it again renews `created_at`. Until then, this or another process may be about to put it into
a draft.
Attachments of a deleted conversation are removed at once, unless they were added again after that
conversation last changed.

A file is written before its row, and removed inside the transaction that deletes the row. So a
crash during a removal can leave a row without a file, which is still unneeded, and a crash while an
attachment is added can leave a file without a row. The next cleanup removes the row or the file.
But a file without a row may belong to the library from before a restore, a repair or an upgrade.
While a copy of such a library is kept, so are all files without a row.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.storage.deletion_wipe import mark_for_wipe
from desktop_app.storage.row_conversion import to_micros
from desktop_app.storage.search_index import EntryKind, has_entry, remove_entry

GRACE_PERIOD: Final = timedelta(hours=1)
# The settings with the drafts of a new conversation and of the quick prompt.
DRAFT_KEYS: Final = ("window.new_draft", "window.quick_draft")
_DRAFT_KEYS_SQL: Final = ", ".join(f"'{key}'" for key in DRAFT_KEYS)

_NO_LIMIT: Final = (1 << 63) - 1  # SQLite's largest integer, later than any time
_SKIPPED_LIMIT: Final = 1
"""The limit that selects only attachments whose grace period was skipped.

`skip_grace_period` sets their `created_at` to 0; the others have the time at which they were added.
"""
_FOLDER_NAME: Final = lazy_pattern("[0-9a-f]{2}")
_REST_OF_HASH: Final = lazy_pattern("[0-9a-f]{62}")

# A conversation without a draft has '', which is not JSON. SQLite passes only rows of `c` that meet
# the condition on the draft to json_each, which depends on `c`.
_SELECT_UNNEEDED: Final = f"""
    SELECT a.sha256, a.text FROM attachments AS a
    WHERE a.created_at < ? AND a.sha256 NOT IN (
        SELECT sha256 FROM message_attachments
        UNION ALL
        SELECT sha256 FROM collection_files WHERE sha256 IS NOT NULL
        UNION ALL
        SELECT sha256 FROM passages
        UNION ALL
        SELECT json_extract(part.value, '$.sha256')
        FROM table_rows AS r, json_each(r.parts) AS part WHERE r.parts <> '[]'
        UNION ALL
        SELECT json_extract(part.value, '$.sha256')
        FROM conversations AS c, json_each(c.draft, '$.attachments') AS part
        WHERE c.draft <> '' AND json_extract(part.value, '$.sha256') IS NOT NULL
        UNION ALL
        SELECT json_extract(part.value, '$.sha256')
        FROM settings AS s, json_each(s.value, '$.attachments') AS part
        WHERE s.key IN ({_DRAFT_KEYS_SQL}) AND json_extract(part.value, '$.sha256') IS NOT NULL
    )
"""  # noqa: S608 - our own text

_SKIP_GRACE_PERIOD: Final = """
    UPDATE attachments SET created_at = 0
    WHERE sha256 IN (
        SELECT ma.sha256 FROM messages AS m JOIN message_attachments AS ma ON ma.message_id = m.id
        WHERE m.conversation_id = ?1
    ) AND created_at <= (SELECT updated_at FROM conversations WHERE id = ?1)
"""


def skip_grace_period(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Skip the grace period of a conversation's attachments, as it is about to be deleted.

    Attachments that are needed elsewhere stay.
    """
    connection.execute(_SKIP_GRACE_PERIOD, (conversation_id,))


def unneeded_hashes(connection: sqlite3.Connection, *, is_grace_skipped: bool = False) -> list[str]:
    """Return the hashes of the attachments that can be removed.

    Args:
        is_grace_skipped: only attachments of deleted conversations: see `skip_grace_period`.
    """
    limit = _SKIPPED_LIMIT if is_grace_skipped else _grace_limit()
    return [row["sha256"] for row in connection.execute(_SELECT_UNNEEDED, (limit,))]


def remove_unneeded(connection: sqlite3.Connection, sha256: str, path: Path) -> bool:
    """Remove an attachment with its text and its search entry.

    Return False if it is needed now, was added again, or is gone.

    Args:
        path: its file.

    Raises:
        OSError: the file cannot be removed.
    """
    sql = f"{_SELECT_UNNEEDED} AND a.sha256 = ?"
    row = connection.execute(sql, (_grace_limit(), sha256)).fetchone()
    if row is None:
        return False
    is_indexed = has_entry(connection, EntryKind.ATTACHMENT, sha256)
    remove_entry(connection, EntryKind.ATTACHMENT, sha256, row["text"])
    connection.execute("DELETE FROM attachments WHERE sha256 = ?", (sha256,))
    mark_for_wipe(connection, is_indexed=is_indexed)
    path.unlink(missing_ok=True)
    return True


def remove_unneeded_rows(connection: sqlite3.Connection) -> None:
    """Remove the rows of all unneeded attachments from a store that is being repaired.

    The files stay, because the damaged store, which is kept, still needs them. There is no grace
    period, because no process uses the new store yet. The search index has no entries to remove,
    because attachments are indexed afterwards.
    """
    hashes = [(row["sha256"],) for row in connection.execute(_SELECT_UNNEEDED, (_NO_LIMIT,))]
    # A repair does not enforce foreign keys. In a store in use, they delete the origin with the
    # attachment.
    for table in ("attachments", "attachment_origins"):
        connection.executemany(f"DELETE FROM {table} WHERE sha256 = ?", hashes)  # noqa: S608


def old_files(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Yield the attachment files older than the grace period, with their hashes.

    The hash is None for the remains of an interrupted copy.

    Raises:
        OSError: the folder cannot be read.
    """
    latest_mtime = time.time() - GRACE_PERIOD.total_seconds()
    if not folder.is_dir():
        return
    for subfolder in folder.iterdir():
        if not _FOLDER_NAME.fullmatch(subfolder.name) or not subfolder.is_dir():
            continue
        for path in subfolder.iterdir():
            is_whole = bool(_REST_OF_HASH.fullmatch(path.name))
            is_partial = path.name.startswith(".")
            if not is_whole and not is_partial:
                continue
            sha256 = subfolder.name + path.name if is_whole else None
            with suppress(FileNotFoundError):  # another process has just renamed or removed it
                if path.stat().st_mtime < latest_mtime:
                    yield path, sha256


def has_previous_library(database: Path) -> bool:
    """Return True if a library from before a restore, repair or upgrade is beside the store."""
    patterns = (
        f"{database.stem}.before-{operation}-*.sqlite3"
        for operation in ("restore", "repair", "removal", "upgrade")
    )
    return any(any(database.parent.glob(pattern)) for pattern in patterns)


def remove_stray(connection: sqlite3.Connection, sha256: str | None, path: Path) -> bool:
    """Remove a file if it has no row. Return True if it was removed.

    Called in a transaction, so that no row is added meanwhile.

    Args:
        sha256: the hash that the file is named by; None for the remains of an interrupted copy.

    Raises:
        OSError: the file cannot be removed.
    """
    # Without a hash there is no row, because in SQL nothing equals NULL.
    sql = "SELECT 1 FROM attachments WHERE sha256 = ?"
    is_stray = connection.execute(sql, (sha256,)).fetchone() is None
    if is_stray:
        path.unlink(missing_ok=True)
    return is_stray


def _grace_limit() -> int:
    return to_micros(now() - GRACE_PERIOD)
