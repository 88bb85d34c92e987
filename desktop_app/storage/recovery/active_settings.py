"""Settings of a backup that name hosts, commands and paths, and so become active by a restore.

The author of a forged backup would gain the user's questions, or a command that runs here. The user
is therefore shown these settings, and may keep the current ones.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.documents.collections import UNLINKED_PREFIX
from desktop_app.domain.errors import StorageError
from desktop_app.domain.network.network_address import split_credentials, split_url
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.tool import runs_without_asking
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.storage.database.schema import stored_version
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.database.storage_errors import UNREADABLE, damaged_error
from desktop_app.storage.settings.settings_store import profile_from_row, profile_to_text

_SETTINGS: Final = {
    "default.provider": N_("Default provider"),
    "local_model.weights": N_("Local model file"),
    "answer.system_prompt": N_("Instructions"),
    "answer.tools": N_("Tools"),
    "tools.vector_stores": N_("Vector stores"),
    "backup.folder": N_("Backup folder"),
}
_TABLES_WITH_TOOLS: Final = ("conversations", "folders", "presets")
# Files that a batch job would read.
_UNREAD_FILES: Final = "SELECT id, path FROM batch_items WHERE path <> '' AND sha256 IS NULL"
_MAX_SHOWN_CHARS: Final = 500  # a host has at most 253, and its end says whose it is


class SettingChange(NamedTuple):
    """A setting that the backup would change, as shown to the user."""

    label: str
    current: str
    restored: str

    @property
    def sentence(self) -> str:
        """Return one line for the list of changes."""
        return f"{self.label}: {self.current} → {self.restored}"


class _Active(NamedTuple):
    """A setting's label, its value, and the value if the store did not set it."""

    label: str
    value: str
    default: str


class ActiveSettings:
    """The settings of one store that name hosts, commands and paths.

    Raises:
        sqlite3.Error, StoreDamagedError: the store is damaged.
    """

    def __init__(
        self, connection: sqlite3.Connection | None, built_in: Iterable[ProviderProfile]
    ) -> None:
        self.profiles = {profile.id: profile for profile in built_in}
        self.rows: dict[str, list[sqlite3.Row]] = {}
        self.tools: dict[str, set[str]] = {}
        if connection is not None:
            for table in ("profiles", "settings", "tool_servers", "collections"):
                self.rows[table] = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            sql = "SELECT collection_id, path FROM collection_files"
            self.rows["files"] = connection.execute(sql).fetchall()
            self.rows["unread"] = connection.execute(_UNREAD_FILES).fetchall()
            for _table, part_id, overrides in _parts_with_tools(connection):
                self.tools[part_id] = set(filter(runs_without_asking, overrides["tools"]))
        for row in self.rows.get("profiles", ()):
            try:
                self.profiles[row["id"]] = profile_from_row(row)
            except BAD_VALUE as exc:
                raise damaged_error("backup", f"profile: {type(exc).__name__}") from exc

    @property
    def files(self) -> set[tuple[str, str]]:
        """Return the ids of collections, each with the path of a file of it."""
        return {(row["collection_id"], row["path"]) for row in self.rows.get("files", ())}

    def values(self) -> dict[tuple[str, str], _Active]:
        """Return the settings by the id of their owner and their name."""
        values: dict[tuple[str, str], _Active] = {}
        for profile in self.profiles.values():
            default = ProviderProfile(profile.id, profile.name, profile.kind)
            without_value = _fields(default)
            for label, value in _fields(profile).items():
                name = f"{_shorten(profile.name)} ({_shorten(profile.id)}), {label}"
                values[profile.id, label] = _Active(name, value, without_value[label])
        for row in self.rows.get("settings", ()):
            if (key := row["key"]) in _SETTINGS:
                text = str(_read_json(row["value"]) or _none())
                values["settings", key] = _Active(tr(_SETTINGS[key]), text, _none())
        for row in self.rows.get("tool_servers", ()):
            label = tr("Tool server “{name}”", name=_shorten(row["name"]))
            values["tools", row["name"]] = _Active(label, _command(row["definition"]), _none())
        tools = ", ".join(sorted(set().union(*self.tools.values())))
        label = tr("Tools of conversations, folders and presets")
        values["tools", ""] = _Active(label, tools or _none(), _none())
        for row in self.rows.get("collections", ()):
            paths = {str(Path(path).parent) for id_, path in self.files if id_ == row["id"]}
            label = tr("Collection “{name}”, folder", name=_shorten(row["name"]))
            folders = {path for path in (row["folder"], *paths) if path}
            text = ", ".join(sorted(p for p in folders if not p.startswith(UNLINKED_PREFIX)))
            values["collections", row["id"]] = _Active(label, text or _none(), _none())
        return values


def read_current(database: Path, built_in: Iterable[ProviderProfile]) -> ActiveSettings:
    """Return the settings of the current store; those of an empty one if it cannot be read.

    The caller has the store's lock.
    """
    with suppress(*UNREADABLE, StorageError), closing(connect_unchanged(database)) as connection:
        if stored_version(connection, database):
            return ActiveSettings(connection, built_in)
    return ActiveSettings(None, built_in)


def connect_unchanged(database: Path) -> sqlite3.Connection:
    """Connect to the current store without creating files. The caller has the store's lock."""
    # Reading a store without a log would create one, unless it is opened as immutable.
    has_log = database.with_name(database.name + "-wal").exists()
    return connect(database, "ro", is_immutable=not has_log)


def find_changes(current: ActiveSettings, restored: ActiveSettings) -> list[SettingChange]:
    """Return the settings that would become active."""
    current_values = current.values()
    changes = []
    for key, active in restored.values().items():
        known = current_values.get(key)
        before = active.default if known is None else known.value
        if active.value != before:
            shown = _shorten(active.value)
            if shown == _shorten(before):
                shown = tr("{text} (differs later on)", text=shown)
            changes.append(SettingChange(active.label, _shorten(before), shown))
    return changes


def keep_current(connection: sqlite3.Connection, current: ActiveSettings) -> None:
    """Write the current settings into a restored store, in the caller's transaction.

    New providers stay without an address, new collections without links to their files.
    """
    stored = connection.execute("SELECT id, body FROM profiles").fetchall()
    new = [profile_from_row(row) for row in stored if row["id"] not in current.profiles]
    _replace_rows(connection, "profiles", current.rows.get("profiles", ()))
    for profile in new:
        bare = ProviderProfile(
            profile.id,
            profile.name,
            profile.kind,
            models=profile.models,
            needs_key=profile.needs_key,
        )
        sql = "INSERT INTO profiles SELECT ?, coalesce(max(position), 0) + 1, ? FROM profiles"
        connection.execute(sql, (bare.id, profile_to_text(bare)))
    _replace_rows(connection, "tool_servers", current.rows.get("tool_servers", ()))
    known = {row["key"]: row["value"] for row in current.rows.get("settings", ())}
    for key in _SETTINGS:
        connection.execute("DELETE FROM settings WHERE key = ?", (key,))
        if key in known:
            connection.execute("INSERT INTO settings VALUES (?, ?)", (key, known[key]))
    folders = {row["id"]: row["folder"] for row in current.rows.get("collections", ())}
    for (id_,) in connection.execute("SELECT id FROM collections").fetchall():
        sql = "UPDATE collections SET folder = ? WHERE id = ?"
        connection.execute(sql, (folders.get(id_, ""), id_))
    files = current.files
    sql = f"""SELECT id, collection_id, path FROM collection_files
        WHERE path NOT LIKE '{UNLINKED_PREFIX}%'"""  # noqa: S608 - our own text
    for row in connection.execute(sql).fetchall():
        if (row["collection_id"], row["path"]) not in files:
            sql = "UPDATE OR REPLACE collection_files SET path = ? WHERE id = ?"
            connection.execute(sql, (UNLINKED_PREFIX + row["path"], row["id"]))
    # Without its text, a file that is not linked would wait for ever.
    connection.execute(
        f"""DELETE FROM collection_files WHERE path LIKE '{UNLINKED_PREFIX}%'
            AND coalesce(sha256, '') NOT IN (SELECT sha256 FROM passages)"""  # noqa: S608
    )
    known_paths = {row["path"] for row in current.rows.get("unread", ())}
    for row in connection.execute(_UNREAD_FILES).fetchall():
        if row["path"] not in known_paths:
            sql = "UPDATE batch_items SET path = ? WHERE id = ?"
            connection.execute(sql, (UNLINKED_PREFIX + row["path"], row["id"]))
    sql = """UPDATE settings SET value = json_remove(value, '$.overrides', '$.preset')
        WHERE key = 'window.new_draft'"""
    connection.execute(sql)
    for table, part_id, overrides in list(_parts_with_tools(connection)):
        allowed = current.tools.get(part_id, set())
        tools = [t for t in overrides["tools"] if t in allowed or not runs_without_asking(t)]
        body = json.dumps({**overrides, "tools": tools})
        connection.execute(f"UPDATE {table} SET overrides = ? WHERE id = ?", (body, part_id))  # noqa: S608


def _replace_rows(connection: sqlite3.Connection, table: str, rows: Iterable[sqlite3.Row]) -> None:
    connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", tuple(row))  # noqa: S608


def _parts_with_tools(connection: sqlite3.Connection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the table, the id and the overrides of each part of the library that chooses tools."""
    for table in _TABLES_WITH_TOOLS:
        sql = f"""SELECT id, overrides FROM {table} WHERE overrides LIKE '%"tools"%'"""  # noqa: S608
        for row in connection.execute(sql).fetchall():
            overrides = _read_json(row["overrides"])
            if isinstance(overrides, dict) and isinstance(overrides.get("tools"), list):
                yield table, row["id"], overrides


def _fields(profile: ProviderProfile) -> dict[str, str]:
    """Return what decides where a provider's data goes and what may be spent, by its label."""
    address, *_ = split_credentials(profile.base_url)
    path = split_url(address).path.rstrip("/") if origin(address) else ""
    headers = ", ".join(f"{field.name}: {field.value}" for field in profile.custom_fields)
    cap = profile.monthly_cap
    return {
        tr("Base URL"): (origin(address) or address or _none()) + path,
        tr("Proxy"): _proxy(profile.proxy),
        tr("Trusted certificates"): profile.ca_file or _none(),
        tr("Unencrypted connections allowed to"): ", ".join(profile.plain_http_hosts) or _none(),
        tr("API key header"): profile.key_header or "Authorization",
        tr("Headers and query parameters"): headers or _none(),
        tr("Monthly limit"): tr("No limit") if cap is None else formatting.money(cap),
    }


def _proxy(text: str) -> str:
    if not text:
        return tr("Environment variables")
    return tr("No proxy") if text == DIRECT else origin(text) or tr("invalid URL")


def _command(definition: str) -> str:
    """Return the command or the address of a tool server, with its folder and variables."""
    fields = _read_json(definition)
    return str(fields["url"]) if isinstance(fields, dict) and fields.get("url") else definition


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _none() -> str:
    return tr_context("value", "none")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SHOWN_CHARS else f"{line[:_MAX_SHOWN_CHARS]}…"
