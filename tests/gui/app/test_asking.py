"""From the question to the answer: the display, and the data on disk at each step."""

from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QMenu, QToolButton

from desktop_app.app.state.conversation.answer_setup import AnswerSetup
from desktop_app.domain.answering.stream_events import (
    Incomplete,
    ReasoningDelta,
    ReasoningItem,
    StatusChanged,
)
from desktop_app.domain.conversations.conversation import Conversation, Draft
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import AuthenticationError, StoreFullError, StreamCutError
from desktop_app.services.chat.prompt_assembly import CONTINUE
from tests.gui.app.app_harness import DISK_FULL, AppHarness, PausableStore, SlowStore, until
from tests.gui.app.scripted_providers import Turn
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

WAITS = "Queued · Esc to cancel"
CUT = StreamCutError(
    "The connection broke in the middle of the answer.",
    remedy="Select Continue to resume.",
    details="read error",
)


async def test_the_first_question_titles_the_window_and_the_row() -> None:
    async with AppHarness() as app:
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


@pytest.mark.parametrize(
    ("place", "rest"),
    [
        (QTextCursor.MoveOperation.End, " and more"),
        (QTextCursor.MoveOperation.Start, "Before: "),
        (QTextCursor.MoveOperation.WordLeft, "other "),
    ],
)
async def test_the_prompt_is_cleared_only_once_the_question_is_stored(
    place: QTextCursor.MoveOperation, rest: str
) -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow = app.disk
        app.type("First words")
        app.enter()
        await until(lambda: slow.waiting)
        assert app.text.toPlainText() == "First words"
        app.text.moveCursor(place)
        app.type(rest)
        app.enter()
        app.disk.release.set()
        await until(lambda: app.providers.turns)
        await until(lambda: app.text.toPlainText() == rest)
        await app.written()
        questions = [text for role, _, text in app.messages() if role == "user"]
        assert questions == ["First words"]
        assert app.draft_of(app.open_id) == rest
        app.providers.turns[0].end("Yes.")
        await app.settled()
        assert app.text.toPlainText() == rest


async def test_a_question_is_asked_once_if_the_conversation_is_left_while_it_is_stored() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow = app.disk
        slow.release.set()
        other = await app.ask_and_answer("Other", "Thing")
        slow.release.clear()
        app.window.conversations.new_requested.emit()
        app.type("On its way")
        app.enter()
        await until(lambda: slow.waiting == 2)
        begun = app.open_id
        await app.open_conversation(other)
        slow.release.set()
        turn = await app.turn(1)
        assert turn.asked == "On its way"
        turn.end("Here.")
        await app.settled()
        assert app.text.toPlainText() == ""
        await app.open_conversation(begun)
        assert app.text.toPlainText() == ""
        texts = [text for _, _, text in app.messages()]
        assert texts == ["Other", "Thing", "On its way", "Here."]
        app.window.conversations.new_requested.emit()
        assert app.text.toPlainText() == ""
        assert app.setting("window.new_draft") is None


async def test_a_conversation_deleted_while_its_question_is_stored_stays_deleted() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow = app.disk
        slow.release.set()
        await app.ask_and_answer("Why?", "Because.")
        slow.release.clear()
        app.type("More")
        app.enter()
        await until(lambda: slow.waiting == 2)
        app.controllers.sidebar.trash.delete_chosen()
        slow.release.set()
        await until(lambda: app.messages()[-1] == ("assistant", "cancelled", ""))
        await app.settled()
        assert app.rows == []
        app.controllers.sidebar.trash.restore(
            [conversation.id for conversation in await app.backend.conversations.list_trashed(2)]
        )
        assert app.rows == ["Why?"]


async def test_a_new_conversation_is_opened_while_the_question_of_a_new_one_is_stored() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        slow = app.disk
        app.type("On its way")
        app.enter()
        await until(lambda: slow.waiting)
        asked = app.open_id
        app.window.conversations.new_requested.emit()
        app.text.moveCursor(QTextCursor.MoveOperation.End)
        app.type("Next")
        slow.release.set()
        turn = await app.turn(0)
        assert turn.asked == "On its way"
        assert app.open_id != asked
        assert app.text.toPlainText() == "Next"
        assert app.is_marked_as_streaming(asked)
        turn.end("Here.")
        await app.settled()
        assert app.setting("window.new_draft")["text"] == "Next"
        assert app.draft_of(asked) == ""
        await app.open_conversation(asked)
        assert app.text.toPlainText() == ""
        assert "Here." in app.transcript


async def test_stop_keeps_the_text_that_arrived() -> None:
    async with AppHarness() as app:
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


async def test_a_second_stop_does_not_interrupt_the_storing() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        turn = await app.ask("Tell me a story")
        turn.say("Once upon a time")
        await until(lambda: "Once upon" in app.transcript)
        app.disk.is_paused = True
        app.click("stop")
        await app.disk.waiting.wait()
        app.controllers.conversation.chat.stop()
        app.type("x")
        app.press(Qt.Key.Key_Escape)
        await app.written()
        assert app.controllers.running.conversations
        app.disk.release.set()
        await app.settled()
        assert app.messages()[1] == ("assistant", "cancelled", "Once upon a time")


async def test_an_answer_stopped_at_once_is_stored_as_canceled() -> None:
    async with AppHarness() as app:
        app.controllers.running.started.connect(
            lambda _id: app.controllers.conversation.chat.stop()
        )
        app.type("Never mind")
        app.enter()
        await until(lambda: len(app.messages()) == 2)
        await app.settled()
        assert app.messages()[1] == ("assistant", "cancelled", "")
        assert app.is_shown("send")


async def wait_behind_an_answer(app: AppHarness, first: str, second: str) -> Turn:
    """Ask, and press Enter on a second question while the answer streams."""
    turn = await app.ask(first)
    await until(lambda: app.is_shown("stop"))
    app.type(second)
    app.enter()
    await until(lambda: app.hint == WAITS)
    assert app.text.toPlainText() == second
    return turn


async def test_a_question_waits_until_the_answer_has_ended() -> None:
    async with AppHarness() as app:
        turn = await wait_behind_an_answer(app, "One", "Two")
        turn.end("1")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].asked == "Two"
        assert [m.parts[0].text for m in app.providers.turns[1].request.messages[:2]] == [  # type: ignore[union-attr]
            "One",
            "1",
        ]
        await until(lambda: app.text.toPlainText() == "")
        app.providers.turns[1].end("2")
        await app.settled()


@pytest.mark.parametrize("way", ["esc", "typing", "failure", "end of the program"])
async def test_a_queued_question_is_dequeued_by_esc_typing_failure_and_the_end(way: str) -> None:
    async with AppHarness() as app:
        turn = await wait_behind_an_answer(app, "One", "Two")
        if way == "esc":
            app.press(Qt.Key.Key_Escape)
            assert app.hint == "Enter to queue · Esc to stop"
            assert app.controllers.running.conversations
            app.press(Qt.Key.Key_Escape)
        elif way == "typing":
            app.type("!")
            assert app.hint == "Enter to queue · Esc to stop"
            turn.end("1")
        elif way == "failure":
            turn.fail(CUT)
        else:
            await app.close()
        await until(lambda: not app.controllers.running.conversations)
        if way != "end of the program":
            await app.written()
            assert app.is_shown("send")
            assert app.hint.startswith("Enter to send ·")
        assert app.text.toPlainText().startswith("Two")
    assert len(app.providers.turns) == 1


async def test_a_queued_question_is_asked_in_its_own_conversation() -> None:
    async with AppHarness() as app:
        turn = await wait_behind_an_answer(app, "One", "Two")
        here = app.open_id
        app.window.conversations.new_requested.emit()
        app.type("Something else")
        assert app.hint != WAITS
        elsewhere = app.open_id
        turn.end("1")
        await until(lambda: len(app.providers.turns) == 2)
        assert app.providers.turns[1].request.cache_key == here
        assert app.providers.turns[1].asked == "Two"
        assert (app.open_id, app.text.toPlainText()) == (elsewhere, "Something else")
        app.providers.turns[1].end("2")
        await app.settled()
        await app.open_conversation(here)
        assert app.text.toPlainText() == ""
        assert [text for _, _, text in app.messages()] == ["One", "1", "Two", "2"]


async def test_a_queued_question_in_a_deleted_conversation_is_not_asked() -> None:
    async with AppHarness() as app:
        await wait_behind_an_answer(app, "One", "Two")
        app.controllers.sidebar.trash.delete_chosen()
        await app.settled()
        assert len(app.providers.turns) == 1


async def test_reasoning_keeps_its_paragraphs() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Think")
        arrived: list[str] = []
        app.controllers.running.reasoning_arrived.connect(lambda _c, _m, text: arrived.append(text))
        turn.give(StatusChanged(3, ErrorNote("The provider is busy.")))
        await until(lambda: "The provider is busy. Trying again in 3 s." in app.transcript)
        turn.give(ReasoningDelta("**First**", 0))
        await until(lambda: "Thinking: First" in app.transcript)
        assert "The provider is busy." not in app.transcript
        turn.give(ReasoningDelta("**Second**", 1))
        await until(lambda: "Second" in "".join(arrived))
        turn.give(ReasoningItem("r1"), ReasoningDelta("**Third**", 0))
        await until(lambda: "Third" in "".join(arrived))
        assert "".join(arrived) == "**First**\n\n**Second**\n\n**Third**"
        turn.end("Done.")
        await app.settled()


# ---------------------------------------------------------------- errors


async def test_retry_of_a_broken_answer_makes_a_version() -> None:
    async with AppHarness() as app:
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
        assert "‹ 2/2 ›" in app.transcript
        assert "broke" not in app.transcript
        app.session.actions["answer.continue"]()
        assert app.said == "There is no incomplete response to continue."
        app.session.actions["answer.older-version"]()
        await until(lambda: "‹ 1/2 ›" in app.transcript)
        assert "broke" in app.transcript
        await app.written()
    async with AppHarness() as app:
        assert "‹ 1/2 ›" in app.transcript
        app.act("newer-version")
        await until(lambda: "One, two, three" in app.transcript)


async def test_continue_extends_the_answer_and_keeps_the_prompt() -> None:
    async with AppHarness() as app:
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


async def test_an_earlier_answer_is_continued_in_its_place() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Count")
        turn.say("One")
        turn.fail(CUT)
        await app.settled()
        await app.ask_and_answer("Something else", "Of course.")
        app.act("continue", 1)
        await until(lambda: len(app.providers.turns) == 3)
        sent = [m.parts[0].text for m in app.providers.turns[2].request.messages]  # type: ignore[union-attr]
        assert sent == ["Count", "One", CONTINUE]
        app.providers.turns[2].end("two")
        await app.settled()
        assert "Of course." not in app.transcript
        assert len(app.messages()) == 6


async def test_a_wrong_key_offers_the_key_field() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Hello")
        turn.fail(AuthenticationError("The key was not accepted.", status=401))
        await app.settled()
        assert "Change key" in app.transcript
        app.act("add-key")
        assert app.window.settings.isVisible()
        assert find(app.window.settings, QComboBox, "provider").currentData() == "openai"


async def test_a_full_disk_keeps_the_text_in_the_prompt() -> None:
    async with AppHarness() as app:
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


async def test_a_store_that_fails_before_the_model_is_known_keeps_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_setup: AnswerSetup, _conversation: Conversation) -> None:
        raise StoreFullError(DISK_FULL)

    async with AppHarness() as app:
        with monkeypatch.context() as full:
            full.setattr(AnswerSetup, "known_choice", fail)
            app.type("Not lost")
            app.enter()
            await until(lambda: DISK_FULL in app.said)
        assert app.text.toPlainText() == "Not lost"
        app.enter()
        await until(lambda: app.providers.turns)


async def test_a_draft_and_its_question_report_a_full_disk_once() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.disk.is_full = True
        app.type("Two")
        await until(lambda: DISK_FULL in app.said)
        refused = app.disk.refused
        app.enter()
        await until(lambda: app.disk.refused > refused)
        await until(lambda: not app.controllers.conversation.turns.is_beginning(app.open_id))
        assert DISK_FULL in app.said
        app.window.notifications.dismiss()
        assert app.said == ""
        app.disk.is_full = False


async def test_a_disk_that_fills_while_an_answer_streams_loses_nothing() -> None:
    async with AppHarness() as app:
        other = await app.ask_and_answer("Other", "Thing")
        app.window.conversations.new_requested.emit()
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
        assert app.stored("SELECT outcome FROM ledger") == [("complete",), ("cancelled",)]


async def test_a_full_disk_is_reported_once() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Tell me")
        said: list[object] = []
        app.controllers.running.store_error_changed.connect(lambda _id, error: said.append(error))
        app.disk.is_full = True
        turn.say("All of ")
        await until(lambda: said)
        turn.end("it")
        await until(lambda: app.disk.refused >= 2)
        assert len(said) == 1
        assert DISK_FULL in app.said
        app.disk.is_full = False
        await app.settled()
        assert said[1:] == [None]
        assert app.said == ""
        assert app.messages()[1] == ("assistant", "complete", "All of it")


# ---------------------------------------------------------------- edits and versions


async def test_an_edited_question_is_a_version_of_the_old_one() -> None:
    async with AppHarness() as app:
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
        assert "‹ 2/2 ›" in app.transcript
        assert len(app.rows) == 1
        app.act("older-version", 0)
        await until(lambda: "Seine" in app.transcript)
        assert "Madrid" not in app.transcript
        assert app.text.toPlainText() == "half a thought"
        assert len(app.messages()) == 6


async def test_the_arrows_between_versions_stay_in_place_above_much_text() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One?", "first\n\n" * 90)
        app.act("edit", 0)
        app.text.selectAll()
        await app.ask_and_answer("Another?", "second\n\n" * 70)
        view = app.window.transcript
        view.navigator.scroll_to_top()
        for action, words in (("older-version", "first"), ("newer-version", "second")):
            foot = view.navigator.actions_line_y(app.state.current.path[0].id)
            assert foot is not None
            app.act(action, 0)
            await until(partial(_has_foot_at, app, words, foot))
            assert not view.navigator.is_at_end


async def test_the_version_commands_act_on_the_focused_message() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One?", "First")
        await _regenerate(app, "Second")
        await app.ask_and_answer("Two?", "Third")
        await _regenerate(app, "Fourth")
        act, view = app.session.actions, app.window.transcript
        view.reading.read_at(app.state.current.path[1].id, -1)
        act["answer.older-version"]()
        await until(lambda: "First" in app.transcript)
        await until(lambda: _focused(app) == app.state.current.path[1].id)
        act["answer.newer-version"]()
        await until(lambda: "Second" in app.transcript and "Fourth" in app.transcript)
        question = app.state.current.path[0].id
        view.reading.read_at(question, -1)
        assert view.focus_navigator.focus_next(forward=True)  # a button of the question
        assert _focused(app) == question
        act["answer.older-version"]()
        await until(lambda: "First" in app.transcript)
        act["answer.newer-version"]()
        await until(lambda: "Fourth" in app.transcript)
        app.text.setFocus()
        act["answer.older-version"]()
        await until(lambda: "Third" in app.transcript)
        assert "Second" in app.transcript
        await app.ask_and_answer("Three?", "Fifth")
        view.reading.read_at(app.state.current.path[-1].id, -1)
        act["answer.newer-version"]()
        assert app.said == "This message has no other versions."
        assert "Third" in app.transcript


async def _regenerate(app: AppHarness, answer: str) -> None:
    count = len(app.providers.turns)
    app.act("retry")
    (await app.turn(count)).end(answer)
    await app.settled()


def _focused(app: AppHarness) -> str:
    return app.window.transcript.focus_navigator.focused_message_id()


def _has_foot_at(app: AppHarness, words: str, foot: int) -> bool:
    asked = app.state.current.path[0].id
    return words in app.transcript and app.window.transcript.navigator.actions_line_y(asked) == foot


async def test_replacing_the_text_does_not_end_the_edit() -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("One", "1")
        app.window.conversations.new_requested.emit()
        await app.ask_and_answer("Two", "2")
        app.type("mine")
        app.act("edit", -1)  # of an answer: its question
        assert app.text.toPlainText() == "Two"
        here = app.open_id
        await app.open_conversation(first)
        assert not app.hint.startswith("Editing")
        await app.open_conversation(here)
        assert app.hint.startswith("Editing")
        app.text.selectAll()
        app.press(Qt.Key.Key_Delete)
        assert app.hint.startswith("Editing")
        turn = await app.ask("Two, in other words")
        assert len(turn.request.messages) == 1
        turn.end("ok")
        await app.settled()
        assert app.text.toPlainText() == "mine"
        assert not app.hint.startswith("Editing")
        assert "‹ 2/2 ›" in app.transcript


async def test_esc_discards_an_edit() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.type("mine")
        app.act("edit", 0)
        assert app.hint == "Editing · The original message is kept · Esc to cancel"
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == "mine"
        assert not app.hint.startswith("Editing")


@pytest.mark.parametrize(
    ("typed", "kept"), [("", "mine"), (" again", "mine\n\nOne again")], ids=["unchanged", "changed"]
)
async def test_the_draft_from_before_an_edit_is_stored(typed: str, kept: str) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.window.prompt.set_text("mine", "explain")
        app.act("edit", 0)
        app.text.moveCursor(QTextCursor.MoveOperation.End)
        QTest.keyClicks(app.text, typed)
        await app.written()
        conversation = await app.disk.get(app.open_id)
        assert conversation is not None
        assert conversation.draft == Draft(kept, template_id="explain")


async def test_a_draft_that_could_not_be_stored_is_stored_at_the_end() -> None:
    async with AppHarness() as app:
        conversation_id = await app.ask_and_answer("One", "1")
        app.disk.is_full = True
        app.type("mine")
        await until(lambda: DISK_FULL in app.said)
        app.disk.is_full = False
    async with AppHarness() as app:
        await app.controllers.sidebar.navigator.open(conversation_id)
        assert app.text.toPlainText() == "mine"


async def test_edits_in_two_conversations_keep_both_drafts() -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("One", "1")
        app.type("mine")
        app.act("edit", 0)
        app.window.conversations.new_requested.emit()
        second = await app.ask_and_answer("Two", "2")
        app.type("mine, too")
        app.act("edit", 0)
        for conversation_id, draft in ((first, "mine"), (second, "mine, too")):
            await app.open_conversation(conversation_id)
            assert app.hint.startswith("Editing")
            assert app.state.current.path_before_question == []
            app.press(Qt.Key.Key_Escape)
            assert app.text.toPlainText() == draft


async def test_another_edit_keeps_the_changed_question() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        await app.ask_and_answer("Two", "2")
        app.type("mine")
        app.act("edit", 0)
        app.type(" again")
        app.act("edit", 2)
        assert app.text.toPlainText() == "Two"
        app.press(Qt.Key.Key_Escape)
        assert app.text.toPlainText() == "mine\n\nOne again"


async def test_text_typed_while_an_edit_is_sent_follows_the_draft() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        disk = app.disk
        disk.release.set()
        await app.ask_and_answer("One", "1")
        disk.release.clear()
        app.type("mine")
        app.act("edit", 0)
        app.enter()
        await until(lambda: disk.waiting == 2)
        app.type("later")
        disk.release.set()
        (await app.turn(1)).end("2")
        await app.settled()
        assert app.text.toPlainText() == "mine\n\nlater"


async def test_keys_regenerate_the_answer_as_another_version_and_copy_it() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("One", "1")
        app.press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: len(app.providers.turns) == 2)
        app.providers.turns[1].end("One more")
        await app.settled()
        assert "‹ 2/2 ›" in app.transcript
        app.press(
            Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        assert QApplication.clipboard().text() == "One more"


@pytest.mark.qt_log_ignore("support grabbing the keyboard", extend=True)
@pytest.mark.parametrize("label", ["GPT-5.2 Pro", "High"])
async def test_a_retry_with_another_model_keeps_the_conversations_choice(label: str) -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        await app.ask_and_answer("One", "1")
        before = app.state.current.conversation.choice
        button = app.window.findChild(QToolButton, "message-retry-with")
        assert button is not None
        button.setFocus(Qt.FocusReason.TabFocusReason)
        app.act("retry-with")
        menu = app.window.findChildren(QMenu, "retry-with")[-1]
        corner = button.mapToGlobal(button.rect().bottomLeft())
        assert menu.geometry().adjusted(-2, -2, 2, 2).contains(corner)
        next(a for a in menu.actions() if entry_text(a).split(" · ")[0] == label).trigger()
        menu.close()
        await until(lambda: len(app.providers.turns) == 2)
        request = app.providers.turns[1].request
        wanted = ("gpt-5.2-pro", "medium") if "Pro" in label else ("gpt-5.2", "high")
        assert (request.model, request.effort) == wanted
        app.providers.turns[1].end("I")
        await app.settled()
        assert app.state.current.conversation.choice == before
        assert "‹ 2/2 ›" in app.transcript
        stored = await app.backend.conversations.get(app.open_id)
        assert stored is not None
        assert stored.choice == before


async def test_a_version_shown_late_does_not_change_another_conversation() -> None:
    async with AppHarness() as app:
        other = await app.ask_and_answer("Other?", "Other.")
        app.session.actions["conversation.new"]()
        await app.ask_and_answer("One?", "First")
        first = app.open_id
        app.act("retry")
        await until(lambda: len(app.providers.turns) == 3)
        app.providers.turns[-1].end("Second")
        await app.settled()
        show_version = app.backend.conversations.show_version

        async def open_other(conversation_id: str, message_id: str) -> None:
            await app.controllers.sidebar.navigator.open(other)
            await show_version(conversation_id, message_id)

        app.backend.conversations.show_version = open_other  # type: ignore[method-assign]
        app.session.actions["answer.older-version"]()
        await app.settled()
        assert app.open_id == other
        assert [m.text for m in await app.backend.conversations.path(other)] == ["Other?", "Other."]
        assert [m.text for m in await app.backend.conversations.path(first)] == ["One?", "First"]


async def test_a_name_given_while_a_question_is_stored_is_kept() -> None:
    async with AppHarness(disk=SlowStore) as app:
        assert isinstance(app.disk, SlowStore)
        app.disk.release.set()
        here = await app.ask_and_answer("One", "1")
        app.disk.release.clear()
        app.type("Two")
        app.enter()
        await until(lambda: isinstance(app.disk, SlowStore) and app.disk.waiting == 2)
        app.controllers.sidebar.list_presenter.rename(here, "Mine")
        await until(lambda: app.stored("SELECT title FROM conversations") == [("Mine",)])
        app.disk.release.set()
        (await app.turn(1)).end("2")
        await app.settled()
        assert app.rows == ["Mine"]
        assert app.stored("SELECT title FROM conversations") == [("Mine",)]
