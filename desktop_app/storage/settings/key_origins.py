"""The origins of keys from an older version, protected from restored stores.

Older versions put bare keys, without an origin, into the keyring. Such a key belongs to the address
that its profile had when this version first opened the store. Before anything can change an
address, the origins of these addresses are written into a file beside the store. A restored store
has other addresses, and must not decide where a key is sent. The file is written once and never
changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.network.origin import origin
from desktop_app.storage.database.private_files import create_private, sync
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.database.storage_errors import UNREADABLE

KEY_ORIGINS_FILE: Final = "key-origins.json"


def record_key_origins(database: Path, source: Path | None = None) -> None:
    """Record the origins of the profiles' keys, unless they have been recorded before.

    If the store cannot be read, no bare key gets an origin: the keys must be entered again.

    Args:
        source: the repaired copy of a damaged store, to be read in its place.

    Raises:
        OSError: the disk is full or fails; the store must not be changed then.
    """
    target = database.with_name(KEY_ORIGINS_FILE)
    if target.exists():
        return
    source = source or database
    origins: dict[str, str] | None = {}
    if source.exists() and source.stat().st_size:
        origins = _read_profile_origins(source)
    partial_file = target.with_name(f"{KEY_ORIGINS_FILE}.part")
    create_private(partial_file)
    partial_file.write_text(json.dumps(origins), "utf-8")  # "null" if the store is unreadable
    sync(partial_file)
    partial_file.replace(target)
    sync(target.parent)


def legacy_key_origins(database: Path, built_in: Mapping[str, str]) -> dict[str, str]:
    """Return the recorded and the built-in origins, by the name of the secret in the keyring.

    Return {} if none could be recorded: then no bare key has an origin.

    Args:
        built_in: the origins of providers without a stored profile.
    """
    try:
        recorded = json.loads(database.with_name(KEY_ORIGINS_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {**built_in, **recorded} if isinstance(recorded, dict) else {}


def copy_key_origins(database: Path, restored: Path) -> None:
    """Copy the origins of keys from the current store to the store that will replace it.

    The backup's own origins describe the keyring of the computer that made it. Its keys may be in
    this keyring, but their origins are unknown until the keyring is asked.
    """
    stored_origins = _read_stored_origins(database)
    with closing(connect(restored, "rw")) as connection:
        connection.execute("UPDATE keys_in_keyring SET origin = ''")
        sql = "UPDATE keys_in_keyring SET origin = ? WHERE profile_id = ?"
        connection.executemany(
            sql, [(key_origin, name) for name, key_origin in stored_origins.items()]
        )


def _read_profile_origins(database: Path) -> dict[str, str] | None:
    """Return the origins of the addresses in profiles, by the key's name; None if unreadable."""
    origins: dict[str, str] = {}
    try:
        with closing(connect(database, "ro")) as connection:
            rows = connection.execute("SELECT id, body FROM profiles").fetchall()
    except UNREADABLE:
        return None
    for profile_id, body in rows:
        fields = _parse_fields(body)
        for name, address in (
            (profile_id, fields.get("base_url")),
            (f"{profile_id}.proxy", fields.get("proxy")),
        ):
            # "" if there is no usable address: such a profile must not get a built-in origin.
            origins[name] = origin(address) if isinstance(address, str) else ""
    return origins


def _parse_fields(body: Any) -> dict[str, Any]:
    with suppress(ValueError, TypeError, RecursionError):
        fields = json.loads(body)
        if isinstance(fields, dict):
            return fields
    return {}


def _read_stored_origins(database: Path) -> dict[str, str]:
    """Return the origins in a store's list of the keys in the keyring, by the key's name.

    Return {} if the list cannot be read.
    """
    try:
        with closing(connect(database, "ro")) as connection:
            rows = connection.execute("SELECT profile_id, origin FROM keys_in_keyring")
            return {str(name): str(key_origin) for name, key_origin in rows}
    except UNREADABLE:  # also for a missing store, and for the column that older stores lack
        return {}
