"""The first screen of a conversation of thousands of messages, compared with ten.

Uses the real window and a real store. Measures the time from the click in the list until the newest
message is painted, then until all messages are loaded, and the time of a jump to the middle.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

from desktop_app.app.navigator import Navigator

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from desktop_app.domain.conversations.conversation import Message
    from tests.gui.app.app_harness import AppHarness

FEW = 10
MAX_WAIT_S = 60.0


def main(messages: int = 10_000, times: int = 9) -> dict[str, Any]:
    """Return medians in milliseconds of `times` rounds that alternate between the two sizes."""
    from tests.benchmarks import streaming
    from tests.helpers.qt_loop import qt_loop

    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        os.environ["REPARTEE_HOME"] = os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        application = streaming.make_application()
        application.setQuitOnLastWindowClosed(False)
        with qt_loop(application) as loop:
            asyncio.set_event_loop(loop)
            found: dict[str, Any] = loop.run_until_complete(_measure(messages, times))
    return {"benchmark": "open_conversation", "messages": messages, **found}


async def _measure(count: int, times: int) -> dict[str, Any]:
    from tests.gui.app.app_harness import AppHarness

    async with AppHarness() as app:
        many, few = await _fill(app, "many", count), await _fill(app, "few", FEW)
        shown: dict[str, list[float]] = {"many": [], "few": []}
        read: list[float] = []
        jumps: list[float] = []
        for _ in range(times + 1):
            shown["few"].append(await _open(app, "few", few[-1].id))
            began = time.perf_counter()
            shown["many"].append(await _open(app, "many", many[-1].id))
            await _until(lambda: app.window.transcript.messages.count > count // 2)
            read.append(time.perf_counter() - began)
            began = time.perf_counter()
            app.state.tasks.start(app.controllers.of(Navigator).open("many", many[count // 2].id))
            await _until(lambda: _is_at(app, many[count // 2].id))
            jumps.append(time.perf_counter() - began)
            # Otherwise it reopens at the last position.
            app.window.transcript.scroll_to_end()
        segments = app.window.transcript.shown_segments()
        written = sum(each.document.characterCount() for each in segments)
    first = {name: median(values[1:]) for name, values in shown.items()}
    return {
        "ratio": round(first["many"] / first["few"], 2),
        "first_screen_ms": [round(first["few"] * 1000, 1), round(first["many"] * 1000, 1)],
        "all_read_ms": round(median(read[1:]) * 1000),
        "jump_ms": round(median(jumps[1:]) * 1000, 1),
        "characters_written": written,
    }


async def _fill(app: AppHarness, conversation_id: str, count: int) -> list[Message]:
    """Store a conversation of `count` messages of 2 KB on average."""
    from desktop_app.chat.conversation_store import insert_conversation, insert_message
    from desktop_app.domain.conversations.conversation import Conversation, now
    from tests.benchmarks.streaming import history_of
    from tests.helpers.messages import CHOICE

    messages: list[Message] = []
    for message in history_of(count):
        parent = messages[-1].id if messages else None
        messages.append(replace(message, conversation_id=conversation_id, parent_id=parent))

    def store(connection: sqlite3.Connection) -> None:
        leaf = messages[-1].id
        made = Conversation(conversation_id, conversation_id, now(), now(), CHOICE)
        insert_conversation(connection, made)
        for message in messages:
            insert_message(connection, message)
        connection.execute(
            "UPDATE conversations SET leaf_id = ? WHERE id = ?", (leaf, conversation_id)
        )

    await app.backend.database.write(store)
    return messages


async def _open(app: AppHarness, conversation_id: str, last_id: str) -> float:
    """Return the seconds from the click until the newest message is painted."""
    view = app.window.transcript
    view.grab()
    began = time.perf_counter()
    app.window.conversations.open_requested.emit(conversation_id)
    await _until(lambda: view.messages.get(last_id) is not None)
    view.viewport().repaint()
    return time.perf_counter() - began


def _is_at(app: AppHarness, message_id: str) -> bool:
    view = app.window.transcript
    return view.messages.get(message_id) is not None and view.scroll_state()[0] == message_id


async def _until(condition: Callable[[], bool]) -> None:
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > MAX_WAIT_S:
            raise TimeoutError
        await asyncio.sleep(0)
