"""The cost of a delta between the socket and the reply, compared with json.loads alone.

For each API, a stream of deltas in socket-sized chunks goes through the decoder, the reader and the
accumulation. The baseline only parses the payloads. The figures are CPU times of the process, the
best of a few rounds. No network is used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.reply.sse import SSEDecoder

Reader = ResponsesReader | ChatCompletionsReader

CHUNK = 4096
WORDS = ("The ", "quick ", "brown ", "fox, ", "naïve ", "façade ", "jumps ", "over.\n")


def responses(deltas: int) -> list[dict[str, Any]]:
    """Return a stream of the Responses API with the fields that the live API sends."""
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp_1"}}]
    events += (
        {
            "type": "response.output_text.delta",
            "sequence_number": number,
            "item_id": "msg_0123456789abcdef0123456789abcdef",
            "output_index": 0,
            "content_index": 0,
            "delta": WORDS[number % len(WORDS)],
            "logprobs": [],
            "obfuscation": "x" * (number % 16),
        }
        for number in range(deltas)
    )
    return [*events, {"type": "response.completed", "response": {"status": "completed"}}]


def chat(deltas: int) -> list[dict[str, Any]]:
    """Return a stream of Chat Completions with the fields that the live API sends."""

    def chunk(delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {
            "id": "chatcmpl-0123456789abcdefghijklmnop",
            "object": "chat.completion.chunk",
            "created": 1_765_000_000,
            "model": "gpt-5.2",
            "service_tier": "default",
            "system_fingerprint": None,
            "choices": [choice],
            "usage": None,
        }

    words = (chunk({"content": WORDS[number % len(WORDS)]}) for number in range(deltas))
    return [*words, chunk({}, "stop")]


def main(deltas: int = 100_000, rounds: int = 3) -> dict[str, Any]:
    """Return the CPU microseconds per delta for each API and stage, and for the baseline."""

    def per_delta(work: Callable[[], object]) -> float:
        return round(min(_cpu(work) for _ in range(rounds)) / deltas * 1e6, 2)

    def measure(
        events: list[dict[str, Any]], reader: type[ResponsesReader] | type[ChatCompletionsReader]
    ) -> dict[str, float]:
        payloads = [json.dumps(event, ensure_ascii=False) for event in events]
        chunks = _chunks(events, payloads)
        baseline = per_delta(lambda: _parse(payloads))
        whole = per_delta(lambda: _fold(chunks, reader("X")))
        return {
            "json_loads_us": baseline,
            "decoder_us": per_delta(lambda: _decode(chunks)),
            "decoder_and_reader_us": per_delta(lambda: _read(chunks, reader("X"))),
            "all_us": whole,
            "times_json_loads": round(whole / baseline, 2),
        }

    return {
        "benchmark": "decode",
        "deltas": deltas,
        "responses": measure(responses(deltas), ResponsesReader),
        "chat_completions": measure(chat(deltas), ChatCompletionsReader),
    }


def _chunks(events: list[dict[str, Any]], payloads: list[str]) -> list[bytes]:
    """Return the stream in chunks. Events with a type get an `event:` line."""
    lines = (
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {payload}\n\n"
        for event, payload in zip(events, payloads, strict=True)
    )
    body = "".join(lines).encode()
    return [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _parse(payloads: list[str]) -> None:
    for payload in payloads:
        json.loads(payload)


def _decode(chunks: list[bytes]) -> None:
    decoder = SSEDecoder()
    for chunk in chunks:
        decoder.feed(chunk)


def _read(chunks: list[bytes], reader: Reader) -> None:
    decoder = SSEDecoder()
    for chunk in chunks:
        for received in decoder.feed(chunk):
            reader.read(received.data, received.event)


def _fold(chunks: list[bytes], reader: Reader) -> Reply:
    decoder, reply = SSEDecoder(), Reply()
    for chunk in chunks:
        for received in decoder.feed(chunk):
            for event in reader.read(received.data, received.event):
                reply = accumulate(reply, event)
    return reply
