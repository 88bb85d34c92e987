"""Typical provider replies, as scripts for the loopback server."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from tests.unit.providers.loopback import (
    STREAM_HEAD,
    Received,
    Script,
    chunk,
    replies,
    stalls,
    streams,
)
from tests.unit.providers.samples import sse

ANSWER = "Red, yellow and blue; žluť."
USAGE = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
COMPLETED = {
    "type": "response.completed",
    "response": {"id": "r", "status": "completed", "usage": USAGE},
}
CREATED = {"type": "response.created", "response": {"id": "r", "model": "gpt-5.2"}}


def delta(text: str) -> bytes:
    """Return a piece of an answer."""
    return sse({"type": "response.output_text.delta", "output_index": 0, "delta": text})


WHOLE = streams(sse(CREATED), delta(ANSWER[:9]), delta(ANSWER[9:]), sse(COMPLETED))
CHAT = streams(
    sse({"id": "c", "choices": [{"delta": {"content": ANSWER}, "finish_reason": "stop"}]}, "[DONE]")
)


async def whole_of_the_asked(request: Received, writer: asyncio.StreamWriter) -> None:
    """A whole answer that names the requested model as the one that answered."""
    created = {**CREATED, "response": {"id": "r", "model": request.json["model"]}}
    await streams(sse(created), delta(ANSWER), sse(COMPLETED))(request, writer)


CUT = streams(sse(CREATED), delta(ANSWER[:9]), end=False)
SILENT = stalls(sse(CREATED))
SILENT_AFTER_A_WORD = stalls(sse(CREATED), delta("Red, "))


def refusal(status: int, code: str, message: str = "No.", param: str = "", **more: str) -> Script:
    """Return an error reply in OpenAI's form."""
    error: dict[str, Any] = {"message": message, "type": "x", "code": code, "param": param or None}
    return replies(status, {"error": error}, x_request_id="req_7", **more)


async def endless(request: Received, writer: asyncio.StreamWriter) -> None:
    """An answer that goes on until the client leaves."""
    writer.write(STREAM_HEAD + chunk(sse(CREATED)))
    numbers = count()
    while not request.gone.is_set() and not writer.is_closing():
        # Numbered, because a local model that repeats itself is stopped.
        writer.write(chunk(delta("".join(f"and so on {next(numbers)} " for _ in range(100)))))
        try:
            await writer.drain()
        except ConnectionError:
            return
        await asyncio.sleep(0)
    writer.close()
