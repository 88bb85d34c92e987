"""Hostile exports, and stores with bad rows, through the real commands."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.hostile_files import (
    GOOD,
    GOOD_OWN,
    conversation,
    hostile_files,
    own,
    special_files,
)
from tests.integration.headless.command import Ended, Shell

pytestmark = pytest.mark.attack("imports")


def run(shell: Shell, *arguments: str) -> Ended:
    return asyncio.run(shell.run(*arguments))


def test_one_import_of_all_hostile_files_brings_what_is_sound(shell: Shell, tmp_path: Path) -> None:
    files = hostile_files(tmp_path / "files")
    sound = tmp_path / "sound.json"
    sound.write_text(json.dumps(own({**GOOD_OWN, "id": "a" * 32, "messages": [], "leaf_id": None})))
    with special_files(tmp_path / "special") as special:
        paths = [*(str(one.path) for one in files.values()), *map(str, special.values())]
        ended = run(shell, "import", "--json", *paths, str(sound))
    assert ended.code == 1
    *found, last = ended.json["files"]
    came = {name: one["conversations"] for name, one in zip([*files, *special], found, strict=True)}
    assert came == {**{name: one.comes for name, one in files.items()}, **dict.fromkeys(special, 0)}
    assert (last["added"], last["refused"]) == (1, [])
    assert {title for (title,) in shell.rows("SELECT title FROM conversations")} >= {GOOD}
    assert run(shell, "search", "Hello", "--json").code == 0
    out = tmp_path / "out.json"
    assert run(shell, "export", "--all", "--format", "json", "--to", str(out)).code == 0


BAD_ROWS = {
    1: "UPDATE conversations SET effort = 'enormous' WHERE id = ?",
    2: "UPDATE messages SET parts = '[{' WHERE conversation_id = ?",
    3: "UPDATE messages SET cost = 'x' WHERE conversation_id = ?",
    4: "UPDATE conversations SET created_at = 1 << 61 WHERE id = ?",
}


@pytest.mark.parametrize("kind", ["json", "markdown", "html"])
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
    assert ended.err.count("was left out") == len(BAD_ROWS)
    for named in ("“Bad 2”", "“Bad 3”", bad[1]["id"], bad[4]["id"]):
        assert named in ended.err
    written = [out] if kind == "json" else list(out.iterdir())
    assert len(written) == 1
    assert GOOD in written[0].read_text()
