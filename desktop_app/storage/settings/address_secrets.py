"""Removes logins, queries and fragments from the addresses in a store.

Addresses with these are no longer stored, but a proxy's user name is: see `split_credentials` and
`split_proxy_password` in `domain/network/network_address`. Older versions stored the value of
OPENAI_BASE_URL, and a profile can come from a backup. A secret in a profile may be needed, and is
moved to the keyring first; all others are just removed.
"""

from __future__ import annotations

import json
import mmap
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from desktop_app.domain.network.network_address import split_credentials, split_proxy_password
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret
from desktop_app.storage.database.private_files import create_private, sync
from desktop_app.storage.database.sqlite_connection import connect
from desktop_app.storage.database.storage_errors import UNREADABLE

# Keys of facts learned about a server, which contain its address. They may be deleted, because the
# facts are learned again.
_LEARNED_KEYS: Final = "SELECT key FROM settings WHERE key LIKE 'learnt.%://%'"
# Tables with a column base_url, and their key columns.
_ADDRESS_TABLES: Final = (("model_listings", "profile_id"), ("batch_jobs", "id"))
# Patterns of addresses in the bytes of a file: in profiles, and in the keys of learned facts.
_ADDRESS_BYTES: Final = re.compile(rb'"(base_url|proxy)": ?"[^":/]*://((?:[^"\\]|\\.)*)"')
_LEARNED_BYTES: Final = re.compile(rb'learnt\.[^\x00-\x1f"]{1,400}?://([^\x00-\x20"/]+)@')
_PASSWORD_BYTE: Final = re.compile(rb"[^:/@?#]")
_ADDRESS_MARKS: Final = (b'"base_url"', b'"proxy"', b"learnt.")
_LONGEST_ADDRESS: Final = 1000
"""The number of bytes that are searched before and after the place where a row may be cut."""
_PAGE_SIZES: Final = frozenset(1 << bits for bits in range(9, 17))
_USUAL_PAGE: Final = 1 << 12
# The last byte of a text before four bytes that may be the number of an overflow page.
_BEFORE_PAGE_NUMBER: Final = re.compile(rb"[\x20-\x7e](?=(\x00[\x00-\xff]{3}))")


def secrets_in_profiles(connection: sqlite3.Connection) -> list[tuple[str, Secret]]:
    """Return the secrets in the addresses of profiles, with the names for them in the keyring.

    If only a query or a fragment is removed, the secret is empty. Neither is kept, because an
    address with one never works.
    """
    found = []
    for profile_id, fields in _profiles(connection):
        address, login = split_credentials(fields["base_url"])
        if address != fields["base_url"]:
            found.append((profile_id, Secret(login, origin(address), "Basic")))
        proxy, password = split_proxy_password(fields["proxy"])
        if proxy != fields["proxy"]:
            found.append((f"{profile_id}.proxy", Secret(password, origin(proxy))))
    return found


def strip_profiles(connection: sqlite3.Connection) -> None:
    """Remove secrets, queries and fragments from the addresses of profiles."""
    for profile_id, fields in _profiles(connection):
        bare = {
            **fields,
            "base_url": split_credentials(fields["base_url"])[0],
            "proxy": split_proxy_password(fields["proxy"])[0],
        }
        if bare != fields:
            body = json.dumps(bare)
            sql = "UPDATE profiles SET body = ? WHERE id = ?"
            connection.execute(sql, (body, profile_id))


def strip_addresses(connection: sqlite3.Connection) -> None:
    """Remove logins, queries and fragments from all addresses except those of profiles.

    The store may be of any version.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "settings" in tables:
        keys = [row[0] for row in connection.execute(_LEARNED_KEYS).fetchall()]
        # The "@" may also belong to a model's name, which follows the address. Such a fact is
        # deleted, too, and learned again.
        with_login = [(key,) for key in keys if "@" in key or "?" in key or "#" in key]
        connection.executemany("DELETE FROM settings WHERE key = ?", with_login)
    for table, key in _ADDRESS_TABLES:
        if table in tables:
            sql = f"SELECT {key}, base_url FROM {table} WHERE base_url <> ''"  # noqa: S608
            rows = [
                (split_credentials(url)[0], row_id, url) for row_id, url in connection.execute(sql)
            ]
            changed = [(bare, row_id) for bare, row_id, url in rows if bare != url]
            sql = f"UPDATE {table} SET base_url = ? WHERE {key} = ?"  # noqa: S608
            connection.executemany(sql, changed)


def strip_copy(connection: sqlite3.Connection) -> None:
    """Strip all addresses in a copy of a store, and overwrite the bytes that are removed."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN")
    strip_addresses(connection)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'profiles'").fetchone():
        strip_profiles(connection)
    connection.execute("COMMIT")


def has_secrets(database: Path) -> bool:
    """Return True if a profile's address has a login, or its proxy a password.

    Return False if the store cannot be read.
    """
    try:
        with closing(connect(database, "ro")) as connection:
            return any(secret.value for _name, secret in secrets_in_profiles(connection))
    except UNREADABLE:
        return False


def copy_damaged_store(database: Path, target: Path) -> None:
    """Copy a store that may be damaged, with its log, and overwrite secrets in the copies.

    See `_overwrite_secrets` for those that are not found.
    """
    for end in ("", "-wal"):
        source, copy = (path.with_name(path.name + end) for path in (database, target))
        if source.exists() and (source.stat().st_size or not end):
            create_private(copy)
            shutil.copyfile(source, copy)
            _overwrite_secrets(copy)
            sync(copy)


def _overwrite_secrets(path: Path) -> None:
    """Overwrite secrets in the bytes of a store or of its log.

    They are found as logins and queries in the addresses of profiles, and as logins in the keys of
    learned facts. Each is overwritten wherever it occurs. In the log, a secret that continues on
    another page is not found.
    """
    if not path.stat().st_size:
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        secrets = {data[start:end] for start, end in _secrets_in(data)}
        if not path.name.endswith("-wal"):
            secrets |= _overwrite_cut_secrets(data)
        # All occurrences are found before the first is overwritten here, because a secret may
        # contain part of another. `_overwrite_cut_secrets` has overwritten those that are cut.
        spans = [(at, at + len(each)) for each in secrets for at in _occurrences(each, data)]
        for start, end in spans:
            data[start:end] = _PASSWORD_BYTE.sub(b"x", data[start:end])


def _occurrences(secret: bytes, data: mmap.mmap) -> Iterator[int]:
    start = data.find(secret)
    while start >= 0:
        yield start
        start = data.find(secret, start + len(secret))


def _secrets_in(data: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield the offsets of each login, query or fragment of an address, with its delimiters."""
    for found in _LEARNED_BYTES.finditer(data):
        yield found.start(1) - len(b"://"), found.end(1) + len(b"@")
    for found in _ADDRESS_BYTES.finditer(data):
        # A password can contain "@" and "/"; a proxy's user alone may be stored.
        login, at, _ = found[2].rpartition(b"@")
        if at and (found[1] == b"base_url" or b":" in login):
            yield found.start(2) - len(b"://"), found.start(2) + len(login + at)
        if query := re.search(rb"[?#].+", found[2]):
            yield found.start(2) + query.start(), found.start(2) + query.end()


def _overwrite_cut_secrets(data: mmap.mmap) -> set[bytes]:
    """Overwrite each secret that continues on another page, and return these secrets."""
    secrets = set()
    for end, continued_at in _continued_rows(data):
        first = max(0, end - _LONGEST_ADDRESS)
        both = data[first:end] + data[continued_at : continued_at + _LONGEST_ADDRESS]
        cut = end - first
        if not any(mark in both for mark in _ADDRESS_MARKS):
            continue
        for start, stop in _secrets_in(both):
            if start < cut < stop:
                secrets.add(both[start:stop])
                masked = _PASSWORD_BYTE.sub(b"x", both[start:stop])
                data[first + start : end] = masked[: cut - start]
                data[continued_at : continued_at + stop - cut] = masked[cut - start :]
    return secrets


def _continued_rows(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield the offsets at which the bytes of a row may end on a page and continue on another.

    The part of a row on its own page ends with the number of the first overflow page. Each overflow
    page begins with the number of the next (section 1.6 of SQLite's file format).
    """
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size  # section 1.3.2
    size = size if size in _PAGE_SIZES else _USUAL_PAGE
    count = len(data) // size
    for start in range(0, count * size, size):
        if 0 < (number := int.from_bytes(data[start : start + 4], "big")) <= count:
            yield start + size, (number - 1) * size + 4
    for found in _BEFORE_PAGE_NUMBER.finditer(data):
        if 0 < (number := int.from_bytes(found[1], "big")) <= count:
            yield found.start(1), (number - 1) * size + 4


def _profiles(connection: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    """Return the id and the stored fields of each readable profile."""
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
