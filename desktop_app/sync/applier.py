"""The application of entries that other computers have made: see `entries` for their form."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from desktop_app import __version__
from desktop_app.chat.conversation_store import erase_conversation
from desktop_app.domain.bounds import BAD_VALUE, is_hash
from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.row_conversion import message_from_row, searchable_text, to_micros
from desktop_app.storage.row_writing import insert_rows, update_row
from desktop_app.storage.search_index import (
    Entry,
    EntryKind,
    add_entries,
    has_entry,
    index_documents,
    remove_entry,
)
from desktop_app.storage.stored_tables import read_stored, synced_tables, traveling_columns
from desktop_app.sync.entries import (
    ADDED_AGAIN,
    CHANGE_KEY,
    GONE,
    STREAMING,
    adapted,
    clocks,
    mark_messages,
    renamed,
    stays,
)

_MAX_TIME: Final = 1 << 62
_FIRST_CLOCK: Final = 10**12
"""The numbers of changes that a trigger noted are times; those of a first push are smaller."""
_SELECT_AGAIN: Final = f"""SELECT id FROM sync_changes
    WHERE kind = 'conversations' AND field = 'created_at' AND note = '{ADDED_AGAIN}'"""  # noqa: S608
_WORDS: Final = {
    "conversations": (),  # its messages, draft and texts
    "folders": ("name", "overrides"),  # and its notes
    "memory": ("text",),
    "prompts": ("title", "text", "overrides"),
    "texts": ("",),
}
"""The fields whose words outlive a deletion by a computer that had not seen them."""


def _received(kind: str, fields: Mapping[str, Any], row: sqlite3.Row | None) -> dict[str, Any]:
    columns = traveling_columns(kind)
    values = {name: value for name, (_, value) in fields.items() if name in columns}
    if kind == "profiles" and "body" in values:
        values["body"] = adapted(values["body"], row and row["body"])
    return values


_PARENTS: Final = {"messages": "parent_id", "compactions": "message_id"}
"""The column of the message that has to be there before."""
_LOCAL: Final[Mapping[str, Mapping[str, Any]]] = {
    "messages": {"computer": ""},  # an older version does not send it
    "texts": {"file": "", "file_hash": "", "is_shown": 0},
}
"""The columns of a new row that did not travel."""


@cache
def _insertion(kind: str, names: tuple[str, ...]) -> str:
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT OR IGNORE INTO {kind} ({', '.join(names)}) VALUES ({values})"  # noqa: S608


class Applier:
    """Applies entries of one device in a transaction of the caller's.

    Attributes:
        again: the tables and ids of what to send again, and whether as later additions: what
            others deleted without having seen all of it, and may have left out some of.
    """

    def __init__(self, connection: sqlite3.Connection, device: str) -> None:
        self._connection = connection
        self._device = device
        self._entries: list[Entry] = []
        self.again: dict[tuple[str, str], bool] = {}
        self._clock = 0
        self._known: set[tuple[str, str]] = set()  # rows that exist
        self._readded = {row["id"] for row in connection.execute(_SELECT_AGAIN)}

    def apply(self, entries: Iterable[Any]) -> None:
        """Apply entries.

        Those that refer to something that is missing wait in the store, and those that this
        version cannot read, for the next one.
        """
        connection = self._connection
        connection.execute("UPDATE sync_device SET is_applying = 1")
        for entry in entries:
            if not self._apply(entry):
                self._wait(entry)
        add_entries(connection, self._entries)
        sql = "UPDATE sync_device SET is_applying = 0, clock = max(clock, ?)"
        connection.execute(sql, (self._clock,))
        for (kind, id_), is_later in sorted(self.again.items()):  # folders before their notes
            self._send_again(kind, id_, is_later=is_later)

    def _moved(self, entry: Any) -> Any:
        """Return an entry of a table of today for one of an earlier version's."""
        entry, former = renamed(entry), entry
        if entry is not former and self._exists(entry[1], f"{entry[2]}-{former[1]}"):
            entry[2] = f"{entry[2]}-{former[1]}"  # its id was taken when the tables became one
        return entry

    def _apply(self, entry: Any) -> bool:
        """Apply an entry. Return False if it refers to something that is missing."""
        try:
            entry = self._moved(entry)
            form, kind, id_ = entry[:3]
            if kind not in synced_tables() or type(id_) is not str:
                raise ValueError(kind)
            if form == "row" and kind == "messages":  # it is checked before its one statement
                return self._apply_row(kind, id_, *entry[3:7])
            self._connection.execute("SAVEPOINT entry")
            try:
                if form == "row":
                    return self._apply_row(kind, id_, *entry[3:7])
                if form == "fields":
                    return self._apply_fields(kind, id_, entry[3])
                if form != GONE:
                    raise ValueError(form)
                return self._apply_deletion(kind, id_, *entry[3:5])
            except BaseException:
                self._connection.execute("ROLLBACK TO entry")
                raise
            finally:
                self._connection.execute("RELEASE entry")
        except (
            *BAD_VALUE,
            *(sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError),
            sqlite3.ProgrammingError,
        ):
            self._wait(entry, __version__)
            return True

    def _apply_fields(self, kind: str, id_: str, fields: Mapping[str, Any]) -> bool:
        table = synced_tables()[kind]
        if not table.birth:
            return True
        connection = self._connection
        times = {name: self._checked(at) for name, (at, _) in fields.items()}
        row = self._row(kind, id_)
        values = _received(kind, fields, row)
        known = clocks(self._connection, kind, id_)
        gone = known.pop(GONE, None)
        if gone is not None and (times.get(table.birth, -1), self._device) <= gone:
            return True
        if row is None and table.birth not in values:
            return False
        if stays(kind, id_, row or values):
            return True
        folder, lost_folder = values.get("folder_id"), None
        if folder is not None and not self._exists("folders", folder):
            is_gone = self._is_gone("folders", folder)
            if kind == "memory":  # without its folder, it would be sent in all conversations
                return is_gone
            if is_gone:
                values["folder_id"], lost_folder = None, folder
            else:  # the rest is applied now
                del values["folder_id"]
                self._wait(["fields", kind, id_, {"folder_id": [times["folder_id"], folder]}])
        won = {
            name: value
            for name, value in values.items()
            if row is None
            or (
                (times[name], self._device) > known.get(name, (-1, ""))
                # What another computer passes on stays with its writer, who defends it.
                and (times[name], value) != (known.get(name, (-1, ""))[0], row[name])
            )
        }
        if row is None:
            insert_rows(connection, kind, [{**table.base, **won, table.key: id_}])
        elif won:
            update_row(connection, kind, {**won, table.key: id_}, table.key)
        stored = self._row(kind, id_) if won else row
        assert stored is not None
        read_stored(kind, stored)
        if kind == "conversations" and (row is None or "title" in won or "updated_at" in won):
            self._index_title(row, stored)
        if gone is not None:
            self._forget(kind, id_, GONE)
        self._note(kind, id_, {name: times[name] for name in won})
        was_added = known.get(table.birth, (times.get(table.birth, 0), ""))[0]
        if gone is not None or times.get(table.birth, 0) > was_added:
            self._note_later_addition(kind, id_, table.birth, is_known=row is not None)
        if lost_folder is not None and "folder_id" in won:
            self._remark(kind, id_, "folder_id", lost_folder)
        return True

    def _note_later_addition(self, kind: str, id_: str, birth: str, *, is_known: bool) -> None:
        if is_known and kind in _WORDS:
            self.again.setdefault((kind, id_), False)
            for note in self._notes_of(kind, id_):
                self.again.setdefault(("memory", note), False)
        if kind == "conversations":
            self._readded.add(id_)
            self._remark(kind, id_, birth, ADDED_AGAIN)

    def _index_title(self, old: sqlite3.Row | None, row: sqlite3.Row) -> None:
        if old is not None:
            self._index_now()
            remove_entry(self._connection, EntryKind.TITLE, old["id"], old["title"])
        self._entries.append(Entry(EntryKind.TITLE, row["id"], row["title"], row["updated_at"]))

    def _apply_row(
        self,
        kind: str,
        id_: str,
        at: int,
        values: dict[str, Any],
        files: Sequence[str],
        seen: Mapping[str, int] | None = None,
    ) -> bool:
        at = self._checked(at)
        table, local = synced_tables()[kind], _LOCAL.get(kind, {})
        if table.birth:
            return True
        values = {name: values[name] for name in traveling_columns(kind) if name in values}
        conversation = values.get("conversation_id") if kind != "ledger" else None
        if conversation is not None and not self._exists("conversations", conversation):
            return self._is_gone("conversations", conversation)
        parent = values[_PARENTS[kind]] if kind in _PARENTS else None
        if parent is not None and not self._exists("messages", parent):
            return False
        row = {**local, **values, table.key: id_}
        entry = self._check(kind, row)
        connection = self._connection
        if kind == "texts":
            gone = clocks(connection, kind, id_).get(GONE)
            if gone is not None and (at, self._device) <= gone:
                return True
            self._forget(kind, id_, GONE)
        if connection.execute(_insertion(kind, tuple(row)), row).rowcount:
            self._known.add((kind, id_))
            if conversation in self._readded:
                self._pass_on(kind, id_, at)
        else:
            old = self._row(kind, id_)
            if old is None:
                raise ValueError(id_)  # a value was missing
            if not self._replaces(kind, old, row, at, seen or {}):
                return True
            self._index_now()
            if kind == "messages" and has_entry(connection, EntryKind.MESSAGE, id_):
                text = searchable_text(message_from_row(old).parts)
                remove_entry(connection, EntryKind.MESSAGE, id_, text)
            kept = {"created_at"} if kind == "attachments" else local
            changed = {name: value for name, value in row.items() if name not in kept}
            update_row(connection, kind, changed, table.key)
        if kind == "messages":
            links = [(sha256, id_) for sha256 in files if is_hash(sha256)]
            sql = "INSERT OR IGNORE INTO message_attachments VALUES (?, ?)"
            connection.executemany(sql, links)
            index_documents(connection, [sha256 for sha256, _ in links])
        elif kind == "attachments":
            sql = "INSERT OR IGNORE INTO sync_files (sha256) VALUES (?)"
            connection.execute(sql, (id_,))
            index_documents(connection, [id_])
        if entry is not None:
            self._entries.append(entry)
        if at and kind not in ("attachments", "ledger") and conversation not in self._readded:
            self._note(kind, id_, {"": at})
        return True

    def _pass_on(self, kind: str, id_: str, at: int) -> None:
        """Send a row, too: others left it out if it came while its conversation was deleted."""
        sql = """INSERT OR REPLACE INTO sync_changes
            SELECT ?, ?, '', ?, ?, max(clock, ?), NULL FROM sync_device"""
        self._connection.execute(sql, (kind, id_, at, self._device, self._clock))

    def _check(self, kind: str, row: dict[str, Any]) -> Entry | None:
        """Raise an error of BAD_VALUE for a row that cannot be read; return its index entry."""
        if kind == "messages":
            if row["status"] == STREAMING:
                raise ValueError(row["status"])
            message = message_from_row({"owner_pid": None, "remote_run": None, **row})
            text = searchable_text(message.parts)
            return Entry(EntryKind.MESSAGE, row["id"], text, row["created_at"])
        if kind == "attachments":
            if not is_hash(row["sha256"]):
                raise ValueError(row["sha256"])
            row["created_at"] = to_micros(now())  # a cleanup leaves it until its message has come
            return None
        read_stored(kind, row)
        return None

    def _replaces(
        self, kind: str, old: sqlite3.Row, row: dict[str, Any], at: int, seen: Mapping[str, int]
    ) -> bool:
        """Return True if a row replaces the one that is here."""
        if kind == "ledger":
            return False
        if kind == "attachments":
            return bool(at and row.get("full_text")) and old["full_text"] is None
        connection, id_ = self._connection, row["id"]
        is_newer = at > 0 and (at, self._device) > clocks(self._connection, kind, id_).get(
            "", (0, "")
        )
        if kind == "messages":
            is_completed = old["status"] == "interrupted" and row["status"] == "complete"
            return old["status"] != STREAMING and (is_newer or is_completed)
        if kind == "texts" and old["body"] != row["body"]:
            from desktop_app.chat.text_store import keep_version, text_from_row

            lost = old if is_newer else row
            is_due = not (is_newer and self._has_seen(kind, id_, seen))
            keep_version(connection, text_from_row(lost), lost["updated_at"], is_due=is_due)
        return is_newer

    def _has_seen(self, kind: str, id_: str, seen: Mapping[str, int]) -> bool:
        """Return True if nothing of a row was written here that another computer had not seen."""
        sql = """SELECT d.id, s.number, (SELECT max(number) FROM sync_held
                WHERE kind = s.kind AND id = s.id) AS held
            FROM sync_device AS d JOIN sync_changes AS s ON s.device = d.id
            WHERE s.kind = ? AND s.id = ? AND s.field = ''"""
        row = self._connection.execute(sql, (kind, id_)).fetchone()
        if row is None:  # another computer wrote it last
            return True
        return row["number"] is None and seen.get(row["id"], 0) >= (row["held"] or 0)

    def _apply_deletion(
        self, kind: str, id_: str, at: int, seen: Mapping[str, int] | None = None
    ) -> bool:
        at = self._checked(at)
        connection = self._connection
        known = clocks(self._connection, kind, id_)
        if stays(kind, id_, self._row(kind, id_)):
            return True
        is_added_later = known.get(synced_tables()[kind].birth, (-1, ""))[0] > at
        if is_added_later or known.get(GONE, (-1, "")) >= (at, self._device):
            return True
        if kind == "texts" and not self._has_seen(kind, id_, seen or {}):
            self._clock += 1  # what was written here comes back as a later change
            sql = """UPDATE sync_changes SET at = ?1,
                number = (SELECT max(clock, ?1) FROM sync_device)
                WHERE kind = 'texts' AND id = ?2 AND field = ''"""
            connection.execute(sql, (self._clock, id_))
            return True
        if kind in _WORDS and self._is_unseen(kind, id_, at, seen):
            self.again[kind, id_] = True
            for note in self._notes_of(kind, id_):  # others left them out with the project
                self.again["memory", note] = True
            return True
        self._index_now()
        self._known.clear()
        if kind == "folders":
            sql = """UPDATE sync_changes SET note = ?1 WHERE kind = 'conversations'
                AND field = 'folder_id'
                AND id IN (SELECT id FROM conversations WHERE folder_id = ?1)"""
            connection.execute(sql, (id_,))
            # Its notes go with it, also those that only this computer knows to be in it.
            for note in self._notes_of(kind, id_):
                self._forget_row("memory", note, at, at, None if seen is None else json.dumps(seen))
        if kind == "conversations":
            erase_conversation(id_, connection)
        elif kind != "messages":
            key = synced_tables()[kind].key
            connection.execute(f"DELETE FROM {kind} WHERE {key} = ?", (id_,))  # noqa: S608
        self._forget_row(kind, id_, at, None, None if seen is None else json.dumps(seen))
        return True

    def _forget_row(
        self, kind: str, id_: str, at: int, number: int | None, seen: str | None = None
    ) -> None:
        connection = self._connection
        connection.execute("DELETE FROM sync_changes WHERE kind = ? AND id = ?", (kind, id_))
        sql = "INSERT INTO sync_changes VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.execute(sql, (kind, id_, GONE, at, self._device, number, seen))

    def _notes_of(self, kind: str, id_: str) -> list[str]:
        if kind != "folders":
            return []
        sql = "SELECT id FROM memory WHERE folder_id = ?"
        return [row["id"] for row in self._connection.execute(sql, (id_,))]

    def _is_unseen(self, kind: str, id_: str, at: int, seen: Mapping[str, int] | None) -> bool:
        """Return True for what has a draft, or words that the deleting computer lacked."""
        row = self._row(kind, id_)
        if row is None:
            return False
        if kind == "conversations" and row["draft"]:
            return True
        if seen is None:  # an earlier version deleted it
            return False
        sql = "SELECT id FROM texts WHERE conversation_id = ?"
        within = [
            (kind, id_),
            *(("memory", note) for note in self._notes_of(kind, id_)),
            *(("texts", text["id"]) for text in self._connection.execute(sql, (id_,))),
        ]
        if any(self._has_unseen_words(*each, at, seen) for each in within):
            return True
        sql = """SELECT 1 FROM messages AS m, sync_device AS d WHERE m.conversation_id = ?
            AND NOT EXISTS (SELECT 1 FROM sync_changes WHERE kind = 'messages' AND id = m.id
                AND field = '' AND at > 0)
            AND (m.status = 'streaming'
                OR EXISTS (SELECT 1 FROM sync_changes WHERE kind = 'messages' AND id = m.id
                    AND field = '' AND number > ?)
                OR (SELECT min(number) FROM sync_held WHERE kind = 'messages' AND id = m.id)
                    > max(coalesce(json_extract(?, '$."' || d.id || '"'), 0),
                        coalesce(json_extract(d.state, '$.settled'), 0)))
            LIMIT 1"""
        values = (id_, _FIRST_CLOCK, json.dumps(seen))
        return self._connection.execute(sql, values).fetchone() is not None

    def _has_unseen_words(self, kind: str, id_: str, at: int, seen: Mapping[str, int]) -> bool:
        """Return True if somebody wrote words here that the deleting computer had not seen."""
        sql = """SELECT 1 FROM sync_device AS d JOIN sync_changes AS s ON s.device = d.id
            WHERE s.kind = ?1 AND s.id = ?2 AND s.field IN (SELECT value FROM json_each(?3))
            AND (s.at > ?4 OR s.number > ?5
                OR (SELECT max(number) FROM sync_held WHERE kind = ?1 AND id = ?2)
                    > max(coalesce(json_extract(?6, '$."' || d.id || '"'), 0),
                        coalesce(json_extract(d.state, '$.settled'), 0)))
            LIMIT 1"""
        values = (kind, id_, json.dumps(_WORDS[kind]), at, _FIRST_CLOCK, json.dumps(seen))
        return self._connection.execute(sql, values).fetchone() is not None

    def _send_again(self, kind: str, id_: str, *, is_later: bool) -> None:
        """Send a row again, to computers that may have deleted it, a conversation with messages."""
        connection = self._connection
        connection.execute("UPDATE sync_device SET clock = clock + 1")
        own, clock = connection.execute("SELECT id, clock FROM sync_device").fetchone()
        birth, is_conversation = synced_tables()[kind].birth, kind == "conversations"
        connection.executemany(
            """INSERT INTO sync_changes VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?6)
            ON CONFLICT DO UPDATE SET number = excluded.number,
            at = iif(?7, excluded.at, at), device = iif(?7, excluded.device, device),
            note = coalesce(excluded.note, note)""",
            [
                (
                    *(kind, id_, name, clock, own),
                    ADDED_AGAIN if is_conversation and name == birth else None,
                    is_later and (is_conversation or name == birth),
                )
                for name in traveling_columns(kind)
            ],
        )
        if not is_conversation:
            return
        connection.execute(
            """INSERT INTO sync_changes SELECT DISTINCT 'attachments', a.sha256, '', 0, ?, ?, NULL
            FROM messages AS m JOIN message_attachments AS l ON l.message_id = m.id
            JOIN attachments AS a USING (sha256) WHERE m.conversation_id = ?
            ON CONFLICT DO UPDATE SET number = coalesce(number, excluded.number)""",
            (own, clock, id_),
        )
        mark_messages(connection, [id_], clock)

    # ---------------------------------------------------------- the clocks of what is here

    def _checked(self, at: Any) -> int:
        if type(at) is not int or not 0 <= at < _MAX_TIME:
            raise ValueError(at)
        self._clock = max(self._clock, at)
        return at

    def _note(self, kind: str, id_: str, times: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO sync_changes VALUES (?, ?, ?, ?, ?, NULL, NULL)",
            [(kind, id_, field, at, self._device) for field, at in times.items()],
        )

    def _remark(self, kind: str, id_: str, field: str, note: str) -> None:
        sql = f"UPDATE sync_changes SET note = ? WHERE {CHANGE_KEY}"  # noqa: S608 - our own text
        self._connection.execute(sql, (note, kind, id_, field))

    def _forget(self, kind: str, id_: str, field: str) -> None:
        sql = f"DELETE FROM sync_changes WHERE {CHANGE_KEY}"  # noqa: S608 - our own text
        self._connection.execute(sql, (kind, id_, field))

    def _row(self, kind: str, id_: str) -> sqlite3.Row | None:
        sql = f"SELECT * FROM {kind} WHERE {synced_tables()[kind].key} = ?"  # noqa: S608
        row: sqlite3.Row | None = self._connection.execute(sql, (id_,)).fetchone()
        return row

    def _exists(self, kind: str, id_: str) -> bool:
        if (kind, id_) in self._known:
            return True
        sql = f"SELECT 1 FROM {kind} WHERE id = ?"  # noqa: S608 - a name of a table
        is_there = self._connection.execute(sql, (id_,)).fetchone() is not None
        if is_there:
            self._known.add((kind, id_))
        return is_there

    def _is_gone(self, kind: str, id_: str) -> bool:
        return GONE in clocks(self._connection, kind, id_)

    def _wait(self, entry: Any, refused_by: str | None = None) -> None:
        sql = "INSERT INTO sync_waiting (device, entry, refused_by) VALUES (?, ?, ?)"
        text = msgspec.json.encode(entry).decode()
        self._connection.execute(sql, (self._device, text, refused_by))

    def _index_now(self) -> None:
        """Index what was added before an entry is removed that may be among it."""
        add_entries(self._connection, self._entries)
        self._entries.clear()


_SELECT_WAITING: Final = """SELECT id, device, entry FROM sync_waiting
    WHERE coalesce(refused_by, '') <> ? ORDER BY id"""
_SELECT_FOLDERS: Final = """FROM sync_changes AS m JOIN folders AS f ON f.id = m.note
    WHERE m.kind = 'conversations' AND m.field = 'folder_id' AND m.note IS NOT NULL"""
_CONVERSATION: Final = "json_extract(entry, '$[4].conversation_id')"


def has_waiting(connection: sqlite3.Connection) -> bool:
    """Return True if something waits, or if a deleted folder has come back."""
    sql = f"SELECT 1 {_SELECT_FOLDERS} UNION ALL SELECT 1 FROM sync_waiting"  # noqa: S608
    return connection.execute(sql).fetchone() is not None


def apply_waiting(connection: sqlite3.Connection, *, is_complete: bool) -> None:
    """Apply what waits, as long as some of it can be, and forget what was deleted meanwhile.

    Args:
        is_complete: True if all that the other computers have seen was received. What a message
            waits for was then deleted, and so was the message, if its conversation was added again
            after a deletion; in any other, it is an answer that still runs.
    """
    connection.execute("UPDATE sync_device SET is_applying = 1")
    connection.execute(
        f"""UPDATE conversations SET folder_id = m.note
        FROM (SELECT m.id, m.note {_SELECT_FOLDERS}) AS m
        WHERE conversations.id = m.id AND folder_id IS NULL"""  # noqa: S608 - our own text
    )
    sql = """UPDATE sync_changes SET note = NULL WHERE kind = 'conversations'
        AND field = 'folder_id' AND note IN (SELECT id FROM folders)"""
    connection.execute(sql)
    connection.execute("UPDATE sync_device SET is_applying = 0")
    while rows := connection.execute(_SELECT_WAITING, (__version__,)).fetchall():
        connection.executemany("DELETE FROM sync_waiting WHERE id = ?", [(r["id"],) for r in rows])
        for row in rows:
            Applier(connection, row["device"]).apply([msgspec.json.decode(row["entry"])])
        if len(connection.execute(_SELECT_WAITING, (__version__,)).fetchall()) == len(rows):
            break
    _forget_deleted(connection)
    if is_complete and not refused(connection):
        sql = f"DELETE FROM sync_waiting WHERE {_CONVERSATION} IN ({_SELECT_AGAIN})"  # noqa: S608
        connection.execute(sql)


def _forget_deleted(connection: sqlite3.Connection) -> None:
    """Forget what waits of deleted rows and conversations, also what could not be read."""
    gone = "SELECT id FROM sync_changes WHERE kind = 'conversations' AND field = 'gone'"
    connection.execute(f"DELETE FROM sync_waiting WHERE {_CONVERSATION} IN ({gone})")  # noqa: S608
    for kind, table in synced_tables().items():
        if not table.birth:
            continue
        born_at = f"coalesce(json_extract(entry, '$[3].{table.birth}[0]'), 0)"
        connection.execute(
            f"""DELETE FROM sync_waiting WHERE json_extract(entry, '$[1]') = ?1
            AND json_extract(entry, '$[0]') <> 'gone'
            AND EXISTS (SELECT 1 FROM sync_changes WHERE kind = ?1 AND field = 'gone'
                AND id = json_extract(entry, '$[2]') AND at >= {born_at})""",  # noqa: S608
            (kind,),
        )


def refused(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the tables and ids of entries that were not read."""
    sql = """SELECT json_extract(entry, '$[1]'), json_extract(entry, '$[2]') FROM sync_waiting
        WHERE refused_by IS NOT NULL"""
    return [(str(kind or ""), str(id_ or "")) for kind, id_ in connection.execute(sql)]
