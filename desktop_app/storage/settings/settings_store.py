"""What the person has set, and the profiles of providers. Never a key: those are in credentials/.

Only what differs from its default is here; settings/schema.py says what there is.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Final

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network_path import bare_address, bare_proxy
from desktop_app.domain.secret import Secret
from desktop_app.storage.conversations.row_conversion import Cells, read_row, to_json
from desktop_app.storage.database.database import Database
from desktop_app.storage.settings.address_secrets import secrets_in_profiles, strip_profiles

# "Delete everything" removes what begins with "store.".
_SECRET: Final = "store.secret"


class SettingsStore:
    """Settings by key, profiles in the order they were added. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, Any]:
        """Every value that was set."""
        return await self._database.read(_read_settings)

    async def set(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold."""
        sql = "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        text = to_json(value)
        await self._database.write(lambda c: c.execute(sql, (key, text)))

    async def remove(self, key: str) -> None:
        """Go back to the default."""
        await self._database.write(
            lambda c: c.execute("DELETE FROM settings WHERE key = ?", (key,))
        )

    async def secret(self) -> bytes:
        """Random bytes of this store's own, made when they are first asked for."""
        return await self._database.read(_read_secret) or await self._database.write(_make_secret)

    async def profiles(self) -> list[ProviderProfile]:
        """The stored profiles, in the order they were added."""
        return await self._database.read(_read_profiles)

    async def save_profile(self, profile: ProviderProfile) -> None:
        """Add a profile, or change the one of its id.

        Raises:
            ValueError: it was made from environment variables, for this run only.
        """
        if profile.from_environment:
            raise ValueError("a profile from the environment is not stored")
        body = profile_to_text(_without_passwords(profile))
        sql = """INSERT INTO profiles (id, position, body)
            VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM profiles), ?)
            ON CONFLICT (id) DO UPDATE SET body = excluded.body"""
        await self._database.write(lambda c: c.execute(sql, (profile.id, body)))

    async def secrets_in_addresses(self) -> list[tuple[str, Secret]]:
        """Return passwords within addresses of stored profiles, by their names in the keyring."""
        return await self._database.read(secrets_in_profiles)

    async def forget_secrets_in_addresses(self) -> None:
        """Take passwords out of the addresses of stored profiles, and out of the files."""
        await self._database.write(strip_profiles)
        await self._database.fold_log_in()

    async def remove_profile(self, profile_id: str) -> None:
        """Forget a profile. Its key is the vault's to remove, before this."""
        sql = "DELETE FROM profiles WHERE id = ?"
        await self._database.write(lambda c: c.execute(sql, (profile_id,)))

    async def key_origin(self, name: str) -> str | None:
        """Return the origin noted for a secret in the keyring, None if there is no such secret.

        The origin is "" if the store was restored or is of an older version: it is not known then.
        """
        sql = "SELECT origin FROM keys_in_keyring WHERE profile_id = ?"
        row = await self._database.read(lambda c: c.execute(sql, (name,)).fetchone())
        return None if row is None else str(row["origin"])

    async def note_key(self, name: str, origin: str | None) -> None:
        """Note that a secret is in the keyring for `origin`; None: it no longer is."""
        if origin is None:
            sql = "DELETE FROM keys_in_keyring WHERE profile_id = ?"
            await self._database.write(lambda c: c.execute(sql, (name,)))
            return
        sql = """INSERT INTO keys_in_keyring (profile_id, origin) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET origin = excluded.origin"""
        await self._database.write(lambda c: c.execute(sql, (name, origin)))


def _read_settings(connection: sqlite3.Connection) -> dict[str, Any]:
    rows = connection.execute("SELECT key AS id, key, value FROM settings")
    return {row["key"]: read_row(lambda r: json.loads(r["value"]), row) for row in rows}


def _read_secret(connection: sqlite3.Connection) -> bytes:
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (_SECRET,)).fetchone()
    return b"" if row is None else str(row["value"]).encode()


def _make_secret(connection: sqlite3.Connection) -> bytes:
    """Make the secret, unless another process has made one meanwhile."""
    made = to_json(os.urandom(32).hex())
    connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (_SECRET, made))
    return _read_secret(connection)


def _read_profiles(connection: sqlite3.Connection) -> list[ProviderProfile]:
    rows = connection.execute("SELECT id, body FROM profiles ORDER BY position")
    return [read_row(profile_from_row, row) for row in rows]


def profile_to_text(profile: ProviderProfile) -> str:
    """A profile as the column holds it."""
    fields = asdict(profile)
    del fields["id"], fields["from_environment"]
    fields["price_multiplier"] = str(profile.price_multiplier)
    if profile.monthly_cap is not None:
        fields["monthly_cap"] = str(profile.monthly_cap)
    return to_json(fields)


def profile_from_row(row: Cells) -> ProviderProfile:
    """A row of `profiles`."""
    fields = json.loads(row["body"])
    fields["kind"] = ProviderKind(fields["kind"])
    fields["api"] = None if fields["api"] is None else Api(fields["api"])
    for name in ("models", "plain_http_hosts"):  # the latter is not in older stores
        fields[name] = tuple(fields.get(name, ()))
    fields["price_multiplier"] = Decimal(fields["price_multiplier"])
    if fields.get("monthly_cap") is not None:
        fields["monthly_cap"] = Decimal(fields["monthly_cap"])
    return _without_passwords(ProviderProfile(id=row["id"], **fields))


def _without_passwords(profile: ProviderProfile) -> ProviderProfile:
    base_url, proxy = bare_address(profile.base_url)[0], bare_proxy(profile.proxy)[0]
    if (base_url, proxy) == (profile.base_url, profile.proxy):
        return profile
    return replace(profile, base_url=base_url, proxy=proxy)
