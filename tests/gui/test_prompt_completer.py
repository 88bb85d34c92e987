"""`/` in a prompt: opening the list, its keys, and the text that a chosen prompt inserts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QTextOption
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.prompts.prompts import Prompt
from desktop_app.ui.composer.completion import prompt_menu
from desktop_app.ui.composer.completion.prompt_completer import PromptCompleter, typed_name
from desktop_app.ui.composer.completion.prompt_fields import GrowingTextField, PromptFields
from desktop_app.ui.composer.completion.prompt_menu import PromptMenu, matching_prompts
from desktop_app.ui.composer.prompt_editor import PromptEditor
from desktop_app.ui.look import theme as themes
from desktop_app.ui.quick.quick_prompt import QuickPrompt
from desktop_app.ui.transcript.view import TranscriptView
from desktop_app.ui.widgets.forms.form_widgets import Combo
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
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
        self._qtbot.keyClick(QApplication.focusWidget() or self.widget, key, modifiers)

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
        menu = self.window.findChild(PromptMenu)
        if menu is None or menu.isHidden():
            return []
        return [menu.model.index(row, 0).data() for row in range(menu.model.rowCount())]

    @property
    def current(self) -> str:
        menu = self.window.findChild(PromptMenu)
        return "" if menu is None else str(menu.view.currentIndex().data())

    def has_form(self) -> bool:
        return self.fields is not None

    @property
    def fields(self) -> PromptFields | None:
        shown = [f for f in self.window.findChildren(PromptFields) if not f.isHidden()]
        return shown[0] if shown else None

    def field(self, name: str) -> GrowingTextField:
        assert self.fields is not None
        return cast(GrowingTextField, self.fields.findChild(GrowingTextField, f"field-{name}"))


@pytest.fixture
def editor(qtbot: QtBot, light_theme: themes.Theme) -> PromptDriver:
    window = QWidget()
    window.resize(700, 600)
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    prompt = PromptEditor(light_theme)
    column.addWidget(prompt)
    typed = PromptDriver(qtbot, window, prompt.completer, "prompt")
    prompt.submit_requested.connect(typed.sent.append)
    return typed


@pytest.fixture
def quick(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[PromptDriver]:
    window = QuickPrompt(light_theme, TranscriptView(light_theme, is_brief=True))
    qtbot.addWidget(window)
    window.open_with("")
    typed = PromptDriver(qtbot, window, window.completer, "prompt")
    window.submit_requested.connect(typed.sent.append)
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


def test_the_list_passes_the_model_tester(qtmodeltester: ModelTester, qtbot: QtBot) -> None:
    menu = PromptMenu(themes.light())
    qtbot.addWidget(menu)
    menu.set_prompts(PROMPTS)
    assert menu.show_matches("")
    qtmodeltester.check(menu.model)


def test_the_marked_prompt_is_announced_once(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(prompt_menu, "announce", lambda _view, words: said.append(words))
    menu = PromptMenu(themes.light())
    qtbot.addWidget(menu)
    menu.set_prompts(PROMPTS)
    for typed in ("c", "co", "cod", "code r"):
        menu.show_matches(typed)
    assert [words.partition(",")[0] for words in said] == ["Explain code", "Review code"]
    menu.show()
    menu.hide()
    menu.show_matches("code r")
    assert said[-1] == said[-2]


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
    assert driver.offered  # the line began anew


@pytest.mark.parametrize("key", [KEY.Key_Return, KEY.Key_Tab])
def test_enter_and_tab_choose_the_current_prompt(driver: PromptDriver, key: Qt.Key) -> None:
    driver.completer.configure(
        lambda names: {"selection": "x = 1"} if "selection" in names else {},
        lambda _prompt, text: text,
        lambda: False,
    )
    driver.type("/ex")
    driver.press(key)
    assert driver.text == "Explain this:\n\nx = 1"
    assert driver.cursor == len(driver.text)
    assert driver.widget.hasFocus()
    assert driver.sent == []
    driver.press(KEY.Key_Return)
    assert driver.sent == ["Explain this:\n\nx = 1"]


def test_the_arrow_keys_wrap_around(driver: PromptDriver) -> None:
    driver.type("/")
    driver.press(KEY.Key_Down)
    assert driver.current == "Review code"
    driver.press(KEY.Key_Up)
    driver.press(KEY.Key_Up)
    assert driver.current == "Translate"
    driver.press(KEY.Key_Down)
    assert driver.current == "Explain code"


def test_a_typed_path_does_not_open_the_list(driver: PromptDriver) -> None:
    driver.type("/usr/bin")
    assert driver.offered == []
    driver.press(KEY.Key_Return)
    assert driver.sent == ["/usr/bin"]


def test_pasted_text_does_not_open_the_list(driver: PromptDriver) -> None:
    QGuiApplication.clipboard().setText("/translate")
    driver.press(KEY.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert driver.text == "/translate"
    assert driver.offered == []


def test_letters_without_matches_hide_the_list_until_they_are_deleted(driver: PromptDriver) -> None:
    driver.type("/trq")
    assert driver.offered == []
    driver.press(KEY.Key_Backspace)
    assert driver.offered == ["Translate"]


def test_the_fields_start_with_defaults_and_enter_inserts_the_prompt(driver: PromptDriver) -> None:
    driver.type("/tr")
    driver.press(KEY.Key_Return)
    assert driver.has_form()
    field = driver.field("language")
    assert field.toPlainText() == "English"
    assert field.hasFocus()
    driver.press(KEY.Key_P)  # all of it is selected
    driver.press(KEY.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    driver.press(KEY.Key_L)
    driver.press(KEY.Key_Return)
    assert not driver.has_form()
    assert driver.text == "Into p\nl: "
    assert driver.cursor == len("Into p\nl: ")
    assert driver.widget.hasFocus()


def test_missing_fields_are_named_and_tab_moves_between_fields(driver: PromptDriver) -> None:
    driver.type("/rev")
    driver.press(KEY.Key_Return)
    fields = driver.fields
    assert fields is not None
    assert driver.field("what").hasFocus()  # the only one that must be filled
    driver.press(KEY.Key_Return)
    (label,) = (each for each in fields.findChildren(QLabel) if each.text() == "What")
    assert find(fields, QLabel, "prompt-fields-note").text() == "Fill in: What"
    assert label.property("role") == "error-title"
    driver.press(KEY.Key_Backtab)
    choice = cast(Combo, fields.findChild(Combo, "field-focus"))
    assert choice.hasFocus()
    driver.press(KEY.Key_Down)
    assert choice.currentText() == "safety"
    driver.press(KEY.Key_Tab)
    driver.press(KEY.Key_A)
    assert label.property("role") == ""
    driver.press(KEY.Key_Return)
    assert driver.text == "Look at safety of a"


def test_esc_closes_the_fields_and_keeps_their_values(driver: PromptDriver) -> None:
    driver.type("/rev")
    driver.press(KEY.Key_Return)
    driver.press(KEY.Key_A)
    driver.press(KEY.Key_Escape)
    assert not driver.has_form()
    assert driver.text == "/rev"
    assert driver.widget.hasFocus()
    assert driver.window.isVisible()
    for _ in "/rev":
        driver.press(KEY.Key_Backspace)
    driver.type("/rev")
    driver.press(KEY.Key_Return)
    assert driver.field("what").toPlainText() == "a"


def test_another_prompt_replaces_the_fields(driver: PromptDriver) -> None:
    driver.type("/rev")
    driver.press(KEY.Key_Return)
    assert driver.has_form()
    driver.completer.insert_prompt(EXPLAIN)
    assert not driver.has_form()
    assert driver.text == "Explain this:\n\n"


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


def test_the_wide_slash_of_an_input_method_opens_the_list(driver: PromptDriver) -> None:
    done = QInputMethodEvent("", [])
    done.setCommitString("／")
    QGuiApplication.sendEvent(driver.widget, done)
    assert driver.offered


def test_esc_removes_the_slash_that_a_command_inserted(driver: PromptDriver) -> None:
    driver.completer.open()
    assert driver.offered
    driver.type("tr")
    driver.press(KEY.Key_Escape)
    assert driver.text == ""
    driver.completer.open()
    assert driver.offered


def test_the_command_writes_no_slash_without_prompts(driver: PromptDriver) -> None:
    driver.completer.set_prompts(())
    driver.completer.open()
    assert driver.text == ""


def test_a_canceled_form_removes_the_slash_that_a_command_inserted(driver: PromptDriver) -> None:
    driver.completer.open()
    driver.type("rev")
    driver.press(KEY.Key_Return)
    assert driver.window.findChild(PromptFields) is not None
    driver.press(KEY.Key_Escape)
    assert driver.text == ""


def test_enter_on_cancel_closes_the_fields_without_the_prompt(driver: PromptDriver) -> None:
    driver.type("/rev")
    driver.press(KEY.Key_Return)
    driver.press(KEY.Key_A)
    cancel = driver.window.findChild(QPushButton, "leave-prompt")
    assert cancel is not None
    cancel.setFocus()
    driver.press(KEY.Key_Return)
    assert not driver.has_form()
    assert driver.text == "/rev"


def test_the_list_closes_when_the_text_loses_the_focus(driver: PromptDriver) -> None:
    driver.type("/")
    driver.widget.clearFocus()
    assert driver.offered == []


def test_a_click_chooses_a_prompt(driver: PromptDriver, qtbot: QtBot) -> None:
    driver.type("/")
    menu = driver.window.findChild(PromptMenu)
    assert menu is not None
    at = menu.view.visualRect(menu.view.model().index(0, 0)).center()
    qtbot.mouseClick(menu.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert driver.text == "Explain this:\n\n"
    assert driver.offered == []


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


def test_a_text_belongs_to_its_template_until_none_of_it_is_left(driver: PromptDriver) -> None:
    assert driver.template_id == ""
    driver.type("/exp")
    driver.press(KEY.Key_Return)
    assert driver.template_id == "explain"
    driver.type("and why")
    assert driver.template_id == "explain"
    words = len(driver.text) - len("and why")
    driver.press(KEY.Key_Home, Qt.KeyboardModifier.ControlModifier)
    driver.press(KEY.Key_Home)
    for _ in range(words - 1):
        driver.press(KEY.Key_Delete)
    assert driver.template_id == "explain"
    driver.press(KEY.Key_Delete)
    assert (driver.text, driver.template_id) == ("and why", "")


def test_undoing_a_template_forgets_it(driver: PromptDriver) -> None:
    driver.type("/exp")
    driver.press(KEY.Key_Return)
    driver.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    driver.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    driver.type(" my own words")
    assert driver.template_id == ""


def test_a_draft_keeps_its_template(editor: PromptDriver) -> None:
    prompt = cast(PromptEditor, editor.window.findChild(PromptEditor))
    prompt.set_text("What is different?", "differences")
    assert prompt.field.template_id == "differences"
    prompt.set_text("What is different?")
    assert prompt.field.template_id == ""
    prompt.prepend("Compare. ", "differences")
    assert prompt.field.template_id == "differences"


def test_a_restored_draft_does_not_open_the_list(editor: PromptDriver) -> None:
    prompt = cast(PromptEditor, editor.window.findChild(PromptEditor))
    prompt.set_text("/")
    assert editor.offered == []


def test_characters_outside_the_basic_plane_count_as_one(driver: PromptDriver) -> None:
    driver.completer.set_prompts([Prompt("x", "𝒳 title", "🙂 {{selection}} 🙂")])
    driver.type("/")
    driver.press(KEY.Key_Return)
    assert driver.text == "🙂  🙂"
    assert driver.cursor == 3  # in UTF-16 units: after the first character and a space


def test_the_list_opens_above_the_prompt_within_the_window(editor: PromptDriver) -> None:
    editor.type("/")
    menu = editor.window.findChild(PromptMenu)
    prompt = editor.window.findChild(PromptEditor)
    assert menu is not None
    assert prompt is not None
    assert menu.geometry().bottom() < prompt.geometry().top()
    assert menu.geometry().top() >= 0
    assert menu.width() == prompt.width()
    editor.window.resize(400, 360)
    assert menu.geometry().bottom() < prompt.geometry().top()
    assert menu.width() == prompt.width()


# ------------------------------------------------------------------ the quick prompt


def test_the_quick_prompt_grows_for_the_list_and_shrinks_again(quick: PromptDriver) -> None:
    before = quick.window.height()
    quick.type("/")
    assert quick.window.height() > before
    quick.press(KEY.Key_Escape)
    assert quick.window.height() == before
    quick.press(KEY.Key_Escape)
    assert not quick.window.isVisible()


def test_a_long_prompt_is_not_cut(quick: PromptDriver) -> None:
    long = "word " * 20_000
    quick.completer.set_prompts([Prompt("x", "Long", long + "end")])
    quick.type("/")
    quick.press(KEY.Key_Return)
    assert quick.text == long + "end"


@pytest.mark.parametrize("name", ["👨‍👩‍👧", "e\u0301", "🇩🇪"])
def test_a_name_of_joined_characters_is_removed_without_the_text_above(
    editor: PromptDriver, qtbot: QtBot, name: str
) -> None:
    editor.type("Dear all")
    editor.completer.open()
    editor.widget.insertPlainText(name)
    attach = find(editor.window, QToolButton, "attach")
    attach.setFocus()
    qtbot.waitUntil(attach.hasFocus)
    assert editor.text == "Dear all\n"


def test_an_inserted_prompt_with_an_endless_word_breaks_it_anywhere(editor: PromptDriver) -> None:
    editor.completer.insert_prompt(Prompt("data", "Data", "x" * 6000, ""))
    assert editor.widget.wordWrapMode() is QTextOption.WrapMode.WrapAnywhere
