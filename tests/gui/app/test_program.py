"""The program around the conversation: keys, look, the quick prompt, and later starts."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSlider,
)

from desktop_app.app.features import ACTIONS, COMMANDS, FEATURES
from desktop_app.app.window.command_palette import CommandPalette
from desktop_app.app.window_request import OpenRequest, QuickRequest, encode
from desktop_app.domain.errors import StreamCutError
from desktop_app.features import imported
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from desktop_app.quick_call import call
from desktop_app.shortcuts.command import CommandScope
from desktop_app.widgets.forms.contents_dialog import ContentsDialog
from tests.gui.app.app_harness import DISK_FULL, AppHarness, until
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.transcript_views import shown_text
from tests.helpers.widgets import find

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KEYED = {"COMETAPI_KEY": "not-a-key"}


# ---------------------------------------------------------------- commands and keys


async def test_shortcuts_run_their_commands_and_change_at_once() -> None:
    async with AppHarness() as app:
        # Shortcuts run their commands.
        one = await app.ask_and_answer("One", "1")
        app.press(Qt.Key.Key_N, CONTROL)
        assert app.open_id != one
        app.press(Qt.Key.Key_Comma, CONTROL)
        assert app.window.settings.isVisible()
        app.press(Qt.Key.Key_L, CONTROL)
        assert QApplication.focusWidget() is app.text
        app.press(Qt.Key.Key_PageDown, CONTROL)
        await until(lambda: app.open_id == one)
        app.press(Qt.Key.Key_Delete, CONTROL | SHIFT)
        assert app.rows == []
        app.press(Qt.Key.Key_F, CONTROL | SHIFT)
        assert (
            QApplication.focusWidget() is find(app.window, CommandPalette, "command-palette").field
        )

        # Escape closes the open part.
        await app.start_over()
        app.window.resize(640, 480)
        app.window.outer_panes.show_settings(True)
        app.press(Qt.Key.Key_Escape)
        assert not app.window.settings.isVisible()
        app.window.outer_panes.toggle_list()
        app.press(Qt.Key.Key_Escape)
        assert not app.window.conversations.isVisible()
        turn = await app.ask("One")
        turn.say("Some")
        await until(lambda: "Some" in app.transcript)
        app.window.outer_panes.show_settings(True)
        app.press(Qt.Key.Key_Escape)
        assert not app.window.settings.isVisible()
        assert app.controllers.running.conversations
        app.window.transcript.setFocus()
        app.press(Qt.Key.Key_Escape)
        await app.settled()
        assert app.messages()[1][1] == "cancelled"

        # Keys of two commands run neither until one has others.
        await app.start_over()
        actions = app.session.actions
        app.window.settings.pages.change("keys.spending.show", "Ctrl+B")
        await until(lambda: actions["spending.show"].shortcut().isEmpty())
        was_shown = app.window.conversations.isVisible()
        app.press(Qt.Key.Key_B, CONTROL)
        assert app.window.conversations.isVisible() is was_shown
        assert app.window.pane.page is None
        app.window.settings.pages.change("keys.spending.show", "Ctrl+U")
        await until(lambda: not actions["list.toggle"].shortcut().isEmpty())
        app.press(Qt.Key.Key_B, CONTROL)
        assert app.window.conversations.isVisible() is not was_shown
        app.press(Qt.Key.Key_U, CONTROL)
        await until(lambda: app.window.pane.page is not None)

        # A changed shortcut applies at once.
        await app.start_over()
        one = await app.ask_and_answer("One", "1")
        app.window.settings.pages.change_shortcut("conversation.new", "Ctrl+J")
        await app.written()
        app.press(Qt.Key.Key_N, CONTROL)
        assert app.open_id == one
        app.press(Qt.Key.Key_J, CONTROL)
        assert app.open_id != one
        assert app.window.conversations.new_button.hint.text() == "Ctrl+J"
        app.window.settings.pages.change_shortcut("prompt.stop", "Ctrl+.")
        app.window.settings.pages.change_shortcut("prompt.send", "Ctrl+Return")
        await app.written()
        app.type("Two")
        app.enter()
        assert app.text.toPlainText() == "Two\n"
        app.press(Qt.Key.Key_Return, CONTROL)
        await until(lambda: len(app.providers.turns) == 2)
        app.press(Qt.Key.Key_Escape)
        assert app.controllers.running.conversations
        app.press(Qt.Key.Key_Period, CONTROL)
        await app.settled()
        assert app.messages()[-1][1] == "cancelled"
    async with AppHarness() as app:
        app.press(Qt.Key.Key_J, CONTROL)
        assert app.state.current.is_new


def test_what_literals_name_by_its_place_exists() -> None:
    calls = [action.run.args for action in ACTIONS if isinstance(action.run, partial)]
    assert len(calls) > 50
    for place, arguments in calls:
        controller, _, method = place.rpartition(".")
        inspect.signature(getattr(imported(controller), method)).bind(None, *arguments)
    for feature in FEATURES:
        assert all(map(imported, feature.pages.values()))


@pytest.mark.slow
async def test_shortcuts_are_exported_and_imported(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    async with AppHarness() as app:
        one = await app.ask_and_answer("One", "1")
        panel = app.window.settings
        panel.pages.change_shortcut("conversation.new", "Ctrl+J")
        await app.written()
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
        await until(lambda: "3 shortcuts were imported." in app.said)
        assert "can’t be used: future.fly: Ctrl+1 and app.quit: Q" in app.said
        app.press_action("Undo")
        await until(lambda: app.setting("keys.conversation.new") == "Ctrl+J")
        find(panel, QPushButton, "import-shortcuts").click()
        choose_paths(path)
        await until(lambda: app.setting("keys.list.toggle") == "Ctrl+U")
        # Offscreen, no window is active after a dialog has closed.
        app.window.activateWindow()
        await until(app.window.isActiveWindow)
        was_shown = app.window.conversations.isVisible()
        app.press(Qt.Key.Key_U, CONTROL)
        assert app.window.conversations.isVisible() is not was_shown
        assert app.open_id == one
        path.write_text('{"shortcuts": {}}', "utf-8")
        find(panel, QPushButton, "import-shortcuts").click()
        choose_paths(path)
        await until(lambda: "isn’t a file of shortcuts" in app.said)

        # A defect offers a report, which is shown before it is written.
        asyncio.get_running_loop().call_exception_handler({"message": "a defect"})
        app.press_action("Save a report…")
        await until(lambda: bool(app.window.findChildren(ContentsDialog)))
        (dialog,) = app.window.findChildren(ContentsDialog)
        shown = find(dialog, QPlainTextEdit, "report-contents").toPlainText()
        assert "keys.conversation.new = Ctrl+" in shown
        find(dialog, QPushButton, "report-save").click()
        choose_paths(tmp_path / "report.txt")
        await until(lambda: app.said == "The report is in report.txt.")
    assert (tmp_path / "report.txt").read_text("utf-8").strip() == shown.strip()


# ---------------------------------------------------------------- look


async def test_theme_and_text_size_change_at_once() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "Some **words**")
        app.window.settings.pages.change("look.theme", "dark")
        await app.written()
        assert app.theme.current.is_dark
        await until(lambda: app.window.transcript.theme.is_dark)
        height = app.window.header.height()
        app.press(Qt.Key.Key_Plus, CONTROL)
        app.press(Qt.Key.Key_Equal, CONTROL)  # + without Shift
        await app.written()
        assert app.setting("look.text_size") == 120
        app.window.settings.show_page("look")
        slider = find(app.window.settings, QSlider, "look.text_size")
        assert slider.value() == range(80, 201, 10).index(120)
        await until(lambda: app.window.header.height() > height)  # restyled in slices
        assert "Some words" in app.transcript
    async with AppHarness() as app:
        assert app.theme.current.is_dark
        assert app.theme.current.scale == 1.2
        app.press(Qt.Key.Key_0, CONTROL)
        await app.written()
        assert app.theme.current.scale == 1.0


# ---------------------------------------------------------------- quick prompt


def quick_of(app: AppHarness) -> QuickPrompt:
    """Return the quick prompt's window."""
    return app.session.of(QuickPromptController).window


def problem_of(app: AppHarness) -> str:
    return quick_of(app).notifications.status.text()


def open_quick(app: AppHarness, text: str = "") -> QPlainTextEdit:
    """Open the quick prompt, and return its text field."""
    app.session.serve(QuickRequest(text))
    return find(quick_of(app), QPlainTextEdit, "prompt")


async def ask_quick(app: AppHarness, question: str, text: str = "") -> Any:
    """Ask in the quick prompt, and return the provider's turn."""
    before = len(app.providers.turns)
    line = open_quick(app, text)
    line.setPlainText(question)
    QTest.keyClick(line, Qt.Key.Key_Return)
    await until(lambda: len(app.providers.turns) > before)
    return app.providers.turns[-1]


def answer_of(app: AppHarness) -> str:
    """Return the text of the quick prompt's answer."""
    quick_of(app).transcript.stream.flush()
    return shown_text(quick_of(app).transcript)


async def test_the_quick_prompt_answers_and_moves_to_the_window() -> None:
    async with AppHarness() as app:
        # An unasked question moves to the window with a long text as its file.
        here = await app.ask_and_answer("Other", "Thing")
        for brought in ("The text that came along.", "word and " * 3_000):
            line = open_quick(app, brought)
            line.setPlainText("What is it?")
            await until(quick_of(app).isActiveWindow)
            QTest.keyClick(quick_of(app), Qt.Key.Key_O, CONTROL)
            await until(lambda: not quick_of(app).isVisible())
            assert app.open_id != here
            is_long = len(brought) > 1_000
            words = "What is it?" if is_long else f"What is it?\n\n{brought}"
            assert app.text.toPlainText() == words
            await app.written()
            assert bool(app.chips) is is_long
            assert app.setting("window.new_draft")["text"] == words
            app.text.clear()
        assert len(app.providers.turns) == 1

        # An answer of the quick prompt continues in the window.
        await app.start_over()
        app.press(Qt.Key.Key_Space, CONTROL | SHIFT)
        assert quick_of(app).isVisible()
        turn = await ask_quick(app, "What is it?", "The text that came along.")
        assert turn.asked == "What is it?\n\nThe text that came along."
        turn.say("An answer")
        await until(lambda: "An answer" in answer_of(app))
        assert app.rows == ["What is it?"]
        assert app.state.current.is_new
        QTest.keyClick(quick_of(app), Qt.Key.Key_O, CONTROL)
        await until(lambda: not quick_of(app).isVisible())
        assert app.window.windowTitle().startswith("What is it?")
        await until(lambda: "An answer" in app.transcript)
        turn.end(" on the spot")
        await app.settled()
        assert "An answer on the spot" in app.transcript
        assert app.messages()[1] == ("assistant", "complete", "An answer on the spot")

        # Errors are shown in the quick prompt.
        await app.start_over()
        app.disk.is_full = True
        line = open_quick(app)
        line.setPlainText("One")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: problem_of(app) == DISK_FULL)
        assert line.toPlainText() == "One"
        app.disk.is_full = False
        turn = await ask_quick(app, "One")
        turn.say("Half")
        turn.fail(StreamCutError("The connection broke."))
        await app.settled()
        assert "The connection broke." in answer_of(app)
        newest = "SELECT id FROM messages ORDER BY created_at DESC, rowid DESC LIMIT 1"
        quick_of(app).transcript.action_requested.emit(app.stored(newest)[0][0], "retry")
        await until(lambda: len(app.providers.turns) == 2)
        assert not quick_of(app).isVisible()
        app.providers.turns[1].end("Whole")
        await app.settled()
        assert "Whole" in app.transcript
        assert app.version == "2/2"

        # Every command has an action.
        await app.start_over()
        bound = set(app.session.actions)
        assert {action.id for feature in FEATURES for action in feature.actions} == bound
        everywhere = {
            c.id for c in COMMANDS if c.scope in (CommandScope.QUICK, CommandScope.EVERYWHERE)
        }
        open_quick(app)
        quick = quick_of(app)
        assert everywhere <= {*quick.commands, "app.quit", "help.open", "menu.open"}

        # Ctrl+Q ends the program.
        await until(quick.isActiveWindow)
        QTest.keyClick(quick, Qt.Key.Key_Q, CONTROL)
        await app.session.shutdown.wait()


async def test_the_quick_prompt_opens_with_a_new_conversation_unless_an_answer_runs() -> None:
    async with AppHarness(environment=KEYED) as app:
        turn = await ask_quick(app, "One")
        line = open_quick(app)  # the answer under way stays
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert find(quick_of(app), QLabel, "figures").text() == "Still responding…"
        await app.written()
        assert len(app.providers.turns) == 1
        turn.end("1")
        await app.settled()
        assert "1" in answer_of(app)
        assert find(quick_of(app), QLabel, "figures").text().startswith("$0.005 · ")
        open_quick(app)
        assert answer_of(app).strip() == ""
        turn = await ask_quick(app, "Two")
        assert len(turn.request.messages) == 1
        turn.end("2")
        await app.settled()
        line = find(quick_of(app), QPlainTextEdit, "prompt")
        line.setPlainText("And then?")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: len(app.providers.turns) == 3)
        assert len(app.providers.turns[2].request.messages) == 3
        app.providers.turns[2].end("3")
        await app.settled()
        assert sorted(app.rows) == ["One", "Two"]


async def test_without_a_window_the_program_ends_with_the_quick_prompt() -> None:
    async with AppHarness(request=QuickRequest("along")) as app:
        assert not app.window.isVisible()
        assert find(quick_of(app), QLabel, "accompanying-text").text() == "Text: 1 word"
        turn = await ask_quick(app, "One")
        quick_of(app).hide()
        assert not app.session.shutdown.has_begun  # the answer is still on its way
        turn.end("1")
        await app.session.shutdown.wait()
    async with AppHarness(request=QuickRequest()) as app:
        assert app.messages()[1] == ("assistant", "complete", "1")
        turn = await ask_quick(app, "Two")
        turn.end("2")
        await app.settled()
        quick_of(app).run("quick.go-on")
        await until(lambda: not quick_of(app).isVisible())
        assert not app.session.shutdown.has_begun
        assert app.window.isVisible()
        assert "Two" in app.transcript


# ---------------------------------------------------------------- later starts


@pytest.mark.attack("local-calls")
async def test_later_starts_are_served_and_garbage_is_ignored(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with AppHarness() as app:
        # A later start attaches its files and shows the window.
        one = await app.ask_and_answer("One", "1")
        app.window.hide()
        path = app.backend.folders.socket
        request = encode(OpenRequest((str(data / "notes.md"),)))
        assert await asyncio.to_thread(call, path, request) == b"ok"
        await until(lambda: app.chips and "reading" not in app.chips[0])
        assert app.window.isVisible()
        assert app.open_id != one
        app.window.showMinimized()
        assert await asyncio.to_thread(call, path, encode(OpenRequest())) == b"ok"
        await until(lambda: not app.window.isMinimized())
        await app.written()
        assert app.chips[0].startswith("notes.md")

        # Garbage on the socket is ignored.
        await app.start_over()
        garbage = (
            b"",
            b'{"command": "open", "files": [1]}\n',
            b'{"command": ' + b"[" * 100_000 + b"\n",
            encode(QuickRequest("half"))[:-2],
            os.urandom(100_000),
        )

        def send(path: Path, data: bytes) -> bytes:
            with socket.socket(socket.AF_UNIX) as connection, suppress(ConnectionError):
                connection.connect(str(path))
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                return connection.recv(16)
            return b""

        path = app.backend.folders.socket
        for data in garbage * 3:
            assert await asyncio.to_thread(send, path, data) in (b"refused\n", b"")
        assert app.said == ""
        assert not quick_of(app).isVisible()
        request = encode(QuickRequest("came along"))
        assert await asyncio.to_thread(call, path, request) == b"ok"
        await until(lambda: quick_of(app).isVisible())
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_new_conversation_has_few_controls() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.window.resize(1280, 800)
        await until(lambda: app.window.empty_state.cards[0].isVisible())
        controls = [
            button
            for button in app.window.findChildren(QAbstractButton)
            if button.isVisible() and not button.visibleRegion().isEmpty()
        ]
        assert len(controls) + 1 <= 13, [button.objectName() for button in controls]  # the prompt
    rows = [row for row in ACTIONS if row.is_in_palette]
    assert len(rows) <= 100
