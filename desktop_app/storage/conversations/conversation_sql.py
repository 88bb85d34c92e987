"""The longer SQL of `conversation_store.py`."""

from __future__ import annotations

from typing import Final

_CONVERSATION: Final = """
    SELECT c.*, EXISTS (
        SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id AND m.status = 'streaming'
    ) AS streaming
    FROM conversations AS c
"""
ALL_CONVERSATIONS: Final = (
    _CONVERSATION + " WHERE c.trashed_at IS NULL ORDER BY c.updated_at DESC, c.rowid DESC"
)
RECENT_CONVERSATIONS: Final = (
    _CONVERSATION
    + """ WHERE c.trashed_at IS NULL AND NOT c.archived
    ORDER BY c.updated_at DESC, c.rowid DESC LIMIT :limit"""
)
# Newest first, after a time and an id; a NULL folder_id means "in no folder".
LISTED_CONVERSATIONS: Final = f"""{_CONVERSATION} WHERE c.folder_id IS :folder_id
    AND c.trashed_at IS NULL AND NOT c.pinned AND NOT c.archived
    AND c.updated_at <= :after AND (c.updated_at < :after OR c.id > :after_id)
    ORDER BY c.updated_at DESC, c.id LIMIT :limit
"""
PINNED_CONVERSATIONS: Final = (
    _CONVERSATION
    + """ WHERE c.trashed_at IS NULL AND c.pinned AND NOT c.archived
    ORDER BY c.updated_at DESC, c.rowid DESC"""
)
ARCHIVED_CONVERSATIONS: Final = f"""{_CONVERSATION} WHERE c.trashed_at IS NULL AND c.archived
    AND c.updated_at <= :after AND (c.updated_at < :after OR c.id > :after_id)
    ORDER BY c.updated_at DESC, c.id LIMIT :limit
"""
TRASHED_CONVERSATIONS: Final = f"""{_CONVERSATION} WHERE c.trashed_at IS NOT NULL
    AND c.trashed_at <= :after AND (c.trashed_at < :after OR c.id > :after_id)
    ORDER BY c.trashed_at DESC, c.id LIMIT :limit
"""
ONE_CONVERSATION: Final = _CONVERSATION + " WHERE c.id = ?"

# Walks up from the leaf by the small columns only; full rows are read once the path is known.
_PATH: Final = """
    WITH RECURSIVE path (id, parent_id, depth) AS (
        SELECT m.id, m.parent_id, 0
        FROM conversations AS c JOIN messages AS m ON m.id = c.leaf_id WHERE c.id = ?
        UNION ALL
        SELECT m.id, m.parent_id, depth + 1 FROM path JOIN messages AS m ON m.id = path.parent_id
    )
"""
PATH: Final = f"""
    {_PATH} SELECT m.* FROM path JOIN messages AS m USING (id) ORDER BY depth DESC
"""  # noqa: S608 - our own text

TAIL: Final = """
    WITH RECURSIVE path (id, parent_id, depth) AS (
        SELECT m.id, m.parent_id, 0
        FROM conversations AS c JOIN messages AS m ON m.id = c.leaf_id WHERE c.id = ?1
        UNION ALL
        SELECT m.id, m.parent_id, depth + 1 FROM path JOIN messages AS m ON m.id = path.parent_id
        WHERE depth + 1 < ?2
    )
    SELECT m.* FROM path JOIN messages AS m USING (id) ORDER BY depth DESC
"""

# The first messages of all conversations have the same parent, NULL: hence the join by
# conversation. The index is named because SQLite would rather scan the whole conversation.
_SIBLINGS: Final = """
    FROM messages AS m JOIN messages AS s INDEXED BY messages_by_parent
    ON s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id
"""
VERSIONS: Final = f"SELECT s.id {_SIBLINGS} WHERE m.id = ? ORDER BY s.created_at, s.rowid"
VERSIONS_ON_PATH: Final = f"""{_PATH} SELECT m.id, s.id AS version {_SIBLINGS}
    WHERE m.id IN (SELECT id FROM path) ORDER BY s.created_at, s.rowid
"""  # noqa: S608 - our own text

NEWEST_LEAF: Final = """
    WITH RECURSIVE below (id) AS (
        VALUES (?1) UNION ALL
        SELECT m.id FROM below JOIN messages AS m ON m.parent_id = below.id
    )
    SELECT id FROM messages AS m
    WHERE id IN (SELECT id FROM below)
    AND NOT EXISTS (SELECT 1 FROM messages AS r WHERE r.parent_id = m.id)
    ORDER BY created_at DESC, rowid DESC LIMIT 1
"""

INTERRUPT: Final = """
    UPDATE messages SET status = 'interrupted', owner_pid = NULL, owner_started = NULL
    WHERE id = ? RETURNING *
"""
TAKE_OVER: Final = """
    UPDATE messages SET owner_pid = ?, owner_started = ? WHERE id = ? RETURNING *
"""

# The expression of the index `messages_reviewed`, repeated exactly, so that SQLite uses the index.
REVIEWED: Final = 'instr(m.notices, \'"code":"review_\') > 0'
