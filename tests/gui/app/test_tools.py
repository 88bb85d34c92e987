"""Tool calls in the window: the question before a call, and the line in the transcript."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QBuffer, QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QWidget,
)

from desktop_app.domain.answering.stream_events import (
    Completed,
    HostedCall,
    RefusalDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.remote_tool import remote_tools
from desktop_app.domain.tools.tool import Permission, ToolDefinition
from desktop_app.domain.tools.tool_server import server_of
from desktop_app.services.tools.consent import ConsentQuestion, Decision, fingerprint
from desktop_app.ui.tools import consent_card
from desktop_app.ui.tools.consent_card import ConsentCard
from desktop_app.ui.tools.tool_picker import ToolChoice, ToolPicker
from tests.gui.app.app_harness import AppHarness, rows_created, until
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from desktop_app.ui.window.cards.card_area import CardArea
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
    app.window.settings.pages.responses.page.override_changed.emit(
        app.open_id, "answer.tools", "\n".join(names)
    )


def call(turn: Turn, name: str, arguments: str) -> None:
    turn.give(ToolCallDelta(0, arguments, "c1", name))
    turn.give(Completed())


async def test_a_call_is_a_line_that_expands() -> None:
    async with AppHarness(environment=COMET) as app:
        choose(app, "calculator")
        turn = await app.ask("What is 0.1 + 0.2?")
        call(turn, "calculator", json.dumps({"expression": "0.1 + 0.2"}))
        second = await app.turn(1)
        await until(lambda: "calculator(expression: 0.1 + 0.2) · Done" in app.transcript)
        assert card(app) is None
        second.end("It is 0.3.")
        await app.settled()
        assert "It is 0.3." in app.transcript
        assert "\n0.3" not in app.transcript
        app.window.transcript.commands.run(app.state.current.path[-1].id, "tool-0")
        await until(lambda: "\n0.3" in app.transcript)


async def ask_for_consent(app: AppHarness, tool: ToolDefinition, arguments: str) -> Decision:
    question = ConsentQuestion(app.open_id, tool, ToolCallPart("c1", tool.name, arguments))
    return await app.backend.consent.decide(question)


TOOL = ToolDefinition("look", "Looks.", {"type": "object"})


async def test_the_question_shows_the_arguments_and_takes_a_change() -> None:
    async with AppHarness(environment=COMET) as app:
        task = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a\\u202eb"}'))
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        assert shown.words.startswith("Run the tool “look”? The provider gets the result.")
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
            shown.always_button,
            shown.conversation_button,
            shown.deny_button,
            shown.once_button,
            shown.arguments,
        ):
            QTest.keyClick(focused, Qt.Key.Key_Backtab)
            assert QApplication.focusWidget() is part
            focused = part
        app.click("consent-once")
        assert await task == Decision(True, Permission.ASK, '{"path": "c"}')
        await until(lambda: card(app) is None)
        await until(app.text.hasFocus)


async def test_the_plain_answers_are_on_screen_in_a_small_window_with_large_text() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.ask_and_answer("One", "1")
        app.theme.set_look(app.theme.look._replace(text_size=160))
        app.window.resize(640, 480)
        await until(app.window.updatesEnabled)
        tool = replace(TOOL, touches="It searches all conversations in the library.")
        arguments = json.dumps({"words": "upload retry with backoff " * 9})
        task = asyncio.create_task(ask_for_consent(app, tool, arguments))
        await until(lambda: card(app))
        shown, area = card(app), app.window.pane.cards
        assert shown is not None
        await until(lambda: is_whole(area, shown.deny_button))
        assert is_whole(area, shown.once_button)
        assert shown.arguments.height() > shown.arguments.fontMetrics().lineSpacing()
        assert not is_whole(area, shown.always_button)
        app.window.resize(640, 680)
        await until(lambda: is_whole(area, shown.always_button))
        app.window.resize(1280, 1000)
        lines = 6 * shown.arguments.fontMetrics().lineSpacing()
        await until(lambda: shown.arguments.height() > lines)
        app.click("consent-deny")
        await task


def is_whole(area: CardArea, part: QWidget) -> bool:
    """Return True if no pixel of a part of a card has to be scrolled to."""
    corner = part.mapTo(area.viewport(), QPoint(0, 0))
    return area.viewport().rect().contains(QRect(corner, part.size()))


async def test_changed_arguments_are_kept_while_another_conversation_is_open() -> None:
    async with AppHarness(environment=COMET) as app:
        first = await app.ask_and_answer("One", "1")
        task = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a"}'))
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        shown.arguments.setPlainText('{"path": "b"}')
        app.controllers.sidebar.navigator.open_new()
        assert card(app) is None
        await app.open_conversation(first)
        assert shown.arguments.toPlainText() == '{"path": "b"}'
        app.click("consent-once")
        assert await task == Decision(True, Permission.ASK, '{"path": "b"}')


async def test_erased_arguments_are_sent_as_empty() -> None:
    async with AppHarness(environment=COMET) as app:
        task = asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a"}'))
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        shown.arguments.setPlainText(" ")
        app.click("consent-once")
        assert await task == Decision(True, Permission.ASK, "{}")


async def test_a_permission_for_the_conversation_prevents_further_questions() -> None:
    async with AppHarness(environment=COMET) as app:
        await app.ask_and_answer("Hello?", "Yes.")
        task = asyncio.create_task(ask_for_consent(app, TOOL, "{}"))
        await until(lambda: card(app))
        app.click("consent-conversation")
        assert (await task).is_allowed
        assert (await ask_for_consent(app, TOOL, "{}")).is_allowed
        changed = ToolDefinition("look", "Looks at more.", {"type": "object"})
        task = asyncio.create_task(ask_for_consent(app, changed, "{}"))
        await until(lambda: card(app))
        app.click("consent-deny")
        assert not (await task).is_allowed


async def test_a_double_click_does_not_answer_the_next_question() -> None:
    async with AppHarness(environment=COMET) as app:
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


async def test_a_shown_question_counts_the_questions_behind_it() -> None:
    async with AppHarness(environment=COMET) as app:
        tasks = [asyncio.create_task(ask_for_consent(app, TOOL, '{"path": "a"}'))]
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        shown.arguments.setPlainText("{}")
        for words in ("1 more to decide", "2 more to decide"):
            tasks.append(asyncio.create_task(ask_for_consent(app, TOOL, "{}")))
            await until(partial(lambda wanted: wanted in shown.words, words))
            assert words in shown.accessibleName()
        tasks.pop().cancel()
        await until(lambda: "1 more to decide" in shown.words)
        tasks.pop().cancel()
        await until(lambda: "more to decide" not in shown.words)
        assert shown.changed_arguments == "{}"
        app.click("consent-once")
        assert (await tasks[0]).arguments == "{}"


async def test_stopping_withdraws_the_question() -> None:
    async with AppHarness(environment=COMET) as app:
        task = asyncio.create_task(ask_for_consent(app, TOOL, "{}"))
        await until(lambda: card(app))
        task.cancel()
        await until(lambda: card(app) is None)


async def test_a_refused_answer_is_not_complete() -> None:
    async with AppHarness(environment=COMET) as app:
        turn = await app.ask("Do harm.")
        turn.give(RefusalDelta("I can’t help with that."))
        turn.give(Completed())
        await app.settled()
        assert "Declined by the model" in app.transcript
        assert app.stored("SELECT status FROM messages WHERE role = 'assistant'") == [("refused",)]


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_the_list_of_tools_chooses_them_and_withdraws_permissions() -> None:
    async with AppHarness(environment=COMET) as app:
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


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_the_estimate_includes_the_chosen_tools() -> None:
    async with AppHarness(environment=COMET) as app:
        app.type("What is 1 + 1?")
        await until(lambda: "tokens" in app.estimate)
        alone = app.estimate
        picker = await _picker(app)
        find(picker, QCheckBox, "tool-calculator").click()
        await until(lambda: app.estimate.startswith("≈"))
        counts = [int(text.strip("≈ ").partition(" ")[0]) for text in (alone, app.estimate)]
        assert counts[1] > counts[0] + 20
        find(picker, QCheckBox, "tool-calculator").click()
        await until(lambda: app.estimate == alone)
        await app.settled()


async def _picker(app: AppHarness) -> ToolPicker:
    tools = app.controllers.composer.tools
    find(app.window, QToolButton, "tools").click()
    await until(lambda: tools.picker is not None and bool(tools.picker.findChildren(QCheckBox)))
    assert tools.picker is not None
    await rows_created(tools.picker)
    return tools.picker


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_a_list_of_tools_opened_again_at_once_is_filled() -> None:
    async with AppHarness() as app:
        tools = app.controllers.composer.tools
        tools.choose()
        assert tools.picker is not None
        tools.picker.close()
        tools.choose()
        second = tools.picker
        await until(lambda: bool(second.findChildren(QCheckBox)))
        second.close()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_enter_chooses_in_the_list_of_tools() -> None:
    async with AppHarness(environment=COMET) as app:
        picker = await _picker(app)
        asked: list[bool] = []
        picker.form_requested.connect(lambda: asked.append(True))
        box = find(picker, QCheckBox, "tool-calculator")
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Return)
        assert box.isChecked()
        picker.form_button.setFocus()
        QTest.keyClick(picker.form_button, Qt.Key.Key_Return)
        assert asked == [True]


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_the_loaded_list_of_tools_adjoins_its_button() -> None:
    async with AppHarness(environment=COMET) as app:
        anchor = find(app.window, QToolButton, "tools")
        picker = ToolPicker(app.theme.current, app.window)
        picker.show_at(anchor)
        picker.set_tools([ToolChoice("calculator", "Adds.")], is_for_conversation=True)
        gap = anchor.mapToGlobal(QPoint(0, 0)).y() - picker.geometry().bottom()
        assert 0 < gap < 10
        picker.close()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_rows_of_many_tools_are_created_as_the_list_is_scrolled() -> None:
    async with AppHarness(environment=COMET) as app:
        picker = ToolPicker(app.theme.current, app.window)
        tools = [ToolChoice(f"t{number}", "Adds.", is_chosen=number > 298) for number in range(300)]
        picker.set_tools(tools, is_for_conversation=True)
        picker.show_at(find(app.window, QToolButton, "tools"))
        await rows_created(picker)
        created = len(picker.findChildren(QCheckBox))
        assert 10 < created < 200
        box = find(picker, QCheckBox, "tool-t0")
        assert box.hasFocus()
        chosen: list[tuple[str, ...]] = []
        picker.chosen.connect(chosen.append)
        box.click()
        assert chosen == [("t0", "t299")]
        (area,) = picker.findChildren(QScrollArea)
        bar = area.verticalScrollBar()

        def has_more_rows() -> bool:
            bar.setValue(bar.maximum())
            return len(picker.findChildren(QCheckBox)) > created

        await until(has_more_rows)
        picker.close()


@pytest.mark.attack("tools")
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_a_permission_is_for_the_tool_that_the_list_shows() -> None:
    def row(description: str) -> dict[str, object]:
        hints = {"fault": "", "reads_only": None, "reaches_out": None}
        return {"name": "look", "description": description, "parameters": {}, **hints}

    async with AppHarness(environment=COMET) as app:
        await app.backend.tool_servers.add(*server_of("demo", command=("server",)))
        await app.backend.server_store.save_listed_tools("demo", [row("Looks.")])
        picker = await _picker(app)
        await app.backend.server_store.save_listed_tools("demo", [row("Deletes.")])
        permission = find(picker, QComboBox, "permission-demo/look")
        permission.setCurrentIndex(permission.findData(Permission.ALWAYS))
        permission.activated.emit(permission.currentIndex())
        await app.written()
        for description, expected in (("Looks.", Permission.ALWAYS), ("Deletes.", Permission.ASK)):
            (listed,) = remote_tools("demo", [row(description)], has_address=False)
            name, mark = listed.definition.full_name, fingerprint(listed.definition)
            assert await app.backend.permissions.permission("", name, mark) is expected
        picker.close()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_a_long_name_leaves_room_for_the_permission() -> None:
    async with AppHarness(environment=COMET) as app:
        picker = ToolPicker(app.theme.current, app.window)
        name = "everything/trigger-long-running-operation-and-wait"
        picker.set_tools(
            [ToolChoice(name, "Waits.", permission=Permission.ASK)], is_for_conversation=True
        )
        picker.show_at(app.window)
        (area,) = picker.findChildren(QScrollArea)
        rows = area.widget()
        assert rows is not None
        assert rows.minimumSizeHint().width() <= area.viewport().width()
        assert find(picker, QCheckBox, f"tool-{name}").accessibleName() == name
        picker.close()


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
async def test_tools_of_the_provider_are_priced_or_disabled_with_the_reason() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
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


async def test_an_image_that_the_provider_makes_is_shown_and_kept() -> None:
    pixels = QImage(8, 8, QImage.Format.Format_RGB32)
    pixels.fill(0xFF0000)
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    pixels.save(data, "PNG")  # type: ignore[call-overload]  # its stub wants bytes
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        choose(app, "image_generation", "web_search")
        turn = await app.ask("Draw a cat.")
        assert [tool.hosted["type"] for tool in turn.request.tools if tool.hosted] == [
            "image_generation",
            "web_search",
        ]
        made = ToolCallPart(
            "ig", "image_generation", "{}", state=ToolCallState.DONE, is_hosted=True
        )
        turn.give(HostedCall(made, bytes(data.data().data())))
        await until(lambda: "image_generation() · Done" in app.transcript)
        turn.end("Here it is.")
        await app.settled()
        (picture,) = app.state.current.path[-1].attachments
        assert await app.backend.attachments.bytes(picture.sha256) == bytes(data.data().data())
        assert len(app.providers.turns) == 1
        again = await app.ask("And now?")
        sent = [type(part).__name__ for m in again.request.messages for part in m.parts]
        assert sent == ["TextPart", "TextPart", "TextPart"]
        again.end("No.")
        await app.settled()


def _words(picker: ToolPicker) -> str:
    return "\n".join(label.text() for label in picker.findChildren(QLabel))
