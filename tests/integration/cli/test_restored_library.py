"""A restored library asks nothing, sends nothing and opens nothing until the user acts."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.backup.backup import make_backup
from tests.helpers.full_store import fill
from tests.integration.cli.command import Shell
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.storage.samples import NOON, opened

COMMANDS = (
    ("table", "list"),
    ("table", "status"),
    ("table", "status", "Words"),
    ("repeat", "list"),
    ("spending",),
    ("search", "quince"),
    ("tools",),
    ("mcp", "list"),
)


@pytest.mark.attack("imports")
async def test_a_restored_library_is_silent(shell: Shell) -> None:
    requests: list[Received] = []

    async def serve(request: Received, writer: object) -> None:
        requests.append(request)
        await replies(500, {"error": {"message": "No."}})(request, writer)  # type: ignore[arg-type]

    secret = shell.outside / "here" / "secret.txt"
    os.mkfifo(secret)  # whoever opens it waits, and is seen
    async with LoopbackServer(serve, models=("m",)) as server:
        archive = await forged_backup(shell.outside / "theirs", server.base_url, secret)
        restored = await shell.run("restore", str(archive), "--accept-settings")
        assert restored.code == 0, restored.err
        assert "Words" in restored.err + restored.out
        for command in COMMANDS:
            ended = await shell.run(*command)
            assert ended.code == 0, (command, ended.err)
        assert [each.path for each in requests] == []
        with closing(sqlite3.connect(shell.home / "data" / "repartee.sqlite3")) as connection:
            states = connection.execute("SELECT DISTINCT state FROM table_answers").fetchall()
        assert ("running",) not in states
        # The user resumes: the batch at the provider is asked for, but none is created or deleted.
        await shell.run("table", "resume", "Words")
        assert {each.method for each in requests if "batches" in each.path} <= {"GET"}


async def forged_backup(folder: Path, base_url: str, secret: Path) -> Path:
    """Return a backup in which everything acts that can, at a server of the test's."""
    database, attachments = folder / "data" / "repartee.sqlite3", folder / "data" / "attachments"
    async with opened(database) as store:
        await fill(store, attachments)
    with closing(sqlite3.connect(database)) as connection, connection:
        at = "UPDATE table_batches SET base_url = ?, provider_id = 'own', input_file_id = 'f'"
        connection.execute(at, (base_url,))
        connection.execute(
            "UPDATE profiles SET body = json_set(body, '$.base_url', ?)", (base_url,)
        )
        copied = connection.execute("SELECT * FROM table_batches").fetchone()
        unsent = (None, copied[1], 2, copied[3], "uploading", *copied[5:12], "", *copied[13:])
        marks = ", ".join("?" * len(unsent))
        connection.execute(f"INSERT INTO table_batches VALUES ({marks})", unsent)
        connection.execute("UPDATE table_runs SET status = 'sending'")
        connection.execute("UPDATE table_answers SET state = 'waiting', batch = 2")
        connection.execute("UPDATE table_rows SET paths = ?", (json.dumps([str(secret)]),))
        connection.execute("DELETE FROM paused_repeats")
        connection.execute("UPDATE repeats SET since = 0, provider_id = 'own'")
        run = json.dumps({"response_id": "resp_EVIL"})
        answers = "UPDATE messages SET status = 'streaming', remote_run = ?, provider_id = 'own'"
        connection.execute(f"{answers} WHERE role = 'assistant'", (run,))
    return make_backup(database, attachments, folder, NOON, lambda *_: None).path
