"""The rows of the conversation list, for the time before the store is open.

As the settings for the first paint, they are read from the database without importing the store's
modules. Failures are ignored: the rows appear once the store is open, or its opening reports them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from desktop_app.domain.conversations.conversation import Conversation, Folder, ModelChoice
from desktop_app.domain.conversations.list_filter import LIST
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.paths import folders
from desktop_app.settings.startup_settings import read_at_start

_ROWS: Final = 60  # more than a usual window shows
_UNKNOWN: Final = ModelChoice("", "")
_CONVERSATIONS: Final = """SELECT id, title, updated_at, pinned, folder_id FROM conversations
    WHERE trashed_at IS NULL AND NOT archived AND {condition} ORDER BY updated_at DESC LIMIT ?"""


def show_early_rows(conversations: ConversationList, stored_settings: Mapping[str, Any]) -> None:
    """Show the folders, the pinned and the newest conversations in the list."""
    rows, all_folders = read_at_start(folders().database, _read) or ([], [])
    if not rows and not all_folders:
        return
    conversations.set_folders(all_folders)
    conversations.model.set_pin_order(map(str, stored_settings.get("list.pinned_order") or ()))
    conversations.model.set_conversations(filter(LIST.includes, rows))
    conversations.model.set_unread(set(map(str, stored_settings.get("window.unread") or ())))


def _read(connection: sqlite3.Connection) -> tuple[list[Conversation], list[Folder]]:
    rows: list[Conversation] = []
    for condition in ("pinned", "folder_id IS NULL AND NOT pinned"):
        sql = _CONVERSATIONS.format(condition=condition)
        for id_, title, micros, is_pinned, folder_id in connection.execute(sql, (_ROWS,)):
            at = _time(micros)
            pinned = bool(is_pinned)
            rows.append(
                Conversation(id_, title, at, at, _UNKNOWN, pinned=pinned, folder_id=folder_id)
            )
    stored = connection.execute("SELECT id, name, created_at FROM folders")
    return rows, [Folder(id_, name, _time(micros)) for id_, name, micros in stored]


def _time(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
