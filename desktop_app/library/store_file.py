"""A store that a restore or a repair writes: its rows are mended, its file replaces the present."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.stored_table import Effect
from desktop_app.features import imported
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.private_files import copy_private
from desktop_app.storage.row_conversion import error_to_text
from desktop_app.storage.sqlite_connection import connect, remove_log
from desktop_app.storage.storage_errors import UNREADABLE
from desktop_app.storage.stored_tables import single_columns_of, stored_tables, tables_of
from desktop_app.storage.value_effects import effect_of
from desktop_app.system import sync

_MAX_NAMED: Final = 50
HAS_LEFT: Final = N_(
    "It no longer synchronizes with your other computers. Join their library again."
)


def connect_unchanged(database: Path) -> sqlite3.Connection:
    """Connect to the current store without creating files. The caller has the store's lock."""
    # Reading a store without a log would create one, unless it is opened as immutable.
    has_log = database.with_name(database.name + "-wal").exists()
    return connect(database, "ro", is_immutable=not has_log)


def shares_library(database: Path) -> bool:
    """Return True if a store belongs to a library of several computers (`sync/`)."""
    with suppress(*UNREADABLE), closing(connect_unchanged(database)) as connection:
        sql = "SELECT 1 FROM sync_device WHERE NOT coalesce(json_extract(state, '$.is_left'), 0)"
        return connection.execute(sql).fetchone() is not None
    return False


def replace_store(new_store: Path, database: Path, previous: Path) -> bool:
    """Move `new_store` to the store's path; keep the previous store as `previous`.

    If this process is killed, the store is the old one or the new one. Return True if there was a
    previous store. The caller has the store's lock.
    """
    has_previous = database.exists() and database.stat().st_size > 0
    if has_previous:
        with suppress(*UNREADABLE), closing(connect(database, "rw")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for suffix in ("", "-wal"):  # the log stays if it cannot be read
            file = database.with_name(database.name + suffix)
            if file.exists() and file.stat().st_size:
                _link_or_copy(file, previous.with_name(previous.name + suffix))
    remove_log(database)
    new_store.replace(database)
    sync(database.parent)
    return has_previous


def _link_or_copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # the file system has no hard links
        copy_private(source, target)


class SwitchedOff(NamedTuple):
    """What a restore or a repair switched off.

    The author of a backup would gain questions that are asked of any model, at the user's cost,
    with notes and instructions of the user, or the user's voice. An honest backup would ask on two
    computers.

    Attributes:
        acting: by sentence, a line for each prompt or table that acted automatically.
        has_consents: True if the user had agreed to something.
    """

    acting: Mapping[str, Sequence[str]] = MappingProxyType({})
    has_consents: bool = False

    def sentences(self) -> list[str]:
        """Return the sentences for the user; [] if there was nothing."""
        sentences = []
        if self.has_consents:
            sentences.append(
                tr("You are asked again before tools run, and before your voice or texts are sent.")
            )
        lists = []
        for sentence, named in self.acting.items():
            lines = [f"\n  {line}" for line in named[:_MAX_NAMED]]
            if more := len(named) - _MAX_NAMED:
                lines += [f"\n  +{more}"] * (more > 0)
            lists.append(tr(sentence) + "".join(lines))
        sentences += ["\n".join(lists)] * bool(lists)
        return sentences


NOTHING: Final = SwitchedOff()


def switch_off(connection: sqlite3.Connection) -> SwitchedOff:
    """Switch off what acts, and drop consents and what describes another computer.

    The caller commits.
    """
    acting = {
        table.is_acting: lines
        for table in stored_tables().values()
        if table.lines_of_acting and (lines := imported(table.lines_of_acting)(connection))
    }
    error = error_to_text(ErrorNote(N_("The job was canceled before it was sent. Not charged.")))
    for table in stored_tables().values():
        if sql := table.switch_off:
            connection.execute(sql, {"error": error} if ":error" in sql else {})
    dropped = 0
    for name in tables_of(Effect.CONSENT, Effect.HERE):
        count = connection.execute(f"DELETE FROM {name}").rowcount  # noqa: S608 - our own names
        dropped += count * (name in tables_of(Effect.CONSENT))
    for name, column in single_columns_of(Effect.HERE):
        connection.execute(f"UPDATE {name} SET {column} = NULL WHERE {column} IS NOT NULL")  # noqa: S608
    keys = [(key,) for (key,) in connection.execute("SELECT key FROM settings").fetchall()]
    effects = {key: effect_of(key[0]) for key in keys}
    gone = [key for key, effect in effects.items() if effect in (Effect.CONSENT, Effect.HERE)]
    connection.executemany("DELETE FROM settings WHERE key = ?", gone)
    return SwitchedOff(acting, bool(dropped) or Effect.CONSENT in effects.values())


# A message always has a later row than its parent. So an earlier row of the same conversation makes
# neither a circle, in which a walk up the tree never ends, nor a way into another conversation.
_REPLACE_PARENTS: Final = """
    UPDATE messages SET parent_id = (
        SELECT p.id FROM messages AS p
        WHERE p.conversation_id = messages.conversation_id AND p.rowid < messages.rowid
        ORDER BY p.rowid DESC LIMIT 1
    ) WHERE parent_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM messages AS p
        WHERE p.id = messages.parent_id AND p.conversation_id = messages.conversation_id
        AND p.rowid < messages.rowid
    )
"""
_MEND_REFERENCES: Final = (
    """UPDATE conversations SET leaf_id = (
        SELECT id FROM messages WHERE conversation_id = conversations.id
        ORDER BY rowid DESC LIMIT 1
    ) WHERE leaf_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM messages
        WHERE id = conversations.leaf_id AND conversation_id = conversations.id
    )""",
    """UPDATE conversations SET folder_id = NULL
    WHERE folder_id IS NOT NULL AND folder_id NOT IN (SELECT id FROM folders)""",
    "DELETE FROM memory WHERE folder_id NOT IN (SELECT id FROM folders)",
    "DELETE FROM texts WHERE conversation_id NOT IN (SELECT id FROM conversations)",
    "DELETE FROM text_versions WHERE text_id NOT IN (SELECT id FROM texts)",
    "DELETE FROM collection_files WHERE collection_id NOT IN (SELECT id FROM collections)",
    # A file without its passages waits to be read again.
    """UPDATE collection_files SET status = 'waiting'
    WHERE status = 'ready' AND sha256 NOT IN (SELECT sha256 FROM passages)""",
    "DELETE FROM passage_vectors WHERE passage_id NOT IN (SELECT id FROM passages)",
    "DELETE FROM attachment_origins WHERE sha256 NOT IN (SELECT sha256 FROM attachments)",
    """DELETE FROM compactions WHERE conversation_id NOT IN (SELECT id FROM conversations)
    OR message_id NOT IN (SELECT id FROM messages)""",
    """DELETE FROM tool_permissions WHERE conversation_id IS NOT NULL
    AND conversation_id NOT IN (SELECT id FROM conversations)""",
    *(
        f"DELETE FROM {name} WHERE table_id NOT IN (SELECT id FROM tables)"  # noqa: S608
        for name in ("table_columns", "table_rows", "table_runs")
    ),
    *(
        f"""DELETE FROM {name} WHERE row_id NOT IN (SELECT id FROM table_rows)
        OR column_id NOT IN (SELECT id FROM table_columns)"""  # noqa: S608
        for name in ("table_values", "table_answers")
    ),
    "DELETE FROM table_batches WHERE run_id NOT IN (SELECT id FROM table_runs)",
)


def mend_references(connection: sqlite3.Connection) -> int:
    """Mend all references in the caller's transaction.

    A message whose parent is not an earlier message of its conversation gets the preceding one.

    Returns:
        The number of messages that got another parent.
    """
    mended = connection.execute(_REPLACE_PARENTS).rowcount
    for statement in _MEND_REFERENCES:
        connection.execute(statement)
    return mended
