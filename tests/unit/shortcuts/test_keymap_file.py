"""Shortcuts are written to a file; reading one names the entries that cannot be used."""

from __future__ import annotations

import json

import pytest

from desktop_app.domain.errors import SettingError
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.shortcuts.keymap_file import shortcuts_from_json, shortcuts_to_json


def file_of(shortcuts: object) -> bytes:
    return json.dumps(
        {"format": "repartee-shortcuts", "version": 1, "shortcuts": shortcuts}
    ).encode()


def test_an_exported_file_is_read_unchanged() -> None:
    overrides = {"conversation.new": "Ctrl+J", "answer.retry": "", "find.open": "Ctrl+Ö"}
    text = shortcuts_to_json(Keymap(overrides))
    assert '    "find.open": "Ctrl+Ö"' in text.splitlines()
    read = shortcuts_from_json(text.encode(), "keys.json")
    assert (read.usable, read.unknown, read.unusable) == (overrides, [], [])


def test_defaults_can_be_restored_although_they_are_needed_for_typing() -> None:
    assert shortcuts_from_json(file_of({"prompt.send": "Return"}), "f").usable == {
        "prompt.send": "Return"
    }


def test_every_unusable_entry_is_named() -> None:
    entries = {
        "find.open": "control+j",
        "no.such": "Ctrl+J",
        "find.next": "J",
        "find.previous": "Ctrl+",
        "list.next": 5,
        "list.previous": None,
    }
    read = shortcuts_from_json(file_of(entries), "f")
    assert read.usable == {"find.open": "Ctrl+J"}
    assert read.unknown == ["no.such"]
    assert read.unusable == [
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
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(SettingError) as caught:
        shortcuts_from_json(data, "keys.json")
    assert "of shortcuts, or can’t be read" in caught.value.message
    assert "“keys.json”" in caught.value.what_happened
