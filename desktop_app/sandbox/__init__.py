"""Confines processes that read untrusted input.

A child process calls `confine` before it reads a byte. An exploited parser can then only compute,
read the program's own files, and answer. `detect_mechanisms` tells `repartee doctor` how much of
that this computer enforces. `deny_inspection` is for processes that hold keys. Windows limits only
the memory; other systems have no sandbox.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from desktop_app import system
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from pathlib import Path


class Policy(NamedTuple):
    """The permissions of a confined process, beyond what Python itself needs.

    Attributes:
        memory_bytes: the maximum of private memory.
        readable: files and folders, with everything below, that it may read.
        socket_folder: a folder in which, and in whose subfolders, it may listen on Unix sockets and
            remove files; None if it may not listen.
        file_bytes: the size up to which it may write inherited files.
        descriptors: inherited file descriptors that stay open, besides the standard streams.
    """

    memory_bytes: int
    readable: tuple[Path, ...] = ()
    socket_folder: Path | None = None
    file_bytes: int = 0
    descriptors: tuple[int, ...] = ()


class Confinement(NamedTuple):
    """The mechanisms by which this computer can confine a process.

    Attributes:
        active: names of the mechanisms, such as "Landlock (ABI 7)"; `cli/doctor` translates them.
        missing: sentences that say which mechanisms are missing.
    """

    active: tuple[str, ...]
    missing: tuple[str, ...] = ()


def detect_mechanisms() -> Confinement:
    """Return the mechanisms by which this computer can confine a process, and those it lacks."""
    if sys.platform != "linux":
        return Confinement((), (N_("Repartee has no sandbox for this system."),))
    from desktop_app.sandbox import linux

    return linux.detect_mechanisms()


def confine(policy: Policy) -> None:
    """Drop permanently all rights that the policy does not grant.

    Raises:
        OSError: the system refused a mechanism that it offers.
        RuntimeError: the process already has several threads.
    """
    if sys.platform == "linux":
        from desktop_app.sandbox import linux

        linux.confine(policy)
    if sys.platform == "win32":
        system.enter_job(policy.memory_bytes)


def deny_inspection() -> None:
    """Keep other processes of the user out of this one's memory, and write no core dump.

    Raises:
        OSError: the system refused.
    """
    if sys.platform == "linux":
        from desktop_app.sandbox import linux

        linux.deny_inspection()


def disable_core_dumps() -> None:
    """Keep memory off the disk when the process crashes."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
