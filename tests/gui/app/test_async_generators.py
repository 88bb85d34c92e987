"""Async generators that are dropped before their end are closed in a task of Qt's loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from tests.gui.app.app_harness import until


async def test_a_dropped_generator_runs_to_its_end() -> None:
    ended: list[str] = []

    async def counting() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    async for _ in counting():
        break
    await until(lambda: ended == ["closed"])
