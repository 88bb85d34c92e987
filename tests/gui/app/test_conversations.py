"""Several conversations: switching, drafts, the list, search, and restarts."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt

from desktop_app.library.ui.list_presenter import ListPresenter, PinnedOrder
from desktop_app.library.ui.trash import Trash
from tests.gui.app.app_harness import AppHarness, until

LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(120))


def new(app: AppHarness) -> None:
    """Start a new conversation with its button."""
    app.window.conversations.new_button.click()


# ---------------------------------------------------------------- switching


async def test_conversations_stream_side_by_side() -> None:
    async with AppHarness() as app:
        # Switching in the middle of a stream and back.
        other = await app.ask_and_answer("Other", "Thing")
        new(app)
        turn = await app.ask("Tell me")
        here = app.open_id
        turn.say("One ")
        await until(lambda: "One" in app.transcript)
        await app.open_conversation(other)
        assert app.is_marked_as_streaming(here)
        assert not app.is_marked_as_streaming(other)
        assert app.is_shown("send")
        turn.say("two ")
        await asyncio.sleep(0)
        assert "two" not in app.transcript
        await app.open_conversation(here)
        assert app.is_shown("stop")
        await until(lambda: "One two" in app.transcript)
        turn.say("three ")
        await until(lambda: "One two three" in app.transcript)
        await app.open_conversation(other)
        turn.end("four")
        await app.settled()
        assert not app.is_marked_as_streaming(here)
        await app.open_conversation(here)
        assert "One two three four" in app.transcript
        assert app.is_shown("send")
        assert app.messages()[-1] == ("assistant", "complete", "One two three four")

        # Two conversations stream at once.
        await app.start_over()
        first = await app.ask("First")
        one = app.open_id
        new(app)
        second = await app.ask("Second")
        two = app.open_id
        assert app.is_marked_as_streaming(one)
        assert app.is_marked_as_streaming(two)
        for number in range(5):
            first.say(f"a{number} ")
            second.say(f"b{number} ")
        await until(lambda: "b4" in app.transcript)
        assert "a0" not in app.transcript
        await app.open_conversation(one)
        assert "a0 a1 a2 a3 a4" in app.transcript
        first.end("a5")
        await until(lambda: not app.is_marked_as_streaming(one))
        assert app.is_marked_as_streaming(two)
        second.end("b5")
        await app.settled()
        await app.open_conversation(two)
        assert "b0 b1 b2 b3 b4 b5" in app.transcript

        # Closing in the middle of an answer keeps what arrived.
        await app.start_over()
        turn = await app.ask("Tell me")
        turn.say("This much")
        await until(lambda: "This much" in app.transcript)
        request = app.controllers.tasks.start(asyncio.Event().wait())  # to a provider
    assert turn.closed
    assert request.cancelled()
    async with AppHarness() as app:
        assert app.messages()[-1] == ("assistant", "cancelled", "This much")
        assert "This much" in app.transcript
        assert "Stopped" in app.transcript


# ---------------------------------------------------------------- drafts


async def test_drafts_are_discarded_restored_and_kept() -> None:
    async with AppHarness() as app:
        # A draft is discarded and restored.
        app.type("a draft")
        app.session.actions["prompt.discard"].trigger()
        assert app.text.toPlainText() == ""
        assert app.said.startswith("Draft discarded")
        app.type("more")
        app.press_action("Undo")
        assert app.text.toPlainText() == "a draft\n\nmore"

        # A discarded draft takes its row of the list with it.
        await app.start_over()
        app.type("a draft")
        new(app)
        assert app.rows == ["a draft"]
        await app.written()
        ((one,),) = app.stored("SELECT id FROM conversations WHERE trashed_at IS NULL")
        app.open_row(one)
        await until(lambda: app.text.toPlainText() == "a draft")
        app.session.actions["prompt.discard"].trigger()
        assert (app.rows, app.text.toPlainText()) == ([], "")
        app.press_action("Undo")
        await until(lambda: app.text.toPlainText() == "a draft")
        assert app.rows == ["a draft"]

        # A deleted conversation returns with its draft.
        await app.start_over()
        one = await app.ask_and_answer("First", "1")
        app.type("a draft")
        app.session.of(Trash).delete([one])
        assert app.rows == []
        assert app.open_id != one
        assert app.text.toPlainText() == ""
        assert "“First” moved to trash" in app.said
        app.press_action("Undo")
        await until(lambda: app.open_id == one)
        assert app.rows == ["First"]
        assert app.text.toPlainText() == "a draft"
        new(app)
        app.type("something else")
        app.session.of(Trash).delete([one])
        app.press_action("Undo")
        await app.written()
        assert app.rows == ["First"]
        assert app.text.toPlainText() == "something else"

        # Every conversation keeps its draft at once and after a restart.
        await app.start_over()
        one = await app.ask_and_answer("First", "1")
        app.type("draft of one")
        new(app)
        assert app.text.toPlainText() == ""
        app.type("draft of the new one")
        await app.open_conversation(one)
        assert app.text.toPlainText() == "draft of one"
        app.type(" and more")
        app.open_row(one)  # the same one again
        app.type("!")
        await app.written()
        assert app.text.toPlainText() == "draft of one and more!"
        assert app.draft_of(one) == "draft of one and more!"
        assert app.setting("window.new_draft")["text"] == "draft of the new one"
    async with AppHarness() as app:
        assert app.open_id == one
        assert app.text.toPlainText() == "draft of one and more!"
        new(app)
        assert app.text.toPlainText() == ""  # the unsent draft is a row of the list
        assert sorted(app.rows) == ["First", "draft of the new one"]
        new(app)
        assert len(app.rows) == 2
        await app.written()
        ((two,),) = app.stored(
            "SELECT id FROM conversations WHERE trashed_at IS NULL AND id != ?", one
        )
        app.open_row(two)
        await until(lambda: app.text.toPlainText() == "draft of the new one")
        turn = await app.ask("")
        turn.end("ok")
        await app.settled()
        new(app)
        assert app.text.toPlainText() == ""
        assert not (app.setting("window.new_draft") or {}).get("text")


async def test_text_typed_before_the_store_is_open_is_kept() -> None:
    class Early(AppHarness):
        def before_ready(self) -> None:
            super().before_ready()
            self.type("early bird")

    async with Early() as app:
        assert app.text.toPlainText() == "early bird"
        one = await app.ask_and_answer("", "worm")
        app.type("draft, ")
    async with Early() as app:
        assert app.open_id == one
        assert app.text.toPlainText() == "draft, early bird"
        await app.written()
        assert app.draft_of(one) == "draft, early bird"


# ---------------------------------------------------------------- the list


async def test_renaming_and_pinning_change_nothing_else() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        turn = await app.ask("First")
        one = app.open_id
        app.press(Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
        app.session.of(ListPresenter).rename(one, "  Better title ")
        app.controllers.of(PinnedOrder).pin_chosen()
        assert app.rows == ["Better title"]
        assert app.is_marked_as_streaming(one)
        assert app.window.header.title.text() == "Better title"
        turn.end("ok")
        await app.settled()
        stored = await app.backend.conversations.get(one)
        assert stored is not None
        assert (stored.title, stored.pinned) == ("Better title", True)
        assert stored.choice.variant is not None
        assert stored.choice.variant.value == "pro"
        assert len(await app.backend.conversations.path(one)) == 2
        await app.ask_and_answer("More", "sure")
        assert app.rows == ["Better title"]
        stored = await app.backend.conversations.get(one)
        assert stored is not None
        assert (stored.title, stored.pinned) == ("Better title", True)


# ---------------------------------------------------------------- coming back


async def test_geometry_open_conversation_and_place_come_back() -> None:
    async with AppHarness() as app:
        one = await app.ask_and_answer("First", LONG)
        bar = app.window.transcript.verticalScrollBar()
        left_at = app.window.transcript.scroll_state()
        assert left_at[0] == app.state.current.path[0].id  # the question stays on screen
        new(app)
        await app.ask_and_answer("Second", "2")
        await app.open_conversation(one)
        assert app.window.transcript.scroll_state() == left_at
        bar.setValue(bar.maximum() // 2)
        place = app.window.transcript.scroll_state()
        new(app)
        await app.open_conversation(one)
        assert app.window.transcript.scroll_state() == place
        app.window.resize(760, 620)
        app.window.outer_panes.toggle_settings()
        await app.written()
        place = app.window.transcript.scroll_state()
    async with AppHarness() as app:
        assert app.window.size().toTuple() == (760, 620)
        assert app.open_id == one
        assert app.window.windowTitle().startswith("First")
        await until(lambda: app.window.transcript.scroll_state() == place)
        bar = app.window.transcript.verticalScrollBar()
        bar.setValue(bar.maximum())
    async with AppHarness() as app:
        bar = app.window.transcript.verticalScrollBar()
        assert bar.maximum() > 0
        await until(lambda: bar.value() == bar.maximum())
        new(app)
    async with AppHarness() as app:
        assert app.open_id != one
        assert app.window.empty_state.isVisible()
