"""Stored values of a wrong type count as not stored, and the others as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.settings.stored_values import KNOWN_KEYS, KNOWN_PREFIXES, read_values
from tests.helpers.full_store import fill
from tests.unit.storage.samples import opened

RIGHT = {
    "window.unread": ["a", "b"],
    "window.scroll": ["a", 5],
    "window.state": {"geometry": "AA==", "list": False, "web": None, "footer": ["a", "b", "c"]},
    "window.new_draft": {"text": "Hi", "attachments": [], "preset": None, "overrides": {}},
    "backup.last": {"at": "2026-01-01T08:00:00", "error": None},
    "models.favorites": [["a", "b"]],
    "palette.uses": {"a": 2, "b": 0.5},
    "learnt.refusals.p http://a/v1 m": {"on": "2026-01-01", "refused": ["temperature"]},
    "look.theme": "dark",
    "keys.prompt.send": "Ctrl+Return",
    "of.a.newer.version": {"a": [1]},
}
KEYS = (
    *(setting.key for setting in SETTINGS),
    *KNOWN_KEYS,
    *(f"{prefix}x" for prefix in KNOWN_PREFIXES),
)


def test_right_values_are_read_as_they_are() -> None:
    rows = [(key, json.dumps(value)) for key, value in RIGHT.items()]
    assert read_values(rows) == RIGHT


@pytest.mark.parametrize("wrong", ["[[1]]", "[7, 8, 9, 10]", "-1e300", "{", "1e999"])
def test_no_value_of_a_wrong_type_is_read(wrong: str) -> None:
    found = read_values([*((key, wrong) for key in KEYS), ("look.theme", '"dark"')])
    assert found == {"look.theme": "dark"}


async def test_every_stored_value_is_known(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        await fill(database, tmp_path / "attachments")
        stored = await SettingsStore(database).all()
    prefixes = (*KNOWN_PREFIXES, KEYS_PREFIX)
    assert [key for key in stored if key not in KEYS and not key.startswith(prefixes)] == []


def test_a_wrong_field_costs_itself() -> None:
    row = {"text": "Hi", "attachments": "x", "preset": 5, "overrides": [1]}
    assert read_values([("window.new_draft", json.dumps(row))]) == {
        "window.new_draft": {"text": "Hi"}
    }
