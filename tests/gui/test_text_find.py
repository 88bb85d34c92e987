"""Finding and replacing in a text, beside proposed changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from desktop_app.texts.text_edits import Replacement
from desktop_app.texts.ui import text_find
from desktop_app.texts.ui.text_pane import TextPane
from desktop_app.texts.ui.tracked_document import TrackedDocument
from desktop_app.widgets.text.foreign_text import PlainLabel
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TEXT = "Sun, sun.\n😀 SUNDAY\n" + "moon\n" * 300 + "the Sun"


@pytest.fixture
def pane(qtbot: QtBot) -> TextPane:
    made = TextPane(None, *[lambda _: None] * 4)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(500, 600)
    made.show()
    show(made, TEXT)
    return made


def show(pane: TextPane, text: str) -> TrackedDocument:
    document = TrackedDocument(text)
    document.setParent(pane)
    pane.show_document("Sky", document)
    return document


def search(pane: TextPane, query: str, replacement: str = "") -> None:
    pane.finder.open(replaces=True)
    pane.finder.bar.field.setText(query)
    pane.finder.bar.step(+1)  # what waits for a pause in typing
    find(pane, QLineEdit, "text-replacement").setText(replacement)


def count(pane: TextPane) -> str:
    return find(pane, PlainLabel, "find-count").text()


def marked(pane: TextPane) -> list[str]:
    return [mark.cursor.selectedText() for mark in pane.editor.extraSelections()]


def press(pane: TextPane, name: str) -> None:
    find(pane, QPushButton, name).click()


def replace_all(qtbot: QtBot, pane: TextPane) -> None:
    press(pane, "text-replace-all")
    qtbot.waitUntil(pane.editor.viewport().updatesEnabled)


def test_matches_are_counted_marked_and_gone_through(pane: TextPane) -> None:
    search(pane, "sun")
    assert count(pane) == "1 of 4"
    assert marked(pane) == ["Sun", "sun", "SUN"]  # those on screen
    pane.finder.step(-1)
    assert count(pane) == "4 of 4"
    assert marked(pane) == ["Sun"]
    assert pane.editor.textCursor().block().text() == "the Sun"
    assert not pane.editor.textCursor().hasSelection()  # a question would have only that
    press(pane, "text-find-words")
    assert count(pane) == "3 of 3"
    press(pane, "text-find-case")
    assert count(pane) == "1 of 1"
    QTest.keyClick(pane.finder.bar.field, Qt.Key.Key_Escape)
    assert pane.finder.isHidden()
    assert pane.editor.textCursor().selectedText() == "sun"
    assert marked(pane) == []


def test_all_matches_are_replaced_in_one_step(qtbot: QtBot, pane: TextPane) -> None:
    search(pane, "sun", r"\1 star")
    replace_all(qtbot, pane)
    expected = TEXT.replace("SUN", "Sun").replace("sun", "Sun").replace("Sun", r"\1 star")
    assert pane.editor.toPlainText() == expected
    assert count(pane) == "No matches"
    pane.editor.undo()
    assert pane.editor.toPlainText() == TEXT
    # What is typed meanwhile stays, and is searched.
    qtbot.waitUntil(lambda: count(pane).endswith("of 4"))
    with pytest.MonkeyPatch.context() as slowly:
        slowly.setattr(text_find, "_SLICE_S", -1.0)  # one after another
        press(pane, "text-replace-all")
        assert pane.editor.toPlainText().endswith(r"the \1 star")
        pane.editor.moveCursor(QTextCursor.MoveOperation.Start)
        QTest.keyClicks(pane.editor, "A sun. ")
        qtbot.waitUntil(pane.editor.viewport().updatesEnabled)
    assert pane.editor.toPlainText() == rf"A \1 star. {expected}"
    while pane.editor.document().isUndoAvailable():
        pane.editor.undo()
    assert pane.editor.toPlainText() == TEXT


def test_matches_are_replaced_one_by_one(qtbot: QtBot, pane: TextPane) -> None:
    search(pane, "sun", "sunny sun")
    press(pane, "text-replace")
    assert count(pane) == "3 of 5"  # behind what was inserted
    field = find(pane, QLineEdit, "text-replacement")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert pane.editor.toPlainText() == TEXT.replace("Sun, sun", "sunny sun, sunny sun")
    pane.editor.textCursor().insertText("sun")  # typed meanwhile
    qtbot.waitUntil(lambda: count(pane).endswith("of 7"))


def test_replacements_stay_beside_proposed_changes(qtbot: QtBot, pane: TextPane) -> None:
    document = show(pane, "one sun, two suns, a sun")
    document.propose(0, [[Replacement(13, 17, "big suns")]])
    search(pane, "sun", "star")
    assert count(pane) == "1 of 3"  # not the deleted one
    replace_all(qtbot, pane)
    assert document.accepted == "one star, two big stars, a star"
    document.settle(document.changes, accept=False)
    assert document.accepted.startswith("one star, two suns")
    assert document.accepted.endswith(", a star")


def test_nothing_is_replaced_where_a_match_was_before_an_edit(pane: TextPane) -> None:
    show(pane, "sun")
    cursor = pane.editor.textCursor()
    cursor.insertText("x")
    search(pane, "sun", "star")
    pane.editor.undo()
    cursor.movePosition(QTextCursor.MoveOperation.End)
    cursor.insertText("y")  # as many steps and characters as when it was searched
    pane.finder.replace()
    pane.finder.replace()
    assert pane.editor.toPlainText() == "stary"
