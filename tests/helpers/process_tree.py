"""Finds the descendants of a process, and waits for their end."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.helpers.waiting import LONGEST_S


async def processes_below(root: int) -> set[int]:
    """Return the descendants of a process."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ProcessLookupError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    await asyncio.sleep(0.05)
    return found - {root}


async def wait_until_gone(processes: set[int]) -> None:
    """Wait until none of the processes runs."""
    until = time.monotonic() + LONGEST_S
    while [pid for pid in processes if is_running(pid)]:
        assert time.monotonic() < until, "a process was left"
        await asyncio.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, ProcessLookupError):
        return False
