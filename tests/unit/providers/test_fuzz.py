"""Random streams: no exception, a single terminal event, and text that can be stored.

The suite runs a seeded sample. To run more:

    python -m tests.unit.providers.test_fuzz 1000000
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.message_parts import parts_from_json, parts_to_json
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.redacted_answer import RedactedAnswer
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.redaction import Redactor
from desktop_app.providers.http.sse import SSEDecoder
from tests.unit.providers.samples import fold, terminals

TEXTS = (
    *("output_text", "refusal", "reasoning_summary_text", "reasoning_text"),
    *("function_call_arguments", "custom_tool_call_input"),
)
OTHERS = (
    *("created", "in_progress", "queued", "output_item.added", "output_item.done"),
    *("content_part.done", "completed", "incomplete", "failed", "cancelled", "done", "new"),
)
KINDS = [
    *(f"response.{text}.{ending}" for text in TEXTS for ending in ("delta", "done")),
    *(f"response.{name}" for name in OTHERS),
    *("", "error"),
]
NAMES = (
    "type response delta text output_index content_index summary_index item id item_id call_id "
    "name arguments input refusal part error code message param status usage output content "
    "summary encrypted_content incomplete_details reason choices finish_reason tool_calls "
    "function index reasoning reasoning_content prompt_tokens input_tokens input_tokens_details "
    "cached_tokens model object detail"
).split()
WORDS = [
    "completed", "failed", "incomplete", "stop", "length", "message", "reasoning", "output_text",
    "function_call", "a", "é\u2028", "\ud83d", "[DONE]", "", "0", *KINDS,
]  # fmt: skip


def value(draw: random.Random, depth: int = 0) -> Any:
    """Return a random JSON value made of the words that the readers know."""
    kind = draw.random()
    if depth < 4 and kind < 0.45:
        return {draw.choice(NAMES): value(draw, depth + 1) for _ in range(draw.randrange(6))}
    if depth < 4 and kind < 0.6:
        return [value(draw, depth + 1) for _ in range(draw.randrange(3))]
    odd: tuple[Any, ...] = (None, True, -1, 0, 1, 10**30, 1.5, float("nan"), float("inf"), [], {})
    return draw.choice(WORDS) if kind < 0.9 else draw.choice(odd)


def event(draw: random.Random) -> bytes:
    """Return a random event of a stream, sometimes damaged."""
    made = value(draw)
    if isinstance(made, dict):
        made["type"] = draw.choice(KINDS)
    data = json.dumps(made) if draw.random() < 0.97 else draw.choice(["[DONE]", "{", "[" * 9999])
    end = draw.choice(["\n", "\r\n", "\r"])
    text = f"event: {draw.choice(KINDS)}{end}data: {data}{end}{end}"
    encoded = bytearray(text.encode("utf-8", "replace"))
    if draw.random() < 0.05:
        encoded[draw.randrange(len(encoded))] = draw.randrange(256)
    return bytes(encoded)


def check(seed: int) -> int:
    """Read a random stream with both readers and return its number of events."""
    draw = random.Random(seed)
    count = draw.randrange(1, 8)
    stream = b"".join(event(draw) for _ in range(count))
    decoder, at, received = SSEDecoder(), 0, []
    while at < len(stream):
        size = draw.randrange(1, 200)
        received += decoder.feed(stream[at : at + size])
        at += size
    for reader in (ResponsesReader("x"), ChatCompletionsReader("x")):
        out: list[StreamEvent] = []
        for each in received:
            out += reader.read(each.data, each.event)
        out += reader.end()
        answer = RedactedAnswer(Redactor)
        out = [cleaned for each in out for cleaned in answer.feed(each)]
        assert len(terminals(out)) == 1, seed
        assert terminals(out) == out[-1:], seed
        parts = fold(out).parts
        text = json.dumps(parts_to_json(parts), ensure_ascii=False)
        text.encode()  # no lone surrogates
        assert parts_from_json(json.loads(text)) == parts
    whole = value(draw)
    for reader in (ResponsesReader("x"), ChatCompletionsReader("x")):
        assert len(terminals(reader.read_whole(whole))) == 1, seed
    return count + 1


@pytest.mark.parametrize("block", range(2))
def test_random_streams_end_once_with_storable_text(block: int) -> None:
    for seed in range(block * 300, (block + 1) * 300):
        check(seed)


def main() -> None:
    """Read at least as many events as asked for."""
    wanted, seen, seed, begin = int(sys.argv[1]), 0, 10_000, time.monotonic()
    while seen < wanted:
        seen += check(seed)
        seed += 1
    took = time.monotonic() - begin
    sys.stdout.write(f"{seen:,} events in {seed - 10_000:,} streams, {took:.0f} s: no fault\n")


if __name__ == "__main__":
    main()
