"""Share of the input that comes from the prompt cache, over questions about one document.

`recording`: a server that caches as OpenAI documents it (equal beginnings of 1,024 tokens or more,
in steps of 128, for requests of one cache key), with `repartee ask` as separate processes.
`on-device`: the local model, in one process, by the tokens that llama.cpp reports as cached.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.backend import build_backend
from desktop_app.backend.environment_profiles import ON_DEVICE
from desktop_app.cli.answers.unsaved_conversation_id import unsaved_conversation_id
from desktop_app.domain.conversations.conversation import Conversation, Draft, ModelChoice, now
from desktop_app.domain.spending.cost import Usage
from desktop_app.paths import folders
from tests.integration.cli.command import Shell, gateway
from tests.unit.providers.loopback import LoopbackServer, Received, streams
from tests.unit.providers.samples import sse

MIN_CACHED_TOKENS: Final = 1024
CACHE_STEP_TOKENS: Final = 128
BYTES_PER_TOKEN: Final = 4
LINE: Final = "Paragraph {n}: the tenant of unit {n} pays {n} crowns on the first of each month.\n"


def main(questions: int = 6, paragraphs: int = 400) -> Iterable[dict[str, Any]]:
    """Yield the shares of both servers."""
    with tempfile.TemporaryDirectory() as folder:
        yield asyncio.run(_recording(Path(folder), questions, paragraphs))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["REPARTEE_HOME"] = folder
        yield asyncio.run(_on_device(questions, min(paragraphs, 60)))


class _Cache:
    """A server's prompt cache: the contents of earlier requests, by cache key."""

    def __init__(self) -> None:
        self._seen: dict[str, list[bytes]] = {}
        self.usage = Usage()
        self.keys: set[str] = set()

    async def answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Report as cached the longest beginning that the request shares with an earlier one."""
        asked = request.json
        key = str(asked.get("prompt_cache_key", ""))
        content = json.dumps([asked.get("instructions"), asked["input"]]).encode()
        earlier = self._seen.setdefault(key, [])
        shared = max((_common_prefix_length(content, each) for each in earlier), default=0)
        earlier.append(content)
        self.keys.add(key)
        tokens = shared // BYTES_PER_TOKEN
        cached = tokens // CACHE_STEP_TOKENS * CACHE_STEP_TOKENS
        if tokens < MIN_CACHED_TOKENS:
            cached = 0
        usage = {
            "input_tokens": len(content) // BYTES_PER_TOKEN,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": 5,
            "total_tokens": len(content) // BYTES_PER_TOKEN + 5,
        }
        self.usage += Usage(usage["input_tokens"], cached)  # type: ignore[arg-type]
        done = {"id": "r", "status": "completed", "usage": usage}
        delta = {"type": "response.output_text.delta", "output_index": 0, "delta": "Yes."}
        end = {"type": "response.completed", "response": done}
        await streams(sse(delta), sse(end))(request, writer)


def _common_prefix_length(one: bytes, other: bytes) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


async def _recording(folder: Path, questions: int, paragraphs: int) -> dict[str, Any]:
    document = folder / "lease.txt"
    document.write_text("".join(LINE.format(n=n) for n in range(paragraphs)), "utf-8")
    shell, cache = Shell(folder / "shell"), _Cache()
    async with LoopbackServer(cache.answer, models=("gpt-5.2",)) as server:
        for number in range(questions):
            done = await shell.run_new(
                *("ask", f"What does unit {number} pay?", "--file", str(document)),
                *("--variant", "thinking"),
                env=gateway(server.base_url),
            )
            assert done.code == 0, done.err
    usage = cache.usage
    return {
        "benchmark": "cached_input",
        "server": "recording",
        "questions": questions,
        "cache_keys": len(cache.keys),
        "input_tokens": usage.input_tokens,
        "cached_share": round(usage.cached_tokens / usage.input_tokens, 3),
    }


async def _on_device(questions: int, paragraphs: int) -> dict[str, Any]:
    backend = build_backend(folders(), {})
    text = "".join(LINE.format(n=n) for n in range(paragraphs))
    total, seconds = Usage(), list[float]()
    try:
        await backend.open()
        settings = replace(ask_settings(await backend.values()), instructions=text)
        parameters = replace(settings.parameters, max_output_tokens=16)
        settings = replace(settings, parameters=parameters)
        choice = ModelChoice(ON_DEVICE.id, backend.providers.on_device_model, None, None)
        for number in range(questions):
            name = unsaved_conversation_id(text, (), "") + f"-{number}"
            conversation = Conversation(name, "", now(), now(), choice)
            draft = Draft(f"What does unit {number} pay?")
            run = await backend.chat.begin(conversation, [], draft, ON_DEVICE, settings)
            answer = await run.run(lambda *_: None, lambda _error: None)
            total += answer.usage or Usage()
            seconds.append(answer.duration_s or 0.0)
    finally:
        await backend.aclose()
    return {
        "benchmark": "cached_input",
        "server": "on-device",
        "questions": questions,
        "input_tokens": total.input_tokens,
        "cached_share": round(total.cached_tokens / max(1, total.input_tokens), 3),
        "first_s": round(seconds[0], 2),
        "later_s": round(sum(seconds[1:]) / max(1, len(seconds) - 1), 2),
    }
