"""Mnemonics: the choice of letters, in menus, and in windows while Alt is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QMenu, QVBoxLayout, QWidget

from desktop_app.widgets.accessibility.mnemonics import WindowMnemonics, with_mnemonics
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, menu_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ALT = Qt.KeyboardModifier.AltModifier


@pytest.mark.parametrize(
    ("texts", "marked"),
    [
        (["Open", "Rename"], ["&Open", "&Rename"]),
        (["Pin", "Print"], ["&Pin", "P&rint"]),  # no first letter is left
        (["Copy", "Copy link"], ["&Copy", "Copy &link"]),  # a word before any other letter
        (["5 pages"], ["5 &pages"]),
        (["Über", "Öffnen"], ["&Über", "&Öffnen"]),
        (["Файл", "Правка"], ["&Файл", "&Правка"]),
        (["ملف", "تحرير"], ["&ملف", "&تحرير"]),
        (["ßa", "…", "A & B"], ["ß&a", "…", "A && &B"]),
        (["a", "a"], ["&a", "a"]),  # no letter is left
        (["𝐀 b"], ["𝐀 &b"]),
    ],
)
def test_mnemonics_prefer_first_letters_then_words(texts: list[str], marked: list[str]) -> None:
    assert with_mnemonics(texts) == marked


@given(st.lists(st.text(max_size=12), max_size=40), st.sets(st.sampled_from("ABCD")))
def test_no_letter_is_assigned_twice(texts: list[str], taken: set[str]) -> None:
    keys = [QKeySequence.mnemonic(text) for text in with_mnemonics(texts, taken)]
    letters = [each.toString().removeprefix("Alt+") for each in keys if not each.isEmpty()]
    assert len(set(letters)) == len(letters)
    assert not taken.intersection(letters)


# ---------------------------------------------------------------- menus


def shown(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_a_menu_is_marked_when_it_opens() -> None:
    menu, pressed = ProgramMenu(), []
    menu.addAction(menu_text("Rock & roll", keys="Ctrl+R"), lambda: pressed.append("rock"))
    menu.addSeparator()
    menu.addAction("Rename").setEnabled(False)
    menu.addAction("Remove", lambda: pressed.append("remove"))
    menu.popup(menu.pos())
    assert shown(menu) == ["&Rock && roll\tCtrl+R", "", "Rename", "R&emove"]
    QTest.keyClick(menu, Qt.Key.Key_E)
    assert pressed == ["remove"]
    menu.addAction("Edit")
    menu.popup(menu.pos())
    assert shown(menu)[2:] == ["Rename", "R&emove", "E&dit"]
    menu.close()


# ---------------------------------------------------------------- windows


class Dialog(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []
        self.field, self.box = QLineEdit(), QCheckBox("Copy")
        self.label = PlainLabel("Name & title")
        self.label.setBuddy(self.field)
        self.save, self.cancel = PlainButton("Save & close"), cancel_button()
        self.part = QWidget()
        QVBoxLayout(self.part).addWidget(PlainButton("Other"))
        column = QVBoxLayout(self)
        for widget in (self.box, self.label, self.field, self.save, self.cancel):
            column.addWidget(widget)
        column.addWidget(self.part)
        for button in (self.save, self.cancel):
            button.clicked.connect(lambda _=False, b=button: self.pressed.append(b.text()))

    @property
    def texts(self) -> list[str]:
        """Return the texts as Qt has them."""
        widgets = (self.box, self.label, self.save, self.cancel)
        return [str(widget.property("text")) for widget in widgets]


PLAIN = ["Copy", "Name && title", "Save && close", "Cancel"]
UNDERLINED = ["&Copy", "&Name && title", "&Save && close", "C&ancel"]


@pytest.fixture
def dialog(qtbot: QtBot) -> Dialog:
    shown = Dialog()
    qtbot.addWidget(shown)
    mnemonics = WindowMnemonics(shown, (shown.part,))
    shown.show()
    shown.activateWindow()
    mnemonics.watch(shown)
    return shown


def press_alt_with(key: Qt.Key, window: QWidget) -> None:
    QTest.keyPress(window, Qt.Key.Key_Alt)
    QTest.keyClick(window, key, ALT)
    QTest.keyRelease(window, Qt.Key.Key_Alt, ALT)


def test_alt_with_a_letter_presses_a_button(dialog: Dialog, qtbot: QtBot) -> None:
    press_alt_with(Qt.Key.Key_S, dialog)
    qtbot.waitUntil(lambda: dialog.pressed == ["Save & close"])
    press_alt_with(Qt.Key.Key_C, dialog)
    qtbot.waitUntil(dialog.box.isChecked)


def test_alt_with_the_letter_of_a_label_goes_to_its_field(dialog: Dialog) -> None:
    dialog.save.setFocus()
    press_alt_with(Qt.Key.Key_N, dialog)
    assert dialog.field.hasFocus()


def test_letters_are_underlined_while_alt_is_pressed(dialog: Dialog) -> None:
    assert dialog.texts == PLAIN
    QTest.keyPress(dialog, Qt.Key.Key_Alt)
    assert dialog.texts == UNDERLINED
    assert dialog.label.text() == "Name & title"
    assert dialog.save.text() == "Save & close"
    dialog.cancel.setText("Close")
    QTest.keyRelease(dialog, Qt.Key.Key_Alt, ALT)
    assert dialog.texts == [*PLAIN[:-1], "Close"]


def test_letters_lose_their_underlines_when_the_window_hides(dialog: Dialog) -> None:
    QTest.keyPress(dialog, Qt.Key.Key_Alt)
    dialog.hide()
    assert dialog.texts == PLAIN
