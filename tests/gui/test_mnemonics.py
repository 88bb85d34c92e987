"""Mnemonics: the choice of letters, in menus, and in windows while Alt is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QMenu, QVBoxLayout, QWidget

from desktop_app.ui.widgets.accessibility.mnemonics import (
    NO_MNEMONIC,
    choose_letters,
    with_mnemonic,
)
from desktop_app.ui.widgets.accessibility.window_mnemonics import WindowMnemonics
from desktop_app.ui.widgets.buttons.dialog_button import cancel_button
from desktop_app.ui.widgets.program_menu import ProgramMenu
from desktop_app.ui.widgets.text.foreign_text import PlainButton, PlainLabel, menu_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ALT = Qt.KeyboardModifier.AltModifier


@pytest.mark.parametrize(
    ("texts", "letters"),
    [
        (["Open", "Rename"], "OR"),
        (["Pin", "Print"], "PR"),  # no first letter is left
        (["Copy", "Copy link"], "CL"),  # a word before any other letter
        (["New folder", "Export…", "5 pages"], "NEP"),  # a letter before a digit
        (["Über", "Öffnen"], "ÜÖ"),
        (["Файл", "Правка"], "ФП"),
        (["ملف", "تحرير"], "مت"),
        (["an", "a"], "NA"),  # the first gives way, so that both have one
        (["ßa", "…"], ["A", ""]),
        (["🙂 b"], "B"),
    ],
)
def test_mnemonics_prefer_first_letters_then_words(
    texts: list[str], letters: str | list[str]
) -> None:
    assert choose_letters(texts) == list(letters)


@given(st.lists(st.text(max_size=12), max_size=40), st.sets(st.sampled_from("ABCD")))
def test_no_letter_is_assigned_twice_and_no_free_letter_is_left(
    texts: list[str], taken: set[str]
) -> None:
    letters = choose_letters(texts, taken=taken)
    given_letters = [letter for letter in letters if letter]
    assert len(set(given_letters)) == len(given_letters)
    assert not taken.intersection(given_letters)
    for text, letter in zip(texts, letters, strict=True):
        assert QKeySequence.mnemonic(with_mnemonic(text, letter)).isEmpty() == (not letter)
        if not letter:
            free = {c.upper() for c in text if c.isalnum() and c <= "\uffff"} - taken
            assert {c for c in free if len(c) == 1} <= {*letters}


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
    assert shown(menu)[2:] == ["Rename", "R&emove", "E&dit"]  # assigned letters stay
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
        self.keys = PlainButton("Ctrl+S")
        self.keys.setProperty(NO_MNEMONIC, True)
        self.part = QWidget()
        QVBoxLayout(self.part).addWidget(PlainButton("Other"))
        column = QVBoxLayout(self)
        for widget in (self.box, self.label, self.field, self.save, self.cancel, self.keys):
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
UNDERLINED = ["C&opy", "&Name && title", "&Save && close", "&Cancel"]


@pytest.fixture
def dialog(qtbot: QtBot) -> Dialog:
    shown = Dialog()
    qtbot.addWidget(shown)
    mnemonics = WindowMnemonics(shown, lambda _window: (shown.part,))
    shown.show()
    shown.activateWindow()
    mnemonics.watch(shown)
    mnemonics.choose(shown)
    return shown


def test_alt_with_a_letter_presses_a_button(dialog: Dialog, qtbot: QtBot) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_S, ALT)
    qtbot.waitUntil(lambda: dialog.pressed == ["Save & close"])
    QTest.keyClick(dialog, Qt.Key.Key_O, ALT)
    qtbot.waitUntil(dialog.box.isChecked)


def test_alt_with_the_letter_of_a_label_goes_to_its_field(dialog: Dialog) -> None:
    dialog.save.setFocus()
    QTest.keyClick(dialog, Qt.Key.Key_N, ALT)
    assert dialog.field.hasFocus()
    dialog.save.setFocus()
    QTest.keyPress(dialog, Qt.Key.Key_Alt)
    QTest.keyClick(dialog, Qt.Key.Key_N, ALT)
    assert dialog.field.hasFocus()


def test_letters_are_underlined_while_alt_is_pressed(dialog: Dialog, qtbot: QtBot) -> None:
    assert dialog.texts == PLAIN
    QTest.keyPress(dialog, Qt.Key.Key_Alt)
    assert dialog.texts == UNDERLINED  # "Cancel" keeps its first letter
    assert dialog.label.text() == "Name & title"
    assert dialog.save.text() == "Save & close"
    QTest.keyRelease(dialog, Qt.Key.Key_Alt, ALT)
    assert dialog.texts == PLAIN
    test_alt_with_a_letter_presses_a_button(dialog, qtbot)


def test_alt_with_a_letter_that_is_no_mnemonic_types_nothing(
    qtbot: QtBot, qapp: QApplication
) -> None:
    window = QWidget()
    field = QLineEdit(window)
    qtbot.addWidget(window)
    _mnemonics = WindowMnemonics(window, lambda _window: ())
    window.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qapp.focusChanged.emit(None, field)
    QTest.keyClick(field, Qt.Key.Key_Q, ALT)
    QTest.keyClick(field, Qt.Key.Key_Q, ALT | Qt.KeyboardModifier.ShiftModifier)
    assert not field.text()
    QTest.keyClick(field, Qt.Key.Key_Q, ALT | Qt.KeyboardModifier.ControlModifier)  # AltGr
    QTest.keyClick(field, Qt.Key.Key_A)
    assert field.text() == "qa"
    qapp.focusChanged.emit(field, None)
    QTest.keyClick(field, Qt.Key.Key_B)
    assert field.text() == "qab"
