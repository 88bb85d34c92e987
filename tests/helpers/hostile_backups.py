"""Malicious backups, each derived from a valid backup.

From the STRANGE ones, the contents of the valid backup must be restored. The BROKEN ones must be
refused.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.helpers.hostile_files import rename, set_flag, set_stated_size, write_directory

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


def _setting(key: str, value: Any) -> Change:
    text = value if isinstance(value, str) else json.dumps(value)
    return lambda c: c.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, text))  # type: ignore[return-value]


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


def _retyped(table: str, column: str, value: Any) -> Change:
    """Return a change that stores a value of any type, making the table non-STRICT."""

    def change(connection: sqlite3.Connection) -> None:
        (made,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
        loose = made.replace("STRICT", "").replace("REFERENCES", "/* */ REFERENCES")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        connection.execute(loose.replace(f'"old_{table}"', table))
        connection.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")
        connection.execute(f"DROP TABLE old_{table}")
        connection.execute(f"UPDATE {table} SET {column} = ?", (value,))

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
    "unknown-table": sql(
        "CREATE TABLE evil (a, b)", "INSERT INTO evil VALUES (1, zeroblob(99999))"
    ),
    "unknown-virtual-table": sql("CREATE VIRTUAL TABLE evil USING fts5 (a)"),
    "temporary-names": sql(
        "CREATE TABLE evil AS SELECT 1", "CREATE VIEW main_ AS SELECT * FROM evil"
    ),
    "index-on-expression": sql("CREATE INDEX evil ON messages (hex(parts) || zeroblob(10))"),
    "lying-index": _writable(
        "CREATE INDEX evil ON messages (id) WHERE role = 'nobody'",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX evil ON messages (id)' WHERE name = 'evil'",
    ),
    "check-that-calls": _writable(
        "UPDATE sqlite_master SET sql = replace(sql, 'body TEXT NOT NULL', 'body TEXT NOT NULL "
        "CHECK (length(hex(randomblob(1000000))) > 0)') WHERE name = 'profiles'"
    ),
    "default-that-calls": _writable(
        "UPDATE sqlite_master SET sql = replace(sql, 'value TEXT NOT NULL',"
        " 'value TEXT NOT NULL DEFAULT (load_extension(''x''))') WHERE name = 'settings'"
    ),
    "statistics": sql(
        "ANALYZE", "UPDATE sqlite_stat1 SET stat = '0 0 0 0 unordered sz=9999999999'"
    ),
    "search-index-of-noise": sql("UPDATE search_index_data SET block = randomblob(500)"),
    "search-entries-of-others": sql(
        "DELETE FROM search_entries", "INSERT INTO search_entries VALUES (1, 'attachment', 'x')"
    ),
    "wal-header": sql("PRAGMA journal_mode = WAL"),
    "user-version": sql("PRAGMA user_version = 2147483647", "PRAGMA application_id = -1"),
    "id-of-a-megabyte": sql(
        "UPDATE folders SET id = hex(zeroblob(500000))", "UPDATE conversations SET folder_id = NULL"
    ),
    "name-of-10-megabytes": sql("UPDATE folders SET name = hex(zeroblob(5000000))"),
    "blob-for-a-text": _retyped("settings", "value", b"\x00\xff"),
    "text-for-a-number": _retyped("folders", "created_at", "tomorrow"),
    "infinite-number": sql("UPDATE messages SET duration_s = 9e999 WHERE role = 'assistant'"),
    "bad-utf-8": sql("UPDATE folders SET name = CAST(x'c328ff41' AS TEXT)"),
    "text-with-nul": sql("UPDATE folders SET name = 'a' || char(0) || 'b'"),
    "tokens-that-overflow-sums": sql(
        *[_LEDGER.format(at=10**15, tokens=2**62, cost="NULL") for _ in range(3)]
    ),
    "cost-of-a-million-digits": sql(_LEDGER.format(at=10**15, tokens=1, cost="'1E+999999'")),
    "cost-negative": sql(_LEDGER.format(at=10**15, tokens=1, cost="'-1000'")),
    "cost-that-is-no-number": sql(_LEDGER.format(at=10**15, tokens=1, cost="'NaN'")),
    "year-200000": sql(_LEDGER.format(at=2**62, tokens=1, cost="NULL")),
    "year-minus-1": sql("UPDATE folders SET created_at = -99999999999999999"),
    "message-cost": sql("UPDATE messages SET cost = '1E+999999', input_tokens = -5"),
    "own-parent": sql("UPDATE messages SET parent_id = id WHERE role = 'assistant'"),
    "ring-of-parents": sql(
        "UPDATE messages SET parent_id = (SELECT max(id) FROM messages) WHERE role = 'user'"
    ),
    "leaf-elsewhere": sql("UPDATE conversations SET leaf_id = (SELECT max(id) FROM messages)"),
    "notices-nested": sql(
        "UPDATE messages SET notices = '" + "[" * 90_000 + "]" * 90_000 + "' WHERE role = 'user'"
    ),
    "draft-with-a-path": sql(
        'UPDATE conversations SET draft = \'{"text": "", "attachments": [{"kind": "document",'
        f' "sha256": "{PATH}", "name": "n", "media_type": "m", "size": 1}}]}}\''
    ),
    "attachment-is-a-path": sql(
        f"INSERT INTO attachments VALUES ('{PATH}', 'n', 'm', 1, NULL, NULL, 0, '')"
    ),
    "attachment-size": sql(
        f"INSERT INTO attachments VALUES ('{'e' * 64}', 'n', 'm', {2**62}, -1, NULL, 0, '')"
    ),
    "collection-file-is-a-path": sql(
        "INSERT INTO collections VALUES ('c', 'C', 0, '')",
        "INSERT INTO collection_files VALUES"
        f" (NULL, 'c', '/p', 'p', '{PATH}', 'm', 1, NULL, 'ready', '', 0)",
    ),
    "passages-that-fill-the-disk": sql(
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5000)"
        " INSERT INTO passages SELECT x + 100000, sha256, 0, length(text), 1, NULL, '', ''"
        " FROM n, (SELECT * FROM attachments LIMIT 1)"
    ),
    "passages-outside": sql(
        f"INSERT INTO passages VALUES (900000, '{'d' * 64}', 0, 99, 1, NULL, '', '')"
    ),
    "vector-of-zeros": sql(
        "INSERT INTO passage_vectors SELECT min(id), 'other', zeroblob(64) FROM passages"
    ),
    "setting-of-another-shape": _setting("window.state", 5),
    "setting-of-another-depth": _setting("window.state", {"geometries": {"a": ["b"]}}),
    "setting-nested": _setting("window.new_draft", "[" * 90_000 + "]" * 90_000),
    "setting-list": _setting("look.theme", ["dark"] * 9),
    "setting-model-file": _setting("local_model.weights", ["/etc/passwd"]),
    "learnt-api": _setting("learnt.api.openai.https://api.openai.com/v1", "shell"),
    "learnt-server": _setting("learnt.server.openai.https://api.openai.com/v1", "shell"),
    "profile-on-device": _profile("on-device", profile(name="On this computer")),
    "profile-openai": _profile("openai", profile(name="OpenAI", kind="openai", needs_key=True)),
    "profile-nested": _profile("x", '{"models": ' + "[" * 90_000 + "]" * 90_000 + "}"),
    "profile-price": _profile("x", profile(price_multiplier="1E+999999")),
    "profile-of-junk": _profile("x", "[]"),
    "listing-of-junk": sql("INSERT INTO model_listings VALUES ('x', 'y', 5, '{}', '[]', '[]')"),
    "preset-of-junk": sql(
        "INSERT INTO presets VALUES ('p', 'n', '', '', NULL, NULL, '[1]', 0, NULL)",
        (
            "INSERT INTO presets VALUES ('q', 'n', '', '', NULL, NULL, '{\"candidates\": "
            "1000000}', 0, 0)"
        ),
    ),
    "remote-run-is-a-path": sql(
        'UPDATE messages SET remote_run = \'{"response_id": "../../files", "sequence": 1}\''
    ),
    "holds-of-others": sql(
        f"INSERT INTO spending_holds VALUES (1, 'openai', '999999', {2**40}, 'x', 0, 'm', '')"
    ),
}

BROKEN: Final[dict[str, Change]] = {
    "messages-are-a-view": sql("DROP TABLE messages", f"CREATE VIEW messages AS {_BOMB}"),
    "messages-are-virtual": sql(
        "DROP TABLE messages", "CREATE VIRTUAL TABLE messages USING fts5 (id, parts)"
    ),
    "migrations-are-a-view": sql(
        "DROP TABLE migrations", "CREATE VIEW migrations AS SELECT 'x' AS name"
    ),
    "settings-are-missing": sql("DROP TABLE settings"),
    "parts-are-generated": sql(
        "ALTER TABLE messages DROP COLUMN parts",
        "ALTER TABLE messages ADD COLUMN parts TEXT AS (hex(zeroblob(1000000)))",
    ),
    "schema-of-noise": _writable(
        "UPDATE sqlite_master SET sql = 'CREATE NOISE' WHERE name = 'folders'"
    ),
    "schema-too-deep": sql("CREATE VIEW evil AS SELECT 1" + " + 1" * 900),
    "newer": sql("INSERT INTO migrations VALUES ('9999_later', 0)"),
    "steps-unknown": sql("INSERT INTO migrations VALUES ('0000_early', 0)"),
}


def page(store: bytes, number: int) -> slice:
    """Return the slice of a page of 4096 bytes."""
    return slice((number - 1) * 4096, number * 4096)


def root_of(store: bytes, table: str) -> int:
    """Return the number of a table's root page."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(store)
        row = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        return int(row.fetchone()[0])


def forged_trees(store: bytes) -> dict[str, bytes]:
    """Return databases with forged pages."""
    data = bytearray(store)
    root = root_of(store, "messages")
    leaf = bytearray(data[page(store, root)])
    made = {}
    # Each interior page names the same child 400 times, ten deep: 400^10 rows.
    dag = bytearray(store)
    first = len(dag) // 4096 + 1
    for depth in range(10):
        child = first + depth + 1 if depth < 9 else root + 0
        entry = bytearray(4096)
        cells = 400
        struct.pack_into(">BHHHBI", entry, 0, 5, 0, cells, 4096 - 5 * cells, 0, child)
        for cell in range(cells):
            at = 4096 - 5 * (cell + 1)
            struct.pack_into(">H", entry, 12 + 2 * cell, at)
            struct.pack_into(">IB", entry, at, child, 1)
        dag += entry
    moved = bytearray(leaf)
    dag[page(store, root)] = dag[page(store, first)]
    # The leaf is copied to a page at the end, which the deepest level names.
    dag += moved
    last = len(dag) // 4096
    deepest = page(store, first + 9)
    inner = bytearray(dag[deepest])
    struct.pack_into(">I", inner, 8, last)
    for cell in range(400):
        struct.pack_into(">I", inner, 4096 - 5 * (cell + 1), last)
    dag[deepest] = inner
    struct.pack_into(">I", dag, 28, len(dag) // 4096)
    made["tree-of-one-leaf"] = bytes(dag)
    ring = bytearray(store)
    inner = bytearray(4096)
    struct.pack_into(">BHHHBI", inner, 0, 5, 0, 0, 4096, 0, root)
    ring[page(store, root)] = inner
    made["tree-in-a-ring"] = bytes(ring)
    outside = bytearray(store)
    bad = bytearray(leaf)
    bad[8:200] = b"\xff" * 192
    outside[page(store, root)] = bad
    made["cells-outside"] = bytes(outside)
    made["pages-of-noise"] = store[:4096] + b"\x0d" * (len(store) - 4096)
    made["cut-in-half"] = store[: len(store) // 2]
    made["not-sqlite"] = b"SQLite format 4\0" + bytes(4000)
    made["empty-store"] = b""
    return made


def strange_archives(valid: ValidBackup) -> dict[str, Path]:
    """Write archives that are strange but can be restored."""
    other = hashlib.sha256(b"of nobody").hexdigest()
    return {
        "paths-that-lead-out": valid.packed(
            "paths", valid.store, **{"..__..__outside": b"x", "__etc__outside": b"x"}
        ),
        "attachment-of-nobody": valid.packed(
            "nobody", valid.store, **{f"attachments__{other[:2]}__{other[2:]}": b"of nobody"}
        ),
        "windows-path": valid.packed("windows", valid.store, **{"..\\..\\outside": b"x"}),
        "second-store-in-a-folder": valid.packed("second", valid.store, **{f"x__{STORE}": b"x"}),
    }


def broken_archives(valid: ValidBackup) -> dict[str, Path]:
    """Write archives that must be refused."""
    made: dict[str, Path] = {}

    def add(name: str, store: bytes = valid.store, **more: bytes) -> Path:
        made[name] = valid.packed(name, store, **more)
        return made[name]

    attached = next(name for name in valid.members if name.startswith("attachments/"))
    bare = ValidBackup(valid.folder, valid.store, {MANIFEST: valid.members[MANIFEST]})
    made["attachment-of-other-bytes"] = bare.packed("other-bytes", valid.store, **{attached: b"x"})
    made["no-manifest"] = ValidBackup(valid.folder, valid.store, {}).packed(
        "no-manifest", valid.store
    )
    for name, text in {
        "manifest-of-noise": b"\xff\xff",
        "manifest-nested": b"[" * 1_000_000,
        "manifest-of-others": b'{"format": "tar", "version": 1}',
        "manifest-of-a-newer": b'{"format": "repartee-backup", "version": 2}',
        "manifest-list": b"[1]",
    }.items():
        made[name] = ValidBackup(valid.folder, valid.store, {MANIFEST: text}).packed(
            name, valid.store
        )
    set_flag(add("encrypted"), flag=1)
    set_stated_size(add("states-4-gb"), 0xFFFF_FFF0)
    lzma = valid.folder / "lzma.zip"
    with zipfile.ZipFile(lzma, "w", zipfile.ZIP_LZMA) as pack:
        pack.writestr(STORE, valid.store)
        pack.writestr(MANIFEST, valid.members[MANIFEST])
    made["lzma"] = lzma
    twice = valid.folder / "twice.zip"
    with zipfile.ZipFile(twice, "w") as pack:
        pack.writestr(MANIFEST, valid.members[MANIFEST])
        for name in (STORE, STORE[:-1] + "X"):
            pack.writestr(name, valid.store)
    rename(twice, STORE[:-1].encode() + b"X", STORE.encode())
    made["store-twice"] = twice
    nul = valid.folder / "nul.zip"
    with zipfile.ZipFile(nul, "w") as pack:
        pack.writestr(MANIFEST, valid.members[MANIFEST])
        pack.writestr(f"{STORE}X", valid.store)
    rename(nul, f"{STORE}X".encode(), STORE.encode() + b"\0")
    made["name-with-nul"] = nul
    huge = valid.folder / "huge.zip"
    write_huge(huge, valid.members[MANIFEST])
    made["store-of-a-petabyte"] = huge
    overlapping = valid.folder / "overlapping.zip"
    write_shared(overlapping, valid.members[MANIFEST], valid.store)
    made["overlapping"] = overlapping
    directory = valid.folder / "directory.zip"
    write_directory(directory, 80 << 20)
    made["directory"] = directory
    for name, data in forged_trees(valid.store).items():
        add(name, data)
    cut = add("cut")
    cut.write_bytes(cut.read_bytes()[:-300])
    return made


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


def write_shared(path: Path, manifest: bytes, store: bytes) -> None:
    """Write a backup with a thousand attachments that share the bytes of a single member."""
    name = "attachments/ab/" + "0" * 62
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr(STORE, store)
        pack.writestr(MANIFEST, manifest)
        pack.writestr(name, zlib.compress(b"\0" * 1_000_000))
    whole = path.read_bytes()
    begins, ends = whole.find(b"PK\x01\x02"), whole.find(b"PK\x05\x06")
    entries = whole[begins:ends]
    last = entries[entries.rfind(b"PK\x01\x02") :]
    more = [last.replace(name.encode(), f"attachments/ab/{n:062}".encode()) for n in range(1, 1000)]
    directory = entries + b"".join(more)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1002, 1002, len(directory), begins, 0)
    path.write_bytes(whole[:begins] + directory + end)
