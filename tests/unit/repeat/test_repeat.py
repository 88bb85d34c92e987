"""When prompts are asked again, and that each time is asked once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.repeat.repeat import Every, Repeat
from desktop_app.repeat.repeat_store import KEPT_RUNS, RepeatStore
from desktop_app.storage.database import Database
from tests.helpers.examples import examples

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def repeat(every: Every, start: str, since: str, zone: ZoneInfo = BERLIN) -> Repeat:
    """Return a repeat that was asked at this local time."""
    moment = datetime.fromisoformat(since).replace(tzinfo=zone)
    choice = ModelChoice("openai", "gpt-5.2")
    return Repeat(new_id(), "Say hello", every, start, choice, "", moment.astimezone(UTC))


@pytest.mark.parametrize(
    ("every", "start", "since", "expected"),
    [
        (Every.DAY, "2026-01-01T08:00", "2026-11-29T07:59", "2026-11-29T08:00+01:00"),
        (Every.DAY, "2026-01-01T08:00", "2026-11-29T08:00", "2026-11-30T08:00+01:00"),
        (Every.DAY, "2026-12-24T08:00", "2026-11-29T08:00", "2026-12-24T08:00+01:00"),
        (Every.WEEKDAY, "2026-01-01T08:00", "2026-11-27T09:00", "2026-11-30T08:00+01:00"),
        (Every.WEEK, "2026-11-25T08:00", "2026-11-29T09:00", "2026-12-02T08:00+01:00"),
        (Every.MONTH, "2026-01-15T08:00", "2026-11-29T09:00", "2026-12-15T08:00+01:00"),
        (Every.MONTH, "2026-01-31T08:00", "2027-02-01T09:00", "2027-02-28T08:00+01:00"),
        (Every.MONTH, "2026-01-31T08:00", "2027-02-28T08:00", "2027-03-31T08:00+02:00"),
        # The clock shows no 2:30 in this night, and 2:30 twice in the other.
        (Every.DAY, "2026-01-01T02:30", "2026-03-28T02:30", "2026-03-29T03:30+02:00"),
        (Every.DAY, "2026-01-01T02:30", "2026-10-24T02:30", "2026-10-25T02:30+02:00"),
        (Every.DAY, "2026-01-01T02:30", "2026-10-25T02:30", "2026-10-26T02:30+01:00"),
        (Every.DAY, "2026-01-01T08:00", "2026-03-28T08:00", "2026-03-29T08:00+02:00"),
    ],
)
def test_the_next_time_is_that_of_the_clock_on_the_wall(
    every: Every, start: str, since: str, expected: str
) -> None:
    assert repeat(every, start, since).next_time(BERLIN) == datetime.fromisoformat(expected)


def test_a_traveller_is_asked_at_the_clock_of_the_place() -> None:
    asked = repeat(Every.DAY, "2026-01-01T08:00", "2026-11-29T08:00")
    assert asked.next_time(NEW_YORK) == datetime.fromisoformat("2026-11-29T08:00-05:00")


DAYS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31))  # noqa: DTZ001 -- on the wall


@settings(max_examples=examples(100))
@given(
    st.sampled_from(Every),
    DAYS,
    DAYS.map(lambda moment: moment.replace(tzinfo=UTC)),
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
)
def test_times_are_in_order_and_never_more_than_a_month_apart(
    every: Every, start: datetime, since: datetime, zone: ZoneInfo
) -> None:
    start = min(start, since.replace(tzinfo=None))
    asked = repeat(every, start.isoformat(timespec="minutes"), "2026-01-01T00:00")
    previous = since
    for _ in range(3):
        asked = Repeat(*(getattr(asked, f) for f in asked.__struct_fields__[:6]), previous)
        following = asked.next_time(zone)
        assert previous < following <= previous + timedelta(days=32, hours=1)
        previous = following


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(
    ("every", "start"),
    [
        *((each, "2026-01-15T08:05") for each in Every),
        (Every.WEEK, "2026-01-18T08:05"),
        (Every.MONTH, "2026-01-30T08:05"),
        (Every.MONTH, "2026-01-31T08:05"),
    ],
)
def test_systemd_runs_at_each_time(every: Every, start: str) -> None:
    asked = repeat(every, start, "2026-11-29T12:00", ZoneInfo("UTC"))
    command = ["systemd-analyze", "calendar", "--iterations=40", "--base-time=2026-11-29 12:00:00"]
    lines = asked.calendar_lines()
    told = subprocess.run(
        [*command, *lines], env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}, capture_output=True,
        text=True, check=True,
    ).stdout  # fmt: skip
    for _ in range(8):
        moment = asked.next_time(ZoneInfo("UTC"))
        assert f"{moment:%Y-%m-%d %H:%M:%S} UTC" in told
        asked = Repeat(*(getattr(asked, f) for f in asked.__struct_fields__[:6]), moment)


async def claims(folder: Path, moment: str, computers: int = 1) -> int:
    """Return how many of the processes that look at the same time ask."""
    databases = [Database(folder / "store.sqlite3") for _ in range(computers)]
    for database in databases:
        await database.open()
    when = datetime.fromisoformat(moment).replace(tzinfo=BERLIN).astimezone(UTC)
    try:
        stores = map(RepeatStore, databases)
        found = await asyncio.gather(*(store.claim_due(when, BERLIN) for store in stores))
    finally:
        for database in databases:
            await database.close()
    return sum(each is not None for each in found)


async def fill(folder: Path, *repeats: Repeat) -> None:
    database = Database(folder / "store.sqlite3")
    await database.open()
    for each in repeats:
        await RepeatStore(database).add(each)
    await database.close()


async def test_of_several_processes_one_asks(tmp_path: Path) -> None:
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00"))
    assert await claims(tmp_path, "2026-11-29T07:59", 3) == 0
    assert await claims(tmp_path, "2026-11-29T08:00", 3) == 1
    assert await claims(tmp_path, "2026-11-29T08:00", 3) == 0


async def test_a_process_that_ends_while_it_asks_leaves_the_others(tmp_path: Path) -> None:
    two = (repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00") for _ in range(2))
    await fill(tmp_path, *two)
    for left in (1, 1, 0):
        assert await claims(tmp_path, "2026-11-29T08:00") == left


async def test_missed_times_are_asked_once(tmp_path: Path) -> None:
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-01T08:00"))
    assert await claims(tmp_path, "2026-11-29T21:00") == 1
    assert await claims(tmp_path, "2026-11-30T07:59") == 0
    assert await claims(tmp_path, "2026-11-30T08:00") == 1


async def test_a_clock_that_is_set_back_asks_nothing_again(tmp_path: Path) -> None:
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00"))
    assert await claims(tmp_path, "2026-11-29T08:00") == 1
    assert await claims(tmp_path, "2026-11-29T07:59") == 0
    assert await claims(tmp_path, "2026-11-29T08:00") == 0
    assert await claims(tmp_path, "2026-11-30T08:00") == 1


async def test_a_clock_that_was_years_ahead_stops_nothing(tmp_path: Path) -> None:
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00"))
    assert await claims(tmp_path, "2036-11-29T08:00") == 1
    assert await claims(tmp_path, "2026-11-29T09:00") == 0
    assert await claims(tmp_path, "2026-11-30T08:00") == 1


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[RepeatStore]:
    database = Database(folder / "store.sqlite3")
    await database.open()
    try:
        yield RepeatStore(database)
    finally:
        await database.close()


@pytest.mark.parametrize(
    "change",
    [
        "start = 'x'",
        "start = ''",
        "every = 'minute'",
        "since = 4611686018427387904",
        "variant = 'zz'",
        """error = '{"a":[['""",
        "error = '7'",
    ],
)
async def test_a_damaged_row_costs_itself(tmp_path: Path, change: str) -> None:
    odd, good = (repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00") for _ in range(2))
    await fill(tmp_path, odd, good)
    async with opened(tmp_path) as store:
        await store._database.execute(f"UPDATE repeats SET {change} WHERE id = ?", odd.id)
        assert await store.all() == [good]
        assert await store.damaged() == [odd.id]
        when = datetime.fromisoformat("2026-11-29T08:00+01:00").astimezone(UTC)
        assert await store.claim_due(when, BERLIN) == good
        assert await store.claim_due(when, BERLIN) is None
        await store.remove(odd.id)
        assert await store.damaged() == []


async def test_a_row_from_the_end_of_time_is_asked_at_its_next_time(tmp_path: Path) -> None:
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00"))
    async with opened(tmp_path) as store:
        await store._database.execute("UPDATE repeats SET since = 253402300798999999")
        assert len(await store.all()) == 1
    assert await claims(tmp_path, "2026-11-28T09:00") == 0
    assert await claims(tmp_path, "2026-11-29T08:00") == 1


async def test_an_occurrence_without_a_network_is_asked_until_the_next_one(tmp_path: Path) -> None:
    """Each row: the time of a look, whether it asks, and whether it tells of a lost occurrence."""
    await fill(tmp_path, repeat(Every.DAY, "2026-01-01T08:00", "2026-11-27T08:00"))
    unreachable = ErrorNote("Nothing answers.", code="unreachable")
    rows = [
        ("2026-11-29T08:00", True, False),  # that of the day before was missed, and never tried
        ("2026-11-29T08:10", True, False),
        ("2026-11-30T07:59", True, False),
        ("2026-11-30T08:00", True, True),
        ("2026-11-30T08:10", True, False),
    ]
    async with opened(tmp_path) as store:
        for look, asks, is_lost in rows:
            moment = datetime.fromisoformat(look).replace(tzinfo=BERLIN).astimezone(UTC)
            claimed = await store.claim_due(moment, BERLIN)
            assert (claimed is not None) == asks
            assert claimed is not None
            assert await store.give_back(claimed, moment, BERLIN) == is_lost
            await store.add_run(claimed.id, "", unreachable)
            assert await store.claim_due(moment, BERLIN, [claimed.id]) is None
        assert [len(runs) for runs in (await store.runs()).values()] == [1]
    assert await claims(tmp_path, "2026-11-30T09:00") == 1
    assert await claims(tmp_path, "2026-11-30T09:10") == 0


async def test_a_paused_repeat_is_asked_after_it_is_resumed(tmp_path: Path) -> None:
    asked = repeat(Every.DAY, "2026-01-01T08:00", "2026-01-28T08:00")
    await fill(tmp_path, asked)
    async with opened(tmp_path) as store:
        await store.change(replace(asked, paused=True))
        assert await store.claim_due(now(), BERLIN) is None
        await store.change(replace(asked, prompt="Say goodbye"))
        (resumed,) = await store.all()
        assert (resumed.prompt, resumed.paused) == ("Say goodbye", False)
        assert await store.claim_due(now(), BERLIN) is None  # nothing missed counts
        assert await store.claim_due(now() + timedelta(days=1), BERLIN) is not None
        await store.change(replace(asked, prompt="Say it"))
        assert await store.claim_due(now() + timedelta(days=1), BERLIN) is None  # it was asked


async def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    asked = repeat(Every.DAY, "2026-01-01T08:00", "2026-11-28T08:00")
    await fill(tmp_path, asked)
    async with opened(tmp_path) as store:
        for number in range(KEPT_RUNS + 3):
            await store.add_run(asked.id, "", ErrorNote(f"No {number}."))
        runs = (await store.runs())[asked.id]
        errors = [run.error.message for run in runs if run.error is not None]
        assert errors == [f"No {number}." for number in range(KEPT_RUNS + 2, 2, -1)]
        await store.remove(asked.id)
        await store.add(asked)
        assert (await store.runs())[asked.id] == runs


async def test_a_repeat_is_stored_as_it_is(tmp_path: Path) -> None:
    asked = repeat(Every.WEEK, "2026-01-01T08:00", "2026-11-28T08:00")
    await fill(tmp_path, asked)
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    store = RepeatStore(database)
    assert await store.all() == [asked]
    await store.add_run(asked.id, "", ErrorNote("No key."))
    (stored,) = await store.all()
    assert stored.error is not None
    assert stored.error.message == "No key."
    await store.remove(asked.id)
    assert await store.all() == []
    await database.close()
