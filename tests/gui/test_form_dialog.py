"""Forms in dialogs ask before they discard changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMessageBox, QPlainTextEdit, QPushButton, QWidget

from desktop_app.domain.models.model_entry import ModelRow
from desktop_app.providers.ui.models.model_editor import ModelEditor
from desktop_app.tools.servers.tool_server import server_of
from desktop_app.tools.ui.servers_tab import ServerForm
from desktop_app.widgets.forms.form_dialog import FormDialog, ask_about_changes
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot


def _server(parent: QWidget) -> FormDialog:
    return ServerForm(server_of("mail", command=("mail-server",))[0], parent)


def _model(parent: QWidget) -> FormDialog:
    return ModelEditor(ModelRow("own", "Own", "m", "M"), lambda _entries: None, parent)


@pytest.mark.parametrize(
    ("make", "field", "save"),
    [(_server, "server-folder", ""), (_model, "model-window", "save-model")],
)
def test_changes_are_discarded_only_after_a_question(
    qtbot: QtBot, make: Callable[[QWidget], FormDialog], field: str, save: str
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(900, 700)
    parent.show()
    untouched = make(parent)
    untouched.open()
    QTest.keyClick(untouched, Qt.Key.Key_Escape)
    assert untouched.isHidden()
    dialog = make(parent)
    dialog.open()
    edit = find(dialog, QLineEdit, field)
    QTest.keyClicks(edit, "12")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    question = find(dialog, QMessageBox, "discard-question")
    assert question.defaultButton() is question.button(QMessageBox.StandardButton.Cancel)
    QTest.keyClick(question, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is None)
    assert dialog.isVisible()
    assert edit.text() == "12"
    assert ask_about_changes(), "the program does not end"
    find(dialog, QMessageBox, "discard-question").close()
    qtbot.waitUntil(lambda: dialog.findChild(QMessageBox) is None)
    if save:
        saving = make(parent)
        saving.open()
        QTest.keyClicks(find(saving, QLineEdit, field), "12")
        find(saving, QPushButton, save).click()
        assert saving.isHidden()
    dialog.close()
    find(dialog, QPushButton, "discard-changes").click()
    assert dialog.isHidden()
    assert not ask_about_changes()


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("server-environment", "TOKEN=a\nregion", "Enter each variable as NAME=VALUE."),
        ("server-headers", "Bearer abc", "Enter each header as NAME: VALUE."),
    ],
)
def test_a_server_with_a_variable_or_header_without_a_value_is_not_saved(
    qtbot: QtBot, field: str, text: str, problem: str
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    form = _server(parent)
    assert isinstance(form, ServerForm)
    form.open()
    find(form, QPlainTextEdit, field).setPlainText(text)
    with qtbot.assertNotEmitted(form.saved):
        find(form, QPushButton, "save-server").click()
    assert find(form, QLabel, "server-problem").text() == problem
