"""From the question to the answer: the display, and the data on disk at each step."""

from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QMenu, QToolButton

from desktop_app.domain.answering.stream_events import (
    Completed,
    Incomplete,
    ReasoningDelta,
    ReasoningItem,
    StatusChanged,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import AuthenticationError, StreamCutError
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.prompt_assembly import CONTINUE
from tests.gui.app.desk import DISK_FULL, Desk, PausableStore, SlowStore, until
from tests.gui.app.stage import Turn
from tests.helpers.menus import entry_text
from tests.helpers.widgets import find

WAITS = "Queued · Esc to cancel"
CUT = StreamCutError(
    "The connection broke in the middle of the answer.",
    what_to_do="Select Continue to resume.",
    details="read error",
)


async def test_the_first_question_titles_the_window_and_the_row() -> None:
    async with Desk() as desk:
        assert desk.window.empty_state.isVisible()
        assert desk.rows == []
        turn = await desk.ask("Why is the sky blue?")
        await until(lambda: desk.text.toPlainText() == "")
        assert desk.rows == ["Why is the sky blue?"]
        assert desk.window.windowTitle().startswith("Why is the sky blue?")
        assert not desk.window.empty_state.isVisible()
        assert desk.has_dot(desk.open_id)
        assert desk.is_shown("stop")
        await until(lambda: "Waiting for SmolLM2 135M." in desk.transcript)
        assert desk.messages() == [
            ("user", "complete", "Why is the sky blue?"),
            ("assistant", "streaming", ""),
        ]
        turn.say("Because of **Rayleigh** ")
        await until(lambda: "Rayleigh" in desk.transcript)
        await until(lambda: "Waiting" not in desk.transcript)
        turn.end("scattering.")
        await desk.settled()
        assert "Because of Rayleigh scattering." in desk.transcript
        assert desk.is_shown("send")
        assert not desk.has_dot(desk.open_id)
        whole = ("assistant", "complete", "Because of **Rayleigh** scattering.")
        assert desk.messages()[1] == whole
        assert desk.window.notifications.status.text() == "Response complete."


async def test_the_prompt_is_cleared_only_once_the_question_is_stored() -> None:
    async with Desk(disk=SlowStore) as desk:
        assert isinstance(desk.disk, SlowStore)
        slow = desk.disk
        desk.type("First words")
        desk.enter()
        await until(lambda: slow.waiting)
        assert desk.text.toPlainText() == "First words"
        desk.type(" and more")
        desk.enter()
        desk.disk.release.set()
        await until(lambda: desk.stage.turns)
        await until(lambda: desk.text.toPlainText() == " and more")
        await desk.written()
        questions = [text for role, _, text in desk.messages() if role == "user"]
        assert questions == ["First words"]
        assert desk.draft_of(desk.open_id) == " and more"
        desk.stage.turns[0].end("Yes.")
        await desk.settled()
        assert desk.text.toPlainText() == " and more"


async def test_a_question_is_asked_once_if_the_conversation_is_left_while_it_is_stored() -> None:
    async with Desk(disk=SlowStore) as desk:
        assert isinstance(desk.disk, SlowStore)
        slow = desk.disk
        desk.type("On its way")
        desk.enter()
        await until(lambda: slow.waiting)
        begun = desk.open_id
        slow.release.set()
        first = await desk.ask(" there")  # typed behind it, sent once there is a prompt again
        assert first.asked == "On its way"
        first.end("Here.")
        await desk.settled()
        desk.window.conversations.new_requested.emit()
        assert desk.open_id != begun
        assert desk.text.toPlainText() == ""
        assert desk.setting("window.new_draft") is None


async def test_stop_keeps_the_text_that_arrived() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Tell me a story")
        turn.say("Once upon a time")
        await until(lambda: "Once upon" in desk.transcript)
        desk.click("stop")
        await desk.settled()
        assert turn.closed
        assert desk.messages()[1] == ("assistant", "cancelled", "Once upon a time")
        assert "Stopped" in desk.transcript
        assert desk.is_shown("send")
        turn = await desk.ask("Another")
        desk.press(Qt.Key.Key_Escape)
        await desk.settled()
        assert desk.messages()[3] == ("assistant", "cancelled", "")


async def test_a_second_stop_does_not_interrupt_the_storing() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        turn = await desk.ask("Tell me a story")
        turn.say("Once upon a time")
        await until(lambda: "Once upon" in desk.transcript)
        desk.disk.is_paused = True
        desk.click("stop")
        await desk.disk.waiting.wait()
        desk.controllers.chat.stop()
        desk.type("x")
        desk.press(Qt.Key.Key_Escape)
        await desk.written()
        assert desk.controllers.running.conversations
        desk.disk.release.set()
        await desk.settled()
        assert desk.messages()[1] == ("assistant", "cancelled", "Once upon a time")


async def test_an_answer_stopped_at_once_is_stored_as_canceled() -> None:
    async with Desk() as desk:
        desk.controllers.running.started.connect(lambda _id: desk.controllers.chat.stop())
        desk.type("Never mind")
        desk.enter()
        await until(lambda: len(desk.messages()) == 2)
        await desk.settled()
        assert desk.messages()[1] == ("assistant", "cancelled", "")
        assert desk.is_shown("send")


async def wait_behind_an_answer(desk: Desk, first: str, second: str) -> Turn:
    """Ask, and press Enter on a second question while the answer streams."""
    turn = await desk.ask(first)
    await until(lambda: desk.is_shown("stop"))
    desk.type(second)
    desk.enter()
    await until(lambda: desk.hint == WAITS)
    assert desk.text.toPlainText() == second
    return turn


async def test_a_question_waits_until_the_answer_has_ended() -> None:
    async with Desk() as desk:
        turn = await wait_behind_an_answer(desk, "One", "Two")
        turn.end("1")
        await until(lambda: len(desk.stage.turns) == 2)
        assert desk.stage.turns[1].asked == "Two"
        assert [m.parts[0].text for m in desk.stage.turns[1].request.messages[:2]] == [  # type: ignore[union-attr]
            "One",
            "1",
        ]
        await until(lambda: desk.text.toPlainText() == "")
        desk.stage.turns[1].end("2")
        await desk.settled()


@pytest.mark.parametrize("way", ["esc", "typing", "failure", "end of the program"])
async def test_a_queued_question_is_dequeued_by_esc_typing_failure_and_the_end(way: str) -> None:
    async with Desk() as desk:
        turn = await wait_behind_an_answer(desk, "One", "Two")
        if way == "esc":
            desk.press(Qt.Key.Key_Escape)
            assert desk.hint == "Enter to queue · Esc to stop"
            assert desk.controllers.running.conversations
            desk.press(Qt.Key.Key_Escape)
        elif way == "typing":
            desk.type("!")
            assert desk.hint == "Enter to queue · Esc to stop"
            turn.end("1")
        elif way == "failure":
            turn.fail(CUT)
        else:
            await desk.close()
        await until(lambda: not desk.controllers.running.conversations)
        if way != "end of the program":
            await desk.written()
            assert desk.is_shown("send")
            assert desk.hint.startswith("Enter to send ·")
        assert desk.text.toPlainText().startswith("Two")
    assert len(desk.stage.turns) == 1


async def test_a_queued_question_is_asked_in_its_own_conversation() -> None:
    async with Desk() as desk:
        turn = await wait_behind_an_answer(desk, "One", "Two")
        here = desk.open_id
        desk.window.conversations.new_requested.emit()
        desk.type("Something else")
        assert desk.hint != WAITS
        elsewhere = desk.open_id
        turn.end("1")
        await until(lambda: len(desk.stage.turns) == 2)
        assert desk.stage.turns[1].request.cache_key == here
        assert desk.stage.turns[1].asked == "Two"
        assert (desk.open_id, desk.text.toPlainText()) == (elsewhere, "Something else")
        desk.stage.turns[1].end("2")
        await desk.settled()
        await desk.opened(here)
        assert desk.text.toPlainText() == ""
        assert [text for _, _, text in desk.messages()] == ["One", "1", "Two", "2"]


async def test_a_queued_question_in_a_deleted_conversation_is_not_asked() -> None:
    async with Desk() as desk:
        await wait_behind_an_answer(desk, "One", "Two")
        desk.controllers.trash.delete_chosen()
        await desk.settled()
        assert len(desk.stage.turns) == 1


async def test_reasoning_keeps_its_paragraphs() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Think")
        arrived: list[str] = []
        desk.controllers.running.reasoning_arrived.connect(
            lambda _c, _m, text: arrived.append(text)
        )
        turn.give(StatusChanged(3, ErrorNote("The provider is busy.")))
        await until(lambda: "The provider is busy. Trying again in 3 s." in desk.transcript)
        turn.give(ReasoningDelta("**First**", 0))
        await until(lambda: "Thinking: First" in desk.transcript)
        assert "The provider is busy." not in desk.transcript
        turn.give(ReasoningDelta("**Second**", 1))
        await until(lambda: "Second" in "".join(arrived))
        turn.give(ReasoningItem("r1"), ReasoningDelta("**Third**", 0))
        await until(lambda: "Third" in "".join(arrived))
        assert "".join(arrived) == "**First**\n\n**Second**\n\n**Third**"
        turn.end("Done.")
        await desk.settled()


# ---------------------------------------------------------------- what goes wrong


async def test_retry_of_a_broken_answer_makes_a_version() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Count")
        turn.say("One, two")
        turn.fail(CUT)
        await desk.settled()
        assert "One, two" in desk.transcript
        assert "The connection broke in the middle of the answer." in desk.transcript
        assert desk.messages()[1] == ("assistant", "failed", "One, two")
        desk.window.transcript.commands.run(desk.state.current.path[-1].id, "details")
        assert "read error" in desk.transcript
        desk.act("retry")
        await until(lambda: len(desk.stage.turns) == 2)
        assert desk.stage.turns[1].asked == "Count"
        desk.stage.turns[1].end("One, two, three")
        await desk.settled()
        assert "‹ 2/2 ›" in desk.transcript
        assert "broke" not in desk.transcript
        desk.session.actions["answer.continue"]()
        assert desk.said == "There is no incomplete response to continue."
        desk.session.actions["answer.older-version"]()
        await until(lambda: "‹ 1/2 ›" in desk.transcript)
        assert "broke" in desk.transcript
        await desk.written()
    async with Desk() as desk:
        assert "‹ 1/2 ›" in desk.transcript
        desk.act("newer-version")
        await until(lambda: "One, two, three" in desk.transcript)


async def test_continue_extends_the_answer_and_keeps_the_prompt() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Count")
        turn.say("One")
        turn.fail(CUT)
        await desk.settled()
        desk.type("Half a thought")
        desk.act("continue")
        await until(lambda: len(desk.stage.turns) == 2)
        assert desk.stage.turns[1].asked == CONTINUE
        desk.stage.turns[1].give(Incomplete("max_output_tokens"))
        await desk.settled()
        assert desk.text.toPlainText() == "Half a thought"
        assert desk.draft_of(desk.open_id) == "Half a thought"
        assert "reached its maximum length" in desk.transcript


async def test_an_earlier_answer_is_continued_in_its_place() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Count")
        turn.say("One")
        turn.fail(CUT)
        await desk.settled()
        await desk.ask_and_answer("Something else", "Of course.")
        desk.act("continue", 1)
        await until(lambda: len(desk.stage.turns) == 3)
        sent = [m.parts[0].text for m in desk.stage.turns[2].request.messages]  # type: ignore[union-attr]
        assert sent == ["Count", "One", CONTINUE]
        desk.stage.turns[2].end("two")
        await desk.settled()
        assert "Of course." not in desk.transcript
        assert len(desk.messages()) == 6


async def test_a_wrong_key_offers_the_key_field() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Hello")
        turn.fail(AuthenticationError("The key was not accepted.", status=401))
        await desk.settled()
        assert "Change key" in desk.transcript
        desk.act("add-key")
        assert desk.window.settings.isVisible()
        assert find(desk.window.settings, QComboBox, "provider").currentData() == "openai"


async def test_a_full_disk_keeps_the_text_in_the_prompt() -> None:
    async with Desk() as desk:
        desk.disk.is_full = True
        desk.type("Not lost")
        desk.enter()
        await until(lambda: DISK_FULL in desk.said)
        assert desk.text.toPlainText() == "Not lost"
        assert desk.rows == []
        assert desk.stage.turns == []
        desk.disk.is_full = False
        desk.enter()
        await until(lambda: desk.stage.turns)
        desk.stage.turns[0].end("Indeed.")
        await desk.settled()
        assert desk.said == ""
        assert len(desk.messages()) == 2


async def test_a_draft_and_its_question_report_a_full_disk_once() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        desk.disk.is_full = True
        desk.type("Two")
        await until(lambda: DISK_FULL in desk.said)
        refused = desk.disk.refused
        desk.enter()
        await until(lambda: desk.disk.refused > refused)
        await until(lambda: not desk.controllers.turns.is_beginning(desk.open_id))
        assert DISK_FULL in desk.said
        desk.window.notifications.dismiss()
        assert desk.said == ""
        desk.disk.is_full = False


async def test_a_disk_that_fills_while_an_answer_streams_loses_nothing() -> None:
    async with Desk() as desk:
        other = await desk.ask_and_answer("Other", "Thing")
        desk.window.conversations.new_requested.emit()
        turn = await desk.ask("Tell me")
        here = desk.open_id
        desk.disk.is_full = True
        turn.say("All of")
        await until(lambda: DISK_FULL in desk.said)
        turn.say(" it")
        await until(lambda: "All of it" in desk.transcript)
        desk.window.notifications.dismiss()
        desk.click("stop")
        await until(lambda: not desk.controllers.running.conversations)
        await desk.opened(other)
        await desk.opened(here)
        assert "All of it" in desk.transcript
        assert "Stopped" in desk.transcript
        desk.disk.is_full = False
        await desk.written()
        assert desk.messages()[-1] == ("assistant", "cancelled", "All of it")


async def test_a_full_disk_is_reported_once(no_defects: list[object]) -> None:
    async with Desk() as desk:
        turn = await desk.ask("Tell me")
        said: list[object] = []
        desk.controllers.running.store_error_changed.connect(lambda _id, error: said.append(error))
        desk.disk.is_full = True
        turn.say("All of ")
        await until(lambda: said)
        turn.end("it")
        await until(lambda: desk.disk.refused >= 2)
        assert len(said) == 1
        assert DISK_FULL in desk.said
        desk.disk.is_full = False
        await desk.settled()
        assert said[1:] == [None]
        assert desk.said == ""
        assert desk.messages()[1] == ("assistant", "complete", "All of it")


# ---------------------------------------------------------------- edits and versions


async def test_an_edited_question_is_a_version_of_the_old_one() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Capital of France?", "Paris")
        await desk.ask_and_answer("And its river?", "Seine")
        desk.type("half a thought")
        desk.act("edit", 0)
        assert desk.text.toPlainText() == "Capital of France?"
        assert desk.hint.startswith("Editing · The original message is kept")
        desk.text.selectAll()
        turn = await desk.ask("Capital of Spain?")
        assert len(turn.request.messages) == 1
        turn.end("Madrid")
        await desk.settled()
        assert desk.text.toPlainText() == "half a thought"
        assert "Paris" not in desk.transcript
        assert "Madrid" in desk.transcript
        assert "‹ 2/2 ›" in desk.transcript
        assert len(desk.rows) == 1
        desk.act("older-version", 0)
        await until(lambda: "Seine" in desk.transcript)
        assert "Madrid" not in desk.transcript
        assert desk.text.toPlainText() == "half a thought"
        assert len(desk.messages()) == 6


async def test_the_arrows_between_versions_stay_where_they_are() -> None:
    """Show that the arrows stay in place for a question with much text below it."""

    async with Desk() as desk:
        await desk.ask_and_answer("One?", "first\n\n" * 90)
        desk.act("edit", 0)
        desk.text.selectAll()
        await desk.ask_and_answer("Another?", "second\n\n" * 70)
        view = desk.window.transcript
        view.navigator.scroll_to_top()
        for action, words in (("older-version", "first"), ("newer-version", "second")):
            foot = view.navigator.actions_line_y(desk.state.current.path[0].id)
            assert foot is not None
            desk.act(action, 0)
            await until(partial(_has_foot_at, desk, words, foot))
            assert not view.navigator.is_at_end


def _has_foot_at(desk: Desk, words: str, foot: int) -> bool:
    asked = desk.state.current.path[0].id
    return (
        words in desk.transcript and desk.window.transcript.navigator.actions_line_y(asked) == foot
    )


async def test_replacing_the_text_does_not_end_the_edit() -> None:
    async with Desk() as desk:
        first = await desk.ask_and_answer("One", "1")
        desk.window.conversations.new_requested.emit()
        await desk.ask_and_answer("Two", "2")
        desk.type("mine")
        desk.act("edit", -1)  # of an answer: its question
        assert desk.text.toPlainText() == "Two"
        here = desk.open_id
        await desk.opened(first)
        assert not desk.hint.startswith("Editing")
        await desk.opened(here)
        assert desk.hint.startswith("Editing")
        desk.text.selectAll()
        desk.press(Qt.Key.Key_Delete)
        assert desk.hint.startswith("Editing")
        turn = await desk.ask("Two, in other words")
        assert len(turn.request.messages) == 1
        turn.end("ok")
        await desk.settled()
        assert desk.text.toPlainText() == "mine"
        assert not desk.hint.startswith("Editing")
        assert "‹ 2/2 ›" in desk.transcript


async def test_esc_discards_an_edit() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        desk.type("mine")
        desk.act("edit", 0)
        assert desk.hint == "Editing · The original message is kept · Esc to cancel"
        desk.press(Qt.Key.Key_Escape)
        assert desk.text.toPlainText() == "mine"
        assert not desk.hint.startswith("Editing")


@pytest.mark.parametrize(
    ("typed", "kept"), [("", "mine"), (" again", "mine\n\nOne again")], ids=["unchanged", "changed"]
)
async def test_the_draft_from_before_an_edit_is_stored(typed: str, kept: str) -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        desk.window.prompt.set_text("mine", "explain")
        desk.act("edit", 0)
        desk.text.moveCursor(QTextCursor.MoveOperation.End)
        QTest.keyClicks(desk.text, typed)
        await desk.written()
        conversation = await desk.disk.get(desk.open_id)
        assert conversation is not None
        assert conversation.draft == Draft(kept, template_id="explain")


async def test_a_draft_that_could_not_be_stored_is_stored_at_the_end() -> None:
    async with Desk() as desk:
        conversation_id = await desk.ask_and_answer("One", "1")
        desk.disk.is_full = True
        desk.type("mine")
        await until(lambda: DISK_FULL in desk.said)
        desk.disk.is_full = False
    async with Desk() as desk:
        await desk.controllers.library.open(conversation_id)
        assert desk.text.toPlainText() == "mine"


async def test_edits_in_two_conversations_keep_both_drafts() -> None:
    async with Desk() as desk:
        first = await desk.ask_and_answer("One", "1")
        desk.type("mine")
        desk.act("edit", 0)
        desk.window.conversations.new_requested.emit()
        second = await desk.ask_and_answer("Two", "2")
        desk.type("mine, too")
        desk.act("edit", 0)
        for conversation_id, draft in ((first, "mine"), (second, "mine, too")):
            await desk.opened(conversation_id)
            assert desk.hint.startswith("Editing")
            assert desk.state.current.path_before_question == []
            desk.press(Qt.Key.Key_Escape)
            assert desk.text.toPlainText() == draft


async def test_another_edit_keeps_the_changed_question() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        await desk.ask_and_answer("Two", "2")
        desk.type("mine")
        desk.act("edit", 0)
        desk.type(" again")
        desk.act("edit", 2)
        assert desk.text.toPlainText() == "Two"
        desk.press(Qt.Key.Key_Escape)
        assert desk.text.toPlainText() == "mine\n\nOne again"


async def test_text_typed_while_an_edit_is_sent_follows_the_draft() -> None:
    async with Desk(disk=SlowStore) as desk:
        assert isinstance(desk.disk, SlowStore)
        disk = desk.disk
        disk.release.set()
        await desk.ask_and_answer("One", "1")
        disk.release.clear()
        desk.type("mine")
        desk.act("edit", 0)
        desk.enter()
        await until(lambda: disk.waiting == 2)
        desk.type("later")
        disk.release.set()
        (await desk.turn(1)).end("2")
        await desk.settled()
        assert desk.text.toPlainText() == "mine\n\nlater"


async def test_a_key_regenerates_the_answer_as_another_version() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("One", "1")
        desk.press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: len(desk.stage.turns) == 2)
        desk.stage.turns[1].give(UsageReported(Usage(1, 0, 1)), Completed())
        await desk.settled()
        assert "‹ 2/2 ›" in desk.transcript
        desk.press(
            Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        assert QApplication.clipboard().text() == ""


@pytest.mark.qt_log_ignore("support grabbing the keyboard", extend=True)
@pytest.mark.parametrize("label", ["GPT-5.2 Pro", "High"])
async def test_a_retry_with_another_model_keeps_the_conversations_choice(label: str) -> None:
    async with Desk(environment={"OPENAI_API_KEY": "not-a-key"}) as desk:
        await desk.ask_and_answer("One", "1")
        before = desk.state.current.conversation.choice
        button = desk.window.findChild(QToolButton, "message-retry-with")
        assert button is not None
        button.setFocus(Qt.FocusReason.TabFocusReason)
        desk.act("retry-with")
        menu = desk.window.findChildren(QMenu, "retry-with")[-1]
        corner = button.mapToGlobal(button.rect().bottomLeft())
        assert menu.geometry().adjusted(-2, -2, 2, 2).contains(corner)
        next(a for a in menu.actions() if entry_text(a).split(" · ")[0] == label).trigger()
        menu.close()
        await until(lambda: len(desk.stage.turns) == 2)
        request = desk.stage.turns[1].request
        wanted = ("gpt-5.2-pro", "medium") if "Pro" in label else ("gpt-5.2", "high")
        assert (request.model, request.effort) == wanted
        desk.stage.turns[1].end("I")
        await desk.settled()
        assert desk.state.current.conversation.choice == before
        assert "‹ 2/2 ›" in desk.transcript
        stored = await desk.backend.conversations.get(desk.open_id)
        assert stored is not None
        assert stored.choice == before


async def test_a_version_shown_late_does_not_change_another_conversation() -> None:
    async with Desk() as desk:
        other = await desk.ask_and_answer("Other?", "Other.")
        desk.session.actions["conversation.new"]()
        await desk.ask_and_answer("One?", "First")
        first = desk.open_id
        desk.act("retry")
        await until(lambda: len(desk.stage.turns) == 3)
        desk.stage.turns[-1].end("Second")
        await desk.settled()
        show_version = desk.backend.conversations.show_version

        async def open_other(conversation_id: str, message_id: str) -> None:
            await desk.controllers.library.open(other)
            await show_version(conversation_id, message_id)

        desk.backend.conversations.show_version = open_other  # type: ignore[method-assign]
        desk.session.actions["answer.older-version"]()
        await desk.settled()
        assert desk.open_id == other
        assert [m.text for m in await desk.backend.conversations.path(other)] == [
            "Other?",
            "Other.",
        ]
        assert [m.text for m in await desk.backend.conversations.path(first)] == ["One?", "First"]


async def test_a_name_given_while_a_question_is_stored_is_kept() -> None:
    async with Desk(disk=SlowStore) as desk:
        assert isinstance(desk.disk, SlowStore)
        desk.disk.release.set()
        here = await desk.ask_and_answer("One", "1")
        desk.disk.release.clear()
        desk.type("Two")
        desk.enter()
        await until(lambda: isinstance(desk.disk, SlowStore) and desk.disk.waiting == 2)
        desk.controllers.conversation_titles.rename(here, "Mine")
        await until(lambda: desk.stored("SELECT title FROM conversations") == [("Mine",)])
        desk.disk.release.set()
        (await desk.turn(1)).end("2")
        await desk.settled()
        assert desk.rows == ["Mine"]
        assert desk.stored("SELECT title FROM conversations") == [("Mine",)]
