"""SIGKILLs at random moments of a tool loop whose tool counts on disk.

    .venv/bin/python -m tests.integration.storage.test_tool_kills 100 [SEED]

A worker asks questions without end; each answer takes several rounds of parallel calls, and in
each the provider runs a tool itself. It is killed at a random moment and started again. No call may
take effect twice, none may take effect without being on disk before, and no result that was stored
may be lost. A call that the provider has run stays as it was reported; its fee is recorded once.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

from desktop_app.budget.ledger import from_nanos
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    HostedCall,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_parts import ToolCallPart, tool_calls
from desktop_app.domain.tools.tool import ListedTool, ToolCallState, ToolContext, ToolDefinition
from desktop_app.storage.database import Database
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.blocking import blocking
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.chat.test_chat_service import open_chat

ROOT = Path(__file__).parents[3]
ROUNDS, PARALLEL = 3, 2
FEE = Decimal("0.01")
EFFECTS, STORE = "effects.txt", "store.sqlite3"


class Counting:
    """A tool that appends its mark to a file."""

    name = ""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def prepare(self) -> None:
        pass

    async def tools(self) -> Sequence[ListedTool]:
        return [ListedTool(ToolDefinition("count", "Counts.", {"type": "object"}))]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        os.write(self._file, f"{arguments['mark']}\n".encode())
        await asyncio.sleep(0)
        return f"counted {arguments['mark']}"


class Calling(ScriptedProvider):
    """A model that calls the tool for some rounds and then answers."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        calls = tool_calls(request.messages[-1].parts)
        assert not [call for call in calls if call.is_hosted], "sent to the provider that ran it"
        if len(calls) < ROUNDS * PARALLEL:
            hosted = ToolCallPart(new_id(), "web_search", "{}", result="found", is_hosted=True)
            yield HostedCall(replace(hosted, state=ToolCallState.DONE))
            for number in range(PARALLEL):
                arguments = json.dumps({"mark": new_id()})
                yield ToolCallDelta(number, arguments, new_id(), "count")
        else:
            yield TextDelta("Counted.")
        yield Completed()


@blocking
async def work(folder: Path) -> None:
    """Ask without end."""
    async with open_chat(
        folder, Calling(), tools=ToolCatalog([Counting(folder / EFFECTS)])
    ) as chat:
        await chat.store.interrupt_orphans()
        settings = AskSettings(parameters=GenerationParameters(tools=("count",)))
        for number in count():
            await chat.run(await chat.begin("Count.", settings=settings))
            if number == 0:  # all late imports are done
                print("ready", flush=True)  # noqa: T201 — the parent waits for it


@blocking
async def stored_calls(folder: Path) -> list[ToolCallPart]:
    """Return all calls on disk, as the next start of the program finds them."""
    database = Database(folder / STORE)
    await database.open()
    store = ConversationStore(database)
    try:
        await store.interrupt_orphans()
        found: list[ToolCallPart] = []
        for conversation in await store.all():
            for message in await store.path(conversation.id):
                found += tool_calls(message.parts)
        return found
    finally:
        await database.close()


def fees(folder: Path) -> Decimal:
    """Return the number of hosted calls whose fee is in the ledger."""
    with closing(sqlite3.connect(folder / STORE)) as connection:
        rows = connection.execute("SELECT cost FROM ledger WHERE purpose = 'tools'").fetchall()
    return sum((from_nanos(cost) for (cost,) in rows), Decimal(0)) / FEE


def check(folder: Path, kills: int) -> Counter[str]:
    """Raise AssertionError if an effect is repeated, unknown or lost. Return the states."""
    effects = Counter((folder / EFFECTS).read_text().split())
    assert set(effects.values()) <= {1}, "a call took effect twice"
    stored = stored_calls(folder)
    hosted = [call for call in stored if call.is_hosted]
    assert len({call.call_id for call in hosted}) == len(hosted), "a hosted call is there twice"
    assert {(call.state, call.result) for call in hosted} <= {(ToolCallState.DONE, "found")}
    calls = {json.loads(c.arguments)["mark"]: c for c in stored if not c.is_hosted}
    assert len(calls) == len(stored) - len(hosted)
    for mark in effects:
        assert mark in calls, "an effect without a stored call"
        assert calls[mark].state in (ToolCallState.DONE, ToolCallState.INTERRUPTED)
    for mark, call in calls.items():
        if call.state is ToolCallState.DONE:
            assert mark in effects
            assert call.result == f"counted {mark}"
        elif call.state is not ToolCallState.INTERRUPTED:
            assert mark not in effects, "it took effect before it was stored as running"
    # A call can only be killed between its fee and its step on disk.
    assert len(hosted) <= fees(folder) <= len(hosted) + kills
    states = Counter(call.state.value for call in calls.values())
    return states + Counter(hosted=len(hosted))


def campaign(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill the worker again and again. Return the states of all calls in the end."""
    chance, states = random.Random(seed), Counter[str]()
    command = [sys.executable, "-m", "tests.integration.storage.test_tool_kills", "work"]
    for _ in range(kills):
        with subprocess.Popen(
            [*command, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            sleep(chance.uniform(0.0, 0.5))  # the moment is what is varied
            worker.kill()
        states = check(folder, kills)
    return states


def test_no_kill_repeats_or_loses_a_call(tmp_path: Path) -> None:
    states = campaign(tmp_path, 2, seed=7)
    assert states["done"] > 0
    assert states["hosted"] > 0


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(Path(sys.argv[2]))
    else:
        import tempfile

        with tempfile.TemporaryDirectory() as name:
            seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
            print(dict(campaign(Path(name), int(sys.argv[1]), seed)))  # noqa: T201
