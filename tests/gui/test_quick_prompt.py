"""The quick prompt: opening, focus, expanding, closing, keys and attachments."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QTextBrowser, QToolButton

from desktop_app.composer.choice import ChoiceView
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.quick.ui.quick_prompt import MAX_ANSWER_SHARE, HintButton, QuickPrompt
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look import theme as themes
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytestqt.qtbot import QtBot

NO_KEY = Qt.KeyboardModifier.NoModifier
ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
THINKING = ChoiceView(
    Variant.THINKING, "GPT-5.2 Thinking", Effort.HIGH, offers_variants=True, offers_effort=True
)
OF_THE_CONTROLLER = (
    *(f"variant.{variant.value}" for variant in Variant),
    "effort.more",
    "effort.less",
    "quick.go-on",
    "quick.paste",
)


class PlainAnswer(QTextBrowser):
    """A text in place of the transcript, with all that the quick prompt uses of it."""

    text_typed = Signal(str)
    notice_raised = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.copied = 0
        self.commands = self

    def set_messages(self, messages: Sequence[object]) -> None:
        assert not messages
        self.clear()

    def copy_last_answer(self) -> None:
        self.copied += 1

    def update_theme(self) -> None:
        self.setFont(themes.current_theme().reading())


@pytest.fixture
def answer() -> PlainAnswer:
    return PlainAnswer()


@pytest.fixture
def commands() -> list[str]:
    """Return the ids of the commands that keys have run since the last check."""
    return []


@pytest.fixture
def quick(
    qtbot: QtBot, light_theme: themes.Theme, answer: PlainAnswer, commands: list[str]
) -> QuickPrompt:
    made = QuickPrompt(cast("Any", answer))
    made.prompt.set_choice(THINKING)
    for command in OF_THE_CONTROLLER:
        made.add_commands({command: partial(commands.append, command)})
    made.set_keymap(Keymap())
    qtbot.addWidget(made)
    open_prompt(qtbot, made)
    qtbot.waitUntil(made.isActiveWindow)
    return made


def open_prompt(qtbot: QtBot, quick: QuickPrompt) -> None:
    with qtbot.waitExposed(quick):
        quick.open()
    # (The offscreen platform activates a window only once; its focus is set all the same.)
    assert quick.focusWidget() is line_of(quick)


def line_of(quick: QuickPrompt) -> QPlainTextEdit:
    return find(quick, QPlainTextEdit, "prompt")


def test_a_changed_send_key_sends(qtbot: QtBot, quick: QuickPrompt) -> None:
    quick.set_keymap(Keymap({"prompt.send": "Ctrl+Return"}))
    qtbot.keyClicks(line_of(quick), "one")
    with qtbot.assertNotEmitted(quick.prompt.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    qtbot.keyClicks(line_of(quick), "two")
    with qtbot.waitSignal(quick.prompt.submit_requested) as sent:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Enter, Qt.KeyboardModifier.ControlModifier)
    assert sent.args == ["one\ntwo"]
    quick.set_keymap(Keymap({"prompt.send": ""}))
    with qtbot.waitSignal(quick.prompt.submit_requested):
        find(quick, QToolButton, "quick-send").click()


def test_earlier_questions_are_recalled_at_the_first_and_the_last_line(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    quick.field.set_history(["an earlier one"])
    quick.field.set_text("one\ntwo")
    for key, is_recalling in (("Up", False), ("Up", True), ("Down", False), ("Down", False)):
        qtbot.keyClick(line_of(quick), getattr(Qt.Key, f"Key_{key}"))
        assert quick.field.is_recalling is is_recalling
    assert quick.field.toPlainText() == "one\ntwo"


def test_an_empty_question_is_sent_only_with_an_accompanying_text(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    with qtbot.assertNotEmitted(quick.prompt.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    quick.set_accompanying_text("one two three")
    assert find(quick, QLabel, "accompanying-text").text() == "Text: 3 words"
    with qtbot.waitSignal(quick.prompt.submit_requested) as sent:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    assert sent.args == [""]


def test_the_window_grows_with_the_answer_up_to_a_share_of_the_screen(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    folded = quick.height()
    top = quick.geometry().top()
    assert not answer.isVisible()
    quick.set_streaming(True)
    assert answer.isVisible()
    assert quick.height() > folded
    first = quick.height()
    answer.setPlainText("line\n" * 12)
    qtbot.waitUntil(lambda: quick.height() > first)
    qtbot.waitUntil(lambda: answer.verticalScrollBar().maximum() == 0)
    answer.setPlainText("line\n" * 500)
    limit = round(quick.screen().availableGeometry().height() * MAX_ANSWER_SHARE)
    qtbot.waitUntil(lambda: answer.height() == limit)
    assert quick.geometry().top() == top


def test_a_cleared_prompt_is_as_small_as_at_first(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    folded = quick.height()
    qtbot.keyClicks(line_of(quick), "question")
    quick.set_streaming(True)
    answer.setPlainText("answer")
    quick.set_streaming(False)
    quick.show_status("$0.0004 · 1.1 s")
    quick.clear()
    assert line_of(quick).toPlainText() == ""
    assert answer.toPlainText() == ""
    assert find(quick, QLabel, "figures").text() == ""
    assert quick.height() == folded


def test_a_running_answer_can_be_stopped(qtbot: QtBot, quick: QuickPrompt) -> None:
    stop = find(quick, QToolButton, "stop")
    assert not stop.isVisible()
    quick.set_streaming(True)
    with qtbot.waitSignal(quick.prompt.stop_requested):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    quick.set_streaming(False)
    assert not stop.isVisible()


def test_the_window_has_room_for_why_nothing_was_sent(qtbot: QtBot, quick: QuickPrompt) -> None:
    qtbot.keyClicks(line_of(quick), "What is it?")
    before = quick.height()
    quick.prompt.set_refusal("This model takes no images.")
    with qtbot.assertNotEmitted(quick.prompt.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    hint = quick.prompt.hint
    qtbot.waitUntil(lambda: quick.height() > before and hint.isVisible())
    assert hint.text() == "This model takes no images."
    quick.prompt.set_refusal("")
    qtbot.waitUntil(lambda: quick.height() == before)


def test_escape_hides_and_closing_does_not_destroy(qtbot: QtBot, quick: QuickPrompt) -> None:
    with qtbot.waitSignal(quick.hidden):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Escape)
    assert not quick.isVisible()
    open_prompt(qtbot, quick)
    with qtbot.waitSignal(quick.hidden):
        quick.close()
    open_prompt(qtbot, quick)


def test_keys_choose_variant_and_effort_open_the_window_and_copy(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer, commands: list[str]
) -> None:
    line = line_of(quick)
    for key, modifiers, command in (
        (Qt.Key.Key_1, ALT, "variant.instant"),
        (Qt.Key.Key_2, ALT, "variant.thinking"),
        (Qt.Key.Key_3, ALT, "variant.pro"),
        (Qt.Key.Key_Up, ALT, "effort.more"),
        (Qt.Key.Key_Down, ALT, "effort.less"),
        (Qt.Key.Key_O, CONTROL, "quick.go-on"),
    ):
        qtbot.keyClick(line, key, modifiers)
        assert commands.pop() == command
    qtbot.keyClick(line, Qt.Key.Key_C, CONTROL | SHIFT)
    assert answer.copied == 1
    assert quick.prompt.row.model_button.text() == "Thinking · High"


def test_changed_shortcuts_work_and_are_shown(
    qtbot: QtBot, quick: QuickPrompt, commands: list[str]
) -> None:
    quick.set_keymap(Keymap({"quick.go-on": "Ctrl+G", "quick.close": ""}))
    qtbot.keyClick(line_of(quick), Qt.Key.Key_O, CONTROL)
    assert not commands
    qtbot.keyClick(line_of(quick), Qt.Key.Key_G, CONTROL)
    assert commands == ["quick.go-on"]


def test_the_keys_of_the_buttons_stay_visible_below_an_answer(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    quick.set_streaming(True)
    quick.set_streaming(False)
    quick.show_status("$0.0004 · 11.1 s")
    buttons = [b for b in quick.findChildren(HintButton) if b.isVisible()]
    assert [button.text() for button in buttons] == ["Paste", "Continue in Repartee", "Close"]
    assert all(button.width() == button.full_width for button in buttons)


# ---------------------------------------------------------------- pictures


def test_pasted_and_dropped_images_are_emitted(quick: QuickPrompt, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setData("image/png", b"bytes")
    QGuiApplication.clipboard().setMimeData(data)  # which owns it from now on
    dropped = QMimeData()
    dropped.setData("image/png", b"bytes")
    line = find(quick, QPlainTextEdit, "prompt")
    with qtbot.waitSignal(quick.field.data_pasted) as given:
        qtbot.keyClick(line, Qt.Key.Key_V, CONTROL)
    assert given.args == [DroppedData("Pasted image.png", b"bytes")]
    assert line.toPlainText() == ""
    how = (Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton, NO_KEY)
    QApplication.sendEvent(quick, QDragEnterEvent(QPoint(5, 5), *how))
    assert quick.status.text() != ""
    with qtbot.waitSignal(quick.field.data_pasted):
        QApplication.sendEvent(quick, QDropEvent(QPointF(5, 5), *how))
    assert quick.status.text() == ""
    QGuiApplication.clipboard().setText("words")
    qtbot.keyClick(line, Qt.Key.Key_V, CONTROL)
    assert line.toPlainText() == "words"


def test_a_moved_window_opens_where_it_was_left_after_a_long_answer(
    quick: QuickPrompt, answer: PlainAnswer, qtbot: QtBot
) -> None:
    moved = quick.pos() + QPoint(10, 150)
    quick.move(moved)
    before = quick.height()
    quick.set_streaming(True)
    answer.setPlainText("line\n" * 200)
    qtbot.waitUntil(lambda: quick.height() > 2 * before)
    quick.set_streaming(False)
    quick.hide()
    quick.clear()
    open_prompt(qtbot, quick)
    assert quick.height() == before
    assert (quick.pos() - moved).manhattanLength() <= 2
