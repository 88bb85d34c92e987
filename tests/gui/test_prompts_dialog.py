"""The window of prompts and presets: its room, its names, its keys, both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from desktop_app.backend.answer_settings import overridden_values
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.settings.values import with_defaults
from desktop_app.ui.library.prompts_dialog import PromptsDialog
from desktop_app.ui.look import theme as themes
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

PROMPTS = [
    (Prompt("a", "Explain", "Explain: {{selection}}", "Code"), "built-in"),
    (Prompt("b", "Review", "Review it well", "Code", hidden=True), "edited"),
    (Prompt("c", "Reply", "Reply to {{name}}", "Mail"), "own"),
]
PRESETS = [Preset("p", "Poet", overrides=Overrides("Rhyme.")), Preset("q", "Plain")]


@pytest.fixture
def dialog(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[PromptsDialog]:
    window = QWidget()
    window.resize(640, 480)
    qtbot.addWidget(window)
    window.show()
    made = PromptsDialog(light_theme, window)
    made.prompts.set_entries(PROMPTS)
    made.presets.set_values(with_defaults({}), lambda preset: overridden_values(preset.overrides))
    made.presets.set_presets(PRESETS, "p")
    made.show()
    made.activateWindow()
    yield made
    made.hide()


@pytest.mark.parametrize("page", ["prompts", "presets"])
def test_the_dialog_fits_a_small_window(dialog: PromptsDialog, page: str) -> None:
    dialog.show_page(page)
    assert dialog.width() <= 640
    assert dialog.height() <= 480
    assert dialog.minimumSizeHint().width() <= dialog.width()


def test_a_prompt_with_large_text_fits_and_its_text_is_not_covered(
    dialog: PromptsDialog, qapp: QApplication
) -> None:
    theme = themes.light(2.0)
    themes.apply_theme(qapp, theme)
    window = dialog.parentWidget()
    assert window is not None
    large_dialog = PromptsDialog(theme, window)
    large_dialog.prompts.set_entries(PROMPTS)
    large_dialog.show_page("prompts")
    large_dialog.show()
    qapp.processEvents()
    assert large_dialog.height() <= 480
    note, text = find(large_dialog, QWidget, "prompt-variables"), large_dialog.prompts.text
    text_bottom = text.mapTo(large_dialog, QPoint(0, text.height())).y()
    assert note.mapTo(large_dialog, QPoint(0, 0)).y() >= text_bottom


@pytest.mark.parametrize("page", ["prompts", "presets"])
def test_each_focusable_widget_has_a_name(dialog: PromptsDialog, page: str) -> None:
    dialog.show_page(page)
    shown = [widget for widget in dialog.findChildren(QWidget) if widget.isVisible()]
    focusable = [widget for widget in shown if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert len(focusable) > 5
    for widget in focusable:
        named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
        assert named, widget.objectName() or type(widget).__name__


def test_a_prompt_is_found_and_edited_by_the_keyboard(dialog: PromptsDialog, qtbot: QtBot) -> None:
    page = dialog.prompts
    qtbot.waitUntil(page.list.field.hasFocus)
    qtbot.keyClicks(page.list.field, "mail")
    assert page.list.current_id == "c"
    qtbot.keyClick(page.list.field, Qt.Key.Key_Return)
    assert page.text.hasFocus()
    told: list[tuple[str, dict[str, str]]] = []
    page.change_requested.connect(lambda *change: told.append(change))
    qtbot.keyClicks(page.text, "Dear ")
    qtbot.keyClick(page.text, Qt.Key.Key_Backtab)
    assert told[-1] == ("c", {"text": "Dear Reply to {{name}}"})


def test_the_delete_key_deletes_only_the_users_prompts(dialog: PromptsDialog, qtbot: QtBot) -> None:
    page = dialog.prompts
    gone: list[str] = []
    page.delete_requested.connect(gone.append)
    for prompt_id in ("a", "b", "c"):
        page.list.select(prompt_id)
        page.list.view.setFocus()
        qtbot.keyClick(page.list.view, Qt.Key.Key_Delete)
    assert gone == ["c"]
    assert [b.isVisible() for b in (page.reset_button, page.delete_button)] == [False, True]
    page.list.select("b")
    assert [b.isVisible() for b in (page.reset_button, page.delete_button)] == [True, False]
    assert page.hide_button.text() == "Show"


@pytest.mark.parametrize("page", ["prompts", "presets"])
def test_a_double_click_deletes_only_one(dialog: PromptsDialog, qtbot: QtBot, page: str) -> None:
    dialog.show_page(page)
    shown, gone = dialog.prompts if page == "prompts" else dialog.presets, list[str]()
    shown.delete_requested.connect(gone.append)
    shown.list.select("c" if page == "prompts" else "p")
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
    assert len(gone) == 1


def test_a_held_delete_key_deletes_only_one(dialog: PromptsDialog) -> None:
    page, gone = dialog.prompts, list[str]()
    page.delete_requested.connect(gone.append)
    page.list.select("c")
    for repeats in (False, True):
        key, none = Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier
        event = QKeyEvent(QEvent.Type.KeyPress, key, none, "", repeats)
        QApplication.sendEvent(page.list.view, event)
    assert gone == ["c"]


def test_a_title_is_never_empty(dialog: PromptsDialog) -> None:
    page = dialog.prompts
    page.list.select("c")
    told: list[str] = []
    page.change_requested.connect(lambda prompt_id, _changes: told.append(prompt_id))
    page.title.clear()
    page.report_edits()
    assert told == []
    assert page.title.text() == "Reply"
    dialog.presets.list.select("p")
    dialog.presets.name.clear()
    dialog.presets.report_edits()
    assert dialog.presets.name.text() == "Poet"


def test_a_half_typed_name_is_kept_when_presets_are_replaced(
    dialog: PromptsDialog, qtbot: QtBot
) -> None:
    dialog.show_page("presets")
    page = dialog.presets
    page.list.select("p")
    page.name.setFocus()
    page.name.selectAll()
    qtbot.keyClicks(page.name, "Ba")
    page.set_presets(PRESETS, "")
    assert page.name.text() == "Ba"
    assert not page.default_box.isChecked()


def test_examples_changed_elsewhere_end_the_undo_of_a_removal(dialog: PromptsDialog) -> None:
    examples = dialog.presets.examples
    examples.show_examples("p", (("a", "b"), ("c", "d")))
    examples.findChildren(QPushButton, "remove-example")[1].click()
    assert not examples.undo_button.isHidden()
    examples.show_examples("p", ())
    assert examples.undo_button.isHidden()


def test_the_dialog_is_drawn_in_both_themes(dialog: PromptsDialog, qapp: QApplication) -> None:
    for theme in (themes.dark(), themes.light()):
        themes.apply_theme(qapp, theme)
        dialog.set_theme(theme)
        assert dialog.grab().toImage().pixelColor(1, 1) == theme.ground


def test_text_being_typed_is_saved_if_the_prompt_changes_elsewhere(
    dialog: PromptsDialog, qtbot: QtBot
) -> None:
    page = dialog.prompts
    page.list.select("c")
    changes: list[tuple[str, dict[str, str]]] = []
    page.change_requested.connect(lambda id_, fields: changes.append((id_, fields)))
    page.text.setFocus()
    page.text.selectAll()
    qtbot.keyClicks(page.text, "typed")
    page.set_entries([*PROMPTS[:2], (Prompt("c", "Renamed", "Reply to {{name}}", "Mail"), "own")])
    page.report_edits()
    assert page.title.text() == "Renamed"
    assert changes == [("c", {"text": "typed"})]


@pytest.mark.parametrize("field", ["title", "folder"])
def test_a_name_being_typed_is_saved_if_the_prompt_changes_elsewhere(
    field: str, dialog: PromptsDialog, qtbot: QtBot
) -> None:
    page = dialog.prompts
    page.list.select("c")
    changes: list[tuple[str, dict[str, str]]] = []
    page.change_requested.connect(lambda id_, fields: changes.append((id_, fields)))
    line = page.title if field == "title" else page.folder
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "typed")
    page.set_entries([*PROMPTS[:2], (Prompt("c", "Renamed", "Changed", "Moved"), "own")])
    shown = {"title": "Renamed", "folder": "Moved", field: "typed"}
    assert {"title": page.title.text(), "folder": page.folder.text()} == shown
    assert page.text.toPlainText() == "Changed"
    page.report_edits()
    assert changes == [("c", {field: "typed"})]
    page.list.select("a")
    assert (page.title.text(), page.folder.text()) == ("Explain", "Code")
