"""A conversation of very many messages: its end first, any message of it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.app.library.navigator import PREVIEW_COUNT
from desktop_app.domain.conversations.conversation import Conversation, now
from desktop_app.storage.conversations.conversation_store import insert_conversation, insert_message
from tests.gui.app.app_harness import AppHarness, PausableStore, until
from tests.helpers.messages import CHOICE, answer, question

if TYPE_CHECKING:
    import sqlite3

    from desktop_app.domain.conversations.conversation import Message

LONG = "long"


async def store_conversation(app: AppHarness, count: int) -> list[Message]:
    """Store the conversation LONG, and return its messages."""
    messages: list[Message] = []
    for number in range(count):
        made = (answer if number % 2 else question)(f"Message {number}.\n\nWords.\n\nWords.")
        parent = messages[-1].id if messages else None
        messages.append(replace(made, conversation_id=LONG, parent_id=parent))

    def store(connection: sqlite3.Connection) -> None:
        insert_conversation(connection, Conversation(LONG, "Long", now(), now(), CHOICE))
        for message in messages:
            insert_message(connection, message)
        leaf = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
        connection.execute(leaf, (messages[-1].id, LONG))

    await app.backend.database.write(store)
    return messages


def can_send(app: AppHarness) -> bool:
    return app.window.prompt.send_action.can_send


async def test_the_end_is_shown_while_the_rest_is_read() -> None:
    async with AppHarness(disk=PausableStore) as app:
        assert isinstance(app.disk, PausableStore)
        other = await app.ask_and_answer("Other", "Thing")
        messages = await store_conversation(app, 5 * PREVIEW_COUNT)
        app.disk.is_paused = True
        app.window.conversations.open_requested.emit(LONG)
        await until(lambda: f"Message {5 * PREVIEW_COUNT - 1}." in app.transcript)
        assert "Thing" not in app.transcript
        assert app.open_id == other
        assert not can_send(app)
        app.disk.is_paused = False
        app.disk.release.set()
        await until(lambda: app.open_id == LONG)
        assert can_send(app)
        assert len(app.state.current.path) == len(messages)
        assert f"Message {5 * PREVIEW_COUNT - 1}." in app.transcript
        assert app.window.transcript.navigator.is_at_end
        await app.open_conversation(other)
        assert "Thing" in app.transcript


async def open_hit(app: AppHarness, message_id: str) -> None:
    """Open a search hit, and wait until its message is in the transcript."""
    app.window.conversations.search.hit_open_requested.emit(LONG, message_id, "")
    await until(lambda: app.window.transcript.navigator.scroll_state()[0] == message_id)


async def test_a_hit_opens_its_message_and_scrolling_down_shows_the_latest() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Other", "Thing")
        messages = await store_conversation(app, 900)
        for number in (100, 700):
            await open_hit(app, messages[number].id)
            assert app.open_id == LONG
        assert "Message 400." not in app.transcript
        app.window.transcript.navigator.scroll_to_bottom()
        assert "Message 899." in app.transcript
