"""Writes a library with everything that a version of the program knows: see README.md.

Run it in the root of a working copy of that version: PYTHONPATH=. python make.py FILE.tar.xz.
"""

from __future__ import annotations

import asyncio
import io
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

SHARED: Final = "/somewhere/shared"
"""Stands for the folder of the shared library, in the archive."""
WORDS: Final = ("quince", "apricot", "stone", "tides", "late question")
_CONVERSATIONS: Final = 8
_DAY: Final = 86400 * 10**6
_ERROR: Final = json.dumps({"message": "It did not follow the schema."})
_ITEMS_BEFORE: Final = {
    "preparing": ("unread", "read", "left_out"),
    "ready": ("read", "read", "left_out"),
    "uploading": ("read", "read", "left_out"),
}
_ITEMS_SENT: Final = ("sent", "sent", "left_out")
_ITEMS_AFTER: Final = ("answered", "refused", "failed", "unanswered", "left_out", "answered")
_JOBS: Final = (
    *("preparing", "ready", "uploading", "validating", "in_progress", "finalizing"),
    *("completed", "failed", "expired", "cancelling", "cancelled"),
)


def main() -> None:
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as name:
        home, shared = Path(name) / "home", Path(name) / "shared"
        os.environ["REPARTEE_HOME"] = os.environ["HOME"] = str(home)
        store = home / "data/repartee.sqlite3"
        store.parent.mkdir(mode=0o700, parents=True)
        shared.mkdir()
        secrets = asyncio.run(_fill(store, shared))
        with closing(sqlite3.connect(store, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            _Rest(connection).add()
            if secrets:
                sql = "UPDATE sync_device SET state = replace(state, ?, ?)"
                connection.execute(sql, (str(shared), SHARED))
            connection.execute("VACUUM")  # as the backup's copy is, which then takes no room
        expected: dict[str, Any] = {"secrets": secrets, "search": {}}
        for word in WORDS:
            found = _run("search", word, "--json", is_refusable=True) or "[]"
            expected["search"][word] = json.loads(found)
        expected["spending"] = json.loads(_run("spending", "--json"))
        expected["export"] = json.loads(_run("export", "--all", "--format", "json", "--to", "-"))
        (Path(name) / "backups").mkdir()
        _run("backup", str(Path(name) / "backups"))
        (backup,) = (Path(name) / "backups").iterdir()
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        files = {
            path.relative_to(name).as_posix(): path.read_bytes()
            for folder in (home / "data/attachments", shared)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        files["home/data/repartee.sqlite3"] = store.read_bytes()
        files["backup.zip"] = _unpacked(backup)
        files["expected.json"] = json.dumps(expected).encode()
        with tarfile.open(target, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
            for path, data in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    sys.stdout.write(f"{target.name}: {target.stat().st_size} bytes\n")


def _run(*arguments: str, is_refusable: bool = False) -> str:
    command = [sys.executable, "-m", "desktop_app", *arguments]
    return subprocess.run(command, check=not is_refusable, capture_output=True, text=True).stdout


def _unpacked(archive: Path) -> bytes:
    """Return the backup without compression of its own, so that xz sees it is the store again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(archive) as read, zipfile.ZipFile(packed, "w") as written:
        for info in read.infolist():
            written.writestr(info.filename, read.read(info))
    return packed.getvalue()


async def _fill(store: Path, shared: Path) -> dict[str, Any]:
    """Fill a store, joined to a library of several computers. Return the keyring's secrets."""
    from desktop_app.storage.database import Database
    from tests.helpers import full_store

    try:
        from tests.helpers import synced_computers
    except ImportError:  # schemas 2 and 3
        database = Database(store)
        await database.open()
        await full_store.fill(database, store.parent / "attachments", _CONVERSATIONS)
        await database.close()
        return {}
    computer = synced_computers.Computer(store.parent, "former")
    await computer.database.open()
    target = synced_computers.Target(str(shared))
    await computer.sync.join(target, synced_computers.PASSPHRASE, name="Former computer")
    await full_store.fill(computer.database, store.parent / "attachments", _CONVERSATIONS)
    await computer.sync.synchronize()
    await computer.database.close()
    return {
        name: [secret.value.replace(str(shared), SHARED), secret.origin, secret.scheme]
        for name, secret in computer.vault.secrets.items()
    }


class _Rest:
    """What the tests of each version do not write: what only time and odd use bring."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        names = self._execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        self._tables = {name for (name,) in names}
        self._now = int(datetime.now(UTC).timestamp() * 10**6)
        rows = self._execute("SELECT id FROM conversations ORDER BY title").fetchall()
        self._conversations = [id_ for (id_,) in rows]

    def add(self) -> None:
        self._execute("PRAGMA foreign_keys = ON")
        self._execute("BEGIN")
        self._change_conversations()
        self._add_answers_under_way()
        if "presets" in self._tables:
            self._add_presets()
        self._add_projects()
        if "batch_jobs" in self._tables:
            self._add_jobs()
        if "memory" in self._tables:
            sql = "INSERT INTO memory (id, text, created_at) VALUES (?, 'I live in Graz.', 1)"
            self._execute(sql, ("6" * 32,))
        if "trashed_at" in self._columns("texts"):
            self._copy("texts", "1", {"id": "u" * 32, "trashed_at": self._now})
        if "tables" in self._tables:
            self._copy("tables", "1", {"id": "d" * 32, "name": "Gone", "trashed_at": self._now})
            self._add_cells()
        self._execute("INSERT INTO tool_servers (name, definition) VALUES ('files', '{}')")
        self._execute("INSERT INTO tool_permissions VALUES (NULL, 'calculator', 'f', 'always')")
        self._set("answer.temperature", 0.3)
        self._set("backup.folder", "/somewhere/backups")
        self._execute("COMMIT")

    def _change_conversations(self) -> None:
        trashed, archived, pinned, gone, judged = self._conversations[3:8]
        sql = "UPDATE conversations SET {} WHERE id = ?"
        self._execute(sql.format(f"trashed_at = {self._now - 3 * _DAY}"), (trashed,))
        self._execute(sql.format("archived = 1, title = ''"), (archived,))
        self._execute(sql.format("pinned = 1"), (pinned,))
        self._execute("DELETE FROM messages WHERE conversation_id = ?", (gone,))
        self._execute("DELETE FROM conversations WHERE id = ?", (gone,))
        self._execute(
            "DELETE FROM search_entries WHERE (kind = 'message' AND ref NOT IN "
            "(SELECT id FROM messages)) OR ref = ?",
            (gone,),
        )
        self._execute(
            """UPDATE messages SET notices = '[{"code":"review_reviewed","params":{"note":"x"}}]'
            WHERE id = (SELECT leaf_id FROM conversations WHERE id = ?)""",
            (judged,),
        )

    def _add_answers_under_way(self) -> None:
        """Add an answer that the provider still writes, and one that ended with its process."""
        remote = json.dumps({"response_id": "resp_bg"})
        for number, run in enumerate((remote, None)):
            conversation = self._conversations[(5, 7)[number]]
            sql = "SELECT leaf_id FROM conversations WHERE id = ?"
            (leaf,) = self._execute(sql, (conversation,)).fetchone()
            question, answer = "ab"[number] * 32, "cd"[number] * 32
            common = {"created_at": self._now - 5 * 10**6, "cost": None}
            asked, begun = (
                json.dumps([{"kind": "text", "text": f"{text} {number}"}])
                for text in ("late question", "partial answer")
            )
            self._copy(
                "messages",
                f"id = '{leaf}'",
                common | {"id": question, "parent_id": leaf, "role": "user", "parts": asked},
            )
            self._copy(
                "messages",
                f"id = '{leaf}'",
                common
                | {"id": answer, "parent_id": question, "status": "streaming", "parts": begun}
                | {"owner_pid": 999999, "owner_started": "1", "remote_run": run},
            )
            sql = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
            self._execute(sql, (answer, conversation))

    def _add_presets(self) -> None:
        """Add one with the id of a prompt, which is the default, and one with settings."""
        choice = {"effort": "high", "model": "gpt-5.2", "provider_id": "openai"}
        self._copy("presets", "1", {"id": "paragraph", "name": "Twin", "position": 3})
        self._copy("presets", "1", {"id": "9" * 32, "name": "Mine", "position": 4} | choice)
        sql = "UPDATE conversations SET preset_id = ? WHERE id = ?"
        self._execute(sql, ("paragraph", self._conversations[1]))
        self._execute(sql, ("9" * 32, self._conversations[2]))
        self._set("default.preset", "paragraph")

    def _add_projects(self) -> None:
        """Add files of a project, and collections with its name, and with the id of another."""
        sql = "INSERT INTO folders (id, name, created_at, overrides) VALUES (?, 'Books', 1, '')"
        self._execute(sql, ("5" * 32,))
        named = {"name": "Work"} if "name" in self._columns("collections") else {}
        collection = {"id": "1" * 32, **named, "folder": "/somewhere/else"}
        self._copy("collections", "1", collection)
        if named:
            self._copy("collections", "1", collection | {"id": "2" * 32})
            self._copy("collections", "1", collection | {"id": "5" * 32, "name": "Twin"})
        if "collection_id" in self._columns("folders"):
            sql = "UPDATE folders SET collection_id = ? WHERE name = 'Work'"
            self._execute(sql, ("1" * 32,))

    def _add_cells(self) -> None:
        """Add cells that failed or wait."""
        for position, state in enumerate(("failed", "waiting"), 1):
            row = 10**15 + position
            self._copy("table_rows", "1", {"id": row, "position": position, "name": f"{position}"})
            error = _ERROR if state == "failed" else ""
            changes = {"id": position + 1, "row_id": row, "state": state, "answer": ""}
            self._copy("table_answers", "1", changes | {"error": error})

    def _add_jobs(self) -> None:
        """Add a job in each state, with files in each state."""
        self._execute("UPDATE batch_jobs SET owner_pid = 999999, owner_started = '1'")
        job = self._execute("SELECT id FROM batch_jobs").fetchone()["id"]
        document = self._execute("SELECT sha256 FROM attachments").fetchone()["sha256"]
        part = {"kind": "document", "sha256": document, "media_type": "text/plain", "size": 9}
        for position, status in enumerate(_JOBS):
            is_over = status in ("completed", "failed", "expired", "cancelled")
            is_sent = status not in ("preparing", "ready")
            id_ = f"{position:x}" * 31 + "b"
            self._copy(
                "batch_jobs",
                f"id = '{job}'",
                {
                    "id": id_,
                    "status": status,
                    "title": f"Job {status}",
                    "task": f"What is in this file? {{{{x}}}} {status}",
                    "created_at": self._now - position,
                    "started_at": self._now - position if is_sent else None,
                    "ended_at": self._now if is_over else None,
                    "error": _ERROR if status == "failed" else "",
                    "is_cancelled": int(status in ("cancelling", "cancelled")),
                    "held": "0.5" if is_sent and not is_over else None,
                    "input_file_id": f"file-{position}" if is_sent else "",
                    "batch_id": f"batch_{position}" if is_sent and position > 2 else "",
                    "owner_pid": None,
                    "owner_started": None,
                },
            )
            items = _ITEMS_BEFORE.get(status) or (_ITEMS_AFTER if is_over else _ITEMS_SENT)
            for number, state in enumerate(items, 1):
                is_answered, is_read = state == "answered", state not in ("left_out", "unread")
                name = f"file {number}.txt"
                self._copy(
                    "batch_items",
                    f"job_id = '{job}'",
                    {
                        "job_id": id_,
                        "number": number,
                        "status": state,
                        "name": name,
                        "path": f"/somewhere/{name}",
                        "part": json.dumps([part | {"name": name}] if is_read else []),
                        "sha256": document if is_read else None,
                        "input_tokens": 20 if is_answered else None,
                        "output_tokens": 10 if is_answered else None,
                        "cost": "0.001" if is_answered else None,
                        "error": "" if is_answered or not is_over else _ERROR,
                        "answer": f"answer {number} of {status}" if is_answered else "",
                    },
                )

    def _columns(self, table: str) -> set[str]:
        return {row["name"] for row in self._execute(f"PRAGMA table_info({table})")}

    def _copy(self, table: str, where: str, changes: dict[str, Any]) -> None:
        """Insert a copy of a row with other values."""
        row = dict(self._execute(f"SELECT * FROM {table} WHERE {where}").fetchone()) | changes
        if table == "batch_items":
            del row["id"]
        names = ", ".join(row)
        sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})"
        self._execute(sql, tuple(row.values()))

    def _set(self, key: str, value: object) -> None:
        sql = "INSERT OR REPLACE INTO settings VALUES (?, ?)"
        self._execute(sql, (key, json.dumps(value)))


if __name__ == "__main__":
    main()
