"""What a confined process may still do, and what confines it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Policy(NamedTuple):
    """The permissions of a confined process, beyond what Python itself needs.

    Attributes:
        memory_bytes: private memory.
        readable: files and folders that it may read, with all below them.
        writable: files and folders that it may create, change and remove, with all below them.
        tcp_ports: it may connect to these, and to Unix sockets. If there are none, to nothing.
        descriptors: inherited file descriptors that stay open, beside the standard streams.
    """

    memory_bytes: int
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    tcp_ports: tuple[int, ...] = ()
    descriptors: tuple[int, ...] = ()


class Confinement(NamedTuple):
    """What this computer offers to confine a process.

    Attributes:
        active: names of the mechanisms, such as "Landlock (ABI 7)".
        missing: what is not confined and why, each as a clause for people.
    """

    active: tuple[str, ...]
    missing: tuple[str, ...] = ()
