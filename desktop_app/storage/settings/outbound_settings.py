"""Settings that decide where data goes, what leaves this computer, and what may be spent.

These outbound settings are hosts, proxies, certificates, model files, permissions, and content that
is added to every request, as by the default preset. Limits, prices and settings that raise the cost
of answers belong to them, too, and the number of backups to keep.

A restore compares the backup's settings with the current ones, and lists the differences.
Unconfirmed changes are dropped. An existing provider keeps its own settings. A new provider gets no
address, so that nothing is sent to it until the user enters one. Collections stay searchable, but
do not read files again that the current store does not name. Conversations, folders and presets get
no tools that run without asking, except those that they have now.
"""

from __future__ import annotations

import json
import os.path
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.documents.collections import UNLINKED_PREFIX
from desktop_app.domain.models.own_model import OwnModel
from desktop_app.domain.network.network_address import split_credentials, split_url
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.tool import runs_without_asking
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_context, yes_no
from desktop_app.storage.database.row_writing import Row, insert_rows
from desktop_app.storage.settings.settings_store import profile_from_row, profile_to_text

_MAX_SHOWN_CHARS: Final = 500
"""Characters. A host has at most 253, and its end says whose it is."""

_DEFAULT_PRESET: Final = "default.preset"
# By key of the setting: its label in the window, and its default.
SETTINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "default.provider": (N_("Default provider"), ""),
    _DEFAULT_PRESET: (N_("Default preset"), ""),
    "default.variant": (N_("Default model"), "thinking"),
    "default.effort": (N_("Default effort"), "medium"),
    "local_model.weights": (N_("Local model file"), ""),
    "answer.system_prompt": (N_("Instructions"), ""),
    "answer.documents_as_files": (N_("Send documents as files"), False),
    "answer.background": (N_("Background mode"), "offer"),
    "answer.routine_model": (N_("Routine work"), "small"),
    "answer.auto_compact": (N_("Compact long conversations automatically"), False),
    "answer.candidates": (N_("Responses per message"), 1),
    "answer.max_output_tokens": (N_("Maximum output tokens"), None),
    "answer.service_tier": (N_("Service tier"), None),
    "answer.image_detail": (N_("Image detail"), "auto"),
    "answer.tools": (N_("Tools"), ""),
    "tools.vector_stores": (N_("Vector stores"), ""),
    "answer.form": (N_("Response format"), ""),
    "answer.repair": (N_("Repair invalid responses"), False),
    "tools.max_rounds": (N_("Rounds of tool calls"), 10),
    "tools.max_seconds": (N_("Time limit for tools"), 600),
    "tools.max_cost": (N_("Cost limit for tools (USD)"), None),
    "library.embeddings": (N_("Semantic search in collections"), False),
    "library.embedding_model": (N_("Embedding model"), "text-embedding-3-small"),
    "library.model_titles": (N_("Generate conversation titles"), False),
    "backup.folder": (N_("Backup folder"), ""),
    "backup.every": (N_("Automatic backups"), "off"),
    "backup.keep": (N_("Backups to keep"), 7),
}
_PRESET_COLUMNS: Final = ("provider_id", "model", "variant", "effort", "overrides")
"""The columns of a preset that decide what is sent where."""
TOOLS_OF_PARTS: Final = "parts.tools"
"""The key of the change of all tools that conversations, folders and presets choose."""
_TABLES_WITH_TOOLS: Final = ("conversations", "folders", "presets")


@dataclass(frozen=True)
class SettingChange:
    """A setting that the backup would change.

    Attributes:
        profile_id: the provider that it belongs to, "" for none.
        key: the setting's key, or the profile's field; "" for a collection.
        label: the provider and the setting, as shown to the user.
        current, restored: the current value and the backup's, as shown to the user.
        collection_id: the collection that would read files in another folder, "" for none.
    """

    profile_id: str
    key: str
    label: str
    current: str
    restored: str
    collection_id: str = ""

    @property
    def sentence(self) -> str:
        """Return one line for the list of changes."""
        return f"{self.label}: {self.current} → {self.restored}"


@dataclass(frozen=True)
class CollectionPaths:
    """The paths that a collection reads again.

    Attributes:
        folder: "" for none.
    """

    name: str = ""
    folder: str = ""
    files: frozenset[str] = frozenset()

    def contains(self, path: str) -> bool:
        """Return True for a file of the collection, and for all that is in its folder."""
        return path in self.files or bool(self.folder and _is_in(path, self.folder))


@dataclass(frozen=True)
class OutboundSettings:
    """The outbound settings of one store.

    Attributes:
        profiles: the profiles in effect by id, including built-in ones.
        profile_bodies: the stored JSON of the profiles that the store has, by id.
        settings: the values that differ from their defaults, by key.
        collections: the paths of the collections, by id.
        paths: the paths of attached files, and of the files of batch jobs.
        tools: the tools that run without asking, by the id of the conversation, folder or preset.
        default_preset: the stored row of the default preset; None if there is none, or if it is
            built in and unchanged.
    """

    profiles: Mapping[str, ProviderProfile]
    profile_bodies: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    collections: Mapping[str, CollectionPaths] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    tools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    default_preset: Row | None = None

    @classmethod
    def default(cls, built_in: Iterable[ProviderProfile]) -> OutboundSettings:
        """Return the settings of an empty store."""
        return cls({profile.id: profile for profile in built_in})


def read_outbound_settings(
    connection: sqlite3.Connection, built_in: Iterable[ProviderProfile]
) -> OutboundSettings:
    """Return the settings of a store, with defaults for unreadable rows.

    Raises:
        sqlite3.Error: it is damaged.
    """
    profiles = {profile.id: profile for profile in built_in}
    profile_bodies: dict[str, str] = {}
    settings: dict[str, Any] = {}
    for row in connection.execute("SELECT id, body FROM profiles"):
        with suppress(*BAD_VALUE):
            profiles[row["id"]] = profile_from_row(row)
            profile_bodies[row["id"]] = row["body"]
    for row in connection.execute("SELECT key, value FROM settings"):
        if row["key"] in SETTINGS:
            with suppress(*BAD_VALUE):
                settings[row["key"]] = json.loads(row["value"])
    collections: dict[str, CollectionPaths] = {}
    paths: frozenset[str] = frozenset()
    tools: dict[str, frozenset[str]] = {}
    for _table, part_id, overrides in _parts_with_tools(connection):
        names = frozenset(filter(runs_without_asking, overrides["tools"]))
        tools[part_id] = tools.get(part_id, frozenset()) | names
    with suppress(sqlite3.OperationalError):  # stores of early versions have no such tables
        collections = _collections(connection)
        sql = "SELECT path FROM attachment_origins UNION SELECT path FROM batch_items"
        paths = frozenset(row["path"] for row in connection.execute(sql))
    return OutboundSettings(
        profiles=profiles,
        profile_bodies=profile_bodies,
        settings=settings,
        collections=collections,
        paths=paths,
        tools=tools,
        default_preset=_preset_row(connection, settings.get(_DEFAULT_PRESET)),
    )


def _preset_row(connection: sqlite3.Connection, preset_id: object) -> Row | None:
    """Return the row of a preset; None if it is not stored."""
    if not isinstance(preset_id, str):
        return None
    with suppress(sqlite3.OperationalError):  # stores of early versions have no presets
        columns = ("id", "name", *_PRESET_COLUMNS, "position", "created_at")
        sql = f"SELECT {', '.join(columns)} FROM presets WHERE id = ?"  # noqa: S608 - our own names
        row = connection.execute(sql, (preset_id,)).fetchone()
        return None if row is None else dict(row)
    return None


def _parts_with_tools(connection: sqlite3.Connection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the table, the id and the overrides of each part of the library that chooses tools."""
    for table in _TABLES_WITH_TOOLS:
        sql = f"""SELECT id, overrides FROM {table} WHERE overrides LIKE '%"tools"%'"""  # noqa: S608
        with suppress(sqlite3.OperationalError):  # stores of early versions have no overrides
            for row in connection.execute(sql).fetchall():
                with suppress(*BAD_VALUE):
                    overrides = json.loads(row["overrides"])
                    if all(isinstance(name, str) for name in overrides["tools"]):
                        yield table, row["id"], overrides


def _collections(connection: sqlite3.Connection) -> dict[str, CollectionPaths]:
    files = defaultdict[str, set[str]](set)
    for row in connection.execute("SELECT collection_id, path FROM collection_files"):
        if not row["path"].startswith(UNLINKED_PREFIX):
            files[row["collection_id"]].add(row["path"])
    return {
        row["id"]: CollectionPaths(row["name"], row["folder"], frozenset(files[row["id"]]))
        for row in connection.execute("SELECT id, name, folder FROM collections")
    }


def find_changes(
    current: OutboundSettings, restored: OutboundSettings
) -> tuple[SettingChange, ...]:
    """Return the settings that would change: of providers, then general ones, then collections."""
    changes = []
    for profile_id, profile in sorted(restored.profiles.items()):
        current_profile = current.profiles.get(profile_id)
        if current_profile is None:
            # A new provider is compared with a profile that has no address.
            current_profile = ProviderProfile(profile_id, profile.name, profile.kind)
        old_fields = _fields(current_profile)
        for key, new_field in _fields(profile).items():
            if new_field.value != old_fields[key].value:
                label = f"{_shorten(profile.name)} ({_shorten(profile_id)}), {new_field.label}"
                texts = _shown_pair(old_fields[key].text, new_field.text)
                changes.append(SettingChange(profile_id, key, label, *texts))
    for key, (name, default) in SETTINGS.items():
        current_value = current.settings.get(key, default)
        restored_value = restored.settings.get(key, default)
        if current_value != restored_value:
            texts = _shown_pair(_text_of(current_value), _text_of(restored_value))
            changes.append(SettingChange("", key, tr(name), *texts))
        elif key == _DEFAULT_PRESET:
            # The same preset may have other content in the backup.
            current_text = _text_of_preset(current.default_preset)
            restored_text = _text_of_preset(restored.default_preset)
            if current_text != restored_text:
                texts = _shown_pair(current_text, restored_text)
                changes.append(SettingChange("", key, tr(name), *texts))
    new_tools: set[str] = set()
    for part_id, names in restored.tools.items():
        new_tools |= names - current.tools.get(part_id, frozenset())
    if new_tools:
        label = tr("Tools of conversations, folders and presets")
        listed_tools = _shorten(", ".join(sorted(new_tools)))
        # Only tools that the current library does not have count, so "none" is the current value.
        changes.append(
            SettingChange("", TOOLS_OF_PARTS, label, current=_none(), restored=listed_tools)
        )
    for collection_id, paths in sorted(restored.collections.items()):
        current_paths = current.collections.get(collection_id, CollectionPaths())
        label = tr("Collection “{name}”, folder", name=_shorten(paths.name))
        old_folder = _shorten(current_paths.folder) or _none()
        changes += [
            SettingChange(
                profile_id="",
                key="",
                label=label,
                current=old_folder,
                restored=_shorten(folder),
                collection_id=collection_id,
            )
            for folder in _new_folders(current_paths, paths)
        ]
    return tuple(changes)


def _new_folders(current: CollectionPaths, restored: CollectionPaths) -> list[str]:
    """Return the folders with files that only the restored collection reads.

    Subfolders of other folders in the list are left out.
    """
    folders = {
        os.path.normpath(Path(path).parent) for path in restored.files if not current.contains(path)
    }
    if restored.folder and not current.contains(restored.folder):
        folders.add(os.path.normpath(restored.folder))
    outer_folders: list[str] = []
    # In this order, the subfolders of a folder follow it directly.
    for folder in sorted(folders, key=lambda path: Path(path).parts):
        if not outer_folders or not _is_in(folder, outer_folders[-1]):
            outer_folders.append(folder)
    return outer_folders


def _is_in(path: str, folder: str) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))


def write_current_values(
    connection: sqlite3.Connection, current: OutboundSettings, unconfirmed: Iterable[SettingChange]
) -> None:
    """Write the current values of unconfirmed settings into a restored store.

    Also forget what the current store does not have: paths of attached files, paths of unread files
    of batch jobs, and tools that run without asking. Always forget the settings of the unsent
    message, and the files of a batch job that is not created yet.

    Args:
        connection: that of the restored store, within a transaction.
    """
    for profile_id in {change.profile_id for change in unconfirmed if change.profile_id}:
        body = current.profile_bodies.get(profile_id)
        if body is None and profile_id in current.profiles:  # built in and unchanged
            connection.execute("DELETE FROM profiles WHERE id = ?", (profile_id,))
            continue
        if body is None:  # a new provider
            body = _without_address(connection, profile_id)
        sql = """INSERT INTO profiles VALUES (?, (SELECT coalesce(max(position), 0) + 1
            FROM profiles), ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"""
        connection.execute(sql, (profile_id, body))
    for collection_id in {change.collection_id for change in unconfirmed if change.collection_id}:
        paths = current.collections.get(collection_id, CollectionPaths())
        _unlink_files(connection, collection_id, paths)
    _forget_paths(connection, current.paths)
    _forget_tools(connection, current.tools)
    for key in {change.key for change in unconfirmed if change.key and not change.profile_id}:
        connection.execute("DELETE FROM settings WHERE key = ?", (key,))
        if key in current.settings:
            row = (key, json.dumps(current.settings[key]))
            connection.execute("INSERT INTO settings VALUES (?, ?)", row)
        if key == _DEFAULT_PRESET:
            _write_default_preset(connection, current)


def _write_default_preset(connection: sqlite3.Connection, current: OutboundSettings) -> None:
    """Replace the preset that has the id of the current default preset by the current one."""
    preset_id = current.settings.get(_DEFAULT_PRESET, "")
    connection.execute("DELETE FROM presets WHERE id = ?", (preset_id,))
    if current.default_preset is not None:
        insert_rows(connection, "presets", [current.default_preset])


def _unlink_files(
    connection: sqlite3.Connection, collection_id: str, current: CollectionPaths
) -> None:
    """Give a collection its current folder, and unlink the files that it does not have now."""
    sql = "UPDATE collections SET folder = ? WHERE id = ?"
    connection.execute(sql, (current.folder, collection_id))
    sql = "SELECT id, path FROM collection_files WHERE collection_id = ?"
    rows = connection.execute(sql, (collection_id,)).fetchall()
    new_ids = [(row["id"],) for row in rows if not current.contains(row["path"])]
    # A file without a text has no passages that could be lost.
    sql = "DELETE FROM collection_files WHERE id = ? AND sha256 IS NULL"
    connection.executemany(sql, new_ids)
    sql = f"""UPDATE OR REPLACE collection_files SET path = '{UNLINKED_PREFIX}' || path
        WHERE id = ? AND path NOT LIKE '{UNLINKED_PREFIX}%'"""  # noqa: S608 - our own text
    connection.executemany(sql, new_ids)


def _forget_paths(connection: sqlite3.Connection, current_paths: frozenset[str]) -> None:
    origins = connection.execute("SELECT sha256, path FROM attachment_origins").fetchall()
    connection.executemany(
        "DELETE FROM attachment_origins WHERE sha256 = ?",
        [(row["sha256"],) for row in origins if row["path"] not in current_paths],
    )
    sql = "SELECT id, path FROM batch_items WHERE path <> '' AND sha256 IS NULL"
    items = connection.execute(sql).fetchall()
    connection.executemany(
        f"UPDATE batch_items SET path = '{UNLINKED_PREFIX}' || path WHERE id = ?",  # noqa: S608
        [(row["id"],) for row in items if row["path"] not in current_paths],
    )
    # The files of a batch job that is not created yet.
    connection.execute(
        """UPDATE settings SET value = json_remove(value, '$."batch-jobs".files')
        WHERE key = 'window.forms'"""
    )


def _forget_tools(connection: sqlite3.Connection, current: Mapping[str, frozenset[str]]) -> None:
    for table, part_id, overrides in list(_parts_with_tools(connection)):
        current_tools = current.get(part_id, frozenset())
        overrides["tools"] = [
            name
            for name in overrides["tools"]
            if name in current_tools or not runs_without_asking(name)
        ]
        sql = f"UPDATE {table} SET overrides = ? WHERE id = ?"  # noqa: S608 - our own text
        connection.execute(sql, (json.dumps(overrides), part_id))
    connection.execute(
        """UPDATE settings SET value = json_remove(value, '$.overrides', '$.preset')
        WHERE key = 'window.new_draft'"""
    )


def _without_address(connection: sqlite3.Connection, profile_id: str) -> str:
    """Return a stored profile as JSON, with defaults for all fields of `_fields` but its kind."""
    sql = "SELECT id, body FROM profiles WHERE id = ?"
    stored = profile_from_row(connection.execute(sql, (profile_id,)).fetchone())
    default = ProviderProfile(stored.id, stored.name, stored.kind)
    outbound = {key: getattr(default, key) for key in _fields(default)}
    return profile_to_text(replace(stored, **outbound))


class _Field(NamedTuple):
    """A field of a profile: its label, its value, and the value as shown to the user."""

    label: str
    value: Any
    text: str


def _fields(profile: ProviderProfile) -> dict[str, _Field]:
    """Return the fields of a profile that decide where data goes and what may be spent."""
    hosts = profile.plain_http_hosts
    cap = profile.monthly_cap
    multiplier = profile.price_multiplier
    prices = tuple(_prices(model) for model in profile.own_models if model.price is not None)
    return {
        # The name tells the user where a question goes.
        "name": _Field(tr("Name"), profile.name, profile.name),
        "kind": _Field(tr("Type"), profile.kind, profile.kind.value),
        "base_url": _base_url(profile.base_url),
        "proxy": _address(tr("Proxy"), profile.proxy, tr("Environment variables")),
        "ca_file": _Field(tr("Trusted certificates"), profile.ca_file, profile.ca_file or _none()),
        "plain_http_hosts": _Field(
            tr("Unencrypted connections allowed to"), hosts, ", ".join(hosts) or _none()
        ),
        "keeps_at_provider": _flag(
            tr("Allow provider to store conversations"), profile.keeps_at_provider
        ),
        "takes_files": _flag(tr("Accepts file uploads"), profile.takes_files),
        "offers_batches": _flag(tr("Supports Batch API"), profile.offers_batches),
        "key_header": _Field(
            tr("API key header"), profile.key_header, profile.key_header or "Authorization"
        ),
        "custom_fields": _Field(
            tr("Headers and query parameters"), profile.custom_fields, _custom_fields(profile)
        ),
        "monthly_cap": _Field(
            tr("Monthly limit"), cap, tr("No limit") if cap is None else formatting.money(cap)
        ),
        "own_models": _Field(tr("Prices of models"), prices, ", ".join(prices) or _none()),
        "price_multiplier": _Field(
            tr("Price (percent of list price)"), multiplier, f"{(100 * multiplier).normalize():f} %"
        ),
    }


def _prices(model: OwnModel) -> str:
    """Return a model's prices for input, for cached input if it has its own, and for output."""
    prices = (model.input_price, model.cached_price, model.output_price)
    texts = [f"${price:f}" for price in prices if price is not None]
    return f"{model.id}: {' / '.join(texts)}"


def _flag(label: str, value: bool | None) -> _Field:
    return _Field(label, value, tr("Default") if value is None else yes_no(value))


def _custom_fields(profile: ProviderProfile) -> str:
    """Return the names of the custom fields, with their values unless they are secret."""
    secret = tr("(secret)")
    texts = (
        f"{'?' if f.in_query else ''}{f.name}: {secret if f.is_secret else f.value}"
        for f in profile.custom_fields
    )
    return ", ".join(texts) or _none()


def _base_url(text: str) -> _Field:
    """Return the field of a base URL, by origin and path: a path may name a customer."""
    origin_field = _address(tr("Base URL"), text, _none())
    if not origin(text):  # empty or invalid: there is no path
        return origin_field
    url_without_login, *_ = split_credentials(text)
    path = split_url(url_without_login).path.rstrip("/")
    return origin_field._replace(value=origin_field.value + path, text=origin_field.text + path)


def _address(label: str, text: str, if_none: str) -> _Field:
    """Return the field of an address, by its origin: the login is secret."""
    if not text:
        return _Field(label, "", if_none)
    if text == DIRECT:
        return _Field(label, text, tr("No proxy"))
    address_origin = origin(text)
    return _Field(label, address_origin or text, address_origin or tr("invalid URL"))


def _text_of_preset(row: Row | None) -> str:
    """Return the columns of a preset that decide what is sent where."""
    if row is None:
        return _none()
    texts = (str(row[name]) for name in _PRESET_COLUMNS if row[name])
    return " · ".join(texts) or _none()


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return yes_no(value)
    if value is None:
        return _none()
    return str(value).strip() or _none()


def _none() -> str:
    return tr_context("value", "none")


def _shown_pair(current: str, restored: str) -> tuple[str, str]:
    """Return both texts shortened, with a remark if the shortened texts are equal."""
    current_text = _shorten(current)
    restored_text = _shorten(restored)
    if restored_text == current_text:
        restored_text = tr("{text} (differs later on)", text=restored_text)
    return current_text, restored_text


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SHOWN_CHARS else f"{line[:_MAX_SHOWN_CHARS]}…"
