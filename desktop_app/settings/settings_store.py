"""The user's settings, and the profiles of providers. Never an API key: see credentials/.

Only values that differ from their defaults are stored. settings/schema.py defines the settings that
users change, stored_values.py what other keys have, such as "window.state".
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import replace
from typing import Any, Final

import msgspec

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.network.network_address import split_credentials, split_proxy_password
from desktop_app.settings.stored_values import read_values
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import Cells, read_rows, to_json

# The prefix "store." makes "Delete everything" remove the secret: see recovery/erasure.py.
_SECRET_SETTING: Final = "store.secret"


class SettingsStore:
    """Settings by key, profiles in the order they were added. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, Any]:
        """Return the stored values by key, except wrong ones and the store's own ("store.…")."""
        return await self._database.read(_read_settings)

    async def set(self, key: str, value: Any) -> None:
        """Save a JSON-ready value. Its key has an effect in `storage/value_effects`."""
        sql = "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        await self._database.execute(sql, key, to_json(value))

    async def remove(self, key: str) -> None:
        """Delete a value, so that the default applies."""
        await self._database.execute("DELETE FROM settings WHERE key = ?", key)

    async def secret(self) -> bytes:
        """Return the secret of this store: random bytes, made on first use."""
        secret = await self._database.read(_read_secret)
        if not secret:
            secret = await self._database.write(_make_secret)
        return secret

    async def profiles(self) -> list[ProviderProfile]:
        """Return the stored profiles, in the order they were added."""
        sql = "SELECT id, body FROM profiles ORDER BY position"
        return await read_rows(self._database, profile_from_row, sql)

    async def save_profile(self, profile: ProviderProfile) -> None:
        """Add a profile, or replace the one with its id.

        Raises:
            ValueError: the profile was made from environment variables, for this run only.
        """
        if profile.from_environment:
            raise ValueError("a profile from the environment is not stored")
        body = profile_to_text(_without_passwords(profile))
        sql = """INSERT INTO profiles (id, position, body)
            VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM profiles), ?)
            ON CONFLICT (id) DO UPDATE SET body = excluded.body"""
        await self._database.execute(sql, profile.id, body)

    async def remove_profile(self, profile_id: str) -> None:
        """Delete a profile. The caller removes its key from the vault first."""
        await self._database.execute("DELETE FROM profiles WHERE id = ?", profile_id)

    async def key_origin(self, name: str) -> str | None:
        """Return the origin recorded for a secret in the keyring, None if there is no such secret.

        The origin may be "", which means unknown, if the store was restored.
        """
        sql = "SELECT origin FROM keys_in_keyring WHERE profile_id = ?"
        row = await self._database.row(sql, name)
        return None if row is None else str(row["origin"])

    async def record_key_origin(self, name: str, origin: str | None) -> None:
        """Record the origin of a secret in the keyring; None if there is no such secret."""
        if origin is None:
            await self._database.execute("DELETE FROM keys_in_keyring WHERE profile_id = ?", name)
            return
        sql = """INSERT INTO keys_in_keyring (profile_id, origin) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET origin = excluded.origin"""
        await self._database.execute(sql, name, origin)


def _read_settings(connection: sqlite3.Connection) -> dict[str, Any]:
    rows = connection.execute("SELECT key, value FROM settings WHERE key NOT LIKE 'store.%'")
    return read_values((row["key"], row["value"]) for row in rows)


def _read_secret(connection: sqlite3.Connection) -> bytes:
    """Return the secret; b"" if there is none yet."""
    sql = "SELECT value FROM settings WHERE key = ?"
    row = connection.execute(sql, (_SECRET_SETTING,)).fetchone()
    return b"" if row is None else str(row["value"]).encode()


def _make_secret(connection: sqlite3.Connection) -> bytes:
    """Create the secret, unless another process has done so meanwhile."""
    secret = to_json(os.urandom(32).hex())
    connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (_SECRET_SETTING, secret))
    return _read_secret(connection)


def profile_to_text(profile: ProviderProfile) -> str:
    """Return a profile as the column's text."""
    fields = msgspec.to_builtins(profile)
    # The id has a column of its own. The others describe this run of the program.
    for name in ("id", "from_environment", "unusable_variable", "shares_cap_with"):
        del fields[name]
    return to_json(fields)


def value_from_row(row: Cells) -> object:
    """Return the value in a row of `settings`."""
    return json.loads(row["value"])


def profile_from_row(row: Cells) -> ProviderProfile:
    fields = {**json.loads(row["body"]), "id": row["id"]}
    return _without_passwords(msgspec.convert(fields, ProviderProfile))


def _without_passwords(profile: ProviderProfile) -> ProviderProfile:
    """Return a profile without secrets: passwords in addresses, values of secret fields."""
    base_url, _ = split_credentials(profile.base_url)
    proxy, _ = split_proxy_password(profile.proxy)
    custom_fields = tuple(
        replace(field, value="") if field.is_secret else field for field in profile.custom_fields
    )
    return replace(profile, base_url=base_url, proxy=proxy, custom_fields=custom_fields)
