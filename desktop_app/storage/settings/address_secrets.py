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
# A byte of a secret that is overwritten. The delimiters stay, so that the address stays valid.
_PASSWORD_BYTE: Final = re.compile(rb"[^:/@?#]")
_ADDRESS_MARKS: Final = (b'"base_url"', b'"proxy"', b"learnt.")
_MAX_ADDRESS_BYTES: Final = 1000
"""The number of bytes that are searched before and after the place where a row may be cut."""
_PAGE_SIZES: Final = frozenset(1 << bits for bits in range(9, 17))
_DEFAULT_PAGE_BYTES: Final = 1 << 12
# The last byte of a text before four bytes that may be the number of an overflow page.
_BEFORE_PAGE_NUMBER: Final = re.compile(rb"[\x20-\x7e](?=(\x00[\x00-\xff]{3}))")


def secrets_in_profiles(connection: sqlite3.Connection) -> list[tuple[str, Secret]]:
    """Return the secrets in the addresses of profiles, with the names for them in the keyring.

    If only a query or a fragment is removed, the secret is empty. Neither is kept, because an
    address with one never works.
    """
    secrets = []
    for profile_id, fields in _read_profiles(connection):
        address, login = split_credentials(fields["base_url"])
        if address != fields["base_url"]:
            secrets.append((profile_id, Secret(login, origin(address), "Basic")))
        proxy, password = split_proxy_password(fields["proxy"])
        if proxy != fields["proxy"]:
            secrets.append((f"{profile_id}.proxy", Secret(password, origin(proxy))))
    return secrets


def strip_profiles(connection: sqlite3.Connection) -> None:
    """Remove secrets, queries and fragments from the addresses of profiles."""
    for profile_id, fields in _read_profiles(connection):
        stripped = {
            **fields,
            "base_url": split_credentials(fields["base_url"])[0],
            "proxy": split_proxy_password(fields["proxy"])[0],
        }
        if stripped != fields:
            body = json.dumps(stripped)
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
        suspect_keys = [(key,) for key in keys if "@" in key or "?" in key or "#" in key]
        connection.executemany("DELETE FROM settings WHERE key = ?", suspect_keys)
    for table, key in _ADDRESS_TABLES:
        if table in tables:
            sql = f"SELECT {key}, base_url FROM {table} WHERE base_url <> ''"  # noqa: S608
            stripped_rows = []
            for row_id, url in connection.execute(sql):
                stripped_url, _login = split_credentials(url)
                if stripped_url != url:
                    stripped_rows.append((stripped_url, row_id))
            sql = f"UPDATE {table} SET base_url = ? WHERE {key} = ?"  # noqa: S608
            connection.executemany(sql, stripped_rows)


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
    for suffix in ("", "-wal"):
        source = database.with_name(database.name + suffix)
        copy = target.with_name(target.name + suffix)
        if source.exists() and (source.stat().st_size or not suffix):
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
        spans = [
            (offset, offset + len(secret))
            for secret in secrets
            for offset in _occurrences(secret, data)
        ]
        for start, end in spans:
            data[start:end] = _PASSWORD_BYTE.sub(b"x", data[start:end])


def _occurrences(secret: bytes, data: mmap.mmap) -> Iterator[int]:
    start = data.find(secret)
    while start >= 0:
        yield start
        start = data.find(secret, start + len(secret))


def _secrets_in(data: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield the offsets of each login, query or fragment of an address, with its delimiters."""
    for match in _LEARNED_BYTES.finditer(data):
        yield match.start(1) - len(b"://"), match.end(1) + len(b"@")
    for match in _ADDRESS_BYTES.finditer(data):
        # A password can contain "@" and "/"; a proxy's user alone may be stored.
        login, at_sign, _ = match[2].rpartition(b"@")
        if at_sign and (match[1] == b"base_url" or b":" in login):
            yield match.start(2) - len(b"://"), match.start(2) + len(login + at_sign)
        if query := re.search(rb"[?#].+", match[2]):
            yield match.start(2) + query.start(), match.start(2) + query.end()


def _overwrite_cut_secrets(data: mmap.mmap) -> set[bytes]:
    """Overwrite each secret that continues on another page, and return these secrets."""
    secrets = set()
    for page_end, continued_at in _continued_rows(data):
        row_start = max(0, page_end - _MAX_ADDRESS_BYTES)
        joined = data[row_start:page_end] + data[continued_at : continued_at + _MAX_ADDRESS_BYTES]
        cut_offset = page_end - row_start
        if not any(mark in joined for mark in _ADDRESS_MARKS):
            continue
        for start, stop in _secrets_in(joined):
            if start < cut_offset < stop:
                secrets.add(joined[start:stop])
                masked = _PASSWORD_BYTE.sub(b"x", joined[start:stop])
                data[row_start + start : page_end] = masked[: cut_offset - start]
                data[continued_at : continued_at + stop - cut_offset] = masked[cut_offset - start :]
    return secrets


def _continued_rows(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield the offsets at which the bytes of a row may end on a page and continue on another.

    The part of a row on its own page ends with the number of the first overflow page. Each overflow
    page begins with the number of the next (section 1.6 of SQLite's file format).
    """
    page_size = int.from_bytes(data[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size  # section 1.3.2
    page_size = page_size if page_size in _PAGE_SIZES else _DEFAULT_PAGE_BYTES
    page_count = len(data) // page_size
    for start in range(0, page_count * page_size, page_size):
        number = int.from_bytes(data[start : start + 4], "big")
        if 0 < number <= page_count:
            yield start + page_size, (number - 1) * page_size + 4
    for match in _BEFORE_PAGE_NUMBER.finditer(data):
        number = int.from_bytes(match[1], "big")
        if 0 < number <= page_count:
            yield match.start(1), (number - 1) * page_size + 4


def _read_profiles(connection: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    """Return the id and the stored fields of each readable profile."""
    profiles = []
    for profile_id, body in connection.execute("SELECT id, body FROM profiles").fetchall():
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            texts = {name: fields.get(name, "") for name in ("base_url", "proxy")}
            if all(isinstance(text, str) for text in texts.values()):
                profiles.append((profile_id, {**fields, **texts}))
    return profiles
