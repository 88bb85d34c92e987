"""Tool calls in the window: the question before a call, and the line in the transcript."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)

from desktop_app.app.navigator import Navigator
from desktop_app.domain.answering.stream_events import Completed, ToolCallDelta
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import Permission, ToolDefinition
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.calls.consent import ConsentQuestion, Decision, fingerprint
from desktop_app.tools.servers.remote_tool import remote_tools
from desktop_app.tools.servers.tool_server import server_of
from desktop_app.tools.services import server_store, tool_servers
from desktop_app.tools.ui import consent_card
from desktop_app.tools.ui.consent_card import ConsentCard
from desktop_app.tools.ui.tool_picker import ToolPicker
from desktop_app.tools.ui.tools_controller import ToolsController
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from tests.gui.app.scripted_providers import Turn

COMET = {"COMETAPI_KEY": "sk-comet"}


@pytest.fixture(autouse=True)
def no_time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a click allow a question as soon as it is shown."""
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 0)


def card(app: AppHarness) -> ConsentCard | None:
    found = app.window.findChild(ConsentCard)
    return found if found is not None and not found.isHidden() else None


def choose(app: AppHarness, *names: str) -> None:
    app.state.of(SettingsController).override(app.open_id, "answer.tools", "\n".join(names))


def call(turn: Turn, name: str, arguments: str) -> None:
    turn.give(ToolCallDelta(0, arguments, "c1", name))
    turn.give(Completed())


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
@pytest.mark.attack("tools")
async def test_calls_are_shown_asked_for_and_permitted() -> None:
    async with AppHarness(environment=COMET) as app:
        # A call is a line that expands.
        choose(app, "calculator")
        turn = await app.ask("What is 0.1 + 0.2?")
        call(turn, "calculator", json.dumps({"expression": "0.1 + 0.2"}))
        second = await app.turn(1)
        await until(lambda: "Calculated 0.1 + 0.2" in app.transcript)
        assert card(app) is None
        second.end("It is 0.3.")
        await app.settled()
        assert app.transcript.index("Calculated 0.1 + 0.2") < app.transcript.index("It is 0.3.")
        assert "\n0.3" not in app.transcript
        app.window.transcript.commands.run(app.state.current.path[-1].id, "tool-0")
        await until(lambda: "\n0.3" in app.transcript)

        # The question shows the arguments and takes a change.
        await app.start_over()
        task = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a\\u202eb"}'))
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        assert shown.words.startswith("Use “look” (path: a\\u202eb)? The result stays")
        assert shown.arguments.toPlainText() == '{\n  "path": "a\\u202eb"\n}'
        shown.arguments.setPlainText('{"path": ')
        app.click("consent-once")
        await until(lambda: "Not valid: The arguments are not valid JSON" in shown.words)
        assert not task.done()
        shown.arguments.setPlainText('{"path": "c"}')
        app.text.setFocus()
        await until(app.text.hasFocus)
        focused: QWidget = app.text
        for part in (
            shown.more_button,
            shown.deny_button,
            shown.once_button,
            shown.arguments,
            shown.details_button,
        ):
            QTest.keyClick(focused, Qt.Key.Key_Backtab)
            assert QApplication.focusWidget() is part
            focused = part
        app.click("consent-once")
        assert await task == Decision(True, Permission.ASK, '{"path": "c"}')
        await until(lambda: card(app) is None)
        await until(app.text.hasFocus)

        # A double click does not answer the next question.
        await app.start_over()
        first = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a"}'))
        await until(lambda: card(app))
        second = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "b"}'))
        shown = card(app)
        assert shown is not None
        button = find(shown, QPushButton, "consent-once")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert (await first).is_allowed
        await until(lambda: "b" in shown.arguments.toPlainText())
        for kind, held in (
            (QEvent.Type.MouseButtonDblClick, Qt.MouseButton.LeftButton),
            (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
        ):
            at = QPointF(button.rect().center())
            global_at, left = button.mapToGlobal(at), Qt.MouseButton.LeftButton
            event = QMouseEvent(kind, at, global_at, left, held, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(button, event)
        app.click("consent-deny")
        assert not (await second).is_allowed

        # Changed arguments are kept and a permission is for its conversation.
        await app.start_over()
        first = await app.ask_and_answer("One", "1")
        task = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a"}'))
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        shown.arguments.setPlainText('{"path": "b"}')
        app.controllers.of(Navigator).open_new()
        assert card(app) is None
        await app.open_conversation(first)
        assert shown.arguments.toPlainText() == '{"path": "b"}'
        app.click("consent-once")
        assert await task == Decision(True, Permission.ASK, '{"path": "b"}')
        task = asyncio.create_task(ask_for_consent(app, TOOL, "{}"))
        await until(lambda: card(app))
        menu = shown.more_button.menu()
        menu.aboutToShow.emit()
        menu.actions()[0].trigger()
        assert (await task).is_allowed
        assert (await ask_for_consent(app, TOOL, "{}")).is_allowed
        changed = ToolDefinition("look", "Looks at more.", {"type": "object"})
        task = asyncio.create_task(ask_for_consent(app, changed, "{}"))
        await until(lambda: card(app))
        app.click("consent-deny")
        assert not (await task).is_allowed

        # The list of tools chooses them and withdraws permissions.
        await app.start_over()
        store = app.backend.permissions
        await store.save("", "web_page", "of another definition", Permission.NEVER)
        await store.save("", "gone/tool", "x", Permission.ALWAYS)
        picker = await _picker(app)
        find(picker, QCheckBox, "tool-calculator").click()
        assert app.state.setup.ask_settings.parameters.tools == ("calculator",)
        permission = find(picker, QComboBox, "permission-web_page")
        assert permission.currentData() == Permission.NEVER
        permission.setCurrentIndex(permission.findData(Permission.ASK))
        permission.activated.emit(permission.currentIndex())
        gone = find(picker, QCheckBox, "tool-gone/tool")
        assert not gone.isEnabled()
        await app.written()
        assert await store.for_all_conversations() == {"gone/tool": Permission.ALWAYS}
        picker.close()
        turn = await app.ask("What is 1 + 1?")
        assert [tool.name for tool in turn.request.tools] == ["calculator"]
        turn.end("2")
        await app.settled()
        box = find(await _picker(app), QCheckBox, "tool-calculator")
        assert box.isChecked()

        # A permission is for the tool that the list shows.
        await app.start_over()

        def row(description: str) -> dict[str, object]:
            hints = {"fault": "", "reads_only": None, "reaches_out": None}
            return {"name": "look", "description": description, "parameters": {}, **hints}

        await app.backend.of(tool_servers).add(*server_of("demo", command=("server",)))
        await app.backend.of(server_store).save_listed_tools("demo", [row("Looks.")])
        picker = await _picker(app)
        await app.backend.of(server_store).save_listed_tools("demo", [row("Deletes.")])
        permission = find(picker, QComboBox, "permission-demo/look")
        permission.setCurrentIndex(permission.findData(Permission.ALWAYS))
        permission.activated.emit(permission.currentIndex())
        await app.written()
        for description, expected in (("Looks.", Permission.ALWAYS), ("Deletes.", Permission.ASK)):
            (listed,) = remote_tools("demo", [row(description)], has_address=False)
            name, mark = listed.definition.full_name, fingerprint(listed.definition)
            assert await app.backend.permissions.permission("", name, mark) is expected
        picker.close()


async def ask_for_consent(app: AppHarness, tool: ToolDefinition, arguments: str) -> Decision:
    question = ConsentQuestion(app.open_id, tool, ToolCallPart("c1", tool.name, arguments))
    return await app.backend.consent.decide(question)


TOOL = ToolDefinition("look", "Looks.", {"type": "object"})


async def test_a_question_is_answered_by_the_keys_that_are_shown() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Which is it?")
        task = asyncio.create_task(ask_for_consent(app, TOOL, "{}"))
        await until(lambda: card(app))
        assert app.window.prompt.hint.text() == "Shift+F6 to answer the question · Esc to stop"
        app.text.setFocus()
        app.press(Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
        shown = card(app)
        assert shown is not None
        assert QApplication.focusWidget() is shown.once_button
        QTest.keyClick(shown.once_button, Qt.Key.Key_Return)
        assert (await task).is_allowed
        await until(lambda: "question" not in app.window.prompt.hint.text())
        turn.end("This one.")
        await app.settled()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_tools_are_grouped_and_those_of_the_provider_priced() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        # The tools are grouped by where they run and all in sight.
        app.window.resize(1280, 800)
        picker = await _picker(app)
        labels = [label.text() for label in picker.findChildren(QLabel) if label.isVisible()]
        assert labels.index("On this computer") < labels.index("At the provider")
        assert not [text for text in labels if text.startswith("It ")]
        tools = find(picker, QScrollArea, "tool-list")
        await until(lambda: tools.verticalScrollBar().maximum() == 0)
        picker.close()

        # Tools of the provider are priced or disabled with the reason.
        await app.start_over()
        picker = await _picker(app)
        assert " $0.01 per use" in _words(picker)
        assert "At most $0.03 per use" in _words(picker)
        assert find(picker, QCheckBox, "tool-web_search").isEnabled()
        assert not find(picker, QCheckBox, "tool-file_search").isEnabled()
        assert "Enter the ID of a vector store" in _words(picker)
        picker.close()
    async with AppHarness() as app:  # the local model answers
        picker = await _picker(app)
        assert not find(picker, QCheckBox, "tool-web_search").isEnabled()
        assert "Local models don’t run tools" in _words(picker)
        picker.close()


async def _picker(app: AppHarness) -> ToolPicker:
    picker = app.controllers.of(ToolsController).choose()
    await until(lambda: picker.findChildren(QCheckBox))
    return picker


def _words(picker: ToolPicker) -> str:
    return "\n".join(label.text() for label in picker.findChildren(QLabel))
