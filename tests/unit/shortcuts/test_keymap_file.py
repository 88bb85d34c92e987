"""Shortcuts are written to a file; reading one names the entries that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_app.domain.errors import SettingError
from desktop_app.shortcuts.keymap import Keymap, read_shortcuts, shortcuts_to_json


def file_of(shortcuts: object) -> bytes:
    return json.dumps(
        {"format": "repartee-shortcuts", "version": 1, "shortcuts": shortcuts}
    ).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_an_exported_file_is_read_unchanged(path: Path) -> None:
    overrides = {"conversation.new": "Ctrl+J", "answer.retry": "", "find.open": "Ctrl+Ö"}
    text = shortcuts_to_json(Keymap(overrides))
    assert '    "find.open": "Ctrl+Ö"' in text.splitlines()
    path.write_text(text, "utf-8")
    assert read_shortcuts(path) == (overrides, [])


def test_defaults_can_be_restored_although_they_are_needed_for_typing(path: Path) -> None:
    path.write_bytes(file_of({"prompt.send": "Return"}))
    assert read_shortcuts(path) == ({"prompt.send": "Return"}, [])


def test_every_unusable_entry_is_named(path: Path) -> None:
    entries = {
        "find.open": "control+j",
        "no.such": "Ctrl+J",
        "find.next": "J",
        "find.previous": "Ctrl+",
        "list.next": 5,
        "list.previous": None,
    }
    path.write_bytes(file_of(entries))
    usable, unusable = read_shortcuts(path)
    assert usable == {"find.open": "Ctrl+J"}
    assert unusable == [
        "no.such: Ctrl+J",
        "find.next: J",
        "find.previous: Ctrl+",
        "list.next: 5",
        "list.previous: None",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"{}",
        file_of([]),
        file_of({}).replace(b"1", b"2"),
        file_of({}).replace(b"repartee-shortcuts", b"other"),
    ],
)
def test_other_files_are_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(SettingError) as caught:
        read_shortcuts(path)
    assert "of shortcuts, or can’t be read" in caught.value.message
    assert "“keys.json”" in caught.value.what_happened
