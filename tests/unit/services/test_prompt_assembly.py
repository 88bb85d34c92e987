"""The messages of requests."""

from __future__ import annotations

import asyncio

from desktop_app.services.chat.prompt_assembly import request_messages
from desktop_app.services.prompt_delimiter import SAMPLE_DELIMITER
from tests.helpers.messages import answer, question
from tests.helpers.one_text import OneText


async def test_a_long_conversation_is_assembled_in_slices() -> None:
    path = [question("Why?"), answer("So.")] * 500
    loop = asyncio.get_running_loop()
    turns = 0

    def count_turn() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(count_turn)

    loop.call_soon(count_turn)
    messages = await request_messages(path, OneText(""), SAMPLE_DELIMITER)
    assert (len(messages), turns) == (1_000, 5)
