"""The window of prompts and presets: its room, its names, its keys, both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.app.open_conversation import DEFAULT_PRESET
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.prompt_library import PromptEntry, PromptOrigin
from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage
from desktop_app.settings.values import with_defaults
from desktop_app.widgets.look import theme as themes
from tests.gui.recorded_calls import RecordedCalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

PROMPTS = [
    PromptEntry(Prompt("p", "Poet", overrides=Overrides("Rhyme.")), PromptOrigin.OWN),
    PromptEntry(Prompt("q", "Plain", overrides=Overrides()), PromptOrigin.OWN),
    PromptEntry(Prompt("a", "Explain", "Explain: {{selection}}", "Code"), PromptOrigin.BUILT_IN),
    PromptEntry(Prompt("b", "Review", "Review it well", "Code", hidden=True), PromptOrigin.EDITED),
    PromptEntry(Prompt("c", "Reply", "Reply to {{name}}", "Mail"), PromptOrigin.OWN),
]
VALUES = {**with_defaults({}), DEFAULT_PRESET: "p"}


@pytest.fixture
def asked() -> RecordedCalls:
    """Return what the pages ask of their controllers."""
    return RecordedCalls()


@pytest.fixture
def dialog(qtbot: QtBot, asked: Any, light_theme: themes.Theme) -> Iterator[PromptLibraryPage]:
    window = QWidget()
    window.resize(640, 480)
    qtbot.addWidget(window)
    window.show()
    made = PromptLibraryPage(window, asked, asked)
    made.set_entries(PROMPTS, VALUES, ())
    made.show()
    made.activateWindow()
    yield made
    made.hide()


def test_a_prompt_is_found_and_edited_by_the_keyboard(
    dialog: PromptLibraryPage, qtbot: QtBot, asked: RecordedCalls
) -> None:
    page = dialog.fields
    qtbot.waitUntil(dialog.field.hasFocus)
    qtbot.keyClicks(dialog.field, "mail")
    assert page.current_id == "c"
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert page.text.hasFocus()
    qtbot.keyClicks(page.text, "Dear ")
    qtbot.keyClick(page.text, Qt.Key.Key_Backtab)
    assert asked.calls[-1] == ("change", "c", "Dear Reply to {{name}}")
    # One with settings only is in the same list; its name comes first.
    dialog.field.clear()
    qtbot.keyClicks(dialog.field, "poet")
    assert page.current_id == "p"
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    assert page.name.hasFocus()


def test_the_delete_key_deletes_only_the_users_prompts(
    dialog: PromptLibraryPage, qtbot: QtBot, asked: RecordedCalls
) -> None:
    page = dialog.fields
    for prompt_id in ("a", "b", "c"):
        dialog.select(prompt_id)
        dialog.view.setFocus()
        qtbot.keyClick(dialog.view, Qt.Key.Key_Delete)
    assert asked.calls == [("delete", "c")]
    assert [b.isVisible() for b in (page.reset_button, page.delete_button)] == [False, True]
    dialog.select("b")
    assert [b.isVisible() for b in (page.reset_button, page.delete_button)] == [True, False]
    assert page.hide_button.text() == "Show"


def test_a_double_click_deletes_only_one(
    dialog: PromptLibraryPage, qtbot: QtBot, asked: RecordedCalls
) -> None:
    shown = dialog.fields
    dialog.select("c")
    qtbot.mouseClick(shown.delete_button, Qt.MouseButton.LeftButton)
    event = QMouseEvent(
        QEvent.Type.MouseButtonDblClick,
        QPointF(shown.delete_button.rect().center()),
        QPointF(shown.delete_button.mapToGlobal(shown.delete_button.rect().center())),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(shown.delete_button, event)
    qtbot.mouseRelease(shown.delete_button, Qt.MouseButton.LeftButton)
    assert [call[0] for call in asked.calls] == ["delete"]


def test_a_title_is_never_empty(dialog: PromptLibraryPage, asked: RecordedCalls) -> None:
    page = dialog.fields
    dialog.select("c")
    page.name.clear()
    page.report_edits()
    assert asked.calls == []
    assert page.name.text() == "Reply"


def test_text_being_typed_is_saved_if_the_prompt_changes_elsewhere(
    dialog: PromptLibraryPage, qtbot: QtBot, asked: RecordedCalls
) -> None:
    page = dialog.fields
    dialog.select("c")
    page.text.setFocus()
    page.text.selectAll()
    qtbot.keyClicks(page.text, "typed")
    renamed = Prompt("c", "Renamed", "Reply to {{name}}", "Mail")
    dialog.set_entries([*PROMPTS[:-1], PromptEntry(renamed, PromptOrigin.OWN)], VALUES, ())
    page.report_edits()
    assert page.name.text() == "Renamed"
    assert asked.calls == [("change", "c", "typed")]


def test_a_title_being_typed_stays_and_a_reset_shows_in_saved_fields(
    dialog: PromptLibraryPage, qtbot: QtBot, asked: RecordedCalls
) -> None:
    page = dialog.fields
    dialog.select("c")
    page.folder.setText("Post")
    page.report_edits()
    assert asked.calls == [("change", "c", "Post")]
    page.name.setText("Half")
    reset = Prompt("c", "Reply", "Anew", "Mail")
    dialog.set_entries([*PROMPTS[:-1], PromptEntry(reset, PromptOrigin.OWN)], VALUES, ())
    assert (page.name.text(), page.folder.text()) == ("Half", "Mail")
    assert page.text.toPlainText() == "Anew"
    page.report_edits()
    assert asked.calls[1:] == [("change", "c", "Half")]
