"""The letters that choose entries of menus."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from shiboken6 import delete

import desktop_app
from desktop_app.paths import resource_path
from desktop_app.shortcuts.command import all_commands
from desktop_app.widgets.look.menu_icons import ENTRIES
from desktop_app.widgets.program_menu import ProgramMenu, mark_menu
from desktop_app.widgets.text.foreign_text import menu_text


def shown(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


@pytest.mark.parametrize(
    ("texts", "marked"),
    [
        (["Open", "Rename"], ["&Open", "&Rename"]),
        (["Copy", "Copy link"], ["&Copy", "Copy &link"]),  # the next word
        (["5 pages"], ["5 &pages"]),
        (["Über", "Öffnen"], ["&Über", "&Öffnen"]),
        (["ملف", "تحرير"], ["&ملف", "&تحرير"]),
        (
            ["会話を PDFに", "コピー"],
            ["会話を &PDFに", "コピー"],
        ),  # an input method types the others
        (["…", "A & B"], ["…", "&A && B"]),
        (["Pin", "Print"], ["&Pin", "Print"]),  # no word is left
    ],
)
def test_an_entry_gets_the_first_free_letter_of_its_words(
    texts: list[str], marked: list[str]
) -> None:
    menu = QMenu()
    for text in texts:
        menu.addAction(menu_text(text))
    mark_menu(menu)
    assert shown(menu) == marked
    mark_menu(menu)
    assert shown(menu) == marked, "marked again, as when it opens again"


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_letters_choose_entries_and_alt_underlines_them() -> None:
    menu, pressed = ProgramMenu(), []
    menu.addAction(menu_text("Rock & roll", keys="Ctrl+R"), lambda: pressed.append("rock"))
    menu.addSeparator()
    menu.addAction("Rename").setEnabled(False)
    menu.addAction("Edit", lambda: pressed.append("edit"))
    plain = ["Rock && roll\tCtrl+R", "", "Rename", "Edit"]
    menu.popup(menu.pos())
    QTest.keyClick(menu, Qt.Key.Key_X)
    assert shown(menu) == plain
    QTest.keyClick(menu, Qt.Key.Key_E)
    assert pressed == ["edit"]
    menu.popup(menu.pos())
    QTest.keyClick(menu, Qt.Key.Key_Alt)
    assert shown(menu) == ["&Rock && roll\tCtrl+R", "", "Rename", "&Edit"]
    QTest.keyClick(menu, Qt.Key.Key_R)
    assert pressed == ["edit", "rock"]
    menu.popup(menu.pos())
    assert shown(menu) == plain
    menu.close()


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_a_screen_reader_finds_an_entry_that_another_menu_has_shown() -> None:
    QAccessible.setActive(True)
    shared = QAction("Open")

    def entry_of(menu: ProgramMenu) -> QAccessibleInterface | None:
        menu.addAction(shared)
        menu.popup(menu.pos())
        interface = QAccessible.queryAccessibleInterface(menu)
        entry = None if interface is None else interface.child(0)
        assert entry is not None
        return entry.parent()

    try:
        first = ProgramMenu()
        assert entry_of(first) is not None
        delete(first)
        second = ProgramMenu()
        assert entry_of(second) is not None
        second.close()
    finally:
        QAccessible.setActive(False)


def test_every_entry_with_an_icon_exists() -> None:
    folder = Path(desktop_app.__file__).parent
    sources = "".join(
        path.read_text() for path in folder.rglob("*.py") if path.name != "menu_icons.py"
    )
    ids = {command.id for command in all_commands()}
    for name, entries in ENTRIES.items():
        assert resource_path(f"icons/lucide/{name}.svg").is_file(), name
        for entry in entries:
            is_named = f'"{entry}"' in sources
            assert entry in ids or entry.endswith(":") or is_named, entry


def test_an_entry_gets_the_icon_of_its_command_or_label() -> None:
    menu, command = ProgramMenu(), QAction("Whatever")
    command.setObjectName("settings.toggle")
    menu.addAction(command)
    copy = menu.addAction(menu_text("Copy", keys="Ctrl+C"))
    other = menu.addAction("Qwertz")
    assert [not each.icon().isNull() for each in (command, copy, other)] == [True, True, False]
