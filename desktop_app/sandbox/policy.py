"""The permissions of a confined process, and the mechanisms that confine it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Policy(NamedTuple):
    """The permissions of a confined process, beyond what Python itself needs.

    Attributes:
        memory_bytes: the maximum of private memory.
        readable: files and folders, with everything below, that it may read.
        writable: files and folders, with everything below, that it may create, change and remove.
        tcp_ports: ports that it may connect to. If there are any, it may also connect to any Unix
            socket, because seccomp does not see the address of `connect`.
        socket_folder: a folder in which, and in whose subfolders, it may listen on Unix sockets and
            remove files; None if it may not listen.
        file_bytes: the size up to which it may write inherited files. It has no effect if anything
            is `writable`, because the limit of the system would hold for those files, too.
        descriptors: inherited file descriptors that stay open, besides the standard streams.
    """

    memory_bytes: int
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    tcp_ports: tuple[int, ...] = ()
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
