"""Changes of the store as entries of segments, and their application to another store.

An entry is one of these JSON arrays; times (`at`) are those of the hybrid clock:

- ["fields", table, id, {column: [at, value]}]: fields that change one by one; the last wins.
- ["row", table, id, at, {column: value}, [hash, …], seen]: a row of a set, which hardly ever
  changes. `at` is 0 until it does. The hashes are those of a message's attachments.
- ["gone", table, id, at, seen]: a deletion. It wins over changes, but not over a later addition,
  nor over words that the deleting computer had not seen.

`seen` is {device: number}: the last segment of each other device that was applied before a row was
deleted, or a text was changed. Earlier versions do not write it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.network.network_address import is_loopback, split_url
from desktop_app.domain.stored_table import Effect
from desktop_app.storage.stored_tables import (
    former_tables,
    stored_tables,
    synced_tables,
    traveling_columns,
)
from desktop_app.storage.value_effects import travels

BATCH: Final = 2000
"""Changes in one segment at most: it is made in one transaction, of about 60 ms."""
BATCH_CHARS: Final = 4_000_000
"""More take longer than a frame to decode, during which the window waits: 18 ms for 8 million."""
GONE: Final = "gone"
CHANGE_KEY: Final = "kind = ? AND id = ? AND field = ?"
_FORGET_SET_ROW: Final = f"DELETE FROM sync_changes WHERE {CHANGE_KEY} AND at = 0"  # noqa: S608
_MARK_AS_SENT: Final = f"UPDATE sync_changes SET number = NULL WHERE {CHANGE_KEY}"  # noqa: S608
_SELECT_NOTED: Final = f"SELECT at, note FROM sync_changes WHERE {CHANGE_KEY}"  # noqa: S608
ADDED_AGAIN: Final = "again"
"""The note of a conversation that was added again after a deletion."""
STREAMING: Final = "streaming"


def stays(kind: str, id_: str, row: Any) -> bool:
    """Return True for a row that is of one computer only, such as the address of a server there."""
    if kind == "profiles" and row is not None:
        return is_loopback(split_url(str(_fields(row["body"]).get("base_url"))).hostname or "")
    return kind == "settings" and not travels(id_)


def adapted(body: str, own: Any = None) -> str:
    """Return a provider without the path and proxy of another computer, with those of this one."""
    fields, kept = _fields(body), _fields(own)
    for name in stored_tables()["profiles"].values["body"].fields_of(Effect.PLACE):
        fields.pop(name, None)
        if name in kept:
            fields[name] = kept[name]
    return json.dumps(fields) if fields else body


def _fields(body: Any) -> dict[str, Any]:
    with suppress(TypeError, ValueError):  # damaged, which is said where it is read
        if isinstance(fields := json.loads(body), dict):
            return fields
    return {}


# -------------------------------------------------------------- changes to send


class Held(NamedTuple):
    """What a segment holds: a row, or some of its fields."""

    kind: str
    id: str
    is_whole: bool


class Made(NamedTuple):
    """Entries, what they hold, and the keys that were considered before they were too many."""

    entries: list[Any]
    held: list[Held]
    keys: list[tuple[str, str]]
    chars: int


def take_changes(connection: sqlite3.Connection) -> Made:
    """Return the oldest changes, and mark them as sent; the caller commits the segment, too."""
    sql = """SELECT kind, id, field, at FROM sync_changes
        WHERE number IS NOT NULL ORDER BY number LIMIT ?"""
    grouped: dict[tuple[str, str], dict[str, int]] = {}
    for kind, id_, field, at in connection.execute(sql, (BATCH,)).fetchall():
        grouped.setdefault((kind, id_), {})[field] = at
    made = entries_of(connection, grouped)
    sent = [(*key, field) for key in made.keys for field in grouped[key]]
    connection.executemany(_FORGET_SET_ROW, sent)
    connection.executemany(_MARK_AS_SENT, sent)
    return made


def next_files(connection: sqlite3.Connection) -> list[str]:
    """Return the attachments that the next segment names."""
    sql = """SELECT id FROM (SELECT kind, id FROM sync_changes
        WHERE number IS NOT NULL ORDER BY number LIMIT ?) WHERE kind = 'attachments'"""
    return [row["id"] for row in connection.execute(sql, (BATCH,))]


def entries_of(
    connection: sqlite3.Connection, keys: Mapping[tuple[str, str], Mapping[str, int] | None]
) -> Made:
    """Return entries of rows by kind and id: of these fields, or with None of all.

    A row that is neither here nor known to be deleted has none.
    """
    rows = _rows_of(connection, keys)
    sql = "SELECT max(json_extract(state, '$.name')) FROM sync_device"
    own_name = connection.execute(sql).fetchone()[0]
    made = Made([], [], [], 0)
    chars = 0
    for (kind, id_), fields in keys.items():
        if chars > BATCH_CHARS:
            break
        made.keys.append((kind, id_))
        row, table = rows.get((kind, id_)), synced_tables()[kind]
        if (fields is None and row is None) or (fields is not None and GONE in fields):
            for at, seen in connection.execute(_SELECT_NOTED, (kind, id_, GONE)):
                made.entries.append([GONE, kind, id_, at, json.loads(seen or "null")])
                made.held.append(Held(kind, id_, True))
            continue
        if row is None or stays(kind, id_, row):
            continue
        if kind == "messages" and row["status"] == STREAMING:
            continue  # it goes on, and is noted again when it ends
        is_whole = not table.birth or fields is None or table.birth in fields
        times = _times_of(connection, kind, id_) if is_whole and table.birth else fields
        if table.birth:
            known = traveling(connection, kind, row)
            values = {n: [at, known[n]] for n, at in (times or {}).items() if n in known}
            made.entries.append(["fields", kind, id_, values])
            chars += len(str(row[table.birth]))
        else:
            values = traveling(connection, kind, row)
            files: list[str] = []
            if kind == "messages":
                values["computer"] = values["computer"] or own_name
                files = _files_of(connection, id_)
            at = _times_of(connection, kind, id_).get("", 0) if fields is None else fields[""]
            entry = ["row", kind, id_, at, values, files]
            if kind == "texts":
                noted = connection.execute(_SELECT_NOTED, (kind, id_, "")).fetchone()
                entry.append(json.loads((noted and noted["note"]) or "null"))
            made.entries.append(entry)
            chars += len(values.get("parts") or values.get("text") or values.get("body") or "")
        made.held.append(Held(kind, id_, is_whole))
    return made._replace(chars=chars)


def traveling(connection: sqlite3.Connection, kind: str, row: sqlite3.Row) -> dict[str, Any]:
    """Return the columns of a row as they travel."""
    values = {name: row[name] for name in traveling_columns(kind)}
    if kind == "conversations" and row["folder_id"] is None:  # the folder may be added again
        noted = connection.execute(_SELECT_NOTED, (kind, row["id"], "folder_id")).fetchone()
        values["folder_id"] = noted and noted["note"]
    if kind == "profiles":
        values["body"] = adapted(row["body"])
    return values


def _rows_of(
    connection: sqlite3.Connection, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], sqlite3.Row]:
    by_kind: dict[str, list[str]] = {}
    for kind, id_ in keys:
        by_kind.setdefault(kind, []).append(id_)
    found = {}
    for kind, ids in by_kind.items():
        key = synced_tables()[kind].key
        sql = f"""SELECT * FROM {kind}
            WHERE {key} IN (SELECT value FROM json_each(?))"""  # noqa: S608 - a name of a table
        for row in connection.execute(sql, (json.dumps(ids),)):
            found[kind, row[key]] = row
    return found


def _times_of(connection: sqlite3.Connection, kind: str, id_: str) -> dict[str, int]:
    return {field: at for field, (at, _) in clocks(connection, kind, id_).items()}


def clocks(connection: sqlite3.Connection, kind: str, id_: str) -> dict[str, tuple[int, str]]:
    """Return the time and the device of the last change of each field of a row."""
    sql = "SELECT field, at, device FROM sync_changes WHERE kind = ? AND id = ?"
    return {field: (at, device) for field, at, device in connection.execute(sql, (kind, id_))}


def _files_of(connection: sqlite3.Connection, message_id: str) -> list[str]:
    sql = "SELECT sha256 FROM message_attachments WHERE message_id = ?"
    return [row[0] for row in connection.execute(sql, (message_id,))]


def renamed(entry: Any) -> Any:
    """Return an entry with the names of today; the same one unless its table had another name."""
    with suppress(*BAD_VALUE):  # a damaged one, which is said where it is read
        form, former, *rest = entry
        kind, names = former_tables()[former]
        if form == "fields":
            id_, fields = rest
            rest = [id_, {names.get(name, name): value for name, value in fields.items()}]
        return [form, kind, *rest]
    return entry


def held_of(entries: Iterable[Any]) -> Iterator[Held]:
    """Yield what a segment of an earlier version holds; Raises BAD_VALUE for a damaged one."""
    for form, kind, id_, *rest in map(renamed, entries):
        is_whole = form != "fields" or synced_tables()[kind].birth in rest[0]
        yield Held(kind, id_, is_whole)


def mark_everything(connection: sqlite3.Connection, *, is_first: bool) -> None:
    """Mark all but messages to be sent: this computer joins, or takes another name.

    Args:
        is_first: True if the storage had no library. Otherwise its settings win over those here.
    """
    device = connection.execute("SELECT id FROM sync_device").fetchone()[0]
    connection.execute("UPDATE sync_changes SET number = 1")
    for number, (kind, table) in enumerate(synced_tables().items()):
        if not table.birth:
            continue
        born_at = changed_at = str(int(is_first))
        if "created_at" in traveling_columns(kind):
            born_at = changed_at = "max(coalesce(created_at, 1), 1)"
        if "updated_at" in traveling_columns(kind):
            changed_at = "max(updated_at, 1)"
        names = ", ".join(f"('{name}')" for name in traveling_columns(kind))
        connection.execute(
            f"""INSERT OR IGNORE INTO sync_changes
            SELECT '{kind}', {table.key}, f.column1,
            CASE f.column1 WHEN '{table.birth}' THEN {born_at} ELSE {changed_at} END, ?, ?, NULL
            FROM {kind}, (VALUES {names}) AS f""",  # noqa: S608 - names of tables
            (device, number + 1),
        )
    connection.execute("UPDATE ledger SET origin = ? || ':' || id WHERE origin IS NULL", (device,))
    # Before the messages, which the newest of them would otherwise wait for on the other computer.
    for kind, key, number in (("ledger", "origin", 20), ("attachments", "sha256", 19)):
        connection.execute(
            f"""INSERT OR IGNORE INTO sync_changes
            SELECT '{kind}', {key}, '', 0, ?, ?, NULL FROM {kind}""",  # noqa: S608
            (device, number),
        )


def mark_messages(
    connection: sqlite3.Connection, conversation_ids: Sequence[str], number: int
) -> int:
    """Mark the messages of conversations to be sent, in this order; return the next number."""
    device = connection.execute("SELECT id FROM sync_device").fetchone()[0]
    for table in ("messages", "compactions", "texts"):
        condition = "m.status <> 'streaming'" if table == "messages" else "TRUE"
        number += connection.execute(
            f"""INSERT INTO sync_changes
            SELECT '{table}', m.id, '', 0, ?, ? + row_number() OVER (ORDER BY c.key, m.rowid), NULL
            FROM json_each(?) AS c JOIN {table} AS m ON m.conversation_id = c.value
            WHERE {condition}
            ON CONFLICT DO UPDATE SET number = excluded.number
            """,  # noqa: S608 - names of our own
            (device, number, json.dumps(conversation_ids)),
        ).rowcount
    return number


# -------------------------------------------------------------- changes of other computers
