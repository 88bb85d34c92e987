"""Which process an answer on its way belongs to, and whether that process still lives.

A process id alone is soon given to another, so it goes with the moment the process started, in
clock ticks since the boot, and with the id of that boot. From proc(5).
"""

from __future__ import annotations

import os
from pathlib import Path

_GONE = frozenset("ZXx")


def this_process() -> tuple[int, str]:
    """Process id and start of this process, as the store keeps them."""
    pid = os.getpid()
    return pid, _start_of(pid) or ""


def is_alive(pid: int | None, started: str | None) -> bool:
    """Whether the process that once wrote `pid` and `started` still runs."""
    return pid is not None and bool(started) and _start_of(pid) == started


def _start_of(pid: int) -> str | None:
    """Boot and start time of a running process; None where there is none of that id."""
    try:
        # The name, in brackets, may hold anything; the state is the first field behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in _GONE else f"{boot}:{fields[19]}"
