"""Shortcuts as they are shown."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QTranslator
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


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS writes keys as symbols")
def test_a_chinese_shortcut_uses_them_too() -> None:
    translator = QTranslator()
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    assert translator.load("qtbase_zh_CN", folder)
    QCoreApplication.installTranslator(translator)
    try:
        assert shortcut_text("Ctrl+G, Ctrl+Up") == "Ctrl+G, Ctrl+↑"
        assert shortcut_text("Shift+Return") == "Shift+Enter"
    finally:
        QCoreApplication.removeTranslator(translator)
