"""The program around the conversation: keys, look, the quick prompt, and later starts."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QFontDatabase, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QTextBrowser,
    QWidget,
)

from desktop_app.app.desktop.single_instance import call
from desktop_app.app.desktop.window_request import OpenRequest, QuickRequest, encode
from desktop_app.app.library.library_controller import LibraryController
from desktop_app.commands.command import COMMANDS, CommandScope
from desktop_app.domain.errors import StreamCutError
from desktop_app.domain.models.model_catalog import Effort, Variant
from desktop_app.rendering.markdown import parser as parser_module
from desktop_app.ui.composer.choice_view import ModelEntry
from desktop_app.ui.quick.quick_prompt import QuickPrompt
from tests.gui.app.desk import DISK_FULL, Desk, SlowStore, until
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.templates import EXPLAIN
from tests.helpers.widgets import find

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
KEYED = {"COMETAPI_KEY": "not-a-key"}
# Handled by the prompt's text and by the quick prompt.
# The global shortcut is bound outside of the window.
IN_WIDGETS = {
    "prompt.send",
    "quick.add-selection",
    "quick.close",
    "quick.global",
    "quick.go-on",
    "quick.paste",
    "quick.temporary",
}


# ---------------------------------------------------------------- commands and keys


async def test_nothing_can_be_asked_before_a_conversation_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early: list[bool] = []
    load = LibraryController.load

    async def note_and_load(library: LibraryController) -> None:
        early.append(library._pane.prompt.can_send)
        await load(library)

    class StartingDesk(Desk):
        def before_ready(self) -> None:
            self.window.prompt.set_can_send(False, "Starting…")

    monkeypatch.setattr(LibraryController, "load", note_and_load)
    async with StartingDesk(environment=KEYED) as desk:
        assert early == [False]
        assert desk.window.prompt.can_send


@pytest.mark.parametrize("how", ["command", "menu"])
async def test_a_model_chosen_before_a_conversation_is_open_is_kept(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    load = LibraryController.load

    async def choose_and_load(library: LibraryController) -> None:
        if how == "command":
            desk.controllers.choice.choose_variant(Variant.PRO)
        else:
            await until(lambda: entries(desk, "Pro"))
            desk.window.prompt.row.model_requested.emit(entries(desk, "Pro")[0])
        await load(library)

    monkeypatch.setattr(LibraryController, "load", choose_and_load)
    desk = Desk(environment=KEYED)
    async with desk:
        assert desk.state.setup.choice.variant is Variant.PRO
        assert desk.window.prompt.row.models.variants.current() == Variant.PRO.value


def entries(desk: Desk, name: str) -> list[ModelEntry]:
    return [entry for entry in desk.controllers.choices.models if name in entry.name]


async def test_every_command_has_an_action() -> None:
    async with Desk() as desk:
        bound = set(desk.session.actions)
        assert {c.id for c in COMMANDS} - IN_WIDGETS == bound
        everywhere = {
            c.id for c in COMMANDS if c.scope in (CommandScope.QUICK, CommandScope.EVERYWHERE)
        }
        open_quick(desk)
        quick = quick_of(desk)
        assert everywhere <= {*quick._actions(), "app.quit", "help.open", "menu.open"}


async def test_shortcuts_run_their_commands() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("One", "1")
        desk.press(Qt.Key.Key_N, CONTROL)
        assert desk.open_id != one
        desk.press(Qt.Key.Key_Comma, CONTROL)
        assert desk.window.settings.isVisible()
        desk.press(Qt.Key.Key_L, CONTROL)
        assert QApplication.focusWidget() is desk.text
        desk.press(Qt.Key.Key_PageDown, CONTROL)
        await until(lambda: desk.open_id == one)
        desk.press(Qt.Key.Key_Delete, CONTROL | SHIFT)
        assert desk.rows == []
        desk.press(Qt.Key.Key_F, CONTROL | SHIFT)
        assert QApplication.focusWidget() is desk.window.conversations.search


async def test_escape_closes_the_open_part() -> None:
    async with Desk() as desk:
        desk.window.resize(640, 480)
        desk.window.show_settings(True)
        desk.press(Qt.Key.Key_Escape)
        assert not desk.window.settings.isVisible()
        desk.window.toggle_list()
        desk.press(Qt.Key.Key_Escape)
        assert not desk.window.conversations.isVisible()
        turn = await desk.ask("One")
        turn.say("Some")
        await until(lambda: "Some" in desk.transcript)
        desk.window.show_settings(True)
        desk.press(Qt.Key.Key_Escape)
        assert not desk.window.settings.isVisible()
        assert desk.controllers.running.conversations
        desk.window.transcript.setFocus()
        desk.press(Qt.Key.Key_Escape)
        await desk.settled()
        assert desk.messages()[1][1] == "cancelled"


async def test_line_width_and_send_keys_apply_at_once() -> None:
    async with Desk() as desk:
        desk.window.resize(1200, 700)
        await desk.ask_and_answer("One", "1")
        before = desk.window.transcript.viewport().width()
        desk.window.settings.setting_changed.emit("look.line_width", "narrow")
        desk.window.settings.setting_changed.emit("keys.prompt.send", "Ctrl+Return")
        await desk.written()
        assert desk.window.transcript.viewport().width() < before
        desk.type("Two")
        desk.enter()
        assert desk.text.toPlainText() == "Two\n"


async def test_shortcuts_are_exported_and_imported(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    async with Desk() as desk:
        one = await desk.ask_and_answer("One", "1")
        panel = desk.window.settings
        panel.shortcut_changed.emit("conversation.new", "Ctrl+J")
        await desk.written()
        panel.show_page("keys")
        find(panel, QPushButton, "export-shortcuts").click()
        choose_paths(path)
        await until(path.exists)
        exported = json.loads(path.read_text("utf-8"))
        assert exported["shortcuts"] == {"conversation.new": "Ctrl+J"}
        exported["shortcuts"] = {
            "conversation.new": "Ctrl+Y",
            "find.open": "control+y",
            "list.toggle": "Ctrl+U",
            "future.fly": "Ctrl+1",
            "app.quit": "Q",
        }
        path.write_text(json.dumps(exported), "utf-8")
        find(panel, QPushButton, "import-shortcuts").click()
        choose_paths(path)
        await until(lambda: "3 shortcuts were imported." in desk.said)
        assert "no such command: future.fly" in desk.said
        assert "the keys can’t be used: app.quit: Q" in desk.said
        assert "Used by more than one command: Ctrl+Y" in desk.said
        # Offscreen, no window is active after a dialog has closed.
        desk.window.activateWindow()
        await until(desk.window.isActiveWindow)
        was_shown = desk.window.conversations.isVisible()
        desk.press(Qt.Key.Key_U, CONTROL)
        assert desk.window.conversations.isVisible() is not was_shown
        assert desk.open_id == one
        path.write_text('{"shortcuts": {}}', "utf-8")
        find(panel, QPushButton, "import-shortcuts").click()
        choose_paths(path)
        await until(lambda: "isn’t a file of shortcuts" in desk.said)


async def test_a_changed_shortcut_applies_at_once() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("One", "1")
        desk.window.settings.shortcut_changed.emit("conversation.new", "Ctrl+J")
        await desk.written()
        desk.press(Qt.Key.Key_N, CONTROL)
        assert desk.open_id == one
        desk.press(Qt.Key.Key_J, CONTROL)
        assert desk.open_id != one
        assert desk.window.conversations.new_button.hint.text() == "Ctrl+J"
        desk.window.settings.shortcut_changed.emit("prompt.stop", "Ctrl+.")
        desk.window.settings.shortcut_changed.emit("prompt.send", "Ctrl+Return")
        await desk.written()
        desk.type("Two")
        desk.enter()
        assert desk.text.toPlainText() == "Two\n"
        desk.press(Qt.Key.Key_Return, CONTROL)
        await until(lambda: len(desk.stage.turns) == 2)
        desk.press(Qt.Key.Key_Escape)
        assert desk.controllers.running.conversations
        desk.press(Qt.Key.Key_Period, CONTROL)
        await desk.settled()
        assert desk.messages()[-1][1] == "cancelled"
    async with Desk() as desk:
        desk.press(Qt.Key.Key_J, CONTROL)
        assert desk.state.current.is_new


# ---------------------------------------------------------------- look


class Windows(QObject):
    """An event filter that records the widgets that are shown as windows."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(repr(watched))
        return False


async def test_no_widget_is_shown_as_a_window(qapp: QApplication, data: Path) -> None:
    async with Desk() as desk:
        await until(desk.window.isActiveWindow)
        windows = Windows()
        qapp.installEventFilter(windows)
        desk.window.show_settings(True)
        for page in ("answer", "look", "keys", "provider"):
            desk.window.settings.show_page(page)
        desk.window.files_dropped.emit([data / "notes.md"])
        await until(lambda: desk.chips and "reading" not in desk.chips[0])
        one = await desk.ask_and_answer("One", "1")
        desk.window.conversations.delete_requested.emit([one])
        desk.press_action("Undo")
        desk.window.show_settings(False)
        await desk.written()
        qapp.removeEventFilter(windows)
        assert windows.seen == []
        assert desk.window.isActiveWindow()


async def test_a_theme_chosen_before_the_first_conversation_applies_to_its_transcript() -> None:
    async with Desk() as desk:
        desk.window.settings.setting_changed.emit("look.theme", "dark")
        await until(lambda: desk.theme.current.is_dark)
        await desk.ask_and_answer("Hello", "Here.")
        shown = desk.window.transcript.viewport().grab().toImage()
        assert shown.pixelColor(5, shown.height() - 5) == desk.theme.current.ground


async def test_the_text_size_is_relative_to_the_font_of_the_system(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = QFont(qapp.font())
    large.setPixelSize(30)
    monkeypatch.setattr(QFontDatabase, "systemFont", lambda _: large)
    async with Desk() as desk:
        desk.press(Qt.Key.Key_Plus, CONTROL)
        await desk.written()
        assert desk.setting("look.text_size") == 110
        desk.press(Qt.Key.Key_Minus, CONTROL)
        await desk.written()
        assert desk.setting("look.text_size") == 100


def turn_wheel(view: QTextBrowser, eighths: int) -> None:
    """Turn the wheel with Ctrl held down."""
    at, none = QPointF(40, 40), Qt.ScrollPhase.NoScrollPhase
    inverted = False
    turned = QPoint(0, eighths)
    buttons = Qt.MouseButton.NoButton
    event = QWheelEvent(at, at, QPoint(), turned, buttons, CONTROL, none, inverted)
    QApplication.sendEvent(view.viewport(), event)


async def test_theme_and_text_size_change_at_once() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "Some **words**")
        desk.window.settings.setting_changed.emit("look.theme", "dark")
        await desk.written()
        assert desk.theme.current.is_dark
        await until(lambda: desk.window.transcript.theme.is_dark)
        height = desk.window.header.height()
        desk.press(Qt.Key.Key_Plus, CONTROL)
        desk.press(Qt.Key.Key_Equal, CONTROL)  # + without Shift
        await desk.written()
        assert desk.setting("look.text_size") == 120
        desk.window.settings.show_page("look")
        slider = find(desk.window.settings, QSlider, "look.text_size")
        assert slider.value() == range(80, 201, 10).index(120)
        await until(lambda: desk.window.header.height() > height)  # restyled in slices
        assert "Some words" in desk.transcript
    async with Desk() as desk:
        assert desk.theme.current.is_dark
        assert desk.theme.current.scale == 1.2
        desk.press(Qt.Key.Key_0, CONTROL)
        await desk.written()
        assert desk.theme.current.scale == 1.0
        for turned, scale in ((120, 1.1), (60, 1.1), (60, 1.2), (-240, 1.0)):
            turn_wheel(desk.window.transcript, turned)
            assert desk.theme.current.scale == scale


async def test_a_second_start_restores_the_minimized_window() -> None:
    async with Desk() as desk:
        desk.window.showMinimized()
        desk.session.serve(OpenRequest((), ""))
        assert not desk.window.isMinimized()


# ---------------------------------------------------------------- quick prompt


def quick_of(desk: Desk) -> QuickPrompt:
    """Return the quick prompt's window."""
    return desk.session.quick.window


def problem_of(desk: Desk) -> str:
    return find(quick_of(desk), QLabel, "problem").text()


def open_quick(desk: Desk, text: str = "") -> QPlainTextEdit:
    """Open the quick prompt, and return its text field."""
    desk.session.serve(QuickRequest(text))
    return find(quick_of(desk), QPlainTextEdit, "prompt")


async def ask_quick(desk: Desk, question: str, text: str = "") -> Any:
    """Ask in the quick prompt, and return the provider's turn."""
    before = len(desk.stage.turns)
    line = open_quick(desk, text)
    line.setPlainText(question)
    QTest.keyClick(line, Qt.Key.Key_Return)
    await until(lambda: len(desk.stage.turns) > before)
    return desk.stage.turns[-1]


def answer_of(desk: Desk) -> str:
    """Return the text of the quick prompt's answer."""
    quick_of(desk).transcript.stream.flush()
    return quick_of(desk).transcript.toPlainText()


@pytest.mark.parametrize("brought", ["The text that came along.", "word and " * 3_000])
async def test_an_unasked_question_moves_to_the_window(brought: str) -> None:
    async with Desk() as desk:
        here = await desk.ask_and_answer("Other", "Thing")
        line = open_quick(desk, brought)
        line.setPlainText("What is it?")
        await until(quick_of(desk).isActiveWindow)
        QTest.keyClick(quick_of(desk), Qt.Key.Key_O, CONTROL)
        await until(lambda: not quick_of(desk).isVisible())
        assert desk.open_id != here
        is_long = len(brought) > 1_000
        words = "What is it?" if is_long else f"What is it?\n\n{brought}"
        assert desk.text.toPlainText() == words
        await desk.written()
        assert bool(desk.chips) is is_long
        assert desk.setting("window.new_draft")["text"] == words
        assert len(desk.stage.turns) == 1


async def test_an_example_keeps_what_was_typed() -> None:
    async with Desk() as desk:
        desk.type("x = 1")
        desk.window.empty_state.example_chosen.emit("explain")
        desk.window.empty_state.example_chosen.emit("explain")
        words = f"{EXPLAIN}\n\nx = 1"
        assert desk.text.toPlainText() == words
        await desk.written()
        assert desk.setting("window.new_draft")["text"] == words


async def test_renaming_restores_the_focus() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        for width in (1200, 640):  # the list in the row, and as a drawer
            desk.window.resize(width, 600)
            desk.text.setFocus()
            desk.press(Qt.Key.Key_F2)
            editor = find(desk.window.conversations.view, QLineEdit, "rename")
            assert editor.hasFocus()
            QTest.keyClicks(editor, f"Title {width}")
            QTest.keyClick(editor, Qt.Key.Key_Return)
            await until(desk.text.hasFocus)
            assert desk.rows == [f"Title {width}"]
            assert desk.window.conversations.isVisible() is (width == 1200)
            await until(lambda: not desk.window.findChildren(QLineEdit, "rename"))


async def test_the_parser_is_loaded_before_the_first_answer() -> None:
    parser_module._parser.cache_clear()
    async with Desk() as desk:
        assert parser_module._parser.cache_info().currsize == 0
        desk.type("W")
        await desk.written()
        assert parser_module._parser.cache_info().currsize == 1


async def test_an_answer_of_the_quick_prompt_continues_in_the_window() -> None:
    async with Desk() as desk:
        desk.press(Qt.Key.Key_Space, CONTROL | SHIFT)
        assert quick_of(desk).isVisible()
        turn = await ask_quick(desk, "What is it?", "The text that came along.")
        assert turn.asked == "What is it?\n\nThe text that came along."
        turn.say("An answer")
        await until(lambda: "An answer" in answer_of(desk))
        assert desk.rows == ["What is it?"]
        assert desk.state.current.is_new
        QTest.keyClick(quick_of(desk), Qt.Key.Key_O, CONTROL)
        await until(lambda: not quick_of(desk).isVisible())
        assert desk.window.windowTitle().startswith("What is it?")
        await until(lambda: "An answer" in desk.transcript)
        turn.end(" on the spot")
        await desk.settled()
        assert "An answer on the spot" in desk.transcript
        assert desk.messages()[1] == ("assistant", "complete", "An answer on the spot")


async def test_text_typed_after_the_question_moves_to_the_window() -> None:
    async with Desk() as desk:
        open_quick(desk)
        line = find(quick_of(desk), QPlainTextEdit, "prompt")
        QTest.keyClicks(line, "What is it?")
        QTest.keyClick(line, Qt.Key.Key_Return)
        turn = await desk.turn(0)
        turn.end("It.")
        await desk.settled()
        QTest.keyClicks(line, "half typed")  # replaces the question, which is selected
        QTest.keyClick(quick_of(desk), Qt.Key.Key_O, CONTROL)
        await until(lambda: not quick_of(desk).isVisible())
        assert desk.window.prompt.text() == "half typed"
        desk.window.activateWindow()
        assert desk.window.focusWidget() is desk.text


async def test_every_opening_of_the_quick_prompt_begins_a_conversation() -> None:
    async with Desk(environment=KEYED) as desk:
        turn = await ask_quick(desk, "One")
        open_quick(desk)  # the answer under way stays
        turn.end("1")
        await desk.settled()
        assert "1" in answer_of(desk)
        assert find(quick_of(desk), QLabel, "status").text().startswith("$0.005 · ")
        open_quick(desk)
        assert answer_of(desk).strip() == ""
        turn = await ask_quick(desk, "Two")
        assert len(turn.request.messages) == 1
        turn.end("2")
        await desk.settled()
        line = find(quick_of(desk), QPlainTextEdit, "prompt")
        line.setPlainText("And then?")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: len(desk.stage.turns) == 3)
        assert len(desk.stage.turns[2].request.messages) == 3
        desk.stage.turns[2].end("3")
        await desk.settled()
        assert sorted(desk.rows) == ["One", "Two"]


async def test_keys_change_variant_and_effort() -> None:
    async with Desk(environment=KEYED) as desk:
        open_quick(desk)
        quick = quick_of(desk)
        await until(quick.isActiveWindow)
        for key, variant in (
            (Qt.Key.Key_1, Variant.INSTANT),
            (Qt.Key.Key_2, Variant.THINKING),
            (Qt.Key.Key_3, Variant.PRO),
        ):
            QTest.keyClick(quick, key, ALT)
            assert quick.choice.variant is variant
        for _ in range(3):
            QTest.keyClick(quick, Qt.Key.Key_Up, ALT)
        assert quick.choice.effort is Effort.XHIGH
        line = find(quick, QPlainTextEdit, "prompt")
        line.setPlainText("One")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: desk.stage.turns)
        request = desk.stage.turns[0].request
        assert (request.model, request.effort) == ("gpt-5.2-pro", Effort.XHIGH)
        desk.stage.turns[0].end("1")
        await desk.settled()


async def test_enter_twice_asks_once() -> None:
    async with Desk(disk=SlowStore) as desk:
        assert isinstance(desk.disk, SlowStore)
        slow = desk.disk
        line = open_quick(desk)
        line.setPlainText("One")
        QTest.keyClick(line, Qt.Key.Key_Return)
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: slow.waiting)
        slow.release.set()
        await until(lambda: desk.stage.turns)
        desk.stage.turns[0].end("1")
        await desk.settled()
        assert len(desk.messages()) == 2


async def test_errors_are_shown_in_the_quick_prompt() -> None:
    async with Desk() as desk:
        desk.disk.is_full = True
        line = open_quick(desk)
        line.setPlainText("One")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: problem_of(desk) == DISK_FULL)
        assert line.toPlainText() == "One"
        desk.disk.is_full = False
        turn = await ask_quick(desk, "One")
        turn.say("Half")
        turn.fail(StreamCutError("The connection broke."))
        await desk.settled()
        assert "The connection broke." in answer_of(desk)
        newest = "SELECT id FROM messages ORDER BY created_at DESC, rowid DESC LIMIT 1"
        quick_of(desk).transcript.action_requested.emit(desk.stored(newest)[0][0], "retry")
        await until(lambda: len(desk.stage.turns) == 2)
        assert not quick_of(desk).isVisible()
        desk.stage.turns[1].end("Whole")
        await desk.settled()
        assert "Whole" in desk.transcript
        assert "‹ 2/2 ›" in desk.transcript


async def test_without_a_window_the_program_ends_with_the_quick_prompt() -> None:
    async with Desk(request=QuickRequest("along")) as desk:
        assert not desk.window.isVisible()
        assert find(quick_of(desk), QLabel, "accompanying-text").text() == "Text: 1 word"
        turn = await ask_quick(desk, "One")
        quick_of(desk).hide()
        assert not desk.session.is_ending  # the answer is still on its way
        turn.end("1")
        await desk.session.closed()
    async with Desk(request=QuickRequest()) as desk:
        assert desk.messages()[1] == ("assistant", "complete", "1")
        turn = await ask_quick(desk, "Two")
        turn.end("2")
        await desk.settled()
        quick_of(desk).open_in_window_requested.emit()
        await until(lambda: not quick_of(desk).isVisible())
        assert not desk.session.is_ending
        assert desk.window.isVisible()
        assert "Two" in desk.transcript


async def test_ctrl_q_in_the_quick_prompt_ends_the_program() -> None:
    async with Desk() as desk:
        open_quick(desk)
        await until(quick_of(desk).isActiveWindow)
        QTest.keyClick(quick_of(desk), Qt.Key.Key_Q, CONTROL)
        await desk.session.closed()


# ---------------------------------------------------------------- later starts


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_a_later_start_attaches_its_files(data: Path, is_hidden: bool) -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("One", "1")
        if is_hidden:
            desk.window.hide()
        request = encode(OpenRequest((str(data / "notes.md"),)))
        await asyncio.to_thread(call, desk.backend.folders.socket, request)
        await until(lambda: desk.chips and "reading" not in desk.chips[0])
        assert desk.window.isVisible()
        assert desk.open_id != one
        await asyncio.to_thread(call, desk.backend.folders.socket, encode(OpenRequest()))
        await desk.written()


async def test_a_later_start_opens_the_quick_prompt_with_its_text() -> None:
    async with Desk() as desk:
        text = "Straße ✓ " * 20_000
        request = encode(QuickRequest(text))
        await asyncio.to_thread(call, desk.backend.folders.socket, request)
        await until(lambda: quick_of(desk).isVisible())
        assert (
            find(quick_of(desk), QLabel, "accompanying-text")
            .text()
            .startswith("Text: 40,000 words")
        )
        line = find(quick_of(desk), QPlainTextEdit, "prompt")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: desk.said or desk.stage.turns or problem_of(desk))
        assert "SmolLM2 135M accepts" in problem_of(desk)


@pytest.mark.attack("local-calls")
async def test_garbage_on_the_socket_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    garbage = (
        b"",
        b'{"command": "open", "files": [1]}\n',
        b'{"command": ' + b"[" * 100_000 + b"\n",
        encode(QuickRequest("half"))[:-2],
        os.urandom(100_000),
    )

    def throw(path: Path, data: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection, suppress(ConnectionError):
            connection.connect(str(path))
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(16)
        return b""

    async with Desk() as desk:
        path = desk.backend.folders.socket
        for data in garbage * 3:
            assert await asyncio.to_thread(throw, path, data) in (b"refused\n", b"")
        assert desk.said == ""
        assert not quick_of(desk).isVisible()
        request = encode(QuickRequest("came along"))
        assert await asyncio.to_thread(call, path, request) == b"ok"
        await until(lambda: quick_of(desk).isVisible())
    assert caplog.text == ""
