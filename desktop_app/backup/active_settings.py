"""Settings of a backup that name hosts, commands and paths, and so become active by a restore.

The author of a forged backup would gain the user's questions, or a command that runs here. The user
is therefore shown these settings before anything changes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import StorageError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.network.network_address import split_credentials, split_url
from desktop_app.domain.network.origin import origin
from desktop_app.domain.stored_table import Effect
from desktop_app.domain.tools.tool import runs_without_asking
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_context, yes_no
from desktop_app.library.store_file import connect_unchanged
from desktop_app.providers.jobs.batch_jobs import file_at
from desktop_app.settings.schema import label_of, setting
from desktop_app.settings.settings_store import profile_from_row
from desktop_app.storage.schema import stored_version
from desktop_app.storage.storage_errors import UNREADABLE, damaged_error
from desktop_app.storage.stored_tables import stored_tables
from desktop_app.storage.value_effects import effect_of

_TABLES_WITH_TOOLS: Final = ("conversations", "folders", "prompts", "presets")
"""Those whose rows have settings; one of an earlier version also has presets."""
_MAX_SHOWN_CHARS: Final = 500  # a host has at most 253, and its end says whose it is


class _Active(NamedTuple):
    """A setting's label, its value, and the value if the store did not set it."""

    label: str
    value: str
    default: str


ActiveSettings = dict[tuple[str, str], _Active]
"""The settings of a store by the id of their owner and their name."""


def active_settings(
    connection: sqlite3.Connection | None, built_in: Iterable[ProviderProfile]
) -> ActiveSettings:
    """Return the settings of a store that a restore lists; None is an empty store.

    Raises:
        sqlite3.Error, StoreDamagedError: the store is damaged.
    """
    profiles = {profile.id: profile for profile in built_in}
    values: ActiveSettings = {}
    for row in _rows(connection, "SELECT * FROM profiles"):
        try:
            profiles[row["id"]] = profile_from_row(row)
        except BAD_VALUE as exc:
            raise damaged_error("backup", f"profile: {type(exc).__name__}") from exc
    for profile in profiles.values():
        defaults = _fields(ProviderProfile(profile.id, profile.name, profile.kind))
        for label, value in _fields(profile).items():
            name = f"{_shorten(profile.name)} ({_shorten(profile.id)}), {label}"
            values[profile.id, label] = _Active(name, value, defaults[label])
    for row in _rows(connection, "SELECT * FROM settings"):
        if effect_of(key := row["key"]) in (Effect.LISTED, Effect.PLACE):
            default = str(setting(key).default or _none())
            text = str(_read_json(row["value"]) or _none())
            values["settings", key] = _Active(tr(label_of(key)), text, default)
    for row in _rows(connection, "SELECT * FROM tool_servers"):
        label = tr("Tool server “{name}”", name=_shorten(row["name"]))
        values["tools", row["name"]] = _Active(label, _command(row["definition"]), _none())
    tools: set[str] = set()
    columns = "SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
    stored = {row[0] for row in _rows(connection, f"{columns} WHERE c.name = 'overrides'")}
    for table in stored.intersection(_TABLES_WITH_TOOLS):
        sql = f"""SELECT overrides FROM {table} WHERE overrides LIKE '%"tools"%'"""  # noqa: S608
        for row in _rows(connection, sql):
            overrides = _read_json(row["overrides"])
            names = overrides.get("tools") if isinstance(overrides, dict) else None
            tools.update(filter(runs_without_asking, names if isinstance(names, list) else ()))
    label = tr("Tools of conversations, projects and prompts")
    values["tools", ""] = _Active(label, ", ".join(sorted(tools)) or _none(), _none())
    for row in _rows(connection, "SELECT id, title, file FROM texts WHERE file <> ''"):
        label = tr("File of text “{name}”", name=_shorten(row["title"]))
        values["texts", row["id"]] = _Active(label, row["file"], _none())
    label = tr("Folder of attached files")
    for row in _rows(connection, "SELECT path FROM attachment_origins"):
        folder = str(file_at(row["path"]).parent)
        values["attachments", folder] = _Active(label, folder, _none())
    tables: dict[tuple[str, str], set[str]] = {}
    sql = "SELECT t.id, t.name, r.paths FROM table_rows AS r JOIN tables AS t ON t.id = r.table_id"
    for row in _rows(connection, f"{sql} WHERE r.paths <> '[]'"):
        paths = _read_json(row["paths"])
        folders = {str(file_at(str(path)).parent) for path in paths or ()}
        tables.setdefault((row["id"], row["name"]), set()).update(folders)
    for (id_, name), folders in tables.items():
        label = tr("Table “{name}”, folder", name=_shorten(name))
        values["tables", id_] = _Active(label, ", ".join(sorted(folders)), _none())
    # A store of an earlier version has collections with names of their own.
    projects = {
        each.get("collection_id"): each["name"]
        for each in map(dict, _rows(connection, "SELECT * FROM folders"))
    }
    for collection in map(dict, _rows(connection, "SELECT * FROM collections")):
        sql = "SELECT path FROM collection_files WHERE collection_id = ?"
        paths = {str(Path(path).parent) for (path,) in _rows(connection, sql, collection["id"])}
        name = projects.get(collection["id"]) or collection.get("name", "")
        label = tr("Project “{name}”, folder", name=_shorten(name))
        text = ", ".join(sorted(path for path in {collection["folder"], *paths} if path))
        values["collections", collection["id"]] = _Active(label, text or _none(), _none())
    return values


def current_settings(database: Path, built_in: Iterable[ProviderProfile]) -> ActiveSettings:
    """Return the settings of the current store; those of an empty one if it cannot be read.

    The caller has the store's lock.
    """
    with suppress(*UNREADABLE, StorageError), closing(connect_unchanged(database)) as connection:
        if stored_version(connection, database):
            return active_settings(connection, built_in)
    return active_settings(None, built_in)


def find_changes(current: ActiveSettings, restored: ActiveSettings) -> list[str]:
    """Return the settings that would become active, each as a line for the user."""
    changes = []
    for key, active in restored.items():
        known = current.get(key)
        before = active.default if known is None else known.value
        if active.value != before:
            shown = _shorten(active.value)
            if shown == _shorten(before):
                shown = tr("{text} (differs later on)", text=shown)
            changes.append(f"{active.label}: {_shorten(before)} → {shown}")
    return changes


def _rows(connection: sqlite3.Connection | None, sql: str, *values: str) -> list[sqlite3.Row]:
    return [] if connection is None else connection.execute(sql, values).fetchall()


def _fields(profile: ProviderProfile) -> dict[str, str]:
    """Return what a restore lists of a provider, by its label: see the effects of its fields."""
    body = stored_tables()["profiles"].values["body"]
    listed = {}
    for name in (*body.fields_of(Effect.LISTED), *body.fields_of(Effect.PLACE)):
        label, text = _PROFILE_TEXTS[name]
        listed[tr(label)] = text(getattr(profile, name)) or _none()
    return listed


def _address(base_url: str) -> str:
    address, *_ = split_credentials(base_url)
    path = split_url(address).path.rstrip("/") if origin(address) else ""
    return (origin(address) or address or _none()) + path


def _models(models: Iterable[ModelFacts]) -> str:
    """Return the prices and limits of models that the user has entered."""
    shown = []
    for model in models:
        facts = [
            f"{tr(_FACTS[name])} {value}" for name, value in model.known.items() if name in _FACTS
        ]
        shown += [f"{model.id} ({', '.join(facts)})"] if facts else []
    return "; ".join(shown)


def _yes_no(value: bool | None) -> str:
    return "" if value is None else yes_no(value)


def _proxy(text: str) -> str:
    if not text:
        return tr("Environment variables")
    return tr("No proxy") if text == DIRECT else origin(text) or tr("invalid URL")


def _command(definition: str) -> str:
    """Return the command or the address of a tool server, with its folder and variables."""
    fields = _read_json(definition)
    return str(fields["url"]) if isinstance(fields, dict) and fields.get("url") else definition


_PROFILE_TEXTS: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "kind": (N_("Kind"), str),
    "base_url": (N_("Base URL"), _address),
    "price_multiplier": (N_("Price (percent of list price)"), lambda share: f"{100 * share:f}"),
    "keeps_at_provider": (N_("Allow provider to store conversations"), _yes_no),
    "offers_batches": (N_("Supports Batch API"), _yes_no),
    "takes_files": (N_("Accepts file uploads"), _yes_no),
    "own_models": (N_("Models"), _models),
    "proxy": (N_("Proxy"), _proxy),
    "ca_file": (N_("Trusted certificates"), str),
    "plain_http_hosts": (N_("Unencrypted connections allowed to"), ", ".join),
    "key_header": (N_("API key header"), lambda name: name or "Authorization"),
    "custom_fields": (
        N_("Headers and query parameters"),
        lambda fields: ", ".join(f"{field.name}: {field.value}" for field in fields),
    ),
    "monthly_cap": (
        N_("Monthly limit"),
        lambda cap: tr("No limit") if cap is None else formatting.money(cap),
    ),
}
_FACTS: Final = {
    "input_price": N_("Input price"),
    "cached_price": N_("Cached input price"),
    "write_price": N_("Cache write price"),
    "output_price": N_("Output price"),
    "audio_price": N_("Audio input price"),
    "long_price": N_("Price of long prompts"),
    "window": N_("Context window"),
    "max_output": N_("Output limit"),
}


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _none() -> str:
    return tr_context("value", "none")


def _shorten(text: str) -> str:
    return shorten(" ".join(text.split()), _MAX_SHOWN_CHARS)
