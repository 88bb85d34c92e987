"""Mends references to missing or foreign rows, in a repaired or restored store."""

from __future__ import annotations

import sqlite3
from typing import Final

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
