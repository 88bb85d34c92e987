"""What a start shows until its session is loaded: the list, and the last conversation or none.

As the settings for the first paint, it is read from the database without importing the store's
modules. Failures are ignored: the session is loaded at once then, and its opening of the store
reports them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtGui import QAccessible

from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
)
from desktop_app.library.list_filter import LIST
from desktop_app.paths import folders
from desktop_app.settings.startup_settings import read_at_start
from desktop_app.widgets.look.theme import current_theme

if TYPE_CHECKING:
    from desktop_app.app.window.main_window import MainWindow

_ROWS: Final = 60  # more than a usual window shows
_MESSAGES: Final = 30
_UNKNOWN: Final = ModelChoice("", "")
_CONVERSATIONS: Final = """SELECT id, title, updated_at, pinned, folder_id FROM conversations
    WHERE trashed_at IS NULL AND NOT archived AND {condition} ORDER BY updated_at DESC LIMIT ?"""
_LAST_OPEN: Final = "SELECT *, 0 AS streaming FROM conversations WHERE id = ?"


class _Content(NamedTuple):
    """What is stored. `messages` are the last ones of the open conversation, None for none."""

    rows: list[Conversation]
    all_folders: list[Folder]
    open: Conversation | None
    messages: list[Message]


def show_early_content(window: MainWindow, stored_settings: Mapping[str, Any]) -> bool:
    """Show what the session will show; return False if only the session can show it.

    That is a draft, an answer that streams, a file, a place far above, and a start before the first
    end; and whatever assistive technology presses, of which `EarlyUse` knows nothing.
    """
    state = stored_settings.get("window.state", {})
    draft = stored_settings.get("window.new_draft", {})
    open_id = stored_settings.get("window.conversation", "")
    if "model" not in state or (not open_id and (draft.get("text") or draft.get("attachments"))):
        return False
    content = read_at_start(folders().database, partial(_read, open_id))
    place = stored_settings.get("window.scroll", [])  # empty at the end
    if content is None or (open_id and not _is_readable(content, place)):
        return False
    listing = window.conversations
    listing.set_folders(content.all_folders)
    listing.model.set_pin_order(stored_settings.get("list.pinned_order", ()))
    listing.model.set_conversations(filter(LIST.includes, content.rows))
    listing.model.set_unread(set(stored_settings.get("window.unread", ())))
    with suppress(LookupError, OSError, TypeError, ValueError):  # another version's state
        window.show_remembered(state)
    if content.open is None:
        window.pane.show_empty_state(True)
    else:
        _show_conversation(window, content.open, content.messages, state.get("names", {}))
        if place:
            window.transcript.restore_scroll(tuple(place))
    return not QAccessible.isActive()


def _is_readable(content: _Content, place: list[Any]) -> bool:
    ids = {message.id for message in content.messages}
    return (
        content.open is not None
        and content.open.draft == Draft()
        and bool(ids)
        and not (place and place[0] not in ids)
        and not any(m.attachments or m.status is MessageStatus.STREAMING for m in content.messages)
    )


def _show_conversation(
    window: MainWindow,
    conversation: Conversation,
    messages: list[Message],
    names: Mapping[str, str],
) -> None:
    # Later than the list, which is painted meanwhile.
    from desktop_app.domain.answering.shown_length import shorten
    from desktop_app.markdown.structured_answer import with_rendered_form
    from desktop_app.transcript.view import TranscriptView

    window.set_transcript(TranscriptView(current_theme()))
    window.transcript.set_model_names(lambda model: names.get(model, model))
    window.pane.set_title(conversation.title)
    window.pane.show_empty_state(False)
    shown = [with_rendered_form(shorten(each), as_text=False) for each in messages]
    window.transcript.set_messages(shown)
    window.conversations.view.show_open(conversation.id)
    window.early_conversation_id = conversation.id


def _read(open_id: str, connection: sqlite3.Connection) -> _Content:
    connection.row_factory = sqlite3.Row
    rows: list[Conversation] = []
    for condition in ("pinned", "folder_id IS NULL AND NOT pinned"):
        sql = _CONVERSATIONS.format(condition=condition)
        for row in connection.execute(sql, (_ROWS,)):
            at = _time(row["updated_at"])
            places = {"pinned": bool(row["pinned"]), "folder_id": row["folder_id"]}
            rows.append(Conversation(row["id"], row["title"], at, at, _UNKNOWN, **places))
    stored = connection.execute("SELECT id, name, created_at FROM folders")
    all_folders = [Folder(id_, name, _time(micros)) for id_, name, micros in stored]
    if not open_id:
        return _Content(rows, all_folders, None, [])
    from desktop_app.storage.message_path import TAIL
    from desktop_app.storage.row_conversion import conversation_from_row, message_from_row

    found = connection.execute(_LAST_OPEN, (open_id,)).fetchone()
    messages = connection.execute(TAIL, (open_id, _MESSAGES)).fetchall()
    conversation = None if found is None else conversation_from_row(found)
    return _Content(rows, all_folders, conversation, [message_from_row(m) for m in messages])


def _time(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
