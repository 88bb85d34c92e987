"""From the question to the answer: the display, and the data on disk at each step."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QMenu, QPushButton, QToolButton

from desktop_app.app.navigator import Navigator
from desktop_app.chat.prompt_assembly import CONTINUE
from desktop_app.chat.ui import shown_answers
from desktop_app.chat.ui.chat_controller import QueuedBubble
from desktop_app.domain import errors, hints
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.stream_events import Incomplete, TextDelta, TextWasReasoning
from desktop_app.domain.conversations.conversation import Draft, Message
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.transcript.segment import Place
from desktop_app.widgets.cards import notifications
from tests.gui.app.app_harness import DISK_FULL, AppHarness, FillableStore, SlowStore, until
from tests.gui.app.scripted_providers import Turn
from tests.helpers.menus import entry_text
from tests.helpers.opened_urls import opened_urls
from tests.helpers.widgets import find

WAITS = "Queued · Esc to cancel"
CUT = errors.StreamCutError(
    "The connection broke in the middle of the answer.",
    remedy="Select Continue to resume.",
    details="read error",
)


async def test_the_prompt_is_cleared_only_once_the_question_is_stored() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow = app.disk
        operation = QTextCursor.MoveOperation
        for place, rest in ((operation.End, " and more"), (operation.Start, "Before: ")):
            slow.release.clear()
            slow.waiting = 0
            app.type("First words")
            app.enter()
            await until(lambda: slow.waiting)
            assert app.text.toPlainText() == "First words"
            app.text.moveCursor(place)
            app.type(rest)
            app.enter()
            slow.release.set()
            turn = await app.turn(0)
            await until(lambda rest=rest: app.text.toPlainText() == rest)
            await app.written()
            questions = [text for role, _, text in app.messages() if role == "user"]
            assert questions == ["First words"]
            assert app.draft_of(app.open_id) == rest
            turn.end("Yes.")
            await app.settled()
            assert app.text.toPlainText() == rest
            await app.start_over()


async def wait_behind_an_answer(app: AppHarness, first: str, second: str) -> Turn:
    """Ask, and press Enter on a second question while the answer streams."""
    turn = await app.ask(first)
    await until(lambda: app.is_shown("stop"))
    app.type(second)
    app.enter()
    await until(lambda: app.hint == WAITS)
    assert app.text.toPlainText() == ""
    assert bubble_of(app) == second
    return turn


def bubble_of(app: AppHarness) -> str:
    """Return the text of the bubble with the queued question, "" if it is hidden."""
    bubble = app.window.findChild(QueuedBubble)
    assert bubble is not None
    return find(bubble, QLabel, "queued-words").text() if bubble.isVisible() else ""


async def test_a_queued_question_is_asked_or_dequeued() -> None:
    async with AppHarness() as app:
        # A queued question is asked after the answer.
        # A question waits until the answer has ended.
        turn = await wait_behind_an_answer(app, "One", "Two")
        turn.end("1")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].asked == "Two"
        assert [m.parts[0].text for m in app.providers.turns[1].request.messages[:2]] == [  # type: ignore[union-attr]
            "One",
            "1",
        ]
        await until(lambda: bubble_of(app) == "")
        assert app.text.toPlainText() == ""
        app.providers.turns[1].end("2")
        await app.settled()

        # What is typed while a question waits stays in the prompt.
        await app.start_over()
        turn = await wait_behind_an_answer(app, "One", "Two")
        app.type("Two and")
        app.enter()
        assert bubble_of(app).endswith("Two and")
        app.type("Half a thought")
        await app.written()
        assert app.draft_of(app.open_id) == "Two\n\nTwo and\n\nHalf a thought"
        turn.end("1")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].asked == "Two\n\nTwo and"
        await until(lambda: bubble_of(app) == "")
        assert app.text.toPlainText() == "Half a thought"
        app.providers.turns[1].end("2")
        await app.settled()
        assert app.draft_of(app.open_id) == "Half a thought"

        # A queued question is asked in a conversation that was left.
        await app.start_over()
        turn = await wait_behind_an_answer(app, "One", "Two")
        one = app.open_id
        app.new_conversation()
        assert bubble_of(app) == ""
        await app.open_conversation(one)
        assert bubble_of(app) == "Two"
        app.new_conversation()
        turn.end("1")
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[1].end("2")
        await app.settled()
        assert app.draft_of(one) == ""
        assert [text for *_, text in app.messages()] == ["One", "1", "Two", "2"]

        # A queued question is dequeued by esc button failure and the end.
        await app.start_over()
        for way in ("esc", "button", "failure"):
            turn = await wait_behind_an_answer(app, "One", "Two")
            if way == "esc":
                app.press(Qt.Key.Key_Escape)
                assert app.hint == "Enter to queue · Esc to stop"
                assert app.controllers.running.conversations
                app.press(Qt.Key.Key_Escape)
            elif way == "button":
                app.click("unqueue")
                assert app.hint == "Enter to queue · Esc to stop"
                turn.end("1")
            else:
                turn.fail(CUT)
            await app.settled()
            assert app.is_shown("send")
            assert app.hint.startswith("Enter to send ·")
            assert app.text.toPlainText() == "Two"
            assert app.draft_of(app.open_id) == "Two"
            assert bubble_of(app) == ""
            assert len(app.providers.turns) == 1
            await app.start_over()
        await wait_behind_an_answer(app, "One", "Two")
    assert len(app.providers.turns) == 1
    async with AppHarness() as app:
        assert app.text.toPlainText() == "Two"
        assert not app.providers.turns


class UnreadableStore(FillableStore):
    is_unreadable = False

    async def path(self, conversation_id: str) -> list[Message]:
        if self.is_unreadable:
            raise errors.StorageError("The disk failed.")
        return await super().path(conversation_id)


async def test_a_queued_question_returns_to_the_prompt_if_the_disk_fails() -> None:
    async with AppHarness(disk=UnreadableStore) as app:
        assert isinstance(app.disk, UnreadableStore)
        turn = await wait_behind_an_answer(app, "One", "Two")
        app.disk.is_unreadable = True
        turn.end("1")
        await until(lambda: app.text.toPlainText() == "Two")
        assert bubble_of(app) == ""
        app.disk.is_unreadable = False


# ---------------------------------------------------------------- errors


async def test_an_answer_that_failed_is_continued_or_asked_again() -> None:
    async with AppHarness() as app:
        # Continue extends the answer and keeps the prompt.
        turn = await app.ask("Count")
        turn.say("One")
        turn.fail(CUT)
        await app.settled()
        app.type("Half a thought")
        app.act("continue")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].asked == CONTINUE
        app.providers.turns[1].give(Incomplete("max_output_tokens"))
        await app.settled()
        assert app.text.toPlainText() == "Half a thought"
        assert app.draft_of(app.open_id) == "Half a thought"
        assert "reached its maximum length" in app.transcript

        # A wrong key offers the key field.
        await app.start_over()
        turn = await app.ask("Hello")
        turn.fail(errors.AuthenticationError("The key was not accepted.", status=401))
        await app.settled()
        assert "Change key" in app.transcript
        app.act("add-key")
        assert app.window.settings.isVisible()
        assert find(app.window.settings, QComboBox, "provider").currentData() == "openai"

        # An error that names another provider offers one.
        await app.start_over()
        turn = await app.ask("Hello")
        turn.fail(errors.QuotaExhaustedError("No credit.", hints.ADD_CREDIT, host="api.openai.com"))
        await app.settled()
        assert "Billing page" in app.transcript
        with opened_urls("https") as urls:
            app.act("add-credit")
        assert [url.host() for url in urls] == ["platform.openai.com"]
        assert "Choose another model" in app.transcript
        app.act("retry-with")
        menu = QApplication.activePopupWidget()
        assert menu is not None
        assert menu.objectName() == "retry-with"
        menu.close()

        # Retry of a broken answer makes a version.
        await app.start_over()
        turn = await app.ask("Count")
        turn.say("One, two")
        turn.fail(CUT)
        await app.settled()
        assert "One, two" in app.transcript
        assert "The connection broke in the middle of the answer." in app.transcript
        assert app.messages()[1] == ("assistant", "failed", "One, two")
        app.window.transcript.commands.run(app.state.current.path[-1].id, "details")
        assert "read error" in app.transcript
        app.act("retry")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].asked == "Count"
        app.providers.turns[1].end("One, two, three")
        await app.settled()
        assert app.version == "2/2"
        assert "broke" not in app.transcript
        app.session.actions["answer.continue"].trigger()
        assert app.said == "There is no incomplete response to continue."
        app.session.actions["answer.older-version"].trigger()
        await until(lambda: app.version == "1/2")
        assert "broke" in app.transcript
        await app.written()
    async with AppHarness() as app:
        assert app.version == "1/2"
        app.act("newer-version")
        await until(lambda: "One, two, three" in app.transcript)


async def test_a_full_disk_loses_nothing() -> None:
    async with AppHarness() as app:
        # A full disk keeps the text in the prompt.
        app.disk.is_full = True
        app.type("Not lost")
        app.enter()
        await until(lambda: DISK_FULL in app.said)
        assert app.text.toPlainText() == "Not lost"
        assert app.rows == []
        assert app.providers.turns == []
        app.disk.is_full = False
        app.enter()
        await until(lambda: app.providers.turns)
        app.providers.turns[0].end("Indeed.")
        await app.settled()
        assert app.said == ""
        assert len(app.messages()) == 2

        # A disk that fills while an answer streams loses nothing.
        await app.start_over()
        other = await app.ask_and_answer("Other", "Thing")
        app.new_conversation()
        turn = await app.ask("Tell me")
        here = app.open_id
        app.disk.is_full = True
        turn.say("All of")
        await until(lambda: DISK_FULL in app.said)
        turn.say(" it")
        await until(lambda: "All of it" in app.transcript)
        app.window.notifications.dismiss()
        app.click("stop")
        await until(lambda: not app.controllers.running.conversations)
        await app.open_conversation(other)
        await app.open_conversation(here)
        assert "All of it" in app.transcript
        assert "Stopped" in app.transcript
        app.disk.is_full = False
        await app.written()
        assert app.messages()[-1] == ("assistant", "cancelled", "All of it")
        outcomes = [outcome for (outcome,) in app.stored("SELECT outcome FROM ledger")]
        assert outcomes[-2:] == ["complete", "cancelled"]

        # A draft that could not be stored is stored at the end.
        await app.start_over()
        conversation_id = await app.ask_and_answer("One", "1")
        app.disk.is_full = True
        app.type("mine")
        await until(lambda: DISK_FULL in app.said)
        app.disk.is_full = False
    async with AppHarness() as app:
        await app.controllers.of(Navigator).open(conversation_id)
        assert app.text.toPlainText() == "mine"


# ---------------------------------------------------------------- edits and versions


async def test_answers_are_shown_stored_stopped_and_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AppHarness() as app:
        # Questions are edited and answers have versions.
        # An edited question is a version of the old one.
        await app.ask_and_answer("Capital of France?", "Paris")
        await app.ask_and_answer("And its river?", "Seine")
        app.type("half a thought")
        app.act("edit", 0)
        assert app.text.toPlainText() == "Capital of France?"
        assert app.hint.startswith("Editing · The original message is kept")
        app.text.selectAll()
        turn = await app.ask("Capital of Spain?")
        assert len(turn.request.messages) == 1
        turn.end("Madrid")
        await app.settled()
        assert app.text.toPlainText() == "half a thought"
        assert "Paris" not in app.transcript
        assert "Madrid" in app.transcript
        assert app.version == "2/2"
        assert len(app.rows) == 1
        app.act("older-version", 0)
        await until(lambda: "Seine" in app.transcript)
        assert "Madrid" not in app.transcript
        assert app.text.toPlainText() == "half a thought"
        assert len(app.messages()) == 6

        # Esc discards an edit.
        await app.start_over()
        await app.ask_and_answer("One", "1")
        app.type("mine")
        app.act("edit", 0)
        assert app.hint == "Editing · The original message is kept · Esc to cancel"
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == "mine"
        assert not app.hint.startswith("Editing")

        # The prompt stands at the edited question, as high as it needs; what was typed comes back.
        await app.start_over()
        await app.ask_and_answer("One", "1 " * 400)
        await app.ask_and_answer("Two", "2 " * 400)
        pane, view = app.window.pane, app.window.transcript
        foot = app.window.prompt.mapTo(app.window, QPoint()).y()
        app.act("edit", 2)
        editor = pane.inline
        assert editor is not None
        assert editor.message_id == app.state.current.path[2].id
        assert app.text.hasFocus()

        def edges() -> tuple[int, int]:
            """Return the y coordinates where the prompt ends and the answer begins."""
            answer = view.rect_of(Place(app.state.current.path[3].id, 0))
            assert answer is not None
            top = view.viewport().mapTo(app.window, answer.topLeft().toPoint()).y()
            cancel = find(editor, QPushButton, "edit-cancel")
            return cancel.mapTo(app.window, cancel.rect().bottomLeft()).y(), top

        assert app.window.prompt.mapTo(app.window, QPoint()).y() < foot
        await until(lambda: edges()[0] < edges()[1])
        app.text.insertPlainText("\nmore" * 5)
        await until(lambda: edges()[0] < edges()[1])
        view.verticalScrollBar().setValue(0)
        assert app.text.hasFocus()
        QTest.keyClicks(app.text, "!")
        assert edges()[0] > 0  # typing brings it back on screen
        typed = app.text.toPlainText()
        find(editor, QPushButton, "edit-cancel").click()
        assert editor.message_id == ""
        assert app.text.hasFocus()
        await until(lambda: app.window.prompt.mapTo(app.window, QPoint()).y() == foot)
        app.act("edit", 2)
        assert app.text.toPlainText() == typed
        app.press(Qt.Key.Key_Escape)
        await app.written()
        (left,) = app.setting("window.left_edits").values()
        assert left["text"] == typed

        # The draft from before an edit is stored.
        for typed, kept in [("", "mine"), (" again", "mine\n\nOne again")]:
            await app.start_over()
            await app.ask_and_answer("One", "1")
            app.window.prompt.set_text("mine", "explain")
            app.act("edit", 0)
            app.text.moveCursor(QTextCursor.MoveOperation.End)
            QTest.keyClicks(app.text, typed)
            await app.written()
            conversation = await app.disk.get(app.open_id)
            assert conversation is not None
            assert conversation.draft == Draft(kept, template_id="explain")

        # The focus stays on the arrows between versions.
        await app.start_over()
        await app.ask_and_answer("One", "1")
        app.act("retry")
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[1].end("Uno")
        await app.settled()
        row = app.window.transcript.action_row
        row.focus_button("message-older-version")
        for wanted, focused in (("1/2", "newer"), ("2/2", "older")):
            button = QApplication.focusWidget()
            assert isinstance(button, QToolButton)
            button.click()
            await until(lambda: app.version == wanted)  # noqa: B023
            assert row.focused_name == f"message-{focused}-version"

        # Keys regenerate the answer as another version and copy it.
        await app.start_over()
        await app.ask_and_answer("One", "1")
        app.press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[1].end("One more")
        await app.settled()
        assert app.version == "2/2"
        app.press(
            Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        assert QApplication.clipboard().text() == "One more"

        # A question stays on screen while its answer grows.
        await app.start_over()
        view = app.window.transcript
        lines = "\n\n".join(f"Line {number}" for number in range(200))
        for command in ("", "answer.retry", "question.edit"):
            await app.start_over()
            turn = await app.ask("Why?")
            if command:
                turn.end(lines)
                await app.settled()
                view.scroll_to_end()
                app.session.actions[command].trigger()
                if command == "question.edit":
                    app.type(" Say it again.")
                    app.enter()
                await until(lambda: len(app.providers.turns) == 2)
                turn = app.providers.turns[-1]
            turn.say(lines.replace("Line", "Row"))
            await until(lambda: "Row 199" in app.transcript)
            await until(lambda: view.verticalScrollBar().maximum() > view.viewport().height())
            question = app.state.current.path[0]
            assert 0 <= view.item_rect(question.id, -1).top() < view.viewport().height() / 2
            view.latest_button.click()  # goes to the end all the same
            await until(lambda: view.is_at_end)
            turn.end()
            await app.settled()

        # An answer is shown stored and stopped.
        await app.start_over()
        # The first question titles the window and the row.
        assert app.window.empty_state.isVisible()
        assert app.rows == []
        turn = await app.ask("Why is the sky blue?")
        await until(lambda: app.text.toPlainText() == "")
        assert app.rows == ["Why is the sky blue?"]
        assert app.window.windowTitle().startswith("Why is the sky blue?")
        assert not app.window.empty_state.isVisible()
        assert app.is_marked_as_streaming(app.open_id)
        assert app.is_shown("stop")
        await until(lambda: "Waiting for SmolLM2 135M." in app.transcript)
        await until(lambda: not app.session.running._motion.isActive())
        assert app.messages() == [
            ("user", "complete", "Why is the sky blue?"),
            ("assistant", "streaming", ""),
        ]
        turn.say("Because of **Rayleigh** ")
        await until(lambda: "Rayleigh" in app.transcript)
        await until(lambda: "Waiting" not in app.transcript)
        turn.end("scattering.")
        await app.settled()
        assert "Because of Rayleigh scattering." in app.transcript
        assert app.is_shown("send")
        assert not app.is_marked_as_streaming(app.open_id)
        whole = ("assistant", "complete", "Because of **Rayleigh** scattering.")
        assert app.messages()[1] == whole
        assert app.window.notifications.status.text() == "Response complete."

        # Text that turns out to be reasoning is shown as reasoning.
        await app.start_over()
        turn = await app.ask("Why?")
        turn.give(TextDelta("Weighing it.\n"))
        await until(lambda: "Weighing it." in app.transcript)
        turn.give(TextWasReasoning(), TextDelta("Forty-"))
        await until(lambda: "Forty-" in app.transcript)
        turn.end("two.")
        await app.settled()
        assert app.messages()[1] == ("assistant", "complete", "Forty-two.")
        assert "Forty-two." in app.transcript
        assert "Weighing it." not in app.transcript.splitlines()

        # Stop keeps the text that arrived.
        await app.start_over()
        turn = await app.ask("Tell me a story")
        turn.say("Once upon a time")
        await until(lambda: "Once upon" in app.transcript)
        app.click("stop")
        await app.settled()
        assert turn.closed
        assert app.messages()[1] == ("assistant", "cancelled", "Once upon a time")
        assert "Stopped" in app.transcript
        assert app.is_shown("send")
        turn = await app.ask("Another")
        app.press(Qt.Key.Key_Escape)
        await app.settled()
        assert app.messages()[3] == ("assistant", "cancelled", "")

        # The line moves while a model on this computer is loaded.
        await app.start_over()
        loaded = asyncio.Event()
        provider = app.backend.gateway.provider

        async def load(profile: ProviderProfile) -> ProviderClient:
            await loaded.wait()
            return await provider(profile)

        monkeypatch.setattr(app.backend.gateway, "provider", load)
        app.type("Why?")
        app.enter()
        for dots in ("Loading SmolLM2 135M..", "Loading SmolLM2 135M..."):
            await until(lambda dots=dots: dots in app.transcript)
        loaded.set()
        await until(lambda: "Waiting for SmolLM2 135M." in app.transcript)
        turn = await app.turn(0)
        await until(lambda: not app.session.running._motion.isActive())
        turn.end("Because.")
        await app.settled()


@pytest.mark.qt_log_ignore("support grabbing the keyboard", extend=True)
async def test_a_retry_with_another_model_keeps_the_conversations_choice() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        app.session.run("answer.compare")
        assert app.said  # there is no question yet
        for label in ["GPT-5.2 Pro", "High"]:
            await app.start_over()
            turn = await app.ask("One")
            app.session.run("answer.compare")
            assert QApplication.activePopupWidget() is None  # not while the answer streams
            turn.end("1")
            await app.settled()
            before = app.state.current.conversation.choice
            button = app.window.findChild(QToolButton, "message-retry-with")
            assert button is not None
            app.session.run("answer.compare")
            menu = QApplication.activePopupWidget()
            assert menu is not None
            assert menu.objectName() == "retry-with"
            corner = button.mapToGlobal(button.rect().bottomLeft())
            assert menu.geometry().adjusted(-2, -2, 2, 2).contains(corner)
            menus = (menu, *menu.findChildren(QMenu))  # many models are in a menu of their provider
            actions = [action for each in menus for action in each.actions()]
            next(a for a in actions if entry_text(a).split(" · ")[0] == label).trigger()
            menu.close()
            await until(lambda: len(app.providers.turns) == 2)
            request = app.providers.turns[1].request
            wanted = ("gpt-5.2-pro", "medium") if "Pro" in label else ("gpt-5.2", "high")
            assert (request.model, request.effort) == wanted
            app.providers.turns[1].end("I")
            await app.settled()
            assert app.state.current.conversation.choice == before
            assert app.version == "2/2"
            stored = await app.backend.conversations.get(app.open_id)
            assert stored is not None
            assert stored.choice == before


async def test_who_hears_the_window_is_told_that_a_model_thinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(notifications, "announce", lambda _widget, words: said.append(words))
    monkeypatch.setattr(shown_answers, "FIRST_MS", 0)
    monkeypatch.setattr(shown_answers, "NEXT_MS", 0)
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        await until(lambda: said.count("Thinking") > 1)  # again and again, not only once
        turn.say("Because. ")
        await until(lambda: "Because" in app.transcript)
        said.clear()
        turn.end("It is so.")
        await app.settled()
        assert "Thinking" not in said

        # Not in another conversation.
        await app.ask("Why?")
        app.new_conversation()
        said.clear()
        await app.written()
        assert "Thinking" not in said
