"""A conversation of very many messages: its end first, any message of it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.app.library.library_controller import PREVIEW_COUNT
from desktop_app.domain.conversations.conversation import Conversation, now
from desktop_app.storage.conversations.conversation_store import insert_conversation, insert_message
from tests.gui.app.desk import Desk, PausableStore, until
from tests.helpers.messages import CHOICE, answer, question

if TYPE_CHECKING:
    import sqlite3

    from desktop_app.domain.conversations.conversation import Message

LONG = "long"


async def stored(desk: Desk, count: int) -> list[Message]:
    """Return a stored conversation."""
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

    await desk.backend.database.write(store)
    return messages


def can_send(desk: Desk) -> bool:
    return desk.window.prompt.can_send


async def test_the_end_is_shown_while_the_rest_is_read() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        other = await desk.ask_and_answer("Other", "Thing")
        messages = await stored(desk, 5 * PREVIEW_COUNT)
        desk.disk.is_paused = True
        desk.window.conversations.open_requested.emit(LONG)
        await until(lambda: f"Message {5 * PREVIEW_COUNT - 1}." in desk.transcript)
        assert "Thing" not in desk.transcript
        assert desk.open_id == other
        assert not can_send(desk)
        desk.disk.is_paused = False
        desk.disk.release.set()
        await until(lambda: desk.open_id == LONG)
        assert can_send(desk)
        assert len(desk.state.current.path) == len(messages)
        assert f"Message {5 * PREVIEW_COUNT - 1}." in desk.transcript
        assert desk.window.transcript.navigator.is_at_end
        await desk.opened(other)
        assert "Thing" in desk.transcript


async def test_another_one_is_opened_while_the_rest_is_read() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        other = await desk.ask_and_answer("Other", "Thing")
        await stored(desk, 3 * PREVIEW_COUNT)
        desk.disk.is_paused = True
        desk.window.conversations.open_requested.emit(LONG)
        await until(lambda: "Message" in desk.transcript)
        desk.window.conversations.open_requested.emit(other)
        desk.disk.is_paused = False
        desk.disk.release.set()
        await until(lambda: "Thing" in desk.transcript)
        assert desk.open_id == other
        assert can_send(desk)


async def jumped(desk: Desk, message_id: str) -> None:
    """Open a search hit, and wait until its message is in the transcript."""
    desk.window.conversations.hit_open_requested.emit(LONG, message_id, "")
    await until(lambda: desk.window.transcript.navigator.scroll_state()[0] == message_id)


async def test_a_hit_leads_to_its_message_and_latest_back() -> None:
    async with Desk() as desk:
        await desk.ask_and_answer("Other", "Thing")
        messages = await stored(desk, 900)
        for number in (100, 700):
            await jumped(desk, messages[number].id)
            assert desk.open_id == LONG
        assert "Message 400." not in desk.transcript
        desk.window.transcript.navigator.scroll_to_bottom()
        assert "Message 899." in desk.transcript


async def test_the_preview_ends_if_a_deleted_conversation_is_opened_meanwhile() -> None:
    async with Desk(disk=PausableStore) as desk:
        assert isinstance(desk.disk, PausableStore)
        other = await desk.ask_and_answer("Other", "Thing")
        await stored(desk, 3 * PREVIEW_COUNT)
        desk.disk.is_paused = True
        desk.window.conversations.open_requested.emit(LONG)
        await until(lambda: "Message" in desk.transcript)
        desk.window.conversations.open_requested.emit("deleted")
        desk.disk.is_paused = False
        desk.disk.release.set()
        await until(lambda: "Thing" in desk.transcript)
        assert desk.open_id == other
        assert can_send(desk)
