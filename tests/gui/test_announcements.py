"""Announcements of dialogs and forms, made while the focus stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop_app.app.features import COMMANDS
from desktop_app.settings.ui import shortcuts_tab
from desktop_app.transcript import find_bar
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets import announcements, status_line
from desktop_app.widgets.cards.notifications import Notifications
from desktop_app.widgets.forms import form_widgets
from desktop_app.widgets.forms.form_widgets import Note
from desktop_app.widgets.status_line import StatusLine
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme

MODULES = (status_line, find_bar, form_widgets, shortcuts_tab)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the words that are announced."""
    words: list[str] = []
    for module in MODULES:
        assert module.announce is announcements.announce
        monkeypatch.setattr(module, "announce", lambda _widget, said: words.append(said))
    return words


@pytest.fixture
def page(qtbot: QtBot, light_theme: Theme) -> QWidget:
    """Return a visible window for the tested widgets."""
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def test_an_error_in_a_form_is_announced_once(
    said: list[str], light_theme: Theme, page: QWidget
) -> None:
    note = Note()
    note.setParent(page)
    note.set_text("Not an address.", "error")
    note.set_text("Type an address.")
    note.set_text("Not a number.", "error")
    note.set_text("Not a number.", "error")
    assert said == ["Not an address.", "Not a number."]
    note.set_text("3 models", is_result=True)
    assert said.pop() == "3 models"


def test_the_matches_of_a_search_are_announced(
    said: list[str], light_theme: Theme, page: QWidget
) -> None:
    bar = FindBar(page, "Find")
    bar.open("word")
    bar.show_count(0, 0, is_final=False)
    bar.show_count(1, 3, is_final=True)
    bar.show_count(1, 3, is_final=True)
    bar.show_count(2, 3, is_final=True)
    bar.show_count(0, 0, is_final=True)
    bar.show_count(1, 3, is_final=True)
    bar.hide()
    bar.show_count(0, 0, is_final=True)  # as when the search of a closed bar ends
    assert said == ["1 of 3", "2 of 3", "No matches", "1 of 3"]


def test_the_message_of_a_status_line_is_announced(said: list[str], page: QWidget) -> None:
    line = StatusLine("collections")
    line.setParent(page)
    said.clear()
    line.show_message("“Contracts” deleted")
    assert said == ["“Contracts” deleted"]


def test_undoing_is_announced(light_theme: Theme, page: QWidget) -> None:
    card = Notifications()
    card.setParent(page)
    undone: list[str] = []
    card.notify_undo("Moved", lambda: undone.append(card.status.accessibleName()))
    card.undo_last()
    assert undone == ["Undone"]


def test_new_keys_of_a_command_are_announced(
    qtbot: QtBot, said: list[str], light_theme: Theme, page: QWidget
) -> None:
    command = next(each for each in COMMANDS if each.id == "conversation.new")
    row = shortcuts_tab.CommandRow(command, lambda _id, _keys: None)
    row.setParent(page)
    row.show_keys("Ctrl+N", is_changed=False, conflicting=())
    row.show()
    cap = find(row, QAbstractButton, "keys-conversation.new")
    page.activateWindow()
    cap.setFocus()
    qtbot.waitUntil(cap.hasFocus)
    row.show_keys("F2", is_changed=True, conflicting=("Rename",))
    row.show_keys("F2", is_changed=True, conflicting=("Rename",))
    assert said == ["New conversation: F2", "Also used by Rename."]
