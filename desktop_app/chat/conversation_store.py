"""Conversations and the trees of their messages.

Two rules protect the user's work. A question and its still empty answer are on disk before anything
is sent. A streaming answer names the process that writes it: if that process has ended, the answer
was cut off by a crash.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from desktop_app.documents.store.attachment_cleanup import skip_grace_period
from desktop_app.documents.store.note_store import remove_notes
from desktop_app.domain.bounds import BAD_VALUE, EARLIEST_TIME, LATEST_TIME
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
)
from desktop_app.domain.conversations.message_parts import text_of
from desktop_app.domain.errors import StorageError, StoreDamagedError
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.database import Databases, read_first
from desktop_app.storage.deletion_wipe import mark_for_wipe, wipe_deleted
from desktop_app.storage.message_path import PATH, TAIL, path_sql
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.row_conversion import (
    answer_to_row,
    conversation_from_row,
    conversation_to_row,
    draft_to_text,
    from_micros,
    from_row,
    message_from_row,
    read_row,
    read_rows,
    searchable_text,
    settings_to_row,
    to_micros,
    to_row,
)
from desktop_app.storage.row_writing import Row, insert_rows, update_row, upsert_row
from desktop_app.storage.search_index import (
    Entry,
    EntryKind,
    add_entry,
    has_entry,
    index_documents,
    remove_entry,
)
from desktop_app.storage.sqlite_connection import any_text

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


# No page would end before an impossible time.
_EARLIEST_MICROS: Final = to_micros(EARLIEST_TIME)


def _page(condition: str, column: str = "c.updated_at") -> str:
    """Return SQL for a page of conversations, newest first, that follows a time and an id.

    The time and the id are those of the last conversation of the previous page. Conversations with
    the same time are in the order of their ids, so that the next page begins exactly there: those
    with an earlier time follow, and those with this time and a greater id. `_listing`, which
    has no pages, puts the conversation that was stored last first instead.
    """
    return f"""{_SELECT_CONVERSATION} WHERE {condition}
        AND {column} >= {_EARLIEST_MICROS} AND {column} <= :after
        AND ({column} < :after OR c.id > :after_id)
        ORDER BY {column} DESC, c.id LIMIT :limit"""


ALL_CONVERSATIONS: Final = _listing("TRUE")
RECENT_CONVERSATIONS: Final = f"{_listing('NOT c.archived')} LIMIT ?"
PINNED_CONVERSATIONS: Final = _listing("c.pinned AND NOT c.archived")
# A NULL folder_id means "in no folder".
LISTED_CONVERSATIONS: Final = _page("""c.folder_id IS :folder_id
    AND c.trashed_at IS NULL AND NOT c.pinned AND NOT c.archived""")
ARCHIVED_CONVERSATIONS: Final = _page("c.trashed_at IS NULL AND c.archived")
TRASHED_CONVERSATIONS: Final = _page("c.trashed_at IS NOT NULL", "c.trashed_at")
ONE_CONVERSATION: Final = _SELECT_CONVERSATION + " WHERE c.id = ?"

# The first messages of all conversations have the same parent, NULL: hence the join by
# conversation. The index is named because SQLite would rather scan the whole conversation.
_SIBLINGS: Final = """
    FROM messages AS m JOIN messages AS s INDEXED BY messages_by_parent
    ON s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id
"""
VERSIONS_ON_PATH: Final = f"""{path_sql()} SELECT m.id, s.id AS version {_SIBLINGS}
    WHERE m.id IN (SELECT id FROM path) ORDER BY s.created_at, s.rowid
"""  # noqa: S608 - our own text

NEWEST_LEAF: Final = """
    WITH RECURSIVE below (id) AS (
        VALUES (?1) UNION
        SELECT m.id FROM below JOIN messages AS m
        ON m.parent_id = below.id AND m.conversation_id = ?2
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

# A message always has a later row than its parent.
_SELECT_TREE: Final = "SELECT * FROM messages WHERE conversation_id = ? ORDER BY rowid"
_LATEST_MICROS: Final = (1 << 63) - 1  # SQLite's largest integer
_SELECT_QUESTIONS: Final = """
    SELECT m.* FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.role = 'user' AND c.trashed_at IS NULL ORDER BY m.rowid DESC LIMIT ?"""
_SELECT_OWNED: Final = """SELECT 1 FROM messages
    WHERE status = 'streaming' AND owner_pid = ? AND owner_started = ?"""
_DISOWN: Final = """UPDATE messages SET owner_pid = NULL, owner_started = NULL
    WHERE status = 'streaming' AND owner_pid = ? AND owner_started = ?"""
_IS_RUN: Final = "remote_run IS NOT NULL"  # in the background
_SELECT_MESSAGE: Final = "SELECT * FROM messages WHERE id = ?"


class ConversationStore:
    """All conversations of the store. All methods raise StorageError.

    Each change is one transaction, except that several conversations are erased one by one.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._disk = databases.disk
        self._database_of = databases.for_conversation

    async def all(self) -> list[Conversation]:
        """Return all conversations except trashed ones, newest first."""
        return await read_rows(self._disk, conversation_from_row, ALL_CONVERSATIONS)

    async def titles(self) -> list[tuple[str, str]]:
        """Return id and title of all conversations except trashed ones, newest first."""
        sql = """SELECT id, title FROM conversations
            WHERE trashed_at IS NULL ORDER BY updated_at DESC"""
        return [(row["id"], row["title"]) for row in await self._disk.rows(sql)]

    async def recent(self, limit: int) -> list[Conversation]:
        """Return the newest conversations of all folders, except archived and trashed ones."""
        return await read_rows(self._disk, conversation_from_row, RECENT_CONVERSATIONS, limit)

    async def ids(self) -> list[str]:
        """Return the ids of all conversations except trashed ones, including unreadable rows."""
        rows = await self._disk.rows("SELECT id FROM conversations WHERE trashed_at IS NULL")
        return [row["id"] for row in rows]

    async def list_page(
        self, limit: int, *, after: Conversation | None = None, folder_id: str | None = None
    ) -> list[Conversation]:
        """Return a page of the list, newest first: neither pinned nor archived nor trashed.

        Args:
            after: the conversation before the page; None begins with the newest.
            folder_id: the folder; None for conversations in no folder.
        """
        return await self._read_page(LISTED_CONVERSATIONS, limit, after, folder_id)

    async def list_pinned(self) -> list[Conversation]:
        """Return the pinned conversations, newest first: neither archived nor trashed."""
        return await self._disk.read(lambda c: _read_listed(c, PINNED_CONVERSATIONS, {}))

    async def list_archived(
        self, limit: int = -1, *, after: Conversation | None = None
    ) -> list[Conversation]:
        """Return the archived conversations, newest first: all, or a page as in `list_page`.

        Args:
            limit: -1 for no limit, as in SQLite.
        """
        return await self._read_page(ARCHIVED_CONVERSATIONS, limit, after)

    async def list_trashed(
        self, limit: int = -1, *, after: Conversation | None = None
    ) -> list[Conversation]:
        """Return the trashed conversations, last trashed first: all, or a page as in `list_page`.

        Args:
            limit: -1 for no limit, as in SQLite.
        """
        return await self._read_page(TRASHED_CONVERSATIONS, limit, after)

    async def _read_page(
        self, sql: str, limit: int, after: Conversation | None, folder_id: str | None = None
    ) -> list[Conversation]:
        at = None
        if after is not None:
            at = after.trashed_at if sql == TRASHED_CONVERSATIONS else after.updated_at
        values = {
            "after": _LATEST_MICROS if at is None else to_micros(at),
            "after_id": "" if after is None else after.id,
            "limit": limit,
            "folder_id": folder_id,
        }
        return await self._disk.read(lambda c: _read_listed(c, sql, values))

    async def empty_trash(self, before: datetime) -> list[str]:
        """Erase the conversations that were trashed before a time; return their ids.

        Each is deleted in one short transaction, so that other writers never wait long.
        """
        sql = "SELECT id FROM conversations WHERE trashed_at < ?"

        def erase(connection: sqlite3.Connection, id_: str) -> bool:
            """Erase a conversation, unless it was restored meanwhile."""
            if connection.execute(f"{sql} AND id = ?", (at, id_)).fetchone() is None:
                return False
            erase_conversation(id_, connection)
            return True

        at = to_micros(before)
        ids: list[str] = [row["id"] for row in await self._disk.rows(sql, at)]
        erased_ids = [id_ for id_ in ids if await self._disk.write(partial(erase, id_=id_))]
        if erased_ids:
            await wipe_deleted(self._disk)
        return erased_ids

    async def get(self, conversation_id: str) -> Conversation | None:
        return await self._database_of(conversation_id).read(
            lambda c: read_conversation(c, conversation_id)
        )

    async def save_settings(self, conversation: Conversation) -> None:
        """Save the model choice, the overrides and the preset of a conversation, if it exists."""
        row = settings_to_row(conversation)
        await self._database_of(conversation.id).write(
            lambda c: update_row(c, "conversations", {"id": conversation.id, **row}, "id")
        )

    async def show_version(self, conversation_id: str, message_id: str) -> None:
        """Show the path to the newest leaf below a message, or to the message if it is a leaf."""

        def action(connection: sqlite3.Connection) -> None:
            leaf = connection.execute(NEWEST_LEAF, (message_id, conversation_id)).fetchone()
            if leaf is not None:
                row = {"id": conversation_id, "leaf_id": leaf["id"]}
                update_row(connection, "conversations", row, "id")

        await self._database_of(conversation_id).write(action)

    async def create(self, conversation: Conversation) -> None:
        await self._database_of(conversation.id).write(
            lambda c: insert_conversation(c, conversation)
        )

    async def add_with_messages(
        self,
        conversation: Conversation,
        messages: Sequence[Message],
        compactions: Sequence[Compaction],
    ) -> None:
        """Add a conversation with its compactions and messages, parents before their children."""

        def action(connection: sqlite3.Connection) -> None:
            insert_conversation(connection, conversation)
            for message in messages:
                insert_message(connection, message)
            for compaction in compactions:
                insert_compaction(connection, compaction)

        await self._disk.write(action)

    async def rename(self, conversation_id: str, title: str) -> None:
        """Rename a conversation. Do nothing if it no longer exists."""

        def action(connection: sqlite3.Connection) -> None:
            conversation = read_conversation(connection, conversation_id)
            if conversation is not None:
                put_conversation(
                    connection, replace(conversation, title=title, title_is_automatic=False)
                )

        await self._database_of(conversation_id).write(action)

    async def save_draft(self, conversation_id: str, draft: Draft) -> None:
        await self._database_of(conversation_id).write(
            lambda c: _put_draft(c, conversation_id, draft)
        )

    async def erase(self, conversation_ids: Sequence[str]) -> None:
        """Delete conversations with their messages: afterwards their text is nowhere on disk.

        Their costs stay in the ledger.
        """
        for conversation_id in conversation_ids:
            await self._disk.write(partial(erase_conversation, conversation_id))
        await wipe_deleted(self._disk)

    async def messages(self, conversation_id: str) -> list[Message]:
        """Return every message of the tree, parents before their children."""
        return await self._database_of(conversation_id).read(
            lambda c: _read_messages(c, _SELECT_TREE, conversation_id)
        )

    async def path(self, conversation_id: str) -> list[Message]:
        """Return the messages of the path, from the first to the conversation's leaf."""
        return await self._database_of(conversation_id).read(
            lambda c: _without_circle(_read_messages(c, PATH, conversation_id))
        )

    async def tail(self, conversation_id: str, count: int) -> list[Message]:
        """Return the last `count` messages of the path, or all if there are fewer.

        The time does not depend on the length of the conversation.
        """
        database = self._database_of(conversation_id)
        return await database.read(
            lambda c: _without_circle(_read_messages(c, TAIL, conversation_id, count))
        )

    async def message(self, message_id: str) -> Message | None:
        return await read_first(self._databases, lambda c: _read_message(c, message_id))

    async def recent_questions(self, limit: int) -> list[str]:
        """Return the texts of the newest questions outside the trash, newest first."""
        questions = await self._disk.read(lambda c: _read_messages(c, _SELECT_QUESTIONS, limit))
        return [text_of(question.parts) for question in questions]

    async def versions_on_path(self, conversation_id: str) -> dict[str, tuple[str, ...]]:
        """Return the versions of each message of the path that has several.

        Versions are messages with the same parent. The keys and values are ids; a message is one of
        its own versions, and the oldest version comes first.
        """
        versions_of: dict[str, list[str]] = {}
        database = self._database_of(conversation_id)
        for row in await database.rows(VERSIONS_ON_PATH, conversation_id):
            versions_of.setdefault(row["id"], []).append(row["version"])
        return {key: tuple(versions) for key, versions in versions_of.items() if len(versions) > 1}

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        """Save a turn before it is sent: a question, and STREAMING answers that this process owns.

        The first of `answers` becomes the leaf of the conversation. If there is a question, the
        draft becomes `Draft.after_sending`. The stored folder and flags are kept, and so is
        the title, unless it is empty. The conversation's STREAMING answers of dead processes become
        INTERRUPTED, except background runs.

        Args:
            question: None if an answer is retried.

        Raises:
            StorageError: another live process is writing an answer in this conversation, or the
                conversation was temporary and has been closed.
        """
        database = self._database_of(conversation.id)

        def action(connection: sqlite3.Connection) -> None:
            is_temporary = database is self._databases.memory
            if is_temporary and _title_of(connection, conversation.id) is None:
                raise StorageError(
                    N_(
                        "The temporary conversation was closed, but your message is "
                        "still in the prompt."
                    ),
                    hint=N_("Send it in another conversation."),
                )
            _require_no_other_writer(connection, conversation.id)
            _interrupt(connection, conversation.id)
            merged = _with_stored_fields(connection, conversation)
            put_conversation(connection, merged, leaf_id=answers[0].id)
            if question is not None:
                insert_message(connection, question)
                _put_draft(connection, conversation.id, conversation.draft.after_sending)
            for answer in answers:
                insert_message(connection, answer)

        await database.write(action)

    async def save_answer(self, answer: Message) -> None:
        """Save an answer: as a checkpoint while it is STREAMING, otherwise as ended.

        Do nothing if its conversation has been deleted meanwhile.
        """
        await self._database_of(answer.conversation_id).write(lambda c: update_answer(c, answer))

    async def release_answers(self) -> None:
        """Give up the STREAMING answers of this process, before it begins any.

        They are from before `restart_program`, after which the process is still the same.
        """
        owner = this_process()
        if await self._disk.row(_SELECT_OWNED, *owner) is not None:
            await self._disk.execute(_DISOWN, *owner)

    async def interrupt_orphans(self) -> list[str]:
        """Mark STREAMING answers of dead processes as INTERRUPTED, keeping their text.

        Background runs are not marked, because they continue at their provider.

        Returns:
            The ids of the affected conversations.
        """
        if not await self._disk.read(_orphan_ids):
            return []
        return await self._disk.write(_interrupt)

    async def claim_runs(self) -> list[Message]:
        """Make this process the owner of background runs of dead processes.

        Returns:
            The answers of these runs, oldest first.
        """
        if not await self._disk.read(_abandoned_ids):
            return []

        def take_over(connection: sqlite3.Connection) -> list[Message]:
            owner = this_process()
            runs = []
            for message_id in _abandoned_ids(connection):
                row = connection.execute(TAKE_OVER, (*owner, message_id)).fetchone()
                with suppress(StoreDamagedError):  # reading its conversation says so
                    runs.append(read_row(message_from_row, row))
            return runs

        return await self._disk.write(take_over)


# Rows are converted on the reader's thread: those of a long conversation take longer than a frame.


def read_conversation(connection: sqlite3.Connection, conversation_id: str) -> Conversation | None:
    row = connection.execute(ONE_CONVERSATION, (conversation_id,)).fetchone()
    return None if row is None else read_row(conversation_from_row, row)


def _read_listed(
    connection: sqlite3.Connection, sql: str, values: Mapping[str, object]
) -> list[Conversation]:
    """Return conversations for a list, in which a damaged row costs itself only."""
    with any_text(connection):
        return [_listed_from_row(row) for row in connection.execute(sql, values)]


def _listed_from_row(row: sqlite3.Row) -> Conversation:
    """Return a conversation, or for a damaged row one that can be seen and trashed."""
    try:
        return conversation_from_row(row)
    except BAD_VALUE:
        at = _possible_time(row["updated_at"])
        return Conversation(
            row["id"],
            tr("Damaged: {title}", title=row["title"]),
            at,
            at,
            ModelChoice(row["provider_id"], row["model"]),
            pinned=bool(row["pinned"]),
            archived=bool(row["archived"]),
            trashed_at=None if row["trashed_at"] is None else _possible_time(row["trashed_at"]),
        )


def _possible_time(micros: int) -> datetime:
    """Return the nearest possible time. The next page of a list begins after it."""
    return from_micros(min(max(micros, _EARLIEST_MICROS), to_micros(LATEST_TIME)))


def _read_messages(connection: sqlite3.Connection, sql: str, *values: str | int) -> list[Message]:
    return [read_row(message_from_row, row) for row in connection.execute(sql, values)]


def _without_circle(path: list[Message]) -> list[Message]:
    """Return a path to its leaf in which no message is repeated."""
    by_id = {message.id: message for message in reversed(path)}
    return path if len(by_id) == len(path) else list(by_id.values())[::-1]


def _read_message(connection: sqlite3.Connection, message_id: str) -> Message | None:
    return next(iter(_read_messages(connection, _SELECT_MESSAGE, message_id)), None)


def insert_conversation(
    connection: sqlite3.Connection, conversation: Conversation, entries: list[Entry] | None = None
) -> None:
    """Add a conversation with its draft.

    Args:
        entries: gets what has to be indexed, which the caller does at the end of the transaction.
    """
    put_conversation(connection, conversation, entries=entries)
    _put_draft(connection, conversation.id, conversation.draft)


def put_conversation(
    connection: sqlite3.Connection,
    conversation: Conversation,
    leaf_id: str | None = None,
    entries: list[Entry] | None = None,
) -> None:
    """Insert or update a conversation, and index its title with its new time.

    Args:
        leaf_id: the new end of the shown path; None for the end in `conversation`.
        entries: as in `insert_conversation`.
    """
    row = conversation_to_row(conversation)
    if leaf_id is not None:
        row["leaf_id"] = leaf_id
    old_title = _title_of(connection, conversation.id)
    if old_title is not None:
        remove_entry(connection, EntryKind.TITLE, conversation.id, old_title)
    # The draft is saved separately; a new conversation has none.
    upsert_row(connection, "conversations", {**row, "draft": ""}, unchanged=("draft",))
    updated_micros = to_micros(conversation.updated_at)
    entry = Entry(EntryKind.TITLE, conversation.id, str(row["title"]), updated_micros)
    _index(connection, entry, entries)


def _index(connection: sqlite3.Connection, entry: Entry, entries: list[Entry] | None) -> None:
    if entries is None:
        add_entry(connection, *entry)
    else:
        entries.append(entry)


def _with_stored_fields(connection: sqlite3.Connection, conversation: Conversation) -> Conversation:
    """Return a conversation with its stored title (unless that is empty), folder and flags."""
    stored_conversation = read_conversation(connection, conversation.id)
    if stored_conversation is None:
        return conversation
    title_source = stored_conversation if stored_conversation.title else conversation
    return replace(
        conversation,
        title=title_source.title,
        title_is_automatic=title_source.title_is_automatic,
        pinned=stored_conversation.pinned,
        folder_id=stored_conversation.folder_id,
        archived=stored_conversation.archived,
        trashed_at=stored_conversation.trashed_at,
    )


def _require_no_other_writer(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Raise StorageError if another live process writes an answer in this conversation."""
    sql = """SELECT owner_pid AS pid, owner_started AS started FROM messages
        WHERE conversation_id = ? AND status = 'streaming'"""
    for row in connection.execute(sql, (conversation_id,)):
        owner = (row["pid"], row["started"])
        if owner != this_process() and is_alive(*owner):
            raise StorageError(
                N_("Another program is writing a response in this conversation."),
                hint=N_("Wait for it, or use a new conversation."),
                details=f"process {row['pid']}",
            )


def _title_of(connection: sqlite3.Connection, conversation_id: str) -> str | None:
    sql = "SELECT title FROM conversations WHERE id = ?"
    row = connection.execute(sql, (conversation_id,)).fetchone()
    return None if row is None else str(row["title"])


def _put_draft(connection: sqlite3.Connection, conversation_id: str, draft: Draft) -> None:
    sql = "UPDATE conversations SET draft = ? WHERE id = ?"
    connection.execute(sql, (draft_to_text(draft), conversation_id))


def insert_message(
    connection: sqlite3.Connection, message: Message, entries: list[Entry] | None = None
) -> None:
    """Add a message, and index it for the search unless it is still streaming.

    Args:
        entries: as in `insert_conversation`.
    """
    insert_rows(connection, "messages", [{**to_row(message), **_owner_columns(message)}])
    record_attachments(connection, message)
    if message.status is not MessageStatus.STREAMING:
        _add_message_entry(connection, message, entries)


def record_attachments(connection: sqlite3.Connection, message: Message) -> None:
    """Record the files of a stored message, and index the attachments among them."""
    connection.executemany(
        "INSERT OR IGNORE INTO message_attachments VALUES (?, ?)",
        [(sha256, message.id) for sha256 in message.file_hashes],
    )
    if hashes := [part.sha256 for part in message.attachments]:
        index_documents(connection, hashes)


def _add_message_entry(
    connection: sqlite3.Connection, message: Message, entries: list[Entry] | None = None
) -> None:
    text = searchable_text(message.parts)
    at_micros = to_micros(message.created_at)
    _index(connection, Entry(EntryKind.MESSAGE, message.id, text, at_micros), entries)


def update_answer(connection: sqlite3.Connection, answer: Message) -> bool:
    """Update an answer with its files and its index entry. Return False if it is not stored."""
    # A resumed answer was indexed when it first ended.
    _remove_message_entry(connection, answer.id)
    row = {**answer_to_row(answer), **_owner_columns(answer), "id": answer.id}
    is_stored = update_row(connection, "messages", row, "id") > 0
    del row  # frees the JSON of a long answer before the index entry, which takes as much memory
    if is_stored:
        # Recorded at checkpoints, too: an answer that is interrupted needs its files.
        record_attachments(connection, answer)
        if answer.status is not MessageStatus.STREAMING:
            _add_message_entry(connection, answer)
    return is_stored


def _owner_columns(message: Message) -> Row:
    """Return the process that writes a streaming answer; an ended message has no owner."""
    if message.status is not MessageStatus.STREAMING:
        return {"owner_pid": None, "owner_started": None}
    pid, started = this_process()
    return {"owner_pid": pid, "owner_started": started}


def _remove_message_entry(connection: sqlite3.Connection, message_id: str) -> None:
    if has_entry(connection, EntryKind.MESSAGE, message_id):
        message = _read_message(connection, message_id)
        if message is not None:
            remove_entry(connection, EntryKind.MESSAGE, message_id, searchable_text(message.parts))


def erase_conversation(conversation_id: str, connection: sqlite3.Connection) -> None:
    """Delete a conversation, and the notes on its documents."""
    remove_notes(connection, conversation_id)
    title = _title_of(connection, conversation_id)
    mark_for_wipe(connection, is_indexed=title is not None)
    if title is None:
        return
    skip_grace_period(connection, conversation_id)
    remove_entry(connection, EntryKind.TITLE, conversation_id, title)
    sql = "SELECT id FROM messages WHERE conversation_id = ?"
    for row in connection.execute(sql, (conversation_id,)).fetchall():
        _remove_message_entry(connection, row["id"])
    # One statement for all messages, because SQLite checks references at a statement's end.
    connection.execute("DELETE FROM messages WHERE conversation_id = ?", (conversation_id,))
    connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))


def _orphan_ids(connection: sqlite3.Connection, conversation_id: str | None = None) -> list[str]:
    """Return the ids of STREAMING answers of dead processes, except background runs."""
    condition = "remote_run IS NULL AND (? IS NULL OR conversation_id = ?)"
    return _abandoned_ids(connection, condition, conversation_id, conversation_id)


def _abandoned_ids(
    connection: sqlite3.Connection, condition: str = _IS_RUN, *values: str | None
) -> list[str]:
    """Return the ids of STREAMING answers of dead processes, by default background runs."""
    sql = f"""SELECT id, owner_pid, owner_started FROM messages
        WHERE status = 'streaming' AND {condition} ORDER BY created_at, rowid"""  # noqa: S608
    rows = connection.execute(sql, values)
    return [row["id"] for row in rows if not is_alive(row["owner_pid"], row["owner_started"])]


def _interrupt(connection: sqlite3.Connection, conversation_id: str | None = None) -> list[str]:
    """Interrupt STREAMING answers of dead processes, except background runs.

    Return the ids of their conversations.

    Args:
        conversation_id: interrupt only answers of this conversation; None for all conversations.
    """
    conversation_ids: dict[str, None] = {}
    for message_id in _orphan_ids(connection, conversation_id):
        row = connection.execute(INTERRUPT, (message_id,)).fetchone()
        with suppress(StoreDamagedError):  # reading its conversation says so
            _remove_message_entry(connection, message_id)  # a restored answer may have one
            _add_message_entry(connection, read_row(message_from_row, row))
        conversation_ids[row["conversation_id"]] = None
    return list(conversation_ids)


# Inserts nothing if the message has been deleted meanwhile, or if the compaction was imported
# before.
_INSERT_COMPACTION: Final = """
    INSERT OR IGNORE INTO compactions
    SELECT :id, :conversation_id, :message_id, :kind, :provider_id, :model, :body, :created_at,
        :tokens_before, :tokens_after, :undone_at
    WHERE EXISTS (SELECT 1 FROM messages WHERE id = :message_id)
"""
_SELECT_OF_CONVERSATION: Final = """
    SELECT * FROM compactions WHERE conversation_id = ? ORDER BY created_at, rowid
"""


class CompactionStore:
    """All compactions of the store. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def load(self, conversation_id: str) -> tuple[Compaction, ...]:
        """Return all compactions of a conversation, including undone ones, oldest first."""
        database = self._databases.for_conversation(conversation_id)
        return tuple(
            await read_rows(
                database, partial(from_row, Compaction), _SELECT_OF_CONVERSATION, conversation_id
            )
        )

    async def add(self, compaction: Compaction) -> bool:
        """Save a compaction. Return False if it exists already, or its message was deleted."""
        database = self._databases.for_conversation(compaction.conversation_id)
        return await database.write(lambda c: insert_compaction(c, compaction))

    async def undo(self, compaction_id: str, at: datetime) -> None:
        """Record that a compaction was undone: the messages that it replaced are sent again."""
        sql = "UPDATE compactions SET undone_at = ? WHERE id = ? AND undone_at IS NULL"
        for database in filter(None, (self._databases.memory, self._databases.disk)):
            await database.execute(sql, to_micros(at), compaction_id)


def insert_compaction(connection: sqlite3.Connection, compaction: Compaction) -> bool:
    """Insert a compaction. Return False if it exists already, or its message does not."""
    return connection.execute(_INSERT_COMPACTION, to_row(compaction)).rowcount == 1
