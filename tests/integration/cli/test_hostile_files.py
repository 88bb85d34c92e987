"""Hostile exports, and stores with bad rows, through the real commands."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.helpers.hostile_backups import EVIL, EVIL_PROVIDER, ValidBackup
from tests.helpers.hostile_files import (
    GOOD,
    GOOD_OWN,
    conversation,
    hostile_files,
    own,
    special_files,
)
from tests.integration.cli.command import Ended, Shell

pytestmark = pytest.mark.attack("imports")


def run(shell: Shell, *arguments: str) -> Ended:
    return asyncio.run(shell.run(*arguments))


@pytest.mark.slow
def test_an_import_of_hostile_files_adds_the_valid_conversations(
    shell: Shell, tmp_path: Path
) -> None:
    files = hostile_files(tmp_path / "files")
    valid = tmp_path / "sound.json"
    valid.write_text(json.dumps(own({**GOOD_OWN, "id": "a" * 32, "messages": [], "leaf_id": None})))
    with special_files(tmp_path / "special") as special:
        paths = [*(str(one.path) for one in files.values()), *map(str, special.values())]
        ended = run(shell, "import", "--json", *paths, str(valid))
    assert ended.code == 1
    *found, last = ended.json["files"]
    came = {
        name: one["conversations"] + one["empty"]
        for name, one in zip([*files, *special], found, strict=True)
    }
    assert came == {
        **{name: one.imported for name, one in files.items()},
        **dict.fromkeys(special, 0),
        "claude-junk": 0,  # empty, and the only one: the file isn’t recognized
    }
    assert (last["added"], last["refused"]) == (1, [])
    assert {title for (title,) in shell.rows("SELECT title FROM conversations")} >= {GOOD}
    assert run(shell, "search", "Hello", "--json").code == 0
    out = tmp_path / "out.json"
    assert run(shell, "export", "--all", "--format", "json", "--to", str(out)).code == 0


BAD_ROWS = {
    1: "UPDATE conversations SET effort = 'no effort' WHERE id = ?",
    2: "UPDATE messages SET parts = '[{' WHERE conversation_id = ?",
    3: "UPDATE messages SET cost = 'x' WHERE conversation_id = ?",
    4: "UPDATE conversations SET created_at = 1 << 61 WHERE id = ?",
}


@pytest.mark.parametrize("kind", ["json", "markdown"])
def test_a_bad_conversation_never_stops_an_export(shell: Shell, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "exported.json"
    bad = {number: conversation(number, f"Bad {number}") for number in BAD_ROWS}
    file.write_text(json.dumps(own(*bad.values(), GOOD_OWN)))
    assert run(shell, "import", str(file)).code == 0
    with closing(sqlite3.connect(shell.home / "data" / "repartee.sqlite3")) as connection:
        for number, sql in BAD_ROWS.items():
            assert connection.execute(sql, (bad[number]["id"],)).rowcount == 1
        connection.commit()
    out = tmp_path / ("out.json" if kind == "json" else "out")
    ended = run(shell, "export", "--all", "--format", kind, "--to", str(out))
    assert ended.code == 1
    assert "1 conversation exported to" in ended.err
    assert ended.err.count(" skipped: ") == len(BAD_ROWS)
    for named in ("“Bad 2”", "“Bad 3”", bad[1]["id"], bad[4]["id"]):
        assert named in ended.err
    written = [out] if kind == "json" else list(out.iterdir())
    assert len(written) == 1
    assert GOOD in written[0].read_text()


def evil(shell: Shell, tmp_path: Path) -> Path:
    """Return a backup of this shell's library whose only provider has another address."""
    made = run(shell, "backup", str(tmp_path / "backups"))
    valid = ValidBackup.of(Path(made.out.strip()), tmp_path / "sound")
    return valid.changed("evil", EVIL_PROVIDER)


def test_a_restore_without_a_terminal_needs_a_flag(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_text(json.dumps(own(GOOD_OWN)))
    assert run(shell, "import", str(file)).code == 0
    archive = evil(shell, tmp_path)
    kept = run(shell, "restore", str(archive))
    assert kept.code == 1, kept.err
    listed = (
        "OpenAI (openai), Base URL: https://api.openai.com:443/v1 → https://evil.example:443/v1"
    )
    assert listed in kept.err
    assert "use --accept-settings" in kept.err
    assert shell.rows("SELECT id FROM profiles") == []
    assert shell.rows("SELECT title FROM conversations") == [(GOOD,)]
    taken = run(shell, "restore", str(archive), "--accept-settings")
    assert taken.code == 0, taken.err
    assert listed in taken.err
    ((body,),) = shell.rows("SELECT body FROM profiles")
    assert EVIL in body


@pytest.mark.parametrize(("typed", "code", "stored"), [("y", 0, 1), ("n", 1, 0)])
def test_a_restore_on_a_terminal_asks_about_changed_addresses(
    shell: Shell, tmp_path: Path, typed: str, code: int, stored: int
) -> None:
    archive = evil(shell, tmp_path)
    master, slave = os.openpty()
    command = [sys.executable, "-m", "desktop_app", "restore", str(archive)]
    with subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=shell.environment,
        cwd=shell.outside / "here",
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(master, 4096)
        os.write(master, typed.encode() + b"\n")
        with suppress(OSError):  # the other side is closed
            while piece := os.read(master, 4096):
                shown += piece
        assert process.wait(60) == code, shown
    os.close(master)
    assert b"https://evil.example:443" in shown
    assert b"Traceback" not in shown
    assert len(shell.rows("SELECT id FROM profiles")) == stored
