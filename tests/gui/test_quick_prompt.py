"""The quick prompt: opening, focus, expanding, closing, keys and attachments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QInputMethodEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from desktop_app.commands.keymap import Keymap
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.ui.composer.attachment_chips import Chip
from desktop_app.ui.composer.choice.choice_view import ChoiceView
from desktop_app.ui.composer.dropped_content import DroppedData
from desktop_app.ui.composer.text.text_height import height_of_lines
from desktop_app.ui.look import theme as themes
from desktop_app.ui.quick.quick_prompt import MAX_ANSWER_SHARE, QuickPrompt
from desktop_app.ui.quick.quick_prompt_field import QuickPromptField, describe_text
from desktop_app.ui.transcript.view import TranscriptView
from tests.helpers.menus import entry_text
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
ALWAYS_MEDIUM: dict[Effort, str] = {
    e: "Instant always uses the effort medium." for e in Effort if e is not Effort.MEDIUM
}


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

    def set_theme(self, theme: themes.Theme) -> None:
        self.setFont(theme.reading())


@pytest.fixture
def answer() -> PlainAnswer:
    return PlainAnswer()


@pytest.fixture
def quick(qtbot: QtBot, light_theme: themes.Theme, answer: PlainAnswer) -> QuickPrompt:
    made = QuickPrompt(light_theme, cast("Any", answer))
    made.model_button.set_choice(THINKING)
    qtbot.addWidget(made)
    open_prompt(qtbot, made)
    qtbot.waitUntil(made.isActiveWindow)
    return made


def open_prompt(qtbot: QtBot, quick: QuickPrompt, text: str = "") -> None:
    with qtbot.waitExposed(quick):
        quick.open_with(text)
    # (The offscreen platform activates a window only once; its focus is set all the same.)
    assert quick.focusWidget() is line_of(quick)


def line_of(quick: QuickPrompt) -> QPlainTextEdit:
    return find(quick, QPlainTextEdit, "prompt")


def test_the_window_stays_on_top_without_a_frame(quick: QuickPrompt) -> None:
    flags = quick.windowFlags()
    assert flags & Qt.WindowType.WindowStaysOnTopHint
    assert flags & Qt.WindowType.FramelessWindowHint
    area = quick.screen().availableGeometry()
    assert abs(quick.geometry().center().x() - area.center().x()) <= 1
    assert quick.geometry().top() < area.center().y()


@pytest.mark.qt_log_ignore("setting window masks", extend=True)
def test_the_window_is_masked_to_round_corners_on_x11(
    qtbot: QtBot, light_theme: themes.Theme, answer: PlainAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "xcb")
    quick = QuickPrompt(light_theme, cast("Any", answer))
    qtbot.addWidget(quick)
    assert quick.mask().isEmpty()
    open_prompt(qtbot, quick)
    quick.resize(quick.width(), quick.height() + 1)
    quick.status.show_problem("A whole sentence, which makes the window higher than it was before.")
    assert not quick.mask().contains(QPoint(0, 0))
    assert quick.mask().contains(quick.rect().center())
    corner = quick.grab().toImage().pixelColor(1, 1)
    assert corner == themes.light().ground


def test_enter_submits_the_typed_text_and_keeps_it(qtbot: QtBot, quick: QuickPrompt) -> None:
    qtbot.keyClicks(line_of(quick), "regex for a postcode")
    with qtbot.waitSignal(quick.submit_requested) as sent:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    assert sent.args == ["regex for a postcode"]
    assert line_of(quick).toPlainText() == "regex for a postcode"


def test_a_changed_send_key_sends(qtbot: QtBot, quick: QuickPrompt) -> None:
    quick.set_keymap(Keymap({"prompt.send": "Ctrl+Return"}))
    qtbot.keyClicks(line_of(quick), "one")
    with qtbot.assertNotEmitted(quick.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    qtbot.keyClicks(line_of(quick), "two")
    with qtbot.waitSignal(quick.submit_requested) as sent:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Enter, Qt.KeyboardModifier.ControlModifier)
    assert sent.args == ["one\ntwo"]
    quick.set_keymap(Keymap({"prompt.send": ""}))
    with qtbot.waitSignal(quick.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)


def test_the_prompt_grows_with_its_lines_up_to_six(qtbot: QtBot, quick: QuickPrompt) -> None:
    line = line_of(quick)
    heights = []
    for number in range(8):
        qtbot.keyClicks(line, f"line {number}")
        heights.append(quick.height())
        assert quick.contentsRect().contains(line.geometry())
        qtbot.keyClick(line, Qt.Key.Key_Return, SHIFT)
    spacing = round(line.blockBoundingRect(line.document().firstBlock().next()).height())
    first, *more = (b - a for a, b in pairwise(heights))
    assert 0 < first <= spacing  # the button beside it is higher than a line
    assert more == [spacing] * 4 + [0, 0]
    # Eight lines and an empty one: the last six are shown.
    assert line.verticalScrollBar().value() == line.verticalScrollBar().maximum() == 3
    quick.open_with("")
    assert quick.height() == heights[0]


@pytest.mark.parametrize("words", [1, 12, 30, 80])
def test_the_prompt_fits_a_long_paragraph_that_is_inserted_at_once(
    qtbot: QtBot, quick: QuickPrompt, words: int
) -> None:
    line = line_of(quick)
    assert isinstance(line, QuickPromptField)
    line.insertion.insert_plain("Translate " * words + "\n\n")
    qtbot.waitUntil(lambda: shown_lines(line) == min(6, line_count(line)))
    scrolls = line.verticalScrollBar()
    assert scrolls.value() == scrolls.maximum() == max(0, line_count(line) - 6)


def line_count(line: QPlainTextEdit) -> int:
    block, count = line.document().firstBlock(), 0
    while block.isValid():
        count += max(1, block.layout().lineCount())
        block = block.next()
    return count


def shown_lines(line: QuickPromptField) -> int:
    return next((n for n in range(1, 9) if line.height() == height_of_lines(line, n)), 0)


def test_earlier_questions_are_recalled_at_the_first_and_the_last_line(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    steps: list[int] = []
    quick.field.history_requested.connect(steps.append)
    quick.field.set_text("one\ntwo")
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(line_of(quick), key)
        steps.append(0)
    assert steps == [0, 1, 0, 0, -1, 0]


def test_pasted_lines_stay_lines_and_a_long_text_is_passed_on(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    QGuiApplication.clipboard().setText("one\n\ttwo\n")
    qtbot.keyClick(line_of(quick), Qt.Key.Key_V, CONTROL)
    assert quick.field.toPlainText() == "one\n\ttwo\n"
    quick.field.insertion.set_large_paste(5)
    with qtbot.waitSignal(quick.large_text_dropped) as given:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_V, CONTROL)
    assert given.args == ["one\n\ttwo\n", ""]
    assert quick.field.toPlainText() == "one\n\ttwo\n"


def test_the_window_stays_on_the_screen_with_many_lines_and_a_long_answer(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    quick.set_theme(themes.light(2.0))
    quick.set_streaming(True)
    quick.field.set_text("line\n" * 8)
    answer.setPlainText("line\n" * 500)
    qtbot.waitUntil(lambda: answer.verticalScrollBar().maximum() > 0)
    quick.status.show_problem("A whole sentence.")
    assert quick.geometry().bottom() <= quick.screen().availableGeometry().bottom()


def test_enter_belongs_to_the_input_method_while_it_composes(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    line = line_of(quick)
    qtbot.keyClicks(line, "What is ")
    QGuiApplication.sendEvent(line, QInputMethodEvent("にほん", []))
    with qtbot.assertNotEmitted(quick.submit_requested):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    done = QInputMethodEvent("", [])
    done.setCommitString("日本")
    QGuiApplication.sendEvent(line, done)
    with qtbot.waitSignal(quick.submit_requested) as sent:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert sent.args == ["What is 日本"]


def test_an_empty_question_is_sent_only_with_an_accompanying_text(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    with qtbot.assertNotEmitted(quick.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    open_prompt(qtbot, quick, "one two three")
    assert find(quick, QLabel, "accompanying-text").text() == "Text: 3 words"
    with qtbot.waitSignal(quick.submit_requested) as sent:
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    assert sent.args == [""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        (" \n", ""),
        ("one", "Text: 1 word"),
        ("word " * 1312, "Text: 1,312 words"),
        ("x " * 150_000, "Text: 300,000 characters"),
    ],
)
def test_the_accompanying_text_is_described_by_its_length(text: str, words: str) -> None:
    assert describe_text(text) == words


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


def test_opening_the_prompt_again_clears_a_finished_answer(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    folded = quick.height()
    qtbot.keyClicks(line_of(quick), "question")
    quick.set_streaming(True)
    answer.setPlainText("answer")
    quick.set_streaming(False)
    quick.status.show_status("$0.0004 · 1.1 s")
    quick.hide()
    open_prompt(qtbot, quick)
    assert line_of(quick).toPlainText() == ""
    assert answer.toPlainText() == ""
    assert find(quick, QLabel, "status").text() == ""
    assert quick.height() == folded


def test_opening_the_prompt_again_keeps_a_running_answer(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    qtbot.keyClicks(line_of(quick), "question")
    quick.set_streaming(True)
    answer.setPlainText("ans")
    quick.hide()
    open_prompt(qtbot, quick)
    assert line_of(quick).toPlainText() == "question"
    assert answer.toPlainText() == "ans"


def test_a_running_answer_refuses_enter_and_can_be_stopped(
    qtbot: QtBot, quick: QuickPrompt
) -> None:
    stop = find(quick, QToolButton, "stop")
    assert not stop.isVisible()
    qtbot.keyClicks(line_of(quick), "next")
    quick.set_streaming(True)
    with qtbot.assertNotEmitted(quick.submit_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Return)
    assert find(quick, QLabel, "status").text() == "Still responding…"
    with qtbot.waitSignal(quick.stop_requested):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    quick.set_streaming(False)
    assert not stop.isVisible()


def test_escape_hides_and_closing_does_not_destroy(qtbot: QtBot, quick: QuickPrompt) -> None:
    with qtbot.waitSignal(quick.hidden):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_Escape)
    assert not quick.isVisible()
    open_prompt(qtbot, quick)
    with qtbot.waitSignal(quick.hidden):
        quick.close()
    open_prompt(qtbot, quick)


def test_keys_choose_variant_and_effort_open_the_window_and_copy(
    qtbot: QtBot, quick: QuickPrompt, answer: PlainAnswer
) -> None:
    line = line_of(quick)
    for key, variant in (
        (Qt.Key.Key_1, Variant.INSTANT),
        (Qt.Key.Key_2, Variant.THINKING),
        (Qt.Key.Key_3, Variant.PRO),
    ):
        with qtbot.waitSignal(quick.variant_requested) as chosen:
            qtbot.keyClick(line, key, ALT)
        assert chosen.args == [variant]
    for key, step in ((Qt.Key.Key_Up, 1), (Qt.Key.Key_Down, -1)):
        with qtbot.waitSignal(quick.effort_step_requested) as stepped:
            qtbot.keyClick(line, key, ALT)
        assert stepped.args == [step]
    with qtbot.waitSignal(quick.open_in_window_requested):
        qtbot.keyClick(line, Qt.Key.Key_O, CONTROL)
    qtbot.keyClick(line, Qt.Key.Key_C, CONTROL | SHIFT)
    assert answer.copied == 1


def test_copying_the_answer_is_confirmed(qtbot: QtBot, light_theme: themes.Theme) -> None:
    view = TranscriptView(light_theme)
    quick = QuickPrompt(light_theme, view)
    qtbot.addWidget(quick)
    open_prompt(qtbot, quick)
    quick.set_streaming(True)
    view.set_messages([answer_of("a", "Paris.")])
    quick.set_streaming(False)
    qtbot.keyClick(line_of(quick), Qt.Key.Key_C, CONTROL | SHIFT)
    assert QGuiApplication.clipboard().text().strip() == "Paris."
    assert find(quick, QLabel, "status").text() == "Response copied"


def test_changed_shortcuts_work_and_are_shown(qtbot: QtBot, quick: QuickPrompt) -> None:
    quick.set_keymap(Keymap({"quick.go-on": "Ctrl+G", "quick.close": ""}))
    with qtbot.assertNotEmitted(quick.open_in_window_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_O, CONTROL)
    with qtbot.waitSignal(quick.open_in_window_requested):
        qtbot.keyClick(line_of(quick), Qt.Key.Key_G, CONTROL)


def test_the_model_button_shows_the_variant_and_effort(qtbot: QtBot, quick: QuickPrompt) -> None:
    pick = find(quick, QPushButton, "variant")
    assert pick.text() == "Thinking · High"
    instant = replace(
        THINKING, variant=Variant.INSTANT, effort=Effort.MEDIUM, effort_refusals=ALWAYS_MEDIUM
    )
    quick.model_button.set_choice(instant)
    assert pick.text() == "Instant"
    pick.menu().aboutToShow.emit()
    pro = next(a for a in pick.menu().actions() if entry_text(a) == "Pro")
    with qtbot.waitSignal(quick.variant_requested) as chosen:
        pro.trigger()
    assert chosen.args == [Variant.PRO]
    quick.model_button.set_choice(ChoiceView(None, "SmolLM2 135M", None, offers_variants=False))
    assert pick.text() == "SmolLM2 135M"
    pick.menu().aboutToShow.emit()
    assert [a.isEnabled() for a in pick.menu().actions()] == [False]


def test_an_error_gets_a_line_of_its_own(quick: QuickPrompt) -> None:
    folded = quick.height()
    sentence = "OpenAI rejected the API key. Check or replace the key in Settings › Provider."
    quick.status.show_problem(sentence)
    problem = find(quick, QLabel, "problem")
    assert problem.isVisible()
    assert problem.text() == sentence
    assert quick.height() > folded
    quick.status.show_status("$0.0004 · 1.1 s")
    assert not problem.isVisible()
    assert quick.height() == folded


def test_a_status_that_arrives_during_a_drag_stays_after_it(quick: QuickPrompt) -> None:
    status = find(quick, QLabel, "status")
    quick.status.show_status("Still responding…")
    quick.status.show_drop_hint("Drop to attach")
    assert status.text() == "Drop to attach"
    quick.status.show_figures("$0.0004 · 1.1 s")
    quick.status.hide_drop_hint()
    assert status.text() == "$0.0004 · 1.1 s"


def test_every_control_has_a_name(quick: QuickPrompt) -> None:
    quick.set_streaming(True)
    own = [w for w in quick.findChildren(QWidget) if w.parent() is quick]
    focusable = [w for w in own if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    controls = [w for w in focusable if w is not quick.transcript]
    assert len(controls) > 3
    for control in controls:
        found = QAccessible.queryAccessibleInterface(control)
        assert found.text(QAccessible.Text.Name), control


def test_cost_and_time_are_shown_whole(qtbot: QtBot, quick: QuickPrompt) -> None:
    quick.set_streaming(True)
    quick.set_streaming(False)
    quick.status.show_figures("$0.0312 · 1 min 12 s")
    status = find(quick, QLabel, "status")
    qtbot.waitUntil(lambda: QLabel.text(status) == "$0.0312 · 1 min 12 s")


def test_twice_the_text_size_stays_on_the_screen(quick: QuickPrompt) -> None:
    quick.set_theme(themes.dark(2.0))
    assert quick.width() <= quick.screen().availableGeometry().width()


def test_the_window_grows_while_a_real_transcript_is_written(
    qtbot: QtBot, light_theme: themes.Theme
) -> None:
    view = TranscriptView(light_theme)
    quick = QuickPrompt(light_theme, view)
    qtbot.addWidget(quick)
    open_prompt(qtbot, quick)
    limit = round(quick.screen().availableGeometry().height() * MAX_ANSWER_SHARE)
    view.set_messages([answer_of("a", "", MessageStatus.STREAMING)])
    quick.set_streaming(True)
    before = quick.height()
    for number in range(40):
        view.stream.append_text("a", f"{number}. one more line of the answer\n\n")
    qtbot.waitUntil(lambda: view.height() == limit)
    assert quick.height() > before


def test_the_window_grows_with_an_answer_that_replaces_another(
    qtbot: QtBot, light_theme: themes.Theme
) -> None:
    view = TranscriptView(light_theme)
    quick = QuickPrompt(light_theme, view)
    qtbot.addWidget(quick)
    open_prompt(qtbot, quick)
    quick.set_streaming(True)
    view.set_messages([answer_of("a", "short")])
    before = view.height()
    view.set_messages([answer_of("b", "x\n\n" * 90)])
    qtbot.waitUntil(lambda: view.height() > before)


def answer_of(
    message_id: str, text: str, status: MessageStatus = MessageStatus.COMPLETE
) -> Message:
    parts = (TextPart(text),) if text else ()
    return Message(message_id, "c", None, Role.ASSISTANT, status, parts, datetime.now(UTC))


# ---------------------------------------------------------------- pictures


def test_pasted_and_dropped_images_are_emitted(quick: QuickPrompt, qtbot: QtBot) -> None:
    quick.open_with("")
    data = QMimeData()
    data.setData("image/png", b"bytes")
    QGuiApplication.clipboard().setMimeData(data)  # which owns it from now on
    dropped = QMimeData()
    dropped.setData("image/png", b"bytes")
    line = find(quick, QPlainTextEdit, "prompt")
    with qtbot.waitSignal(quick.field.insertion.data_pasted) as given:
        qtbot.keyClick(line, Qt.Key.Key_V, CONTROL)
    assert given.args == [DroppedData("Pasted image.png", b"bytes")]
    assert line.toPlainText() == ""
    how = (Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton, NO_KEY)
    QApplication.sendEvent(quick, QDragEnterEvent(QPoint(5, 5), *how))
    assert quick.status.label.text() != ""
    with qtbot.waitSignal(quick.field.insertion.data_pasted):
        QApplication.sendEvent(quick, QDropEvent(QPointF(5, 5), *how))
    assert quick.status.label.text() == ""
    QGuiApplication.clipboard().setText("words")
    qtbot.keyClick(line, Qt.Key.Key_V, CONTROL)
    assert line.toPlainText() == "words"


def test_a_removed_problem_leaves_no_room(
    qtbot: QtBot, light_theme: themes.Theme, answer: PlainAnswer
) -> None:
    quick = QuickPrompt(light_theme, cast("Any", answer))
    qtbot.addWidget(quick)
    with qtbot.waitExposed(quick):
        quick.open_with("", keeps_content=True)
    before = quick.height()
    quick.status.show_problem("No key")
    quick.status.show_status("")
    assert quick.height() == before


def test_the_window_grows_and_shrinks_with_chips(quick: QuickPrompt, qtbot: QtBot) -> None:
    quick.open_with("")
    before = quick.height()
    quick.chips.set_chips([Chip("1", "cat.png", "64 × 48", "ready", None, "image")])
    assert quick.height() > before
    line = find(quick, QPlainTextEdit, "prompt")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert find(quick, QLabel, "status").text() == "Add a message first"
    quick.chips.set_chips([])
    assert quick.height() == before


def test_a_prompt_with_windows_line_breaks_is_known_by_its_id(quick: QuickPrompt) -> None:
    quick.field.set_text("one\r\ntwo", "pair")
    assert quick.field.template_id == "pair"


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
    open_prompt(qtbot, quick)
    assert quick.height() == before
    assert (quick.pos() - moved).manhattanLength() <= 2


def test_a_window_that_was_moved_down_grows_only_to_the_bottom_of_the_screen(
    quick: QuickPrompt, answer: PlainAnswer, qtbot: QtBot
) -> None:
    screen = quick.screen().availableGeometry()
    quick.move(quick.x(), screen.top() + screen.height() // 2)
    before = quick.height()
    quick.set_streaming(True)
    answer.setPlainText("line\n" * 200)
    qtbot.waitUntil(lambda: quick.height() > 2 * before)
    qtbot.waitUntil(lambda: screen.bottom() - 60 < quick.geometry().bottom() <= screen.bottom())
