"""Settings that decide where data goes, what leaves this computer, and what may be spent.

These outbound settings are hosts, proxies, certificates, model files, permissions, and content that
is added to every request. Limits, prices and settings that raise the cost of answers belong to
them, too, and the number of backups to keep.

A restore compares the backup's settings with the current ones, and lists the differences.
Unconfirmed changes are dropped. An existing provider keeps its own settings. A new provider gets no
address, so that nothing is sent to it until the user enters one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.models.own_model import OwnModel
from desktop_app.domain.network.network_address import bare_address, split_url
from desktop_app.domain.network.origin import origin
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.storage.settings.settings_store import profile_from_row, profile_to_text

_LONGEST_SHOWN: Final = 200

# By key of the setting: its label in the window, and its default.
SETTINGS: Final[Mapping[str, tuple[str, Any]]] = {
    "default.provider": (N_("Default provider"), ""),
    "default.preset": (N_("Default preset"), ""),
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


@dataclass(frozen=True)
class SettingChange:
    """A setting that the backup would change.

    Attributes:
        profile_id: the provider that it belongs to, "" for none.
        key: the setting's key, or the profile's field.
        label: the provider and the setting, as shown to the user.
        current, restored: the current value and the backup's, as shown to the user.
    """

    profile_id: str
    key: str
    label: str
    current: str
    restored: str

    @property
    def sentence(self) -> str:
        """Return one line for the list of changes."""
        return f"{self.label}: {self.current} → {self.restored}"


@dataclass(frozen=True)
class OutboundSettings:
    """The outbound settings of one store.

    Attributes:
        profiles: the profiles in effect by id, including built-in ones.
        stored: the JSON of the store's own profiles, by id.
        settings: the values that differ from their defaults, by key.
    """

    profiles: Mapping[str, ProviderProfile]
    stored: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

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
    stored, settings = {}, {}
    for row in connection.execute("SELECT id, body FROM profiles"):
        with suppress(*BAD_VALUE):
            profiles[row["id"]] = profile_from_row(row)
            stored[row["id"]] = row["body"]
    for row in connection.execute("SELECT key, value FROM settings"):
        if row["key"] in SETTINGS:
            with suppress(*BAD_VALUE):
                settings[row["key"]] = json.loads(row["value"])
    return OutboundSettings(profiles, stored, settings)


def find_changes(
    current: OutboundSettings, restored: OutboundSettings
) -> tuple[SettingChange, ...]:
    """Return the settings that would change: first by provider, then the general settings."""
    changes = []
    for profile_id, profile in sorted(restored.profiles.items()):
        known = current.profiles.get(profile_id)
        # A new provider is compared with a profile that has no address.
        old_fields = _fields(known or ProviderProfile(profile_id, profile.name, profile.kind))
        for key, new_field in _fields(profile).items():
            if new_field.value != old_fields[key].value:
                label = f"{_short(profile.name)} ({_short(profile_id)}), {new_field.label}"
                texts = _short(old_fields[key].text), _short(new_field.text)
                changes.append(SettingChange(profile_id, key, label, *texts))
    for key, (name, default) in SETTINGS.items():
        old, new = (side.settings.get(key, default) for side in (current, restored))
        if old != new:
            text = _text_of(new)
            if text == _text_of(old):  # both are cut, and have the same beginning
                text = tr("{text} (differs later on)", text=text)
            changes.append(SettingChange("", key, tr(name), _text_of(old), text))
    return tuple(changes)


def keep_current(
    connection: sqlite3.Connection, current: OutboundSettings, unconfirmed: Iterable[SettingChange]
) -> None:
    """Write the current values of unconfirmed settings into a restored store.

    Args:
        connection: that of the restored store, within a transaction.
    """
    for profile_id in {change.profile_id for change in unconfirmed if change.profile_id}:
        body = current.stored.get(profile_id)
        if profile_id in current.profiles and body is None:  # built in and unchanged
            connection.execute("DELETE FROM profiles WHERE id = ?", (profile_id,))
            continue
        body = body or _without_address(connection, profile_id)
        sql = """INSERT INTO profiles VALUES (?, (SELECT coalesce(max(position), 0) + 1
            FROM profiles), ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"""
        connection.execute(sql, (profile_id, body))
    for key in {change.key for change in unconfirmed if not change.profile_id}:
        connection.execute("DELETE FROM settings WHERE key = ?", (key,))
        if key in current.settings:
            row = (key, json.dumps(current.settings[key]))
            connection.execute("INSERT INTO settings VALUES (?, ?)", row)


def _without_address(connection: sqlite3.Connection, profile_id: str) -> str:
    """Return a stored profile as JSON: its kind, but defaults for the other fields of `_fields`."""
    sql = "SELECT id, body FROM profiles WHERE id = ?"
    found = profile_from_row(connection.execute(sql, (profile_id,)).fetchone())
    default = ProviderProfile(found.id, found.name, found.kind)
    outbound = {key: getattr(default, key) for key in _fields(default)}
    return profile_to_text(replace(found, **outbound))


class _Field(NamedTuple):
    """A field of a profile: its label, its value, and the value as shown to the user."""

    label: str
    value: Any
    text: str


def _fields(profile: ProviderProfile) -> dict[str, _Field]:
    """Return the fields of a profile that decide where data goes and what it may cost, by name."""
    hosts = profile.plain_http_hosts
    cap, share = profile.monthly_cap, profile.price_multiplier
    prices = tuple(_prices(model) for model in profile.own_models if model.price is not None)
    return {
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
            tr("Price (percent of list price)"), share, f"{(100 * share).normalize():f} %"
        ),
    }


def _prices(model: OwnModel) -> str:
    """Return a model's prices for input, for cached input if it has its own, and for output."""
    amounts = (model.input_price, model.cached_price, model.output_price)
    return f"{model.id}: {' / '.join(f'${each:f}' for each in amounts if each is not None)}"


def _flag(label: str, value: bool | None) -> _Field:
    return _Field(label, value, tr("Default") if value is None else _yes_no(value))


def _custom_fields(profile: ProviderProfile) -> str:
    """Return the names of the custom fields, with their values unless they are secret."""
    secret = tr("(secret)")
    texts = (
        f"{'?' if f.in_query else ''}{f.name}: {secret if f.is_secret else f.value}"
        for f in profile.custom_fields
    )
    return ", ".join(texts) or _none()


def _base_url(text: str) -> _Field:
    """Return the field of a base URL, by origin and path: a gateway names its customer there."""
    at_origin = _address(tr("Base URL"), text, _none())
    path = split_url(bare_address(text)[0]).path.rstrip("/") if origin(text) else ""
    return at_origin._replace(value=at_origin.value + path, text=at_origin.text + path)


def _address(label: str, text: str, if_none: str) -> _Field:
    """Return the field of an address, by its origin: the login is secret."""
    if not text:
        return _Field(label, "", if_none)
    if text == DIRECT:
        return _Field(label, text, tr("No proxy"))
    address_origin = origin(text)
    return _Field(label, address_origin or text, address_origin or tr("invalid URL"))


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return _yes_no(value)
    return _none() if value is None else _short(str(value)) or _none()


def _none() -> str:
    return tr_context("value", "none")


def _yes_no(value: bool) -> str:
    return tr_context("value", "yes") if value else tr_context("value", "no")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"
