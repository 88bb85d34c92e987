"""The first push and the first synchronization of a library, and then one change at a time.

Two computers share a folder. Measures the CPU of each step, its memory, and whether a change costs
more in a larger library. Generating the library takes a third of a second for 1,000 messages.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desktop_app.sync.target import Target
from tests.benchmarks._large_library import make_library
from tests.helpers.messages import question
from tests.helpers.synced_computers import PASSPHRASE, Computer


def main(
    conversations: int = 200, messages: int = 100, changes: int = 12
) -> Iterator[dict[str, Any]]:
    """Measure a push and a synchronization of everything, and of single messages."""
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_measure(Path(folder), conversations, messages, changes))


async def _measure(
    folder: Path, conversations: int, messages: int, changes: int
) -> list[dict[str, Any]]:
    make_library(folder / "a" / "repartee.sqlite3", conversations, messages)
    (folder / "b").mkdir()
    (folder / "shared").mkdir()
    made = [Computer(folder / name, name) for name in "ab"]
    results = []
    for each, step in zip(made, ("first_push", "first_synchronization"), strict=True):
        await each.database.open()
        await each.sync.join(Target(str(folder / "shared")), PASSPHRASE, name=each.name)
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of memory
        seconds = await _processor_s(each)
        results.append(
            {
                "benchmark": "synchronization",
                "step": step,
                "messages": conversations * messages,
                "processor_s": round(seconds, 2),
                "us_per_message": round(seconds / conversations / messages * 1e6),
                "peak_mb": _peak_mb(),
            }
        )
    ids = await made[0].conversations.ids()
    costs: list[list[float]] = []
    for number in range(changes):
        await made[0].write(question(f"One more: {number}"), ids[number % len(ids)])
        costs.append([1000 * await _processor_s(each) for each in made])
    sent, received = (round(statistics.median(each), 1) for each in zip(*costs, strict=True))
    idle = round(1000 * await _processor_s(made[1]), 1)
    results.append(
        {
            "benchmark": "synchronization",
            "step": "one_change",
            "messages": conversations * messages,
            "sending_ms": sent,
            "receiving_ms": received,
            "idle_round_ms": idle,
        }
    )
    for each in made:
        await each.database.close()
    return results


async def _processor_s(computer: Computer) -> float:
    began = time.process_time()
    await computer.sync.synchronize()
    return time.process_time() - began


def _peak_mb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))
