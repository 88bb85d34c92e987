"""Connections that die during an answer: the peer vanishes, or this computer sleeps.

Each case ends with the received text and a reason, or for background runs with the whole answer. It
never hangs. The servers use real sockets. The client's clock simulates sleep.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.conversations.conversation import Draft, Message, MessageStatus
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Variant
from desktop_app.providers.http.silence import SilenceLimits
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.jobs.background_run import RunTimes
from tests.helpers.background_server import BackgroundServer, Fault, events_of
from tests.helpers.waiting import LONGEST_S
from tests.integration.providers.asking import Asker, asker_of, stored_path
from tests.integration.providers.test_faults import BEFORE, DIALECTS, MOMENTS
from tests.unit.providers.loopback import STREAM_HEAD, LoopbackServer, Received, chunk, stalls

PIECES = ("Hé, ", "théâtre", " of ", "the ", "world.")
EVENTS = events_of(PIECES)
TEXT = "".join(PIECES)
RUN_TIMES = RunTimes(max_silence=2 * LONGEST_S, poll=0.05, longest_pause=0.05)
IN_BACKGROUND = AskSettings(background=True)


class SleepClock:
    """The seconds that the computer slept; a test sets them."""

    def __init__(self) -> None:
        self.slept = 100.0

    def __call__(self) -> float:
        return self.slept


async def answer_of(asker: Asker) -> Message:
    began = await asker.begin(Draft("?"), [])
    async with asyncio.timeout(LONGEST_S):
        return await began.run(asker.listen, lambda _: None)


async def asleep_when(asker: Asker, clock: SleepClock, text: str) -> None:
    await asker.has_shown(text)
    clock.slept += 3_600


TIMES = Timeouts(silence=SilenceLimits(after_sleep=0.2, check_interval=0.02))


@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("moment", [BEFORE, "after the headers", "mid-text"])
async def test_after_a_sleep_a_dead_connection_is_noticed(
    api: Api, moment: str, tmp_path: Path
) -> None:
    pieces, text = MOMENTS.get(moment, (lambda _: (), ""))
    head = b"" if moment == BEFORE else STREAM_HEAD
    clock = SleepClock()
    script = stalls(*pieces(DIALECTS[api]), head=head)
    async with (
        LoopbackServer(script) as server,
        asker_of(tmp_path, server.base_url, api=api, timeouts=TIMES, suspended_s=clock) as asker,
    ):
        began = await asker.begin(Draft("?"), [])
        run = asyncio.ensure_future(began.run(asker.listen, lambda _: None))
        await server.arrived.wait()
        async with asyncio.timeout(LONGEST_S):  # the time-out of a read is half an hour
            while not run.done():
                # Headers that were on their way show, after a first sleep, that the server lives.
                await asleep_when(asker, clock, text)
                await asyncio.wait([run], timeout=5 * TIMES.silence.after_sleep)
        answer = await run
    assert answer.status is MessageStatus.FAILED
    assert answer.text == text
    assert answer.error is not None
    assert answer.error.what_happened == (
        "The connection to OpenAI was lost while the computer was asleep."
    )
    assert "The computer was asleep. Checking the connection to OpenAI." in asker.said
    assert (await stored_path(tmp_path, began.conversation.id))[1] == answer


async def test_a_connection_that_outlives_the_sleep_goes_on(tmp_path: Path) -> None:
    dialect, clock = DIALECTS[Api.RESPONSES], SleepClock()
    # More than a busy machine keeps a process waiting.
    times = replace(TIMES, silence=replace(TIMES.silence, after_sleep=1.0))

    async def beats(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(dialect.opening + dialect.text))
        for _beat in range(100):  # twice the limit, in heartbeats
            await asyncio.sleep(0.02)
            writer.write(chunk(b": beat\n\n"))
        writer.write(chunk(dialect.more + dialect.end) + b"0\r\n\r\n")
        await writer.drain()

    async with (
        LoopbackServer(beats) as server,
        asker_of(
            tmp_path, server.base_url, api=Api.RESPONSES, timeouts=times, suspended_s=clock
        ) as asker,
    ):
        sleep = asyncio.ensure_future(asleep_when(asker, clock, "Hé, "))
        answer = await answer_of(asker)
        await sleep
        said = asker.said
    assert (answer.status, answer.text) == (MessageStatus.COMPLETE, "Hé, théâtre")
    assert said == ["The computer was asleep. Checking the connection to OpenAI.", ""]


# ---------------------------------------------------------------- in the background

_AT = {"after the headers": 180, "mid-text": 1_000, "before the terminal": 2_500}


@pytest.mark.parametrize("moment", _AT)
@pytest.mark.parametrize("how", ["reset", "close", "silent", "garbage"])
async def test_in_the_background_the_answer_comes_whole(
    how: str, moment: str, tmp_path: Path
) -> None:
    times = RunTimes(max_silence=0.2, poll=0.05, longest_pause=0.05)

    server = BackgroundServer(EVENTS, faults=[Fault(_AT[moment], how)])
    async with (
        server,
        asker_of(tmp_path, server.base_url, variant=Variant.PRO, run_times=times) as asker,
    ):
        asker.settings = IN_BACKGROUND
        answer = await answer_of(asker)
        spent = (await asker.chat.calls.spending.conversation_spending(answer.conversation_id)).cost  # type: ignore[attr-defined]
        assert spent == answer.cost
        posts = len(server.requested_paths("POST"))
    assert (answer.status, answer.text) == (MessageStatus.COMPLETE, TEXT)
    assert posts == 1


async def test_in_the_background_a_sleep_loses_no_text(tmp_path: Path) -> None:
    clock = SleepClock()
    server = BackgroundServer(EVENTS, faults=[Fault(1_000, "silent")])
    async with (
        server,
        asker_of(
            tmp_path,
            server.base_url,
            variant=Variant.PRO,
            timeouts=TIMES,
            run_times=RUN_TIMES,
            suspended_s=clock,
        ) as asker,
    ):
        asker.settings = IN_BACKGROUND
        sleep = asyncio.ensure_future(asleep_when(asker, clock, "Hé, "))
        try:
            async with asyncio.timeout(LONGEST_S):  # less than the silence that is noticed
                answer = await answer_of(asker)
        finally:
            sleep.cancel()
            with suppress(asyncio.CancelledError):
                await sleep
    assert (answer.status, answer.text) == (MessageStatus.COMPLETE, TEXT)
