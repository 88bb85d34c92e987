"""A repair pauses prompts that repeat."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.unit.library.test_repair import filled, repaired, rows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_repair_starts_nothing_and_agrees_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        row = ("r", "Say hello", "day", "2026-01-01T08:00", "openai", "gpt-5.2-pro")
        values = "?, ?, ?, ?, ?, ?, NULL, NULL, '', 0, NULL"
        connection.execute(f"INSERT INTO repeats VALUES ({values})", row)
        connection.execute("INSERT INTO tool_permissions VALUES (NULL, 't', 'f', 'always')")
        connection.execute("INSERT INTO settings VALUES ('spending.unpriced.x', 'true')")
    found = repaired(path)
    assert rows(path, "SELECT id FROM paused_repeats") == [("r",)]
    assert rows(path, "SELECT * FROM tool_permissions") == []
    assert rows(path, "SELECT * FROM settings WHERE key LIKE 'spending.%'") == []
    assert "Say hello · gpt-5.2-pro · Every day" in found.sentence
    assert found.switched_off.has_consents
