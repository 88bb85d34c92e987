"""Malicious backups, each derived from a valid backup.

From the STRANGE ones, the contents of the valid backup must be restored. The BROKEN ones must be
refused.
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
PATH: Final = "../../../../../../../etc/passwd"

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
        "price_multiplier": "1", "needs_key": False, **changes,
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


_BOMB: Final = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM n"
_LEDGER: Final = (
    "INSERT INTO ledger (at, provider_id, model, purpose, input_tokens, cached_tokens, "
    "output_tokens, reasoning_tokens, cost) VALUES ({at}, 'p', 'm', 'answer', {tokens}, 0, 0, 0, "
    "{cost})"
)

STRANGE: Final[dict[str, Change]] = {
    "trigger": sql(
        "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM conversations; END",
        (
            "CREATE TRIGGER u AFTER DELETE ON settings BEGIN INSERT INTO settings VALUES ('x', "
            "'1'); END"
        ),
    ),
    "view": sql(
        f"CREATE VIEW evil AS {_BOMB}", "CREATE VIEW load AS SELECT load_extension('/tmp/x')"
    ),
    "lying-index": _writable(
        "CREATE INDEX evil ON messages (id) WHERE role = 'nobody'",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX evil ON messages (id)' WHERE name = 'evil'",
    ),
    "name-of-a-megabyte": sql("UPDATE folders SET name = hex(zeroblob(500000))"),
    "infinite-number": sql("UPDATE messages SET duration_s = 9e999 WHERE role = 'assistant'"),
    "tokens-that-overflow-sums": sql(
        *[_LEDGER.format(at=10**15, tokens=2**62, cost="NULL") for _ in range(3)]
    ),
    "ring-of-parents": sql(
        "UPDATE messages SET parent_id = (SELECT max(id) FROM messages) WHERE role = 'user'"
    ),
    "attachment-is-a-path": sql(
        f"INSERT INTO attachments VALUES ('{PATH}', 'n', 'm', 1, NULL, NULL, 0, '')"
    ),
    "profile-on-device": _profile("on-device", profile(name="On this computer")),
    "profile-openai": _profile("openai", profile(name="OpenAI", kind="openai", needs_key=True)),
}

BROKEN: Final[dict[str, Change]] = {
    "messages-are-a-view": sql("DROP TABLE messages", f"CREATE VIEW messages AS {_BOMB}"),
    "parts-are-generated": sql(
        "ALTER TABLE messages DROP COLUMN parts",
        "ALTER TABLE messages ADD COLUMN parts TEXT AS (hex(zeroblob(1000000)))",
    ),
    "schema-of-noise": _writable(
        "UPDATE sqlite_master SET sql = 'CREATE NOISE' WHERE name = 'folders'"
    ),
    "newer": sql("INSERT INTO migrations VALUES ('9999_later', 0)"),
}


def strange_archives(valid: ValidBackup) -> dict[str, Path]:
    """Write archives that are strange but can be restored."""
    return {
        "paths-that-lead-out": valid.packed(
            "paths", valid.store, **{"..__..__outside": b"x", "__etc__outside": b"x"}
        ),
        "windows-path": valid.packed("windows", valid.store, **{"..\\..\\outside": b"x"}),
    }


def broken_archives(valid: ValidBackup) -> dict[str, Path]:
    """Write archives that must be refused."""
    attached = next(name for name in valid.members if name.startswith("attachments/"))
    bare = ValidBackup(valid.folder, valid.store, {MANIFEST: valid.members[MANIFEST]})
    alone = ValidBackup(valid.folder, valid.store, {})
    states_4_gb = valid.packed("states-4-gb", valid.store)
    set_stated_size(states_4_gb, 0xFFFF_FFF0)
    huge = valid.folder / "huge.zip"
    write_huge(huge, valid.members[MANIFEST])
    cut = valid.packed("cut", valid.store)
    cut.write_bytes(cut.read_bytes()[:-300])
    noise = valid.store[:4096] + b"\x0d" * (len(valid.store) - 4096)
    return {
        "attachment-of-other-bytes": bare.packed("other-bytes", valid.store, **{attached: b"x"}),
        "no-manifest": alone.packed("no-manifest", valid.store),
        "states-4-gb": states_4_gb,
        "store-of-a-petabyte": huge,
        "pages-of-noise": valid.packed("pages-of-noise", noise),
        "not-sqlite": valid.packed("not-sqlite", b"SQLite format 4\0" + bytes(4000)),
        "cut": cut,
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
