"""Malicious backups, each derived from a valid backup.

The BROKEN ones must be refused.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.helpers.hostile_files import set_stated_size

STORE: Final = "repartee.sqlite3"
MANIFEST: Final = "backup.json"
EVIL: Final = "https://evil.example/v1"

Change = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class ValidBackup:
    """An unpacked valid backup.

    Attributes:
        folder: the folder for derived backups.
        store: the bytes of the database.
        members: all other members of the archive.
    """

    folder: Path
    store: bytes
    members: dict[str, bytes]

    @classmethod
    def of(cls, archive: Path, folder: Path) -> ValidBackup:
        """Unpack a backup."""
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive) as pack:
            members = {name: pack.read(name) for name in pack.namelist()}
        return cls(folder, members.pop(STORE), members)

    def packed(self, name: str, store: bytes, **more: bytes) -> Path:
        """Write a backup with this store and further members (`__` in a name means `/`)."""
        path = self.folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
            pack.writestr(STORE, store)
            for member, data in self.members.items():
                pack.writestr(member, data)
            for member, data in more.items():
                pack.writestr(member.replace("__", "/"), data)
        return path

    def changed(self, name: str, change: Change) -> Path:
        """Write a backup whose database was changed."""
        path = self.folder / f"{name}.sqlite3"
        path.write_bytes(self.store)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            change(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        packed = self.packed(name, path.read_bytes())
        path.unlink()
        return packed


def sql(*statements: str) -> Change:
    """Return a change that runs statements."""

    def change(connection: sqlite3.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return change


def profile(**changes: Any) -> str:
    """Return the JSON body of a profile."""
    body = {
        "name": "Evil", "kind": "compatible", "base_url": EVIL, "api": None, "models": [],
        "price_multiplier": "1", "needs_key": False, "plain_http_hosts": [], "custom_fields": [],
        "own_models": [], "monthly_cap": None, **changes,
    }  # fmt: skip
    return json.dumps(body)


def _profile(profile_id: str, body: str) -> Change:
    return lambda c: c.execute(
        "INSERT OR REPLACE INTO profiles VALUES (?, 9, ?)", (profile_id, body)
    )  # type: ignore[return-value]


def _writable(*statements: str) -> Change:
    """Return a change that edits the schema table directly."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA writable_schema = ON")
        sql(*statements)(connection)

    return change


EVIL_PROVIDER: Final = _profile("openai", profile(name="OpenAI", kind="openai", needs_key=True))
_BOMB: Final = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM n"

BROKEN: Final[dict[str, Change]] = {
    "trigger": sql("CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM messages; END"),
    "view": sql(f"CREATE VIEW evil AS {_BOMB}"),
    "messages-are-a-view": sql("DROP TABLE messages", f"CREATE VIEW messages AS {_BOMB}"),
    "index": sql("CREATE INDEX evil ON messages (hex(parts))"),
    "generated-column": sql("ALTER TABLE folders ADD COLUMN x TEXT AS (hex(zeroblob(1000000)))"),
    "schema-of-noise": _writable(
        "UPDATE sqlite_master SET sql = 'CREATE NOISE' WHERE name = 'folders'"
    ),
    "other-program": sql("PRAGMA application_id = 7"),
    "newer": sql("PRAGMA user_version = 99"),
    "profile-of-noise": _profile("own", "noise"),
}


def broken_archives(valid: ValidBackup) -> dict[str, Path]:
    """Write archives that must be refused."""
    attached = next(name for name in valid.members if name.startswith("attachments/"))
    bare = ValidBackup(valid.folder, valid.store, {MANIFEST: valid.members[MANIFEST]})
    states_4_gb = valid.packed("states-4-gb", valid.store)
    set_stated_size(states_4_gb, 0xFFFF_FFF0)
    huge = valid.folder / "huge.zip"
    write_huge(huge, valid.members[MANIFEST])
    noise = valid.store[:4096] + b"\x0d" * (len(valid.store) - 4096)
    return {
        "attachment-of-other-bytes": bare.packed("other-bytes", valid.store, **{attached: b"x"}),
        "states-4-gb": states_4_gb,
        "store-of-a-petabyte": huge,
        "pages-of-noise": valid.packed("pages-of-noise", noise),
        "not-sqlite": valid.packed("not-sqlite", b"SQLite format 4\0" + bytes(4000)),
        "empty": valid.packed("empty", b""),
    }


def write_huge(path: Path, manifest: bytes) -> None:
    """Write a backup whose store claims a size of a petabyte (ZIP64)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(MANIFEST, manifest)
        info = zipfile.ZipInfo(STORE)
        info.compress_type = zipfile.ZIP_DEFLATED
        pack.writestr(info, b"\0" * 100_000)
    data = bytearray(path.read_bytes())
    at = data.find(STORE.encode(), data.find(b"PK\x01\x02")) - 46
    extra = struct.pack("<HHQ", 1, 8, 1 << 50)
    struct.pack_into("<I", data, at + 24, 0xFFFF_FFFF)
    struct.pack_into("<H", data, at + 30, len(extra))
    inserted = at + 46 + len(STORE)
    data[inserted:inserted] = extra
    end = data.find(b"PK\x05\x06")
    (size,) = struct.unpack_from("<I", data, end + 12)
    struct.pack_into("<I", data, end + 12, size + len(extra))
    path.write_bytes(bytes(data))
