"""A library over 2 GiB, whose size no signed number of 32 bits holds."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.backup.backup import make_backup
from desktop_app.chat.conversation_store import ConversationStore
from tests.helpers.restores import restore_now
from tests.unit.storage.samples import NOON, a_conversation, opened

ROWS = 57
ROW_BYTES = 40_000_000
NEEDED_BYTES = 4 * ROWS * ROW_BYTES


def count_rows(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM settings WHERE key LIKE 'large.%'")
    return int(found[0])


@pytest.mark.slow
@pytest.mark.attack("reply-bounds")
async def test_a_library_over_2_gib_is_backed_up_and_restored(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < NEEDED_BYTES:
        pytest.skip("needs 10 GB of free disk")
    database, attachments = tmp_path / "data" / "repartee.sqlite3", tmp_path / "attachments"
    async with opened(database) as store:
        await ConversationStore(store).create(a_conversation("before"))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO settings VALUES (?, printf('%.*c', ?, 'x'))",
            [(f"large.{number}", ROW_BYTES) for number in range(ROWS)],
        )
    assert database.stat().st_size > 1 << 31
    backup = make_backup(database, attachments, tmp_path / "b", NOON, lambda *_: None)
    restored = restore_now(backup.path, database, attachments, NOON)
    assert restored is not None
    assert restored.previous_store is not None
    restored.previous_store.unlink()
    assert count_rows(database) == ROWS
    async with opened(database) as store:
        assert [each.title for each in await ConversationStore(store).all()] == ["before"]
