"""Changes of the store as entries of segments, and their application to another store.

An entry is one of these JSON arrays; times (`at`) are those of the hybrid clock:

- ["fields", table, id, {column: [at, value]}]: fields that change one by one; the last wins.
- ["row", table, id, at, {column: value}, [hash, …]]: a row of a set, which hardly ever changes.
  `at` is 0 until it does. The hashes are those of a message's attachments.
- ["gone", table, id, at]: a deletion. It wins over changes, but not over a later addition.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from desktop_app.chat.conversation_store import erase_conversation, read_conversation
from desktop_app.domain.bounds import BAD_VALUE, is_hash
from desktop_app.domain.conversations.conversation import MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import parts_from_json
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS
from desktop_app.settings.setting import Group
from desktop_app.storage.row_conversion import message_from_row, searchable_text, to_micros
from desktop_app.storage.row_writing import insert_rows, update_row
from desktop_app.storage.search.search_index import (
    Entry,
    EntryKind,
    add_entries,
    has_entry,
    remove_entry,
)
from desktop_app.storage.synced_tables import SYNCED_TABLES

BATCH: Final = 2000
"""Changes in one segment at most: it is made in one transaction, of about 60 ms."""
_BATCH_CHARS: Final = 4_000_000
"""More take longer than a frame to decode, during which the window waits: 18 ms for 8 million."""
GONE: Final = "gone"
_KEY: Final = "kind = ? AND id = ? AND field = ?"
_FORGET_SET_ROW: Final = f"DELETE FROM sync_changes WHERE {_KEY} AND at = 0"  # noqa: S608
_MARK_AS_SENT: Final = f"UPDATE sync_changes SET number = NULL WHERE {_KEY}"  # noqa: S608
_MAX_TIME: Final = 1 << 62
_MESSAGE_FIELDS: Final = SYNCED_TABLES["messages"].columns
_ADD_MESSAGE: Final = f"""INSERT OR IGNORE INTO messages (id, {", ".join(_MESSAGE_FIELDS)})
    VALUES (:id, {", ".join(f":{name}" for name in _MESSAGE_FIELDS)})"""  # noqa: S608

_SETTINGS_THAT_STAY: Final = frozenset(
    setting.key
    for setting in SETTINGS
    if setting.group in (Group.LOCAL_MODEL, Group.DESKTOP, Group.BACKUP)
)
_TRAVELING_PREFIXES: Final = ("answer.", "look.", "spending.", "tools.", "library.", KEYS_PREFIX)


def travels(key: str) -> bool:
    """Return True for a setting that is not of this computer only."""
    is_of_machine = key in _SETTINGS_THAT_STAY or key == "library.embeddings"
    return key.startswith(_TRAVELING_PREFIXES) and not is_of_machine


# -------------------------------------------------------------- changes to send


def take_changes(connection: sqlite3.Connection) -> list[Any]:
    """Return the oldest changes, and mark them as sent; the caller commits the segment, too."""
    sql = """SELECT kind, id, field, at FROM sync_changes
        WHERE number IS NOT NULL ORDER BY number LIMIT ?"""
    changes = connection.execute(sql, (BATCH,)).fetchall()
    grouped: dict[tuple[str, str], dict[str, int]] = {}
    for kind, id_, field, at in changes:
        grouped.setdefault((kind, id_), {})[field] = at
    rows = _rows_of(connection, grouped)
    sql = "SELECT max(json_extract(state, '$.name')) FROM sync_device"
    own_name = connection.execute(sql).fetchone()[0]
    entries: list[Any] = []
    sent: list[tuple[str, str, str]] = []
    chars = 0
    for (kind, id_), fields in grouped.items():
        if chars > _BATCH_CHARS:
            break
        sent += [(kind, id_, field) for field in fields]
        if GONE in fields:
            entries.append([GONE, kind, id_, fields[GONE]])
            continue
        row = rows.get((kind, id_))
        if row is None or (kind == "settings" and not travels(id_)):
            continue
        if kind == "messages" and row["status"] == "streaming":
            continue  # it goes on, and is noted again when it ends
        table = SYNCED_TABLES[kind]
        if not table.birth:
            values = {name: row[name] for name in table.columns}
            files: list[str] = []
            if kind == "messages":
                values["computer"] = values["computer"] or own_name
                files = _files_of(connection, id_)
            entries.append(["row", kind, id_, fields[""], values, files])
            chars += len(values.get("parts") or values.get("text") or values.get("body") or "")
        else:
            if table.birth in fields:
                fields = _times_of(connection, kind, id_)
            values = {name: [at, row[name]] for name, at in fields.items() if name != GONE}
            entries.append(["fields", kind, id_, values])
            chars += len(str(row[table.birth]))
    connection.executemany(_FORGET_SET_ROW, sent)
    connection.executemany(_MARK_AS_SENT, sent)
    return entries


def _rows_of(
    connection: sqlite3.Connection, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], sqlite3.Row]:
    by_kind: dict[str, list[str]] = {}
    for kind, id_ in keys:
        by_kind.setdefault(kind, []).append(id_)
    found = {}
    for kind, ids in by_kind.items():
        key = SYNCED_TABLES[kind].key
        sql = f"""SELECT * FROM {kind}
            WHERE {key} IN (SELECT value FROM json_each(?))"""  # noqa: S608 - a name of SYNCED_TABLES
        for row in connection.execute(sql, (json.dumps(ids),)):
            found[kind, row[key]] = row
    return found


def _times_of(connection: sqlite3.Connection, kind: str, id_: str) -> dict[str, int]:
    sql = "SELECT field, at FROM sync_changes WHERE kind = ? AND id = ?"
    return dict(map(tuple, connection.execute(sql, (kind, id_))))


def _files_of(connection: sqlite3.Connection, message_id: str) -> list[str]:
    sql = "SELECT sha256 FROM message_attachments WHERE message_id = ?"
    return [row[0] for row in connection.execute(sql, (message_id,))]


def mark_everything(connection: sqlite3.Connection, *, is_first: bool) -> None:
    """Mark all but messages to be sent: this computer joins, or takes another name.

    Args:
        is_first: True if the storage had no library. Otherwise its settings win over those here.
    """
    device = connection.execute("SELECT id FROM sync_device").fetchone()[0]
    connection.execute("UPDATE sync_changes SET number = 1 WHERE number IS NULL")
    for number, (kind, table) in enumerate(SYNCED_TABLES.items()):
        if not table.birth:
            continue
        born_at = changed_at = str(int(is_first))
        if "created_at" in table.columns:
            born_at = changed_at = "max(coalesce(created_at, 1), 1)"
        if "updated_at" in table.columns:
            changed_at = "max(updated_at, 1)"
        names = ", ".join(f"('{name}')" for name in table.columns)
        connection.execute(
            f"""INSERT OR IGNORE INTO sync_changes
            SELECT '{kind}', {table.key}, f.column1,
            CASE f.column1 WHEN '{table.birth}' THEN {born_at} ELSE {changed_at} END, ?, ?
            FROM {kind}, (VALUES {names}) AS f""",  # noqa: S608 - names of SYNCED_TABLES
            (device, number + 1),
        )
    connection.execute("UPDATE ledger SET origin = ? || ':' || id WHERE origin IS NULL", (device,))
    connection.execute(
        """INSERT OR IGNORE INTO sync_changes
        SELECT 'ledger', origin, '', 0, ?, 20 FROM ledger""",
        (device,),
    )
    # Before the messages, which the newest of them would otherwise wait for on the other computer.
    connection.execute(
        """INSERT OR IGNORE INTO sync_changes
        SELECT 'attachments', sha256, '', 0, ?, 19 FROM attachments""",
        (device,),
    )


def mark_messages(
    connection: sqlite3.Connection, conversation_ids: Sequence[str], number: int
) -> int:
    """Mark the messages of conversations to be sent, in this order; return the next number."""
    device = connection.execute("SELECT id FROM sync_device").fetchone()[0]
    for table in ("messages", "compactions", "texts"):
        condition = "WHERE m.status <> 'streaming'" if table == "messages" else ""
        number += connection.execute(
            f"""INSERT OR IGNORE INTO sync_changes
            SELECT '{table}', m.id, '', 0, ?, ? + row_number() OVER (ORDER BY c.key, m.rowid)
            FROM json_each(?) AS c JOIN {table} AS m ON m.conversation_id = c.value {condition}
            """,  # noqa: S608 - names of our own
            (device, number, json.dumps(conversation_ids)),
        ).rowcount
    return number


# -------------------------------------------------------------- changes of other computers


class Refused(NamedTuple):
    """An entry that cannot be applied, because its values are damaged."""

    kind: str
    id: str


class Applier:
    """Applies entries of one device in a transaction of the caller's.

    Attributes:
        refused: the entries that were left out.
    """

    def __init__(self, connection: sqlite3.Connection, device: str) -> None:
        self._connection = connection
        self._device = device
        self._entries: list[Entry] = []
        self.refused: list[Refused] = []
        self._clock = 0
        self._known: set[tuple[str, str]] = set()  # rows that exist

    def apply(self, entries: Iterable[Any]) -> None:
        """Apply entries; those that refer to something that is missing wait in the store."""
        connection = self._connection
        connection.execute("UPDATE sync_device SET is_applying = 1")
        for entry in entries:
            if not self._apply(entry):
                self._wait(entry)
        add_entries(connection, self._entries)
        sql = "UPDATE sync_device SET is_applying = 0, clock = max(clock, ?)"
        connection.execute(sql, (self._clock,))

    def _apply(self, entry: Any) -> bool:
        """Apply an entry. Return False if it refers to something that is missing."""
        kind = id_ = ""
        try:
            form, kind, id_ = entry[:3]
            if kind not in SYNCED_TABLES or type(id_) is not str:
                raise ValueError(kind)
            if form == "row":  # it is checked before its one statement
                return self._apply_row(kind, id_, *entry[3:6])
            self._connection.execute("SAVEPOINT entry")
            try:
                if form == "fields":
                    return self._apply_fields(kind, id_, entry[3])
                return self._apply_deletion(kind, id_, entry[3])
            except BaseException:
                self._connection.execute("ROLLBACK TO entry")
                raise
            finally:
                self._connection.execute("RELEASE entry")
        except (*BAD_VALUE, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError):
            self.refused.append(Refused(str(kind), str(id_)))
            return True

    def _apply_fields(self, kind: str, id_: str, fields: Mapping[str, Any]) -> bool:
        table = SYNCED_TABLES[kind]
        if not table.birth or (kind == "settings" and not travels(id_)):
            return True
        connection = self._connection
        times = {name: self._checked(at) for name, (at, _) in fields.items()}
        values = {name: value for name, (_, value) in fields.items() if name in table.columns}
        known = self._clocks(kind, id_)
        gone = known.pop(GONE, None)
        if gone is not None and (times.get(table.birth, -1), self._device) <= gone:
            return True
        sql = f"SELECT * FROM {kind} WHERE {table.key} = ?"  # noqa: S608 - names of SYNCED_TABLES
        row = connection.execute(sql, (id_,)).fetchone()
        if row is None and table.birth not in values:
            return False
        folder = values.get("folder_id")
        if folder is not None and not self._exists("folders", folder):
            if kind == "memory":  # without its folder, it would be sent in all conversations
                return self._is_gone("folders", folder)
            if self._is_gone("folders", folder):
                values["folder_id"] = None
            else:  # the rest is applied now
                del values["folder_id"]
                self._wait(["fields", kind, id_, {"folder_id": [times["folder_id"], folder]}])
        won = {
            name: value
            for name, value in values.items()
            if row is None or (times[name], self._device) > known.get(name, (-1, ""))
        }
        if row is None:
            base = {"folder_id": None, "draft": ""} if kind == "conversations" else {}
            insert_rows(connection, kind, [{**base, **won, table.key: id_}])
        elif won:
            update_row(connection, kind, {**won, table.key: id_}, table.key)
        if kind == "conversations" and (row is None or "title" in won or "updated_at" in won):
            self._index_title(id_, row)
        if gone is not None:
            self._forget(kind, id_, GONE)
        self._note(kind, id_, {name: times[name] for name in won})
        return True

    def _index_title(self, id_: str, old: sqlite3.Row | None) -> None:
        connection = self._connection
        conversation = read_conversation(connection, id_)  # raises an error for damaged values
        assert conversation is not None
        if old is not None:
            self._index_now()
            remove_entry(connection, EntryKind.TITLE, id_, old["title"])
        updated_at = to_micros(conversation.updated_at)
        self._entries.append(Entry(EntryKind.TITLE, id_, conversation.title, updated_at))

    def _apply_row(
        self, kind: str, id_: str, at: int, values: dict[str, Any], files: Sequence[str]
    ) -> bool:
        at = self._checked(at)
        values = {name: values[name] for name in SYNCED_TABLES[kind].columns if name in values}
        if kind == "messages":
            return self._apply_message(id_, at, values, files)
        if kind == "compactions":
            return self._apply_compaction(id_, at, values)
        if kind == "texts":
            return self._apply_text(id_, at, values)
        if kind == "attachments":
            return self._apply_attachment(id_, at, values)
        if kind == "ledger" and not self._clocks(kind, id_):
            insert_rows(self._connection, kind, [{**values, "origin": id_}], "INSERT OR IGNORE")
        return True

    def _apply_message(
        self, id_: str, at: int, values: dict[str, Any], files: Sequence[str]
    ) -> bool:
        connection = self._connection
        conversation, parent = values["conversation_id"], values["parent_id"]
        if not self._exists("conversations", conversation):
            return self._is_gone("conversations", conversation)
        if parent is not None and not self._exists("messages", parent):
            return False
        Role(values["role"])
        if MessageStatus(values["status"]) is MessageStatus.STREAMING:
            raise ValueError(values["status"])
        text = searchable_text(parts_from_json(json.loads(values["parts"])))
        row = {"computer": "", **values, "id": id_}  # an older version does not send it
        links = [(sha256, id_) for sha256 in files if is_hash(sha256)]
        if connection.execute(_ADD_MESSAGE, row).rowcount:
            self._known.add(("messages", id_))
        elif not self._replace_message(row, at):
            return True
        connection.executemany("INSERT OR IGNORE INTO message_attachments VALUES (?, ?)", links)
        self._entries.append(Entry(EntryKind.MESSAGE, id_, text, values["created_at"]))
        if at:
            self._note("messages", id_, {"": at})
        return True

    def _replace_message(self, row: dict[str, Any], at: int) -> bool:
        """Replace a message that is here. Return False if the one that is here stays."""
        connection, id_ = self._connection, row["id"]
        old = connection.execute("SELECT * FROM messages WHERE id = ?", (id_,)).fetchone()
        if old is None:
            raise ValueError(id_)  # a value was missing
        is_completed = old["status"] == "interrupted" and row["status"] == "complete"
        current = self._clocks("messages", id_).get("", (0, ""))
        is_newer = at > 0 and (at, self._device) > current
        if old["status"] == "streaming" or not (is_newer or is_completed):
            return False
        row["computer"] = old["computer"]
        self._index_now()
        if has_entry(connection, EntryKind.MESSAGE, id_):
            text = searchable_text(message_from_row(old).parts)
            remove_entry(connection, EntryKind.MESSAGE, id_, text)
        update_row(connection, "messages", row, "id")
        return True

    def _apply_compaction(self, id_: str, at: int, values: dict[str, Any]) -> bool:
        if not self._exists("conversations", values["conversation_id"]):
            return self._is_gone("conversations", values["conversation_id"])
        if not self._exists("messages", values["message_id"]):
            return False
        if not self._exists("compactions", id_):
            insert_rows(self._connection, "compactions", [{**values, "id": id_}])
        elif (at, self._device) > self._clocks("compactions", id_).get("", (0, "")):
            update_row(self._connection, "compactions", {**values, "id": id_}, "id")
        if at:
            self._note("compactions", id_, {"": at})
        return True

    def _apply_text(self, id_: str, at: int, values: dict[str, Any]) -> bool:
        """Apply a text. Of two states, the later is the text, and the other one a version of it."""
        from desktop_app.texts.text_store import add_version, text_from_row  # few have a text

        if not self._exists("conversations", values["conversation_id"]):
            return self._is_gone("conversations", values["conversation_id"])
        connection = self._connection
        row = {**values, "id": id_, "file": "", "file_hash": "", "is_shown": 0}
        text = text_from_row(row)  # raises an error for damaged values
        old = connection.execute("SELECT * FROM texts WHERE id = ?", (id_,)).fetchone()
        if old is None:
            insert_rows(connection, "texts", [row])
        elif (at, self._device) > self._clocks("texts", id_).get("", (0, "")):
            if old["body"] != text.body:
                add_version(connection, text_from_row(old), old["updated_at"])
            update_row(connection, "texts", {**values, "id": id_}, "id")
        else:
            if old["body"] != text.body:
                add_version(connection, text, values["updated_at"])
            return True
        if at:
            self._note("texts", id_, {"": at})
        return True

    def _apply_attachment(self, sha256: str, at: int, values: dict[str, Any]) -> bool:
        if not is_hash(sha256):
            raise ValueError(sha256)
        connection = self._connection
        added_at = to_micros(now())  # a cleanup leaves it until its message has come
        row = {**values, "sha256": sha256, "created_at": added_at}
        insert_rows(connection, "attachments", [row], "INSERT OR IGNORE")
        if at and values.get("full_text"):
            sql = "UPDATE attachments SET full_text = ? WHERE sha256 = ? AND full_text IS NULL"
            connection.execute(sql, (values["full_text"], sha256))
        connection.execute("INSERT OR IGNORE INTO sync_files VALUES (?)", (sha256,))
        if not has_entry(connection, EntryKind.ATTACHMENT, sha256):
            entry = Entry(EntryKind.ATTACHMENT, sha256, str(values["text"]), added_at)
            self._entries.append(entry)
        return True

    def _apply_deletion(self, kind: str, id_: str, at: int) -> bool:
        at = self._checked(at)
        connection = self._connection
        known = self._clocks(kind, id_)
        if kind == "settings" and not travels(id_):
            return True
        is_added_later = known.get(SYNCED_TABLES[kind].birth, (-1, ""))[0] > at
        if is_added_later or known.get(GONE, (-1, "")) >= (at, self._device):
            return True
        self._index_now()
        self._known.clear()
        if kind == "conversations":
            erase_conversation(id_, connection)
        elif kind != "messages":
            key = SYNCED_TABLES[kind].key
            connection.execute(f"DELETE FROM {kind} WHERE {key} = ?", (id_,))  # noqa: S608
        connection.execute("DELETE FROM sync_changes WHERE kind = ? AND id = ?", (kind, id_))
        self._note(kind, id_, {GONE: at})
        return True

    # ---------------------------------------------------------- the clocks of what is here

    def _checked(self, at: Any) -> int:
        if type(at) is not int or not 0 <= at < _MAX_TIME:
            raise ValueError(at)
        self._clock = max(self._clock, at)
        return at

    def _clocks(self, kind: str, id_: str) -> dict[str, tuple[int, str]]:
        sql = "SELECT field, at, device FROM sync_changes WHERE kind = ? AND id = ?"
        rows = self._connection.execute(sql, (kind, id_))
        return {field: (at, device) for field, at, device in rows}

    def _note(self, kind: str, id_: str, times: Mapping[str, int]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO sync_changes VALUES (?, ?, ?, ?, ?, NULL)",
            [(kind, id_, field, at, self._device) for field, at in times.items()],
        )

    def _forget(self, kind: str, id_: str, field: str) -> None:
        sql = f"DELETE FROM sync_changes WHERE {_KEY}"  # noqa: S608 - our own text
        self._connection.execute(sql, (kind, id_, field))

    def _exists(self, kind: str, id_: str) -> bool:
        if (kind, id_) in self._known:
            return True
        sql = f"SELECT 1 FROM {kind} WHERE id = ?"  # noqa: S608 - a name of SYNCED_TABLES
        is_there = self._connection.execute(sql, (id_,)).fetchone() is not None
        if is_there:
            self._known.add((kind, id_))
        return is_there

    def _is_gone(self, kind: str, id_: str) -> bool:
        return GONE in self._clocks(kind, id_)

    def _wait(self, entry: Any) -> None:
        sql = "INSERT INTO sync_waiting (device, entry) VALUES (?, ?)"
        self._connection.execute(sql, (self._device, msgspec.json.encode(entry).decode()))

    def _index_now(self) -> None:
        """Index what was added before an entry is removed that may be among it."""
        add_entries(self._connection, self._entries)
        self._entries.clear()


def apply_waiting(connection: sqlite3.Connection) -> list[Refused]:
    """Apply what waits, as long as some of it can be. Return what was refused."""
    refused: list[Refused] = []
    while True:
        sql = "SELECT device, entry FROM sync_waiting ORDER BY id"
        rows = connection.execute(sql).fetchall()
        connection.execute("DELETE FROM sync_waiting")
        for row in rows:
            applier = Applier(connection, row["device"])
            applier.apply([msgspec.json.decode(row["entry"])])
            refused += applier.refused
        left = connection.execute("SELECT count(*) FROM sync_waiting").fetchone()[0]
        if left in (0, len(rows)):
            return refused
