"""Removal of attachments that nothing refers to any more.

An attachment is needed while a message, a collection or its passages, a file of a batch job, or a
draft refers to it. Conversations, the new conversation and the quick prompt have drafts. An
unneeded attachment is removed once `GRACE_PERIOD` has passed since it was last added. Until then,
this or another process may be about to put it into a draft. Attachments of a deleted conversation
are removed at once, unless they were added again after that conversation last changed.

The file is removed inside the transaction that deletes the row. A crash in between leaves a row
without a file, which is still unneeded, or a file without a row. The next cleanup removes both. But
a file without a row may belong to the library from before a restore or a repair. While a copy of
such a library is kept, so are all files without a row.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.conversations.row_conversion import to_micros
from desktop_app.storage.database.deletion_wipe import mark_for_wipe
from desktop_app.storage.search.search_index import EntryKind, remove_entry

GRACE_PERIOD: Final = timedelta(hours=1)
# The settings with the drafts of a new conversation and of the quick prompt.
DRAFT_KEYS: Final = ("window.new_draft", "window.quick_draft")

_NO_LIMIT: Final = (1 << 63) - 1  # SQLite's largest integer, later than any time
_SKIPPED_LIMIT: Final = 1
"""The limit that only attachments with a skipped grace period are below: their time is 0."""
_FOLDER_NAME: Final = re.compile("[0-9a-f]{2}")
_REST_OF_HASH: Final = re.compile("[0-9a-f]{62}")

_SELECT_UNNEEDED: Final = f"""
    SELECT a.sha256, a.text FROM attachments AS a
    WHERE a.created_at < ? AND a.sha256 NOT IN (
        SELECT sha256 FROM message_attachments
        UNION ALL
        SELECT sha256 FROM collection_files WHERE sha256 IS NOT NULL
        UNION ALL
        SELECT sha256 FROM passages
        UNION ALL
        SELECT sha256 FROM batch_items WHERE sha256 IS NOT NULL
        UNION ALL
        SELECT json_extract(part.value, '$.sha256')
        FROM conversations AS c, json_each(c.draft, '$.attachments') AS part
        WHERE c.draft <> '' AND json_extract(part.value, '$.sha256') IS NOT NULL
        UNION ALL
        SELECT json_extract(part.value, '$.sha256')
        FROM settings AS s, json_each(s.value, '$.attachments') AS part
        WHERE s.key IN {DRAFT_KEYS} AND json_extract(part.value, '$.sha256') IS NOT NULL
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
    remove_entry(connection, EntryKind.ATTACHMENT, sha256, row["text"])
    connection.execute("DELETE FROM attachments WHERE sha256 = ?", (sha256,))
    mark_for_wipe(connection)
    path.unlink(missing_ok=True)
    return True


def remove_unneeded_rows(connection: sqlite3.Connection) -> None:
    """Remove all unneeded attachments from a store without a search index. Their files stay."""
    hashes = [(row["sha256"],) for row in connection.execute(_SELECT_UNNEEDED, (_NO_LIMIT,))]
    for table in ("attachments", "attachment_origins"):
        connection.executemany(f"DELETE FROM {table} WHERE sha256 = ?", hashes)  # noqa: S608


def old_files(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Yield the attachment files older than the grace period, with their hashes.

    The hash is None for the remains of an interrupted copy.

    Raises:
        OSError: the folder cannot be read.
    """
    latest_mtime = time.time() - GRACE_PERIOD.total_seconds()
    for subfolder in folder.iterdir() if folder.is_dir() else ():
        if _FOLDER_NAME.fullmatch(subfolder.name) and subfolder.is_dir():
            for path in subfolder.iterdir():
                is_whole = bool(_REST_OF_HASH.fullmatch(path.name))
                is_partial = path.name.startswith(".")
                if not is_whole and not is_partial:
                    continue
                with suppress(FileNotFoundError):  # another process has just renamed or removed it
                    if path.stat().st_mtime < latest_mtime:
                        yield path, subfolder.name + path.name if is_whole else None


def has_previous_library(database: Path) -> bool:
    """Return True if the library from before a restore or a repair is kept beside the store."""
    patterns = (
        f"{database.stem}.before-{operation}-*.sqlite3" for operation in ("restore", "repair")
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
    sql = "SELECT 1 FROM attachments WHERE sha256 = ?"
    is_stray = connection.execute(sql, (sha256,)).fetchone() is None
    if is_stray:
        path.unlink(missing_ok=True)
    return is_stray


def _grace_limit() -> int:
    return to_micros(now() - GRACE_PERIOD)
