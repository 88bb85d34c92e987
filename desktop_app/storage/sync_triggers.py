"""The triggers that note the changes of tables that travel between computers (`sync/`).

They note a change in the transaction that makes it, whoever writes. They are made again after each
migration.
"""

from __future__ import annotations

from typing import Final

from desktop_app.domain.stored_table import SyncedTable
from desktop_app.storage.stored_tables import synced_tables, traveling_columns

_NAMES: Final = {"INSERT": "added", "UPDATE": "changed", "DELETE": "removed"}
_WHOLE_ROW: Final = "('', TRUE)"
_FORGET: Final = "DELETE FROM sync_changes WHERE kind = '{kind}' AND id = {id} {more};"
_NOTES_CHANGES: Final = "EXISTS (SELECT 1 FROM sync_device WHERE NOT is_applying)"
# What a deletion in this store, also one from another computer, leaves behind in the storage.
_DROPPED: Final = """CREATE TRIGGER sync_{kind}_dropped AFTER DELETE ON {kind} BEGIN
    UPDATE sync_held SET is_stale = 1 WHERE kind = '{kind}' AND id = OLD.{key};
END;"""
_FILE_UNNAMED: Final = """CREATE TRIGGER sync_files_unnamed AFTER DELETE ON attachments BEGIN
    UPDATE sync_files SET unnamed_at = CAST(strftime('%s', 'now') AS INTEGER)
    WHERE sha256 = OLD.sha256;
END;"""
_FILE_NAMED: Final = """CREATE TRIGGER sync_files_named AFTER INSERT ON attachments BEGIN
    UPDATE sync_files SET unnamed_at = NULL WHERE sha256 = NEW.sha256;
END;"""
# The last segment of each other computer that was known when a row was deleted or a text changed.
_SEEN: Final = """(SELECT '{' || coalesce(group_concat('"' || device || '":' || number), '') || '}'
        FROM sync_peers)"""
_TICK: Final = """UPDATE sync_device SET clock = max(
        clock + 1, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER));"""
_LEDGER_ADDED: Final = f"""CREATE TRIGGER sync_ledger_added AFTER INSERT ON ledger
    WHEN {_NOTES_CHANGES} BEGIN
    {_TICK}
    UPDATE ledger SET origin = (SELECT id FROM sync_device) || ':' || NEW.id WHERE id = NEW.id;
    {{note}}
END;"""  # noqa: S608 - names of our own
# An answer that ended once goes on: what it becomes replaces what was sent.
_MESSAGE_RESUMED: Final = f"""CREATE TRIGGER sync_messages_resumed AFTER UPDATE ON messages
    WHEN {_NOTES_CHANGES} AND NEW.status = 'streaming' AND OLD.status <> 'streaming' BEGIN
    {{note}}
END;"""
_MESSAGE_CHANGED_AT: Final = """CASE WHEN OLD.status <> 'streaming' OR EXISTS
        (SELECT 1 FROM sync_changes WHERE kind = 'messages' AND id = NEW.id)
        THEN d.clock ELSE 0 END"""


def synced_triggers() -> dict[str, str]:
    """Return the SQL of the triggers of all tables, by their names."""
    made = {
        f"sync_{kind}_{_NAMES[event]}": _trigger(kind, table, event)
        for kind, table in synced_tables().items()
        for event in table.events
    }
    added = _note("ledger", "d.id || ':' || NEW.id", _WHOLE_ROW, "0")
    resumed = _note("messages", "NEW.id", _WHOLE_ROW, "d.clock", number="NULL")
    for kind, table in synced_tables().items():
        made[f"sync_{kind}_dropped"] = _DROPPED.format(kind=kind, key=table.key)
    made["sync_files_unnamed"], made["sync_files_named"] = _FILE_UNNAMED, _FILE_NAMED
    made["sync_ledger_added"] = _LEDGER_ADDED.format(note=added)
    made["sync_messages_resumed"] = _MESSAGE_RESUMED.format(note=resumed)
    return made


def _trigger(kind: str, table: SyncedTable, event: str) -> str:
    row = "OLD" if event == "DELETE" else "NEW"
    id_ = f"{row}.{table.key}"
    actions, at = "", "d.clock"
    changed = {name: f"OLD.{name} IS NOT NEW.{name}" for name in traveling_columns(kind)}
    if event == "DELETE":
        actions = _FORGET.format(kind=kind, id=id_, more="")
        fields = "('gone', TRUE)"
    elif event == "INSERT":
        actions = _FORGET.format(kind=kind, id=id_, more="AND field = 'gone'")
        names = traveling_columns(kind) if table.birth else ("",)
        fields = ", ".join(f"('{name}', TRUE)" for name in names)
        at = "d.clock" if table.birth else "0"
    elif table.birth:
        fields = ", ".join(f"('{name}', {condition})" for name, condition in changed.items())
    else:  # what stays here, such as whether a text is shown, makes a row no later one
        changed.pop("updated_at", None)
        fields = f"('', {' OR '.join(changed.values())})"
        at = _MESSAGE_CHANGED_AT if kind == "messages" else "d.clock"
    return f"""CREATE TRIGGER sync_{kind}_{_NAMES[event]} AFTER {event} ON {kind}
    WHEN {_NOTES_CHANGES} AND {table.condition.format(row=row)} BEGIN
    {_TICK}
    {actions}
    {_note(kind, id_, fields, at, seen=_SEEN if event == "DELETE" or kind == "texts" else "NULL")}
END;"""


def _note(
    kind: str, id_: str, fields: str, at: str, number: str = "d.clock", seen: str = "NULL"
) -> str:
    """Return the SQL that notes those fields of a row whose condition is true."""
    return f"""INSERT INTO sync_changes
        SELECT '{kind}', {id_}, f.column1, {at}, d.id, {number}, {seen}
        FROM sync_device AS d, (VALUES {fields}) AS f WHERE f.column2
        ON CONFLICT DO UPDATE
        SET at = excluded.at, device = excluded.device, number = excluded.number,
        note = excluded.note;"""  # noqa: S608
