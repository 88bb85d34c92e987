"""The longer SQL of `conversation_store.py`."""

from __future__ import annotations

from typing import Final

_SELECT_CONVERSATION: Final = """
    SELECT c.*, EXISTS (
        SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id AND m.status = 'streaming'
    ) AS streaming
    FROM conversations AS c
"""


def _listing(condition: str) -> str:
    """Return SQL for the conversations outside the trash that meet a condition, newest first."""
    return f"""{_SELECT_CONVERSATION} WHERE c.trashed_at IS NULL AND {condition}
        ORDER BY c.updated_at DESC, c.rowid DESC"""


def _page(condition: str, column: str = "c.updated_at") -> str:
    """Return SQL for a page of conversations, newest first, that follows a time and an id.

    The time and the id are those of the last conversation of the previous page. Conversations with
    the same time are in the order of their ids, so that the next page begins exactly there: those
    with an earlier time follow, and those with this time and a greater id. `_listing`, which
    has no pages, puts the conversation that was stored last first instead.
    """
    return f"""{_SELECT_CONVERSATION} WHERE {condition}
        AND {column} <= :after AND ({column} < :after OR c.id > :after_id)
        ORDER BY {column} DESC, c.id LIMIT :limit"""


ALL_CONVERSATIONS: Final = _listing("TRUE")
RECENT_CONVERSATIONS: Final = f"{_listing('NOT c.archived')} LIMIT :limit"
PINNED_CONVERSATIONS: Final = _listing("c.pinned AND NOT c.archived")
# A NULL folder_id means "in no folder".
LISTED_CONVERSATIONS: Final = _page("""c.folder_id IS :folder_id
    AND c.trashed_at IS NULL AND NOT c.pinned AND NOT c.archived""")
ARCHIVED_CONVERSATIONS: Final = _page("c.trashed_at IS NULL AND c.archived")
TRASHED_CONVERSATIONS: Final = _page("c.trashed_at IS NOT NULL", "c.trashed_at")
ONE_CONVERSATION: Final = _SELECT_CONVERSATION + " WHERE c.id = ?"


def _path(condition: str = "") -> str:
    """Return the start of SQL that reads a path up from the leaf, as long as `condition` holds.

    The walk reads the small columns only; full rows are read once the path is known.
    """
    return f"""
    WITH RECURSIVE path (id, parent_id, depth) AS (
        SELECT m.id, m.parent_id, 0
        FROM conversations AS c JOIN messages AS m ON m.id = c.leaf_id WHERE c.id = ?1
        UNION ALL
        SELECT m.id, m.parent_id, depth + 1 FROM path JOIN messages AS m ON m.id = path.parent_id
        {condition}
    )"""  # noqa: S608 - our own text


_MESSAGES_OF_PATH: Final = "SELECT m.* FROM path JOIN messages AS m USING (id) ORDER BY depth DESC"
PATH: Final = f"{_path()} {_MESSAGES_OF_PATH}"
TAIL: Final = f"{_path('WHERE depth + 1 < ?2')} {_MESSAGES_OF_PATH}"

# The first messages of all conversations have the same parent, NULL: hence the join by
# conversation. The index is named because SQLite would rather scan the whole conversation.
_SIBLINGS: Final = """
    FROM messages AS m JOIN messages AS s INDEXED BY messages_by_parent
    ON s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id
"""
VERSIONS_ON_PATH: Final = f"""{_path()} SELECT m.id, s.id AS version {_SIBLINGS}
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

# The owner of a streaming answer is the process that writes it. The time at which this process
# started tells it from a later process with the same id.
INTERRUPT: Final = """
    UPDATE messages SET status = 'interrupted', owner_pid = NULL, owner_started = NULL
    WHERE id = ? RETURNING *
"""
TAKE_OVER: Final = """
    UPDATE messages SET owner_pid = ?, owner_started = ? WHERE id = ? RETURNING *
"""

# The expression of the index `messages_reviewed`, repeated exactly, so that SQLite uses the index.
REVIEWED: Final = 'instr(m.notices, \'"code":"review_\') > 0'
