"""Background runs: wherever and however a stream is cut, the reply is complete and billed once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import (
    Failed,
    Notice,
    RunAdvanced,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import MessageStatus, RemoteRun
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import AuthenticationError, ProviderError, RunLostError
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.jobs.background_run import RunTimes, run_path
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.background_server import (
    STOPPED_TOKENS,
    USAGE,
    BackgroundServer,
    Fault,
    events_of,
)
from tests.helpers.blocking import blocking
from tests.helpers.examples import examples
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, replies, stalls
from tests.unit.providers.samples import CATALOG, OPENAI, ask, fold

PIECES = ("Hé, ", "théâtre", " ☂\u2028", "end.")
THOUGHTS = ("First ", "this.")
EVENTS = events_of(PIECES, THOUGHTS)
REQUEST = replace(ask(model="gpt-5.2-pro", effort=Effort.HIGH), background=True)
# However slow the machine, no connection that is alive is taken for a silent one.
TIMES = RunTimes(
    max_silence=60, poll=0.05, queued=0.12, unreachable=60, longest_pause=0.05, cancel=20
)
IMPATIENT = replace(TIMES, max_silence=0.2)
LONGEST_S = 60


def client_of(
    server: BackgroundServer, profile: ProviderProfile = OPENAI, times: RunTimes = TIMES
) -> ProviderClient:
    there = replace(profile, base_url=server.base_url)
    return ProviderClient(
        ProviderAccess(there, key_for(there.base_url, "sk-x")),
        CATALOG,
        timeouts=Timeouts(),
        run_times=times,
    )


async def all_of(source: AsyncGenerator[StreamEvent, None]) -> list[StreamEvent]:
    return [event async for event in source]


@blocking
async def stream_answer(
    server: BackgroundServer, request: ChatRequest = REQUEST, times: RunTimes = TIMES
) -> list[StreamEvent]:
    async with asyncio.timeout(LONGEST_S), server:
        client = client_of(server, times=times)
        try:
            return await all_of(client.stream(request))
        finally:
            await client.aclose()


def _whole() -> Reply:
    """Return the reply of an undisturbed stream."""
    reader = ResponsesReader("OpenAI", is_background=True)
    named = json.dumps(EVENTS).replace('"id": ""', '"id": "resp_1"')
    return fold(
        said for event in json.loads(named) for said in reader.read(json.dumps(event).encode())
    )


WHOLE = _whole()


def check_whole(events: Sequence[StreamEvent]) -> None:
    reply = fold(events)
    assert replace(reply, run=None) == WHOLE


def test_an_undisturbed_run_is_requested_once() -> None:
    server = BackgroundServer(EVENTS)
    events = stream_answer(server)
    check_whole(events)
    assert WHOLE.status is MessageStatus.COMPLETE
    assert WHOLE.text == "".join(PIECES)
    assert WHOLE.usage == Usage(USAGE["input_tokens"], 0, USAGE["output_tokens"], 0)
    [(_, _, body)] = server.requests
    assert (body["background"], body["store"], body["stream"]) == (True, True, True)
    assert "include" not in body
    assert [e for e in events if isinstance(e, RunAdvanced)] == [RunAdvanced(RemoteRun("resp_1"))]
    assert sum(isinstance(e, UsageReported) for e in events) == 1


LENGTH = 3_900  # bytes of the stream, about


@settings(max_examples=examples(40), deadline=None)
@given(
    # The connection lasts until the run has an id.
    st.builds(
        Fault, st.integers(200, LENGTH), st.sampled_from(["reset", "close", "garbage", "silent"])
    )
)
def test_a_reply_is_complete_wherever_its_stream_is_cut(fault: Fault) -> None:
    server = BackgroundServer(EVENTS, faults=[fault])
    check_whole(stream_answer(server, times=IMPATIENT))
    assert len(server.requested_paths("POST")) == 1, "asked, and billed, once"


@blocking
async def resume_run(
    server: BackgroundServer, *, forget: bool = False, key: str | None = "sk-x"
) -> list[StreamEvent]:
    """Begin a run, leave it, and resume it with another client."""

    async with asyncio.timeout(LONGEST_S), server:
        client = client_of(server)
        async for event in client.stream(REQUEST):
            if isinstance(event, TextDelta):
                break
        await client.aclose()
        if forget:
            server.runs.clear()
        server.release()
        profile = replace(OPENAI, base_url=server.base_url)
        client = ProviderClient(
            ProviderAccess(profile, key_for(profile.base_url, key)), CATALOG, run_times=TIMES
        )
        try:
            return await all_of(client.resume(RemoteRun("resp_1")))
        finally:
            await client.aclose()


def test_a_run_resumed_by_another_client_is_complete() -> None:
    server = BackgroundServer(EVENTS, hold_at=12)
    check_whole(resume_run(server))
    assert len(server.requested_paths("POST")) == 1


def test_a_run_that_no_longer_exists_is_lost() -> None:
    reply = fold(resume_run(BackgroundServer(EVENTS, hold_at=12), forget=True))
    assert isinstance(reply.error, RunLostError)
    assert "about 10 minutes" in reply.error.what_happened


def test_a_run_is_not_resumed_without_its_key() -> None:
    events = resume_run(BackgroundServer(EVENTS, hold_at=12), key=None)
    [failed] = events
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, AuthenticationError)


async def test_a_cancellation_is_sent_to_the_provider() -> None:
    async with asyncio.timeout(LONGEST_S), BackgroundServer(EVENTS, hold_at=9) as server:
        client = client_of(server)
        async for event in client.stream(REQUEST):
            if isinstance(event, RunAdvanced):
                break
        used = await client.cancel(RemoteRun("resp_1"))
        await client.aclose()
    assert server.runs["resp_1"].status == "cancelled"
    assert used == Usage(USAGE["input_tokens"], 0, STOPPED_TOKENS, 0)


@pytest.mark.parametrize(
    ("script", "times", "reason"),
    [
        (
            replies(404, {"error": {"message": "No such run."}}),
            None,
            "Couldn’t find a compatible API at",
        ),
        (stalls(head=b""), RunTimes(cancel=0.01), "The provider didn’t respond in"),
    ],
)
async def test_a_failed_cancellation_is_an_error(
    script: Script, times: RunTimes | None, reason: str
) -> None:
    async with LoopbackServer(script) as server:
        profile = replace(OPENAI, base_url=server.base_url)
        client = ProviderClient(
            ProviderAccess(profile, key_for(profile.base_url)), CATALOG, run_times=times
        )
        with pytest.raises(ProviderError) as caught:
            await client.cancel(RemoteRun("r/1"))
        await client.aclose()
        assert {request.path for request in server.requests} <= {"/v1/responses/r%2F1/cancel"}
    assert reason in caught.value.message


@pytest.mark.parametrize("param", ["background", "store"])
def test_a_refused_background_run_is_streamed_with_a_notice(param: str) -> None:
    server = BackgroundServer(EVENTS)
    server.refused = {"message": f"No {param}", "code": "unsupported_parameter", "param": param}
    events = stream_answer(server)
    bodies = [body for _, _, body in server.requests]
    assert [body.get("background") for body in bodies] == [True, None]
    assert bodies[1]["store"] is False
    assert Notice(notice(NoticeCode.BACKGROUND_REFUSED, provider="OpenAI")) in events
    assert fold(events).text == WHOLE.text


def test_an_id_is_escaped_in_the_path() -> None:
    assert run_path("../models?x") == "responses/..%2Fmodels%3Fx"
