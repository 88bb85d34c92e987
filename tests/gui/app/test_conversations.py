"""Several conversations: switching, drafts, the list, search, and restarts."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt

from desktop_app.app.attachments.attachment_reader import PASTED_NAME
from desktop_app.domain.conversations.conversation import MessageStatus, SearchHit
from tests.gui.app.desk import Desk, PausableStore, until

LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(120))


def new(desk: Desk) -> None:
    """Start a new conversation with its button."""
    desk.window.conversations.new_button.click()


# ---------------------------------------------------------------- switching


async def test_switching_in_the_middle_of_a_stream_and_back() -> None:
    async with Desk() as desk:
        other = await desk.ask_and_answer("Other", "Thing")
        new(desk)
        turn = await desk.ask("Tell me")
        here = desk.open_id
        turn.say("One ")
        await until(lambda: "One" in desk.transcript)
        await desk.opened(other)
        assert desk.has_dot(here)
        assert not desk.has_dot(other)
        assert desk.is_shown("send")
        turn.say("two ")
        await asyncio.sleep(0)
        assert "two" not in desk.transcript
        await desk.opened(here)
        assert desk.is_shown("stop")
        await until(lambda: "One two" in desk.transcript)
        turn.say("three ")
        await until(lambda: "One two three" in desk.transcript)
        await desk.opened(other)
        turn.end("four")
        await desk.settled()
        assert not desk.has_dot(here)
        await desk.opened(here)
        assert "One two three four" in desk.transcript
        assert desk.is_shown("send")
        assert desk.messages()[-1] == ("assistant", "complete", "One two three four")


async def test_an_answer_that_ends_while_its_conversation_is_being_opened() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        other = await desk.ask_and_answer("Other", "Thing")
        new(desk)
        turn = await desk.ask("Tell me")
        here = desk.open_id
        await desk.opened(other)
        desk.disk.is_paused = True
        desk.open_row(here)
        await desk.disk.waiting.wait()  # its messages were read: the answer still streams
        desk.disk.is_paused = False
        turn.end("All of it")
        await until(lambda: not desk.controllers.running.conversations)
        desk.disk.release.set()
        await until(lambda: desk.open_id == here)
        await desk.written()
        assert "All of it" in desk.transcript
        assert desk.state.current.path[-1].status is MessageStatus.COMPLETE


async def test_two_conversations_stream_at_once() -> None:
    async with Desk() as desk:
        first = await desk.ask("First")
        one = desk.open_id
        new(desk)
        second = await desk.ask("Second")
        two = desk.open_id
        assert desk.has_dot(one)
        assert desk.has_dot(two)
        for number in range(5):
            first.say(f"a{number} ")
            second.say(f"b{number} ")
        await until(lambda: "b4" in desk.transcript)
        assert "a0" not in desk.transcript
        await desk.opened(one)
        assert "a0 a1 a2 a3 a4" in desk.transcript
        first.end("a5")
        await until(lambda: not desk.has_dot(one))
        assert desk.has_dot(two)
        second.end("b5")
        await desk.settled()
        await desk.opened(two)
        assert "b0 b1 b2 b3 b4 b5" in desk.transcript


async def test_the_later_of_two_openings_counts() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        new(desk)
        two = await desk.ask_and_answer("Second", "2")
        for wanted, passed in ((one, two), (two, one)) * 5:
            desk.open_row(passed)
            desk.open_row(wanted)
            await desk.written()
            assert desk.open_id == wanted
        desk.open_row(one)
        new(desk)
        await desk.written()
        assert desk.open_id not in (one, two)


# ---------------------------------------------------------------- drafts


async def test_every_conversation_keeps_its_draft_at_once_and_after_a_restart() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        desk.type("draft of one")
        new(desk)
        assert desk.text.toPlainText() == ""
        desk.type("draft of the new one")
        await desk.opened(one)
        assert desk.text.toPlainText() == "draft of one"
        desk.type(" and more")
        desk.open_row(one)  # the same one again
        desk.type("!")
        await desk.written()
        assert desk.text.toPlainText() == "draft of one and more!"
        new(desk)
        assert desk.text.toPlainText() == "draft of the new one"
        await desk.opened(one)
        await desk.written()
        assert desk.draft_of(one) == "draft of one and more!"
        assert desk.setting("window.new_draft")["text"] == "draft of the new one"
    async with Desk() as desk:
        assert desk.open_id == one
        assert desk.text.toPlainText() == "draft of one and more!"
        new(desk)
        assert desk.text.toPlainText() == "draft of the new one"
        turn = await desk.ask("")
        turn.end("ok")
        await desk.settled()
        new(desk)
        assert desk.text.toPlainText() == ""
        assert desk.setting("window.new_draft") is None


async def test_attachments_are_part_of_a_draft() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        new(desk)
        desk.window.prompt.field.large_text_pasted.emit("word " * 5_000)
        assert PASTED_NAME in desk.chips[0]
        await desk.opened(one)  # it is read on
        assert desk.chips == []
        await desk.written()
        new(desk)
        assert [chip.split(",")[0] for chip in desk.chips] == [PASTED_NAME], desk.said
        desk.window.prompt.field.large_text_pasted.emit("other " * 5_000)
        await desk.opened(one)
        new(desk)
        await until(lambda: len(desk.chips) == 2 and "reading" not in "".join(desk.chips))
        await desk.written()
    async with Desk() as desk:
        assert len(desk.chips) == 2
        for part in desk.state.draft.value.question_attachments:
            desk.window.prompt.chips.remove_requested.emit(part.sha256)
        assert desk.chips == []
        await desk.written()
        assert desk.setting("window.new_draft")["attachments"] == []


async def test_what_is_typed_before_the_store_is_open_stays() -> None:
    class Early(Desk):
        def before_ready(self) -> None:
            super().before_ready()
            self.type("early bird")

    async with Early() as desk:
        assert desk.text.toPlainText() == "early bird"
        one = await desk.ask_and_answer("", "worm")
        desk.type("draft, ")
    async with Early() as desk:
        assert desk.open_id == one
        assert desk.text.toPlainText() == "draft, early bird"
        await desk.written()
        assert desk.draft_of(one) == "draft, early bird"


# ---------------------------------------------------------------- the list


async def test_a_deleted_conversation_returns_with_its_draft() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        desk.type("a draft")
        desk.window.conversations.delete_requested.emit([one])
        assert desk.rows == []
        assert desk.open_id != one
        assert desk.text.toPlainText() == ""
        assert "“First” moved to trash" in desk.said
        desk.press_action("Undo")
        await until(lambda: desk.open_id == one)
        assert desk.rows == ["First"]
        assert desk.text.toPlainText() == "a draft"
        new(desk)
        desk.type("something else")
        desk.window.conversations.delete_requested.emit([one])
        desk.press_action("Undo")
        await desk.written()
        assert desk.rows == ["First"]
        assert desk.text.toPlainText() == "something else"


async def test_rename_and_pin_keep_all_else() -> None:
    async with Desk(environment={"OPENAI_API_KEY": "not-a-key"}) as desk:
        turn = await desk.ask("First")
        one = desk.open_id
        desk.press(Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
        desk.window.conversations.renamed.emit(one, "  Better title ")
        desk.controllers.pinned_order.pin_chosen()
        assert desk.rows == ["Better title"]
        assert desk.has_dot(one)
        assert desk.window.header.title.text() == "Better title"
        turn.end("ok")
        await desk.settled()
        stored = await desk.backend.conversations.get(one)
        assert stored is not None
        assert (stored.title, stored.pinned) == ("Better title", True)
        assert stored.choice.variant is not None
        assert stored.choice.variant.value == "pro"
        assert len(await desk.backend.conversations.path(one)) == 2
        await desk.ask_and_answer("More", "sure")
        assert desk.rows == ["Better title"]
        stored = await desk.backend.conversations.get(one)
        assert stored is not None
        assert (stored.title, stored.pinned) == ("Better title", True)


async def test_keys_open_the_next_and_the_previous_conversation() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", "1")
        new(desk)
        two = await desk.ask_and_answer("Second", "2")
        control = Qt.KeyboardModifier.ControlModifier
        desk.press(Qt.Key.Key_PageDown, control)
        await until(lambda: desk.open_id == one)
        desk.press(Qt.Key.Key_PageUp, control)
        await until(lambda: desk.open_id == two)


async def test_a_hit_opens_at_its_message_whichever_version_that_is_on() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("Capital of France?", "It is Paris")
        desk.act("edit", 0)
        desk.text.selectAll()
        turn = await desk.ask("Capital of Spain?")
        turn.end("It is Madrid")
        await desk.settled()
        desk.type("a draft")
        new(desk)
        await desk.ask_and_answer("Unrelated", "Nothing")
        shown: list[SearchHit] = []
        desk.window.conversations.hits.modelReset.connect(
            lambda: shown.extend(desk.window.conversations.hits.rows)
        )
        desk.window.conversations.search.setText("Paris")
        await until(lambda: shown)
        assert [hit.title for hit in shown] == ["Capital of France?"]
        desk.press_search_enter()
        await until(lambda: desk.open_id == one)
        await desk.written()
        assert "It is Paris" in desk.transcript
        assert "Madrid" not in desk.transcript
        assert "‹ 1/2 ›" in desk.transcript
        assert desk.text.toPlainText() == "a draft"
        desk.window.conversations.search.clear()
        await until(lambda: not desk.window.conversations.hit_view.isVisible())


async def test_the_foot_shows_what_the_month_cost() -> None:
    async with Desk(environment={"OPENAI_API_KEY": "not-a-key"}) as desk:
        listing = desk.window.conversations
        await until(lambda: listing.footer.name.text() == "OpenAI (environment)")
        assert listing.footer.month.text() == ""
        turn = await desk.ask("First")
        new(desk)
        turn.end("1")
        await until(lambda: listing.footer.month.text())
        assert listing.footer.month.text() == "$0.005 this month"


# ---------------------------------------------------------------- coming back


async def test_geometry_open_conversation_and_place_come_back() -> None:
    async with Desk() as desk:
        one = await desk.ask_and_answer("First", LONG)
        bar = desk.window.transcript.verticalScrollBar()
        new(desk)
        await desk.ask_and_answer("Second", "2")
        await desk.opened(one)
        assert bar.value() == bar.maximum()
        bar.setValue(bar.maximum() // 2)
        place = desk.window.transcript.navigator.scroll_state()
        new(desk)
        await desk.opened(one)
        assert desk.window.transcript.navigator.scroll_state() == place
        desk.window.resize(760, 620)
        desk.window.toggle_settings()
        await desk.written()
        place = desk.window.transcript.navigator.scroll_state()
    async with Desk() as desk:
        assert desk.window.size().toTuple() == (760, 620)
        assert desk.open_id == one
        assert desk.window.windowTitle().startswith("First")
        await until(lambda: desk.window.transcript.navigator.scroll_state() == place)
        bar = desk.window.transcript.verticalScrollBar()
        bar.setValue(bar.maximum())
    async with Desk() as desk:
        bar = desk.window.transcript.verticalScrollBar()
        assert bar.maximum() > 0
        await until(lambda: bar.value() == bar.maximum())
        new(desk)
    async with Desk() as desk:
        assert desk.open_id != one
        assert desk.window.empty_state.isVisible()


async def test_closing_in_the_middle_of_an_answer_keeps_what_arrived() -> None:
    async with Desk() as desk:
        turn = await desk.ask("Tell me")
        turn.say("This much")
        await until(lambda: "This much" in desk.transcript)
    assert turn.closed
    async with Desk() as desk:
        assert desk.messages()[1] == ("assistant", "cancelled", "This much")
        assert "This much" in desk.transcript
        assert "Stopped" in desk.transcript


async def test_closing_does_not_wait_for_a_provider() -> None:
    async with Desk() as desk:
        for _ in range(3):
            desk.controllers.tasks.start(asyncio.Event().wait())
    async with Desk() as desk:
        assert desk.messages() == []


@pytest.mark.parametrize("damaged", ["window.scroll", "window.conversation"])
async def test_what_is_gone_is_not_missed(damaged: str) -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("First", LONG)
        desk.window.transcript.verticalScrollBar().setValue(0)
    async with Desk() as desk:
        value = ["gone", 5] if damaged == "window.scroll" else "gone"
        await desk.backend.settings.set(damaged, value)
        desk.window.prompt.set_text("still works")
        await desk.controllers.library.load()
        assert desk.rows == ["First"]
