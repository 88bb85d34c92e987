"""Fuzz target: the decoder of server-sent events and both readers of its events.

The first byte sets the size of the chunks.
"""

from __future__ import annotations

import json
import random
from itertools import chain

from desktop_app.domain.conversations.message_parts import parts_from_json, parts_to_json
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.sse import ServerSentEvent, SSEDecoder
from tests.unit.providers.samples import fold, terminals
from tests.unit.providers.test_fuzz import event


def seeds() -> list[bytes]:
    """Return streams with one to three events of every kind that the readers know."""
    made = []
    for seed in range(60):
        draw = random.Random(seed)
        stream = b"".join(event(draw) for _ in range(draw.randrange(1, 4)))
        made.append(bytes([draw.randrange(256)]) + stream)
    return made


def one_input(data: bytes) -> None:
    """Check that chunk sizes change nothing and that each reader ends once, with valid text."""
    cut, stream = data[:1], data[1:]
    whole = _decoded([stream])
    size = 1 + (cut[0] if cut else 0)
    assert _decoded([stream[at : at + size] for at in range(0, len(stream), size)]) == whole
    for reader in (ResponsesReader("x"), ChatCompletionsReader("x")):
        out = list(chain.from_iterable(reader.read(each.data, each.event) for each in whole))
        out += reader.end()
        assert terminals(out) == out[-1:]
        assert len(terminals(out)) == 1
        parts = fold(out).parts
        text = json.dumps(parts_to_json(parts), ensure_ascii=False)
        text.encode()
        assert parts_from_json(json.loads(text)) == parts


def _decoded(chunks: list[bytes]) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [*(found for chunk in chunks for found in decoder.feed(chunk)), *decoder.end()]
