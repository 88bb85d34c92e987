"""Tasks that the window owns."""

from __future__ import annotations

import asyncio

from desktop_app.app.tasks import Tasks
from desktop_app.domain.errors import UserFacingError


async def test_the_end_waits_for_what_runs_and_for_what_that_starts() -> None:
    said: list[str] = []

    tasks = Tasks(lambda error: said.append(error.what_happened))

    async def later() -> None:
        await asyncio.sleep(0)
        raise UserFacingError("It was late.")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.start(later())

    tasks.start(first())
    await tasks.settle()
    assert said == ["It was late."]


async def test_behind_the_end_nothing_begins() -> None:
    begun: list[bool] = []

    tasks = Tasks(lambda _error: None)
    await tasks.settle()

    async def late() -> None:
        begun.append(True)

    task = tasks.start(late())
    await asyncio.wait([task])
    assert task.cancelled()
    assert not begun
