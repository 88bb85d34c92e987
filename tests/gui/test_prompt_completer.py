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
from desktop_app.ui.composer.completion.prompt_fields import FieldText, PromptFields
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


class Typed:
    """The prompt or the quick prompt in its window, with the text typed in it."""

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
    def offered(self) -> list[str]:
        menu = self.window.findChild(PromptMenu)
        if menu is None or menu.isHidden():
            return []
        return [menu.model.index(row, 0).data() for row in range(menu.model.rowCount())]

    @property
    def current(self) -> str:
        menu = self.window.findChild(PromptMenu)
        return "" if menu is None else str(menu.view.currentIndex().data())

    def asks(self) -> bool:
        return self.fields is not None

    @property
    def fields(self) -> PromptFields | None:
        shown = [f for f in self.window.findChildren(PromptFields) if not f.isHidden()]
        return shown[0] if shown else None

    def field(self, name: str) -> FieldText:
        assert self.fields is not None
        return cast(FieldText, self.fields.findChild(FieldText, f"field-{name}"))


@pytest.fixture
def editor(qtbot: QtBot, light_theme: themes.Theme) -> Typed:
    window = QWidget()
    window.resize(700, 600)
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addStretch(1)
    prompt = PromptEditor(light_theme)
    column.addWidget(prompt)
    typed = Typed(qtbot, window, prompt.completer, "prompt")
    prompt.submit_requested.connect(typed.sent.append)
    return typed


@pytest.fixture
def quick(qtbot: QtBot, light_theme: themes.Theme) -> Iterator[Typed]:
    window = QuickPrompt(light_theme, TranscriptView(light_theme, is_brief=True))
    qtbot.addWidget(window)
    window.open_with("")
    typed = Typed(qtbot, window, window.completer, "prompt")
    window.submit_requested.connect(typed.sent.append)
    yield typed
    window.hide()


@pytest.fixture(params=["editor", "quick"])
def either(request: pytest.FixtureRequest) -> Typed:
    return cast(Typed, request.getfixturevalue(request.param))


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


def test_the_list_opens_narrows_and_closes_with_esc_which_keeps_the_text(either: Typed) -> None:
    either.type("/")
    assert either.offered == ["Explain code", "Review code", "Translate"]
    either.type("co")
    assert either.offered == ["Explain code", "Review code"]
    either.press(KEY.Key_Escape)
    assert either.offered == []
    assert either.text == "/co"
    assert either.window.isVisible()
    either.type("d")
    assert either.offered == []
    for _ in "/cod":
        either.press(KEY.Key_Backspace)
    either.type("/")
    assert either.offered  # the line began anew


@pytest.mark.parametrize("key", [KEY.Key_Return, KEY.Key_Tab])
def test_enter_and_tab_choose_the_current_prompt(either: Typed, key: Qt.Key) -> None:
    either.completer.configure(
        lambda names: {"selection": "x = 1"} if "selection" in names else {},
        lambda _prompt, text: text,
        lambda: False,
    )
    either.type("/ex")
    either.press(key)
    assert either.text == "Explain this:\n\nx = 1"
    assert either.cursor == len(either.text)
    assert either.widget.hasFocus()
    assert either.sent == []
    either.press(KEY.Key_Return)
    assert either.sent == ["Explain this:\n\nx = 1"]


def test_the_arrow_keys_wrap_around(either: Typed) -> None:
    either.type("/")
    either.press(KEY.Key_Down)
    assert either.current == "Review code"
    either.press(KEY.Key_Up)
    either.press(KEY.Key_Up)
    assert either.current == "Translate"
    either.press(KEY.Key_Down)
    assert either.current == "Explain code"


def test_a_typed_path_does_not_open_the_list(either: Typed) -> None:
    either.type("/usr/bin")
    assert either.offered == []
    either.press(KEY.Key_Return)
    assert either.sent == ["/usr/bin"]


def test_pasted_text_does_not_open_the_list(either: Typed) -> None:
    QGuiApplication.clipboard().setText("/translate")
    either.press(KEY.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert either.text == "/translate"
    assert either.offered == []


def test_letters_without_matches_hide_the_list_until_they_are_deleted(either: Typed) -> None:
    either.type("/trq")
    assert either.offered == []
    either.press(KEY.Key_Backspace)
    assert either.offered == ["Translate"]


def test_the_fields_start_with_defaults_and_enter_inserts_the_prompt(either: Typed) -> None:
    either.type("/tr")
    either.press(KEY.Key_Return)
    assert either.asks()
    field = either.field("language")
    assert field.toPlainText() == "English"
    assert field.hasFocus()
    either.press(KEY.Key_P)  # all of it is selected
    either.press(KEY.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    either.press(KEY.Key_L)
    either.press(KEY.Key_Return)
    assert not either.asks()
    assert either.text == "Into p\nl: "
    assert either.cursor == len("Into p\nl: ")
    assert either.widget.hasFocus()


def test_missing_fields_are_named_and_tab_moves_between_fields(either: Typed) -> None:
    either.type("/rev")
    either.press(KEY.Key_Return)
    fields = either.fields
    assert fields is not None
    assert either.field("what").hasFocus()  # the only one that must be filled
    either.press(KEY.Key_Return)
    (label,) = (each for each in fields.findChildren(QLabel) if each.text() == "What")
    assert find(fields, QLabel, "prompt-fields-note").text() == "Fill in: What"
    assert label.property("role") == "error-title"
    either.press(KEY.Key_Backtab)
    choice = cast(Combo, fields.findChild(Combo, "field-focus"))
    assert choice.hasFocus()
    either.press(KEY.Key_Down)
    assert choice.currentText() == "safety"
    either.press(KEY.Key_Tab)
    either.press(KEY.Key_A)
    assert label.property("role") == ""
    either.press(KEY.Key_Return)
    assert either.text == "Look at safety of a"


def test_esc_closes_the_fields_and_keeps_their_values(either: Typed) -> None:
    either.type("/rev")
    either.press(KEY.Key_Return)
    either.press(KEY.Key_A)
    either.press(KEY.Key_Escape)
    assert not either.asks()
    assert either.text == "/rev"
    assert either.widget.hasFocus()
    assert either.window.isVisible()
    for _ in "/rev":
        either.press(KEY.Key_Backspace)
    either.type("/rev")
    either.press(KEY.Key_Return)
    assert either.field("what").toPlainText() == "a"


def test_another_prompt_replaces_the_fields(either: Typed) -> None:
    either.type("/rev")
    either.press(KEY.Key_Return)
    assert either.asks()
    either.completer.insert_prompt(EXPLAIN)
    assert not either.asks()
    assert either.text == "Explain this:\n\n"


def test_an_input_method_keeps_its_keys(either: Typed) -> None:
    either.type("/")
    assert either.offered
    QGuiApplication.sendEvent(either.widget, QInputMethodEvent("ほん", []))
    either.press(KEY.Key_Return)
    either.press(KEY.Key_Escape)
    assert either.text == "/"
    assert either.offered  # neither taken nor closed
    assert either.sent == []
    done = QInputMethodEvent("", [])
    done.setCommitString("本")
    QGuiApplication.sendEvent(either.widget, done)
    assert either.text == "/本"


def test_the_wide_slash_of_an_input_method_opens_it(either: Typed) -> None:
    done = QInputMethodEvent("", [])
    done.setCommitString("／")
    QGuiApplication.sendEvent(either.widget, done)
    assert either.offered


def test_esc_removes_the_slash_that_a_command_inserted(either: Typed) -> None:
    either.completer.open()
    assert either.offered
    either.type("tr")
    either.press(KEY.Key_Escape)
    assert either.text == ""
    either.completer.open()
    assert either.offered


def test_the_command_writes_no_slash_without_prompts(either: Typed) -> None:
    either.completer.set_prompts(())
    either.completer.open()
    assert either.text == ""


def test_a_canceled_form_removes_the_slash_that_a_command_inserted(either: Typed) -> None:
    either.completer.open()
    either.type("rev")
    either.press(KEY.Key_Return)
    assert either.window.findChild(PromptFields) is not None
    either.press(KEY.Key_Escape)
    assert either.text == ""


def test_enter_on_cancel_closes_the_fields_without_the_prompt(either: Typed) -> None:
    either.type("/rev")
    either.press(KEY.Key_Return)
    either.press(KEY.Key_A)
    cancel = either.window.findChild(QPushButton, "leave-prompt")
    assert cancel is not None
    cancel.setFocus()
    either.press(KEY.Key_Return)
    assert not either.asks()
    assert either.text == "/rev"


def test_the_list_closes_when_the_text_loses_the_focus(either: Typed, qtbot: QtBot) -> None:
    either.type("/")
    either.widget.clearFocus()
    assert either.offered == []


def test_a_click_chooses_a_prompt(either: Typed, qtbot: QtBot) -> None:
    either.type("/")
    menu = either.window.findChild(PromptMenu)
    assert menu is not None
    at = menu.view.visualRect(menu.view.model().index(0, 0)).center()
    qtbot.mouseClick(menu.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert either.text == "Explain this:\n\n"
    assert either.offered == []


# ------------------------------------------------------------------ the prompt of the main window


def test_the_list_opens_at_the_start_of_any_line_and_ctrl_z_undoes_it(editor: Typed) -> None:
    editor.type("First see /usr and then")
    editor.press(KEY.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert editor.offered == []
    editor.type("/ex")
    assert editor.offered == ["Explain code"]
    editor.press(KEY.Key_Return)
    assert editor.text == "First see /usr and then\nExplain this:\n\n"
    editor.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.text == "First see /usr and then\n/ex"


def test_a_text_belongs_to_its_template_until_none_of_it_is_left(either: Typed) -> None:
    def template_id() -> str:
        window = either.window
        editor = window if isinstance(window, QuickPrompt) else window.findChild(PromptEditor)
        return cast(PromptEditor | QuickPrompt, editor).template_id

    assert template_id() == ""
    either.type("/exp")
    either.press(KEY.Key_Return)
    assert template_id() == "explain"
    either.type("and why")
    assert template_id() == "explain"
    words = len(either.text) - len("and why")
    either.press(KEY.Key_Home, Qt.KeyboardModifier.ControlModifier)
    either.press(KEY.Key_Home)
    for _ in range(words - 1):
        either.press(KEY.Key_Delete)
    assert template_id() == "explain"
    either.press(KEY.Key_Delete)
    assert (either.text, template_id()) == ("and why", "")


def test_undoing_a_template_forgets_it(either: Typed) -> None:
    either.type("/exp")
    either.press(KEY.Key_Return)
    either.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    either.press(KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    either.type(" my own words")
    window = either.window
    editor = window if isinstance(window, QuickPrompt) else window.findChild(PromptEditor)
    assert cast(PromptEditor | QuickPrompt, editor).template_id == ""


def test_a_draft_keeps_its_template(editor: Typed) -> None:
    prompt = cast(PromptEditor, editor.window.findChild(PromptEditor))
    prompt.set_text("What is different?", "differences")
    assert prompt.template_id == "differences"
    prompt.set_text("What is different?")
    assert prompt.template_id == ""
    prompt.prepend("Compare. ", "differences")
    assert prompt.template_id == "differences"


def test_a_restored_draft_does_not_open_the_list(editor: Typed) -> None:
    prompt = cast(PromptEditor, editor.window.findChild(PromptEditor))
    prompt.set_text("/")
    assert editor.offered == []


def test_characters_outside_the_basic_plane_count_as_one(either: Typed) -> None:
    either.completer.set_prompts([Prompt("x", "𝒳 title", "🙂 {{selection}} 🙂")])
    either.type("/")
    either.press(KEY.Key_Return)
    assert either.text == "🙂  🙂"
    assert either.cursor == 3  # in UTF-16 units: after the first character and a space


def test_the_list_opens_above_the_prompt_within_the_window(editor: Typed) -> None:
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


def test_the_quick_prompt_grows_for_it_and_shrinks_again(quick: Typed) -> None:
    before = quick.window.height()
    quick.type("/")
    assert quick.window.height() > before
    quick.press(KEY.Key_Escape)
    assert quick.window.height() == before
    quick.press(KEY.Key_Escape)
    assert not quick.window.isVisible()


def test_a_long_prompt_is_not_cut(quick: Typed) -> None:
    long = "word " * 20_000
    quick.completer.set_prompts([Prompt("x", "Long", long + "end")])
    quick.type("/")
    quick.press(KEY.Key_Return)
    assert quick.text == long + "end"


@pytest.mark.parametrize("name", ["👨‍👩‍👧", "e\u0301", "🇩🇪"])
def test_a_name_of_joined_characters_is_removed_without_the_text_above(
    editor: Typed, qtbot: QtBot, name: str
) -> None:
    editor.type("Dear all")
    editor.completer.open()
    editor.widget.insertPlainText(name)
    attach = find(editor.window, QToolButton, "attach")
    attach.setFocus()
    qtbot.waitUntil(attach.hasFocus)
    assert editor.text == "Dear all\n"


def test_an_inserted_prompt_with_an_endless_word_breaks_it_anywhere(editor: Typed) -> None:
    editor.completer.insert_prompt(Prompt("data", "Data", "x" * 6000, ""))
    assert editor.widget.wordWrapMode() is QTextOption.WrapMode.WrapAnywhere
