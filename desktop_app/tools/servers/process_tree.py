"""Ends a server with all programs that it started.

Each server is the child of a host process of ours (host/host_process.py). The host adopts orphans
(PR_SET_CHILD_SUBREAPER), so that a program that detaches itself from the server stays a descendant
of the host. The server is killed when the host ends (PR_SET_PDEATHSIG), even if the host crashes.

The results of prctl are ignored: these calls fail only on Linux before 3.4. There, programs that
detach themselves would outlive the server. On Windows, a job ends them: see host_process.py.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

# linux/prctl.h
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
# A program that starts others faster than they are killed is given up after about a second.
_MAX_ROUNDS: Final = 50
_PAUSE_S: Final = 0.02

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(death_signal: int) -> None:
    """Send this process a signal when its parent ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def kill_descendants(root: int) -> None:
    """Kill all descendants of a process, including those that they start meanwhile.

    Args:
        root: the id of the process. With the caller's own id, all ended children are also reaped.
    """
    if sys.platform == "win32":
        return
    is_own = root == os.getpid()
    for _ in range(_MAX_ROUNDS):
        pids = _descendants(root, with_zombies=is_own)
        if not pids:
            return
        for pid in pids:
            # The process has just ended, or has other rights, as a program started by sudo. Nothing
            # can be done about the latter; the others are killed nevertheless.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if is_own:
            # This reaps all children that have ended. Only the host calls this for itself, when it
            # is about to end, so nothing else waits for a child.
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        time.sleep(_PAUSE_S)


def _descendants(root: int, *, with_zombies: bool) -> list[int]:
    """Return the ids of the living descendants.

    Args:
        with_zombies: also return the children of `root` that have ended but are not reaped, so that
            the caller continues until all are reaped.
    """
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "12 (name) S 7 …": the id, the name, which may contain ")", the state, the parent.
            state, parent = stat.read_text("ascii", "replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        has_ended = state in ("Z", "X")  # a zombie, or dead
        is_unreaped_child = has_ended and int(parent) == root
        if not has_ended or (with_zombies and is_unreaped_child):
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    pids: list[int] = []
    pending = [root]
    while pending:
        child_pids = children.get(pending.pop(), [])
        pids += child_pids
        pending += child_pids
    return pids
