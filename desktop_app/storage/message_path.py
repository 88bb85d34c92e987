"""SQL that reads the shown path of a conversation, also before the store is open."""

from __future__ import annotations

from typing import Final


def path_sql(limit: str = "(SELECT count(*) FROM messages WHERE conversation_id = ?1)") -> str:
    """Return the start of SQL that reads a path up from the leaf: at most `limit` messages.

    The walk reads the small columns only; full rows are read once the path is known. In a damaged
    store, messages may form a circle, or lead to other conversations. While another computer still
    writes the leaf, the newest message stands for it.
    """
    return f"""
    WITH RECURSIVE path (id, parent_id, depth) AS (
        SELECT m.id, m.parent_id, 0
        FROM conversations AS c JOIN messages AS m ON m.id = coalesce(
            (SELECT id FROM messages WHERE id = c.leaf_id),
            (SELECT id FROM messages WHERE conversation_id = c.id AND c.leaf_id IS NOT NULL
                ORDER BY created_at DESC, rowid DESC LIMIT 1))
        WHERE c.id = ?1
        UNION ALL
        SELECT m.id, m.parent_id, depth + 1 FROM path JOIN messages AS m ON m.id = path.parent_id
        WHERE depth + 1 < {limit} AND m.conversation_id = ?1
    )"""  # noqa: S608 - our own text


_MESSAGES_OF_PATH: Final = "SELECT m.* FROM path JOIN messages AS m USING (id) ORDER BY depth DESC"
PATH: Final = f"{path_sql()} {_MESSAGES_OF_PATH}"
TAIL: Final = f"{path_sql('?2')} {_MESSAGES_OF_PATH}"
