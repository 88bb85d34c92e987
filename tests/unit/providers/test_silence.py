"""Reports of a provider's silence, in simulated time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.answering.stream_events import StatusChanged, StreamEvent, ToolCallDelta
from desktop_app.domain.errors import StreamCutError
from desktop_app.providers.http.http_reply import HttpReply, ReplyReading
from desktop_app.providers.http.redaction import Redactor
from desktop_app.providers.http.silence import SilenceLimits, SilenceWatch, suspended_s
from tests.helpers.fragment import Fragment
from tests.helpers.linux_only import linux_only
from tests.helpers.simulated_time import in_simulated_time, run_in_simulated_time

LIMITS = SilenceLimits(first_report=40, report_interval=60, after_sleep=20, check_interval=1)
ASLEEP = "The computer was asleep. Checking the connection to P."


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, object]], object]:
    """Return the function that runs the coroutine tests of this module, in simulated time."""
    return run_in_simulated_time


def silent(seconds: int) -> str:
    return f"No data from P for {seconds} s. The model may still be reasoning."


def never() -> float:
    return 0.0


@in_simulated_time
async def events_after(
    limits: SilenceLimits, pauses: Sequence[float], asleep: Callable[[], float] = never
) -> list[tuple[float, str]]:
    """Return when each event comes, and its text, if bytes come after each of the pauses."""
    loop = asyncio.get_running_loop()

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            yield b"data: %d\n\n" % number

    found = []
    try:
        async for event in reading(pieces(), SilenceWatch("P", limits, asleep)):
            if isinstance(event, StatusChanged):
                assert event.seconds == 0
            said = status_text(event.status) if isinstance(event, StatusChanged) else _text(event)
            found.append((round(loop.time(), 2), str(said)))
    except StreamCutError as error:
        assert error.params == {"provider": "P"}
        found.append((round(loop.time(), 2), f"{error.message} {error.details}"))
    return found


def reading(
    pieces: AsyncGenerator[bytes, None], watch: SilenceWatch, opens_in_s: float = 0
) -> AsyncGenerator[StreamEvent, None]:
    """Return the events of a reply with these pieces, each of whose events is a call of a tool."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[HttpReply]:
        await asyncio.sleep(opens_in_s)
        response = SimpleNamespace(headers={}, aiter_raw=lambda: pieces)
        yield HttpReply(cast("Any", response), cast("Any", None), Redactor([]), 0)

    def end(cut: StreamCutError | None) -> list[StreamEvent]:
        if cut is not None:
            raise cut
        return []

    def read(data: bytes, _name: str) -> list[StreamEvent]:
        return [ToolCallDelta(int(data), data.decode())]

    return ReplyReading(opening(), watch).events(read, lambda _: [], end)


def _text(event: StreamEvent) -> str:
    assert isinstance(event, ToolCallDelta)
    return event.arguments


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ((39,), [(39, "0")]),
        ((41,), [(40, silent(40)), (41, ""), (41, "0")]),
        ((161,), [(40, silent(40)), (100, silent(100)), (160, silent(160)), (161, ""), (161, "0")]),
        # The next silence counts from the last byte, and is withdrawn as well.
        ((39, 39), [(39, "0"), (78, "1")]),
        (
            (41, 5, 41),
            [
                *((40, silent(40)), (41, ""), (41, "0"), (46, "1")),
                *((86, silent(40)), (87, ""), (87, "2")),
            ],
        ),
    ],
)
def test_each_silence_is_reported_and_withdrawn(
    pauses: Sequence[float], expected: list[tuple[float, str]]
) -> None:
    assert events_after(LIMITS, pauses) == expected


def test_a_connection_that_can_be_replaced_is_cut() -> None:
    limits = replace(LIMITS, cut=90)
    cut = Fragment("before the response finished. nothing heard for 90 s")
    assert events_after(limits, (89,)) == [(40, silent(40)), (89, ""), (89, "0")]
    assert events_after(limits, (5, 91)) == [(5, "0"), (45, silent(40)), (95, cut)]


def sleeps(begin: float, seconds: float) -> Callable[[], float]:
    """Return the clock of a computer that sleeps for some seconds."""

    def clock() -> float:
        return 7.0 if asyncio.get_running_loop().time() < begin else 7.0 + seconds

    return clock


def test_a_connection_that_stays_silent_after_sleep_is_lost() -> None:
    lost = Fragment("while the computer was asleep. nothing heard for 30 s")
    assert events_after(LIMITS, (35,), sleeps(10, 500)) == [(10, ASLEEP), (30, lost)]
    # Any byte shows that it lives.
    assert events_after(LIMITS, (29, 30), sleeps(10, 500)) == [
        *((10, ASLEEP), (29, ""), (29, "0"), (59, "1"))
    ]
    assert events_after(LIMITS, (35,), sleeps(10, 1.01)) == [(10, ASLEEP), (30, lost)]


@pytest.mark.parametrize(("enabled_at", "cut_at"), [(5, 90), (120, 120)])
async def test_a_cut_that_is_enabled_later_counts_from_the_last_byte(
    enabled_at: float, cut_at: float
) -> None:
    loop = asyncio.get_running_loop()
    watch = SilenceWatch("P", replace(LIMITS, cut=90), never, may_cut=False)
    loop.call_at(enabled_at, watch.enable_cut)
    found: list[StreamEvent] = []
    with pytest.raises(StreamCutError):
        await _collect(reading(endless(), watch), found)
    reports = [silent(40), silent(100)]
    said = [status_text(each.status) for each in found if isinstance(each, StatusChanged)]
    assert (loop.time(), said) == (cut_at, reports[: 1 + (cut_at > 100)])


@pytest.mark.parametrize(("opens_in_s", "blank_in_s"), [(40.5, 20), (20, 20.5)])
async def test_what_is_no_event_ends_a_silence_at_once(
    opens_in_s: float, blank_in_s: float
) -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(blank_in_s)
        yield b"\n"
        await asyncio.sleep(30)
        yield b"data: 1\n\n"

    watch, loop = (
        SilenceWatch("P", replace(LIMITS, first_report=20), never),
        asyncio.get_running_loop(),
    )
    said = [
        (loop.time(), status_text(event.status))
        async for event in reading(pieces(), watch, opens_in_s)
        if isinstance(event, StatusChanged)
    ]
    assert (40.5, "") in said


async def _collect(events: AsyncGenerator[StreamEvent, None], found: list[StreamEvent]) -> None:
    async for event in events:
        found.append(event)  # noqa: PERF401 — those before a failure are wanted, too


async def endless() -> AsyncGenerator[bytes, None]:
    await asyncio.sleep(10_000)
    yield b""


@linux_only("clock without sleep")
def test_other_work_runs_while_a_burst_of_events_is_handled() -> None:
    async def burst() -> AsyncGenerator[bytes, None]:
        yield b"".join(b"data: %d\n\n" % number for number in range(100))

    async def turns_during_burst() -> int:
        turns = 0

        async def other_work() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        task = asyncio.ensure_future(other_work())
        count = 0
        async for _event in reading(burst(), SilenceWatch("P", LIMITS, never)):
            count += 1
            time.sleep(0.002)  # noqa: ASYNC251 — what the receiver does with an event
        task.cancel()
        assert count == 100
        return turns

    assert asyncio.run(turns_during_burst()) > 20  # 200 ms of work, in turns of 5 ms


def test_the_time_asleep_is_the_difference_of_two_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = {time.CLOCK_BOOTTIME: 105.0, time.CLOCK_MONOTONIC: 100.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    assert suspended_s() == 5
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert suspended_s() == 0
