"""Removes users and passwords from the addresses in a store.

Addresses with a password are no longer stored: see `domain.network_path.bare_address`. Older
versions stored what OPENAI_BASE_URL held, and a profile can come from a backup. A secret in a
profile may be needed, and is moved to the keyring first; all others are just removed.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from desktop_app.domain.network_path import bare_address, bare_proxy
from desktop_app.domain.origin import origin
from desktop_app.domain.secret import Secret

# What was learned of a server, by its address; it is learned again.
_LEARNED_KEYS: Final = "SELECT key FROM settings WHERE key LIKE 'learnt.%://%'"
_ADDRESSES: Final = (("model_listings", "profile_id"), ("batch_jobs", "id"))


def secrets_in_profiles(connection: sqlite3.Connection) -> list[tuple[str, Secret]]:
    """Return the secrets in the addresses of profiles, by their names in the keyring.

    A secret is empty if only a query or a fragment is to be removed: such an address never works.
    """
    found = []
    for profile_id, fields in _profiles(connection):
        address, login = bare_address(fields["base_url"])
        if address != fields["base_url"]:
            found.append((profile_id, Secret(login, origin(address), "Basic")))
        proxy, password = bare_proxy(fields["proxy"])
        if proxy != fields["proxy"]:
            found.append((f"{profile_id}.proxy", Secret(password, origin(proxy))))
    return found


def strip_profiles(connection: sqlite3.Connection) -> None:
    """Remove passwords from the addresses of profiles."""
    for profile_id, fields in _profiles(connection):
        bare = {
            **fields,
            "base_url": bare_address(fields["base_url"])[0],
            "proxy": bare_proxy(fields["proxy"])[0],
        }
        if bare != fields:
            body = json.dumps(bare, ensure_ascii=False)
            sql = "UPDATE profiles SET body = ? WHERE id = ?"
            connection.execute(sql, (body, profile_id))


def strip_addresses(connection: sqlite3.Connection) -> None:
    """Remove passwords from all addresses except those of profiles, in any version's store."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "settings" in tables:
        keys = [row[0] for row in connection.execute(_LEARNED_KEYS).fetchall()]
        # A model's name may follow the address.
        with_login = [(key,) for key in keys if "@" in key or "?" in key or "#" in key]
        connection.executemany("DELETE FROM settings WHERE key = ?", with_login)
    for table, key in _ADDRESSES:
        if table in tables:
            sql = f"SELECT {key}, base_url FROM {table} WHERE base_url <> ''"  # noqa: S608
            rows = [(bare_address(url)[0], row_id, url) for row_id, url in connection.execute(sql)]
            changed = [(bare, row_id) for bare, row_id, url in rows if bare != url]
            sql = f"UPDATE {table} SET base_url = ? WHERE {key} = ?"  # noqa: S608
            connection.executemany(sql, changed)


def strip_copy(connection: sqlite3.Connection) -> None:
    """Remove passwords from all addresses in a copy of a store, and overwrite their bytes."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN")
    strip_addresses(connection)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'profiles'").fetchone():
        strip_profiles(connection)
    connection.execute("COMMIT")


def _profiles(connection: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    """Return the readable profiles, as they are stored."""
    found = []
    for profile_id, body in connection.execute("SELECT id, body FROM profiles").fetchall():
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            texts = {name: fields.get(name, "") for name in ("base_url", "proxy")}
            if all(isinstance(text, str) for text in texts.values()):
                found.append((profile_id, {**fields, **texts}))
    return found
