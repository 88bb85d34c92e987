"""Identifies the process that owns an answer, a batch job or a hold; tells if it runs.

A process id is soon reused. It is therefore stored with the process's start time, in clock ticks
since boot, and the id of that boot. Source: proc(5). Windows has the time of the start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from desktop_app import system

_DEAD_STATES = frozenset("ZXx")


def this_process() -> tuple[int, str]:
    """Return the id and the start of this process, in the form that the store records."""
    pid = os.getpid()
    return pid, _start_of(pid) or ""


def is_alive(pid: int | None, started: str | None) -> bool:
    """Return True if the process that stored `pid` and `started` still runs."""
    return pid is not None and bool(started) and _start_of(pid) == started


def _start_of(pid: int) -> str | None:
    """Return the boot id and start time of a process, or None if it does not run."""
    if sys.platform == "win32":
        return system.start_of_process(pid)
    try:
        # The name, in parentheses, may contain any character; the next field is the state.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, start_time = fields[0], fields[19]  # fields 3 and 22 of the line
    return None if state in _DEAD_STATES else f"{boot}:{start_time}"
