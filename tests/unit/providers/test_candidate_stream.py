"""Several answers in the stream of a single request."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    Notice,
    StreamEvent,
)
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.spending.cost import Usage
from desktop_app.providers.apis.candidate_stream import CandidatesReader
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.recording_memory import RecordingMemory
from tests.unit.providers.loopback import LoopbackServer, replies, streams
from tests.unit.providers.samples import CATALOG, COMPATIBLE, ask, fold, sse

USAGE = {"prompt_tokens": 100, "completion_tokens": 60}


def choice(index: int, text: str = "", reason: str | None = None) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    return {"id": "c1", "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}


def answers(events: list[StreamEvent], count: int) -> list[Reply]:
    """Return the reply of each answer."""
    own = [
        [e.event for e in events if isinstance(e, CandidateEvent) and e.number == at]
        for at in range(count)
    ]
    own[0] = [e for e in events if not isinstance(e, CandidateEvent)]
    return [fold(mine) for mine in own]


def read(*sent: dict[str, Any] | str, count: int = 2) -> list[StreamEvent]:
    reader = CandidatesReader("X", count)
    events = [
        e
        for each in sent
        for e in reader.read((each if isinstance(each, str) else json.dumps(each)).encode())
    ]
    return events if reader.is_finished else [*events, *reader.end()]


@given(st.data(), st.integers(2, 4))
def test_any_order_of_chunks_gives_each_answer_its_own(data: st.DataObject, count: int) -> None:
    pieces = [
        data.draw(st.lists(st.text("ab ", min_size=1, max_size=3), min_size=1, max_size=4))
        for _ in range(count)
    ]
    left = [
        [*(choice(at, text) for text in texts), choice(at, reason="stop")]
        for at, texts in enumerate(pieces)
    ]
    sent: list[Any] = []
    while any(left):
        at = data.draw(st.sampled_from([at for at, rest in enumerate(left) if rest]))
        sent.append(left[at].pop(0))
    events = read(*sent, {"choices": [], "usage": USAGE}, "[DONE]", count=count)
    found = answers(events, count)
    assert [reply.text for reply in found] == ["".join(texts) for texts in pieces]
    assert all(reply.status is MessageStatus.COMPLETE for reply in found)
    assert found[0].usage == Usage(100, 0, 60)
    assert [reply.usage for reply in found[1:]] == [None] * (count - 1)
    assert isinstance(events[-1], Completed)  # the first answer's, last of all


def test_an_answer_that_never_began_is_not_ended() -> None:
    events = read(choice(0, "Hi"), choice(0, reason="stop"), "[DONE]")
    assert not [e for e in events if isinstance(e, CandidateEvent)]
    assert fold(events).status is MessageStatus.COMPLETE


def test_a_cut_keeps_complete_answers_complete() -> None:
    first, second = answers(read(choice(0, "Hi"), choice(1, "Ho"), choice(1, reason="stop")), 2)
    assert (first.status, second.status) == (MessageStatus.FAILED, MessageStatus.COMPLETE)
    assert (first.text, second.text) == ("Hi", "Ho")


@pytest.mark.parametrize("broken", ["{", json.dumps({"error": {"message": "overloaded"}})])
def test_an_error_inside_the_stream_ends_all_answers(broken: str) -> None:
    first, second = answers(read(choice(0, "Hi"), choice(1, "Ho"), broken), 2)
    assert first.error is not None
    assert second.error is not None
    assert first.error is not second.error


def test_a_reply_in_one_piece_has_all_candidates() -> None:
    reply = {
        "choices": [
            {"index": at, "message": {"content": text}, "finish_reason": "stop"}
            for at, text in ((1, "Ho"), (0, "Hi"))
        ],
        "usage": USAGE,
    }
    reader = CandidatesReader("X", 2)
    first, second = answers(reader.read_whole(reply), 2)
    assert (first.text, second.text, first.usage) == ("Hi", "Ho", Usage(100, 0, 60))
    assert reader.is_finished
    (end,) = CandidatesReader("X", 2).read_whole({"x": 1})[-1:]
    assert isinstance(end, Failed)


async def stream_answers(
    server: LoopbackServer, learned: list[Any], count: int = 2
) -> list[StreamEvent]:
    profile = replace(COMPATIBLE, base_url=server.base_url, api=Api.CHAT_COMPLETIONS)
    client = ProviderClient(
        ProviderAccess(profile), CATALOG, memory=RecordingMemory(profile, learned=learned)
    )
    try:
        async with aclosing(client.stream(ask(model="m", candidates=count))) as events:
            return [event async for event in events]
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    "message",
    ["Field 'n': Value must be between 1 <= value <= 1, but got 2", "Unsupported parameter: 'n'"],
)
async def test_a_server_that_refuses_several_candidates_makes_one_and_is_remembered(
    message: str,
) -> None:
    refused = {"error": {"message": message, "type": "invalid_request_error", "code": 400}}
    body = sse(choice(0, "Hi"), choice(0, "", "stop"), "[DONE]")
    learned: list[Any] = []
    async with LoopbackServer(replies(400, refused), streams(body)) as server:
        events = await stream_answers(server, learned)
        assert ["n" in request.json for request in server.requests] == [True, False]
    assert fold(events).text == "Hi"
    assert not [e for e in events if isinstance(e, Notice)]  # said where the others are asked for
    assert [name for _, names in learned for name in names] == ["candidates=2"]
