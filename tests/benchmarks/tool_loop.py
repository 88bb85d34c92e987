"""The time of a tool call, without the time of the provider and of the tool.

An answer calls a tool that returns at once, a call in each round, over a store on disk. The time of
an answer without tools is subtracted. Every step of a call is stored before the next step.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.domain.tools.tool import ToolLimits
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.tools.tool_set import ToolCatalog
from tests.helpers.scripted_provider import ScriptedProvider
from tests.helpers.tools import Source
from tests.unit.services.test_chat_service import open_chat


def main(rounds: int = 10) -> dict[str, Any]:
    """Measure an answer of `rounds` rounds with a call each."""
    asyncio.run(_seconds(1))  # loads what the first call needs
    plain = asyncio.run(_seconds(0))
    return {
        "benchmark": "tool_loop",
        "rounds": rounds,
        "plain_ms": round(1000 * plain, 1),
        "call_ms": round(1000 * (asyncio.run(_seconds(rounds)) - plain) / rounds, 2),
    }


async def _seconds(rounds: int) -> float:
    """Return the time of an answer from its request to its last write."""
    calls: list[list[StreamEvent | str]] = [
        [ToolCallDelta(0, "{}", f"c{number}", "nothing"), Completed()] for number in range(rounds)
    ]
    provider = ScriptedProvider(*calls, [TextDelta("Done."), Completed()])
    names = ("nothing",) if rounds else ()
    settings = AskSettings(
        parameters=GenerationParameters(tools=names), limits=ToolLimits(rounds=rounds + 1)
    )

    async def nothing(_arguments: Any) -> str:
        return "nothing"

    catalog = ToolCatalog([Source(nothing=nothing)])
    with tempfile.TemporaryDirectory() as folder:
        async with open_chat(Path(folder), provider, tools=catalog) as chat:
            began = await chat.begin("Well?", settings=settings)
            start = time.perf_counter()
            answer = await chat.run(began)
            seconds = time.perf_counter() - start
            assert len(tool_calls(answer.parts)) == rounds
    return seconds
