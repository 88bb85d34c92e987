"""`/` in a prompt: opening the list, its keys, and the text that a chosen prompt inserts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from desktop_app.composer.completion import (
    PromptCompleter,
    PromptDialog,
    ValueField,
    matching_prompts,
    typed_name,
)
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.domain.prompt import Prompt
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.popup_card import card_of
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

EXPLAIN = Prompt("explain", "Explain code", "Explain this:\n\n{{selection}}", "Code")
REVIEW = Prompt("review", "Review code", "Look at {{focus=speed|safety}} of {{what}}", "Code")
TRANSLATE = Prompt("translate", "Translate", "Into {{language=English}}: {{selection}}", "Writing")
PROMPTS = (EXPLAIN, REVIEW, TRANSLATE)
KEY = Qt.Key


class PromptDriver:
    """The driver of the prompt, or of the quick prompt, in its window."""

    def __init__(self, qtbot: QtBot, window: QWidget, slash: PromptCompleter, name: str) -> None:
        self._qtbot = qtbot
        self.window = window
        self.completer = slash
        self.widget = cast(QPlainTextEdit, window.findChild(QPlainTextEdit, name))
        self.sent: list[str] = []
        slash.set_prompts(PROMPTS)
        window.show()
        window.activateWindow()
        self.widget.setFocus()
        qtbot.waitUntil(self.widget.hasFocus)

    def type(self, words: str) -> None:
        self._qtbot.keyClicks(self.widget, words)

    def press(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        target = QApplication.activePopupWidget() or QApplication.focusWidget()
        self._qtbot.keyClick(target or self.widget, key, modifiers)

    @property
    def text(self) -> str:
        return self.widget.toPlainText()

    @property
    def cursor(self) -> int:
        return self.widget.textCursor().position()

    @property
    def template_id(self) -> str:
        window = self.window
        editor = window if isinstance(window, QuickPrompt) else window.findChild(PromptEditor)
        return cast(PromptEditor | QuickPrompt, editor).field.template_id

    @property
    def offered(self) -> list[str]:
        if not self.completer.popup().isVisible():
            return []
        model = self.completer.completionModel()
        return [self.title(model.index(row, 0)) for row in range(model.rowCount())]

    @property
    def current(self) -> str:
        return self.title(self.completer.popup().currentIndex())

    @staticmethod
    def title(index: QModelIndex) -> str:
        return str(index.data()).partition("  ·  ")[0]

    @property
    def dialog(self) -> PromptDialog:
        dialog = self.completer.dialog
        assert dialog is not None
        self._qtbot.waitUntil(lambda: dialog.isAncestorOf(QApplication.focusWidget()))
        return dialog

    def wait_for_focus(self) -> None:
        self.window.activateWindow()  # as a window manager does
        self._qtbot.waitUntil(self.widget.hasFocus)

    def field(self, name: str) -> ValueField:
        return find(self.dialog, ValueField, f"field-{name}")


@pytest.fixture
def editor(qtbot: QtBot, light_theme: themes.Theme) -> PromptDriver:
    window = QWidget()
    window.resize(700, 600)
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    prompt = PromptEditor()
    column.addWidget(prompt)
    typed = PromptDriver(qtbot, window, prompt.completer, "prompt")
    prompt.submit_requested.connect(typed.sent.append)
    return typed


@pytest.fixture
def quick(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[PromptDriver]:
    window = QuickPrompt(TranscriptView(light_theme, is_brief=True))
    qtbot.addWidget(window)
    window.open()
    typed = PromptDriver(qtbot, window, window.prompt.completer, "prompt")
    window.prompt.submit_requested.connect(typed.sent.append)
    yield typed
    window.hide()


@pytest.fixture(params=["editor", "quick"])
def driver(request: pytest.FixtureRequest) -> PromptDriver:
    return cast(PromptDriver, request.getfixturevalue(request.param))


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("/", ""),
        ("/tra", "tra"),
        ("/fix gr", "fix gr"),
        ("／tra", "tra"),
        ("", None),
        (" /", None),
        ("see /usr", None),
        ("/usr/bin", None),
        ("//", None),
        ("/ x", None),
        ("/" + "x" * 60, None),
    ],
)
def test_the_typed_name_is_read_after_a_slash_at_the_line_start(
    before: str, name: str | None
) -> None:
    assert typed_name(before) == name


def test_matching_prompts_are_ranked_by_their_title() -> None:
    assert matching_prompts("code", PROMPTS) == [EXPLAIN, REVIEW]
    assert matching_prompts("re", PROMPTS) == [REVIEW]
    assert matching_prompts("writing", PROMPTS) == [TRANSLATE]
    assert matching_prompts("code re", PROMPTS) == [REVIEW]
    assert matching_prompts("", PROMPTS) == list(PROMPTS)


def test_the_list_opens_narrows_and_closes_with_esc_keeping_the_text(driver: PromptDriver) -> None:
    driver.type("/")
    assert driver.offered == ["Explain code", "Review code", "Translate"]
    driver.type("co")
    assert driver.offered == ["Explain code", "Review code"]
    driver.press(KEY.Key_Escape)
    assert driver.offered == []
    assert driver.text == "/co"
    assert driver.window.isVisible()
    driver.type("d")
    assert driver.offered == []
    for _ in "/cod":
        driver.press(KEY.Key_Backspace)
    driver.type("/")
    assert driver.offered  # the line began again


@pytest.mark.parametrize("key", [KEY.Key_Return, KEY.Key_Tab])
def test_enter_and_tab_choose_the_current_prompt(driver: PromptDriver, key: Qt.Key) -> None:
    driver.completer.configure(
        lambda names: {"selection": "x = 1"} if "selection" in names else {},
        lambda _prompt, text: text,
    )
    driver.type("/ex")
    driver.press(key)
    assert driver.text == "Explain this:\n\nx = 1"
    assert driver.cursor == len(driver.text)
    assert driver.widget.hasFocus()
    assert driver.sent == []
    driver.press(KEY.Key_Return)
    assert driver.sent == ["Explain this:\n\nx = 1"]


def test_the_arrow_keys_wrap_around(editor: PromptDriver) -> None:
    editor.type("/")
    editor.press(KEY.Key_Down)
    assert editor.current == "Review code"
    editor.press(KEY.Key_Up)
    editor.press(KEY.Key_Up)
    assert editor.current == "Translate"
    editor.press(KEY.Key_Down)
    assert editor.current == "Explain code"


def test_a_typed_path_does_not_open_the_list(editor: PromptDriver) -> None:
    editor.type("/usr/bin")
    assert editor.offered == []
    editor.press(KEY.Key_Return)
    assert editor.sent == ["/usr/bin"]


def test_pasted_text_does_not_open_the_list(editor: PromptDriver) -> None:
    QGuiApplication.clipboard().setText("/translate")
    editor.press(KEY.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert editor.text == "/translate"
    assert editor.offered == []


def test_the_fields_start_with_defaults_and_enter_inserts_the_prompt(editor: PromptDriver) -> None:
    editor.type("/tr")
    editor.press(KEY.Key_Return)
    field = editor.field("language")
    assert field.toPlainText() == "English"
    assert field.hasFocus()
    editor.press(KEY.Key_P)  # all of it is selected
    editor.press(KEY.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    editor.press(KEY.Key_L)
    editor.press(KEY.Key_Return)
    assert editor.completer.dialog is None
    assert editor.text == "Into p\nl: "
    assert editor.cursor == len("Into p\nl: ")
    editor.wait_for_focus()


def test_missing_fields_are_named_and_tab_moves_between_fields(editor: PromptDriver) -> None:
    editor.type("/rev")
    editor.press(KEY.Key_Return)
    fields = editor.dialog
    assert editor.field("what").hasFocus()  # the only one that must be filled
    editor.press(KEY.Key_Return)
    (label,) = (each for each in fields.findChildren(QLabel) if each.text() == "What")
    assert find(fields, QLabel, "prompt-fields-note").text() == "Fill in: What"
    assert label.property("role") == "error-title"
    editor.press(KEY.Key_Backtab)
    choice = cast(Combo, fields.findChild(Combo, "field-focus"))
    assert choice.hasFocus()
    editor.press(KEY.Key_Down)
    assert choice.currentText() == "safety"
    editor.press(KEY.Key_Tab)
    editor.press(KEY.Key_A)
    assert label.property("role") == ""
    editor.press(KEY.Key_Return)
    assert editor.text == "Look at safety of a"


def test_esc_closes_the_fields_and_keeps_their_values(editor: PromptDriver) -> None:
    editor.type("/rev")
    editor.press(KEY.Key_Return)
    assert editor.field("what").hasFocus()
    editor.press(KEY.Key_A)
    editor.press(KEY.Key_Escape)
    assert editor.completer.dialog is None
    assert editor.text == "/rev"
    editor.wait_for_focus()
    assert editor.window.isVisible()
    for _ in "/rev":
        editor.press(KEY.Key_Backspace)
    editor.type("/rev")
    editor.press(KEY.Key_Return)
    assert editor.field("what").toPlainText() == "a"


def test_an_input_method_keeps_its_keys(driver: PromptDriver) -> None:
    driver.type("/")
    assert driver.offered
    QGuiApplication.sendEvent(driver.widget, QInputMethodEvent("ほん", []))
    driver.press(KEY.Key_Return)
    driver.press(KEY.Key_Escape)
    assert driver.text == "/"
    assert driver.offered  # neither taken nor closed
    assert driver.sent == []
    done = QInputMethodEvent("", [])
    done.setCommitString("本")
    QGuiApplication.sendEvent(driver.widget, done)
    assert driver.text == "/本"


def test_the_wide_slash_of_an_input_method_opens_the_list(editor: PromptDriver) -> None:
    done = QInputMethodEvent("", [])
    done.setCommitString("／")
    QGuiApplication.sendEvent(editor.widget, done)
    assert editor.offered


def test_esc_removes_the_slash_that_a_command_inserted(editor: PromptDriver) -> None:
    editor.completer.open()
    assert editor.offered
    editor.type("tr")
    editor.press(KEY.Key_Escape)
    assert editor.text == ""
    editor.completer.open()
    assert editor.offered


def test_a_click_chooses_a_prompt(editor: PromptDriver, qtbot: QtBot) -> None:
    editor.type("/")
    view = editor.completer.popup()
    at = view.visualRect(view.model().index(0, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert editor.text == "Explain this:\n\n"
    assert editor.offered == []


def test_the_list_covers_no_button_of_the_prompt(editor: PromptDriver) -> None:
    prompt = editor.window.findChild(PromptEditor)
    assert prompt is not None
    editor.type("/")
    listed = editor.completer.popup()
    card = card_of(listed).translated(listed.pos())
    for button in prompt.row.findChildren(QAbstractButton):
        if button.isVisible():
            placed = QRect(button.mapToGlobal(QPoint(0, 0)), button.size())
            assert not placed.intersects(card), button.objectName()


def test_a_click_elsewhere_closes_the_list(editor: PromptDriver, qtbot: QtBot) -> None:
    editor.type("/")
    qtbot.mousePress(editor.completer.popup(), Qt.MouseButton.LeftButton, pos=QPoint(-9, -9))
    editor.type("e")
    assert editor.offered == []
    assert editor.text == "/e"


# ------------------------------------------------------------------ the prompt of the main window


def test_the_list_opens_at_the_start_of_any_line_and_ctrl_z_undoes_it(editor: PromptDriver) -> None:
    editor.type("First see /usr and then")
    editor.press(KEY.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert editor.offered == []
    editor.type("/ex")
    assert editor.offered == ["Explain code"]
    editor.press(KEY.Key_Return)
    assert editor.text == "First see /usr and then\nExplain this:\n\n"
    editor.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.text == "First see /usr and then\n/ex"


def test_a_text_belongs_to_its_template_until_none_of_it_is_left(editor: PromptDriver) -> None:
    assert editor.template_id == ""
    editor.type("/exp")
    editor.press(KEY.Key_Return)
    assert editor.template_id == "explain"
    editor.type("and why")
    assert editor.template_id == "explain"
    words = len(editor.text) - len("and why")
    editor.press(KEY.Key_Home, Qt.KeyboardModifier.ControlModifier)
    editor.press(KEY.Key_Home)
    for _ in range(words - 1):
        editor.press(KEY.Key_Delete)
    assert editor.template_id == "explain"
    editor.press(KEY.Key_Delete)
    assert (editor.text, editor.template_id) == ("and why", "")
