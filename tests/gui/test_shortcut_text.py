"""Shortcuts as they are shown."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QKeySequence

from desktop_app.widgets.look.shortcut_text import shortcut_text


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS writes keys as symbols")
@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("", ""),
        ("Return", "Enter"),
        ("Ctrl+Return", "Ctrl+Enter"),
        ("Ctrl+Shift+F", "Ctrl+Shift+F"),
        ("Ctrl+K, Return", "Ctrl+K, Enter"),
        (QKeySequence.StandardKey.Find, "Ctrl+F"),
    ],
)
def test_a_shortcut_uses_the_names_on_key_caps(
    keys: str | QKeySequence.StandardKey, shown: str
) -> None:
    assert shortcut_text(keys) == shown
