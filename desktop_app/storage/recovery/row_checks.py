"""Checks of untrusted rows of a store, table by table.

Repairs and restores copy rows, never a file: each row is read as the program reads it and checked
against the bounds of `domain/bounds.py`. A row with a bad value is dropped, unless the value is
dispensable.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import NoneType
from typing import Any, Final, get_args

from desktop_app.domain import bounds
from desktop_app.domain.answering.chat_request import KEY_HEADERS
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.error_json import error_from_json
from desktop_app.domain.conversations.message_parts import parts_from_json
from desktop_app.domain.documents.collections import FileStatus
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.domain.network.custom_fields import MAX_FIELDS
from desktop_app.domain.network.origin import origin
from desktop_app.storage.batch.batch_row_conversion import (
    ESTIMATE_AMOUNTS,
    item_from_row,
    job_from_row,
    upload_from_row,
)
from desktop_app.storage.conversations.compaction_store import compaction_from_row
from desktop_app.storage.conversations.row_conversion import (
    NO_USAGE,
    conversation_from_row,
    folder_from_row,
    from_micros,
    message_from_row,
)
from desktop_app.storage.documents.collection_store import collection_from_row, file_from_row
from desktop_app.storage.settings.model_listing_store import listing_from_row
from desktop_app.storage.settings.prompt_store import preset_from_row, prompt_from_row
from desktop_app.storage.settings.settings_store import profile_from_row
from desktop_app.storage.settings.token_rate_store import rates_from_row

Value = int | float | str | bytes | None
Values = dict[str, Any]
"""A row by column name."""

INDEX_TABLE_PREFIXES: Final = ("search_index", "passage_index", "sqlite_")
"""The names of the tables of an index, and of SQLite's own tables, begin with these."""

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (float, int),
    "BLOB": (bytes,),
}
# Texts without a limit on their length: the words of users and models, and JSON.
_UNLIMITED_TEXTS: Final = frozenset(
    {
        *("text", "parts", "draft", "overrides", "notices", "error", "remote_run", "body"),
        *("details", "task", "answer", "part", "value", "models", "windows", "problem", "rates"),
        "form",
    }
)
_MAX_SETTING_CHARS: Final = 4 << 20  # characters of JSON
_MAX_REFERENCE_CHARS: Final = 1000  # characters of an id of another row or of a provider
_MAX_VECTOR_BYTES: Final = 1 << 16
_REMOTE_ID: Final = re.compile(r"(?:[0-9A-Za-z][0-9A-Za-z_.:=+-]{0,999})?")


@dataclass(frozen=True)
class Column:
    """A column of a table of this version.

    Attributes:
        kind: its type in a STRICT table: a key of `_TYPES`.
        is_required: True if NULL is not allowed.
    """

    name: str
    kind: str
    is_required: bool
    default: Value


@dataclass(frozen=True)
class TableSchema:
    """A table of a store of this version.

    Attributes:
        alias: the index of the column that stands for the row id; None if there is none.
    """

    name: str
    columns: tuple[Column, ...]
    alias: int | None
    _accepted_types: set[tuple[type, ...]] = field(default_factory=set, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def has_types(self, row: tuple[Value, ...]) -> bool:
        """Return True if every value has the type of its column."""
        types = tuple(map(type, row))
        if types not in self._accepted_types:
            for value_type, column in zip(types, self.columns, strict=True):
                is_allowed_null = value_type is NoneType and not column.is_required
                if value_type not in _TYPES[column.kind] and not is_allowed_null:
                    return False
            self._accepted_types.add(types)  # there are few combinations of types
        return True

    def check_row(self, row: tuple[Value, ...]) -> tuple[Value, ...] | None:
        """Return the row, without its dispensable values if they are bad; None if it is invalid."""
        if not self.has_types(row):
            return None
        check = _CHECKS.get(self.name)
        values = dict(zip(self.names, row, strict=True))
        for replacements in ({}, *_DISPENSABLE.get(self.name, ())):
            candidate = {**values, **replacements}
            try:
                _require_bounds(candidate)
                if check is not None:
                    check(candidate)
            except bounds.BAD_VALUE:
                continue
            return tuple(candidate.values())
        return None


def tables_of(connection: sqlite3.Connection) -> dict[str, TableSchema]:
    """Return the tables of a store of this version, except those of indexes and of SQLite."""
    tables = {}
    sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
    for (name,) in connection.execute(sql).fetchall():
        if not name.startswith(INDEX_TABLE_PREFIXES):
            tables[name] = _table(connection, name)
    return tables


def _table(connection: sqlite3.Connection, name: str) -> TableSchema:
    columns, alias = [], None
    for index, info in enumerate(connection.execute(f"PRAGMA table_info({name})")):
        default = None if info["dflt_value"] is None else _literal(info["dflt_value"])
        if info["type"] == "INTEGER" and info["pk"] == 1:
            alias = index
        is_required = bool(info["notnull"]) or bool(info["pk"])
        columns.append(Column(info["name"], info["type"], is_required, default))
    return TableSchema(name, tuple(columns), alias)


def _literal(text: str) -> Value:
    return text.strip("'") if text.startswith("'") else int(text)


def checked_message(values: Values) -> Message:
    """Return the message in a row. Raises one of bounds.BAD_VALUE."""
    for name in ("id", "conversation_id"):
        _require_id(values[name])
    if values["parent_id"] is not None:
        _require_id(values["parent_id"])
    message = bounds.checked_message(message_from_row(values))
    if message.remote_run is not None:
        _require(_REMOTE_ID.fullmatch(message.remote_run.response_id))
    for name in ("provider_id", "model", "answered_by", "owner_started"):
        if values[name] is not None:
            bounds.checked_name(values[name])
    if values["owner_pid"] is not None:
        _require(0 <= values["owner_pid"] < 2**31)
    return message


def _require(condition: object) -> None:
    if not condition:
        raise ValueError("a value is out of bounds")


def _require_id(value: object) -> None:
    """Raise ValueError for an invalid id. Ids of older imports may be any short text."""
    _require(
        isinstance(value, str) and 0 < len(value) <= bounds.MAX_ID_CHARS and value.isprintable()
    )


# -------------------------------------------------------------- every column, by its name


def _require_bounds(values: Mapping[str, Value]) -> None:
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, str):
            _require_text(name, value)
        elif isinstance(value, int):
            _require_number(name, value)
        elif isinstance(value, float):
            _require(isfinite(value) and abs(value) <= bounds.MAX_COUNT)


def _require_text(name: str, value: str) -> None:
    if name == "id":
        _require_id(value)
    elif name == "sha256":
        _require(bounds.is_hash(value))
    elif name in ("cost", "held"):
        bounds.checked_money(value)
    elif name.endswith("_id"):
        _require(len(value) <= _MAX_REFERENCE_CHARS)
    elif name not in _UNLIMITED_TEXTS:
        bounds.checked_name(value)


def _require_number(name: str, value: int) -> None:
    if name == "at" or name.endswith("_at"):
        bounds.checked_time(from_micros(value))
    elif name == "position":
        _require(-(2**31) <= value < 2**31)
    elif name not in ("id", "modified", "rowid"):
        _require(0 <= value <= bounds.MAX_COUNT)


# -------------------------------------------------------------- whole rows


def _check_conversation(values: Values) -> None:
    conversation = conversation_from_row({**values, "streaming": 0})
    bounds.checked_name(conversation.title)
    bounds.checked_overrides(conversation.overrides)
    _require(isinstance(conversation.draft.text, str))
    bounds.checked_name(conversation.draft.template_id)
    for part in conversation.draft.attachments:
        bounds.checked_part(part)


def _check_job(values: Values) -> None:
    job = job_from_row(values)
    bounds.checked_fields(job.parameters)
    bounds.checked_fields(job.estimate)
    for name in ESTIMATE_AMOUNTS:
        amount = getattr(job.estimate, name)
        if amount is not None:
            bounds.checked_money(str(amount))
    _require(isinstance(job.instructions, str))
    bounds.checked_name(job.template_id)


def _check_upload(values: Values) -> None:
    upload = upload_from_row(values)
    for remote_id in (
        upload.input_file_id,
        upload.batch_id,
        upload.output_file_id,
        upload.error_file_id,
    ):
        _require(_REMOTE_ID.fullmatch(remote_id))


def _check_item(values: Values) -> None:
    item = item_from_row(values)
    bounds.checked_name(item.answered_by)
    if item.part is not None:
        bounds.checked_part(item.part)


def _check_profile(values: Values) -> None:
    profile = profile_from_row(values)
    bounds.checked_fields(profile)
    for text in (
        profile.name,
        profile.base_url,
        profile.proxy,
        profile.ca_file,
        profile.max_tokens_field,
    ):
        bounds.checked_name(text)
    for text in (*profile.models, *profile.plain_http_hosts):
        bounds.checked_name(text)
    _require(profile.key_header in KEY_HEADERS)
    _require(len(profile.custom_fields) <= MAX_FIELDS)
    for custom_field in map(bounds.checked_fields, profile.custom_fields):
        _require(
            custom_field.has_valid_name
            and (custom_field.is_secret or custom_field.accepts(custom_field.value))
        )
    for model in map(bounds.checked_fields, profile.own_models):
        bounds.checked_name(model.id)
    for amount in (profile.price_multiplier, profile.monthly_cap):
        if amount is not None:
            bounds.checked_money(str(amount))
    _require(not (profile.from_environment or profile.unusable_variable or profile.shares_cap_with))


def _check_listing(values: Values) -> None:
    for model in listing_from_row(values).models:
        bounds.checked_fields(model)
        bounds.checked_fields(model.details)
        bounds.checked_name(model.id)


def _check_vector(values: Values) -> None:
    # A vector of zeros has no direction, and the angle to it divides by its length.
    _require(len(values["vector"]) <= _MAX_VECTOR_BYTES and any(values["vector"]))


def _refuse(_values: Values) -> None:
    """Refuse a row that records a decision: only the user makes it, never a copied file.

    These are the rows of tool servers, permissions and unpriced models.
    """
    raise ValueError("a decision of another store")


_CHECKS: Final[Mapping[str, Callable[[Values], object]]] = {
    "messages": checked_message,
    "conversations": _check_conversation,
    "folders": lambda values: bounds.checked_overrides(folder_from_row(values).overrides),
    "collections": collection_from_row,
    "collection_files": lambda values: _require(
        file_from_row(values).status in get_args(FileStatus)
    ),
    "compactions": lambda values: bounds.checked_compaction(compaction_from_row(values)),
    "prompts": prompt_from_row,
    "presets": lambda values: bounds.checked_overrides(preset_from_row(values).overrides),
    "batch_jobs": _check_job,
    "batch_uploads": _check_upload,
    "batch_items": _check_item,
    "profiles": _check_profile,
    "model_listings": _check_listing,
    "token_rates": rates_from_row,
    "passages": lambda values: _require(values["start"] <= values["end"]),
    "passage_vectors": _check_vector,
    "tool_permissions": _refuse,
    "tool_servers": _refuse,
    # Without this check, a repair could take any row of two texts for a key.
    "keys_in_keyring": lambda values: _require(not values["origin"] or origin(values["origin"])),
    "settings": lambda values: _check_setting(values["key"], values["value"]),
}

# Values that replace dispensable ones, tried in this order.
_DISPENSABLE: Final[Mapping[str, tuple[Values, ...]]] = {
    "conversations": (
        {"draft": "", "overrides": ""},
        {"draft": "", "overrides": "", "title": "Untitled"},
    ),
    "passages": ({"title": "", "place": ""},),
    "messages": (
        {"remote_run": None},
        {
            **NO_USAGE,
            "remote_run": None,
            "cost": None,
            "duration_s": None,
            "error": None,
            "notices": "[]",
            "owner_pid": None,
            "owner_started": None,
        },
    ),
    "ledger": ({"cost": None},),
    "folders": ({"overrides": ""},),
    "batch_items": ({**NO_USAGE, "cost": None},),
}


# -------------------------------------------------------------- settings


def _check_setting(key: str, text: str) -> None:
    """Check a setting with a structured value; plain values are checked when they are used."""
    _require(len(text) <= _MAX_SETTING_CHARS)
    value = json.loads(text)
    for prefix, check in _SETTING_CHECKS.items():
        if key.startswith(prefix):
            check(value)
            return
    _require(value is None or isinstance(value, str | int | float))


def _check_scroll(value: Any) -> None:
    message_id, offset = value
    _require(isinstance(message_id, str) and type(offset) in (int, float) and isfinite(offset))


def _check_new_draft(value: Any) -> None:
    _require(isinstance(value["text"], str))
    bounds.checked_name(value.get("template_id", ""))
    for part in parts_from_json(value["attachments"]):
        bounds.checked_part(part)
    bounds.checked_overrides(Overrides.from_json(value.get("overrides", {})))
    _require(isinstance(value.get("preset"), str | None))


def _check_quick_draft(value: Any) -> None:
    _require(all(isinstance(value[name], str) for name in ("text", "brought", "clipboard")))
    bounds.checked_name(value["template_id"])
    for part in parts_from_json(value["attachments"]):
        bounds.checked_part(part)


def _check_flat(value: Any) -> None:
    _require(isinstance(value, dict))
    _require(all(item is None or isinstance(item, str | int) for item in value.values()))


def _check_backup(value: Any) -> None:
    _require(isinstance(value, dict))
    _check_flat({**value, "error": None})
    if value.get("error") is not None:
        error_from_json(value["error"])


def _check_window_state(value: Any) -> None:
    _require(isinstance(value, dict))
    _check_flat({**value, "geometries": None})
    geometries = value.get("geometries", {})
    _require(isinstance(geometries, dict))
    for geometry in (*geometries.values(), value.get("geometry") or ""):
        _check_geometry(geometry)


def _check_geometry(value: Any) -> None:
    """Check the Base64 of a window's geometry."""
    _require(isinstance(value, str) and value.isascii())


def _check_conversation_id(value: Any) -> None:
    """Check the id of the open conversation; "" for none."""
    if value != "":
        _require_id(value)


def _check_forms(value: Any) -> None:
    _require(isinstance(value, dict))
    for entries in value.values():
        _check_flat(entries)


def _check_refusals(value: Any) -> None:
    _require(isinstance(value["on"], str) and isinstance(value["refused"], list))
    _require(all(isinstance(name, str) for name in value["refused"]))


def _check_pairs(value: Any) -> None:
    _require(isinstance(value, list))
    _require(all(isinstance(text, str) for pair in value for text in pair))


def _check_names(value: Any) -> None:
    _require(isinstance(value, list) and all(isinstance(text, str) for text in value))


def _check_text(value: Any) -> None:
    _require(isinstance(value, str))


def _check_counts(value: Any) -> None:
    _require(isinstance(value, dict))
    _require(all(isinstance(count, int | float) and isfinite(count) for count in value.values()))


def _check_place(value: Any) -> None:
    _require(isinstance(value, list) and len(value) == 2)
    _require(all(isinstance(fraction, int | float) and isfinite(fraction) for fraction in value))


_SETTING_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "list.pinned_order": _check_names,
    "models.favorites": _check_pairs,
    "palette.uses": _check_counts,
    "presets.hidden": _check_names,
    "spending.unpriced.": _refuse,
    "window.state": _check_window_state,
    "window.forms": _check_forms,
    "window.scroll": _check_scroll,
    "window.new_draft": _check_new_draft,
    "window.quick_draft": _check_quick_draft,
    "window.conversation": _check_conversation_id,
    "window.quick_place": _check_place,
    "window.help": _check_geometry,
    "window.unread": _check_names,
    "desktop.paste_token": _check_text,
    "backup.last": _check_backup,
    "learnt.api.": Api,
    "learnt.refusals.": _check_refusals,
    "learnt.server.": ServerKind,
    "local_model.weights": _check_text,
}
